import GatewayConfiguration
import GatewayIdentity
import PGWire
import Transport

/// From the startup packet to a verified token: as a cleartext password, or by SASL OAUTHBEARER.
extension Session {
    func authenticate(_ message: StartupMessage) {
        do throws(Refusal) {
            var answer: [UInt8] = []
            if let negotiation = message.negotiation { StartupReply.negotiate(negotiation, into: &answer) }
            let limits = generation.configuration.limits
            guard
                context.admission.admitLogin(
                    address: client.hostBytes, perSecond: limits.loginsPerSecondPerAddress,
                    now: worker.loop.now)
            else { throw .tooManyLogins(perSecond: limits.loginsPerSecondPerAddress) }
            let startup = try ExecutorStartup(message)
            identity.asked = AskedAccess(startup)
            identity.application = startup.application
            var exchange: OAuthBearerExchange?
            switch startup.authentication ?? listenerConfiguration.auth {
            case .cleartext: StartupReply.authenticationCleartextPassword(into: &answer)
            case .oauthbearer:
                // RFC 7628 section 3: a bearer token is good in whosever hand it falls (F-ID-19).
                guard executor.isEncrypted else { throw .bearerNeedsEncryption }
                exchange = OAuthBearerExchange()
                OAuthBearerExchange.offer(into: &answer)
            }
            outbound.append(answer)
            phase = .authenticating(startup, exchange)
            if !inbound.isEmpty || executor.isReadable { worker.touch(self) }
        } catch {
            end(error)
        }
    }

    /// Reads the executor's next frame of the login. What lies behind it is not looked at.
    func readCredential() {
        if executor.isReadable {
            switch executor.read(into: &inbound) {
            case .moved, .wouldBlock: break
            case .closed, .failed: return close()
            }
        }
        do throws(FrameError) {
            let header = try FrameHeader.read(from: inbound.readable, origin: .executorAtLogin)
            guard let header, inbound.count >= header.frameLength else {
                if executor.isReadable { worker.touch(self) }
                return
            }
            let body = inbound.withBytes(WireLimits.frameHeader..<header.frameLength) {
                $0.bytes(in: 0..<$0.count)
            }
            inbound.consume(header.frameLength)
            received(credential: body)
        } catch {
            context.counters.protocolViolations.increase()
            end(.protocolViolation(error.reason))
        }
    }

    private func received(credential body: [UInt8]) {
        switch phase {
        case .authenticating(let startup, nil):
            guard let message = try? PasswordMessage.decode(body.span) else {
                context.counters.protocolViolations.increase()
                return end(.protocolViolation("The password message is malformed."))
            }
            verify(startup, Array(body[message.password]), exchange: nil, afterFetch: false)
        case .authenticating(let startup, var exchange?):
            switch take(body, &exchange) {
            case .askAgain:
                phase = .authenticating(startup, exchange)
                var bytes: [UInt8] = []
                OAuthBearerExchange.askAgain(into: &bytes)
                outbound.append(bytes)
                if !inbound.isEmpty || executor.isReadable { worker.touch(self) }
            case .verify(let token): verify(startup, token, exchange: exchange, afterFetch: false)
            case .discover: challenge(exchange, .tokenAskedFor)
            case .unusable: refuse(.malformed(.authorization), exchange)
            case .fail, nil: break
            }
        case .challenged(var exchange, let refusal):
            if take(body, &exchange) != nil { end(refusal) }
        case .negotiating, .handshaking, .verifying, .introspecting, .connecting, .relaying, .operating,
            .cancelling, .leaving,
            .closed:
            break
        }
    }

    /// Nil where the message cannot be read: the session has ended then.
    private func take(_ body: [UInt8], _ exchange: inout OAuthBearerExchange) -> OAuthBearerExchange.Action? {
        do throws(OAuthBearerMistake) {
            return try exchange.received(body)
        } catch {
            context.counters.protocolViolations.increase()
            end(error.refusal)
            return nil
        }
    }

    private func verify(
        _ startup: ExecutorStartup, _ token: [UInt8], exchange: OAuthBearerExchange?, afterFetch: Bool
    ) {
        phase = .verifying(startup, token: token, exchange)
        switch context.identity.verify(
            token, now: context.platform.wall() / 1_000_000, afterFetch: afterFetch)
        {
        case .verified(let verified): introspect(startup, token, verified, exchange)
        case .refused(.keysUnavailable): end(.keysUnavailable)
        case .refused(.introspectionUnavailable): end(.introspectionUnavailable)
        case .refused(let refusal): refuse(refusal, exchange)
        case .needsKeys(let issuer):
            let address = address
            let context = context
            context.identity.fetchKeys(issuer: issuer) { _ in
                context.post(.keysFetched(address), to: address.worker)
            }
        }
    }

    func keysFetched() {
        guard case .verifying(let startup, let token, let exchange) = phase else { return }
        verify(startup, token, exchange: exchange, afterFetch: true)
    }

    /// The more tokens of the address failed, the later it hears of this one; the record is written now.
    private func refuse(_ refusal: TokenRefusal, _ exchange: OAuthBearerExchange?) {
        heldBack = context.admission.tokenFailed(
            address: client.hostBytes, limit: generation.configuration.limits.failureDelay,
            now: worker.loop.now)
        guard let exchange else { return end(.token(refusal)) }
        challenge(exchange, .token(refusal))
    }

    /// The session is known by its token from here on, to whoever revokes; then the issuer is asked whether it is
    /// active, where it wants to be.
    private func introspect(
        _ startup: ExecutorStartup, _ token: [UInt8], _ verified: VerifiedToken,
        _ exchange: OAuthBearerExchange?
    ) {
        identity.principal = verified.principal
        identity.token = verified
        do throws(TokenConfirmation.Failure) {
            try verified.confirmation?.check(certificate: executor.peerCertificateDigest)
        } catch {
            return end(.confirmation(error))
        }
        guard !isRevoked else { return end(.loginRevoked) }
        guard context.introspection.concerns(verified) else { return decide(startup, verified) }
        phase = .introspecting(startup, verified, exchange)
        liveToken = LiveToken(token)
        let (address, context) = (address, context)
        context.introspection.check(token, of: verified, now: context.platform.wall() / 1_000_000) {
            outcome in
            context.post(.introspected(address, outcome), to: address.worker)
        }
    }

    func introspected(_ outcome: IntrospectionOutcome) {
        guard case .introspecting(let startup, let verified, let exchange) = phase else { return }
        switch outcome {
        case .active: decide(startup, verified)
        case .inactive: refuse(.inactive, exchange)
        case .unavailable: end(.introspectionUnavailable)
        }
    }

    /// Refuses by OAUTHBEARER's own way: the challenge says where to get a token, the error follows when the executor has
    /// acknowledged it (F-ID-19). The record is written now: an executor may go without another word.
    private func challenge(_ exchange: OAuthBearerExchange, _ refusal: Refusal) {
        var exchange = exchange
        exchange.refused()
        recordRefused(refusal)
        let provider = generation.configuration.discoveryIssuer
        var bytes: [UInt8] = []
        OAuthBearerExchange.challenge(
            discovery: provider?.discoveryDocument ?? "", scope: provider?.scope ?? "", into: &bytes)
        outbound.append(bytes)
        phase = .challenged(exchange, refusal)
        waitHeldBack()
        if !inbound.isEmpty || executor.isReadable { worker.touch(self) }
    }
}
