// What a statement names and does, read from PostgreSQL's own raw parse tree (libpg_query).
//
// The tree lives only inside sqltext_read; what leaves it is a flat list of facts whose strings live until sqltext_end.
// Nothing here resolves a name or judges: that needs a catalogue and a policy.
#ifndef CPGQUERY_H
#define CPGQUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// One for every statement of PostgreSQL's grammar (nodes/parsenodes.h), the forms that are judged apart told apart.
typedef enum __attribute__((enum_extensibility(closed))) SQLStatementKind : uint16_t {
    SQLStatementKindSelect, SQLStatementKindValues, SQLStatementKindInsert, SQLStatementKindUpdate,
    SQLStatementKindDelete, SQLStatementKindMerge,
    SQLStatementKindBegin, SQLStatementKindCommit, SQLStatementKindRollback, SQLStatementKindSavepoint,
    SQLStatementKindPrepareTransaction, SQLStatementKindCommitPrepared, SQLStatementKindRollbackPrepared,
    SQLStatementKindSet, SQLStatementKindReset, SQLStatementKindShow, SQLStatementKindDiscard,
    SQLStatementKindPrepare, SQLStatementKindExecute, SQLStatementKindDeallocate,
    SQLStatementKindDeclareCursor, SQLStatementKindFetch, SQLStatementKindCloseCursor,
    SQLStatementKindExplain, SQLStatementKindCopy, SQLStatementKindDo, SQLStatementKindCall,
    SQLStatementKindListen, SQLStatementKindUnlisten, SQLStatementKindNotify, SQLStatementKindLock,
    SQLStatementKindSetConstraints, SQLStatementKindTruncate, SQLStatementKindVacuum,
    SQLStatementKindAnalyze, SQLStatementKindCluster, SQLStatementKindReindex,
    SQLStatementKindRefreshMaterializedView, SQLStatementKindCheckpoint, SQLStatementKindLoad,
    SQLStatementKindCreateTable, SQLStatementKindCreateTableAs, SQLStatementKindSelectInto,
    SQLStatementKindCreateView, SQLStatementKindCreateSequence, SQLStatementKindCreateIndex,
    SQLStatementKindCreateStatistics, SQLStatementKindCreateSchema, SQLStatementKindCreateFunction,
    SQLStatementKindCreateTrigger, SQLStatementKindCreateRule, SQLStatementKindCreateType,
    SQLStatementKindCreateDomain, SQLStatementKindCreateOperator, SQLStatementKindCreateAggregate,
    SQLStatementKindCreateTextSearch, SQLStatementKindCreateCollation, SQLStatementKindCreateConversion,
    SQLStatementKindCreateCast, SQLStatementKindCreateTransform, SQLStatementKindCreateOperatorClass,
    SQLStatementKindCreatePolicy, SQLStatementKindCreateEventTrigger, SQLStatementKindCreateAccessMethod,
    SQLStatementKindCreateLanguage, SQLStatementKindCreateExtension, SQLStatementKindAlterExtension,
    SQLStatementKindCreateForeignDataWrapper, SQLStatementKindCreateServer,
    SQLStatementKindCreateUserMapping, SQLStatementKindCreateForeignTable,
    SQLStatementKindImportForeignSchema, SQLStatementKindDropForeign, SQLStatementKindPublication,
    SQLStatementKindSubscription, SQLStatementKindCreateTablespace, SQLStatementKindCreateDatabase,
    SQLStatementKindAlterDatabase, SQLStatementKindAlterDatabaseSet, SQLStatementKindDropDatabase,
    SQLStatementKindAlterSystem, SQLStatementKindAlterTable, SQLStatementKindAlterObject,
    SQLStatementKindAlterFunction, SQLStatementKindRename, SQLStatementKindDrop,
    SQLStatementKindDropRelation, SQLStatementKindComment,
    SQLStatementKindSecurityLabel, SQLStatementKindGrant, SQLStatementKindGrantRole,
    SQLStatementKindAlterDefaultPrivileges, SQLStatementKindCreateRole, SQLStatementKindAlterRole,
    SQLStatementKindAlterRoleSet, SQLStatementKindDropRole, SQLStatementKindReassignOwned,
    SQLStatementKindDropOwned, SQLStatementKindAlterOwner, SQLStatementKindUnknown
} SQLStatementKind;

