import Audit
import AuditIndex
import AuditTree
import Foundation
import Gateway

/// What operators read of the logs that a gateway writes. Each reading leaves an `admin` record first, as the database
/// `domicile` does it.
package struct LogReads: Sendable {
    package let operations: any GatewayOperations
    private let desk: LogDesk

    package init(operations: any GatewayOperations, desk: LogDesk) {
        self.operations = operations
        self.desk = desk
    }

    package var folders: [RegionFolder] { operations.regionFolders }

    /// Microseconds since 1970.
    static var now: Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) }

    private func note(_ target: String, by asker: OperatorIdentity) throws(LogFailure) {
        guard operations.recordRead(target, by: asker) else { throw .notRecorded }
    }

    /// A page of a search.
    package func records(
        _ fields: [String: String], for asker: OperatorIdentity
    ) async throws(LogFailure) -> FoundPage {
        let query = try RecordQuery(fields, in: folders, now: LogReads.now)
        try note(query.target, by: asker)
        return try await desk.run { [desk] isOver in
            let page = try LogReads.page(query, desk, isOver)
            guard !page.isStuck else { throw LogFailure.tooLong }
            return FoundPage(page)
        }
    }

    private static func page(
        _ query: RecordQuery, _ desk: LogDesk, _ isOver: () -> Bool
    ) throws(AuditError) -> BrowsedPage {
        var browses: [LogBrowse] = []
        for folder in query.folders {
            browses.append(
                try LogBrowse(
                    log: folder.folder, region: folder.region, conditions: query.conditions,
                    isDescending: query.isDescending, from: query.places[folder.region],
                    index: desk.index(of: folder.folder)))
        }
        return try BrowsedPage(
            browses, isDescending: query.isDescending, limit: query.limit, isOver: isOver)
    }

    /// Which records are to be followed.
    package func live(_ fields: [String: String], for asker: OperatorIdentity) throws(LogFailure)
        -> LiveFilter
    {
        let filter = try LiveFilter(fields, in: folders)
        try note(filter.target, by: asker)
        return filter
    }

    /// One record, with what proves that the newest checkpoint covers it.
    ///
    /// - Parameter region: nil: the gateway's own.
    package func record(
        _ seq: String, region: String?, for asker: OperatorIdentity
    ) async throws(LogFailure) -> ProvedRecord {
        guard let number = UInt64(seq) else { throw .wrong("seq is expected to be a number") }
        let folder = try folder(region)
        try note("record \(number) of \(folder.region)", by: asker)
        return try await desk.run { _ in
            guard let record = try ProvedRecord(number, in: folder) else {
                throw LogFailure.unknown("the log of \(folder.region) has no record \(number)")
            }
            return record
        }
    }

    /// The newest checkpoints of a log, the newest first.
    package func checkpoints(
        region: String?, limit: Int?, for asker: OperatorIdentity
    ) async throws(LogFailure) -> (region: String, checkpoints: [(Checkpoint, SignedNote)]) {
        let folder = try folder(region)
        try note("checkpoints of \(folder.region)", by: asker)
        let found = try await desk.run { _ in
            try CheckpointHistory.newest(of: folder.folder, limit: min(max(limit ?? 20, 1), 100))
        }
        return (folder.region, found)
    }

    /// A session's residency receipt.
    ///
    /// - Parameter region: nil: any.
    package func receipt(
        _ session: String, region: String?, for asker: OperatorIdentity
    ) async throws(LogFailure) -> ResidencyReceipt {
        let asked = try region.map { name throws(LogFailure) in [try folder(name)] } ?? folders
        guard !session.isEmpty, session.utf8.count <= RecordQuery.valueLimit else {
            throw .wrong("session is expected to be the name of one")
        }
        try note("receipt of \(session)", by: asker)
        return try await desk.run { [desk] isOver in
            for folder in asked {
                if let receipt = try LogReads.receipt(session, folder, desk, isOver) { return receipt }
            }
            throw LogFailure.unknown("no log of this gateway has a session \(Refusal.printable(session))")
        }
    }

    private static func receipt(
        _ session: String, _ folder: RegionFolder, _ desk: LogDesk, _ isOver: () -> Bool
    ) throws -> ResidencyReceipt? {
        var conditions = SearchConditions()
        conditions.session = session
        let browse = try LogBrowse(
            log: folder.folder, region: folder.region, conditions: conditions, isDescending: false, from: nil,
            index: desk.index(of: folder.folder))
        var start: RecordLine?
        var end: RecordLine?
        while let record = try browse.next(isOver) {
            guard record.session == session, let value = JSONValue(record.line.bytes) else { continue }
            let type = value["type"]?.string
            if type == "session.start" { start = record.line }
            end = record.line
            if type == "session.end" { break }
        }
        guard !browse.isCut else { throw LogFailure.tooLong }
        guard let start, let end else { return nil }
        return try ResidencyReceipt(first: start, last: end, folder: folder.folder)
    }

    func folder(_ region: String?) throws(LogFailure) -> RegionFolder {
        let folders = folders
        if let region { return try RecordQuery.folder(region, in: folders) }
        guard let own = folders.first else { throw .unknown("this gateway writes no log") }
        return own
    }
}

extension LogDesk {
    /// A log's search index as it is; nil where there is none that can be used. One that is far behind is caught up beside.
    func index(of log: String) -> LogIndex? {
        let found = (try? LogIndex.open(log: log, creating: false)) ?? nil
        keeper.look(at: log, found)
        return found
    }
}
