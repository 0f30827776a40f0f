import PGWire

/// A capture as messages: its packets sorted into connections, put in order, decoded.
package struct CaptureReplay: Sendable {
    /// How the bytes are handed to the decoder. What it makes of them must not depend on it.
    package enum Chunking: String, CaseIterable, Sendable {
        case asCaptured = "as-captured"
        case byteAtATime = "byte-at-a-time"
        /// Each side's whole stream at once.
        case allAtOnce = "all-at-once"
    }

    package let file: CaptureFile
    package let connections: [CapturedConnection]
    package let findings: [CaptureFinding]
    /// How many more there are than `CaptureLimits.findings`.
    package let furtherFindings: Int
    package let trace: WireTrace

    package init(_ file: CaptureFile, trace: WireTrace = WireTrace()) {
        let table = ConnectionTable(file)
        self.file = file
        connections = table.connections
        findings = table.findings
        furtherFindings = table.furtherFindings
        self.trace = trace
    }

    /// Everything that the capture shows, in the order of its packets.
    package func events(_ chunking: Chunking = .asCaptured) -> [CaptureEvent] {
        var found: [CaptureEvent] = []
        for connection in connections {
            let left = max(0, CaptureLimits.events - found.count)
            found += events(of: connection, chunking, limit: min(left, CaptureLimits.eventsOfSide))
        }
        return found.enumerated().sorted { ($0.element.packet, $0.offset) < ($1.element.packet, $1.offset) }
            .map(\.element)
    }

    /// What the capture shows of one connection, in the order of its packets.
    private func events(
        of connection: CapturedConnection, _ chunking: Chunking, limit: Int
    ) -> [CaptureEvent] {
        var decoder = SessionDecoder(connection: connection.number, trace: trace, limit: limit)
        let frontend = (connection.fromFrontend?.pieces ?? []).map { (TraceLine.Side.frontend, $0) }
        let backend = (connection.fromBackend?.pieces ?? []).map { (TraceLine.Side.backend, $0) }
        let pieces = (frontend + backend).enumerated().sorted {
            ($0.element.1.packet, $0.offset) < ($1.element.1.packet, $1.offset)
        }
        for (side, piece) in pieces.map(\.element) {
            switch piece.content {
            case .lost(let count): decoder.received(.lost(count, packet: piece.packet), from: side)
            case .end: decoder.received(.end(packet: piece.packet), from: side)
            case .bytes(let range):
                switch chunking {
                case .asCaptured, .allAtOnce:
                    decoder.received(Array(file.bytes[range]), from: side, packet: piece.packet)
                case .byteAtATime:
                    for index in range {
                        decoder.received([file.bytes[index]], from: side, packet: piece.packet)
                        decoder.advance()
                    }
                }
            }
            if chunking != .allAtOnce { decoder.advance() }
        }
        var events = decoder.finish()
        if let reset = connection.reset {
            let event = CaptureEvent(
                connection: connection.number, packet: reset.packet, side: reset.side, content: .note(.reset))
            let place = events.firstIndex { $0.packet > reset.packet } ?? events.count
            events.insert(event, at: place)
        }
        return events
    }
}
