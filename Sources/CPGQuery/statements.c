// Statements: what kind each is, and what hangs on those that define nothing.
#include <string.h>

#include "walk.h"

// A setting's value as text: one constant. NULL where it is a list, or anything but a constant.
static const char *settingValue(List *args) {
    if (list_length(args) != 1) return NULL;
    Node *node = linitial(args);
    if (IsA(node, TypeCast)) node = ((TypeCast *)node)->arg;
    if (!IsA(node, A_Const) || ((A_Const *)node)->isnull) return NULL;
    A_Const *constant = (A_Const *)node;
    switch (nodeTag(&constant->val.node)) {
        case T_String: return constant->val.sval.sval;
        case T_Float: return constant->val.fval.fval;
        case T_Integer: return psprintf("%d", constant->val.ival.ival);
        case T_Boolean: return constant->val.boolval.boolval ? "true" : "false";
        default: return NULL;
    }
}

// BEGIN's, SET TRANSACTION's and SET SESSION CHARACTERISTICS' modes.
static void walkTransactionModes(Walk *w, List *modes) {
    ListCell *cell;
    foreach (cell, modes) {
        DefElem *mode = lfirst(cell);
        SQLFact *f = fact(w, SQLFactKindSetting);
        f->detail = SQLSettingTransaction;
        f->name = mode->defname;
        f->value = mode->arg == NULL ? NULL : settingValue(list_make1(mode->arg));
    }
}

void walkSetting(Walk *w, VariableSetStmt *set) {
    if (set == NULL) return;
    if (set->kind == VAR_SET_MULTI) {
        // "TRANSACTION", "SESSION CHARACTERISTICS", "TRANSACTION SNAPSHOT"
        if (set->name != NULL && strcmp(set->name, "TRANSACTION SNAPSHOT") == 0) return;
        walkTransactionModes(w, set->args);
        return;
    }
    SQLFact *f = fact(w, SQLFactKindSetting);
    f->name = set->name;
    switch (set->kind) {
        case VAR_RESET: f->detail = SQLSettingReset; break;
        case VAR_RESET_ALL: f->detail = SQLSettingResetAll; break;
        case VAR_SET_DEFAULT: f->detail = SQLSettingReset; break;
        case VAR_SET_VALUE: case VAR_SET_CURRENT: case VAR_SET_MULTI:
            f->detail = set->is_local ? SQLSettingSetLocal : SQLSettingSet;
            f->value = settingValue(set->args);
            break;
    }
}

static void walkCopy(Walk *w, CopyStmt *copy) {
    if (copy->filename != NULL)
        deed(w, copy->is_program ? SQLDeedCopyProgram : SQLDeedCopyFile);
    else
        deed(w, copy->is_from ? SQLDeedCopyIn : SQLDeedCopyOut);
    walkName(w, copy->relation, copy->is_from ? SQLRelationWritten : SQLRelationRead);
    if (copy->query != NULL) walkStatement(w, copy->query, -1, 0);
    walk(w, copy->whereClause);
}

static void walkDo(Walk *w, DoStmt *block) {
    SQLFact *f = fact(w, SQLFactKindBody);
    f->name = "plpgsql";
    ListCell *cell;
    foreach (cell, block->args) {
        DefElem *option = lfirst(cell);
        if (option->arg == NULL) continue;
        if (strcmp(option->defname, "language") == 0) f->name = stringOf(option->arg);
        if (strcmp(option->defname, "as") == 0) f->value = stringOf(option->arg);
    }
}

// ANALYZE, and what builds indexes anew, computes expressions of indexes and reads partitions; triggers do not run.
static void walkVacuum(Walk *w, VacuumStmt *vacuum) {
    ListCell *cell;
    bool computes = !vacuum->is_vacuumcmd;
    foreach (cell, vacuum->options) {
        const char *name = ((DefElem *)lfirst(cell))->defname;
        if (strcmp(name, "analyze") == 0 || strcmp(name, "full") == 0) computes = true;
    }
    foreach (cell, vacuum->rels) {
        VacuumRelation *item = lfirst(cell);
        walkName(w, item->relation, SQLRelationRead);
    }
    if (vacuum->rels == NIL && computes) deed(w, SQLDeedEveryRelation);
}

