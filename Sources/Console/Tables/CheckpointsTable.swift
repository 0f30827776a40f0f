import Audit
import AuditTree

/// `checkpoints`: every tree head that was signed over the log of the gateway's own region.
final class CheckpointsTable: ConsoleTable {
    let name = "checkpoints"
    let columns: [TableColumn] = [
        TableColumn("size", .integer), TableColumn("root"), TableColumn("origin"), TableColumn("key"),
        TableColumn("note"),
    ]
    private let folder: String

    init(folder: String) { self.folder = folder }

    func plan(_ conditions: [TableCondition.Shape], order: TableOrder?) -> TablePlan {
        TablePlan(rows: 100_000)
    }

    func open(_ conditions: [TableCondition], isDescending: Bool) throws(ConsoleError) -> any TableCursor {
        do throws(AuditError) {
            return Cursor(try CheckpointHistory(path: folder + "/checkpoints.log"))
        } catch {
            // A log that is not signed has none.
            if case .system(_, _, let code) = error, code == 2 { return Cursor(nil) }
            throw RecordsTable.error(error)
        }
    }

    private final class Cursor: TableCursor {
        private var history: CheckpointHistory?
        private var note: SignedNote?
        private var checkpoint: Checkpoint?

        init(_ history: CheckpointHistory?) { self.history = history }

        func next() throws(ConsoleError) -> Bool {
            do throws(AuditError) {
                while let entry = try history?.next() {
                    guard case .note(let note) = entry else { continue }
                    self.note = note
                    checkpoint = Checkpoint(text: note.text)
                    return true
                }
                return false
            } catch {
                throw RecordsTable.error(error)
            }
        }

        func value(_ column: Int) -> ConsoleValue {
            guard let note else { return .null }
            let lines = String(decoding: note.text, as: UTF8.self).split(separator: "\n")
            return switch column {
            case 0: checkpoint.map { .integer(Int64(clamping: $0.size)) } ?? .null
            case 1: ConsoleValue(lines.count > 2 ? String(lines[2]) : nil)
            case 2: ConsoleValue(checkpoint?.origin)
            case 3: ConsoleValue(note.signatures.first?.name)
            default: .text(String(decoding: note.bytes, as: UTF8.self))
            }
        }
    }
}
