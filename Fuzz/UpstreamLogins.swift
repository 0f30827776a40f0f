import PGWire

/// A byte of the upstream's settings, then frames: a type, a length in two bytes, a body. Nobody is logged in at who did
/// not go all the way, once and in the allowed way; a password goes where it may; behind the end there is only failure.
func run(_ input: [UInt8]) {
    var input = FuzzInput(input)
    let flags = input.byte() ?? 0
    var credential = UpstreamCredential(
        user: Array("domicile".utf8), password: flags & 1 == 0 ? nil : password, nonce: nonce,
        isEncrypted: flags & 2 != 0)
    credential.allowsWeakAuthentication = flags & 4 != 0
    credential.channelBinding = flags & 8 != 0 ? Array("certificate".utf8) : nil
    credential.requiresChannelBinding = flags & 16 != 0
    var login = UpstreamLogin(digests: ZeroDigests.self)
    var observer = Observer(credential: credential)
    let first = login.start(
        parameters: [StartupMessage.Parameter("database", "fuzz")], credential: credential)
    guard case .send(let packet) = first else { return check(false, "a login that begins") }
    check((try? StartupRequest.decode(packet.span.extracting(4..<packet.count))) != nil, "a startup packet")
    while let tag = input.byte() {
        let length = Int(input.byte() ?? 0) << 8 | Int(input.byte() ?? 0)
        let body = input.take(min(length, WireLimits.replicaLoginMessage - 4))
        observer.observe(login.frameReceived(tag: tag, body: body.span), after: tag, body)
    }
}

private let password = Array("correct horse battery".utf8)
private let nonce = Array("nonce".utf8)

/// All zeros, so that an input can hold the signature that is right.
private enum ZeroDigests: LoginDigests {
    static func sha256(_ data: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: 32) }
    static func hmacSHA256(key: [UInt8], data: [UInt8]) -> [UInt8] { sha256(data) }
    static func pbkdf2SHA256(password: [UInt8], salt: [UInt8], iterations: Int) -> [UInt8] {
        check(WireLimits.scramIterations.contains(iterations), "\(iterations) iterations within the limit")
        check(!salt.isEmpty && salt.count <= WireLimits.scramField, "a salt within its limit")
        return sha256(salt)
    }
    static func md5(_ data: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: 16) }
}

/// What an onlooker knows of the login without the machine.
private struct Observer {
    let credential: UpstreamCredential
    var accepted: [Authentication] = []
    var key: BackendKeyData?
    var parameters = 0
    var isOver = false

    mutating func observe(_ action: UpstreamLogin<ZeroDigests>.Action, after tag: UInt8, _ body: [UInt8]) {
        let request = tag == BackendTag.authentication.rawValue ? try? Authentication.decode(body.span) : nil
        switch action {
        case .fail: isOver = true
        case .send(let frame):
            check(!isOver, "nothing is sent behind the end")
            guard let request else { return check(false, "an answer only to a request") }
            sent(frame, request)
            accepted.append(request)
        case .wait:
            check(!isOver, "no frame is taken behind the end")
            if let request { accepted.append(request) }
            if tag == BackendTag.parameterStatus.rawValue { parameters += 1 }
            guard tag == BackendTag.backendKeyData.rawValue else { return }
            check(key == nil, "one cancel key")
            key = try? BackendKeyData.decode(body.span)
        case .loggedIn(let result):
            check(!isOver, "no login behind the end")
            check(tag == BackendTag.readyForQuery.rawValue && body == [0x49], "a login that ends idle")
            loggedIn(result)
            isOver = true
        }
    }

    private func sent(_ frame: [UInt8], _ request: Authentication) {
        let header = try? FrameHeader.read(from: frame.span, origin: .executorAtLogin)
        check(header?.frameLength == frame.count, "one frame that answers a request")
        check(credential.password != nil, "an answer only with a password")
        switch request {
        case .cleartextPassword, .md5Password:
            check(credential.allowsWeakAuthentication, "a password or its hash only where that is allowed")
            check(!credential.requiresChannelBinding, "a password only where no channel binding is required")
        case .sasl, .saslContinue: break
        case .ok, .saslFinal, .other: check(false, "no answer to \(request)")
        }
        if request != .cleartextPassword {
            let places = 0..<max(0, frame.count - password.count)
            check(!places.contains { frame[$0...].starts(with: password) }, "no password in an exchange")
        }
    }

    private func loggedIn(_ result: UpstreamLoginResult) {
        check(accepted.filter { $0 == .ok }.count == 1, "one AuthenticationOk")
        check(accepted.last == .ok, "no request behind AuthenticationOk")
        check(result.key == key, "the key that came")
        check(result.parameters.count == parameters, "the parameters that came")
        check(parameters <= WireLimits.parameterStatusAtLogin, "parameters within the limit")
        check(result.notices.count <= WireLimits.noticesAtLogin, "notices within the limit")
        if credential.requiresChannelBinding {
            check(result.method == .scramSHA256Plus, "channel binding where it is required")
        }
        switch result.method {
        case .none: check(accepted == [.ok], "nothing but AuthenticationOk")
        case .cleartextPassword: check(accepted == [.cleartextPassword, .ok], "a password asked for")
        case .md5Password:
            guard accepted.count == 2, case .md5Password = accepted[0] else {
                return check(false, "a hash asked for")
            }
        case .scramSHA256, .scramSHA256Plus:
            guard accepted.count == 4, case .sasl = accepted[0], case .saslContinue(let first) = accepted[1],
                case .saslFinal(let final) = accepted[2]
            else { return check(false, "a whole exchange") }
            check(first.starts(with: "r=".utf8 + nonce), "a nonce that extends ours")
            let signature = String(repeating: "A", count: 43) + "="
            check(final.elementsEqual("v=\(signature)".utf8), "the signature that is right")
        }
    }
}

private func + (text: String.UTF8View, bytes: [UInt8]) -> [UInt8] { Array(text) + bytes }
