import PGWire

/// A type and a body: what a replica sends. What decodes is, encoded again, the very same frame; the trace shows
/// nothing of a cancel key; headers are read within their limits.
func run(_ input: [UInt8]) {
    checkHeader(input, .replica)
    checkHeader(input, .replicaAtLogin)
    guard let first = input.first, let tag = BackendTag(rawValue: first) else { return }
    let body = Array(input.dropFirst())
    if tag == .authentication {
        checkAuthentication(body)
    } else if let again = reencoded(tag, body) {
        check(again == frame(first, body), "\(tag) is \(again) after decoding and encoding")
    }
    if let message = try? ErrorResponse.decode(body.span) { checkFields(message.fields, body) }
    let line = WireTrace().backendFrame(tag, body: body.span)
    check(line.fields.utf8.allSatisfy { (0x20...0x7e).contains($0) }, "a trace of printable ASCII")
    if tag == .backendKeyData {
        let covered = body.enumerated().map { $0.offset < 4 ? $0.element : UInt8(ascii: "x") }
        let same = WireTrace().backendFrame(tag, body: covered.span)
        check(line == same, "a trace that shows nothing of a cancel key")
    }
}

private func checkHeader(_ bytes: [UInt8], _ origin: FrameHeader.Origin) {
    guard let header = try? FrameHeader.read(from: bytes.span, origin: origin) else { return }
    guard let tag = header.backendTag else { return check(false, "a known type") }
    let limit = origin == .replicaAtLogin ? WireLimits.replicaLoginMessage : tag.limit
    check((0...limit - 4).contains(header.bodyLength), "a length within its limit")
    let word = bytes[1..<5].reduce(0) { $0 << 8 | Int($1) }
    check(header.frameLength == word + 1, "the length that is written")
    let short = Array(bytes.prefix(4))
    check((try? FrameHeader.read(from: short.span, origin: origin)) == nil, "a header of five bytes")
}

/// Of the requests that the gateway does not do only the code is kept.
private func checkAuthentication(_ body: [UInt8]) {
    guard let request = try? Authentication.decode(body.span) else { return }
    let again = encoded { (bytes) throws(MessageError) in try request.encode(into: &bytes) }
    if case .other = request {
        let decoded = try? Authentication.decode(again.span.extracting(5..<again.count))
        check(decoded == request, "\(request) is \(String(describing: decoded)) after encoding")
    } else {
        check(again == frame(0x52, body), "\(request) is \(again) after decoding and encoding")
    }
}

/// A field that is looked for in a body is the one that decoding all gives.
private func checkFields(_ fields: DiagnosticFields, _ body: [UInt8]) {
    for byte in UInt8.min...UInt8.max {
        guard let code = DiagnosticFields.Code(rawValue: byte) else { continue }
        do throws(MessageError) {
            let found = try DiagnosticFields.value(of: code, in: body.span)
            check(found.map { Array(body[$0]) } == fields[code], "\(code) where decoding finds it")
        } catch {
            check(false, "fields that can be looked for")
        }
    }
}

private func reencoded(_ tag: BackendTag, _ body: [UInt8]) -> [UInt8]? {
    var frames: [UInt8] = []
    do throws(MessageError) {
        let empty = try isEmptyMessage(tag, body)
        frames = empty ? frame(tag.rawValue, []) : try message(tag, body) ?? []
    } catch {
        return nil
    }
    return frames.isEmpty ? nil : frames
}

/// Whether the type has no body and this one has none; throws where there is one.
private func isEmptyMessage(_ tag: BackendTag, _ body: [UInt8]) throws(MessageError) -> Bool {
    switch tag {
    case .bindComplete: _ = try BindComplete.decode(body.span)
    case .closeComplete: _ = try CloseComplete.decode(body.span)
    case .copyDone: _ = try CopyDone.decode(body.span)
    case .emptyQueryResponse: _ = try EmptyQueryResponse.decode(body.span)
    case .noData: _ = try NoData.decode(body.span)
    case .parseComplete: _ = try ParseComplete.decode(body.span)
    case .portalSuspended: _ = try PortalSuspended.decode(body.span)
    case .authentication, .backendKeyData, .commandComplete, .copyBothResponse, .copyData, .copyInResponse,
        .copyOutResponse, .dataRow, .errorResponse, .functionCallResponse, .negotiateProtocolVersion,
        .noticeResponse, .notificationResponse, .parameterDescription, .parameterStatus, .readyForQuery,
        .rowDescription:
        return false
    }
    check(body.isEmpty, "no body")
    return true
}

private func message(_ tag: BackendTag, _ body: [UInt8]) throws(MessageError) -> [UInt8]? {
    func write(_ encode: (inout [UInt8]) throws(MessageError) -> Void) -> [UInt8] { encoded(encode) }
    switch tag {
    case .backendKeyData:
        let message = try BackendKeyData.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .copyBothResponse:
        let message = try CopyBothResponse.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .copyInResponse:
        let message = try CopyInResponse.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .copyOutResponse:
        let message = try CopyOutResponse.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .errorResponse:
        let message = try ErrorResponse.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .noticeResponse:
        let message = try NoticeResponse.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .negotiateProtocolVersion:
        let message = try NegotiateProtocolVersion.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .notificationResponse:
        let message = try NotificationResponse.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .parameterDescription:
        let message = try ParameterDescription.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .parameterStatus:
        let message = try ParameterStatus.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .rowDescription:
        let message = try RowDescription.decode(body.span)
        return write { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    case .readyForQuery:
        let message = try ReadyForQuery.decode(body.span)
        return write { (bytes) throws(MessageError) in message.encode(into: &bytes) }
    case .commandComplete, .dataRow, .functionCallResponse, .copyData: return try result(tag, body)
    case .authentication, .bindComplete, .closeComplete, .copyDone, .emptyQueryResponse, .noData,
        .parseComplete, .portalSuspended:
        return nil
    }
}

/// The messages that are decoded to ranges of their bodies.
private func result(_ tag: BackendTag, _ body: [UInt8]) throws(MessageError) -> [UInt8]? {
    if tag == .commandComplete {
        let message = try CommandComplete.decode(body.span)
        return encoded { (bytes) throws(MessageError) in
            try CommandComplete.encode(commandTag: Array(body[message.commandTag]), into: &bytes)
        }
    }
    if tag == .dataRow {
        let message = try DataRow.decode(body.span)
        return encoded { (bytes) throws(MessageError) in
            try DataRow.encode(values: message.values.map { $0.map { Array(body[$0]) } }, into: &bytes)
        }
    }
    if tag == .functionCallResponse {
        let message = try FunctionCallResponse.decode(body.span)
        return encoded { (bytes) throws(MessageError) in
            try FunctionCallResponse.encode(value: message.value.map { Array(body[$0]) }, into: &bytes)
        }
    }
    let data = Array(body[CopyData.decode(body.span).data])
    return encoded { (bytes) throws(MessageError) in try CopyData.encode(data: data, into: &bytes) }
}
