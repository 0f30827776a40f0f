/// The gateway's own login at a replica, after TLS is up: from the startup packet to the first ReadyForQuery.
///
/// What may come at each step is a closed list; anything else ends the login. Above all nothing is taken
/// twice: a second AuthenticationOk, BackendKeyData or request would make what follows somebody else's.
package struct UpstreamLogin<Digests: LoginDigests>: ~Copyable {
    package enum Action: Sendable {
        case send([UInt8])
        case wait
        case loggedIn(UpstreamLoginResult)
        case fail(UpstreamLoginFailure)
    }

    private enum State {
        case initial
        case awaitingRequest(UpstreamCredential, wasNegotiated: Bool)
        case awaitingServerFirst(UpstreamCredential, ScramExchange, UpstreamLoginResult.Method)
        case awaitingServerFinal(ScramExchange.Proof, UpstreamLoginResult.Method)
        case awaitingOk(UpstreamLoginResult)
        case settling(UpstreamLoginResult)
        case finished

        var expectation: UpstreamLoginFailure.Expectation {
            switch self {
            case .initial, .finished: .nothing
            case .awaitingRequest: .authenticationRequest
            case .awaitingServerFirst: .saslContinue
            case .awaitingServerFinal: .saslFinal
            case .awaitingOk: .authenticationOk
            case .settling: .readyForQuery
            }
        }
    }

    private var state = State.initial

    package init(digests: Digests.Type = Digests.self) {}

    /// Begins with the startup packet of protocol 3.0. `user` is the credential's; `parameters` are the
    /// others, in the order to send.
    package mutating func start(
        parameters: [StartupMessage.Parameter], credential: UpstreamCredential
    ) -> Action {
        guard case .initial = state, Self.isUsable(nonce: credential.nonce) else {
            return fail(.notEncodable)
        }
        let user = StartupMessage.Parameter(name: Array("user".utf8), value: credential.user)
        let message = StartupMessage(version: .v30, parameters: [user] + parameters)
        state = .awaitingRequest(credential, wasNegotiated: false)
        return send { (bytes) throws(MessageError) in try message.encode(into: &bytes) }
    }

    /// A frame came, whose header was read with the origin `replicaAtLogin`.
    package mutating func frameReceived(tag: UInt8, body: Span<UInt8>) -> Action {
        guard let known = BackendTag(rawValue: tag) else { return violation(tag) }
        do throws(MessageError) {
            switch known {
            case .authentication: return authenticationReceived(try Authentication.decode(body))
            case .errorResponse: return errorReceived(try ErrorResponse.decode(body))
            case .noticeResponse: return noticeReceived(try NoticeResponse.decode(body))
            case .negotiateProtocolVersion:
                return negotiationReceived(try NegotiateProtocolVersion.decode(body))
            case .parameterStatus: return parameterReceived(try ParameterStatus.decode(body))
            case .backendKeyData: return keyReceived(try BackendKeyData.decode(body))
            case .readyForQuery: return readyReceived(try ReadyForQuery.decode(body))
            case .bindComplete, .closeComplete, .commandComplete, .copyBothResponse, .copyData, .copyDone,
                .copyInResponse, .copyOutResponse, .dataRow, .emptyQueryResponse, .functionCallResponse,
                .noData,
                .notificationResponse, .parameterDescription, .parseComplete, .portalSuspended,
                .rowDescription:
                return violation(tag)
            }
        } catch {
            return fail(.malformedMessage(tag: tag, error))
        }
    }

    // MARK: Authentication

    private mutating func authenticationReceived(_ request: Authentication) -> Action {
        switch state {
        case .awaitingRequest(let credential, _): return requestReceived(request, credential)
        case .awaitingServerFirst(let credential, let exchange, let method):
            guard case .saslContinue(let message) = request else { return authenticationViolation }
            return serverFirstReceived(message, credential, exchange, method)
        case .awaitingServerFinal(let proof, let method):
            guard case .saslFinal(let message) = request else { return authenticationViolation }
            return serverFinalReceived(message, proof, method)
        case .awaitingOk(let result):
            guard case .ok = request else { return authenticationViolation }
            state = .settling(result)
            return .wait
        case .initial, .settling, .finished: return authenticationViolation
        }
    }

    private mutating func requestReceived(_ request: Authentication, _ credential: UpstreamCredential)
        -> Action
    {
        if credential.requiresChannelBinding {
            guard case .sasl = request else { return fail(.channelBindingMissing) }
        }
        switch request {
        case .ok:
            state = .settling(UpstreamLoginResult())
            return .wait
        case .cleartextPassword:
            guard credential.allowsWeakAuthentication else {
                return fail(.weakAuthenticationRefused(.cleartextPassword))
            }
            guard let password = credential.password else { return fail(.passwordMissing) }
            return send(password: password, .cleartextPassword)
        case .md5Password(let salt):
            guard credential.allowsWeakAuthentication else {
                return fail(.weakAuthenticationRefused(.md5Password))
            }
            guard let password = credential.password else { return fail(.passwordMissing) }
            return send(password: Self.md5(password, user: credential.user, salt: salt), .md5Password)
        case .sasl(let mechanisms):
            return mechanismsReceived(mechanisms, credential)
        case .other(let unsupported):
            return fail(.unsupportedAuthentication(unsupported))
        case .saslContinue, .saslFinal:
            return authenticationViolation
        }
    }

    private mutating func send(password: [UInt8], _ method: UpstreamLoginResult.Method) -> Action {
        state = .awaitingOk(UpstreamLoginResult(method: method))
        return send { (bytes) throws(MessageError) in
            try PasswordMessage.encode(password: password, into: &bytes)
        }
    }

    private mutating func mechanismsReceived(_ mechanisms: [[UInt8]], _ credential: UpstreamCredential)
        -> Action
    {
        let plain = Array("SCRAM-SHA-256".utf8)
        let plus = Array("SCRAM-SHA-256-PLUS".utf8)
        let offersPlus = mechanisms.contains(plus)
        if offersPlus, !credential.isEncrypted { return fail(.channelBindingWithoutEncryption) }
        let chosen: (binding: ScramExchange.Binding, mechanism: [UInt8], method: UpstreamLoginResult.Method)
        let binding = credential.isEncrypted ? credential.channelBinding : nil
        if offersPlus, let binding {
            chosen = (.serverEndPoint(binding), plus, .scramSHA256Plus)
        } else if credential.requiresChannelBinding {
            return fail(.channelBindingMissing)
        } else if mechanisms.contains(plain) {
            chosen = (binding == nil ? .none : .unoffered, plain, .scramSHA256)
        } else {
            return fail(.noCommonMechanism)
        }
        guard credential.password != nil else { return fail(.passwordMissing) }
        let exchange = ScramExchange(binding: chosen.binding, nonce: credential.nonce)
        state = .awaitingServerFirst(credential, exchange, chosen.method)
        return send { (bytes) throws(MessageError) in
            try SASLInitialResponse.encode(
                mechanism: chosen.mechanism, response: exchange.clientFirst, into: &bytes)
        }
    }

    private mutating func serverFirstReceived(
        _ message: [UInt8], _ credential: UpstreamCredential, _ exchange: ScramExchange,
        _ method: UpstreamLoginResult.Method
    ) -> Action {
        guard let password = credential.password else { return fail(.passwordMissing) }
        do throws(ScramExchange.Failure) {
            let proof = try exchange.serverFirstReceived(
                message, password: password, cached: credential.scramKeys,
                iterationLimits: credential.iterationLimits, digests: Digests.self)
            state = .awaitingServerFinal(proof, method)
            return send { (bytes) throws(MessageError) in
                try SASLResponse.encode(response: proof.clientFinal, into: &bytes)
            }
        } catch {
            return fail(UpstreamLoginFailure(error))
        }
    }

    private mutating func serverFinalReceived(
        _ message: [UInt8], _ proof: ScramExchange.Proof, _ method: UpstreamLoginResult.Method
    ) -> Action {
        do throws(ScramExchange.Failure) {
            try proof.serverFinalReceived(message)
        } catch {
            return fail(UpstreamLoginFailure(error))
        }
        state = .awaitingOk(UpstreamLoginResult(method: method, scramKeys: proof.keys))
        return .wait
    }

    // MARK: Before and after

    private mutating func errorReceived(_ error: ErrorResponse) -> Action {
        switch state {
        case .initial, .finished: return violation(BackendTag.errorResponse.rawValue)
        case .awaitingRequest, .awaitingServerFirst, .awaitingServerFinal, .awaitingOk, .settling: break
        }
        let severity = error.fields[.severity] ?? error.fields[.localizedSeverity] ?? []
        let isFatal = severity.elementsEqual("FATAL".utf8) || severity.elementsEqual("PANIC".utf8)
        return fail(.serverError(sqlstate: Self.sqlstate(error), isFatal: isFatal))
    }

    private static func sqlstate(_ error: ErrorResponse) -> String? {
        guard let code = error.fields[.sqlstate], code.count == 5,
            code.allSatisfy({ (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) })
        else { return nil }
        return String(decoding: code, as: UTF8.self)
    }

    /// Notices before AuthenticationOk come from somebody who proved nothing: they are dropped.
    private mutating func noticeReceived(_ notice: NoticeResponse) -> Action {
        switch state {
        case .initial, .finished: return violation(BackendTag.noticeResponse.rawValue)
        case .awaitingRequest, .awaitingServerFirst, .awaitingServerFinal, .awaitingOk: return .wait
        case .settling(var result):
            if result.notices.count < WireLimits.noticesAtLogin { result.notices.append(notice) }
            state = .settling(result)
            return .wait
        }
    }

    /// We ask for 3.0 and for no options, so there is nothing to negotiate; a server may say so once, and
    /// first.
    private mutating func negotiationReceived(_ negotiation: NegotiateProtocolVersion) -> Action {
        guard case .awaitingRequest(let credential, wasNegotiated: false) = state,
            negotiation.version == .v30,
            negotiation.unrecognizedOptions.isEmpty
        else { return violation(BackendTag.negotiateProtocolVersion.rawValue) }
        state = .awaitingRequest(credential, wasNegotiated: true)
        return .wait
    }

    private mutating func parameterReceived(_ parameter: ParameterStatus) -> Action {
        guard case .settling(var result) = state else {
            return violation(BackendTag.parameterStatus.rawValue)
        }
        guard result.parameters.count < WireLimits.parameterStatusAtLogin else {
            return fail(.tooManyParameters)
        }
        result.parameters.append(parameter)
        state = .settling(result)
        return .wait
    }

    private mutating func keyReceived(_ key: BackendKeyData) -> Action {
        guard case .settling(var result) = state, result.key == nil else {
            return violation(BackendTag.backendKeyData.rawValue)
        }
        result.key = key
        state = .settling(result)
        return .wait
    }

    private mutating func readyReceived(_ ready: ReadyForQuery) -> Action {
        guard case .settling(var result) = state, ready.status == .idle else {
            return violation(BackendTag.readyForQuery.rawValue)
        }
        result.transactionStatus = ready.status
        state = .finished
        return .loggedIn(result)
    }

    // MARK: Ends

    private var authenticationViolation: Action {
        mutating get { violation(BackendTag.authentication.rawValue) }
    }

    private mutating func violation(_ tag: UInt8) -> Action {
        fail(.protocolViolation(expected: state.expectation, got: tag))
    }

    private mutating func fail(_ failure: UpstreamLoginFailure) -> Action {
        state = .finished
        return .fail(failure)
    }

    private mutating func send(_ encode: (inout [UInt8]) throws(MessageError) -> Void) -> Action {
        var bytes: [UInt8] = []
        do throws(MessageError) {
            try encode(&bytes)
            return .send(bytes)
        } catch {
            return fail(.notEncodable)
        }
    }

    private static func isUsable(nonce: [UInt8]) -> Bool {
        !nonce.isEmpty && nonce.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: ",") }
    }

    /// "md5" and the hash of the hash of password and name, and of the salt (protocol, "Message Flow").
    private static func md5(_ password: [UInt8], user: [UInt8], salt: [UInt8]) -> [UInt8] {
        Array("md5".utf8) + hexadecimal(Digests.md5(hexadecimal(Digests.md5(password + user)) + salt))
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 0xf)]] }
    }
}
