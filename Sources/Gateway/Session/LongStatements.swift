import PGWire
import Synchronization
import Transport

/// The threads that look through long texts, two at a time; their sessions wait. Each session has one at a time.
final class LongStatements: Sendable {
    /// Bytes of the longest text that is read: its tree takes up to some sixty times as much.
    static let readBytes = 4 << 20
    private static let threads = 2

    struct Job: Sendable {
        let tag: FrontendTag
        /// The message's body, as it came.
        let pieces: [[UInt8]]
        let question: LongText.Question
        let completion: @Sendable (LongText) -> Void

        func text() -> LongText {
            var body: [UInt8] = []
            body.reserveCapacity(pieces.reduce(0) { $0 + $1.count })
            for piece in pieces { body.append(contentsOf: piece) }
            return LongText(tag, body.span, question)
        }
    }

    private struct State {
        var running = 0
        var waiting: [Job] = []
    }

    private let detach: GatewayPlatform.Detach
    private let state = Mutex(State())

    init(detach: @escaping GatewayPlatform.Detach) { self.detach = detach }

    /// False where no thread could be had.
    func begin(_ job: Job) -> Bool {
        let mayStart = state.withLock { state in
            guard state.running < LongStatements.threads else {
                state.waiting.append(job)
                return false
            }
            state.running += 1
            return true
        }
        guard mayStart else { return true }
        do throws(TransportError) {
            try detach("statements") { self.run(job) }
            return true
        } catch {
            state.withLock { $0.running -= 1 }
            return false
        }
    }

    private func run(_ first: Job) {
        var next: Job? = first
        while let job = next {
            job.completion(job.text())
            next = state.withLock { state in
                if state.waiting.isEmpty {
                    state.running -= 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
        }
    }
}
