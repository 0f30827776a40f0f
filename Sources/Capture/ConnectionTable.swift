/// The packets of a capture sorted into TCP connections.
struct ConnectionTable {
    private struct Key: Hashable {
        let one: CapturedConnection.Endpoint
        let other: CapturedConnection.Endpoint

        /// The same for both directions.
        init(_ source: CapturedConnection.Endpoint, _ destination: CapturedConnection.Endpoint) {
            let isSwapped =
                source.port == destination.port
                ? source.address.lexicographicallyPrecedes(destination.address)
                : source.port < destination.port
            (one, other) = isSwapped ? (destination, source) : (source, destination)
        }
    }

    private(set) var connections: [CapturedConnection] = []
    private(set) var findings: [CaptureFinding] = []
    /// How many further ones there are beyond the limit.
    private(set) var furtherFindings = 0
    private var current: [Key: Int] = [:]
    private var incomplete: Set<Int> = []
    private var isFull = false

    init(_ file: CaptureFile) {
        for packet in file.packets { take(packet, file.bytes) }
        for index in connections.indices { connections[index].captureEnded() }
    }

    private mutating func take(_ packet: CapturedPacket, _ bytes: [UInt8]) {
        if case .other(let code) = packet.link { return find(packet, .linkType(code)) }
        guard let internet = LinkLayer.internetHeader(packet.link, bytes, in: packet.data) else {
            return find(packet, .notTCP)
        }
        switch InternetPacket.read(bytes, in: internet) {
        case .other: find(packet, .notTCP)
        case .fragment: find(packet, .fragment)
        case .tcp(let carried):
            guard let segment = TCPSegment(bytes, in: carried) else { return find(packet, .notTCP) }
            if segment.data.count < segment.dataLength {
                find(packet, .cut(missing: segment.dataLength &- segment.data.count))
            }
            take(segment, of: carried, packet)
        }
    }

    private mutating func take(_ segment: TCPSegment, of carried: InternetPacket, _ packet: CapturedPacket) {
        let source = CapturedConnection.Endpoint(address: carried.source, port: segment.sourcePort)
        let destination = CapturedConnection.Endpoint(
            address: carried.destination, port: segment.destinationPort)
        let key = Key(source, destination)
        if current[key].map({ connections[$0].isReopened(by: segment, from: source) }) ?? true {
            guard connections.count < CaptureLimits.connections else {
                if !isFull { find(packet, .tooManyConnections) }
                isFull = true
                return
            }
            current[key] = connections.count
            connections.append(
                CapturedConnection(
                    number: connections.count &+ 1, segment, from: source, to: destination))
        }
        guard let index = current[key] else { return }
        switch connections[index].received(segment, from: source, packet: packet.number) {
        case .taken: break
        case .beyondWindow: find(packet, .beyondWindow)
        case .beginningMissing:
            if incomplete.insert(index).inserted { find(packet, .beginningMissing(connection: index &+ 1)) }
        }
    }

    private mutating func find(_ packet: CapturedPacket, _ kind: CaptureFinding.Kind) {
        guard findings.count < CaptureLimits.findings else {
            furtherFindings &+= 1
            return
        }
        findings.append(CaptureFinding(packet: packet.number, kind: kind))
    }
}