typedef enum __attribute__((enum_extensibility(closed))) SQLFactKind : uint8_t {
    // A statement, or one inside another: detail is its SQLStatementKind; location and length (bytes) of its text where
    // it stands at the top.
    SQLFactKindStatement,
    // A relation by name: flags and detail SQLRelation…; value is the database where one is named.
    SQLFactKindRelation,
    // A function by name; detail is the number of arguments of a call.
    SQLFactKindFunction,
    // A name in a place where it may call a function of one argument: the last of `a.b`, or of `(a).b`.
    SQLFactKindAttribute,
    SQLFactKindOperator,
    SQLFactKindType,
    // A setting: detail is SQLSetting…; name NULL where it is computed; value NULL where that is.
    SQLFactKindSetting,
    // What a statement does that its kind does not say: detail is SQLDeed….
    SQLFactKindDeed,
    // A function's language (name) and its text (value), or DO's.
    SQLFactKindBody,
    // A prepared statement that is made (detail 0) or run (detail 1).
    SQLFactKindPrepared,
    // A schema that gets another name.
    SQLFactKindSchema,
    // A role that is made, changed or becomes the owner; name NULL for CURRENT_USER and the like.
    SQLFactKindRole,
    // A database that is changed or dropped.
    SQLFactKindDatabase,
    // A node that the walk does not know: detail is its tag.
    SQLFactKindUnknown
} SQLFactKind;

enum {
    SQLRelationRead = 1, SQLRelationWritten = 2, SQLRelationMade = 4, SQLRelationChanged = 8,
    SQLRelationOnly = 16,       // no children: ONLY
    SQLRelationTemporary = 32,
    SQLRelationCascading = 64,  // with what refers to it: TRUNCATE … CASCADE
    SQLRelationNamed = 128,     // dropped or locked: nothing is read, and nothing of it runs
    // Those beyond a byte stand in the fact's detail, shifted by eight.
    SQLRelationWritable = 256,  // a view is made of it, which may be written through
    SQLRelationLocked = 512,    // FOR UPDATE and the like, now or through the view that is made of it
    SQLFunctionIsCalled = 1,    // a call, and not a mention
    SQLFunctionIsUsed = 2,      // what is made calls it
    SQLNameIsOption = 1,        // of a type or an operator: an option's value, which may be something else
    SQLStatementIsTop = 1,
    SQLPreparedIsRun = 1,
};

enum {
    SQLSettingSet, SQLSettingSetLocal, SQLSettingReset, SQLSettingResetAll, SQLSettingTransaction,
    SQLSettingSetConfig,
};

enum {
    SQLDeedCopyProgram, SQLDeedCopyFile, SQLDeedCopyIn, SQLDeedCopyOut, SQLDeedSecurityDefiner,
    SQLDeedServerFile,          // COPY apart, something names a file or a library of the server's
    SQLDeedForeignOptions,      // ALTER … OPTIONS
    SQLDeedEveryRelation,       // ANALYZE and the like, of whatever there is
    SQLDeedOtherOwner,          // gives it to a role that is named
    SQLDeedIfExists,            // DROP … IF EXISTS
    SQLDeedOtherRole,           // changes what is granted on what a role that is named makes
};

typedef struct SQLFact {
    SQLFactKind kind;
    uint8_t flags;
    uint16_t detail;
    int32_t location;           // bytes from the text's first; -1 where unknown
    int32_t length;
    const char *_Nullable schema;
    const char *_Nullable name;
    const char *_Nullable value;
} SQLFact;

typedef enum __attribute__((enum_extensibility(closed))) SQLReadingStatus : uint8_t {
    SQLReadingStatusRead,
    // The grammar does not take it.
    SQLReadingStatusSyntaxError,
    // Deeper, longer or with more in it than is looked at.
    SQLReadingStatusTooComplex,
} SQLReadingStatus;

typedef struct SQLReading {
    SQLReadingStatus status;
    uint32_t count;
    const SQLFact *_Nullable facts;
    int32_t position;           // of the syntax error: characters from 1, 0 where unknown
    const char *_Nullable message;
    bool hasFingerprint;
    uint64_t fingerprint;       // libpg_query's
    void *_Nullable memory;
} SQLReading;

