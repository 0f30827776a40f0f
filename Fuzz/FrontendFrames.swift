import PGWire

/// A type and a body: what an executor sends after its startup packet. What decodes is, encoded again, the very same
/// frame; the trace shows nothing of a password; headers are read within their limits.
func run(_ input: [UInt8]) {
    checkHeader(input, .executor)
    checkHeader(input, .executorAtLogin)
    guard let first = input.first, let tag = FrontendTag(rawValue: first) else { return }
    let body = Array(input.dropFirst())
    let whole = frame(first, body)
    for again in reencoded(tag, body) {
        check(again == whole, "\(tag) is \(again) after decoding and encoding")
    }
    for kind in [WireTrace.PasswordKind.password, .saslInitialResponse, .saslResponse, .gssResponse] {
        let line = WireTrace().frontendFrame(tag, body: body.span, password: kind)
        check(line.fields.utf8.allSatisfy { (0x20...0x7e).contains($0) }, "a trace of printable ASCII")
        guard tag == .password, kind != .saslInitialResponse else { continue }
        let covered = body.map { $0 == 0 ? 0 : UInt8(ascii: "x") }
        let same = WireTrace().frontendFrame(tag, body: covered.span, password: kind)
        check(line.fields == same.fields, "a trace that shows nothing of a password")
    }
}

private func checkHeader(_ bytes: [UInt8], _ origin: FrameHeader.Origin) {
    guard let header = try? FrameHeader.read(from: bytes.span, origin: origin) else { return }
    check((0...WireLimits.largeMessage - 4).contains(header.bodyLength), "a length within its limit")
    check(header.frontendTag != nil, "a known type")
    let word = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
    check(header.frameLength == word + 1, "the length that is written")
    let short = Array(bytes.prefix(4))
    check((try? FrameHeader.read(from: short.span, origin: origin)) == nil, "a header of five bytes")
    let later = [0] + bytes
    let moved = try? FrameHeader.read(from: later.span, at: 1, origin: origin)
    check(moved == header, "the same header at any offset")
}

/// The frames that encoding makes of what decodes; a `p` may be several messages.
private func reencoded(_ tag: FrontendTag, _ body: [UInt8]) -> [[UInt8]] {
    switch tag {
    case .query, .parse, .bind, .describe, .execute, .close, .functionCall, .copyFail:
        return statement(tag, body).map { [$0] } ?? []
    case .sync: return (try? Sync.decode(body.span)) == nil ? [] : [encoded { Sync.encode(into: &$0) }]
    case .flush: return (try? Flush.decode(body.span)) == nil ? [] : [encoded { Flush.encode(into: &$0) }]
    case .terminate:
        return (try? Terminate.decode(body.span)) == nil ? [] : [encoded { Terminate.encode(into: &$0) }]
    case .copyDone:
        return (try? CopyDone.decode(body.span)) == nil ? [] : [encoded { CopyDone.encode(into: &$0) }]
    case .copyData:
        let data = Array(body[CopyData.decode(body.span).data])
        return [encoded { (bytes) throws(MessageError) in try CopyData.encode(data: data, into: &bytes) }]
    case .password: return passwords(body)
    }
}

private func statement(_ tag: FrontendTag, _ body: [UInt8]) -> [UInt8]? {
    func part(_ range: Range<Int>) -> [UInt8] { Array(body[range]) }
    func values(_ ranges: [Range<Int>?]) -> [[UInt8]?] { ranges.map { $0.map(part) } }
    var bytes: [UInt8] = []
    do throws(MessageError) {
        switch tag {
        case .query:
            let message = try Query.decode(body.span)
            bytes = encoded { (b) throws(MessageError) in try Query.encode(sql: part(message.sql), into: &b) }
        case .parse:
            let message = try Parse.decode(body.span)
            bytes = encoded { (b) throws(MessageError) in
                try Parse.encode(
                    name: part(message.name), sql: part(message.sql), parameterTypes: message.parameterTypes,
                    into: &b)
            }
        case .bind:
            let message = try Bind.decode(body.span)
            bytes = encoded { (b) throws(MessageError) in
                try Bind.encode(
                    portal: part(message.portal), statement: part(message.statement),
                    parameterFormats: message.parameterFormats,
                    parameters: values(message.parameters.places(in: body.span)),
                    resultFormats: message.resultFormats, into: &b)
            }
        case .functionCall:
            let message = try FunctionCall.decode(body.span)
            bytes = encoded { (b) throws(MessageError) in
                try FunctionCall.encode(
                    function: message.function, argumentFormats: message.argumentFormats,
                    arguments: values(message.arguments.places(in: body.span)),
                    resultFormat: message.resultFormat, into: &b)
            }
        case .describe:
            let message = try Describe.decode(body.span)
            bytes = encoded { (b) throws(MessageError) in
                try Describe.encode(message.subject, name: part(message.name), into: &b)
            }
        case .close:
            let message = try Close.decode(body.span)
            bytes = encoded { (b) throws(MessageError) in
                try Close.encode(message.subject, name: part(message.name), into: &b)
            }
        case .execute:
            let message = try Execute.decode(body.span)
            bytes = encoded { (b) throws(MessageError) in
                try Execute.encode(
                    portal: part(message.portal), maximumRows: message.maximumRows, into: &b)
            }
        case .copyFail:
            let message = try CopyFail.decode(body.span)
            bytes = encoded { (b) throws(MessageError) in
                try CopyFail.encode(reason: part(message.reason), into: &b)
            }
        case .sync, .flush, .copyData, .copyDone, .password, .terminate: return nil
        }
    } catch {
        return nil
    }
    return bytes
}

private func passwords(_ body: [UInt8]) -> [[UInt8]] {
    var found: [[UInt8]] = []
    if let message = try? PasswordMessage.decode(body.span) {
        let password = Array(body[message.password])
        check(!password.contains(0), "a password without NUL")
        found.append(
            encoded { (bytes) throws(MessageError) in
                try PasswordMessage.encode(password: password, into: &bytes)
            })
    }
    if let message = try? SASLInitialResponse.decode(body.span) {
        found.append(
            encoded { (bytes) throws(MessageError) in
                try SASLInitialResponse.encode(
                    mechanism: Array(body[message.mechanism]),
                    response: message.response.map { Array(body[$0]) },
                    into: &bytes)
            })
    }
    let response = Array(body[SASLResponse.decode(body.span).response])
    found.append(
        encoded { (bytes) throws(MessageError) in try SASLResponse.encode(response: response, into: &bytes) })
    return found
}