static SQLStatementKind transactionKind(TransactionStmtKind kind) {
    switch (kind) {
        case TRANS_STMT_BEGIN: case TRANS_STMT_START: return SQLStatementKindBegin;
        case TRANS_STMT_COMMIT: return SQLStatementKindCommit;
        case TRANS_STMT_ROLLBACK: case TRANS_STMT_ROLLBACK_TO: return SQLStatementKindRollback;
        case TRANS_STMT_SAVEPOINT: case TRANS_STMT_RELEASE: return SQLStatementKindSavepoint;
        case TRANS_STMT_PREPARE: return SQLStatementKindPrepareTransaction;
        case TRANS_STMT_COMMIT_PREPARED: return SQLStatementKindCommitPrepared;
        case TRANS_STMT_ROLLBACK_PREPARED: return SQLStatementKindRollbackPrepared;
    }
    return SQLStatementKindUnknown;
}

static SQLStatementKind setKind(VariableSetStmt *set) {
    switch (set->kind) {
        case VAR_RESET: case VAR_RESET_ALL: return SQLStatementKindReset;
        case VAR_SET_VALUE: case VAR_SET_DEFAULT: case VAR_SET_CURRENT: case VAR_SET_MULTI: break;
    }
    return SQLStatementKindSet;
}

static bool setsInto(SelectStmt *select, bool isArm) {
    // The INTO of a UNION stands in its leftmost arm, which is looked for once.
    while (!isArm && select->op != SETOP_NONE && select->larg != NULL) select = select->larg;
    return select->intoClause != NULL;
}

static SQLStatementKind dataKind(Node *node, bool isArm) {
    switch (nodeTag(node)) {
        case T_SelectStmt:
            if (setsInto((SelectStmt *)node, isArm)) return SQLStatementKindSelectInto;
            return ((SelectStmt *)node)->valuesLists != NIL ? SQLStatementKindValues
                                                              : SQLStatementKindSelect;
        case T_InsertStmt: return SQLStatementKindInsert;
        case T_UpdateStmt: return SQLStatementKindUpdate;
        case T_DeleteStmt: return SQLStatementKindDelete;
        case T_MergeStmt: return SQLStatementKindMerge;
        default: return SQLStatementKindUnknown;
    }
}

static void prepared(Walk *w, const char *name, int isRun) {
    textFact(w, SQLFactKindPrepared, name, isRun);
}

