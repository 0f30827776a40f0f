import Capture
import Foundation

/// What `replay --json` prints: an object a line, a line a message or a note.
enum ReplayRecords {
    struct Record: Encodable {
        var connection: Int?
        var frontend: String?
        var backend: String?
        var packet: Int?
        var time: String?
        var side: String?
        var type: String?
        var length: Int?
        var fields: String?
        var note: String?
    }

    static func lines(_ replay: CaptureReplay, _ chunking: CaptureReplay.Chunking) throws -> [String] {
        var records = replay.connections.map {
            Record(connection: $0.number, frontend: "\($0.frontend)", backend: "\($0.backend)")
        }
        records += replay.findings.map { Record(packet: $0.packet, note: "\($0)") }
        records += replay.events(chunking).map { record($0, replay) }
        if replay.furtherFindings > 0 {
            records.append(Record(note: "\(replay.furtherFindings) further findings"))
        }
        if let fault = replay.file.fault { records.append(Record(note: "\(fault)")) }
        return try records.map(line)
    }

    static func line(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func record(_ event: CaptureEvent, _ replay: CaptureReplay) -> Record {
        var record = Record(connection: event.connection, packet: event.packet, side: event.side.rawValue)
        if replay.file.packets.indices.contains(event.packet - 1) {
            record.time = replay.file.packets[event.packet - 1].nanoseconds.map(CaptureTime.text)
        }
        switch event.content {
        case .note(let note): record.note = "\(note)"
        case .message(let message):
            record.type = message.line.name
            record.length = message.line.length
            record.fields = message.line.fields.isEmpty ? nil : String(message.line.fields.dropFirst())
        }
        return record
    }
}
