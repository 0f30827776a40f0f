import Foundation
import GatewayPolicy

extension ConfigurationBuilder {
    mutating func readListeners() {
        for fields in root.list("listen") {
            guard let placed = listener(fields) else { continue }
            if listeners.contains(where: { $0.listener.address == placed.listener.address }) {
                mistake(placed.position, "a second listener on the same address; expected it once")
            }
            listeners.append(placed)
        }
    }

    private func listener(_ fields: Fields) -> PlacedListener? {
        let auth = fields.choice("auth", Listener.Authentication.self) ?? .cleartext
        guard fields.has("address") != fields.has("unix") else {
            let found = fields.has("unix") ? "both `address` and `unix`" : "neither `address` nor `unix`"
            mistake(fields.position, "found \(found); expected one of them")
            return nil
        }
        if fields.has("unix") {
            let path = fields.path("unix") ?? ""
            // sun_path of Linux holds 108 bytes with the NUL (unix(7)).
            if path.utf8.count > 107 {
                mistake(
                    fields.position(of: "unix"),
                    "`unix`: the path has \(path.utf8.count) bytes; expected at most 107")
            }
            if fields.has("tls") {
                mistake(
                    fields.keyPosition(of: "tls"), "found `tls` with `unix`; expected it with `address` only")
            }
            if auth == .oauthbearer {
                mistake(
                    fields.position(of: "auth"),
                    "`auth: oauthbearer` with `unix`; expected it with TLS only (RFC 7628 section 3)")
            }
            let listener = Listener(address: .unix(path: path), tls: nil, tlsRequired: false, auth: auth)
            return PlacedListener(listener: listener, position: fields.position(of: "unix"))
        }
        let address = fields.address("address") ?? ("", 0)
        let tls = fields.fields("tls")
        let required = tls.boolean("required")
        let certificates = listenerTLS(fields, tls, required: required)
        if !required {
            let place =
                ConfigurationBuilder.isLoopback(address.host) ? "" : ", and the listener is not on loopback"
            warning(
                tls.keyPosition(of: "required"),
                "`required: false`: tokens are accepted on unencrypted connections\(place); expected true")
        }
        let listener = Listener(
            address: .tcp(host: address.host, port: address.port), tls: certificates, tlsRequired: required,
            auth: auth)
        return PlacedListener(listener: listener, position: fields.position(of: "address"))
    }

    private func listenerTLS(_ fields: Fields, _ tls: Fields, required: Bool) -> ListenerTLS? {
        let certificate = tls.readableFile("certificate")
        let key = tls.readableFile("key")
        let clientCA = tls.readableFile("client_ca")
        let hasBoth = tls.has("certificate") && tls.has("key")
        let hasNeither = !tls.has("certificate") && !tls.has("key")
        if !hasBoth, required || !hasNeither {
            let position = fields.has("tls") ? tls.position : fields.position
            mistake(
                position,
                "a listener on TCP without a certificate; expected `tls: { certificate: FILE, key: FILE }`, "
                    + "or `tls: { required: false }` where tokens may be seen on the way")
        }
        if clientCA != nil, !required {
            mistake(
                tls.keyPosition(of: "client_ca"),
                "`client_ca` with `required: false`: unencrypted connections would show no certificate; expected one of "
                    + "the two")
        }
        if let clientCA { check(.authority(file: clientCA), tls, "client_ca") }
        guard let certificate, let key else { return nil }
        check(.certificate(file: certificate, key: key), tls, "certificate", "key")
        return ListenerTLS(certificate: certificate, key: key, clientCA: clientCA)
    }

    mutating func readIssuers() {
        for fields in root.list("issuers") {
            let name = issuerURL(fields)
            if let name, issuers.contains(where: { $0.issuer.hasSameBytes(as: name) }) {
                mistake(fields.position(of: "issuer"), "duplicate issuer \(quoted(name)); expected it once")
            }
            for key in ["audience", "algorithms", "types"] where fields.has(key) {
                guard case .list(let elements)? = fields.node(key)?.value, elements.isEmpty else { continue }
                mistake(
                    fields.position(of: key),
                    "`\(key)` is empty, so no token is accepted; expected at least one")
            }
            let types = fields.texts("types").map { $0.text.lowercased() }
            issuers.append(
                Issuer(
                    issuer: name ?? "", audience: fields.texts("audience").map(\.text),
                    algorithms: fields.choices("algorithms", Algorithm.self), keys: keys(fields),
                    ca: fields.readableFile("ca"), types: fields.has("types") ? types : nil,
                    claims: claims(fields), keysMaxAge: fields.duration("keys_max_age"),
                    keysRefresh: fields.duration("keys_refresh"), introspection: introspection(fields),
                    scope: scope(fields)))
        }
    }

