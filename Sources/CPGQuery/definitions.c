// Statements that define, change or drop something.
#include <string.h>

#include "walk.h"

void walkRole(Walk *w, RoleSpec *role) {
    if (role == NULL) return;
    textFact(w, SQLFactKindRole, role->roletype == ROLESPEC_CSTRING ? role->rolename : NULL, role->roletype);
}

void walkRoles(Walk *w, List *roles) {
    ListCell *cell;
    foreach (cell, roles) {
        Node *role = lfirst(cell);
        if (IsA(role, RoleSpec)) walkRole(w, (RoleSpec *)role);
        // GRANT's roles
        if (IsA(role, AccessPriv)) textFact(w, SQLFactKindRole, ((AccessPriv *)role)->priv_name, 0);
    }
}

// A function, aggregate or operator with its arguments.
void walkSignature(Walk *w, ObjectWithArgs *object, SQLFactKind kind, int flags) {
    if (object == NULL) return;
    nameFact(w, kind, object->objname, flags, 0);
    ListCell *cell;
    foreach (cell, object->objargs) walk(w, lfirst(cell));
}

// CREATE and ALTER FUNCTION's options: the language, the text, SECURITY DEFINER, SET, SUPPORT.
static void walkFunctionOptions(Walk *w, List *options) {
    const char *language = "sql", *text = NULL;
    ListCell *cell;
    bool hasText = false;
    foreach (cell, options) {
        DefElem *option = lfirst(cell);
        if (option->arg == NULL) continue;
        if (strcmp(option->defname, "language") == 0) language = stringOf(option->arg);
        if (strcmp(option->defname, "security") == 0 && IsA(option->arg, Boolean) && boolVal(option->arg))
            deed(w, SQLDeedSecurityDefiner);
        if (strcmp(option->defname, "set") == 0 && IsA(option->arg, VariableSetStmt))
            walkSetting(w, (VariableSetStmt *)option->arg);
        if (strcmp(option->defname, "support") == 0 && IsA(option->arg, List))
            walkOptionName(w, (List *)option->arg, 0);
        if (strcmp(option->defname, "as") == 0 && IsA(option->arg, List)) {
            hasText = true;
            text = stringOf(linitial((List *)option->arg));
        }
    }
    if (!hasText) return;
    SQLFact *f = fact(w, SQLFactKindBody);
    f->name = language;
    f->value = text;
}

static void walkCreateFunction(Walk *w, CreateFunctionStmt *function) {
    // What it is called becomes a name for what it does: a relation's sense of "made".
    nameFact(w, SQLFactKindFunction, function->funcname, SQLRelationMade, 0);
    walkList(w, function->parameters);
    walk(w, (Node *)function->returnType);
    walkFunctionOptions(w, function->options);
    if (function->sql_body == NULL) return;
    // RETURN, or BEGIN ATOMIC: a list that holds a list of statements.
    if (IsA(function->sql_body, List)) {
        ListCell *cell, *inner;
        foreach (cell, (List *)function->sql_body) {
            Node *part = lfirst(cell);
            if (part == NULL) continue;
            if (!IsA(part, List)) { walkStatement(w, part, -1, 0); continue; }
            foreach (inner, (List *)part) walkStatement(w, lfirst(inner), -1, 0);
        }
    } else {
        walkStatement(w, function->sql_body, -1, 0);
    }
}

static void walkCreateTable(Walk *w, CreateStmt *create) {
    walkName(w, create->relation, SQLRelationMade);
    walkList(w, create->tableElts);
    ListCell *cell;
    foreach (cell, create->inhRelations) walkName(w, lfirst(cell), SQLRelationChanged);
    walk(w, (Node *)create->partspec);
    walk(w, (Node *)create->partbound);
    walk(w, (Node *)create->ofTypename);
    walkList(w, create->constraints);
}

