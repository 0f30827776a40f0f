// Expressions, clauses and what stands in FROM.
#include <string.h>

#include "walk.h"

static bool isTemporary(RangeVar *relation) {
    return relation->relpersistence == 't' ||
           (relation->schemaname != NULL && strcmp(relation->schemaname, "pg_temp") == 0);
}

void walkName(Walk *w, RangeVar *relation, int flags) {
    if (relation == NULL) return;
    // Where the grammar takes more than analysis does, something else may stand in a relation's place.
    if (!IsA(relation, RangeVar)) {
        walk(w, (Node *)relation);
        return;
    }
    if (relation->relname == NULL) return;
    bool mayBeOfWith = (flags & ~SQLRelationLocked) == SQLRelationRead;
    if (mayBeOfWith && relation->schemaname == NULL && isInScope(w, relation->relname)) return;
    SQLFact *f = fact(w, SQLFactKindRelation);
    f->schema = relation->schemaname;
    f->name = relation->relname;
    f->value = relation->catalogname;
    f->location = relation->location;
    f->flags = (flags & UINT8_MAX) | (relation->inh ? 0 : SQLRelationOnly) |
               (isTemporary(relation) ? SQLRelationTemporary : 0);
    f->detail = flags >> 8;
}

void walkList(Walk *w, List *list) {
    if (list == NIL || !IsA(list, List)) return;
    ListCell *cell;
    foreach (cell, list) {
        if (w->tooComplex) return;
        walk(w, lfirst(cell));
    }
}

static const char *stringConstant(Node *node) {
    if (!IsA(node, A_Const)) return NULL;
    A_Const *constant = (A_Const *)node;
    return constant->isnull || !IsA(&constant->val.node, String) ? NULL : constant->val.sval.sval;
}

static bool isColumn(Node *node, const char *name) {
    if (!IsA(node, ColumnRef) || list_length(((ColumnRef *)node)->fields) != 1) return false;
    const char *field = stringOf(linitial(((ColumnRef *)node)->fields));
    return field != NULL && strcmp(field, name) == 0;
}

static bool isPlainText(TypeName *type) {
    if (type->typmods != NIL || type->arrayBounds != NIL || type->setof) return false;
    int length = list_length(type->names);
    const char *name = stringOf(llast(type->names));
    if (name == NULL || (strcmp(name, "text") != 0 && strcmp(name, "varchar") != 0)) return false;
    return length == 1 || (length == 2 && strcmp(stringOf(linitial(type->names)), "pg_catalog") == 0);
}

// set_config sets what its first argument names. A mention of it that is no call, or whose name is no constant, may set
// anything.
static void walkSetConfig(Walk *w, FuncCall *call) {
    SQLFact *f = fact(w, SQLFactKindSetting);
    f->detail = SQLSettingSetConfig;
    f->location = call->location;
    if (list_length(call->args) != 3 || call->func_variadic) return;
    Node *name = linitial(call->args), *value = lsecond(call->args);
    // Other casts may make another name of it: 'role_x'::varchar(4).
    if (IsA(name, TypeCast) && isPlainText(((TypeCast *)name)->typeName)) name = ((TypeCast *)name)->arg;
    f->name = stringConstant(name);
    if (f->name == NULL && isColumn(name, "name")) f->name = w->settingRead;
    f->value = stringConstant(value);
}

static void walkCall(Walk *w, FuncCall *call) {
    nameFact(w, SQLFactKindFunction, call->funcname, SQLFunctionIsCalled, list_length(call->args));
    const char *name = stringOf(llast(call->funcname));
    if (name != NULL && strcmp(name, "set_config") == 0) walkSetConfig(w, call);
    walkList(w, call->args);
    walkList(w, call->agg_order);
    walk(w, call->agg_filter);
    walk(w, (Node *)call->over);
}

static void operatorFact(Walk *w, const char *name) { textFact(w, SQLFactKindOperator, name, 0); }

static void walkOperator(Walk *w, A_Expr *expression) {
    switch (expression->kind) {
        case AEXPR_BETWEEN: case AEXPR_BETWEEN_SYM: case AEXPR_NOT_BETWEEN: case AEXPR_NOT_BETWEEN_SYM:
            operatorFact(w, ">=");
            operatorFact(w, "<=");
            operatorFact(w, "<");
            operatorFact(w, ">");
            break;
        case AEXPR_OP: case AEXPR_OP_ANY: case AEXPR_OP_ALL: case AEXPR_DISTINCT: case AEXPR_NOT_DISTINCT:
        case AEXPR_NULLIF: case AEXPR_IN: case AEXPR_LIKE: case AEXPR_ILIKE: case AEXPR_SIMILAR:
            nameFact(w, SQLFactKindOperator, expression->name, 0, 0);
            break;
    }
    walk(w, expression->lexpr);
    walk(w, expression->rexpr);
}

