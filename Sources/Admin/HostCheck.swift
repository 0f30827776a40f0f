import Glibc

/// Decides whether the `Host` of a request is one of ours. A page of another site can make a browser send requests
/// to a loopback address under the site's own name (DNS rebinding, F-OPS-09); a literal address cannot be rebound.
package struct HostCheck: Sendable {
    private let configured: String

    /// - Parameter configured: the host of `admin.address`.
    package init(configured: String) { self.configured = configured.lowercased() }

    /// Whether a `Host` value (RFC 9110 section 7.2: host and optional port) names a literal address, `localhost` or
    /// the configured host.
    package func accepts(_ value: String) -> Bool {
        if value.hasPrefix("[") {
            guard let end = value.firstIndex(of: "]") else { return false }
            let literal = String(value[value.index(after: value.startIndex)..<end])
            return HostCheck.isIPv6(literal) && HostCheck.isPort(value[value.index(after: end)...])
        }
        let written = value.prefix { $0 != ":" }
        guard HostCheck.isPort(value[written.endIndex...]) else { return false }
        let host = written.lowercased()
        return host == "localhost" || (host == configured && !host.isEmpty) || HostCheck.isIPv4(host)
    }

    private static func isPort(_ text: some StringProtocol) -> Bool {
        text.isEmpty
            || (text.hasPrefix(":") && text.count <= 6 && text.dropFirst().allSatisfy { "0"..."9" ~= $0 })
    }

    static func isIPv4(_ text: String) -> Bool {
        var address = in_addr()
        return inet_pton(AF_INET, text, &address) == 1
    }

    static func isIPv6(_ text: String) -> Bool {
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1
    }

    /// `localhost`, 127.0.0.0/8 or ::1, without asking a resolver.
    package static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        var four = in_addr()
        if inet_pton(AF_INET, host, &four) == 1 { return UInt32(bigEndian: four.s_addr) >> 24 == 127 }
        var six = in6_addr()
        guard inet_pton(AF_INET6, host, &six) == 1 else { return false }
        let words = six.__in6_u.__u6_addr32
        return words.0 == 0 && words.1 == 0 && words.2 == 0 && UInt32(bigEndian: words.3) == 1
    }
}