static void walkAlterTable(Walk *w, AlterTableStmt *alter) {
    walkName(w, alter->relation, SQLRelationChanged);
    ListCell *cell;
    foreach (cell, alter->cmds) {
        AlterTableCmd *command = lfirst(cell);
        if (command->subtype == AT_ChangeOwner) walkNewOwner(w, command->newowner);
        if (command->subtype == AT_GenericOptions || command->subtype == AT_AlterColumnGenericOptions)
            deed(w, SQLDeedForeignOptions);
        Node *def = command->def;
        if (def == NULL) continue;
        if (IsA(def, PartitionCmd)) {
            walkName(w, ((PartitionCmd *)def)->name, SQLRelationChanged);
            walk(w, (Node *)((PartitionCmd *)def)->bound);
        } else if (IsA(def, RangeVar)) {
            walkName(w, (RangeVar *)def, SQLRelationChanged);
        } else if (IsA(def, List)) {
            walkOptions(w, (List *)def);
        } else if (!IsA(def, ReplicaIdentityStmt)) {
            walk(w, def);
        }
    }
}

static SQLStatementKind defineKind(ObjectType type) {
    switch (type) {
        case OBJECT_AGGREGATE: return SQLStatementKindCreateAggregate;
        case OBJECT_OPERATOR: return SQLStatementKindCreateOperator;
        case OBJECT_TYPE: return SQLStatementKindCreateType;
        case OBJECT_COLLATION: return SQLStatementKindCreateCollation;
        case OBJECT_TSPARSER: case OBJECT_TSDICTIONARY: case OBJECT_TSTEMPLATE: case OBJECT_TSCONFIGURATION:
            return SQLStatementKindCreateTextSearch;
        default: return SQLStatementKindUnknown;
    }
}

static void walkIndex(Walk *w, IndexStmt *index) {
    walkName(w, index->relation, SQLRelationChanged);
    if (index->idxname != NULL) textFact(w, SQLFactKindRelation, index->idxname, 0);
    walkList(w, index->indexParams);
    walkList(w, index->indexIncludingParams);
    walk(w, index->whereClause);
}

static void walkItems(Walk *w, List *items) {
    ListCell *cell;
    foreach (cell, items) {
        CreateOpClassItem *item = lfirst(cell);
        if (item->itemtype == OPCLASS_ITEM_OPERATOR)
            walkSignature(w, item->name, SQLFactKindOperator, 0);
        else
            walkSignature(w, item->name, SQLFactKindFunction, SQLFunctionIsUsed);
        walk(w, (Node *)item->storedtype);
        ListCell *type;
        foreach (type, item->class_args) walk(w, lfirst(type));
    }
}

static void walkMadeType(Walk *w, RangeVar *type) {
    SQLFact *f = fact(w, SQLFactKindType);
    f->schema = type->schemaname;
    f->name = type->relname;
    f->flags = SQLRelationMade;
}

static void walkPublication(Walk *w, List *objects) {
    ListCell *cell;
    foreach (cell, objects) {
        PublicationObjSpec *object = lfirst(cell);
        if (object->pubtable == NULL) continue;
        walkName(w, object->pubtable->relation, SQLRelationRead);
        walk(w, object->pubtable->whereClause);
    }
}

