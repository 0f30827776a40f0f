import Capture
import PGWire

/// A file, pcap or pcapng. Packets lie in it one behind the other; the messages are the same however the streams are
/// handed on; and playing them again knows every connection.
func run(_ input: [UInt8]) {
    let file = CaptureFile(input)
    var end = 0
    for (index, packet) in file.packets.enumerated() {
        check(packet.number == index + 1, "packets numbered from 1")
        check(
            packet.data.lowerBound >= end && packet.data.upperBound <= input.count, "packets within the file")
        check(packet.data.count <= CaptureLimits.packet, "a packet within its limit")
        if let time = packet.nanoseconds { _ = CaptureTime.text(time) }
        end = packet.data.upperBound
    }
    if let fault = file.fault {
        check((0...input.count).contains(fault.offset), "a fault within the file: \(fault)")
    }
    let replay = CaptureReplay(file)
    for finding in replay.findings {
        check((1...file.packets.count).contains(finding.packet), "a finding in a packet: \(finding)")
    }
    let events = replay.events(.asCaptured)
    var last = 0
    for event in events {
        check(event.packet >= last && event.packet <= file.packets.count, "events in the order of packets")
        check(replay.connections.indices.contains(event.connection - 1), "events of connections")
        last = event.packet
        switch event.content {
        case .message(let message):
            check(message.body.count <= CaptureLimits.body, "a body within its limit")
            check(
                message.line.text.utf8.allSatisfy { (0x20...0x7e).contains($0) || $0 == 9 }, "printable lines"
            )
        case .note(let note): _ = note.description
        }
    }
    for chunking in [CaptureReplay.Chunking.byteAtATime, .allAtOnce] {
        check(replay.events(chunking) == events, "the same messages \(chunking.rawValue)")
    }
    let played = PlayedCapture(replay)
    for step in played.steps {
        check(replay.connections.indices.contains(step.connection - 1), "steps of connections")
        check(played.obstacles[step.connection] == nil, "no steps where there is an obstacle")
    }
}
