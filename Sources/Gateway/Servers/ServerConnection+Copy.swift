import CLibpq
import Foundation
import GatewayRouting

extension ServerConnection {
    /// Bytes of rows that are handed to libpq at a time, so that it gathers no more than it can send.
    private static let pieceBytes = 64 << 10

    /// `COPY … FROM STDIN` alone in its transaction, which has ended when this returns (protocol: "COPY Operations", "Simple
    /// Query"). After any fault the connection is of no further use, and only the server knows whether the rows are there.
    ///
    /// - Parameter rows: in COPY's text format.
    /// - Returns: how many rows the server counted.
    package func copy(
        _ sql: String, _ rows: [UInt8], until deadline: Int64
    ) throws(ServerFault) -> UInt64 {
        guard let connection, PQsendQuery(connection, sql) == 1 else { throw .failure(.lost) }
        try flush(connection, until: deadline)
        try begin(connection, until: deadline)
        var sent = 0
        while sent < rows.count {
            let end = min(sent + ServerConnection.pieceBytes, rows.count)
            try put(rows[sent..<end], connection, until: deadline)
            sent = end
        }
        while true {
            let ended = PQputCopyEnd(connection, nil)
            guard ended >= 0 else { throw .failure(.lost) }
            try flush(connection, until: deadline)
            if ended == 1 { break }
        }
        return try count(connection, until: deadline)
    }

    /// The server has parsed the statement, has its locks and waits for rows.
    private func begin(_ connection: OpaquePointer, until deadline: Int64) throws(ServerFault) {
        guard let result = try nextResult(connection, until: deadline) else { throw .failure(.lost) }
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COPY_IN else { throw ServerConnection.fault(of: result) }
    }

    private func put(
        _ piece: ArraySlice<UInt8>, _ connection: OpaquePointer, until deadline: Int64
    ) throws(ServerFault) {
        while true {
            // SAFETY: libpq copies the bytes before it returns; their count is at most `pieceBytes`.
            let taken = piece.withUnsafeBytes { bytes in
                PQputCopyData(
                    connection, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
            }
            guard taken >= 0 else { throw .failure(.lost) }
            try flush(connection, until: deadline)
            if taken == 1 { return }
        }
    }

    /// What the server says of the whole, up to its ReadyForQuery.
    private func count(_ connection: OpaquePointer, until deadline: Int64) throws(ServerFault) -> UInt64 {
        var found: UInt64?
        var fault: ServerFault?
        while let result = try nextResult(connection, until: deadline) {
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_COMMAND_OK {
                found = PQcmdTuples(result).flatMap { UInt64(String(cString: $0)) }
            } else {
                fault = fault ?? ServerConnection.fault(of: result)
            }
        }
        if let fault { throw fault }
        guard PQstatus(connection) == CONNECTION_OK else { throw .failure(.lost) }
        guard let found else { throw .failure(.unexpectedAnswer("no count of the rows")) }
        return found
    }
}