// Relations and what hangs on them.
static bool walkRelationDefinition(Walk *w, Node *node, SQLStatementKind *kind) {
    ListCell *cell;
    switch (nodeTag(node)) {
        case T_CreateStmt: *kind = SQLStatementKindCreateTable; walkCreateTable(w, (CreateStmt *)node); return true;
        case T_CreateTableAsStmt: {
            CreateTableAsStmt *create = (CreateTableAsStmt *)node;
            *kind = SQLStatementKindCreateTableAs;
            walkName(w, create->into->rel, SQLRelationMade);
            walkStatement(w, create->query, -1, 0);
            return true;
        }
        case T_ViewStmt:
            *kind = SQLStatementKindCreateView;
            walkName(w, ((ViewStmt *)node)->view, SQLRelationMade);
            walkStatement(w, ((ViewStmt *)node)->query, -1, 0);
            walkViewed(w, ((ViewStmt *)node)->query);
            return true;
        case T_CreateSeqStmt: *kind = SQLStatementKindCreateSequence; walkName(w, ((CreateSeqStmt *)node)->sequence, SQLRelationMade); return true;
        case T_AlterSeqStmt:
            *kind = SQLStatementKindAlterObject;
            walkName(w, ((AlterSeqStmt *)node)->sequence, SQLRelationChanged);
            return true;
        case T_IndexStmt: *kind = SQLStatementKindCreateIndex; walkIndex(w, (IndexStmt *)node); return true;
        case T_CreateStatsStmt:
            *kind = SQLStatementKindCreateStatistics;
            walkList(w, ((CreateStatsStmt *)node)->exprs);
            foreach (cell, ((CreateStatsStmt *)node)->relations) walkName(w, lfirst(cell), SQLRelationChanged);
            return true;
        case T_AlterTableStmt: *kind = SQLStatementKindAlterTable; walkAlterTable(w, (AlterTableStmt *)node); return true;
        case T_CreateTrigStmt: {
            CreateTrigStmt *trigger = (CreateTrigStmt *)node;
            *kind = SQLStatementKindCreateTrigger;
            walkName(w, trigger->relation, SQLRelationChanged);
            walkOptionName(w, trigger->funcname, SQLFunctionIsUsed);
            walk(w, trigger->whenClause);
            walkName(w, trigger->constrrel, SQLRelationChanged);
            return true;
        }
        case T_RuleStmt: {
            RuleStmt *rule = (RuleStmt *)node;
            *kind = SQLStatementKindCreateRule;
            walkName(w, rule->relation, SQLRelationChanged);
            walk(w, rule->whereClause);
            foreach (cell, rule->actions) {
                walkStatement(w, lfirst(cell), -1, 0);
                // It makes a view of a table.
                if (rule->event == CMD_SELECT) walkViewed(w, lfirst(cell));
            }
            return true;
        }
        case T_CreatePolicyStmt:
            *kind = SQLStatementKindCreatePolicy;
            walkName(w, ((CreatePolicyStmt *)node)->table, SQLRelationChanged);
            walk(w, ((CreatePolicyStmt *)node)->qual);
            walk(w, ((CreatePolicyStmt *)node)->with_check);
            return true;
        case T_AlterPolicyStmt:
            *kind = SQLStatementKindAlterObject;
            walkName(w, ((AlterPolicyStmt *)node)->table, SQLRelationChanged);
            walk(w, ((AlterPolicyStmt *)node)->qual);
            walk(w, ((AlterPolicyStmt *)node)->with_check);
            return true;
        case T_CompositeTypeStmt:
            *kind = SQLStatementKindCreateType;
            walkMadeType(w, ((CompositeTypeStmt *)node)->typevar);
            walkList(w, ((CompositeTypeStmt *)node)->coldeflist);
            return true;
        case T_CreateSchemaStmt:
            *kind = SQLStatementKindCreateSchema;
            walkNewOwner(w, ((CreateSchemaStmt *)node)->authrole);
            foreach (cell, ((CreateSchemaStmt *)node)->schemaElts) walkStatement(w, lfirst(cell), -1, 0);
            return true;
        default: return false;
    }
}

