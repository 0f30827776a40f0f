import CLibpq
import Foundation
import GatewayCatalog
import GatewayServers

extension ServerConnection {
    /// How much of a catalogue may still be read, until when, and whether somebody wants it.
    struct Allowance {
        var rows: Int
        var bytes: Int
        let deadline: Int64
        let isWanted: () -> Bool

        /// How often it is looked whether it is still wanted, nanoseconds.
        fileprivate static let slice: Int64 = 100_000_000

        fileprivate mutating func spend(bytes count: Int) throws(CatalogFailure) {
            rows -= 1
            bytes -= count
            guard rows >= 0, bytes >= 0 else { throw .tooLarge }
        }
    }

    /// One statement without parameters, its rows handed over as they come (libpq, "Retrieving Query Results
    /// Row-by-Row"). After any failure the connection is of no further use.
    func read(
        _ sql: String, _ allowance: inout Allowance,
        row: ([String?]) throws(CatalogFailure) -> Void = { _ in }
    ) throws(CatalogFailure) {
        guard let connection, PQsendQueryParams(connection, sql, 0, nil, nil, nil, nil, 0) == 1,
            PQsetSingleRowMode(connection) == 1
        else { throw .replica(.lost) }
        while true {
            let flushed = PQflush(connection)
            guard flushed >= 0 else { throw .replica(.lost) }
            if flushed == 0 { break }
            try wait(connection, for: Int32(POLLIN | POLLOUT), allowance)
        }
        while let result = try nextResult(connection, allowance) {
            defer { PQclear(result) }
            switch PQresultStatus(result) {
            case PGRES_SINGLE_TUPLE:
                var length = 0
                let cells = ServerConnection.cells(of: result, &length)
                try allowance.spend(bytes: length)
                try row(cells)
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK: break
            default: throw ServerConnection.failure(of: result)
            }
        }
        guard PQstatus(connection) == CONNECTION_OK else { throw .replica(.lost) }
    }

    /// nil: the statement has been answered.
    private func nextResult(
        _ connection: OpaquePointer, _ allowance: Allowance
    ) throws(CatalogFailure) -> OpaquePointer? {
        while PQisBusy(connection) != 0 { try wait(connection, for: Int32(POLLIN), allowance) }
        return PQgetResult(connection)
    }

    private func wait(
        _ connection: OpaquePointer, for conditions: Int32, _ allowance: Allowance
    ) throws(CatalogFailure) {
        while true {
            guard allowance.isWanted() else { throw .stopped }
            let now = ServerClock.now()
            guard now < allowance.deadline else { throw .replica(.queryTimeout) }
            let until = min(allowance.deadline, now &+ Allowance.slice)
            if ServerClock.wait(PQsocket(connection), for: conditions, until: until) { break }
        }
        guard PQconsumeInput(connection) == 1 else { throw .replica(.lost) }
    }

    private static func cells(of result: OpaquePointer, _ length: inout Int) -> [String?] {
        (0..<PQnfields(result)).map { column in
            guard PQgetisnull(result, 0, column) == 0, let text = PQgetvalue(result, 0, column) else {
                return nil
            }
            length += Int(PQgetlength(result, 0, column))
            return String(cString: text)
        }
    }

    private static func failure(of result: OpaquePointer) -> CatalogFailure {
        switch fault(of: result) {
        case .failure(let failure): .replica(failure)
        case .difference(let difference): .difference(difference)
        }
    }
}
