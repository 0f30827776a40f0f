import PipelineModel

/// One connection at a replica: the server's side of the login and of the attestation, and then the model server.
final class SimulatedBackend {
    enum Phase { case startup, loggedIn, relaying, ended }

    struct Answer {
        var frame: Frame
        /// The last message that had been run by then.
        var message: UInt64
        /// The gateway puts its refusal in the place of this error.
        var isRefused = false
    }

    let replica: SimulatedReplica
    let wire: Wire
    let processID: Int
    let key: [UInt8]
    private unowned let world: World
    private(set) var phase = Phase.startup
    private(set) var hasInputEnded = false
    private(set) var executor: SimulatedExecutor?
    /// The gateway's name of the session.
    private(set) var session = ""
    private var reader = FrameReader()
    private var server = PipelineModelServer()
    /// Frames of the executor that came.
    private(set) var arrived = 0
    private var processed = 0
    /// What was answered.
    private(set) var sent: [Answer] = []
    /// Portals that the gateway had executed in place of one that must not be, by message.
    private var refusals: [Int: String] = [:]
    var isProcessingPlanned = false

    init(_ replica: SimulatedReplica, wire: Wire, processID: Int, key: [UInt8], world: World) {
        self.replica = replica
        self.wire = wire
        self.processID = processID
        self.key = key
        self.world = world
    }

    /// What the server ran of the executor's messages, and how it ended.
    var ends: [PipelineModelServer.End] { server.ends }
    var ranAll: Bool { processed == arrived }

    func received(_ bytes: [UInt8]) {
        reader.add(bytes)
        if phase == .startup {
            guard let packet = reader.packet() else { return }
            begin(packet)
        }
        while phase != .startup, phase != .ended, let frame = reader.frame() { take(frame) }
    }

    /// The gateway's side is shut: what came is still run and answered.
    func inputEnded() {
        hasInputEnded = true
        if phase != .relaying || ranAll { ended() }
    }

    /// The process is gone.
    func ended() {
        phase = .ended
        wire.cut()
    }

    // MARK: Login

    private func begin(_ packet: [UInt8]) {
        guard let parameters = Packet.parameters(packet) else { return cancel(packet) }
        func value(_ name: String) -> String? { parameters.last { $0.name == name }?.value }
        session = value("domicile.session") ?? ""
        guard let executor = world.executor(named: value("application_name")) else {
            return world.violated("a startup packet of nobody at \(replica.id): \(parameters)")
        }
        self.executor = executor
        world.checkRegion(executor, replica, "a startup packet")
        if replica.isSilent { return }
        if world.random.chance(40) {
            wire.send(Packet.error("FATAL", "53300", "sorry, too many clients already").bytes)
            wire.finish()
            phase = .ended
            return
        }
        phase = .loggedIn
        let greeting = [
            Frame("R", be32(0)), Frame("S", cString("client_encoding") + cString("UTF8")),
            Frame("S", cString("server_version") + cString("15.20")),
            Frame("K", be32(processID) + key), Frame("Z", [0x49]),
        ]
        wire.send(greeting.flatMap(\.bytes))
    }

    /// A CancelRequest: it must be for the session of the executor who asked.
    private func cancel(_ packet: [UInt8]) {
        phase = .ended
        guard packet.count == 12, Array(packet[0..<4]) == be16(1234) + be16(5678) else {
            return world.violated("an unreadable startup packet at \(replica.id): \(packet.prefix(40))")
        }
        world.cancelArrived(at: replica, processID: number(packet[4..<8]), key: Array(packet[8...]))
        wire.finish()
    }

    private func take(_ frame: Frame) {
        if phase == .loggedIn {
            guard frame.kind == "Q", text(frame.body).contains("pg_control_system") else {
                return world.violated("\(frame.kind) before the attestation at \(replica.id)")
            }
            attest()
            return
        }
        arrived += 1
        world.frameArrived(frame, number: arrived, at: self)
        if !isProcessingPlanned { world.planProcessing(self) }
    }

    private func attest() {
        var row = be16(5)
        for value in [
            replica.isPrimary ? "f" : "t", "7000", replica.clusterName, "\(processID)", "1800000000.5",
        ] {
            row += be32(value.utf8.count) + Array(value.utf8)
        }
        let answer = [Frame("D", row), Frame("C", cString("SELECT 1")), Frame("Z", [0x49])]
        wire.send(answer.flatMap(\.bytes))
        phase = .relaying
        if replica.isAnother { wasRefused = true } else { isAttested = true }
    }

    /// It said that it is the server it should be.
    private(set) var isAttested = false
    /// It said that it is another: nothing more may come.
    private(set) var wasRefused = false

    // MARK: Statements

    /// Runs the next message that came; false where there is none.
    func process() -> Bool {
        guard phase == .relaying, processed < arrived, !wire.isClosed, let executor else { return false }
        processed += 1
        let message = UInt64(processed)
        if executor.isTerminate(processed) {
            phase = .ended
            wire.finish()
            return false
        }
        guard let model = executor.message(processed) else { return false }
        let refused = refusals[processed]
        server.read(message, refused.map { .execute($0, 0) } ?? model)
        var bytes: [UInt8] = []
        for answer in server.takeFrames() {
            if let refused, answer.tag == "E" {
                let error = Packet.error("ERROR", "34000", "portal \"\(refused)\" does not exist")
                bytes += say(error, message, isRefused: true)
            } else {
                bytes += say(answer.frame(serial: sent.count, padding: padding()), message)
            }
            if world.random.chance(12) { bytes += say(aside(), message) }
        }
        wire.send(bytes)
        if processed < arrived { return true }
        if hasInputEnded {
            phase = .ended
            wire.finish()
        }
        return false
    }

    /// Whether a frame is the gateway's own in place of an Execute that must not run (architecture.md, "Refusing a
    /// statement").
    func isRefusal(_ frame: Frame, of sent: Frame) -> Bool {
        guard sent.kind == "E", sent.body.first == 0, frame.kind == "E" else { return false }
        let portal = text(frame.body.prefix { $0 != 0 })
        guard portal.hasPrefix("domicile_refused_") else { return false }
        refusals[arrived] = portal
        return true
    }

    private func say(_ frame: Frame, _ message: UInt64, isRefused: Bool = false) -> [UInt8] {
        sent.append(Answer(frame: frame, message: message, isRefused: isRefused))
        return frame.bytes
    }

    private func padding() -> Int {
        world.random.chance(60) ? world.random.skewed(1, 300_000) : world.random.skewed(0, 60)
    }

    /// What may come at any time.
    private func aside() -> Frame {
        switch world.random.number(0..<3) {
        case 0: Frame("N", Packet.error("NOTICE", "00000", "by the way \(sent.count)").body)
        case 1: Frame("A", be32(processID) + cString("channel") + cString("\(sent.count)"))
        default: Frame("S", cString("application_name") + cString("changed \(sent.count)"))
        }
    }
}
