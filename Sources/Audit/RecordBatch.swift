import Glibc

/// Records on their way into one region's log, owned by one worker: what one turn of its loop has to say.
///
/// A record is encoded straight into the batch's bytes; `AuditLog.append` gives it its `seq` and `time`. Keys
/// stand in the order in which they are added, which is interface.md's. A record never becomes longer than
/// the record limit: SQL continues in records of type `text`, other strings beyond `RecordBatch.stringLimit`
/// are cut and say so, lists say how many elements more there were, and keys for which there was no room at
/// all are named in `left_out`.
package struct RecordBatch: ~Copyable, Sendable {
    /// Bytes (escaped) that a string other than SQL may take. A longer one is cut between two characters and
    /// ends in `… [N bytes, sha256 H]`, N and H being the whole string's length and digest.
    package static let stringLimit = 1024
    /// Bytes that a list may take.
    package static let listLimit = 4096
    /// The least record limit that is honoured.
    package static let leastRecordLimit = 4096

    // A record in `bytes` begins behind its seq: `,"salt":"…","time":"…","type":…}` and a newline.
    static let timeOffset = 9 + 2 * Salts.size + 10
    private static let head: StaticString = "{\"seq\":"
    /// Room for `seq`, `clock_back_us`, `left_out` and the brace.
    static let closing = 512

    let recordLimit: Int
    var bytes: [UInt8] = []
    /// Where each record ends in `bytes`.
    var ends: [Int] = []
    var salts = Salts()
    /// Records of type `text` that follow the open record.
    var rest: [UInt8] = []
    var restEnds: [Int] = []

    // The record that is open.
    private(set) var start = 0
    private(set) var isOpen = false
    var comma = false
    private var depth = 0
    /// Objects and lists that were begun where there was no room for them.
    private var skipped = 0
    private var list: (end: Int, more: Int)?
    private var listDepth = 0
    var leftOut: [StaticString] = []
    /// Where the value of `session` stands in `bytes`, for the `text` records.
    var session: Range<Int>?
    /// Where its `text` records are encoded without the record.
    var detached: DetachedParts?

    /// - Parameter recordLimit: the most bytes that one record may have.
    package init(recordLimit: Int) {
        self.recordLimit = max(recordLimit, RecordBatch.leastRecordLimit)
    }

    package var isEmpty: Bool { ends.isEmpty }
    /// Bytes of the whole records in the batch.
    package var byteCount: Int { ends.last ?? 0 }
    package var recordCount: Int { ends.count }

    /// Opens a record: its salt is made here.
    package mutating func begin(_ type: RecordType) {
        beginMembers()
        RecordBatch.open(type, in: &bytes, salts: &salts)
    }

    /// What `begin` does, without the head that only a record has: a fragment needs no salt.
    ///
    /// - Parameter head: bytes that the record will have before them.
    mutating func beginMembers(behind head: Int = 0) {
        precondition(!isOpen, "a record is open")
        start = bytes.count - head
        isOpen = true
        comma = true
        depth = 0
        skipped = 0
        list = nil
        session = nil
        if !leftOut.isEmpty { leftOut.removeAll() }
    }

    /// Closes the record. The `text` records of a long statement follow it.
    package mutating func end() {
        precondition(isOpen && depth == 0 && skipped == 0, "no record is open, or a list or object in it is")
        if !leftOut.isEmpty {
            JSONText.append(plain: ",\"left_out\":[", to: &bytes)
            for at in leftOut.indices.prefix(8) {
                if at > 0 { bytes.append(0x2c) }
                bytes.append(0x22)
                JSONText.append(plain: leftOut[at], to: &bytes)
                bytes.append(0x22)
            }
            bytes.append(0x5d)
        }
        bytes.append(0x7d)
        bytes.append(0x0a)
        ends.append(bytes.count)
        isOpen = false
        guard !rest.isEmpty else { return }
        let shift = bytes.count
        bytes.append(contentsOf: rest)
        for end in restEnds { ends.append(shift + end) }
        rest = []
        restEnds.removeAll(keepingCapacity: true)
    }

    /// Forgets all records, an open one too.
    package mutating func removeAll() {
        if bytes.capacity > RecordBatch.keptCapacity {
            bytes = []
        } else {
            bytes.removeAll(keepingCapacity: true)
        }
        ends.removeAll(keepingCapacity: true)
        rest = []
        restEnds.removeAll(keepingCapacity: true)
        isOpen = false
    }

    /// Bytes of memory that an empty batch may hold on to.
    private static let keptCapacity = 256 << 10

    static func open(_ type: RecordType, in bytes: inout [UInt8], salts: inout Salts) {
        ShortBytes.append(atMost: 192, to: &bytes) { out in
            out.put(",\"salt\":\"")
            salts.put(into: &out)
            out.put("\",\"time\":\"0000-00-00T00:00:00.000000Z\",\"type\":\"")
            out.put(type.staticName)
            out.put(0x22)
        }
    }

    /// The records without what a log gives them and what is new each time: `seq`, `salt` and `time`. A line each,
    /// without its end.
    package func unstamped() -> [String] {
        var from = 0
        return ends.map { end in
            let type = from + RecordBatch.timeOffset + RecordClock.width + 2
            defer { from = end }
            return "{" + String(decoding: bytes[type..<(end - 1)], as: UTF8.self)
        }
    }

    /// Appends the batch's records to `out`, with their numbers from `first` on and the clock's time.
    func stamp(into out: inout [UInt8], first: UInt64, clock: RecordClock, back: Int64) {
        // What was written and synced has left with its memory: room for all of this at once, and no less than twice as before.
        let needed = out.count + byteCount + 28 * recordCount
        if needed > out.capacity { out.reserveCapacity(max(needed, 2 * out.capacity)) }
        let records = bytes.span
        let ends = ends.span
        let text = clock.text.span
        var seq = first
        var from = 0
        for record in ends.indices {
            let end = ends[record]
            ShortBytes.append(atMost: 32, to: &out) { out in
                out.put(RecordBatch.head)
                out.put(number: seq)
            }
            let time = out.count + RecordBatch.timeOffset
            // SAFETY: the pointers are used only inside the closures; the record that was appended holds its time there.
            records.extracting(from..<end).withUnsafeBufferPointer { out.append(contentsOf: $0) }
            out.withUnsafeMutableBytes { out in
                text.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: out[time...]).copyMemory(from: $0)
                }
            }
            if back > 0 {
                out.removeLast(2)
                JSONText.append(plain: ",\"clock_back_us\":", to: &out)
                JSONText.append(UInt64(back), to: &out)
                out.append(0x7d)
                out.append(0x0a)
            }
            seq += 1
            from = end
        }
    }
}

