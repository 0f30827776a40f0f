/// A table of PostgreSQL's catalogue, as far as clients' start-up queries and psql's commands look at it.
struct CatalogueTable {
    let name: String
    let columns: [TableColumn]
    private(set) var rows: [[ConsoleValue]] = []

    /// - Parameter columns: names, each followed by `:i` for a number or `:b` for a truth value; else text.
    init(_ name: String, _ columns: String) {
        self.name = name
        let named = columns.split(separator: " ").map { word in
            let parts = word.split(separator: ":")
            let type: ConsoleType = parts.count < 2 ? .text : parts[1] == "i" ? .integer : .boolean
            return TableColumn(String(parts[0]), type)
        }
        // Every table of PostgreSQL's has these, and `*` leaves them out.
        let system = name.hasPrefix("pg_") ? ["tableoid", "xmin", "ctid"] : []
        self.columns =
            named
            + system.filter { column in !named.contains { $0.name == column } }.map {
                TableColumn($0, .integer, isHidden: true)
            }
    }

    /// Adds a row; what is not said is NULL, or false where it is a truth value.
    mutating func add(_ values: [String: ConsoleValue]) {
        rows.append(
            columns.map { column in
                values[column.name] ?? (column.type == .boolean ? .integer(0) : .null)
            })
    }

    var table: SnapshotTable {
        let rows = rows
        return SnapshotTable(name, columns) { () throws(ConsoleError) in rows }
    }
}
