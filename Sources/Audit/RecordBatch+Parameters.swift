import Crypto

/// What a record keeps of a parameter's value.
package enum ParameterCapture: Sendable {
    /// The value; one that does not fit the record becomes its SHA-256, cut to 128 bits.
    case keep
    /// HMAC-SHA-256 under the region's key, cut to 128 bits, with the key's id.
    case hash(CaptureKey)
    /// Neither.
    case drop
}

/// What a kept value is recorded as where passwords stand in it, and how many they are; nil where none does.
package typealias ParameterRedaction = @Sendable (Span<UInt8>) -> (bytes: [UInt8], count: Int)?

/// The list `parameters` of a Bind or FunctionCall while it is written.
///
/// Elements are `{format, type, value | value_base64 | digest, bytes}`; NULL is `{format, type, value:
/// null}`. Parameters for which there is no room are summed up in one last element `{more, digest, bytes}`:
/// how many, the digest of all of them (each as its length in 8 bytes, big-endian, all ones for NULL, and its
/// bytes) and their length together.
package struct ParameterList: ~Copyable {
    private enum Hash {
        case none
        case plain(SHA256)
        case keyed(KeyedDigest, CaptureKey)
    }

    private let capture: ParameterCapture
    private let redaction: ParameterRedaction?
    /// Each value may be a password: nothing of it is kept in any way.
    private let isSecret: Bool
    /// Passwords that gave way.
    fileprivate private(set) var redacted = 0
    private var more = 0
    private var moreBytes: UInt64 = 0
    private var hash: Hash = .none
    /// The value that comes in pieces: its digest, its length, and whether there was room for an element of its own.
    private var piecewise: (hash: Hash, length: Int, hasElement: Bool)?
    fileprivate let opened: Bool

    /// Room that the parameters leave at the record's end, and what one element takes at most beside its
    /// value.
    private static let reserve = 256
    private static let frame = 160

    init(
        _ capture: ParameterCapture, redaction: ParameterRedaction? = nil, isSecret: Bool = false,
        opened: Bool
    ) {
        self.capture = capture
        self.redaction = redaction
        self.isSecret = isSecret
        self.opened = opened
    }

    /// Adds a value.
    /// - Parameters:
    ///   - format: 0 text, 1 binary, as in the Bind message.
    ///   - type: OID from the Parse message; 0 and nil: not given.
    package mutating func add(
        format: Int16, type: UInt32?, value: Span<UInt8>, to batch: inout RecordBatch
    ) {
        guard opened else { return }
        guard more == 0, batch.bytes.count + ParameterList.frame + ParameterList.reserve <= batch.limit else {
            sumUp(value)
            return
        }
        openElement(format: format, type: type, in: &batch)
        switch capture {
        case _ where isSecret: keepNothing(in: &batch)
        case .keep:
            if let edited = redaction?(value) {
                redacted += edited.count
                keep(edited.bytes.span, format: format, in: &batch)
            } else {
                keep(value, format: format, in: &batch)
            }
        case .hash(let key):
            var code = key.begin()
            code.update(value)
            JSONText.append(plain: ",\"digest\":\"", to: &batch.bytes)
            key.append(code, to: &batch.bytes)
            batch.bytes.append(0x22)
        case .drop: break
        }
        JSONText.append(plain: ",\"bytes\":", to: &batch.bytes)
        JSONText.append(UInt64(value.count), to: &batch.bytes)
        batch.bytes.append(0x7d)
    }

    /// Adds a constant of a text: its digest, where values are digested, and its length.
    package mutating func add(literal value: Span<UInt8>, to batch: inout RecordBatch) {
        guard opened else { return }
        guard more == 0, batch.bytes.count + ParameterList.frame + ParameterList.reserve <= batch.limit else {
            return sumUp(value)
        }
        if batch.comma { batch.bytes.append(0x2c) }
        batch.comma = true
        batch.bytes.append(0x7b)
        if case .hash(let key) = capture {
            var code = key.begin()
            code.update(value)
            JSONText.append(plain: "\"digest\":\"", to: &batch.bytes)
            key.append(code, to: &batch.bytes)
            JSONText.append(plain: "\",", to: &batch.bytes)
        }
        JSONText.append(plain: "\"bytes\":", to: &batch.bytes)
        JSONText.append(UInt64(value.count), to: &batch.bytes)
        batch.bytes.append(0x7d)
    }

    /// Adds a constant of which nothing is kept.
    package mutating func addRedactedLiteral(to batch: inout RecordBatch) {
        guard opened else { return }
        guard more == 0, batch.bytes.count + ParameterList.frame + ParameterList.reserve <= batch.limit else {
            more += 1
            return feed(UInt64.max)
        }
        if batch.comma { batch.bytes.append(0x2c) }
        batch.comma = true
        JSONText.append(plain: "{\"redacted\":true}", to: &batch.bytes)
    }

    /// Begins a value that is too large to be kept whole: its pieces go to `update`.
    package mutating func begin(format: Int16, type: UInt32?, length: Int, to batch: inout RecordBatch) {
        guard opened else { return }
        guard more == 0, batch.bytes.count + ParameterList.frame + ParameterList.reserve <= batch.limit else {
            more += 1
            moreBytes += UInt64(length)
            feed(UInt64(length))
            piecewise = (.none, length, false)
            return
        }
        openElement(format: format, type: type, in: &batch)
        switch capture {
        case _ where isSecret:
            keepNothing(in: &batch)
            piecewise = (.none, length, true)
        case .keep: piecewise = (.plain(SHA256()), length, true)
        case .hash(let key): piecewise = (.keyed(key.begin(), key), length, true)
        case .drop: piecewise = (.none, length, true)
        }
    }

    package mutating func update(_ piece: Span<UInt8>) {
        guard let open = piecewise else { return }
        guard !isSecret else { return }
        if open.hasElement {
            piecewise?.hash = ParameterList.updated(open.hash, piece)
        } else {
            hash = ParameterList.updated(hash, piece)
        }
    }

    /// Ends the value that was begun.
    package mutating func finish(in batch: inout RecordBatch) {
        guard let open = piecewise else { return }
        piecewise = nil
        guard open.hasElement else { return }
        ParameterList.append(open.hash, to: &batch)
        JSONText.append(plain: ",\"bytes\":", to: &batch.bytes)
        JSONText.append(UInt64(open.length), to: &batch.bytes)
        batch.bytes.append(0x7d)
    }

    /// Adds NULL.
    package mutating func addNull(format: Int16, type: UInt32?, to batch: inout RecordBatch) {
        guard opened else { return }
        guard more == 0, batch.bytes.count + ParameterList.frame + ParameterList.reserve <= batch.limit else {
            more += 1
            feed(UInt64.max)
            return
        }
        openElement(format: format, type: type, in: &batch)
        JSONText.append(plain: ",\"value\":null}", to: &batch.bytes)
    }

    consuming func end(in batch: inout RecordBatch) {
        guard opened, more > 0 else { return }
        if batch.comma { batch.bytes.append(0x2c) }
        JSONText.append(plain: "{\"more\":", to: &batch.bytes)
        JSONText.append(UInt64(more), to: &batch.bytes)
        ParameterList.append(hash, to: &batch)
        JSONText.append(plain: ",\"bytes\":", to: &batch.bytes)
        JSONText.append(moreBytes, to: &batch.bytes)
        batch.bytes.append(0x7d)
    }

    private static func append(_ hash: Hash, to batch: inout RecordBatch) {
        switch hash {
        case .none: break
        case .plain(let hash):
            JSONText.append(plain: ",\"digest\":\"sha256:", to: &batch.bytes)
            JSONText.appendHex(hash.finalize().prefix(16), to: &batch.bytes)
            batch.bytes.append(0x22)
        case .keyed(let code, let key):
            JSONText.append(plain: ",\"digest\":\"", to: &batch.bytes)
            key.append(code, to: &batch.bytes)
            batch.bytes.append(0x22)
        }
    }

    private static func updated(_ hash: Hash, _ piece: Span<UInt8>) -> Hash {
        switch hash {
        case .none: return .none
        case .plain(var hash):
            Digest.update(&hash, piece)
            return .plain(hash)
        case .keyed(var code, let key):
            code.update(piece)
            return .keyed(code, key)
        }
    }

    private func openElement(format: Int16, type: UInt32?, in batch: inout RecordBatch) {
        if batch.comma { batch.bytes.append(0x2c) }
        batch.comma = true
        JSONText.append(
            plain: format == 0 ? "{\"format\":\"text\"" : "{\"format\":\"binary\"", to: &batch.bytes)
        if let type, type != 0 {
            JSONText.append(plain: ",\"type\":", to: &batch.bytes)
            JSONText.append(UInt64(type), to: &batch.bytes)
        }
    }

    private mutating func keepNothing(in batch: inout RecordBatch) {
        redacted += 1
        JSONText.append(plain: ",\"value\":\"[redacted]\"", to: &batch.bytes)
    }

    private func keep(_ value: Span<UInt8>, format: Int16, in batch: inout RecordBatch) {
        let room = batch.limit - batch.bytes.count - ParameterList.frame - ParameterList.reserve
        if format == 0 && value.count <= room / JSONText.growth && JSONText.isUTF8(value) {
            JSONText.append(plain: ",\"value\":", to: &batch.bytes)
            JSONText.appendQuoted(value, to: &batch.bytes)
        } else if value.count <= room / 4 * 3 && (format != 0 || !JSONText.isUTF8(value)) {
            JSONText.append(plain: ",\"value_base64\":\"", to: &batch.bytes)
            JSONText.appendBase64(value, to: &batch.bytes)
            batch.bytes.append(0x22)
        } else {
            JSONText.append(plain: ",\"digest\":\"sha256:", to: &batch.bytes)
            JSONText.appendHex(Digest.sha256(value).prefix(16), to: &batch.bytes)
            batch.bytes.append(0x22)
        }
    }

    private mutating func sumUp(_ value: Span<UInt8>) {
        more += 1
        moreBytes += UInt64(value.count)
        feed(UInt64(value.count))
        guard !isSecret else { return }
        hash = ParameterList.updated(hash, value)
    }

    private mutating func feed(_ length: UInt64) {
        let bytes = (0..<8).map { UInt8(truncatingIfNeeded: length >> UInt64(56 - 8 * $0)) }
        switch (hash, capture) {
        case (.none, .drop): break
        case (.none, .keep):
            var hash = SHA256()
            Digest.update(&hash, bytes.span)
            self.hash = .plain(hash)
        case (.none, .hash(let key)):
            var code = key.begin()
            code.update(bytes.span)
            hash = .keyed(code, key)
        case (.plain(var hash), _):
            Digest.update(&hash, bytes.span)
            self.hash = .plain(hash)
        case (.keyed(var code, let key), _):
            code.update(bytes.span)
            hash = .keyed(code, key)
        }
    }
}