static void walkType(Walk *w, TypeName *type) {
    if (type == NULL) return;
    if (type->pct_type) {
        // relation.column%TYPE
        int length = list_length(type->names);
        if (length >= 2) {
            SQLFact *f = fact(w, SQLFactKindRelation);
            f->name = stringOf(list_nth(type->names, length - 2));
            f->schema = length > 2 ? stringOf(list_nth(type->names, length - 3)) : NULL;
            f->flags = SQLRelationChanged;
        }
    } else {
        nameFact(w, SQLFactKindType, type->names, w->isOption ? SQLNameIsOption : 0, 0);
    }
    walkList(w, type->typmods);
}

static void enterAll(Walk *w, List *tables) {
    ListCell *cell;
    foreach (cell, tables) enterScope(w, ((CommonTableExpr *)lfirst(cell))->ctename);
}

// A WITH, and what it holds; its names are in scope until leaveWith.
static void walkWith(Walk *w, WithClause *with) {
    if (with == NULL) return;
    if (with->recursive) enterAll(w, with->ctes);
    ListCell *cell;
    foreach (cell, with->ctes) {
        if (w->tooComplex) return;
        CommonTableExpr *table = lfirst(cell);
        walkStatement(w, table->ctequery, -1, 0);
        if (table->cycle_clause != NULL) {
            walk(w, table->cycle_clause->cycle_mark_value);
            walk(w, table->cycle_clause->cycle_mark_default);
            operatorFact(w, "=");
        }
        if (!with->recursive) enterScope(w, table->ctename);
    }
}

static void leaveWith(Walk *w, WithClause *with) {
    if (with == NULL || w->tooComplex) return;
    ListCell *cell;
    foreach (cell, with->ctes) leaveScope(w, ((CommonTableExpr *)lfirst(cell))->ctename);
}

// pg_dump sets one parameter, where the server has it, by
//   SELECT set_config(name, '…', false) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'
// That name and no other: whatever a table of that name and an operator = made of it, no name that matters equals it.
static const char *settingRead(SelectStmt *select) {
    static const char *const read = "restrict_nonsystem_relation_kind";
    if (list_length(select->fromClause) != 1 || list_length(select->targetList) != 1) return NULL;
    Node *from = linitial(select->fromClause), *where = select->whereClause;
    if (!IsA(from, RangeVar) || strcmp(((RangeVar *)from)->relname, "pg_settings") != 0) return NULL;
    const char *schema = ((RangeVar *)from)->schemaname;
    if (schema != NULL && strcmp(schema, "pg_catalog") != 0) return NULL;
    if (where == NULL || !IsA(where, A_Expr) || ((A_Expr *)where)->kind != AEXPR_OP) return NULL;
    A_Expr *equals = (A_Expr *)where;
    const char *operator = list_length(equals->name) == 1 ? stringOf(linitial(equals->name)) : NULL;
    if (operator == NULL || strcmp(operator, "=") != 0) return NULL;
    if (equals->lexpr == NULL || !isColumn(equals->lexpr, "name") || equals->rexpr == NULL) return NULL;
    const char *name = stringConstant(equals->rexpr);
    return name != NULL && strcmp(name, read) == 0 ? read : NULL;
}

static void walkSelect(Walk *w, SelectStmt *select) {
    const char *outerSetting = w->settingRead;
    w->settingRead = settingRead(select);
    walkWith(w, select->withClause);
    if (select->op != SETOP_NONE) {
        w->isArm = true;
        walkStatement(w, (Node *)select->larg, -1, 0);
        w->isArm = true;
        walkStatement(w, (Node *)select->rarg, -1, 0);
        w->isArm = false;
    }
    if (select->intoClause != NULL) walkName(w, select->intoClause->rel, SQLRelationMade);
    // DISTINCT without ON is a list of one NULL.
    walkList(w, select->distinctClause);
    walkList(w, select->targetList);
    walkList(w, select->fromClause);
    walk(w, select->whereClause);
    walkList(w, select->groupClause);
    walk(w, select->havingClause);
    walkList(w, select->windowClause);
    walkList(w, select->valuesLists);
    walkList(w, select->sortClause);
    walk(w, select->limitOffset);
    walk(w, select->limitCount);
    walkLocks(w, select);
    leaveWith(w, select->withClause);
    w->settingRead = outerSetting;
}

