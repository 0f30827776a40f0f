import CPGQuery

extension StatementKind {
    /// The word that the log has for it in `class`.
    package var recordedClass: StaticString {
        switch self {
        case .select, .values: "select"
        case .insert: "insert"
        case .update: "update"
        case .delete: "delete"
        case .merge: "merge"
        case .copy: "copy"
        case .truncate: "truncate"
        case .begin, .commit, .rollback, .savepoint, .prepareTransaction, .commitPrepared, .rollbackPrepared:
            "transaction"
        case .set, .reset, .setConstraints: "set"
        case .show: "show"
        case .discard: "discard"
        case .prepare: "prepare"
        case .execute: "execute"
        case .deallocate: "deallocate"
        case .declareCursor, .fetch, .closeCursor: "cursor"
        case .explain: "explain"
        case .do: "do"
        case .call: "call"
        case .listen, .unlisten, .notify: "notify"
        case .lock: "lock"
        case .vacuum, .analyze, .cluster, .reindex, .refreshMaterializedView, .checkpoint: "maintenance"
        case .load, .alterSystem: "server"
        case .createRole, .alterRole, .alterRoleSet, .dropRole, .grantRole, .reassignOwned: "role"
        case .createTable, .createTableAs, .selectInto, .createView, .createSequence, .createIndex,
            .createStatistics, .createSchema, .createFunction, .createTrigger, .createRule, .createType,
            .createDomain, .createOperator, .createAggregate, .createTextSearch, .createCollation,
            .createConversion, .createCast, .createTransform, .createOperatorClass, .createPolicy,
            .createEventTrigger, .createAccessMethod, .createLanguage, .createExtension, .alterExtension,
            .createForeignDataWrapper, .createServer, .createUserMapping, .createForeignTable,
            .importForeignSchema, .dropForeign, .publication, .subscription, .createTablespace,
            .createDatabase, .alterDatabase, .alterDatabaseSet, .dropDatabase, .alterTable, .alterObject,
            .alterFunction, .rename, .drop, .dropRelation, .comment, .securityLabel, .grant,
            .alterDefaultPrivileges,
            .dropOwned, .alterOwner:
            "ddl"
        case .unknown: "unknown"
        }
    }
}