extension RecordBatch {
    /// Begins the key `parameters`. Each parameter is given to the list that comes back, and the list to
    /// `endParameters`.
    ///
    /// - Parameters:
    ///   - redaction: takes passwords out of kept values; their number follows the list, as `redacted`.
    ///   - isSecret: the statement may have no parameters but passwords.
    package mutating func beginParameters(
        _ capture: ParameterCapture, redaction: ParameterRedaction? = nil, isSecret: Bool = false
    ) -> ParameterList {
        guard open("parameters", room: 512) else { return ParameterList(capture, opened: false) }
        bytes.append(0x5b)
        comma = false
        return ParameterList(capture, redaction: redaction, isSecret: isSecret, opened: true)
    }

    /// Begins the key `literals`, in the same way.
    package mutating func beginLiterals(_ capture: ParameterCapture) -> ParameterList {
        guard open("literals", room: 512) else { return ParameterList(capture, opened: false) }
        bytes.append(0x5b)
        comma = false
        return ParameterList(capture, opened: true)
    }

    package mutating func endParameters(_ list: consuming ParameterList) {
        guard list.opened else { return }
        let redacted = list.redacted
        list.end(in: &self)
        bytes.append(0x5d)
        comma = true
        if redacted > 0 { add("redacted", redacted) }
    }
}
