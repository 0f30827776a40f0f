import PGWire

/// Both streams of one connection, decoded into messages.
///
/// Each side is decoded on its own as far as it can be, and waits where only the other side's bytes say what comes: a
/// byte that answers SSLRequest, a `p` that is a password or a SASL message. So the messages are the same however the
/// bytes are cut and in whatever order the two streams are fed; the packet that brought its last byte puts each message
/// in its place between those of the other side.
struct SessionDecoder {
    /// What the frontend has sent before its frames begin.
    enum Opening: Equatable {
        case encryption(WireTrace.EncryptionRequest)
        case startup
        case cancel
        /// The version is below 3.0: answered in the form of protocol 2.0.
        case ofProtocol2
        /// Nothing that can be told.
        case unknown
    }

    enum State: Equatable {
        /// The frontend: a packet without a type. The backend: what it answers depends on one.
        case startup
        /// The frontend, behind SSLRequest or GSSENCRequest.
        case awaitingAnswer(WireTrace.EncryptionRequest)
        case frames
        /// The backend: one message of protocol 2.0.
        case errorOfProtocol2
        case passing(CaptureEvent.Reason)
        case ended
    }

    /// A frame that is passed over: its body is not all there, or too long.
    struct PassedFrame: Equatable {
        let header: FrameHeader
        var left: Int
        var lost = 0
    }

    struct Side {
        var buffer = StreamBuffer()
        var state = State.startup
        var passedFrame: PassedFrame?
        /// The event that counts what is passed over, while the state is `passing`.
        var passedEvent: Int?
        var events: [CaptureEvent] = []
    }

    let connection: Int
    let trace: WireTrace
    var frontend = Side()
    var backend = Side()
    /// In the order they were sent; the backend answers them in turn.
    var openings: [Opening] = []
    var answeredOpenings = 0
    /// The backend's answers to requests for encryption; the frontend goes on by them in turn.
    var answers: [UInt8] = []
    var usedAnswers = 0
    /// What the backend has asked for with authentication requests, in order.
    var passwordKinds: [WireTrace.PasswordKind] = []
    var usedPasswordKinds = 0

    /// How many events each side may give.
    let limit: Int

    init(connection: Int, trace: WireTrace, limit: Int = CaptureLimits.eventsOfSide) {
        self.connection = connection
        self.limit = limit
        self.trace = trace
    }

    mutating func received(_ bytes: [UInt8], from side: TraceLine.Side, packet: Int) {
        self[side].buffer.append(bytes, packet: packet)
    }

    mutating func received(_ head: StreamBuffer.Head, from side: TraceLine.Side) {
        self[side].buffer.append(head)
    }

    /// Decodes what can be decoded.
    mutating func advance() {
        var moved = true
        while moved {
            moved = false
            while step(.frontend) { moved = true }
            while step(.backend) { moved = true }
        }
    }

    /// The capture is over: decodes what waited in vain, one thing at a time, and gives everything in its order.
    mutating func finish() -> [CaptureEvent] {
        advance()
        while giveUpWaiting() { advance() }
        for side in TraceLine.Side.allCases { endIncomplete(side) }
        let all = (frontend.events + backend.events).enumerated()
        return all.sorted { ($0.element.packet, $0.offset) < ($1.element.packet, $1.offset) }.map(\.element)
    }

    /// What is left of a frame or a packet whose rest was not captured, and not missed either.
    private mutating func endIncomplete(_ side: TraceLine.Side) {
        let passed = self[side].passedFrame.map { $0.header.frameLength &- $0.left &- $0.lost } ?? 0
        let bytes = passed &+ self[side].buffer.count
        if bytes > 0 { note(.incomplete(bytes: bytes), side, at: max(0, self[side].buffer.count &- 1)) }
    }

    private mutating func giveUpWaiting() -> Bool {
        if case .awaitingAnswer = frontend.state {
            frontend.state = .passing(.unanswered)
            return true
        }
        if frontend.state == .frames, frontend.buffer.count > 0, usedPasswordKinds == passwordKinds.count,
            isPassword
        {
            passwordKinds.append(.password)
            return true
        }
        if backend.state == .startup, openings.count == answeredOpenings {
            openings.append(.unknown)
            return true
        }
        return false
    }

    subscript(side: TraceLine.Side) -> Side {
        get {
            switch side {
            case .frontend: frontend
            case .backend: backend
            }
        }
        _modify {
            switch side {
            case .frontend: yield &frontend
            case .backend: yield &backend
            }
        }
    }

    /// Whether anything was done.
    private mutating func step(_ side: TraceLine.Side) -> Bool {
        if self[side].events.count >= limit, self[side].passedEvent == nil, self[side].state != .ended,
            self[side].state != .passing(.tooMany)
        {
            self[side].passedFrame = nil
            self[side].state = .passing(.tooMany)
            openings.append(.unknown)
            return true
        }
        return switch self[side].state {
        case .startup: side == .frontend ? stepStartup() : stepOpening()
        case .awaitingAnswer: stepAnswer()
        case .frames: stepFrames(side)
        case .errorOfProtocol2: stepErrorOfProtocol2()
        case .passing(let reason): stepPassing(side, reason)
        case .ended: false
        }
    }

    // MARK: What is told

    mutating func message(
        _ line: TraceLine, _ side: TraceLine.Side, tag: UInt8?, body: [UInt8], packet: Int
    ) {
        let message = CaptureEvent.Message(line: line, tag: tag, body: body)
        self[side].events.append(
            CaptureEvent(connection: connection, packet: packet, side: side, content: .message(message)))
    }

    /// Notes something that the byte at `offset` of the buffer shows.
    mutating func note(_ note: CaptureEvent.Note, _ side: TraceLine.Side, at offset: Int) {
        self.note(note, side, packet: self[side].buffer.packet(at: offset))
    }

    mutating func note(_ note: CaptureEvent.Note, _ side: TraceLine.Side, packet: Int) {
        self[side].events.append(
            CaptureEvent(connection: connection, packet: packet, side: side, content: .note(note)))
    }
}
