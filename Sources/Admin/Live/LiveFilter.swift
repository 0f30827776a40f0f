import Audit
import Gateway

/// Which records a stream is of.
package struct LiveFilter: Sendable, Hashable {
    /// nil: of all logs that this gateway writes.
    package var region: String?
    /// nil: of any type.
    package var type: String?

    /// - Parameter fields: by the parameters' names; an empty one is as one that is left out.
    package init(_ fields: [String: String], in folders: [RegionFolder]) throws(LogFailure) {
        for name in fields.keys where name != "region" && name != "type" {
            throw .wrong("unknown parameter \(Refusal.printable(name))")
        }
        if let region = fields["region"], !region.isEmpty {
            self.region = try RecordQuery.folder(region, in: folders).region
        }
        if let type = fields["type"], !type.isEmpty {
            guard type.utf8.count <= RecordQuery.valueLimit else { throw .wrong("type is too long") }
            self.type = type
        }
    }

    /// What the record of the reading says.
    var target: String {
        "live records" + (region.map { " region=\($0)" } ?? "") + (type.map { " type=\($0)" } ?? "")
    }

    func fits(_ event: LiveEvent) -> Bool {
        (region == nil || region == event.region) && (type == nil || type == event.type)
    }
}

/// A record as it is sent to whoever follows.
package struct LiveEvent: Sendable, Hashable {
    /// Bytes of a record that is sent whole; of a longer one only where it stands.
    static let recordLimit = 8 << 10

    package let region: String
    package let type: String
    /// A server-sent event (HTML Standard, section 9.2).
    package let bytes: [UInt8]

    /// Nil where the line is no record.
    package init?(region: String, line: RecordLine) {
        guard let seq = line.seq, let record = JSONValue(line.bytes), let type = record["type"]?.string else {
            return nil
        }
        self.region = region
        self.type = type
        var members: [JSONValue.Member] = [
            .init(name: "region", value: .string(region)), .init(name: "seq", value: .number("\(seq)")),
        ]
        if line.bytes.count <= LiveEvent.recordLimit {
            members.append(.init(name: "record", value: record))
        } else {
            members.append(.init(name: "bytes", value: .number("\(line.bytes.count)")))
        }
        // A line of JSON holds no line break, whatever the record says.
        bytes =
            Array("event: record\nid: \(region):\(seq)\ndata: ".utf8) + JSONValue.object(members).compact
            + [0x0a, 0x0a]
    }
}
