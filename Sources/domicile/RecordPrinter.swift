import ArgumentParser
import Audit
import AuditIndex
import Foundation

/// Prints records in the form that was asked for: rows for people, the records' own lines, or CSV.
struct RecordPrinter {
    let output: AuditOutput
    private var table: RecordTable
    private var csv = RecordCSV()
    private var buffer = Data()
    private var isHeaded = false
    /// Called before something is written.
    var prepare: () -> Void = {}

    /// Bytes that are written at once, where nobody looks on.
    private static let bufferLimit = 1 << 16

    init(_ output: AuditOutput, showsRegion: Bool) {
        self.output = output
        table = RecordTable(showsRegion: showsRegion, width: AuditOutput.width)
    }

    /// Notes who and where a session is, by its session.start.
    mutating func remember(_ start: JSONValue) {
        table.remember(start)
        csv.remember(start)
    }

    mutating func writeHeader() {
        guard !isHeaded else { return }
        isHeaded = true
        if output.csv {
            write(RecordCSV.header + "\r\n")
        } else if !output.json {
            write(table.header + "\n")
        }
    }

    mutating func write(_ record: FollowedRecord) {
        if output.json || output.csv { AuditOutput.noteDamage(record.line) }
        writeHeader()
        if output.csv {
            if let row = csv.row(record) { write(row + "\r\n") }
        } else if !output.json {
            write(table.row(record) + "\n")
        } else if record.value != nil {
            writeLine(record.line)
        }
    }

    mutating func write(_ found: FoundRecord) {
        if output.json {
            writeLine(found.line)
            return
        }
        if let session = found.session, let identity = found.identity {
            if output.csv {
                csv.remember(session) { identity.value(named: $0) }
            } else {
                table.remember(
                    session, subject: identity.subject, database: identity.database, replica: identity.replica
                )
            }
        }
        write(FollowedRecord(region: found.region, line: found.line, value: JSONValue(found.line.bytes)))
    }

    private mutating func writeLine(_ line: RecordLine) {
        if AuditOutput.isTerminal {
            write(VisibleText.ofJSON(line.bytes) + "\n")
        } else {
            append(Data(line.bytes + [0x0a]))
        }
    }

    mutating func write(_ text: String) { append(Data(text.utf8)) }

    private mutating func append(_ data: Data) {
        buffer.append(data)
        if AuditOutput.isTerminal || buffer.count >= RecordPrinter.bufferLimit { flush() }
    }

    /// Writes what is still in memory.
    mutating func flush() {
        guard !buffer.isEmpty else { return }
        prepare()
        StandardOutput.write(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