static void walkOnConflict(Walk *w, OnConflictClause *clause) {
    if (clause == NULL) return;
    if (clause->infer != NULL) {
        walkList(w, clause->infer->indexElems);
        walk(w, clause->infer->whereClause);
    }
    walkList(w, clause->targetList);
    walk(w, clause->whereClause);
}

static void walkInsert(Walk *w, InsertStmt *insert) {
    walkWith(w, insert->withClause);
    walkName(w, insert->relation, SQLRelationWritten);
    walkList(w, insert->cols);
    if (insert->selectStmt != NULL) walkStatement(w, insert->selectStmt, -1, 0);
    walkOnConflict(w, insert->onConflictClause);
    walkList(w, insert->returningList);
    leaveWith(w, insert->withClause);
}

static void walkUpdate(Walk *w, UpdateStmt *update) {
    walkWith(w, update->withClause);
    walkName(w, update->relation, SQLRelationWritten);
    walkList(w, update->targetList);
    walkList(w, update->fromClause);
    walk(w, update->whereClause);
    walkList(w, update->returningList);
    leaveWith(w, update->withClause);
}

static void walkDelete(Walk *w, DeleteStmt *statement) {
    walkWith(w, statement->withClause);
    walkName(w, statement->relation, SQLRelationWritten);
    walkList(w, statement->usingClause);
    walk(w, statement->whereClause);
    walkList(w, statement->returningList);
    leaveWith(w, statement->withClause);
}

static void walkMerge(Walk *w, MergeStmt *merge) {
    walkWith(w, merge->withClause);
    walkName(w, merge->relation, SQLRelationWritten);
    walk(w, merge->sourceRelation);
    walk(w, merge->joinCondition);
    ListCell *cell;
    foreach (cell, merge->mergeWhenClauses) {
        MergeWhenClause *clause = lfirst(cell);
        walk(w, clause->condition);
        walkList(w, clause->targetList);
        walkList(w, clause->values);
    }
    leaveWith(w, merge->withClause);
}

static void walkIndirection(Walk *w, List *indirection) {
    ListCell *cell;
    foreach (cell, indirection) {
        Node *part = lfirst(cell);
        if (IsA(part, String))
            textFact(w, SQLFactKindAttribute, strVal(part), 0);
        else
            walk(w, part);
    }
}

static void walkColumn(Walk *w, ColumnRef *column) {
    int length = list_length(column->fields);
    if (length < 2) return;
    const char *last = stringOf(llast(column->fields));
    if (last != NULL) textFact(w, SQLFactKindAttribute, last, 0);
}

static void walkTableFunction(Walk *w, RangeTableFunc *table) {
    walk(w, table->docexpr);
    walk(w, table->rowexpr);
    walkList(w, table->namespaces);
    ListCell *cell;
    foreach (cell, table->columns) {
        RangeTableFuncCol *column = lfirst(cell);
        walkType(w, column->typeName);
        walk(w, column->colexpr);
        walk(w, column->coldefexpr);
    }
}

static void walkFunctionInFrom(Walk *w, RangeFunction *range) {
    // A list of lists: the call and its column definitions.
    ListCell *cell;
    foreach (cell, range->functions) {
        List *pair = lfirst(cell);
        if (list_length(pair) > 0) walk(w, linitial(pair));
        if (list_length(pair) > 1) walkList(w, lsecond(pair));
    }
    walkList(w, range->coldeflist);
}

static void walkWindow(Walk *w, WindowDef *window) {
    walkList(w, window->partitionClause);
    walkList(w, window->orderClause);
    walk(w, window->startOffset);
    walk(w, window->endOffset);
}

static void walkIndexElement(Walk *w, IndexElem *element) {
    walk(w, element->expr);
    if (element->opclass != NIL) nameFact(w, SQLFactKindType, element->opclass, 0, 1);
}

static void walkConstraint(Walk *w, Constraint *constraint) {
    walk(w, constraint->raw_expr);
    walk(w, constraint->where_clause);
    ListCell *cell;
    foreach (cell, constraint->exclusions) {
        List *pair = lfirst(cell);
        if (list_length(pair) < 2) continue;
        walk(w, linitial(pair));
        nameFact(w, SQLFactKindOperator, lsecond(pair), 0, 0);
    }
    // A foreign key compares with the operators of the other table, and reads it.
    walkName(w, constraint->pktable, SQLRelationRead);
    walkOptions(w, constraint->options);
}

