import GatewayCatalog
import GatewayGuard
import Synchronization
import Transport

/// Statements that take too long to be read on a worker: they are read on threads of their own, two at a time, and their
/// sessions wait. Each session has one at a time.
final class LongStatements: Sendable {
    /// Bytes of the longest text that is read: its tree takes up to some sixty times as much.
    static let readBytes = 4 << 20
    private static let threads = 2

    struct Job: Sendable {
        let sql: [UInt8]
        /// How its strings are to be read: under either setting where that may be changing.
        let conformingStrings: [Bool]
        let catalog: PublishedCatalog?
        let describes: Bool
        let completion: @Sendable ([JudgedText]) -> Void
    }

    private struct State {
        var running = 0
        var waiting: [Job] = []
    }

    private let state = Mutex(State())

    /// False where no thread could be had: the statement is not read.
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
            _ = try Thread(name: "statements") { self.run(job) }
            return true
        } catch {
            state.withLock { $0.running -= 1 }
            return false
        }
    }

    private func run(_ first: Job) {
        var next: Job? = first
        while let job = next {
            job.completion(LongStatements.read(job))
            next = state.withLock { state in
                if state.waiting.isEmpty {
                    state.running -= 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
        }
    }

    private static func read(_ job: Job) -> [JudgedText] {
        job.conformingStrings.map {
            JudgedText(job.sql.span, conformingStrings: $0, catalog: job.catalog, describes: job.describes)
        }
    }
}
