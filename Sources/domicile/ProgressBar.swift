import Audit
import Foundation

/// A bar on standard error for what takes long, where that is a terminal; elsewhere it writes nothing at all.
final class ProgressBar {
    private let line: ProgressLine
    private let isShown: Bool
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var drawn: ContinuousClock.Instant?
    private var done = 0
    private var counted = 0

    /// Nothing is shown of what is over sooner.
    private static let patience: Duration = .milliseconds(300)
    private static let interval: Duration = .milliseconds(100)
    /// Bytes after which the clock is looked at.
    private static let step = 1 << 18

    /// - Parameters:
    ///   - title: what is being done.
    ///   - total: bytes that it takes in all.
    init(_ title: String, total: Int) {
        line = ProgressLine(VisibleText.of(title), total: total)
        isShown = isatty(STDERR_FILENO) == 1
        start = clock.now
    }

    /// So many bytes more are done.
    func add(_ bytes: Int) {
        guard isShown else { return }
        done += bytes
        counted += bytes
        guard counted >= ProgressBar.step else { return }
        counted = 0
        let now = clock.now
        guard now - start >= ProgressBar.patience, now - (drawn ?? start) >= ProgressBar.interval else {
            return
        }
        drawn = now
        let text = line.text(
            done: done, seconds: (now - start) / .seconds(1), width: AuditOutput.columns(of: STDERR_FILENO))
        StandardError.write("\r\u{1b}[K\(text)")
    }

    /// Takes the bar away, so that something else can be written. It comes again with what is added.
    func clear() {
        guard isShown, drawn != nil else { return }
        drawn = nil
        StandardError.write("\r\u{1b}[K")
    }
}