// MARK: - Values

extension RecordBatch {
    /// Adds a string; nil adds nothing.
    package mutating func add(_ key: StaticString, _ value: String?) {
        guard let value else { return }
        add(key, bytes: value.utf8.span)
    }

    package mutating func add(_ key: StaticString, _ value: UInt64) {
        add(key, room: 20) { $0.put(number: value) }
    }

    package mutating func add(_ key: StaticString, _ value: Int64) {
        add(key, room: 20) { $0.put(number: value) }
    }

    package mutating func add(_ key: StaticString, _ value: Int) { add(key, Int64(value)) }

    package mutating func addNull(_ key: StaticString) {
        add(key, room: 4) { $0.put("null") }
    }

    package mutating func add(_ key: StaticString, _ value: Bool) {
        add(key, room: 5) { $0.put(value ? "true" : "false") }
    }

    /// Adds a string given as bytes; each byte that is no part of valid UTF-8 becomes U+FFFD.
    package mutating func add(_ key: StaticString, bytes value: Span<UInt8>) {
        guard hasRoom(for: key, RecordBatch.stringRoom(value)) else { return }
        put(key) { $0.put(0x22) }
        let at = bytes.count
        endString(value)
        if depth == 0, RecordBatch.isSession(key) { session = at..<(bytes.count - 1) }
    }

    private static func isSession(_ key: StaticString) -> Bool {
        let name: StaticString = "session"
        return key.utf8CodeUnitCount == name.utf8CodeUnitCount
            && memcmp(key.utf8Start, name.utf8Start, name.utf8CodeUnitCount) == 0
    }

    /// Adds a string of at most 64 bytes, which need not stand in memory as they are.
    package mutating func add(_ key: StaticString, count: Int, _ byte: (Int) -> UInt8) {
        var value = [64 of UInt8](repeating: 0)
        let count = min(count, value.count)
        for at in 0..<count { value[at] = byte(at) }
        add(key, bytes: value.span.extracting(0..<count))
    }

    package mutating func add(_ key: StaticString, bytes value: [UInt8]) { add(key, bytes: value.span) }
    package mutating func add(_ key: StaticString, bytes value: ArraySlice<UInt8>) {
        add(key, bytes: value.span)
    }

    package mutating func beginObject(_ key: StaticString) { beginNested(key, 0x7b) }

    package mutating func endObject() { endNested(0x7d) }

    package mutating func beginArray(_ key: StaticString) {
        beginNested(key, 0x5b)
        beganList()
    }

    package mutating func endArray() {
        if skipped == 0 { endList() }
        endNested(0x5d)
    }

    /// Adds a string to the list that is open.
    package mutating func addElement(_ value: String) { addElement(bytes: value.utf8.span) }

    package mutating func addElement(bytes value: Span<UInt8>) {
        guard openElement(room: RecordBatch.stringRoom(value)) else { return }
        bytes.append(0x22)
        endString(value)
    }

    package mutating func addElement(_ value: Int64) {
        guard openElement(room: 20) else { return }
        ShortBytes.append(atMost: 20, to: &bytes) { $0.put(number: value) }
    }

    package mutating func addElement(_ value: Int) { addElement(Int64(value)) }
    package mutating func addElement(_ value: UInt32) { addElement(Int64(value)) }

