import PGWire

/// One TCP connection of a capture, from the first packet of it to the last.
package struct CapturedConnection: Sendable {
    /// An address and a port.
    package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
        /// 4 or 16 bytes.
        package let address: [UInt8]
        package let port: UInt16

        package var description: String {
            guard address.count == 16 else {
                return address.map(String.init).joined(separator: ".") + ":\(port)"
            }
            return "[\(Self.version6(address))]:\(port)"
        }

        /// RFC 5952: no leading zeros, and the longest run of zero groups left out.
        private static func version6(_ address: [UInt8]) -> String {
            let groups = stride(from: 0, to: 16, by: 2).map {
                UInt16(address[$0]) &<< 8 | UInt16(address[$0 &+ 1])
            }
            var longest = 0..<0
            var start = 0
            while start < groups.count {
                var end = start
                while end < groups.count, groups[end] == 0 { end &+= 1 }
                if end &- start > max(longest.count, 1) { longest = start..<end }
                start = max(end, start &+ 1)
            }
            func text(_ part: ArraySlice<UInt16>) -> String {
                part.map { String($0, radix: 16) }.joined(separator: ":")
            }
            guard !longest.isEmpty else { return text(groups[...]) }
            return text(groups[..<longest.lowerBound]) + "::" + text(groups[longest.upperBound...])
        }
    }

    /// Counted from 1, in the order of their first packets.
    package let number: Int
    /// Who opened the connection.
    package let frontend: Endpoint
    package let backend: Endpoint
    /// The streams; nil for one whose beginning was not captured, of which nothing can be known for sure.
    private(set) var fromFrontend: StreamReassembly?
    private(set) var fromBackend: StreamReassembly?
    /// Who tore the connection down, and in which packet.
    private(set) var reset: (side: TraceLine.Side, packet: Int)?
    private let frontendSequence: UInt32?

    /// A connection of which the first packet is `segment`, from `source`. A SYN without ACK comes from who opens the
    /// connection, one with ACK from the other; a connection that was open before the capture has neither, and its first
    /// sender is called the frontend for want of better knowledge.
    init(number: Int, _ segment: TCPSegment, from source: Endpoint, to destination: Endpoint) {
        self.number = number
        let isAnswer = segment.flags.isSuperset(of: [.syn, .ack])
        frontend = isAnswer ? destination : source
        backend = isAnswer ? source : destination
        if isAnswer {
            // What it acknowledges is the SYN that was not captured, and nothing else.
            fromFrontend = StreamReassembly(first: segment.acknowledgement)
            frontendSequence = segment.acknowledgement &- 1
        } else if segment.flags.contains(.syn) {
            fromFrontend = StreamReassembly(first: segment.sequence &+ 1)
            frontendSequence = segment.sequence
        } else {
            frontendSequence = nil
        }
    }

    /// Whether the segment opens another connection between the same ports.
    func isReopened(by segment: TCPSegment, from source: Endpoint) -> Bool {
        guard segment.flags.contains(.syn), !segment.flags.contains(.ack) else { return false }
        return source != frontend || segment.sequence != frontendSequence
    }

    /// What became of a segment.
    enum Outcome: Equatable { case taken, beyondWindow, beginningMissing }

    mutating func received(_ segment: TCPSegment, from source: Endpoint, packet: Int) -> Outcome {
        let side: TraceLine.Side = source == frontend ? .frontend : .backend
        if segment.flags.contains(.rst) {
            if reset == nil { reset = (side, packet) }
            return .taken
        }
        let isAnswer = segment.flags.isSuperset(of: [.syn, .ack])
        if side == .backend, fromBackend == nil, isAnswer, fromFrontend != nil {
            fromBackend = StreamReassembly(first: segment.sequence &+ 1)
        }
        let outcome =
            switch side {
            case .frontend: fromFrontend?.received(segment, packet: packet)
            case .backend: fromBackend?.received(segment, packet: packet)
            }
        switch outcome {
        case nil: return segment.dataLength == 0 ? .taken : .beginningMissing
        case .taken: return .taken
        case .beyondWindow: return .beyondWindow
        }
    }

    mutating func captureEnded() {
        fromFrontend?.captureEnded()
        fromBackend?.captureEnded()
    }
}