// Functions, types, operators and what else is made of functions.
static bool walkCodeDefinition(Walk *w, Node *node, SQLStatementKind *kind) {
    switch (nodeTag(node)) {
        case T_CreateFunctionStmt: *kind = SQLStatementKindCreateFunction; walkCreateFunction(w, (CreateFunctionStmt *)node); return true;
        case T_AlterFunctionStmt:
            *kind = SQLStatementKindAlterFunction;
            walkSignature(w, ((AlterFunctionStmt *)node)->func, SQLFactKindFunction, 0);
            walkFunctionOptions(w, ((AlterFunctionStmt *)node)->actions);
            return true;
        case T_DefineStmt: {
            DefineStmt *define = (DefineStmt *)node;
            *kind = defineKind(define->kind);
            if (define->kind == OBJECT_AGGREGATE) nameFact(w, SQLFactKindFunction, define->defnames, SQLRelationMade, 0);
            if (define->kind == OBJECT_TYPE) nameFact(w, SQLFactKindType, define->defnames, SQLRelationMade, 0);
            if (define->kind == OBJECT_OPERATOR) nameFact(w, SQLFactKindOperator, define->defnames, SQLRelationMade, 0);
            walkDefinitionOptions(w, define->definition);
            return true;
        }
        case T_CreateDomainStmt:
            *kind = SQLStatementKindCreateDomain;
            nameFact(w, SQLFactKindType, ((CreateDomainStmt *)node)->domainname, SQLRelationMade, 0);
            walk(w, (Node *)((CreateDomainStmt *)node)->typeName);
            walkList(w, ((CreateDomainStmt *)node)->constraints);
            return true;
        case T_AlterDomainStmt:
            *kind = SQLStatementKindAlterObject;
            nameFact(w, SQLFactKindType, ((AlterDomainStmt *)node)->typeName, 0, 0);
            walk(w, ((AlterDomainStmt *)node)->def);
            return true;
        case T_CreateRangeStmt:
            *kind = SQLStatementKindCreateType;
            nameFact(w, SQLFactKindType, ((CreateRangeStmt *)node)->typeName, SQLRelationMade, 0);
            walkDefinitionOptions(w, ((CreateRangeStmt *)node)->params);
            return true;
        case T_CreateEnumStmt:
            *kind = SQLStatementKindCreateType;
            nameFact(w, SQLFactKindType, ((CreateEnumStmt *)node)->typeName, SQLRelationMade, 0);
            return true;
        case T_AlterTypeStmt:
            *kind = SQLStatementKindAlterObject;
            walkDefinitionOptions(w, ((AlterTypeStmt *)node)->options);
            return true;
        case T_AlterOperatorStmt:
            *kind = SQLStatementKindAlterObject;
            walkDefinitionOptions(w, ((AlterOperatorStmt *)node)->options);
            return true;
        case T_CreateCastStmt:
            *kind = SQLStatementKindCreateCast;
            walkSignature(w, ((CreateCastStmt *)node)->func, SQLFactKindFunction, SQLFunctionIsUsed);
            walk(w, (Node *)((CreateCastStmt *)node)->sourcetype);
            walk(w, (Node *)((CreateCastStmt *)node)->targettype);
            return true;
        case T_CreateConversionStmt:
            *kind = SQLStatementKindCreateConversion;
            walkOptionName(w, ((CreateConversionStmt *)node)->func_name, SQLFunctionIsUsed);
            return true;
        case T_CreateTransformStmt:
            *kind = SQLStatementKindCreateTransform;
            walkSignature(w, ((CreateTransformStmt *)node)->fromsql, SQLFactKindFunction, SQLFunctionIsUsed);
            walkSignature(w, ((CreateTransformStmt *)node)->tosql, SQLFactKindFunction, SQLFunctionIsUsed);
            return true;
        case T_CreateOpClassStmt:
            *kind = SQLStatementKindCreateOperatorClass;
            nameFact(w, SQLFactKindType, ((CreateOpClassStmt *)node)->opclassname, SQLRelationMade, 0);
            walk(w, (Node *)((CreateOpClassStmt *)node)->datatype);
            walkItems(w, ((CreateOpClassStmt *)node)->items);
            return true;
        case T_AlterOpFamilyStmt:
            *kind = SQLStatementKindAlterObject;
            walkItems(w, ((AlterOpFamilyStmt *)node)->items);
            return true;
        case T_CreateEventTrigStmt:
            *kind = SQLStatementKindCreateEventTrigger;
            walkOptionName(w, ((CreateEventTrigStmt *)node)->funcname, SQLFunctionIsUsed);
            return true;
        case T_CreateAmStmt:
            *kind = SQLStatementKindCreateAccessMethod;
            walkOptionName(w, ((CreateAmStmt *)node)->handler_name, SQLFunctionIsUsed);
            return true;
        case T_CreatePLangStmt:
            *kind = SQLStatementKindCreateLanguage;
            deed(w, SQLDeedServerFile);
            return true;
        case T_CreateOpFamilyStmt: *kind = SQLStatementKindCreateOperatorClass; return true;
        case T_AlterObjectDependsStmt: case T_AlterCollationStmt: case T_AlterEnumStmt:
        case T_AlterTSConfigurationStmt: case T_AlterTSDictionaryStmt: case T_AlterStatsStmt:
        case T_AlterEventTrigStmt:
            *kind = SQLStatementKindAlterObject;
            return true;
        default: return false;
    }
}