// Statements that work on data, transactions and the session; false where it is none of them.
static bool walkPlain(Walk *w, Node *node, SQLStatementKind *kind) {
    ListCell *cell;
    switch (nodeTag(node)) {
        case T_TransactionStmt: {
            TransactionStmt *statement = (TransactionStmt *)node;
            *kind = transactionKind(statement->kind);
            walkTransactionModes(w, statement->options);
            if (statement->gid != NULL) textFact(w, SQLFactKindPrepared, statement->gid, 2);
            return true;
        }
        case T_VariableSetStmt:
            *kind = setKind((VariableSetStmt *)node);
            walkSetting(w, (VariableSetStmt *)node);
            return true;
        case T_VariableShowStmt: *kind = SQLStatementKindShow; return true;
        case T_DiscardStmt: *kind = SQLStatementKindDiscard; return true;
        case T_PrepareStmt:
            *kind = SQLStatementKindPrepare;
            prepared(w, ((PrepareStmt *)node)->name, 0);
            walkList(w, ((PrepareStmt *)node)->argtypes);
            walkStatement(w, ((PrepareStmt *)node)->query, -1, 0);
            return true;
        case T_ExecuteStmt:
            *kind = SQLStatementKindExecute;
            prepared(w, ((ExecuteStmt *)node)->name, SQLPreparedIsRun);
            walkList(w, ((ExecuteStmt *)node)->params);
            return true;
        case T_DeallocateStmt: *kind = SQLStatementKindDeallocate; return true;
        case T_DeclareCursorStmt:
            *kind = SQLStatementKindDeclareCursor;
            walkStatement(w, ((DeclareCursorStmt *)node)->query, -1, 0);
            return true;
        case T_FetchStmt: *kind = SQLStatementKindFetch; return true;
        case T_ClosePortalStmt: *kind = SQLStatementKindCloseCursor; return true;
        case T_ExplainStmt:
            *kind = SQLStatementKindExplain;
            walkStatement(w, ((ExplainStmt *)node)->query, -1, 0);
            return true;
        case T_CopyStmt:
            *kind = SQLStatementKindCopy;
            walkCopy(w, (CopyStmt *)node);
            return true;
        case T_DoStmt:
            *kind = SQLStatementKindDo;
            walkDo(w, (DoStmt *)node);
            return true;
        case T_CallStmt:
            *kind = SQLStatementKindCall;
            walk(w, (Node *)((CallStmt *)node)->funccall);
            return true;
        case T_ListenStmt: *kind = SQLStatementKindListen; return true;
        case T_UnlistenStmt: *kind = SQLStatementKindUnlisten; return true;
        case T_NotifyStmt: *kind = SQLStatementKindNotify; return true;
        case T_LockStmt:
            *kind = SQLStatementKindLock;
            foreach (cell, ((LockStmt *)node)->relations) walkName(w, lfirst(cell), SQLRelationNamed);
            return true;
        case T_ConstraintsSetStmt: *kind = SQLStatementKindSetConstraints; return true;
        case T_TruncateStmt:
            *kind = SQLStatementKindTruncate;
            foreach (cell, ((TruncateStmt *)node)->relations)
                walkName(
                    w, lfirst(cell),
                    SQLRelationWritten |
                        (((TruncateStmt *)node)->behavior == DROP_CASCADE ? SQLRelationCascading : 0));
            return true;
        case T_VacuumStmt:
            *kind = ((VacuumStmt *)node)->is_vacuumcmd ? SQLStatementKindVacuum : SQLStatementKindAnalyze;
            walkVacuum(w, (VacuumStmt *)node);
            return true;
        case T_ClusterStmt:
            *kind = SQLStatementKindCluster;
            walkName(w, ((ClusterStmt *)node)->relation, SQLRelationRead);
            if (((ClusterStmt *)node)->relation == NULL) deed(w, SQLDeedEveryRelation);
            return true;
        case T_ReindexStmt:
            *kind = SQLStatementKindReindex;
            walkName(w, ((ReindexStmt *)node)->relation, SQLRelationRead);
            if (((ReindexStmt *)node)->relation == NULL) deed(w, SQLDeedEveryRelation);
            return true;
        case T_RefreshMatViewStmt:
            *kind = SQLStatementKindRefreshMaterializedView;
            walkName(w, ((RefreshMatViewStmt *)node)->relation, SQLRelationWritten | SQLRelationChanged);
            return true;
        case T_CheckPointStmt: *kind = SQLStatementKindCheckpoint; return true;
        case T_LoadStmt:
            *kind = SQLStatementKindLoad;
            deed(w, SQLDeedServerFile);
            return true;
        case T_ReturnStmt:
            *kind = SQLStatementKindSelect;
            walk(w, ((ReturnStmt *)node)->returnval);
            return true;
        default: return false;
    }
}

void walkStatement(Walk *w, Node *node, int location, int length) {
    if (node == NULL || w->tooComplex) return;
    if (w->depth >= SQLDepthLimit) {
        w->tooComplex = true;
        return;
    }
    countNode(w);
    uint32_t index = w->count;
    SQLFact *statement = fact(w, SQLFactKindStatement);
    statement->location = location;
    statement->length = length;
    if (location >= 0) statement->flags = SQLStatementIsTop;
    SQLStatementKind kind = dataKind(node, w->isArm);
    w->isArm = false;
    if (!walkData(w, node)) {
        SQLFact told = {.detail = SQLStatementKindUnknown};
        if (walkPlain(w, node, &kind)) {
        } else if (walkDefinition(w, node, &told)) {
            kind = told.detail;
        } else {
            fact(w, SQLFactKindUnknown)->detail = nodeTag(node);
        }
    }
    if (!w->tooComplex) w->facts[index].detail = kind;
    w->depth--;
}
