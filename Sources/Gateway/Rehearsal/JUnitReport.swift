/// The results of a policy's tests as JUnit's XML, which CI systems read: a testsuite a file, a testcase a case; rules
/// without a case are a testcase of their own where coverage is required.
package struct JUnitReport: Sendable {
    private var suites: [String] = []
    private var (tests, failures) = (0, 0)

    package init() {}

    package mutating func add(_ run: PolicyTestRun) {
        var cases: [String] = []
        for outcome in run.outcomes {
            cases.append(
                JUnitReport.testcase(
                    outcome.test.name, of: run.file, line: outcome.test.line,
                    failure: outcome.passed
                        ? nil : outcome.differences.map(\.description).joined(separator: "; ")))
        }
        add(suite: run.file, cases, failures: run.failed)
    }

    /// - Parameter uncovered: each rule that no case came to, with its place.
    package mutating func addCoverage(of configuration: String, uncovered: [String]) {
        let failure =
            uncovered.isEmpty ? nil : "rules matched by no case: " + uncovered.joined(separator: "; ")
        let one = JUnitReport.testcase(
            "every rule is matched by a case", of: configuration, line: nil, failure: failure)
        add(suite: configuration, [one], failures: uncovered.isEmpty ? 0 : 1)
    }

    package var xml: String {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + "<testsuites name=\"domicile policy test\" tests=\"\(tests)\" failures=\"\(failures)\" errors=\"0\">\n"
            + suites.joined() + "</testsuites>\n"
    }

    private mutating func add(suite: String, _ cases: [String], failures: Int) {
        tests += cases.count
        self.failures += failures
        suites.append(
            "  <testsuite name=\"\(JUnitReport.escaped(suite))\" tests=\"\(cases.count)\" "
                + "failures=\"\(failures)\" errors=\"0\" skipped=\"0\">\n" + cases.joined()
                + "  </testsuite>\n")
    }

    private static func testcase(_ name: String, of file: String, line: Int?, failure: String?) -> String {
        let place = line.map { " line=\"\($0)\"" } ?? ""
        let head =
            "    <testcase classname=\"\(escaped(file))\" name=\"\(escaped(name))\" file=\"\(escaped(file))\"\(place)"
        guard let failure else { return head + "/>\n" }
        return head
            + ">\n      <failure message=\"\(escaped(failure))\" type=\"policy\">\(escaped(failure))</failure>\n"
            + "    </testcase>\n"
    }

    /// Text for an attribute or an element (XML 1.0 sections 2.2 and 2.4): what XML has no character for becomes U+FFFD.
    package static func escaped(_ text: String) -> String {
        var out = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out.append(contentsOf: "&amp;".unicodeScalars)
            case "<": out.append(contentsOf: "&lt;".unicodeScalars)
            case ">": out.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": out.append(contentsOf: "&quot;".unicodeScalars)
            case "'": out.append(contentsOf: "&apos;".unicodeScalars)
            case "\t": out.append(contentsOf: "&#9;".unicodeScalars)
            case "\n": out.append(contentsOf: "&#10;".unicodeScalars)
            case "\r": out.append(contentsOf: "&#13;".unicodeScalars)
            default:
                let isCharacter =
                    (0x20...0xd7ff).contains(scalar.value) || (0xe000...0xfffd).contains(scalar.value)
                    || scalar.value >= 0x10000
                out.append(isCharacter ? scalar : "\u{fffd}")
            }
        }
        return String(out)
    }
}