    /// RFC 6749 section 3.3: tokens of printable ASCII but `"` and `\`, one space between two.
    private func scope(_ fields: Fields) -> String {
        guard let value = fields.scalar("scope") else { return "" }
        let tokens = value.text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        let isFit = tokens.allSatisfy { token in
            !token.isEmpty
                && token.allSatisfy {
                    (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\")
                }
        }
        if !isFit { fields.wrong("scope", value, fields.expected("scope")) }
        return value.text
    }

    private func issuerURL(_ fields: Fields) -> String? {
        guard let value = fields.scalar("issuer") else { return nil }
        if let expectation = ConfigurationBuilder.urlExpectation(value.text, allowsQuery: false) {
            fields.wrong("issuer", value, expectation)
        }
        return value.text
    }

    private func keys(_ fields: Fields) -> Issuer.Keys {
        guard let value = fields.scalar("jwks") else { return .discovery }
        guard value.text.contains("://") else {
            return .file(fields.readableFile("jwks") ?? "")
        }
        if let expectation = ConfigurationBuilder.urlExpectation(value.text, allowsQuery: true) {
            fields.wrong("jwks", value, expectation)
        }
        return .url(value.text)
    }

    private func introspection(_ issuer: Fields) -> Introspection? {
        guard issuer.has("introspection") else { return nil }
        let fields = issuer.fields("introspection")
        if let value = fields.scalar("endpoint"),
            let expectation = ConfigurationBuilder.urlExpectation(value.text, allowsQuery: true)
        {
            fields.wrong("endpoint", value, expectation)
        }
        return Introspection(
            endpoint: fields.text("endpoint"), clientID: fields.text("client_id"),
            clientSecret: fields.secret("client_secret") ?? Secret(""), cache: fields.duration("cache"),
            onError: fields.choice("on_error", Introspection.Failure.self) ?? .refuse)
    }

    private func claims(_ fields: Fields) -> [String: [String]] {
        var claims = ["subject": ["sub"], "planner": ["azp"], "task": ["task_id"], "groups": ["groups"]]
        guard let node = fields.node("claims") else { return claims }
        guard case .mapping(let entries) = node.value else {
            mistake(node.position, "`claims`: expected \(fields.expected("claims"))")
            return claims
        }
        for entry in entries {
            guard !["issuer", "any", "all"].contains(entry.key), !entry.key.isEmpty else {
                mistake(
                    entry.keyPosition,
                    "the name \(quoted(entry.key)) has a meaning of its own; expected another")
                continue
            }
            if case .list(let elements) = entry.node.value {
                claims[entry.key] = elements.compactMap { fields.scalar($0, "claims")?.text }
            } else if let value = fields.scalar(entry.node, "claims") {
                // A claim named by a URL (OpenID Connect Core section 5.1.2) is full of dots.
                let isURL = value.text.contains("://")
                claims[entry.key] =
                    isURL
                    ? [value.text]
                    : value.text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            }
            if let path = claims[entry.key], path.isEmpty || path.contains("") {
                mistake(
                    entry.node.position, "`claims`: found an empty step; expected a claim or a dotted path")
            }
        }
        return claims
    }

    /// What is expected of the URL of a provider, or nil where it is fine.
    static func urlExpectation(_ text: String, allowsQuery: Bool) -> String? {
        guard let url = URLComponents(string: text), let host = url.host, !host.isEmpty else {
            return "an https URL"
        }
        guard url.user == nil, url.password == nil, url.fragment == nil, allowsQuery || url.query == nil
        else {
            return "a URL without user, password, fragment\(allowsQuery ? "" : " and query")"
        }
        switch url.scheme {
        case "https": return nil
        case "http":
            let bare = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
            return isLoopback(bare) ? nil : "an https URL; http is for loopback addresses only"
        default: return "an https URL"
        }
    }

    /// `localhost`, 127.0.0.0/8 or ::1, without asking a resolver.
    static func isLoopback(_ host: String) -> Bool {
        if host.lowercased() == "localhost" { return true }
        if let address = ValueFormats.ipv4(host) { return address[0] == 127 }
        return ValueFormats.ipv6(host) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    }
}
