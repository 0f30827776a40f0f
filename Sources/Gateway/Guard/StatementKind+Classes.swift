import SQLText

/// What a statement's kind alone says of it.
extension StatementKind {
    /// Changes a relation that it names, which may be a temporary one.
    var changesRelation: Bool {
        switch self {
        case .dropRelation, .alterTable, .createIndex: true
        default: false
        }
    }

    /// Makes a relation that may be temporary.
    var makesRelation: Bool {
        switch self {
        case .createTable, .createTableAs, .selectInto, .createView, .createSequence: true
        default: false
        }
    }

    /// Classes that it belongs to by its kind; nil for one whose names and settings say all.
    var classes: GuardedClasses? {
        switch self {
        case .select, .values, .insert, .update, .delete, .merge, .begin, .commit, .rollback, .savepoint,
            .prepareTransaction, .commitPrepared, .rollbackPrepared, .set, .reset, .show, .discard, .prepare,
            .execute, .deallocate, .declareCursor, .fetch, .closeCursor, .explain, .copy, .listen, .unlisten,
            .notify, .lock, .setConstraints, .truncate, .vacuum, .analyze, .cluster, .reindex,
            .refreshMaterializedView, .checkpoint:
            nil
        case .do: .hidden
        // What a procedure reaches the catalogue says.
        case .call: [.opaque, .readOnly]
        // What a library does as it is loaded nobody sees.
        case .load: .hidden
        case .alterSystem: [.egress, .readOnly]
        // EXPLAIN ANALYZE of these makes the table, also in a read-only transaction (measured with PostgreSQL 15).
        case .createTableAs, .selectInto: [.ddl, .readOnly]
        case .createTable, .createView, .createSequence, .createIndex, .createStatistics, .createSchema,
            .createFunction, .createTrigger, .createRule, .createType,
            .createDomain, .createOperator, .createAggregate, .createTextSearch, .createCollation,
            .createConversion, .createCast, .createTransform, .createOperatorClass, .createPolicy,
            .createEventTrigger, .createAccessMethod, .createDatabase, .alterDatabase, .dropDatabase,
            .alterTable, .alterObject, .alterFunction, .rename, .drop, .dropRelation, .comment,
            .securityLabel, .grant,
            .alterDefaultPrivileges, .dropOwned, .alterOwner, .dropForeign:
            .ddl
        case .createLanguage, .createExtension, .alterExtension, .createForeignDataWrapper, .createServer,
            .createUserMapping, .createForeignTable, .importForeignSchema, .publication, .subscription,
            .createTablespace:
            [.egress, .ddl]
        case .createRole, .alterRole, .dropRole, .grantRole: [.roleChange, .ddl]
        case .alterRoleSet, .alterDatabaseSet: [.roleChange, .ddl, .readOnly]
        case .reassignOwned: [.roleChange, .ddl]
        case .unknown: .hidden
        }
    }
}
