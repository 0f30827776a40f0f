/// How far something is, as one line for a terminal.
package struct ProgressLine: Sendable {
    private let title: String
    private let total: Int

    private static let cells = 24

    /// - Parameters:
    ///   - title: what is being done.
    ///   - total: bytes that it takes in all.
    package init(_ title: String, total: Int) {
        self.title = title
        self.total = max(total, 0)
    }

    /// - Parameters:
    ///   - done: bytes so far.
    ///   - seconds: that it took.
    ///   - width: columns of the terminal; 0: unknown.
    package func text(done: Int, seconds: Double, width: Int = 0) -> String {
        let done = max(0, min(done, total))
        let share = total == 0 ? 1 : Double(done) / Double(total)
        let full = Int(share * Double(ProgressLine.cells))
        let bar =
            String(repeating: "#", count: full) + String(repeating: ".", count: ProgressLine.cells - full)
        var text = "\(title) [\(bar)] \(Int(share * 100)) % of \(ProgressLine.size(total))"
        if share > 0, share < 1, seconds >= 1 {
            text += ", \(ProgressLine.clock(seconds / share - seconds)) left"
        }
        return width > 0 ? String(text.prefix(width)) : text
    }

    private static func size(_ bytes: Int) -> String {
        if bytes < 1_000_000 { return "\(bytes / 1000) kB" }
        if bytes < 1_000_000_000 { return "\(bytes / 1_000_000) MB" }
        return "\(bytes / 1_000_000_000).\(bytes / 100_000_000 % 10) GB"
    }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(min(max(seconds, 0), 359_999).rounded(.up))
        let minutes = whole / 60 % 60
        let rest =
            "\(minutes < 10 && whole >= 3600 ? "0" : "")\(minutes):\(whole % 60 < 10 ? "0" : "")\(whole % 60)"
        return whole >= 3600 ? "\(whole / 3600):\(rest)" : rest
    }
}