// CREATE DATABASE's owner is a name, not a RoleSpec.
static void walkDatabaseOwner(Walk *w, List *options) {
    ListCell *cell;
    foreach (cell, options) {
        DefElem *option = lfirst(cell);
        if (strcmp(option->defname, "owner") != 0 || option->arg == NULL) continue;
        textFact(w, SQLFactKindRole, stringOf(option->arg), ROLESPEC_CSTRING);
        deed(w, SQLDeedOtherOwner);
    }
}

// ALTER DEFAULT PRIVILEGES FOR ROLE: of what that role makes.
static void walkDefaultsOf(Walk *w, List *options) {
    ListCell *cell, *role;
    foreach (cell, options) {
        DefElem *option = lfirst(cell);
        if (strcmp(option->defname, "roles") != 0 || option->arg == NULL || !IsA(option->arg, List)) continue;
        walkRoles(w, (List *)option->arg);
        foreach (role, (List *)option->arg)
            if (IsA(lfirst(role), RoleSpec) && ((RoleSpec *)lfirst(role))->roletype == ROLESPEC_CSTRING)
                deed(w, SQLDeedOtherRole);
    }
}

// What leads out of the server, and the server itself.
static bool walkServerDefinition(Walk *w, Node *node, SQLStatementKind *kind) {
    switch (nodeTag(node)) {
        case T_CreateExtensionStmt: *kind = SQLStatementKindCreateExtension; return true;
        case T_AlterExtensionStmt: case T_AlterExtensionContentsStmt: *kind = SQLStatementKindAlterExtension; return true;
        case T_CreateFdwStmt: case T_AlterFdwStmt: *kind = SQLStatementKindCreateForeignDataWrapper; return true;
        case T_CreateForeignServerStmt: case T_AlterForeignServerStmt: *kind = SQLStatementKindCreateServer; return true;
        case T_CreateUserMappingStmt: case T_AlterUserMappingStmt: *kind = SQLStatementKindCreateUserMapping; return true;
        case T_DropUserMappingStmt: *kind = SQLStatementKindDropForeign; return true;
        case T_CreateForeignTableStmt: *kind = SQLStatementKindCreateForeignTable; walkCreateTable(w, (CreateStmt *)node); return true;
        case T_ImportForeignSchemaStmt: *kind = SQLStatementKindImportForeignSchema; return true;
        case T_CreatePublicationStmt: *kind = SQLStatementKindPublication; walkPublication(w, ((CreatePublicationStmt *)node)->pubobjects); return true;
        case T_AlterPublicationStmt: *kind = SQLStatementKindPublication; walkPublication(w, ((AlterPublicationStmt *)node)->pubobjects); return true;
        case T_CreateSubscriptionStmt: case T_AlterSubscriptionStmt: case T_DropSubscriptionStmt: *kind = SQLStatementKindSubscription; return true;
        case T_CreateTableSpaceStmt:
            *kind = SQLStatementKindCreateTablespace;
            walkNewOwner(w, ((CreateTableSpaceStmt *)node)->owner);
            deed(w, SQLDeedServerFile);
            return true;
        case T_DropTableSpaceStmt: case T_AlterTableSpaceOptionsStmt:
        case T_AlterTableMoveAllStmt:
            *kind = SQLStatementKindCreateTablespace;
            deed(w, SQLDeedServerFile);
            return true;
        case T_CreatedbStmt: *kind = SQLStatementKindCreateDatabase; walkDatabaseOwner(w, ((CreatedbStmt *)node)->options); return true;
        case T_AlterDatabaseStmt:
            *kind = SQLStatementKindAlterDatabase;
            textFact(w, SQLFactKindDatabase, ((AlterDatabaseStmt *)node)->dbname, 0);
            return true;
        // It notes a version, and changes nothing of how sessions are.
        case T_AlterDatabaseRefreshCollStmt: *kind = SQLStatementKindAlterDatabase; return true;
        case T_AlterDatabaseSetStmt:
            *kind = SQLStatementKindAlterDatabaseSet;
            textFact(w, SQLFactKindDatabase, ((AlterDatabaseSetStmt *)node)->dbname, 0);
            walkSetting(w, ((AlterDatabaseSetStmt *)node)->setstmt); return true;
        case T_DropdbStmt:
            *kind = SQLStatementKindDropDatabase;
            textFact(w, SQLFactKindDatabase, ((DropdbStmt *)node)->dbname, 0);
            return true;
        case T_AlterSystemStmt:
            *kind = SQLStatementKindAlterSystem;
            walkSetting(w, ((AlterSystemStmt *)node)->setstmt);
            return true;
        case T_IdentifySystemCmd: case T_BaseBackupCmd: case T_CreateReplicationSlotCmd: case T_DropReplicationSlotCmd:
        case T_ReadReplicationSlotCmd: case T_StartReplicationCmd: case T_TimeLineHistoryCmd:
            return false;
        default: return false;
    }
}

