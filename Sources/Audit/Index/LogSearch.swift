import Audit

/// A record that was found.
package struct FoundRecord: Sendable {
    /// The log's region, or its folder's name where nothing names it.
    package let region: String
    package let line: RecordLine
    /// As it stands in the record; empty where it has none.
    package let time: String
    /// Who and where its session is, as far as it is known.
    package let identity: SessionIdentity?
    package let session: String?
}

/// Searches one log, through its index as far as that goes and by reading behind it. One record after the other:
/// memory does not grow with the log.
package final class LogSearch {
    /// What a search tells meanwhile.
    package struct Notices {
        /// So many more bytes of the part that is not in the index were read.
        package var progress: (Int) -> Void = { _ in }
        package var damaged: (RecordLine) -> Void = { _ in }
        package var note: (String) -> Void = { _ in }

        package init() {}
    }

    package let log: String
    package let region: String
    private let notices: Notices
    private var index: LogIndex?
    private var candidates: IndexCandidates?
    private var failed: FailedStatements?
    private var matcher: RecordMatcher
    private var scanner = RecordScanner()
    private var nextBlock = 0
    /// Of the block that was read last.
    private var text: [UInt8] = []
    private var reader: AuditReader?
    private var found: [FoundRecord] = []
    private var given = 0
    /// Of sessions whose identity was read here.
    private var read: [UInt64: SessionIdentity] = [:]
    /// Of sessions that were looked up in the index.
    private var known: [UInt64: SessionIdentity?] = [:]

    /// - Parameter index: brought up to the log's end, or as far as may be; nil: the log alone is read.
    package init(
        log: String, conditions: SearchConditions, index: LogIndex?, notices: Notices = Notices()
    ) throws(AuditError) {
        self.log = log
        self.index = index
        self.notices = notices
        matcher = RecordMatcher(conditions)
        region = try AuditReader(folder: log).region ?? String(log.split(separator: "/").last ?? "/")
        do {
            let end = try index?.end ?? LogSearch.beginning
            if conditions.patterns[.sqlstate] != nil {
                failed = try FailedStatements(
                    log: log, from: end, conditions, progress: notices.progress,
                    execution: { session, message in try? index?.statement(ofExecution: message, in: session)
                    })
                if failed?.isCut == true {
                    notices.note("too many statements failed so: not all of them are found without the index")
                }
            }
            candidates = try index.map { try IndexCandidates($0, conditions, failed: failed) }
        } catch let error as AuditError {
            throw error
        } catch {
            abandonIndex(error)
        }
    }

    private static let beginning = LogPlace(position: 0, segment: nil, offset: 0)

    /// Bytes of a log behind a place.
    package static func bytes(of log: String, from index: LogIndex?) -> Int {
        LogSize.bytes(of: log, from: (try? index?.end) ?? beginning)
    }

    /// The next record that fits; nil: there is none.
    package func next() throws(AuditError) -> FoundRecord? {
        while true {
            if given < found.count {
                given += 1
                return found[given - 1]
            }
            found.removeAll(keepingCapacity: true)
            given = 0
            if let candidates, index != nil, let block = candidates.blocks.first(from: nextBlock) {
                try read(block: block)
                nextBlock = block + 1
            } else if !(try readBehind()) {
                return nil
            }
        }
    }

    // MARK: Reading

    private func read(block id: Int) throws(AuditError) {
        do {
            guard let index else { return }
            let block = try index.block(id)
            if let block, block.read(from: log, into: &text) {
                let sessions = candidates?.sessions
                try block.forEachLine(
                    of: text, in: log,
                    where: { line in
                        // Most lines of a block are other sessions'.
                        guard let sessions, let session = RecordScanner.sessionSum(ofHead: line) else {
                            return true
                        }
                        return sessions.contains(session)
                    }
                ) { try look(at: $0, remembers: false) }
                return
            }
            let segments = try SegmentName.list(log + "/segments")
            // What retention took is no contradiction.
            if let block, let first = segments.first, block.segment < first { return }
            if block == nil, try index.firstBlock > id { return }
            index.distrust()
            throw IndexError.broken(reason: "contradicts the log and is not used")
        } catch let error as AuditError {
            throw error
        } catch {
            let seq = try seq(ofBlock: id)
            abandonIndex(error)
            found.removeAll()
            reader = try AuditReader(folder: log, from: seq)
        }
    }

    /// The first record of a block, or one before it that certainly was not given yet.
    private func seq(ofBlock id: Int) throws(AuditError) -> UInt64 {
        if id == 0 { return 0 }
        if let block = try? index?.block(id) { return block.seq }
        // Where even that is not known: what was given would be given again.
        throw .notALog(
            path: log + "/" + IndexFile.name, reason: "contradicts the log: search with --no-index")
    }

    private func abandonIndex(_ error: any Error) {
        notices.note("\(error)")
        index = nil
        candidates = nil
    }

    /// Reads what is not in the index until something fits. False: that was all.
    private func readBehind() throws(AuditError) -> Bool {
        if reader == nil {
            reader = try AuditReader(folder: log, at: candidates?.end ?? LogSearch.beginning)
        }
        guard let reader else { return false }
        while let line = try reader.next() {
            notices.progress(line.bytes.count + 1)
            do {
                try look(at: line, remembers: true)
            } catch let error as AuditError {
                throw error
            } catch {
                abandonIndex(error)
                continue
            }
            if !found.isEmpty { return true }
        }
        return false
    }

    /// - Parameter remembers: who and where a session is, since it stands in no index.
    private func look(at line: RecordLine, remembers: Bool) throws {
        guard line.seq != nil, scanner.scan(line.bytes) else { return notices.damaged(line) }
        if !line.isInSequence { notices.damaged(line) }
        if remembers { remember() }
        // Nothing of a session comes behind its end.
        defer { if remembers, let session = scanner.sessionSum, isEnd { read[session] = nil } }
        let fits = try matcher.fits(scanner, identity: identity(of:)) { session, message in
            if failed?.contains(session, message) == true { return true }
            guard let index, let states = candidates?.states else { return false }
            return try index.failed(session, message, states: states)
        }
        guard fits else { return }
        found.append(
            FoundRecord(
                region: region, line: line, time: scanner.text(.time) ?? "",
                identity: try scanner.sessionSum.flatMap { try identity(of: $0) },
                session: scanner.text(.session)))
    }

    private var isEnd: Bool { scanner.rawText(.type)?.elementsEqual(LogSearch.end) == true }

    private static let end = Array("session.end".utf8)

    private func remember() {
        guard let session = scanner.sessionSum, scanner.identitySum != nil, read[session] == nil else {
            return
        }
        if read.count >= IndexLimits.liveSessions { read.removeAll() }
        read[session] = SessionIdentity(scanner)
    }

    /// Who and where a session is, as far as it is known.
    private func identity(of session: UInt64) throws -> SessionIdentity? {
        if let identity = read[session] { return identity }
        if let known = known[session] { return known }
        let identity = try index?.identity(of: session)
        if known.count >= IndexLimits.liveSessions { known.removeAll() }
        known[session] = .some(identity)
        return identity
    }
}

/// How many bytes of records a log has.
package enum LogSize {
    /// - Parameter place: where counting begins.
    package static func bytes(of log: String, from place: LogPlace) -> Int {
        let folder = log + "/segments/"
        let segments = (try? SegmentName.list(log + "/segments")) ?? []
        let all = segments.filter { $0 >= place.segment ?? 0 }.reduce(0) {
            $0 + (FileSize.bytes(folder + SegmentName.text($1)) ?? 0)
        }
        return max(0, all - (place.segment == nil ? 0 : place.offset))
    }
}
