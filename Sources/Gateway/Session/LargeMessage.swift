import Audit
import PGWire

/// A Bind or FunctionCall that is too large to be gathered, on its way: forwarded as it comes, but for its last bytes,
/// which wait for its record. Until they have come the replica does nothing with it.
final class LargeMessage {
    enum Target {
        case bind(portal: [UInt8], statement: [UInt8], parse: UInt64?)
        case function(UInt32)
    }

    let tag: FrontendTag
    let bodyLength: Int
    /// Nil where the head could not be read.
    let target: Target?
    let formats: FormatCodes
    let types: [UInt32]
    var values: ValueStream
    /// What the record will hold; nil once it is malformed.
    var parameters: StreamedParameters?
    /// Bytes that pass unread, behind what is malformed.
    var unread = 0

    init(
        _ tag: FrontendTag, _ header: FrameHeader, target: Target?, formats: FormatCodes, types: [UInt32],
        values: ValueStream, parameters: consuming StreamedParameters?
    ) {
        self.tag = tag
        bodyLength = header.bodyLength
        self.target = target
        self.formats = formats
        self.types = types
        self.values = values
        self.parameters = parameters
    }
}

extension Relay {
    /// Bytes of a Bind or FunctionCall that are gathered; a larger one is forwarded as it comes.
    static let gatheredMessage = 1 << 20

    /// The first bytes of a large message are there: its head is read, and what follows is read as it comes.
    func beginLarge(_ tag: FrontendTag, _ header: FrameHeader, available: Int) -> LargeMessage {
        recorder.largeBegan(tag)
        mayHaveChangedLexer = true
        let start = frontend.scanned + WireLimits.frameHeader
        let head = fromExecutor.withBytes(start..<(frontend.scanned + available)) { body in
            (try? tag == .bind ? ValueStream.Head.bind(body) : ValueStream.Head.functionCall(body)).map {
                ($0, largeTarget($0.target, in: body))
            }
        }
        frontend.gathering = 0
        guard let (head, target) = head else {
            frontend.scanned = start
            let large = LargeMessage(
                tag, header, target: nil, formats: .allText, types: [],
                values: ValueStream(count: 0, bytes: header.bodyLength), parameters: nil)
            large.unread = header.bodyLength
            return large
        }
        frontend.scanned = start + head.length
        var types: [UInt32] = []
        var isSecret = false
        if case .bind(_, _, let parse) = target {
            types = recorder.declaredTypes.types(of: parse)
            isSecret = recorder.declaredTypes.isSecret(parse)
        }
        return LargeMessage(
            tag, header, target: target, formats: head.formats, types: types,
            values: ValueStream(count: head.count, bytes: header.bodyLength - head.length),
            parameters: StreamedParameters(
                recorder.capture, recordLimit: recordLimit, redaction: MessageRecorder.redaction,
                isSecret: isSecret))
    }

    private func largeTarget(_ target: ValueStream.Head.Target, in body: Span<UInt8>) -> LargeMessage.Target {
        switch target {
        case .function(let function): return .function(function)
        case .bind(let portal, let statement):
            return .bind(
                portal: body.bytes(in: portal), statement: body.bytes(in: statement),
                parse: recorder.pipeline.expectedStatement(body.extracting(statement)))
        }
    }

    /// Reads on in a large message. True where it has come whole and is recorded, false where more must come.
    func advance(_ large: LargeMessage) -> Bool {
        while true {
            let available = fromExecutor.count - frontend.scanned
            if large.parameters == nil {
                let bytes = min(large.unread, available)
                large.unread -= bytes
                frontend.scanned += bytes
                guard large.unread == 0 else { return false }
                _ = recorder.unread(
                    large.tag, bytes: large.bodyLength, now: worker.loop.now, into: &region.batch)
                worker.awaitReceipt(session, region)
                return true
            }
            let range = frontend.scanned..<(frontend.scanned + available)
            let step = fromExecutor.withBytes(range) { bytes in
                let step = large.values.next(bytes)
                if case .piece(let count, _) = step { large.parameters?.append(bytes.extracting(0..<count)) }
                return step
            }
            switch step {
            case .wait: return false
            case .value(let index, let length):
                frontend.scanned += 4
                large.parameters?.begin(
                    format: large.formats.code(at: index) ?? 0,
                    type: index < large.types.count ? large.types[index] : nil, length: length)
                if length == 0 { large.parameters?.finishValue() }
            case .piece(let count, let isLast):
                frontend.scanned += count
                if isLast { large.parameters?.finishValue() }
            case .malformed(let bytes):
                large.parameters = nil
                large.unread = bytes
            case .rest(let bytes):
                guard let isWhole = endLarge(large, rest: bytes, available: available) else { return false }
                if isWhole { return true }
                large.parameters = nil
                large.unread = bytes
            }
        }
    }

    /// The bytes behind the last value: nil where they have not all come, false where they are malformed.
    private func endLarge(_ large: LargeMessage, rest: Int, available: Int) -> Bool? {
        guard rest <= ValueStream.longestRest else { return false }
        guard available >= rest else {
            frontend.gathering = frontend.scanned + rest
            return nil
        }
        frontend.gathering = 0
        let range = frontend.scanned..<(frontend.scanned + rest)
        let isWellFormed = fromExecutor.withBytes(range) { bytes in
            large.tag == .bind ? ValueStream.areResultFormats(bytes) : bytes.count == 2
        }
        guard isWellFormed, let target = large.target, let parameters = large.parameters.take() else {
            return false
        }
        frontend.scanned += rest
        let fragment = parameters.fragment()
        let now = worker.loop.now
        switch target {
        case .bind(let portal, let statement, _):
            recorder.largeBind(
                portal: portal, statement: statement, fragment, now: now, into: &region.batch)
        case .function(let function):
            recorder.largeFunctionCall(function, fragment, now: now, into: &region.batch)
        }
        worker.awaitReceipt(session, region)
        return true
    }
}
