import GatewayConfiguration
import Synchronization

/// The revocations of a gateway: in memory for every login to look at, in a file that survives restarts and
/// `kill -9`. What is read takes a lock for a moment; what is written waits for the disk.
package final class RevocationStore: Sendable {
    private struct State {
        var list: RevocationList
        var format: RevocationFormat
        /// Lines in the file, those included that count no more.
        var lines: Int
        /// The end of the file is known, so that a line may be added to it.
        var isWhole: Bool
    }

    /// Lines that may stand in the file beside those that count before it is written anew.
    private static let superfluous = 1_000
    /// The greatest `leeway` that a configuration may say, in seconds: nobody accepts an expired token for longer.
    private static let greatestLeeway: Int64 = 300

    private let files: any RevocationFiles
    private let state: Mutex<State>
    /// One writer at a time; whoever looks a token up does not wait for it.
    private let writing = Mutex<Void>(())
    /// Bytes of an unconfirmed line that were cut off at the start.
    package let tornBytes: Int

    /// Reads the file `revocations` of a folder, or makes it.
    /// - Parameter now: Unix seconds; what can match no token any more is forgotten.
    /// - Throws: where the file cannot be read or is damaged, or another process has it.
    package convenience init(folder: String, now: Int64) throws(RevocationStoreError) {
        try self.init(files: try RevocationFolder(folder), path: folder + "/revocations", now: now)
    }

    package init(files: any RevocationFiles, path: String, now: Int64) throws(RevocationStoreError) {
        self.files = files
        guard let bytes = try files.read(limit: RevocationFormat.fileLimit) else {
            try files.replace(Array((RevocationFormat.firstLine + "\n").utf8))
            tornBytes = 0
            state = Mutex(
                State(list: RevocationList(), format: RevocationFormat(), lines: 0, isWhole: true))
            return
        }
        let (read, whole, format) = try RevocationFormat.read(bytes, path: path)
        if whole < bytes.count { try files.truncate(to: whole) }
        tornBytes = bytes.count - whole
        let list = try Self.list(read, now: now)
        state = Mutex(State(list: list, format: format, lines: read.count, isWhole: true))
    }

    /// The list in the file of a folder, read beside the gateway that has it; nil where there is none.
    /// - Parameter now: Unix seconds.
    package static func list(folder: String, now: Int64) throws(RevocationStoreError) -> RevocationList? {
        let path = folder + "/revocations"
        guard let bytes = try RevocationFolder.contents(of: path, limit: RevocationFormat.fileLimit) else {
            return nil
        }
        return try list(RevocationFormat.read(bytes, path: path).list, now: now)
    }

    private static func list(
        _ read: [Revocation], now: Int64
    ) throws(RevocationStoreError) -> RevocationList {
        var list = RevocationList()
        for revocation in read where !list.add(revocation) { throw .full(limit: RevocationList.limit) }
        list.expire(now: now)
        return list
    }

    /// Whether a token is revoked. Asked at each login, whatever else of the token is remembered.
    package func revokes(_ token: VerifiedToken, leeway: Duration) -> Bool {
        let (seconds, attoseconds) = leeway.components
        return state.withLock { $0.list.revokes(token, leeway: seconds + (attoseconds > 0 ? 1 : 0)) }
    }

    package var count: Int { state.withLock { $0.list.count } }

    /// All that hold, in the order in which they were said.
    package var all: [Revocation] { state.withLock { $0.list.all } }

    /// Refuses from now on; nothing is on disk yet (`store`).
    /// - Throws: `full`.
    package func hold(_ revocation: Revocation) throws(RevocationStoreError) {
        guard state.withLock({ $0.list.add(revocation) }) else { throw .full(limit: RevocationList.limit) }
    }

    /// Writes a revocation and returns when it is on disk. Blocks.
    /// - Throws: where it could not be written. It holds until the process ends; the next call writes the whole list.
    package func store(_ revocation: Revocation, now: Int64) throws(RevocationStoreError) {
        let result = writing.withLock { _ -> Result<Void, RevocationStoreError> in
            do throws(RevocationStoreError) {
                try hold(revocation)
                return .success(try write(revocation, now: now))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// The one that is in force for exactly this name.
    package func revocation(of scope: Revocation.Scope, issuer: String) -> Revocation? {
        state.withLock { $0.list.revocation(of: scope, issuer: issuer) }
    }

    /// Lifts a revocation: from the file first, then from the list, so that it holds on where the disk fails. Returns
    /// when that is on disk. Blocks.
    /// - Throws: where the file could not be written; the revocation holds.
    package func lift(_ revocation: Revocation, now: Int64) throws(RevocationStoreError) {
        let result = writing.withLock { _ -> Result<Void, RevocationStoreError> in
            do throws(RevocationStoreError) {
                try compact(now: now, without: revocation)
                state.withLock { $0.list.remove(revocation) }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    private func write(_ revocation: Revocation, now: Int64) throws(RevocationStoreError) {
        var (format, mayAppend) = state.withLock { state in
            (state.format, state.isWhole && state.lines < 2 * state.list.count + Self.superfluous)
        }
        guard mayAppend else { return try compact(now: now) }
        let line = try format.line(revocation)
        do throws(RevocationStoreError) {
            try files.append(line)
        } catch {
            // How much of the line is there is not known: another file takes its place, now or with the next one.
            state.withLock { $0.isWhole = false }
            return try compact(now: now)
        }
        state.withLock { state in
            state.format = format
            state.lines += 1
        }
    }

    /// Writes the file anew, with what still counts.
    private func compact(now: Int64, without lifted: Revocation? = nil) throws(RevocationStoreError) {
        let all = state.withLock { state in
            state.list.expire(now: now)
            return state.list.all.filter { $0 != lifted }
        }
        var format = RevocationFormat()
        var bytes = Array((RevocationFormat.firstLine + "\n").utf8)
        for revocation in all { bytes += try format.line(revocation) }
        try files.replace(bytes)
        state.withLock { state in
            state.format = format
            state.lines = all.count
            state.isWhole = true
        }
    }

    /// From when on a revocation of a token that expires then is of no use.
    package static func uselessFrom(tokenExpires expires: Int64) -> Int64 {
        let (time, overflow) = expires.addingReportingOverflow(greatestLeeway)
        return overflow ? .max : time
    }
}