    /// Begins an object as the next element of the list that is open.
    package mutating func beginObjectElement() {
        guard openElement(room: 64) else {
            skipped += 1
            return
        }
        bytes.append(0x7b)
        comma = false
        depth += 1
    }

    /// Adds a list of strings; an empty one too.
    package mutating func add(_ key: StaticString, _ values: [String]) {
        beginArray(key)
        for value in values { addElement(value) }
        endArray()
    }

    /// Adds a list of strings, of which it holds the first `limit`, and says how many more there are.
    package mutating func add(_ key: StaticString, _ values: [String], atMost limit: Int) {
        beginArray(key)
        for value in values.prefix(limit) { addElement(value) }
        if values.count > limit, skipped == 0 { list?.more += values.count - limit }
        endArray()
    }

    /// Adds 16 hex digits.
    package mutating func add(_ key: StaticString, hex value: UInt64) {
        guard open(key, room: 18) else { return }
        bytes.append(0x22)
        JSONText.appendHex(
            (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }, to: &bytes)
        bytes.append(0x22)
    }

    /// Adds the fragment's members where there is room for them, else notes these keys as left out.
    package mutating func add(_ fragment: RecordFragment, orLeaveOut keys: [StaticString]) {
        precondition(isOpen && depth == 0, "no record is open, or a list or object in it is")
        guard bytes.count + fragment.bytes.count <= limit else {
            leftOut += keys
            return
        }
        bytes.append(contentsOf: fragment.bytes)
    }

    /// Where the record that is open must end.
    var limit: Int { start + recordLimit - RecordBatch.closing }

    /// Writes a key where there is room for it and for `room` bytes of value, else notes it as left out.
    mutating func open(_ key: StaticString, room: Int) -> Bool {
        guard hasRoom(for: key, room) else { return false }
        put(key) { _ in }
        return true
    }

    /// Adds a key with the value that `value` puts behind it, of at most `room` bytes.
    @inline(__always)
    private mutating func add(_ key: StaticString, room: Int, _ value: (inout ShortBytes) -> Void) {
        guard hasRoom(for: key, room) else { return }
        put(key, value)
    }

    /// Whether there is room for a key and for `room` bytes of value; else the key is noted as left out.
    private mutating func hasRoom(for key: StaticString, _ room: Int) -> Bool {
        precondition(isOpen, "no record is open")
        guard skipped == 0 else { return false }
        guard bytes.count + key.utf8CodeUnitCount + 4 + room + depth <= limit else {
            leftOut.append(key)
            return false
        }
        return true
    }

    @inline(__always)
    private mutating func put(_ key: StaticString, _ behind: (inout ShortBytes) -> Void) {
        let follows = comma
        comma = true
        ShortBytes.append(atMost: 96, to: &bytes) { out in
            if follows { out.put(0x2c) }
            out.put(0x22)
            out.put(key)
            out.put(0x22)
            out.put(0x3a)
            behind(&out)
        }
    }

    /// Begins an element where there is room for it in its list, else counts it.
    mutating func openElement(room: Int) -> Bool {
        guard skipped == 0 else { return false }
        precondition(list != nil, "no list is open")
        guard let end = list?.end, bytes.count + 1 + room <= end else {
            list?.more += 1
            return false
        }
        if comma { bytes.append(0x2c) }
        comma = true
        return true
    }

    /// The most bytes that a string can take, quotes included.
    private static func stringRoom(_ value: borrowing Span<UInt8>) -> Int {
        min(value.count, stringLimit) * JSONText.growth <= stringLimit
            ? value.count * JSONText.growth + 2 : stringLimit + 130
    }

    /// A string behind its first quote.
    private mutating func endString(_ value: Span<UInt8>) {
        let taken = JSONText.append(value, to: &bytes, room: RecordBatch.stringLimit)
        if taken < value.count {
            JSONText.append(plain: "… [", to: &bytes)
            JSONText.append(UInt64(value.count), to: &bytes)
            JSONText.append(plain: " bytes, sha256 ", to: &bytes)
            JSONText.appendHex(Digest.sha256(value), to: &bytes)
            bytes.append(0x5d)
        }
        bytes.append(0x22)
    }

    private mutating func beginNested(_ key: StaticString, _ opening: UInt8) {
        guard open(key, room: 64) else {
            skipped += 1
            return
        }
        bytes.append(opening)
        comma = false
        depth += 1
    }

    private mutating func endNested(_ closing: UInt8) {
        if skipped > 0 {
            skipped -= 1
            return
        }
        precondition(depth > 0, "no list or object is open")
        bytes.append(closing)
        comma = true
        depth -= 1
    }

    private mutating func beganList() {
        guard skipped == 0, list == nil else { return }
        list = (min(bytes.count + RecordBatch.listLimit, limit) - 40, 0)
        listDepth = depth
    }

    private mutating func endList() {
        guard let (_, more) = list, depth == listDepth else { return }
        if more > 0 {
            JSONText.append(plain: comma ? ",\"+" : "\"+", to: &bytes)
            JSONText.append(UInt64(more), to: &bytes)
            JSONText.append(plain: " more\"", to: &bytes)
        }
        list = nil
    }
}
