import Audit
import AuditTree

/// One record with its proof.
struct RecordView {
    let record: ProvedRecord

    @MarkupBuilder var body: Markup {
        facts
        if let sql = record.record?["sql"]?.string {
            tag(.h2) { "SQL" }
            PagePart.sql(sql)
        }
        tag(.h2) { "Proof" }
        proof
        if let value = record.record {
            tag(.details) {
                tag(.summary) { "The record as JSON" }
                tag(.pre, .class("sql")) { tag(.code) { String(decoding: value.indented, as: UTF8.self) } }
            }
        }
        tag(.nav, .class("pager"), .label("Neighbours")) {
            if record.seq > 0 { neighbour(record.seq - 1, "Record \(record.seq - 1)") }
            neighbour(record.seq &+ 1, "Record \(record.seq &+ 1)")
        }
    }

    private func neighbour(_ seq: UInt64, _ text: String) -> Markup {
        PagePart.link(PageLink("/log", steps: [record.region, "\(seq)"]), text)
    }

    @MarkupBuilder private var facts: Markup {
        if case .object(let members)? = record.record {
            tag(.dl, .class("pairs cols card")) {
                members.filter { $0.name != "sql" && $0.name != "salt" }.map { member in
                    PagePart.pair(member.name, value(member))
                }
            }
        } else if record.line != nil {
            PagePart.notice(.bad) {
                tag(.p) { "The line is no JSON: domicile audit verify says what is wrong with it." }
            }
        } else {
            PagePart.notice(.warn) {
                tag(.p) { "Retention removed this record. The proof below is of its hash." }
            }
        }
    }

    private func value(_ member: JSONValue.Member) -> Markup {
        switch member.value {
        case .string(let session) where member.name == "session":
            return PagePart.session(session, region: record.region)
        case .list(let values) where values.allSatisfy { $0.string != nil }:
            return .text(RecordRows.text(member.value))
        case .list, .object: return tag(.pre, .class("inline")) { RecordRows.text(member.value) }
        case .null, .bool, .number, .string: return .text(RecordRows.text(member.value))
        }
    }

    @MarkupBuilder private var proof: Markup {
        if let proof = record.proof, let checkpoint = record.checkpoint {
            PagePart.notice(.good) {
                tag(.p) {
                    tag(.strong) { "Covered." }
                    " The path below leads from this record to the root of the signed checkpoint over \(PagePart.number(checkpoint.size)) records."
                }
            }
            tag(.dl, .class("pairs")) {
                PagePart.pair("Leaf hash", record.leaf.map { Base64Text.of($0.bytes) })
                PagePart.pair("Tree size", PagePart.number(checkpoint.size))
                PagePart.pair("Root hash", Base64Text.of(checkpoint.root.bytes))
                PagePart.pair("Signed by", proof.note.signatures.map(\.name).joined(separator: ", "))
            }
            path(proof)
            tag(.p) {
                "Who has the log's key checks it without this gateway: "
                tag(.code) { "domicile audit verify --proof FILE --key KEY" }
            }
            tag(.p) {
                tag(
                    .a, .class("button"), .download("\(record.region)-\(record.seq).proof"),
                    .href(PageLink("/log", steps: [record.region, "\(record.seq)"], end: "/proof"))
                ) { "Keep the proof" }
            }
        } else {
            PagePart.notice(.warn) {
                tag(.p) {
                    tag(.strong) { "Not proved." }
                    " \(record.reason ?? "")"
                }
            }
        }
    }

    private func path(_ proof: ProofFile) -> Markup {
        tag(.details) {
            tag(.summary) { "Path of \(proof.path.count) hashes, and the checkpoint" }
            tag(.ol, .class("mono path")) {
                proof.path.map { hash in tag(.li) { Base64Text.of(hash.bytes) } }
            }
            tag(.pre, .class("sql")) { String(decoding: proof.note.bytes, as: UTF8.self) }
        }
    }
}