// Roles, rights, and changes of anything.
static bool walkRightsDefinition(Walk *w, Node *node, SQLStatementKind *kind) {
    switch (nodeTag(node)) {
        case T_CreateRoleStmt:
            *kind = SQLStatementKindCreateRole;
            textFact(w, SQLFactKindRole, ((CreateRoleStmt *)node)->role, 0);
            walkOptions(w, ((CreateRoleStmt *)node)->options);
            return true;
        case T_AlterRoleStmt:
            *kind = SQLStatementKindAlterRole;
            walkRole(w, ((AlterRoleStmt *)node)->role);
            walkOptions(w, ((AlterRoleStmt *)node)->options);
            return true;
        case T_AlterRoleSetStmt: {
            AlterRoleSetStmt *alter = (AlterRoleSetStmt *)node;
            *kind = SQLStatementKindAlterRoleSet;
            if (alter->role != NULL) walkRole(w, alter->role);
            else textFact(w, SQLFactKindRole, NULL, ROLESPEC_PUBLIC);
            walkSetting(w, alter->setstmt);
            return true;
        }
        case T_DropRoleStmt: *kind = SQLStatementKindDropRole; walkRoles(w, ((DropRoleStmt *)node)->roles); return true;
        case T_GrantRoleStmt:
            *kind = SQLStatementKindGrantRole;
            walkRoles(w, ((GrantRoleStmt *)node)->granted_roles);
            walkRoles(w, ((GrantRoleStmt *)node)->grantee_roles);
            return true;
        case T_GrantStmt: *kind = SQLStatementKindGrant; return true;
        case T_AlterDefaultPrivilegesStmt:
            *kind = SQLStatementKindAlterDefaultPrivileges;
            walkDefaultsOf(w, ((AlterDefaultPrivilegesStmt *)node)->options);
            return true;
        case T_ReassignOwnedStmt:
            *kind = SQLStatementKindReassignOwned;
            walkRoles(w, ((ReassignOwnedStmt *)node)->roles);
            walkRole(w, ((ReassignOwnedStmt *)node)->newrole);
            return true;
        case T_DropOwnedStmt: *kind = SQLStatementKindDropOwned; walkRoles(w, ((DropOwnedStmt *)node)->roles); return true;
        case T_AlterOwnerStmt:
            *kind = SQLStatementKindAlterOwner;
            walkName(w, ((AlterOwnerStmt *)node)->relation, SQLRelationChanged);
            walkNewOwner(w, ((AlterOwnerStmt *)node)->newowner);
            return true;
        case T_AlterObjectSchemaStmt:
            *kind = SQLStatementKindAlterObject;
            walkName(w, ((AlterObjectSchemaStmt *)node)->relation, SQLRelationChanged);
            walkMoved(w, ((AlterObjectSchemaStmt *)node)->objectType, ((AlterObjectSchemaStmt *)node)->object);
            return true;
        case T_RenameStmt: *kind = SQLStatementKindRename; walkRename(w, (RenameStmt *)node); return true;
        case T_DropStmt: *kind = walkDrop(w, (DropStmt *)node); return true;
        case T_CommentStmt: *kind = SQLStatementKindComment; return true;
        case T_SecLabelStmt: *kind = SQLStatementKindSecurityLabel; return true;
        default: return false;
    }
}

bool walkDefinition(Walk *w, Node *node, SQLFact *statement) {
    SQLStatementKind kind = SQLStatementKindUnknown;
    bool known = walkRelationDefinition(w, node, &kind) || walkCodeDefinition(w, node, &kind) ||
                 walkServerDefinition(w, node, &kind) || walkRightsDefinition(w, node, &kind);
    statement->detail = kind;
    return known;
}
