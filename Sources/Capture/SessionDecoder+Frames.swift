import PGWire

extension SessionDecoder {
    /// Whether the next frame of the frontend's is a `p`.
    var isPassword: Bool {
        frontend.buffer.with { $0.count > 0 && $0[0] == FrontendTag.password.rawValue }
    }

    mutating func stepFrames(_ side: TraceLine.Side) -> Bool {
        if let passed = self[side].passedFrame { return stepPassedFrame(passed, side) }
        if side == .frontend, isPassword, usedPasswordKinds == passwordKinds.count { return false }
        let header: FrameHeader?
        do throws(FrameError) {
            let origin = origin(side)
            header = try self[side].buffer.with { (bytes) throws(FrameError) in
                try FrameHeader.read(from: bytes, origin: origin)
            }
        } catch {
            self[side].state = .passing(.noFrame(error))
            return true
        }
        guard let header else { return stepHead(side) }
        let isThere = self[side].buffer.count >= header.frameLength
        if isThere, header.bodyLength <= CaptureLimits.body {
            frame(header, side)
            return true
        }
        guard self[side].buffer.head != .nothing || header.bodyLength > CaptureLimits.body else {
            return false
        }
        self[side].passedFrame = PassedFrame(header: header, left: header.frameLength)
        return true
    }

    private func origin(_ side: TraceLine.Side) -> FrameHeader.Origin {
        switch side {
        case .frontend: isPassword ? .executorAtLogin : .executor
        case .backend: .replica
        }
    }

    private mutating func frame(_ header: FrameHeader, _ side: TraceLine.Side) {
        let packet = self[side].buffer.packet(at: header.frameLength &- 1)
        self[side].buffer.pass(WireLimits.frameHeader)
        let body = self[side].buffer.take(header.bodyLength)
        if side == .frontend, let tag = header.frontendTag {
            var kind = WireTrace.PasswordKind.password
            if tag == .password {
                kind = passwordKinds[usedPasswordKinds]
                usedPasswordKinds &+= 1
            }
            let line = trace.frontendFrame(tag, body: body.span, password: kind)
            message(line, .frontend, tag: header.tag, body: body, packet: packet)
        } else if let tag = header.backendTag {
            if tag == .authentication { authentication(body) }
            message(
                trace.backendFrame(tag, body: body.span), .backend, tag: header.tag, body: body,
                packet: packet)
        }
    }

    private mutating func authentication(_ body: [UInt8]) {
        guard let request = try? Authentication.decode(body.span) else { return }
        switch request {
        case .ok, .saslFinal, .other(.kerberosV5), .other(.unknown): break
        case .cleartextPassword, .md5Password: passwordKinds.append(.password)
        case .sasl: passwordKinds.append(.saslInitialResponse)
        case .saslContinue: passwordKinds.append(.saslResponse)
        case .other(.gss), .other(.gssContinue), .other(.sspi): passwordKinds.append(.gssResponse)
        }
    }

    /// Passes over a frame up to its end, also over what is missing of it: where it ends is known.
    private mutating func stepPassedFrame(_ passed: PassedFrame, _ side: TraceLine.Side) -> Bool {
        var passed = passed
        let count = min(self[side].buffer.count, passed.left)
        if count > 0 {
            let packet = self[side].buffer.packet(at: count &- 1)
            self[side].buffer.pass(count)
            passed.left &-= count
            self[side].passedFrame = passed
            if passed.left == 0 { endPassedFrame(passed, side, packet: packet) }
            return true
        }
        switch self[side].buffer.head {
        case .nothing: return false
        case .lost(let lost, let packet) where lost <= passed.left:
            self[side].buffer.passHead()
            passed.left &-= lost
            passed.lost &+= lost
            self[side].passedFrame = passed
            if passed.left == 0 { endPassedFrame(passed, side, packet: packet) }
        case .lost(_, let packet):
            passed.lost &+= passed.left
            endPassedFrame(passed, side, packet: packet)
            self[side].state = .passing(.lost)
        case .end(let packet):
            self[side].passedFrame = nil
            note(
                .incomplete(bytes: passed.header.frameLength &- passed.left &- passed.lost), side,
                packet: packet)
            return stepHead(side)
        }
        return true
    }

    private mutating func endPassedFrame(_ passed: PassedFrame, _ side: TraceLine.Side, packet: Int) {
        self[side].passedFrame = nil
        note(
            .frame(tag: passed.header.tag, length: passed.header.frameLength &- 1, lost: passed.lost), side,
            packet: packet)
        // Whatever it asked for, the answer to it is a password's.
        if side == .backend, passed.header.backendTag == .authentication { passwordKinds.append(.password) }
        if side == .frontend, passed.header.frontendTag == .password { usedPasswordKinds &+= 1 }
    }

    /// What stands where the bytes end, when they are no whole frame or packet.
    mutating func stepHead(_ side: TraceLine.Side) -> Bool {
        switch self[side].buffer.head {
        case .nothing: return false
        case .lost:
            self[side].state = .passing(.lost)
            if side == .frontend { openings.append(.unknown) }
        case .end(let packet):
            let left = self[side].buffer.count
            if left > 0 {
                note(.incomplete(bytes: left), side, packet: packet)
                self[side].buffer.pass(left)
            }
            self[side].buffer.passHead()
            note(.closed, side, packet: packet)
            self[side].state = .ended
        }
        return true
    }

    mutating func stepPassing(_ side: TraceLine.Side, _ reason: CaptureEvent.Reason) -> Bool {
        let count = self[side].buffer.count
        if count > 0 {
            add(bytes: count, lost: 0, side, reason, packet: self[side].buffer.packet(at: 0))
            self[side].buffer.pass(count)
            return true
        }
        switch self[side].buffer.head {
        case .nothing: return false
        case .lost(let lost, let packet):
            self[side].buffer.passHead()
            add(bytes: 0, lost: lost, side, reason, packet: packet)
        case .end: return stepHead(side)
        }
        return true
    }

    private mutating func add(
        bytes: Int, lost: Int, _ side: TraceLine.Side, _ reason: CaptureEvent.Reason, packet: Int
    ) {
        guard let index = self[side].passedEvent else {
            self[side].passedEvent = self[side].events.count
            return note(.passed(reason, bytes: bytes, lost: lost), side, packet: packet)
        }
        guard
            case .note(.passed(let reason, let bytesBefore, let lostBefore)) = self[side].events[index]
                .content
        else { return }
        let sum = CaptureEvent.Note.passed(reason, bytes: bytesBefore &+ bytes, lost: lostBefore &+ lost)
        self[side].events[index].content = .note(sum)
    }
}
