import Audit
import AuditTree
import GatewayConfiguration
import GatewayServers
import Synchronization

/// A PostgreSQL table that takes a log's checkpoints, a row each: origin, records covered, and the note as it was signed.
///
/// One that stands there already is left as it is, and must say the same: another tree of the same size is another history.
package final class TableAnchor: AnchorSink {
    /// For a connection, and for all checkpoints of one call; nanoseconds.
    private static let connecting: Int64 = 10_000_000_000
    private static let writing: Int64 = 20_000_000_000
    private static let times = ServerLogin.Times(statement: 10_000, lock: 10_000, sending: 20_000)

    private let destination: ShippingDestination
    private let login: ServerLogin
    private let resolver: NameResolver
    /// The one of the last call, as long as it holds.
    private let connection = Mutex<ServerConnection?>(nil)

    /// - Parameters:
    ///   - networks: where servers of the destination's region may be; empty: anywhere.
    ///   - lookup: resolves names; default getaddrinfo(3).
    package init(_ destination: ShippingDestination, networks: [Network], lookup: NameLookup? = nil) {
        self.destination = destination
        login = ServerLogin(
            to: destination, networks: networks, applicationName: "domicile anchor",
            times: TableAnchor.times)
        resolver = NameResolver(host: destination.host, lookup: lookup ?? NameResolver.system)
    }

    /// The destination's name.
    package var name: String { destination.name }
    package var limit: Int { 64 }

    package func write(_ notes: [SignedNote], isRetry: Bool) throws(AuditError) {
        let reason = connection.withLock { kept -> String? in
            do throws(Failure) {
                if kept == nil { kept = try connect() }
                guard let open = kept else { return nil }
                for note in notes { try insert(note, open) }
                return nil
            } catch {
                kept?.abandon()
                kept = nil
                return error.description
            }
        }
        if let reason { throw .anchor(place: name, reason: reason) }
    }

    private enum Failure: Error, CustomStringConvertible {
        case server(ServerFault)
        case note
        case anotherHistory(size: UInt64)

        var description: String {
            switch self {
            case .server(let fault): fault.description
            case .note: "what is to go there is no checkpoint"
            case .anotherHistory(let size): "another checkpoint of \(size) records is there: another history"
            }
        }
    }

    private func connect() throws(Failure) -> ServerConnection {
        do throws(ServerFault) {
            return try ServerConnection.connect(
                to: login, by: resolver, until: ServerClock.now() &+ TableAnchor.connecting)
        } catch {
            throw .server(error)
        }
    }

    private func insert(_ note: SignedNote, _ connection: ServerConnection) throws(Failure) {
        guard let checkpoint = Checkpoint(text: note.text) else { throw .note }
        let deadline = ServerClock.now() &+ TableAnchor.writing
        let table = SQLIdentifier.quoted(destination.checkpoints.schema, destination.checkpoints.name)
        let key = [checkpoint.origin, String(checkpoint.size)]
        do throws(ServerFault) {
            let added = try connection.query(
                "INSERT INTO \(table) (origin, size, note) VALUES ($1, $2, $3) "
                    + "ON CONFLICT (origin, size) DO NOTHING RETURNING true",
                key + [String(decoding: note.bytes, as: UTF8.self)], until: deadline)
            guard added.isEmpty else { return }
            let there = try connection.query(
                "SELECT note FROM \(table) WHERE origin = $1 AND size = $2", key, until: deadline)
            let kept = there.first?.first.flatMap { $0 }.flatMap { SignedNote(Array($0.utf8)) }
            // Another key may have signed the same.
            if kept?.text == note.text { return }
        } catch {
            throw .server(error)
        }
        throw .anotherHistory(size: checkpoint.size)
    }
}
