import Foundation

/// What the admin endpoint answers, without the HTTP around it.
package struct AdminPages: Sendable {
    package struct Answer: Sendable, Hashable {
        /// The HTTP status code.
        package var status: Int
        package var contentType: String
        package var body: String
        /// Beside those that every answer has.
        package var headers: [String: String] = [:]
        /// The body is a stream of these records.
        package var follows: LiveFilter?

        package init(status: Int, contentType: String, body: String) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }
    }

    /// The methods that every page has, for `Allow` (RFC 9110 section 10.2.1).
    package static let methods = ["GET", "HEAD"]

    private let status: any GatewayStatus
    private let hosts: HostCheck
    private let startTime: Duration?

    /// - Parameters:
    ///   - host: the host of `admin.address`.
    ///   - startTime: Unix time of the process' start; nil: unknown.
    package init(status: any GatewayStatus, host: String, startTime: Duration?) {
        self.status = status
        hosts = HostCheck(configured: host)
        self.startTime = startTime
    }

    /// - Parameter host: the value of `Host`; nil where the request has none.
    package func answer(method: String, path: String, host: String?) -> Answer {
        if let refusal = refusal(ofHost: host) { return refusal }
        guard AdminPages.methods.contains(method) else {
            var answer = AdminPages.plain(405, "only GET and HEAD")
            answer.headers["Allow"] = AdminPages.methods.joined(separator: ", ")
            return answer
        }
        switch path {
        case "/livez":
            let hanging = status.hangingWorkers
            guard hanging.isEmpty else {
                let names = hanging.map { "worker-\($0)" }
                return AdminPages.plain(503, "hanging: " + names.joined(separator: ", "))
            }
            return AdminPages.plain(200, "ok")
        case "/readyz": return readiness
        case "/metrics":
            let text = status.snapshot.metrics(process: .now(startTime: startTime))
            return Answer(status: 200, contentType: MetricsText.contentType, body: text)
        default: return AdminPages.plain(404, "there are /, /metrics, /livez and /readyz")
        }
    }

    /// What a request whose `Host` is none of ours is answered with; nil where it is one (F-OPS-09).
    package func refusal(ofHost host: String?) -> Answer? {
        guard let host, !host.isEmpty else { return AdminPages.plain(400, "the Host header is missing") }
        guard hosts.accepts(host) else {
            return AdminPages.plain(
                421, "Host must be a literal address, localhost or the host of admin.address")
        }
        return nil
    }

    private var readiness: Answer {
        let reasons = status.unreadyReasons
        guard !reasons.isEmpty else { return AdminPages.plain(200, "ok") }
        return Answer(status: 503, contentType: "application/json", body: AdminPages.unready(reasons) + "\n")
    }

    private static func unready(_ reasons: [String]) -> String {
        struct Report: Encodable {
            var ready = false
            var reasons: [String]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let json = try? encoder.encode(Report(reasons: reasons)) else { return #"{"ready":false}"# }
        return String(decoding: json, as: UTF8.self)
    }

    private static func plain(_ status: Int, _ line: String) -> Answer {
        Answer(status: status, contentType: "text/plain; charset=utf-8", body: line + "\n")
    }
}
