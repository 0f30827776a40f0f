import Audit
import Foundation
import Glibc
import Synchronization

/// A folder that goes away with the test.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "domicile-audit-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func settings(
        _ name: String = "log", durability: AuditDurability = .acknowledged, segmentBytes: Int = 256 << 20
    ) -> AuditLogSettings {
        AuditLogSettings(
            region: "eu-west-1", folder: path + "/" + name, gateway: "gw-test", durability: durability,
            segmentBytes: segmentBytes, retryInterval: .milliseconds(1))
    }

    func segment(_ first: Int, of name: String = "log") -> String {
        path + "/\(name)/segments/" + String(format: "%020d.jsonl", first)
    }
}

/// Clocks that only move when told.
final class TestClock: Sendable {
    private let micros = Atomic<Int64>(1_700_000_000_000_000)
    private let running = Atomic<Int64>(1_000_000)

    var clocks: LogClocks {
        LogClocks(
            time: { self.micros.load(ordering: .relaxed) },
            monotonic: { self.running.load(ordering: .relaxed) })
    }

    func set(_ time: Int64) { micros.store(time, ordering: .relaxed) }
    func advance(_ by: Int64) {
        micros.add(by, ordering: .relaxed)
        running.add(by, ordering: .relaxed)
    }
}

/// File operations on a real folder of which some fail, as a test decides before each.
final class FaultyFiles: LogFiles {
    enum Operation: String, CaseIterable {
        case create, draft, publish, write, cut, room, sync, syncFolder, standing
    }
    enum Fault: Equatable {
        case none
        case error(Int32)
        /// A write takes only so many bytes.
        case short(Int)
        /// A write takes so many bytes, and then fails.
        case torn(Int, Int32)
    }

    private let folder: SegmentFolder
    private let decide: Mutex<@Sendable (Operation) -> Fault>
    private let pending = Mutex<Int32?>(nil)

    init(_ folder: SegmentFolder, _ decide: @escaping @Sendable (Operation) -> Fault) {
        self.folder = folder
        self.decide = Mutex(decide)
    }

    /// What is decided may call the log, which comes here again.
    private func decided(_ operation: Operation) -> Fault { decide.withLock { $0 }(operation) }

    private func check(_ operation: Operation) throws(FileFault) {
        if case .error(let code) = decided(operation) {
            throw FileFault(operation: operation.rawValue, path: "injected", code: code)
        }
    }

    func path(of first: UInt64) -> String { folder.path(of: first) }

    func create(_ first: UInt64) throws(FileFault) -> SegmentFile {
        try check(.create)
        return try folder.create(first)
    }

    func draft(_ first: UInt64) throws(FileFault) -> SegmentFile {
        try check(.draft)
        return try folder.draft(first)
    }

    func publish(_ first: UInt64) throws(FileFault) {
        try check(.publish)
        try folder.publish(first)
    }

    func write(_ bytes: Span<UInt8>, to file: SegmentFile) throws(FileFault) -> Int {
        if let code = pending.withLock({ code in
            defer { code = nil }
            return code
        }) {
            throw FileFault(operation: "write", path: "injected", code: code)
        }
        switch decided(.write) {
        case .none: return try folder.write(bytes, to: file)
        case .error(let code): throw FileFault(operation: "write", path: "injected", code: code)
        case .short(let count):
            return try folder.write(bytes.extracting(..<min(bytes.count, count)), to: file)
        case .torn(let count, let code):
            pending.withLock { $0 = code }
            return try folder.write(bytes.extracting(..<min(bytes.count, count)), to: file)
        }
    }

    func cut(_ file: SegmentFile, to length: Int) throws(FileFault) {
        try check(.cut)
        try folder.cut(file, to: length)
    }

    func checkRoom(for bytes: Int, behind file: SegmentFile) throws(FileFault) {
        try check(.room)
        try folder.checkRoom(for: bytes, behind: file)
    }

    func sync(_ file: SegmentFile) throws(FileFault) {
        try check(.sync)
        try folder.sync(file)
    }

    func syncFolder() throws(FileFault) {
        try check(.syncFolder)
        try folder.syncFolder()
    }

    func standing(_ file: SegmentFile) throws(FileFault) -> Int? {
        try check(.standing)
        return try folder.standing(file)
    }

    func close(_ file: SegmentFile) { folder.close(file) }
}

/// A batch of outcome records that carry a mark.
func marked(_ marks: [Int], padding: Int = 0) -> RecordBatch {
    var batch = RecordBatch(recordLimit: 65536)
    for mark in marks {
        batch.begin(.outcome)
        batch.add("mark", mark)
        if padding > 0 { batch.add("tag", String(repeating: "x", count: padding)) }
        batch.end()
    }
    return batch
}

extension AuditLog {
    /// Appends records with these marks; the number of the first.
    func append(marks: [Int], padding: Int = 0) throws(AuditError) -> UInt64 {
        var batch = marked(marks, padding: padding)
        return try append(&batch).first
    }
}

/// All records of a log; a test fails where they are not numbered without a gap.
func readAll(_ folder: String) throws -> [JSONValue] {
    let reader = try AuditReader(folder: folder)
    var records: [JSONValue] = []
    while let line = try reader.next() {
        guard line.isInSequence, let value = JSONValue(line.bytes) else { throw Gap(at: line.expected) }
        records.append(value)
    }
    return records
}

struct Gap: Error { let at: UInt64 }

extension [JSONValue] {
    /// The marks of records that have one.
    var marks: [Int] { compactMap { $0["mark"]?.unsigned.map(Int.init) } }
}
