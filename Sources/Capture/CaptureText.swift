import PGWire

/// A capture in the form of libpq's PQtrace: a line a message. Lines that begin with `#` say what is no message:
/// which connection follows, what was lost, who closed.
package struct CaptureText {
    /// Whether each line begins with the time (UTC), as PQtrace's do unless they are suppressed.
    package var showsTimes = false

    package init(showsTimes: Bool = false) {
        self.showsTimes = showsTimes
    }

    /// Without ends of lines.
    package func lines(_ replay: CaptureReplay, _ chunking: CaptureReplay.Chunking = .asCaptured) -> [String]
    {
        var lines: [String] = []
        var shown: Int?
        var findings = replay.findings[...]
        func say(before packet: Int) {
            while let finding = findings.first, finding.packet < packet {
                lines.append("# \(finding)")
                findings.removeFirst()
            }
        }
        for event in replay.events(chunking) {
            say(before: event.packet)
            if shown != event.connection {
                let connection = replay.connections[event.connection &- 1]
                lines.append(
                    "# connection \(connection.number): \(connection.frontend) to \(connection.backend)")
                shown = event.connection
            }
            lines.append(line(event, replay))
        }
        say(before: Int.max)
        if replay.furtherFindings > 0 { lines.append("# \(replay.furtherFindings) further findings") }
        if let fault = replay.file.fault { lines.append("# \(fault)") }
        return lines
    }

    private func line(_ event: CaptureEvent, _ replay: CaptureReplay) -> String {
        switch event.content {
        case .note(let note): return "# \(event.side.rawValue) \(note)"
        case .message(let message):
            guard showsTimes else { return message.line.text }
            let packet = replay.file.packets[event.packet &- 1]
            return "\(packet.nanoseconds.map(CaptureTime.text) ?? "-")\t\(message.line.text)"
        }
    }
}