enum {
    SQLDepthLimit = 2000,       // nodes above a node
    SQLFactLimit = 1000000,
    // Of a text with a fingerprint: bytes, and nodes times the depth that the library looks into, which its time grows
    // with. Some two milliseconds.
    SQLFingerprintBytes = 16 << 10,
    SQLFingerprintWork = 1 << 15,
    SQLOperatorRunLimit = 512,  // bytes of operator characters in a row: the lexer is quadratic in them
};

// What PostgreSQL's lexer would take quadratic time for: runs of operator characters. A run of one character other than
// `+` costs nothing (a banner) and is not one.
typedef struct SQLRuns {
    bool isTooLong;             // one is longer than SQLOperatorRunLimit; nothing is counted behind it
    uint64_t squares;           // the sum of their lengths' squares
} SQLRuns;

// The PostgreSQL whose grammar reads texts, as its server_version_num.
int32_t sqltext_grammar(void);

SQLRuns sqltext_runs(const char *_Nonnull sql, int64_t bytes);

// Writes the text with 1 in place of each integer that is a constant and nothing else: an operand of an operator, or an
// element of IN or VALUES. Texts of one shape differ in nothing that facts or fingerprints tell. `shape` has room for the
// text. Returns the shape's bytes; -1 where the text has none of its own.
int64_t sqltext_shape(const char *_Nonnull sql, int64_t bytes, char *_Nonnull shape);

bool sqltext_are_equal(const void *_Nonnull one, const void *_Nonnull other, size_t bytes);

// Whether a name, which may be NULL, has a byte beyond ASCII.
bool sqltext_is_beyond_ascii(const char *_Nullable name);

// Reads a text that ends in a NUL. Memory is the caller's until sqltext_end, which every reading needs.
// With `fingerprint`, that too, where it is not too much work.
SQLReading sqltext_read(const char *_Nonnull sql, bool standard_conforming_strings, bool fingerprint);
void sqltext_end(SQLReading *_Nonnull reading);

typedef enum __attribute__((enum_extensibility(closed))) SQLTokenKind : uint8_t {
    SQLTokenKindOther,          // a keyword, an operator, a bracket
    SQLTokenKindName,           // quoted or not
    SQLTokenKindUnicodeName,    // U&"…": value is as written between its quotes
    SQLTokenKindString,         // '…', E'…', $…$…$…$, the parts of a continued one together
    SQLTokenKindUnicodeString,  // U&'…': value is as written between its quotes
    SQLTokenKindBits,           // B'…', X'…'
    SQLTokenKindNumber,
    SQLTokenKindParameter,      // $1
    SQLTokenKindComment,
} SQLTokenKind;

typedef struct SQLToken {
    SQLTokenKind kind;
    int32_t start;              // bytes from the text's first
    int32_t length;
    int32_t number;             // of a parameter
    int32_t valueLength;        // bytes
    const char *_Nullable value;    // of names and strings: what they stand for
} SQLToken;

typedef struct SQLTokens {
    bool isWhole;               // false: the lexer does not take what is behind `end`
    int32_t end;
    uint32_t count;
    const SQLToken *_Nullable tokens;
    void *_Nullable memory;
} SQLTokens;

// Cuts a text that ends in a NUL into PostgreSQL's tokens and comments. A long run of operator characters takes
// quadratic time: see sqltext_has_long_run. Memory is the caller's until sqltext_lex_end.
// Which of some words stand in a text as names or keywords, in any case: constants and comments are passed over.
typedef struct {
    uint64_t found;     // a bit for each word
    bool hidesNames;    // names with Unicode escapes stand in it
    bool isWhole;       // the lexer took all of it
} SQLWords;

// `count` is at most 64. As for sqltext_lex, without a long run of operator characters.
SQLWords sqltext_words(const char *_Nonnull sql, bool standard_conforming_strings, const char *_Nonnull const *_Nonnull words,
                       uint32_t count);

SQLTokens sqltext_lex(const char *_Nonnull sql, bool standard_conforming_strings);
void sqltext_lex_end(SQLTokens *_Nonnull tokens);

// Where `password`, in any case, or a name U&"…" begins, at `from` or behind; -1 for nowhere.
int64_t sqltext_find_password(const char *_Nonnull sql, int64_t bytes, int64_t from);

// Where an address that may hold a password has its `://`, at `from` or behind it; -1 for nowhere.
int64_t sqltext_find_address(const char *_Nonnull sql, int64_t bytes, int64_t from);

#endif
