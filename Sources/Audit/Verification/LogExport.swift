import AuditTree
import Foundation

/// What of a log may leave its region: numbers, times, hashes of leaves, and checkpoints; nothing of what the records say.
///
/// Each record has 128 random bits of salt, so that its hash is no way to guess it.
package enum LogExport {
    /// Gives a line of JSON for each record, `{"seq":…,"time":"…","leaf":"…"}` with the leaf's hash in base64, then one for
    /// each checkpoint, `{"checkpoint":"…"}` with the whole note.
    ///
    /// Of records that retention removed the hash is the tiles', and there is no time. Streaming; damaged lines are left out.
    /// - Parameter range: the records wanted.
    package static func hashes(
        of folder: String, _ range: Range<UInt64>, visit: ([UInt8]) throws -> Void
    ) throws {
        let path = folder + "/checkpoints.log"
        // Opened first: no checkpoint is given of records that are not.
        var history = LogExport.exists(path) ? try CheckpointHistory(path: path) : nil
        var removed = RemovedLeaves(folder: folder)
        let reader = try AuditReader(folder: folder, from: range.lowerBound)
        var next = range.lowerBound
        while next < range.upperBound, let line = try reader.next() {
            while next < min(line.expected, range.upperBound), let leaf = try removed.leaf(of: next) {
                try visit(text(next, time: nil, leaf))
                next += 1
            }
            guard line.expected < range.upperBound else { break }
            next = line.expected + 1
            guard let seq = line.seq, seq >= range.lowerBound, let head = RecordHead(line.bytes) else {
                continue
            }
            let time = String(decoding: line.bytes[head.time], as: UTF8.self)
            try visit(text(seq, time: time, TreeHash.leaf(line.bytes.span)))
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

    private static func text(_ seq: UInt64, time: String?, _ leaf: TreeHash) -> [UInt8] {
        var out: [UInt8] = []
        JSONText.append(plain: "{\"seq\":", to: &out)
        JSONText.append(seq, to: &out)
        if let time {
            JSONText.append(plain: ",\"time\":", to: &out)
            JSONText.appendQuoted(time.utf8.span, to: &out)
        }
        JSONText.append(plain: ",\"leaf\":\"", to: &out)
        out += Array(Base64Text.of(leaf.bytes).utf8)
        JSONText.append(plain: "\"}", to: &out)
        return out
    }

    private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
