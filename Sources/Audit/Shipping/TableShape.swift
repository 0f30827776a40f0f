import GatewayConfiguration

/// What a table at a destination must be like.
package struct TableShape: Sendable, Hashable {
    package let table: ShippingDestination.Table
    /// Columns that are written.
    let columns: [String]
    /// Columns that are read.
    let read: [String]
    /// The column that is unique together with `origin`.
    let key: String

    package static func records(_ table: ShippingDestination.Table) -> TableShape {
        TableShape(
            table: table, columns: ShipRows.columns(of: .records), read: ["origin", "seq", "leaf"], key: "seq"
        )
    }

    package static func hashes(_ table: ShippingDestination.Table) -> TableShape {
        TableShape(
            table: table, columns: ShipRows.columns(of: .hashes), read: ["origin", "seq", "leaf"], key: "seq")
    }

    /// Of a table that checkpoints go to.
    package static func checkpoints(_ table: ShippingDestination.Table) -> TableShape {
        TableShape(
            table: table, columns: ["origin", "size", "note"], read: ["origin", "size", "note"], key: "size")
    }

    /// Types that a column may have, the first one rather.
    func types(of column: String) -> [String] {
        switch column {
        case "seq", "size": ["bigint"]
        case "time": ["timestamp with time zone"]
        case "leaf": ["bytea"]
        // A json keeps its text as it came.
        case "record": ["text", "json"]
        default: ["text"]
        }
    }
}
