import Foundation
import Testing

/// The address of a replica, the primary of `scratch`, behind which the server is exchanged
/// (Tests/TestSupport/replica/exchange.py), and a gateway that was started while it was the right one.
final class ExchangedReplica {
    /// What a connection meets.
    enum Server {
        case primary
        /// Another server on this port of this host, by bytes that pass unread.
        case port(Int)
        /// One that takes TLS with this certificate of `folder` and writes down what it is told.
        case recorder(certificate: String)
    }

    let folder: String
    let port: Int
    private let testbed: Testbed
    private let exchange: RunningCommand

    init(_ testbed: Testbed) throws {
        self.testbed = testbed
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "domicile-exchange-\(UUID().uuidString.prefix(8))"
            ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try ExchangedReplica.certify(folder, beside: Testbed.variable("DOMICILE_UPSTREAM_CA"))
        try ExchangedReplica.write(.port(ExchangedReplica.primary), folder)
        exchange = try Command.start(
            "/usr/bin/python3", ["\(testbed.root)/Tests/TestSupport/replica/exchange.py", folder])
        var port: Int?
        try testbed.eventually("the exchange listens") { [exchange] in
            port = exchange.read("output").split(separator: "\n").first.flatMap { Int($0) }
            return port != nil
        }
        self.port = try #require(port)
    }

    func remove() {
        exchange.signal(SIGTERM)
        _ = exchange.wait(timeout: 10)
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static var primary: Int {
        get throws { try #require(Int(try Testbed.variable("DIRECT_PORT_EU_A"))) }
    }

    /// From the next connection on.
    func become(_ server: Server) throws { try ExchangedReplica.write(server, folder) }

    private static func write(_ server: Server, _ folder: String) throws {
        let text: String
        switch server {
        case .primary: text = "forward \(try primary)"
        case .port(let port): text = "forward \(port)"
        case .recorder(let name): text = "record \(folder)/\(name).crt \(folder)/\(name).key"
        }
        try text.write(toFile: "\(folder)/server", atomically: true, encoding: .utf8)
    }

    /// What recorders were told so far: lines, and all their data together.
    var recorded: (lines: [String], data: [UInt8]) {
        let lines = exchange.read("output").split(separator: "\n").dropFirst().map(String.init)
        var data: [UInt8] = []
        for line in lines where line.hasPrefix("data ") {
            let digits = Array(line.utf8.dropFirst(5))
            for place in stride(from: 0, to: digits.count - 1, by: 2) {
                data.append(
                    UInt8(String(decoding: digits[place...(place + 1)], as: UTF8.self), radix: 16) ?? 0)
            }
        }
        return (lines, data)
    }

    /// Makes the certificates: `other` is for the replica's name, with another key; `elsewhere` is for another name;
    /// both of an authority that the gateway trusts beside the servers' own. `foreign` is for the replica's name, of an
    /// authority that it does not trust.
    private static func certify(_ folder: String, beside authority: String) throws {
        let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        let home = "IP:127.0.0.1,DNS:localhost,DNS:orders-eu-a.test"
        var script = "set -e; cd '\(folder)'"
        for (issuer, name, places) in [
            ("ca", "other", home), ("ca", "elsewhere", "DNS:elsewhere.example"),
            ("foreign-ca", "foreign", home),
        ] {
            script +=
                "; [ -e \(issuer).crt ] || openssl req -x509 \(key) -days 2 -subj /CN=\(issuer)"
                + " -addext basicConstraints=critical,CA:TRUE -keyout \(issuer).key -out \(issuer).crt"
                + "; openssl req \(key) -subj /CN=\(name) -keyout \(name).key -out \(name).csr"
                + "; echo subjectAltName=\(places) > \(name).ext"
                + "; openssl x509 -req -in \(name).csr -CA \(issuer).crt -CAkey \(issuer).key -days 2"
                + " -extfile \(name).ext -out \(name).crt"
        }
        script += "; cat '\(authority)' ca.crt > trusted.crt"
        let run = try Command.run("sh", ["-c", script])
        guard run.status == 0 else { throw CommandFailure(run) }
    }

    /// The pin of the primary's own certificate, by the openssl command.
    private func pin() throws -> String {
        let run = try Command.run(
            "sh",
            [
                "-c",
                "openssl x509 -in '\(testbed.folder)/certificates/orders-eu-a.crt' -pubkey -noout"
                    + " | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64",
            ])
        guard run.status == 0, run.text.utf8.count == 44 else { throw CommandFailure(run) }
        return "sha256/\(run.text)"
    }

    /// The testbed's configuration, changed so that this address is the primary of `scratch`. Its replicas are looked at
    /// seldom, so that it is a session that meets another server first.
    func edited(_ text: String) throws -> String {
        let (primary, pin) = (try ExchangedReplica.primary, try pin())
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard line.contains("name: scratch-eu-a,") else { return String(line) }
            return line.replacingOccurrences(of: "port: \(primary)", with: "port: \(port)")
                .replacingOccurrences(of: "attest: { ", with: "attest: { tls_spki: \"\(pin)\", ")
        }
        return lines.joined(separator: "\n")
            .replacingOccurrences(of: "interval: 500ms", with: "interval: 60s")
            .replacingOccurrences(
                of: "sslrootcert: \(testbed.folder)/certificates/upstream-ca.crt",
                with: "sslrootcert: \(folder)/trusted.crt")
    }

    /// A gateway of that configuration, which has found this replica healthy while it was itself.
    func gateway(edit: (String) -> String = { $0 }) throws -> OwnGateway {
        let original = try String(contentsOfFile: testbed.configuration, encoding: .utf8)
        // Found out here, since an edit does not throw.
        _ = try edited(original)
        return try OwnGateway(testbed, edit: { [self] in edit((try? edited($0)) ?? $0) })
    }

    /// Has that gateway read its configuration anew, with a change on top.
    func reload(_ gateway: OwnGateway, _ edit: (String) -> String = { $0 }) throws {
        let reloads = try gateway.testbed.metric("domicile_config_reloads_total") ?? 0
        try gateway.reload { edit((try? edited($0)) ?? $0) }
        try testbed.eventually("the reload is in force") {
            try gateway.testbed.metric("domicile_config_reloads_total") == reloads + 1
        }
    }
}
