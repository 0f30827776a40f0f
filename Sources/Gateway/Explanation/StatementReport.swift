/// What would become of a statement in the session that was decided.
package struct StatementReport: Codable, Sendable {
    /// One thing that the statement does, or that a name in it stands for.
    package struct Finding: Codable, Sendable {
        /// What it counts as: the classes of `forbid`, and `read_only`, `temporary` and `every_session`.
        package var classes: [String]
        package var reason: String
        /// It speaks against the statement.
        package var refused: Bool
    }

    /// The catalogue that names were looked up in.
    package struct Catalog: Codable, Sendable {
        package var replica: String?
        package var read: Bool
        /// Relations and functions that it has.
        package var relations: Int?
        package var functions: Int?
        package var ageSeconds: Double?
        /// Why there is none.
        package var failure: String?
    }

    package var allowed: Bool
    /// What it is: `SELECT`, `CREATE TABLE`; those inside another too.
    package var statements: [String]
    /// The classes of `forbid` that it belongs to, whether forbidden or not.
    package var classes: [String]
    /// What its session refuses: the rule's, the token's beyond that, and what read_only and `temporary: forbid` add.
    package var forbid: [String]
    package var tokenForbid: [String]
    package var access: String
    package var temporary: String
    package var findings: [Finding]
    /// Findings that are left out because there are so many.
    package var findingsLeftOut: Int
    /// Why it was not judged, or judged by less than there is to know.
    package var note: String?
    package var catalog: Catalog
    package var refusal: ExecutorError?

    /// As text.
    var lines: [String] {
        let margin = String(repeating: " ", count: 10)
        let kinds = statements.isEmpty ? "" : " (\(statements.joined(separator: ", ")))"
        let belongs = classes.isEmpty ? "no class" : classes.joined(separator: ", ")
        var lines = ["statement \(allowed ? "allowed" : "refused")\(kinds): \(belongs)"]
        for finding in findings {
            let mark = finding.refused ? "no  " : "yes "
            lines.append(
                "\(margin)\(mark)\(ExplanationReport.printable(finding.reason)) "
                    + "[\(finding.classes.joined(separator: ", "))]")
        }
        if findingsLeftOut > 0 { lines.append("\(margin)and \(findingsLeftOut) more") }
        if let note { lines.append(margin + ExplanationReport.printable(note)) }
        lines.append(margin + catalogLine)
        if let refusal { lines += refusal.lines("statement") }
        return lines
    }

    private var catalogLine: String {
        guard catalog.read, let replica = catalog.replica else {
            let reason = ExplanationReport.printable(catalog.failure ?? "nobody reads it")
            return "no catalogue (\(reason)): what names stand for is not known"
        }
        let age = catalog.ageSeconds.map { ", confirmed \($0) s ago" } ?? ""
        return "names looked up in the catalogue of \(replica)\(age)"
    }
}
