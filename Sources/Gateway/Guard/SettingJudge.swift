import GatewayCatalog
import SQLText

/// What setting a parameter comes to.
package enum SettingJudge {
    /// Encodings in which a byte of another character may look like an ASCII one: PostgreSQL's lexer reads them in the
    /// server's encoding, the guard would read something else (PostgreSQL CVE-2006-2313). F-GRD-10.
    static let unsafeEncodings: Set<String> = [
        "sjis", "shiftjis2004", "big5", "gbk", "gb18030", "uhc", "johab",
    ]

    package static func isUnsafe(encoding: String) -> Bool {
        var folded = String(encoding.lowercased().filter { $0.isLetter || $0.isNumber })
        for (alias, name) in aliases where folded == alias { folded = name }
        return unsafeEncodings.contains(folded)
    }

    private static let aliases = [
        ("mskanji", "sjis"), ("shiftjis", "sjis"), ("win932", "sjis"), ("windows932", "sjis"),
        ("win950", "big5"), ("windows950", "big5"), ("win936", "gbk"), ("windows936", "gbk"),
        ("win949", "uhc"),
        ("windows949", "uhc"),
    ]

    static func judge(_ setting: SQLFacts.Setting, _ written: String, into judgement: inout Judgement) {
        let name = written.lowercased()
        if name.hasPrefix("domicile.") { return judgeFact(setting, name, into: &judgement) }
        switch name {
        case "role", "session_authorization":
            judgement.add([.roleChange, .readOnly], "\(name) is changed")
        case "transaction_read_only", "default_transaction_read_only":
            if !keepsReadOnly(setting, name) { judgement.add(.readOnly, "\(name) is turned off") }
        case "client_encoding", "names": judgeEncoding(setting, into: &judgement)
        case "local_preload_libraries", "session_preload_libraries", "dynamic_library_path":
            judgement.add(.egress, "\(name) loads libraries of the server")
        default: break
        }
    }

    /// The session's verified facts: what they were at login they may become again, nothing else.
    private static func judgeFact(
        _ setting: SQLFacts.Setting, _ name: String, into judgement: inout Judgement
    ) {
        switch setting.action {
        case .reset, .resetAll: break
        case .set, .setLocal, .setConfig, .transaction:
            judgement.add(
                .always, "\(name) is the gateway's to set", quotesConstant: setting.action == .setConfig)
        }
    }

    private static func keepsReadOnly(_ setting: SQLFacts.Setting, _ name: String) -> Bool {
        switch setting.action {
        // At the end of a session's startup options stands `on`; a transaction's own has no such value.
        case .reset, .resetAll: return name == "default_transaction_read_only"
        case .set, .setLocal, .setConfig, .transaction:
            guard let value = setting.value?.lowercased() else { return false }
            return ["on", "true", "yes", "1"].contains(value)
        }
    }

    private static func judgeEncoding(_ setting: SQLFacts.Setting, into judgement: inout Judgement) {
        switch setting.action {
        case .reset, .resetAll: return
        case .set, .setLocal, .setConfig, .transaction: break
        }
        guard let value = setting.value, !isUnsafe(encoding: value) else {
            return judgement.add(
                .hidden, "in client_encoding \(setting.value ?? "?") a statement can be read in two ways",
                quotesConstant: true)
        }
    }
}