// Column types that are none: analysis makes a sequence of them, whatever types there are of the name.
static bool isSerial(TypeName *type) {
    static const char *const names[] = {"smallserial", "serial2", "serial", "serial4", "bigserial", "serial8"};
    if (type == NULL || list_length(type->names) != 1 || type->pct_type) return false;
    const char *name = stringOf(linitial(type->names));
    for (size_t at = 0; name != NULL && at < sizeof(names) / sizeof(*names); at++)
        if (strcmp(name, names[at]) == 0) return true;
    return false;
}

static void walkColumnDefinition(Walk *w, ColumnDef *column) {
    if (!isSerial(column->typeName)) walkType(w, column->typeName);
    walk(w, column->raw_default);
    walkList(w, column->constraints);
    walkOptions(w, column->fdwoptions);
    if (column->fdwoptions != NIL) deed(w, SQLDeedForeignOptions);
}

static void walkPartition(Walk *w, Node *node) {
    if (IsA(node, PartitionSpec)) {
        ListCell *cell;
        foreach (cell, ((PartitionSpec *)node)->partParams) {
            PartitionElem *element = lfirst(cell);
            walk(w, element->expr);
            if (element->opclass != NIL) nameFact(w, SQLFactKindType, element->opclass, 0, 1);
        }
    } else if (IsA(node, PartitionBoundSpec)) {
        PartitionBoundSpec *bound = (PartitionBoundSpec *)node;
        walkList(w, bound->listdatums);
        walkList(w, bound->lowerdatums);
        walkList(w, bound->upperdatums);
    }
}

static void walkSample(Walk *w, RangeTableSample *sample) {
    walk(w, sample->relation);
    nameFact(w, SQLFactKindFunction, sample->method, SQLFunctionIsCalled, list_length(sample->args));
    walkList(w, sample->args);
    walk(w, sample->repeatable);
}

