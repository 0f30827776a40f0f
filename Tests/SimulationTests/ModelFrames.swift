import PipelineModel

/// The model's messages and answers as bytes. Texts are SQL that no rule forbids, and the function is lo_tell.
extension PipelineModelServer.Message {
    /// - Parameters:
    ///   - mark: stands in every text and value, and makes it one of a kind.
    ///   - padding: bytes that a text or value is longer by.
    func frame(mark: String, padding: Int) -> Frame {
        let filling = String(repeating: "x", count: padding)
        switch self {
        case .query(let text): return Frame("Q", cString("SELECT 1 /* \(text) \(mark)\(filling) */"))
        case .parse(let name, let text):
            return Frame("P", cString(name) + cString("SELECT 1 /* \(text) \(mark)\(filling) */") + be16(0))
        case .bind(let portal, let statement):
            let value = Array((mark + filling).utf8)
            return Frame(
                "B",
                cString(portal) + cString(statement) + be16(0) + be16(1) + be32(value.count) + value + be16(0)
            )
        case .describeStatement(let name): return Frame("D", [0x53] + cString(name))
        case .describePortal(let name): return Frame("D", [0x50] + cString(name))
        case .execute(let name, let limit): return Frame("E", cString(name) + be32(limit))
        case .closeStatement(let name): return Frame("C", [0x53] + cString(name))
        case .closePortal(let name): return Frame("C", [0x50] + cString(name))
        case .functionCall:
            let value = Array(mark.utf8)
            return Frame("F", be32(958) + be16(0) + be16(1) + be32(value.count) + value + be16(0))
        case .sync: return Frame("S")
        case .flush(let malformed): return Frame("H", malformed ? [1] : [])
        case .copyData(let bytes, _): return Frame("d", Array(repeating: 0x61, count: bytes + padding))
        case .copyDone: return Frame("c")
        case .copyFail: return Frame("f", cString(mark))
        }
    }

    /// The type of the record that must be in the log before the frame may go on; nil for those that need none.
    var recordType: String? {
        switch self {
        case .query: "query"
        case .parse: "parse"
        case .bind: "bind"
        case .execute: "execute"
        case .functionCall: "function_call"
        case .describeStatement, .describePortal, .closeStatement, .closePortal, .sync, .flush, .copyData,
            .copyDone, .copyFail:
            nil
        }
    }

    /// It has SQL.
    var hasText: Bool { recordType == "query" || recordType == "parse" }

    /// It runs something, and so has an outcome of its own whatever happens.
    var runs: Bool {
        switch self {
        case .query, .execute, .functionCall: true
        case .parse, .bind, .describeStatement, .describePortal, .closeStatement, .closePortal, .sync, .flush,
            .copyData, .copyDone, .copyFail:
            false
        }
    }
}

extension PipelineModelServer.Frame {
    func frame(serial: Int, padding: Int) -> Frame {
        let value = Array("\(serial)".utf8) + Array(repeating: 0x79, count: padding)
        switch tag {
        case "D": return Frame("D", be16(1) + be32(value.count) + value)
        case "d": return Frame("d", value)
        case "V": return Frame("V", be32(value.count) + value)
        case "C": return Frame("C", cString(text))
        case "Z": return Frame("Z", Array(text.utf8))
        case "E": return Packet.error("ERROR", text, "error \(serial)")
        case "T":
            return Frame(
                "T", be16(1) + cString("c") + be32(0) + be16(0) + be32(25) + be16(0xffff) + be32(-1) + be16(0)
            )
        case "t": return Frame("t", be16(0))
        case "G", "H": return Frame(Character(tag), [0] + be16(0))
        default: return Frame(Character(tag))
        }
    }
}
