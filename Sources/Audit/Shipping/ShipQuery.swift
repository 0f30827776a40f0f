import AuditTree
import GatewayConfiguration
import GatewayServers

/// What a destination is asked and told. `search_path` is empty: names are PostgreSQL's own.
enum ShipQuery {
    /// Encoding, whether it is a standby, and who is logged in.
    private static let server = """
        SELECT pg_catalog.current_setting('server_encoding'), pg_catalog.pg_is_in_recovery(), CURRENT_USER
        """

    /// Of `$1`.`$2`, a row for each column: its name and type, whether the role may insert it and read it, whether the role
    /// may use the schema, and whether (origin, `$3`) is unique. No row: no such table.
    private static let columns = """
        SELECT a.attname, pg_catalog.format_type(a.atttypid, NULL),
            pg_catalog.has_column_privilege(c.oid, a.attnum, 'INSERT'),
            pg_catalog.has_column_privilege(c.oid, a.attnum, 'SELECT'),
            pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
            EXISTS (SELECT FROM pg_catalog.pg_index i
                WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
                    AND i.indpred IS NULL AND i.indexprs IS NULL AND ARRAY['origin', $3] = (
                        SELECT pg_catalog.array_agg(b.attname::pg_catalog.text ORDER BY k.place)
                        FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY k(number, place)
                        JOIN pg_catalog.pg_attribute b ON b.attrelid = c.oid AND b.attnum = k.number
                        WHERE k.place <= i.indnkeyatts))
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE n.nspname = $1 AND c.relname = $2 AND c.relkind IN ('r', 'p')
        """

    private static func quoted(_ table: ShippingDestination.Table) -> String {
        SQLIdentifier.quoted(table.schema, table.name)
    }

    private static func newest(in table: ShippingDestination.Table) -> String {
        "SELECT seq, pg_catalog.encode(leaf, 'hex') FROM \(quoted(table)) WHERE origin = $1 "
            + "ORDER BY seq DESC LIMIT 1"
    }

    /// The statement that takes rows of `ShipRows`.
    static func copy(into table: ShippingDestination.Table, _ content: ShipTarget.Content) -> String {
        let columns = ShipRows.columns(of: content).map { SQLIdentifier.quoted($0) }
        return "COPY \(quoted(table)) (\(columns.joined(separator: ", "))) FROM STDIN"
    }

    /// The newest row of an origin; nil: there is none.
    static func newestRow(
        _ connection: ServerConnection, of origin: String, in table: ShippingDestination.Table,
        until deadline: Int64
    ) throws(ShipFailure) -> ShipMachine.Row? {
        let rows = try ask(connection, newest(in: table), [origin], until: deadline)
        guard let row = rows.first else { return nil }
        guard row.count == 2, let seq = row[0].flatMap({ UInt64($0) }), seq < .max,
            let leaf = row[1].flatMap({ hash(hexadecimal: $0) })
        else { throw .newest }
        return ShipMachine.Row(seq: seq, leaf: leaf)
    }

    static func hash(hexadecimal text: String) -> TreeHash? {
        let digits = Array(text.utf8)
        guard digits.count == TreeHash.size * 2 else { return nil }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[at...(at + 1)], as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(byte)
        }
        return TreeHash(bytes)
    }

    private static func ask(
        _ connection: ServerConnection, _ sql: String, _ parameters: [String], until deadline: Int64
    ) throws(ShipFailure) -> [[String?]] {
        do throws(ServerFault) {
            return try connection.query(sql, parameters, until: deadline)
        } catch {
            throw .server(error)
        }
    }

    // MARK: - What is missing

    /// What speaks against sending there, each with what mends it; empty: nothing.
    static func lacking(
        _ connection: ServerConnection, _ shape: TableShape, until deadline: Int64
    ) throws(ShipFailure) -> [String] {
        guard let server = try ask(connection, server, [], until: deadline).first, server.count == 3 else {
            throw .server(.failure(.unexpectedAnswer("no encoding")))
        }
        var lacks: [String] = []
        if server[0] != "UTF8" { lacks.append("the database's encoding is \(server[0] ?? ""), not UTF8") }
        if server[1] != "f" { lacks.append("the server is a standby") }
        let rows = try ask(
            connection, columns, [shape.table.schema, shape.table.name, shape.key], until: deadline)
        return lacks + lacking(rows, shape, role: SQLIdentifier.quoted(server[2] ?? ""))
    }

    /// The same of the rows of `columns`.
    private static func lacking(_ rows: [[String?]], _ shape: TableShape, role: String) -> [String] {
        let name = quoted(shape.table)
        guard let first = rows.first, first.count == 6 else { return ["there is no table \(name)"] }
        var lacks: [String] = []
        for column in shape.columns {
            let types = shape.types(of: column)
            guard let row = rows.first(where: { $0.first == column }) else {
                lacks.append("\(name) has no column \(column) of type \(types[0])")
                continue
            }
            if !types.contains(row[1] ?? "") {
                lacks.append("\(name).\(column) is of type \(row[1] ?? ""), not \(types[0])")
            }
        }
        func isRefused(_ right: Int, _ columns: [String]) -> Bool {
            rows.contains { row in columns.contains(row[0] ?? "") && row[right] != "t" }
        }
        if first[4] != "t" {
            lacks.append("GRANT USAGE ON SCHEMA \(SQLIdentifier.quoted(shape.table.schema)) TO \(role);")
        }
        if isRefused(2, shape.columns) { lacks.append("GRANT INSERT ON \(name) TO \(role);") }
        if isRefused(3, shape.read) {
            lacks.append("GRANT SELECT (\(shape.read.joined(separator: ", "))) ON \(name) TO \(role);")
        }
        if first[5] != "t" { lacks.append("ALTER TABLE \(name) ADD PRIMARY KEY (origin, \(shape.key));") }
        return lacks
    }
}
