// How the walk over a raw parse tree works inside; what leaves it is in CPGQuery.h.
#ifndef SQLTEXT_WALK_H
#define SQLTEXT_WALK_H

#include "postgres.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "nodes/primnodes.h"
#include "nodes/value.h"

#include "CPGQuery.h"

struct ScopeName;

typedef struct Walk {
    SQLFact *facts;
    uint32_t count;
    uint32_t room;
    int depth;
    // What a fingerprint of the tree costs: nodes, and the most above one.
    uint32_t nodes;
    int deepest;
    bool tooComplex;
    // Names of WITH that a relation's name may mean now; see scope.c.
    struct ScopeName *names;
    uint32_t nameRoom, nameCount;
    uint64_t seed;  // of hashes; 0: none yet
    // The statement that is walked next is an arm of a UNION and the like.
    bool isArm;
    // What is walked next is an option's value: it may name a type, or be a word.
    bool isOption;
    // The one row of pg_settings that the SELECT at hand reads, by its name; see walkSelect.
    const char *settingRead;
} Walk;

// expressions.c
void walk(Walk *w, Node *node);
void walkList(Walk *w, List *list);
// The five statements that may stand inside others; true where it was one.
bool walkData(Walk *w, Node *node);
void walkName(Walk *w, RangeVar *relation, int flags);

// locking.c
// What FOR UPDATE and the like lock.
void walkLocks(Walk *w, SelectStmt *select);
// What using a view of this query may lock or write.
void walkViewed(Walk *w, Node *query);

// scope.c
void enterScope(Walk *w, const char *name);
void leaveScope(Walk *w, const char *name);
bool isInScope(Walk *w, const char *name);

// statements.c, definitions.c
void walkStatement(Walk *w, Node *node, int location, int length);
bool walkDefinition(Walk *w, Node *node, SQLFact *statement);
void walkSetting(Walk *w, VariableSetStmt *set);
// A function, aggregate or operator with its arguments.
void walkSignature(Walk *w, ObjectWithArgs *object, SQLFactKind kind, int flags);
void walkRole(Walk *w, RoleSpec *role);
void walkRoles(Walk *w, List *roles);

// options.c
void walkOptions(Walk *w, List *options);
void walkDefinitionOptions(Walk *w, List *options);
// A function that an option or a clause names.
void walkOptionName(Walk *w, List *names, int flags);

// changes.c
void walkMoved(Walk *w, ObjectType type, Node *object);
void walkRename(Walk *w, RenameStmt *rename);
void walkNewOwner(Walk *w, RoleSpec *owner);
SQLStatementKind walkDrop(Walk *w, DropStmt *drop);

// comments.c
// Blanks in the place of comments; true where there was one.
bool blankComments(char *text, bool conforming);

// facts.c
// Goes one deeper.
void countNode(Walk *w);
SQLFact *fact(Walk *w, SQLFactKind kind);
// A qualified name: a list of String, at most the last two of which are kept (the first of three is a database).
void nameFact(Walk *w, SQLFactKind kind, List *names, int flags, int detail);
void textFact(Walk *w, SQLFactKind kind, const char *name, int detail);
void deed(Walk *w, int deed);
// Up to so many facts nothing is dropped: a short text's repetitions cost less than they do.
enum { FEW_FACTS = 64 };
// Of relations, functions, operators and types each that is named in the same way once.
void dropRepeatedNames(Walk *w);
// With what was hashed before it.
uint64_t hashOfName(Walk *w, const char *name, uint64_t before);
const char *stringOf(Node *node);
#endif
