import AuditTree
import Foundation

/// What of a log may leave its region: numbers, times, hashes of leaves, and checkpoints; nothing of what the records say.
///
/// Each record has 128 random bits of salt, so that its hash is no way to guess it.
package enum LogExport {
    /// Gives a line of JSON for each record, `{"seq":…,"time":"…","leaf":"…"}` with the leaf's hash in base64, then one for
    /// each checkpoint, `{"checkpoint":"…"}` with the whole note.
    ///
    /// Streaming; damaged lines are left out.
    /// - Parameter range: the records wanted.
    package static func hashes(
        of folder: String, _ range: Range<UInt64>, visit: ([UInt8]) throws -> Void
    ) throws {
        let path = folder + "/checkpoints.log"
        // Opened first: no checkpoint is given of records that are not.
        var history = LogExport.exists(path) ? try CheckpointHistory(path: path) : nil
        let reader = try AuditReader(folder: folder, from: range.lowerBound)
        while let line = try reader.next(), line.expected < range.upperBound {
            guard let seq = line.seq, seq >= range.lowerBound, let head = RecordHead(line.bytes) else {
                continue
            }
            let time = String(decoding: line.bytes[head.time], as: UTF8.self)
            let leaf = Base64Text.of(TreeHash.leaf(line.bytes.span).bytes)
            var out: [UInt8] = []
            JSONText.append(plain: "{\"seq\":", to: &out)
            JSONText.append(seq, to: &out)
            JSONText.append(plain: ",\"time\":", to: &out)
            JSONText.appendQuoted(time.utf8.span, to: &out)
            JSONText.append(plain: ",\"leaf\":\"", to: &out)
            out += Array(leaf.utf8)
            JSONText.append(plain: "\"}", to: &out)
            try visit(out)
        }
        while let entry = try history?.next() {
            guard case .note(let note) = entry else { continue }
            var out: [UInt8] = []
            JSONText.append(plain: "{\"checkpoint\":", to: &out)
            JSONText.appendQuoted(note.bytes.span, to: &out)
            out.append(0x7d)
            try visit(out)
        }
    }

    private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
