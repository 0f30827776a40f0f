import PGWire

/// `o` and a text for `options`, or any other byte and a packet without its length word. What is understood says the
/// same when it is written again and read again.
func run(_ input: [UInt8]) {
    guard let kind = input.first else { return }
    let text = Array(input.dropFirst())
    if kind == UInt8(ascii: "o") { checkOptions(text) } else { checkPacket(text) }
}

private func checkOptions(_ text: [UInt8]) {
    let options: StartupOptions
    do throws(StartupOptions.Mistake) {
        options = try StartupOptions.parse(text)
    } catch {
        return check(text.indices.contains(error.position), "a mistake within the text")
    }
    for setting in options.settings {
        check(!setting.name.contains(UInt8(ascii: "-")), "names with _ for -")
        check(!setting.name.contains(UInt8(ascii: "=")), "names without =")
    }
    let again = try? StartupOptions.parse(options.encoded)
    check(again == options, "\(options) is \(String(describing: again)) when written again")
}

private func checkPacket(_ packet: [UInt8]) {
    _ = WireTrace().startupPacket(packet.span)
    let whole = frame(0, packet).dropFirst()
    for length in 0..<min(8, whole.count) {
        let part = Array(whole.prefix(length))
        let read = try? StartupRequest.read(from: part.span)
        check(read == nil || read?.length == length, "no packet before it is complete")
    }
    guard let request = try? StartupRequest.decode(packet.span) else { return }
    check(packet.count <= WireLimits.startupPacket, "a packet within its limit")
    if case .startupMessage(let message) = request { checkMessage(message) }
    let again = rewritten(request)
    check(again.count == packet.count + 4, "as many bytes again")
    let read = try? StartupRequest.read(from: again.span)
    check(read?.request == request, "\(request) is \(String(describing: read)) when written again")
    check(read?.length == again.count, "all of it is read")
    let followed = again + [0x16]
    guard let read = try? StartupRequest.read(from: followed.span) else {
        return check(false, "a packet that bytes follow")
    }
    check(read.request == request && read.length == again.count, "nothing is read behind the packet")
}

private func rewritten(_ request: StartupRequest) -> [UInt8] {
    switch request {
    case .sslRequest: encoded { SSLRequest.encode(into: &$0) }
    case .gssencRequest: encoded { GSSENCRequest.encode(into: &$0) }
    case .cancelRequest(let cancel):
        encoded { (bytes) throws(MessageError) in try cancel.encode(into: &bytes) }
    case .startupMessage(let message):
        encoded { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    }
}

private func checkMessage(_ message: StartupMessage) {
    check(message.version.major == 3, "protocol 3")
    for option in message.protocolOptions {
        check(option.name.starts(with: "_pq_.".utf8), "options of the protocol")
    }
    for parameter in message.parameters {
        check(!parameter.name.starts(with: "_pq_.".utf8), "parameters of the session")
    }
    if message.user == nil { check(message.value(of: "user") ?? [] == [], "a user that is there") }
    check(message.negotiatedVersion <= .newest, "a version that is spoken")
    _ = message.replication
    if let options = message.value(of: "options") { checkOptions(options) }
    guard let negotiation = message.negotiation else {
        return check(message.protocolOptions.isEmpty, "an answer to every option of the protocol")
    }
    var bytes: [UInt8] = []
    StartupReply.negotiate(negotiation, into: &bytes)
    let header = try? FrameHeader.read(from: bytes.span, origin: .replicaAtLogin)
    check(header?.frameLength == bytes.count, "an answer that is one frame")
    let again = try? NegotiateProtocolVersion.decode(bytes.span.extracting(5..<bytes.count))
    check(again == negotiation, "an answer that decodes to what was meant")
}
