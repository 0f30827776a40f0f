/// What came of playing a capture again.
struct PlayReport: Encodable {
    struct Difference: Encodable {
        var captured: String?
        var played: String?
    }

    struct Connection: Encodable {
        var number: Int
        var compared = 0
        var differences: [Difference] = []
        /// Why it was not played; nil where it was.
        var notPlayed: String?
    }

    var connections: [Connection]

    /// Whether something was compared, and nothing differed.
    var isSame: Bool {
        connections.contains { $0.compared > 0 } && connections.allSatisfy(\.differences.isEmpty)
    }

    var lines: [String] {
        var lines: [String] = []
        for connection in connections {
            if let why = connection.notPlayed {
                lines.append("connection \(connection.number): not played: \(why)")
                continue
            }
            let count = connection.differences.count
            lines.append(
                "connection \(connection.number): \(connection.compared) answers compared, "
                    + (count == 0 ? "all the same" : "\(count) differ"))
            for difference in connection.differences {
                lines.append("  captured: \(difference.captured ?? "nothing")")
                lines.append("  played:   \(difference.played ?? "nothing")")
            }
        }
        if !connections.contains(where: { $0.compared > 0 }) { lines.append("nothing was compared") }
        return lines
    }
}
