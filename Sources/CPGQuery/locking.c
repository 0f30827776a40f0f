// What a SELECT's locking clause, or a use of a view, does to the relations of its FROM.
#include <string.h>

#include "walk.h"

// Names in locking clauses that are told apart; with more of them all of FROM counts as locked.
enum { LOCKED_NAMES = 32 };

static void enterWith(Walk *w, WithClause *with) {
    if (with == NULL) return;
    ListCell *cell;
    foreach (cell, with->ctes) enterScope(w, ((CommonTableExpr *)lfirst(cell))->ctename);
}

static void leaveWith(Walk *w, WithClause *with) {
    if (with == NULL) return;
    ListCell *cell;
    foreach (cell, with->ctes) leaveScope(w, ((CommonTableExpr *)lfirst(cell))->ctename);
}

static void walkLocked(Walk *w, Node *item, List *names);

// All of a query's FROM. Names of its WITH are none of relations, and nothing of them is locked.
static void walkAllLocked(Walk *w, SelectStmt *select) {
    enterWith(w, select->withClause);
    ListCell *cell;
    foreach (cell, select->fromClause) walkLocked(w, lfirst(cell), NIL);
    leaveWith(w, select->withClause);
}

static bool isLocked(List *names, const char *name) {
    if (names == NIL) return true;
    ListCell *cell;
    foreach (cell, names) {
        Node *node = lfirst(cell);
        if (IsA(node, RangeVar) && strcmp(((RangeVar *)node)->relname, name) == 0) return true;
    }
    return false;
}

// An item of FROM, with what is below it: `names` are those that FOR UPDATE OF has, or NIL for all.
static void walkLocked(Walk *w, Node *item, List *names) {
    if (item == NULL || w->tooComplex) return;
    if (w->depth >= SQLDepthLimit) {
        w->tooComplex = true;
        return;
    }
    countNode(w);
    switch (nodeTag(item)) {
        case T_RangeVar: {
            RangeVar *relation = (RangeVar *)item;
            const char *name = relation->alias != NULL ? relation->alias->aliasname : relation->relname;
            if (isLocked(names, name)) walkName(w, relation, SQLRelationRead | SQLRelationLocked);
            break;
        }
        case T_RangeTableSample: walkLocked(w, ((RangeTableSample *)item)->relation, names); break;
        case T_JoinExpr:
            walkLocked(w, ((JoinExpr *)item)->larg, names);
            walkLocked(w, ((JoinExpr *)item)->rarg, names);
            break;
        case T_RangeSubselect: {
            RangeSubselect *range = (RangeSubselect *)item;
            Node *query = range->subquery;
            if (range->alias != NULL && !isLocked(names, range->alias->aliasname)) break;
            if (query != NULL && IsA(query, SelectStmt)) walkAllLocked(w, (SelectStmt *)query);
            break;
        }
        // Functions have nothing to lock.
        default: break;
    }
    w->depth--;
}

// Declared in walk.h.
void walkLocks(Walk *w, SelectStmt *select) {
    if (select->lockingClause == NIL) return;
    ListCell *clause, *item;
    int named = 0;
    bool all = false;
    foreach (clause, select->lockingClause) {
        List *names = ((LockingClause *)lfirst(clause))->lockedRels;
        named += list_length(names);
        if (names == NIL) all = true;
    }
    if (all || named > LOCKED_NAMES) {
        foreach (item, select->fromClause) walkLocked(w, lfirst(item), NIL);
        return;
    }
    foreach (clause, select->lockingClause)
        foreach (item, select->fromClause) walkLocked(w, lfirst(item), ((LockingClause *)lfirst(clause))->lockedRels);
}

// A call that can only be an aggregate's or a window function's.
static bool isAggregate(Node *value) {
    if (value == NULL || !IsA(value, FuncCall)) return false;
    FuncCall *call = (FuncCall *)value;
    return call->agg_star || call->agg_distinct || call->agg_within_group || call->agg_order != NIL ||
           call->agg_filter != NULL || call->over != NULL;
}

// The relation that an automatically updatable view of this query writes (PostgreSQL's "Updatable Views"). Where the
// query alone does not tell, as with an aggregate without a mark of one, it counts as one.
static RangeVar *writtenThrough(SelectStmt *select) {
    if (select->op != SETOP_NONE || select->withClause != NULL || select->distinctClause != NIL ||
        select->groupClause != NIL || select->havingClause != NULL || select->limitOffset != NULL ||
        select->limitCount != NULL || list_length(select->fromClause) != 1)
        return NULL;
    Node *from = linitial(select->fromClause);
    if (!IsA(from, RangeVar)) return NULL;
    ListCell *cell;
    foreach (cell, select->targetList)
        if (isAggregate(((ResTarget *)lfirst(cell))->val)) return NULL;
    return (RangeVar *)from;
}

// Declared in walk.h. FOR UPDATE of a view locks what its FROM has.
void walkViewed(Walk *w, Node *query) {
    if (query == NULL || !IsA(query, SelectStmt)) return;
    SelectStmt *select = (SelectStmt *)query;
    walkAllLocked(w, select);
    walkName(w, writtenThrough(select), SQLRelationRead | SQLRelationWritable);
}