// One level; every way down passes through here, where the depth is counted.
static void walkNode(Walk *w, Node *node) {
    switch (nodeTag(node)) {
        case T_ColumnRef: walkColumn(w, (ColumnRef *)node); break;
        case T_A_Expr: walkOperator(w, (A_Expr *)node); break;
        case T_FuncCall: walkCall(w, (FuncCall *)node); break;
        case T_RangeVar: walkName(w, (RangeVar *)node, SQLRelationRead); break;
        case T_ResTarget:
            walkIndirection(w, ((ResTarget *)node)->indirection);
            walk(w, ((ResTarget *)node)->val);
            break;
        case T_List: walkList(w, (List *)node); break;
        case T_BoolExpr: walkList(w, ((BoolExpr *)node)->args); break;
        case T_TypeCast:
            walk(w, ((TypeCast *)node)->arg);
            walkType(w, ((TypeCast *)node)->typeName);
            break;
        case T_JoinExpr: {
            JoinExpr *join = (JoinExpr *)node;
            walk(w, join->larg);
            walk(w, join->rarg);
            walk(w, join->quals);
            if (join->isNatural || join->usingClause != NIL) operatorFact(w, "=");
            break;
        }
        case T_SubLink: {
            SubLink *link = (SubLink *)node;
            walk(w, link->testexpr);
            if (link->operName != NIL) nameFact(w, SQLFactKindOperator, link->operName, 0, 0);
            else if (link->subLinkType == ANY_SUBLINK) operatorFact(w, "=");
            walkStatement(w, link->subselect, -1, 0);
            break;
        }
        case T_RangeSubselect: walkStatement(w, ((RangeSubselect *)node)->subquery, -1, 0); break;
        case T_RangeFunction: walkFunctionInFrom(w, (RangeFunction *)node); break;
        case T_RangeTableSample: walkSample(w, (RangeTableSample *)node); break;
        case T_RangeTableFunc: walkTableFunction(w, (RangeTableFunc *)node); break;
        case T_SortBy:
            walk(w, ((SortBy *)node)->node);
            if (((SortBy *)node)->useOp != NIL)
                nameFact(w, SQLFactKindOperator, ((SortBy *)node)->useOp, 0, 0);
            break;
        case T_WindowDef: walkWindow(w, (WindowDef *)node); break;
        case T_A_ArrayExpr: walkList(w, ((A_ArrayExpr *)node)->elements); break;
        case T_A_Indices:
            walk(w, ((A_Indices *)node)->lidx);
            walk(w, ((A_Indices *)node)->uidx);
            break;
        case T_A_Indirection:
            walk(w, ((A_Indirection *)node)->arg);
            walkIndirection(w, ((A_Indirection *)node)->indirection);
            break;
        case T_CollateClause: walk(w, ((CollateClause *)node)->arg); break;
        case T_CaseExpr: {
            CaseExpr *choice = (CaseExpr *)node;
            if (choice->arg != NULL) operatorFact(w, "=");
            walk(w, (Node *)choice->arg);
            walkList(w, choice->args);
            walk(w, (Node *)choice->defresult);
            break;
        }
        case T_CaseWhen:
            walk(w, (Node *)((CaseWhen *)node)->expr);
            walk(w, (Node *)((CaseWhen *)node)->result);
            break;
        case T_CoalesceExpr: walkList(w, ((CoalesceExpr *)node)->args); break;
        case T_MinMaxExpr: walkList(w, ((MinMaxExpr *)node)->args); break;
        case T_NullTest: walk(w, (Node *)((NullTest *)node)->arg); break;
        case T_BooleanTest: walk(w, (Node *)((BooleanTest *)node)->arg); break;
        case T_RowExpr: walkList(w, ((RowExpr *)node)->args); break;
        case T_NamedArgExpr: walk(w, (Node *)((NamedArgExpr *)node)->arg); break;
        case T_GroupingFunc: walkList(w, ((GroupingFunc *)node)->args); break;
        case T_GroupingSet: walkList(w, ((GroupingSet *)node)->content); break;
        case T_MultiAssignRef:
            // Each column of the list has the same source.
            if (((MultiAssignRef *)node)->colno == 1) walk(w, ((MultiAssignRef *)node)->source);
            break;
        case T_XmlExpr:
            walkList(w, ((XmlExpr *)node)->named_args);
            walkList(w, ((XmlExpr *)node)->args);
            break;
        case T_XmlSerialize:
            walk(w, ((XmlSerialize *)node)->expr);
            walkType(w, ((XmlSerialize *)node)->typeName);
            break;
        case T_IndexElem: walkIndexElement(w, (IndexElem *)node); break;
        case T_StatsElem: walk(w, ((StatsElem *)node)->expr); break;
        case T_Constraint: walkConstraint(w, (Constraint *)node); break;
        case T_ColumnDef: walkColumnDefinition(w, (ColumnDef *)node); break;
        case T_TypeName: walkType(w, (TypeName *)node); break;
        case T_PartitionSpec: case T_PartitionBoundSpec: walkPartition(w, node); break;
        case T_PartitionRangeDatum: walk(w, ((PartitionRangeDatum *)node)->value); break;
        case T_TableLikeClause:
            // It takes over defaults, checks and index expressions.
            walkName(w, ((TableLikeClause *)node)->relation, SQLRelationChanged);
            break;
        case T_FunctionParameter:
            walkType(w, ((FunctionParameter *)node)->argType);
            walk(w, ((FunctionParameter *)node)->defexpr);
            break;
        case T_RoleSpec: walkRole(w, (RoleSpec *)node); break;
        case T_DefElem: walkOptions(w, list_make1(node)); break;
        // Nothing hangs on these.
        case T_A_Const: case T_ParamRef: case T_A_Star: case T_SQLValueFunction: case T_SetToDefault: case T_CurrentOfExpr:
        case T_Integer: case T_Float: case T_Boolean: case T_String: case T_BitString: case T_Alias:
            break;
        case T_SelectStmt: case T_InsertStmt: case T_UpdateStmt: case T_DeleteStmt: case T_MergeStmt:
            walkStatement(w, node, -1, 0);
            break;
        default: fact(w, SQLFactKindUnknown)->detail = nodeTag(node); break;
    }
}

void walk(Walk *w, Node *node) {
    if (node == NULL || w->tooComplex) return;
    if (w->depth >= SQLDepthLimit) {
        w->tooComplex = true;
        return;
    }
    countNode(w);
    walkNode(w, node);
    w->depth--;
}

// Declared in walk.h.
bool walkData(Walk *w, Node *node) {
    switch (nodeTag(node)) {
        case T_SelectStmt: walkSelect(w, (SelectStmt *)node); return true;
        case T_InsertStmt: walkInsert(w, (InsertStmt *)node); return true;
        case T_UpdateStmt: walkUpdate(w, (UpdateStmt *)node); return true;
        case T_DeleteStmt: walkDelete(w, (DeleteStmt *)node); return true;
        case T_MergeStmt: walkMerge(w, (MergeStmt *)node); return true;
        default: return false;
    }
}
