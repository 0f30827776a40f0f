import PGWire

/// What comes before frames: packets without a type from the frontend, single bytes from the backend.
extension SessionDecoder {
    mutating func stepStartup() -> Bool {
        let length: Int?
        do throws(StartupError) {
            length = try frontend.buffer.with { (bytes) throws(StartupError) in
                try StartupRequest.length(in: bytes)
            }
        } catch {
            let start = frontend.buffer.with { $0.bytes(in: 0..<min(4, $0.count)) }
            frontend.state = .passing(.foreign(ForeignProtocol(start: start)))
            openings.append(.unknown)
            return true
        }
        guard let length, frontend.buffer.count >= length else {
            let moved = stepHead(.frontend)
            // Whatever the packet was: none follows.
            if frontend.state == .ended { openings.append(.unknown) }
            return moved
        }
        let packet = frontend.buffer.packet(at: length &- 1)
        frontend.buffer.pass(4)
        let body = frontend.buffer.take(length &- 4)
        message(trace.startupPacket(body.span), .frontend, tag: nil, body: body, packet: packet)
        opened(by: body)
        return true
    }

    private mutating func opened(by packet: [UInt8]) {
        do throws(StartupError) {
            switch try StartupRequest.decode(packet.span) {
            case .sslRequest: encryptionAsked(.ssl)
            case .gssencRequest: encryptionAsked(.gssenc)
            case .startupMessage:
                openings.append(.startup)
                frontend.state = .frames
            case .cancelRequest:
                openings.append(.cancel)
                frontend.state = .passing(.behindLastPacket)
            }
        } catch {
            frontend.state = .passing(.behindLastPacket)
            switch error {
            case .unsupportedProtocol(let major, _) where major < 3: openings.append(.ofProtocol2)
            case .unsupportedProtocol, .invalidLength, .invalidLayout: openings.append(.startup)
            }
        }
    }

    private mutating func encryptionAsked(_ request: WireTrace.EncryptionRequest) {
        openings.append(.encryption(request))
        frontend.state = .awaitingAnswer(request)
    }

    mutating func stepAnswer() -> Bool {
        guard case .awaitingAnswer(let request) = frontend.state, usedAnswers < answers.count else {
            return false
        }
        frontend.state = isTaken(answers[usedAnswers], request) ? .passing(.encrypted(request)) : .startup
        usedAnswers &+= 1
        return true
    }

    private func isTaken(_ answer: UInt8, _ request: WireTrace.EncryptionRequest) -> Bool {
        switch request {
        case .ssl: answer == UInt8(ascii: "S")
        case .gssenc: answer == UInt8(ascii: "G")
        }
    }

    mutating func stepOpening() -> Bool {
        if backend.buffer.count == 0 { return backend.buffer.head == .nothing ? false : stepHead(.backend) }
        guard answeredOpenings < openings.count else { return false }
        let opening = openings[answeredOpenings]
        answeredOpenings &+= 1
        switch opening {
        case .encryption(let request): answerReceived(to: request)
        case .startup, .cancel, .unknown: backend.state = .frames
        case .ofProtocol2: backend.state = .errorOfProtocol2
        }
        return true
    }

    private mutating func answerReceived(to request: WireTrace.EncryptionRequest) {
        let packet = backend.buffer.packet(at: 0)
        let answer = backend.buffer.with { $0[0] }
        answers.append(answer)
        switch answer {
        case UInt8(ascii: "E"): backend.state = .frames
        case UInt8(ascii: "S"), UInt8(ascii: "G"), UInt8(ascii: "N"):
            backend.buffer.pass(1)
            message(
                trace.encryptionAnswer(answer, to: request), .backend, tag: nil, body: [answer],
                packet: packet)
            if isTaken(answer, request) { backend.state = .passing(.encrypted(request)) }
        default: backend.state = .passing(.foreign(.unknown))
        }
    }

    mutating func stepErrorOfProtocol2() -> Bool {
        let end = backend.buffer.with { bytes in (0..<bytes.count).first { bytes[$0] == 0 } }
        guard let end, backend.buffer.with({ $0[0] == UInt8(ascii: "E") }) else {
            if backend.buffer.with({ $0.count > 0 && $0[0] != UInt8(ascii: "E") }) {
                backend.state = .frames
                return true
            }
            return stepHead(.backend)
        }
        let packet = backend.buffer.packet(at: end)
        backend.buffer.pass(1)
        let text = backend.buffer.take(end &- 1)
        backend.buffer.pass(1)
        message(
            trace.errorOfProtocol2(text), .backend, tag: UInt8(ascii: "E"), body: text, packet: packet)
        backend.state = .passing(.behindLastPacket)
        return true
    }
}
