import PipelineModel

/// An executor: a client with a token, traffic of a seed, and the patience or bad manners of that seed.
final class SimulatedExecutor {
    enum Phase { case starting, authenticating, greeted, relaying, ended }
    enum Manner: CaseIterable {
        /// Ends with Terminate and waits for the end.
        case polite
        /// Shuts its side behind its last message, and reads on.
        case halfClosing
        /// Goes away in the middle.
        case vanishing
        /// Stops reading, and stays.
        case stopped
    }

    let name: String
    let group: Group
    let wire: Wire
    let manner: Manner
    private unowned let world: World
    private(set) var phase = Phase.starting
    private var reader = FrameReader()
    private var traffic: ModelTraffic
    private(set) var sent: [Frame] = []
    private var messages: [PipelineModelServer.Message] = []
    private let length: Int
    private let pipelines: Bool
    private(set) var hasTerminated = false
    /// It has shut its side, and all it had to say is on its way.
    private(set) var hasShutItsSide = false
    /// The gateway has ended the connection, and all it sent came.
    var sawTheEnd = false
    /// The connection that the gateway gave it, from BackendKeyData.
    private(set) var backend: SimulatedBackend?
    private(set) var processID = 0
    private(set) var key: [UInt8] = []
    /// Frames of the replica's that have come.
    private(set) var heard = 0
    /// The error that ended it.
    private(set) var farewell: String?
    let syncsInCopy: Bool
    var isActPlanned = false
    /// An operator has revoked its tokens, has killed its session.
    var isRevoked = false
    var isKilled = false

    init(_ name: String, group: Group, wire: Wire, world: World) {
        self.name = name
        self.group = group
        self.wire = wire
        self.world = world
        if world.scenario.allHalfClose {
            manner = .halfClosing
        } else {
            manner =
                world.random.chance(3)
                ? Manner.allCases.randomElement(using: &world.random) ?? .polite : .polite
        }
        syncsInCopy = world.random.chance(4)
        traffic = ModelTraffic(syncInCopy: syncsInCopy)
        length = world.random.skewed(3, 300)
        pipelines = world.random.chance(5)
    }

    /// The message of a number, counted from 1.
    func message(_ number: Int) -> PipelineModelServer.Message? {
        messages.indices.contains(number - 1) ? messages[number - 1] : nil
    }
    func isTerminate(_ number: Int) -> Bool { hasTerminated && number == sent.count }
    var isDone: Bool { phase == .ended }

    func begin() {
        var parameters = [
            ("user", "auto"), ("database", "orders"), ("application_name", name), ("client_encoding", "UTF8"),
        ]
        if world.random.chance(4) {
            let region = ["eu-west-1", "eu-central-1", "us-east-1"].randomElement(using: &world.random) ?? ""
            parameters.append(("options", "-c domicile.region=\(region)"))
        }
        wire.send(Packet.startup(parameters))
    }

    // MARK: What it says

    /// Says the next thing. False where there is nothing more to say.
    func act() -> Bool {
        guard phase == .relaying || (phase == .authenticating && pipelines) else { return false }
        if sent.count >= length { return leave() }
        for (number, message) in traffic.step(&world.random) {
            say(message, number, padding: padding())
        }
        return true
    }

    /// Bytes of a text that another thread looks through.
    private static let longText = 1_500_000

    private func padding() -> Int {
        world.random.chance(50)
            ? world.random.skewed(1, 200_000) : world.random.chance(400) ? SimulatedExecutor.longText : 0
    }

    private func say(_ message: PipelineModelServer.Message, _ number: UInt64, padding: Int) {
        let frame = message.frame(mark: "\(name).\(number)", padding: padding)
        messages.append(message)
        sent.append(frame)
        wire.send(frame.bytes)
    }

    private func leave() -> Bool {
        if !hasTerminated, !hasShutItsSide, manner != .stopped, manner != .vanishing {
            if manner == .polite {
                for (number, message) in traffic.end() { say(message, number, padding: padding()) }
                hasTerminated = true
                sent.append(Frame("X"))
                wire.send(Frame("X").bytes)
            } else {
                if world.random.chance(2) { sayLongAtLast() }
                hasShutItsSide = true
                wire.finish()
            }
        }
        if manner == .vanishing { ended() }
        return false
    }

    /// A long text, and short ones behind it, which the gateway sees together with the end of the input.
    private func sayLongAtLast() {
        // Beyond LongText.bytes by little, too: such a text may go out in the turn in which it is recorded.
        let padding =
            world.random.chance(2) ? SimulatedExecutor.longText : world.random.number(66_000..<150_000)
        var isLong = false
        while !isLong {
            for (number, message) in traffic.step(&world.random) {
                say(message, number, padding: message.hasText ? padding : 0)
                isLong = isLong || message.hasText
            }
        }
        for _ in 0..<2 {
            for (number, message) in traffic.step(&world.random) { say(message, number, padding: 0) }
        }
    }

    // MARK: What it hears

    func received(_ bytes: [UInt8]) {
        reader.add(bytes)
        while phase != .ended, let frame = reader.frame() { hear(frame) }
    }

    func ended() {
        phase = .ended
        wire.cut(keeping: world.random.chance(2) ? world.random.number(0..<(wire.onTheWay + 1)) : 0)
    }

    private func hear(_ frame: Frame) {
        switch phase {
        case .starting:
            if frame.kind == "E" { return farewell(frame) }
            guard frame.kind == "R", frame.body == be32(3) else {
                return world.violated("\(name) was told \(frame.kind) instead of being asked for its token")
            }
            phase = .authenticating
            wire.send(Frame("p", cString(world.token(of: self))).bytes)
            if pipelines { world.planAct(self) }
        case .authenticating: hearGreeting(frame)
        case .greeted, .relaying: hearRelayed(frame)
        case .ended: break
        }
    }

    private func hearGreeting(_ frame: Frame) {
        switch frame.kind {
        case "E": farewell(frame)
        case "K":
            processID = number(frame.body[0..<4])
            key = Array(frame.body[4...])
            backend = world.backend(processID)
            guard backend != nil else { return world.violated("\(name) got the key of no backend") }
            world.sessionBegan(self)
        case "Z":
            phase = .relaying
            world.planAct(self)
        case "R", "S", "N": break
        default: world.violated("\(name) was greeted with \(frame.kind)")
        }
    }

    private func hearRelayed(_ frame: Frame) {
        guard let backend else { return }
        if heard < backend.sent.count, isAnswer(frame, backend.sent[heard]) {
            world.answerArrived(backend.sent[heard].message, from: backend, at: self)
            heard += 1
            return
        }
        if frame.kind == "E", frame.field("V") == "FATAL" { return farewell(frame) }
        if frame.kind == "N", frame.field("M") == "the token of this session expires soon" { return }
        world.violated(
            "\(name) heard \(frame.kind) \(text(frame.body.prefix(60))), which its replica did not say there")
    }

    private func isAnswer(_ frame: Frame, _ answer: SimulatedBackend.Answer) -> Bool {
        guard answer.isRefused else { return frame == answer.frame }
        return frame.kind == "E" && frame.field("C") == "34000"
            && frame.field("M") == "portal \"\" does not exist"
    }

    private func farewell(_ frame: Frame) {
        let words = frame.field("M") ?? ""
        farewell = (frame.field("C") ?? "") + " " + words
        world.tookLeave(self, words)
        phase = .ended
        wire.finish()
    }
}
