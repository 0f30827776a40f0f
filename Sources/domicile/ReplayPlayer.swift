import Capture
import PGWire

/// Plays the executors' sides of a capture again, in the order of the capture, and compares the answers.
struct ReplayPlayer {
    private struct Played {
        var connection: ReplayConnection?
        var comparison = AnswerComparison()
        var key: BackendKeyData?
    }

    private let target: ReplayTarget
    private var sessions: [Int: Played] = [:]

    init(target: ReplayTarget) {
        self.target = target
    }

    mutating func play(_ replay: CaptureReplay) -> PlayReport {
        let capture = PlayedCapture(replay)
        for step in capture.steps {
            do {
                try take(step)
            } catch {
                sessions[step.connection]?.comparison.ended("\(error)")
                sessions[step.connection]?.connection = nil
            }
        }
        return PlayReport(
            connections: replay.connections.map { connection in
                let comparison = sessions[connection.number]?.comparison
                return PlayReport.Connection(
                    number: connection.number, compared: comparison?.compared ?? 0,
                    differences: (comparison?.differences ?? []).map {
                        PlayReport.Difference(captured: $0.captured, played: $0.played)
                    },
                    notPlayed: capture.obstacles[connection.number]?.rawValue)
            })
    }

    private mutating func take(_ step: PlayedCapture.Step) throws {
        switch step.action {
        case .login(let parameters):
            sessions[step.connection] = Played()
            let connection = try ReplayConnection(target)
            let result = try connection.login(parameters, target)
            sessions[step.connection] = Played(connection: connection, key: result.key)
        case .send(let tag, let body):
            let length = try MessageWriter.length(body.count + 4)
            try sessions[step.connection]?.connection?.send(
                [tag] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } + body)
        case .expect(let answer): try expect(answer, step.connection)
        case .cancel(let other):
            guard let key = sessions[other]?.key else { return }
            try ReplayConnection(target).cancel(key)
        }
    }

    private mutating func expect(_ answer: PlayedAnswer, _ number: Int) throws {
        guard let connection = sessions[number]?.connection,
            sessions[number]?.comparison.awaits(answer) == .read
        else { return }
        while true {
            guard let frame = try connection.readFrame(),
                let played = PlayedAnswer(tag: frame.tag, body: frame.body.span)
            else { throw ReplayConnection.Failure(description: "the server closed the connection") }
            if sessions[number]?.comparison.received(played) != false { return }
        }
    }
}
