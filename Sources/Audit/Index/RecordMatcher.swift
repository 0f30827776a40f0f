import Audit

/// Whether records fit what is searched for. Exact: what the index says only saves reading.
struct RecordMatcher {
    private let conditions: SearchConditions
    private let isAboutStatements: Bool
    private let isAboutIdentity: Bool
    private let isAboutTypes: Bool
    private let isAboutStates: Bool
    private let since: [UInt8]
    private let until: [UInt8]
    private let session: [UInt8]?
    private let text: [UInt8]
    /// The part of the text that stands in a record as it is, without escapes.
    private let plain: [UInt8]
    private var types: [String: Bool] = [:]
    private var identities: [UInt64: Bool] = [:]
    private var statements = StatementFacts.Memory()

    init(_ conditions: SearchConditions) {
        self.conditions = conditions
        isAboutStatements = conditions.isAboutStatements
        isAboutIdentity = !conditions.identityKeys.isEmpty
        isAboutTypes = conditions.patterns[.type] != nil
        isAboutStates = conditions.patterns[.sqlstate] != nil
        since = RecordClock.text(conditions.since ?? 0)
        until = RecordClock.text(conditions.until ?? .max)
        session = conditions.session.map { Array($0.utf8) }
        text = RecordMatcher.lowered(Array((conditions.text ?? "").utf8))
        plain =
            text.split { $0 < 0x20 || $0 > 0x7e || $0 == 0x22 || $0 == 0x5c }
            .max { $0.count < $1.count }.map(Array.init) ?? []
    }

    /// - Parameters:
    ///   - identity: who and where the record's session is, as far as it is known.
    ///   - failed: whether the statement that a session's message made or was ended with an SQLSTATE that is asked for.
    mutating func fits(
        _ record: RecordScanner, identity: (UInt64) throws -> SessionIdentity?,
        failed: (UInt64, UInt64) throws -> Bool
    ) rethrows -> Bool {
        guard fitsTime(record), fitsType(record), fitsSession(record) else { return false }
        if conditions.isRefused, !record.isRefused { return false }
        if isAboutStatements, !fitsStatement(record) { return false }
        guard try fitsIdentity(record, identity) else { return false }
        return try fitsState(record, failed)
    }

    private func fitsTime(_ record: RecordScanner) -> Bool {
        if conditions.since == nil, conditions.until == nil { return true }
        guard let time = record.rawText(.time) else { return false }
        return !time.lexicographicallyPrecedes(since) && !until.lexicographicallyPrecedes(time)
    }

    private mutating func fitsType(_ record: RecordScanner) -> Bool {
        guard isAboutTypes else { return true }
        guard let type = record.text(.type) else { return false }
        if let known = types[type] { return known }
        let fits = conditions.fits(.type, type)
        if types.count < RecordMatcher.rememberedTypes { types[type] = fits }
        return fits
    }

    private static let rememberedTypes = 64

    private func fitsSession(_ record: RecordScanner) -> Bool {
        guard let session else { return true }
        // Names of sessions are hex digits; one with an escape in it is compared as what it means.
        return record.rawText(.session)?.elementsEqual(session) == true
            || record.text(.session) == conditions.session || record.text(.target) == conditions.session
    }

    private mutating func fitsStatement(_ record: RecordScanner) -> Bool {
        guard let raw = record.rawText(.sql) else { return false }
        if !text.isEmpty {
            guard RecordMatcher.contains(raw, plain) else { return false }
            guard
                plain.count == text.count
                    || record.text(.sql).map({ RecordMatcher.contains(Array($0.utf8)[...], text) }) == true
            else { return false }
        }
        let keys: [SearchKey] = [.statementClass, .relation, .fingerprint]
        guard keys.contains(where: { conditions.patterns[$0] != nil }) else { return true }
        guard !record.has(.of), let facts = statements.facts(record) else { return false }
        return keys.allSatisfy { key in
            guard conditions.patterns[key] != nil else { return true }
            return RecordMatcher.values(of: key, in: facts).contains { conditions.fits(key, $0) }
        }
    }

    /// What a statement has of a key.
    static func values(of key: SearchKey, in facts: StatementFacts) -> [String] {
        switch key {
        case .statementClass: facts.classes
        case .relation: facts.relations
        case .fingerprint: facts.fingerprint.map { [$0] } ?? []
        case .type, .subject, .planner, .task, .database, .replica, .role, .issuer, .rule, .sqlstate,
            .refused,
            .target:
            []
        }
    }

    private mutating func fitsIdentity(
        _ record: RecordScanner, _ identity: (UInt64) throws -> SessionIdentity?
    ) rethrows -> Bool {
        guard isAboutIdentity else { return true }
        let session = record.sessionSum
        guard let own = record.identitySum else {
            return conditions.fits(try session.flatMap { try identity($0) })
        }
        let sum = own &+ (session ?? 0) &* 0x9e37_79b9_7f4a_7c15
        if let known = identities[sum] { return known }
        let fits = conditions.fits(
            try session.flatMap { try identity($0) }, own: SessionIdentity(record))
        if identities.count >= IndexLimits.liveSessions { identities.removeAll() }
        identities[sum] = fits
        return fits
    }

    private func fitsState(
        _ record: RecordScanner, _ failed: (UInt64, UInt64) throws -> Bool
    ) rethrows -> Bool {
        guard isAboutStates else { return true }
        if let state = record.text(.sqlstate) { return conditions.fits(.sqlstate, state) }
        guard record.has(.sql), let session = record.sessionSum,
            let message = record.unsigned(.message) ?? record.unsigned(.of)
        else { return false }
        return try failed(session, message)
    }

    // MARK: Bytes

    private static func lowered(_ bytes: [UInt8]) -> [UInt8] { bytes.map(lowered) }

    private static func lowered(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }

    /// Whether bytes hold others, which are in lower case.
    private static func contains(_ bytes: ArraySlice<UInt8>, _ wanted: [UInt8]) -> Bool {
        guard let first = wanted.first else { return true }
        // SAFETY: both pointers are used only inside the closures; `at + wanted.count` never passes the end.
        return bytes.withUnsafeBufferPointer { bytes in
            wanted.withUnsafeBufferPointer { wanted in
                var at = 0
                while at + wanted.count <= bytes.count {
                    if lowered(bytes[at]) == first {
                        var same = 1
                        while same < wanted.count, lowered(bytes[at + same]) == wanted[same] { same += 1 }
                        if same == wanted.count { return true }
                    }
                    at += 1
                }
                return false
            }
        }
    }
}
