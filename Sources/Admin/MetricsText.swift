/// Writes the Prometheus text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
struct MetricsText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    enum Kind: String {
        case counter
        case gauge
    }

    enum Value {
        case count(UInt64)
        case flag(Bool)
        case seconds(Duration)

        /// Counters of ours are never negative; one that is shows as 0 rather than as a number nobody can read.
        static func count(_ number: some BinaryInteger) -> Value { .count(UInt64(clamping: number)) }
    }

    struct Sample {
        var labels: [(name: String, value: String)]
        var value: Value

        init(_ value: Value, _ labels: (name: String, value: String)...) {
            self.labels = labels
            self.value = value
        }
    }

    private(set) var text = ""

    /// One metric with its samples; nothing where there are none. `help` is one line of ours.
    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ samples: [Sample]) {
        guard !samples.isEmpty else { return }
        text += "# HELP domicile_\(name) \(help)\n# TYPE domicile_\(name) \(kind.rawValue)\n"
        for sample in samples {
            text += "domicile_\(name)"
            if !sample.labels.isEmpty {
                let labels = sample.labels.map { "\($0.name)=\"\(MetricsText.escaped($0.value))\"" }
                text += "{\(labels.joined(separator: ","))}"
            }
            text += " \(MetricsText.number(sample.value))\n"
        }
    }

    mutating func add(_ name: String, _ kind: Kind, _ help: String, _ value: Value) {
        add(name, kind, help, [Sample(value)])
    }

    static func escaped(_ label: String) -> String {
        var safe = ""
        for scalar in label.unicodeScalars {
            switch scalar {
            case "\\": safe += "\\\\"
            case "\"": safe += "\\\""
            case "\n": safe += "\\n"
            default: safe.unicodeScalars.append(scalar)
            }
        }
        return safe
    }

    static func number(_ value: Value) -> String {
        switch value {
        case .count(let number): "\(number)"
        case .flag(let flag): flag ? "1" : "0"
        case .seconds(let duration): seconds(duration)
        }
    }

    /// Decimal seconds, exact to the nanosecond, without zeros at the end.
    private static func seconds(_ duration: Duration) -> String {
        let (whole, attoseconds) = duration.components
        let nanoseconds = (attoseconds / 1_000_000_000).magnitude
        let sign = whole < 0 || attoseconds < 0 ? "-" : ""
        var fraction = String(nanoseconds)
        fraction = String(repeating: "0", count: max(0, 9 - fraction.count)) + fraction
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(sign)\(whole.magnitude)" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}
