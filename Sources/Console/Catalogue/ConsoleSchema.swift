/// Everything that a session's statements can name: the gateway's tables, PostgreSQL's catalogue about them, functions.
struct ConsoleSchema {
    let tables: [any ConsoleTable]
    let functions: [EngineFunction]
    /// Of the columns that have one type in all of the gateway's tables.
    let columnTypes: [String: ConsoleType]

    init(
        source: any ConsoleSource, settings: ConsoleSettings, watch: StatementWatch
    ) {
        let records = RecordsTable(folder: source.folder, watch: watch, keeper: source.keeper)
        let checkpoints = CheckpointsTable(folder: source.folder)
        let own = source.tables
        let catalogue = Catalogue(
            [
                (records.name, records.columns.filter { !$0.isHidden }),
                (checkpoints.name, checkpoints.columns),
            ]
                + own.map { ($0.name, $0.columns) }, subject: source.subject,
            settings: settings)
        tables =
            [records, checkpoints, SeriesTable()]
            + own.map { SnapshotTable($0.name, $0.columns, rows: $0.rows) }
            + catalogue.tables
        functions = CatalogueFunctions(catalogue: catalogue).all + TimeFunctions.all
        var types: [String: ConsoleType?] = [:]
        for column in records.columns + checkpoints.columns + own.flatMap(\.columns) {
            if let known = types[column.name], known != column.type {
                types[column.name] = .some(nil)
            } else {
                types[column.name] = column.type
            }
        }
        columnTypes = types.compactMapValues { $0 }
    }
}
