import Foundation
import Glibc
import Testing

/// Roles whose client certificate the gateway makes itself (`certificate: minted`), at servers that ask for it
/// (`hostssl … cert` in pg_hba.conf). Architecture, rule 4.
@Suite(.serialized)
struct MintedCertificateTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func login(
        _ own: Testbed, user: String = "writer", database: String = "orders",
        _ token: Testbed.Token = .euWriter
    ) throws -> (client: RawClient, last: RawClient.Frame?) {
        let client = try RawClient(host: own.host, port: own.port)
        let answer = try client.login(
            own, parameters: [("user", user), ("database", database)], token: testbed.token(token))
        return (client, answer.last)
    }

    private func session(_ own: Testbed) throws -> RawClient {
        let (client, last) = try login(own)
        try #require(last?.letter == "Z", "\(last?.field("M") ?? "") \(last?.field("D") ?? "")")
        return client
    }

    private func expectRefused(
        _ own: Testbed, user: String = "writer", database: String = "orders",
        _ token: Testbed.Token = .euWriter,
        detail: String
    ) throws {
        let (client, last) = try login(own, user: user, database: database, token)
        defer { client.close() }
        #expect(last?.letter == "E")
        #expect(last?.field("C") == "08001")
        #expect(last?.field("D")?.contains(detail) == true, "\(last?.field("D") ?? "")")
    }

    private func copyAuthority(to folder: String) throws {
        for (name, file) in [("crt", "DOMICILE_ROLE_CA"), ("key", "DOMICILE_ROLE_CA_KEY")] {
            try Data(contentsOf: URL(fileURLWithPath: Testbed.variable(file))).write(
                to: URL(fileURLWithPath: "\(folder)/role-ca.\(name)"))
        }
        chmod("\(folder)/role-ca.key", 0o600)
    }

    /// A CA that the servers do not know.
    private func makeStranger(in folder: String, days: Int = 100) throws {
        let run = try Command.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "\(days)",
                "-subj", "/CN=stranger", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout",
                "\(folder)/role-ca.key", "-out", "\(folder)/role-ca.crt",
            ])
        guard run.status == 0 else { throw CommandFailure(run) }
        chmod("\(folder)/role-ca.key", 0o600)
    }

    @Test(
        "The writer has no password, and each of its sessions is logged in by one certificate with CN = role of the CA"
    )
    func loggedIn() throws {
        #expect(
            try testbed.direct(.euA, "select rolpassword is null from pg_authid where rolname = 'writer'")
                == "t")
        let rule = "select auth_method from pg_hba_file_rules where user_name = '{writer}'"
        #expect(try testbed.direct(.euA, rule) == "cert")
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        var serials: Set<String> = []
        for database in ["orders", "scratch"] {
            for _ in 0..<2 {
                let (client, last) = try login(own.testbed, database: database)
                defer { client.close() }
                try #require(last?.letter == "Z", "\(last?.field("D") ?? "")")
                let shown = try client.values(
                    "select client_dn || '|' || issuer_dn || '|' || client_serial from pg_stat_ssl where pid = pg_backend_pid()"
                )
                let parts = shown.first?.split(separator: "|").map(String.init) ?? []
                try #require(parts.count == 3, "\(shown)")
                #expect(parts[0] == "/CN=writer")
                #expect(parts[1] == "/CN=Domicile testbed: roles")
                serials.insert("\(database) \(parts[2])")
            }
        }
        // One for each role of a database.
        #expect(serials.count == 2)
    }

    @Test("A statement of a session with a minted certificate is cancelled like any other")
    func cancel() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let client = try RawClient(host: own.testbed.host, port: own.testbed.port)
        defer { client.close() }
        let greeting = try client.login(
            own.testbed, parameters: [("user", "writer"), ("database", "orders")],
            token: testbed.token(.euWriter))
        let key = try #require(greeting.first { $0.letter == "K" }).body
        let sql = "select pg_sleep(60), '\(Testbed.unique("minted"))'"
        try client.send(try RawClient.query(sql))
        _ = try testbed.backend(at: .euA, running: sql.replacingOccurrences(of: "'", with: "''"))
        let other = try RawClient(host: own.testbed.host, port: own.testbed.port)
        defer { other.close() }
        try other.send([0, 0, 0, 16, 4, 210, 22, 46] + key)
        let answer = try client.readFrames(until: "Z")
        #expect(answer.first { $0.letter == "E" }?.field("C") == "57014")
        #expect(try client.values("select 1") == ["1"])
    }

    @Test(
        "A server that asks for a password although the role has a certificate, and one that asks for a certificate that it does not have, are told in the DETAIL of 08001"
    )
    func otherWay() throws {
        let minted = try OwnGateway(
            testbed,
            edit: {
                $0.replacingOccurrences(
                    of: "tester: { password: \"${DOMICILE_PASSWORD_TESTER}\" }",
                    with: "tester: { certificate: minted }")
            })
        defer { minted.remove() }
        try expectRefused(
            minted.testbed, user: "tester", database: "scratch", .conformance,
            detail: "scratch-eu-a: login failed: the replica asks for a password, and the role has none")
        // The gateway's own fault: the replica serves the others.
        try session(minted.testbed).close()
        let password = try OwnGateway(
            testbed,
            edit: { $0.replacingOccurrences(of: "{ certificate: minted }", with: "{ password: wrong }") })
        defer { password.remove() }
        try expectRefused(
            password.testbed, detail: "orders-eu-a: login failed: the replica answered SQLSTATE 28000")
        let nothing = try OwnGateway(
            testbed,
            edit: {
                $0.split(separator: "\n").filter { !$0.contains("upstream_ca:") }.joined(separator: "\n")
                    + "\n"
            })
        defer { nothing.remove() }
        try expectRefused(nothing.testbed, detail: "orders-eu-a: no credential for the role")
    }

    @Test("A reload takes a changed CA whole, refuses one that cannot sign, and sessions go on")
    func reload() throws {
        // Relative to the configuration, which is in the gateway's own folder.
        let edit: (String) -> String = { [testbed] in
            $0.replacingOccurrences(of: "\(testbed.folder)/certificates/role-ca", with: "role-ca")
        }
        let own = try OwnGateway(testbed, prepare: { try copyAuthority(to: $0) }, edit: edit)
        defer { own.remove() }
        let folder = own.folder
        let first = try session(own.testbed)
        defer { first.close() }
        // The servers do not trust this one: their alert is all that is said of it, and not even that where the reset behind it
        // overtakes it (TLS 1.3: the startup packet is under way when the server turns the certificate down).
        try makeStranger(in: folder)
        try own.reload(edit)
        try own.testbed.eventually("the other CA is taken") {
            try own.testbed.metric("domicile_config_reloads_total") == 1
        }
        try expectRefused(own.testbed, detail: "orders-eu-a: TLS: ")
        #expect(try first.values("select 1") == ["1"])
        // One that cannot sign is not taken.
        chmod("\(folder)/role-ca.key", 0o644)
        try own.reload(edit)
        try own.testbed.eventually("the open key is refused") {
            try own.testbed.metric("domicile_config_reload_failed_total") == 1
        }
        try copyAuthority(to: folder)
        try own.reload(edit)
        try own.testbed.eventually("the first CA is back") {
            try own.testbed.metric("domicile_config_reloads_total") == 2
        }
        try own.testbed.eventually("the replica is used again") {
            let (client, last) = try login(own.testbed)
            client.close()
            return last?.letter == "Z"
        }
        #expect(try first.values("select 1") == ["1"])
    }

    @Test("check says at its place what is wrong with the CA, and warns when it ends soon")
    func check() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            Testbed.unique("authority")
        ).path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let text = try String(contentsOfFile: testbed.configuration, encoding: .utf8)
            .replacingOccurrences(of: " certificates/role-ca", with: " \(folder)/role-ca")
            .replacingOccurrences(of: " certificates/", with: " \(testbed.folder)/certificates/")
        let file = "\(folder)/domicile.yaml"
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let line = try #require(lines.firstIndex { $0.contains("upstream_ca:") })
        func place(_ key: String) throws -> String {
            let start = try #require(lines[line].range(of: "\(key): ")).upperBound
            return
                "\(file):\(line + 1):\(lines[line].utf8.distance(from: lines[line].startIndex, to: start) + 1)"
        }
        func found() throws -> String { try Command.run(testbed.binary, ["check", "--config", file]).output }
        try makeStranger(in: folder, days: 13)
        let end = try Command.run(
            "openssl", ["x509", "-in", "\(folder)/role-ca.crt", "-noout", "-enddate", "-dateopt", "iso_8601"])
        // `notAfter=2026-12-09 12:00:00Z`
        let date = end.text.drop { $0 != "=" }.dropFirst().replacingOccurrences(of: " ", with: "T")
        #expect(
            try found().contains(
                "\(place("certificate")): warning: `certificate`: the CA ends \(date), and with it"))
        try makeStranger(in: folder, days: 15)
        #expect(try !found().contains("the CA ends"))
        chmod("\(folder)/role-ca.key", 0o640)
        if getuid() != 0 {
            #expect(try found().contains("\(place("key")): mistake: `key` cannot be used: is open to others"))
        }
        chmod("\(folder)/role-ca.key", 0o604)
        #expect(try found().contains("\(place("key")): mistake: `key` cannot be used: is open to others"))
        chmod("\(folder)/role-ca.key", 0o600)
        try Data(contentsOf: URL(fileURLWithPath: Testbed.variable("DOMICILE_ROLE_CA_KEY"))).write(
            to: URL(fileURLWithPath: "\(folder)/role-ca.key"))
        chmod("\(folder)/role-ca.key", 0o600)
        #expect(try found().contains("\(place("key")): mistake: `key` cannot be used: is not the key of"))
        try Data(contentsOf: URL(fileURLWithPath: Testbed.variable("DOMICILE_CERTIFICATE_WRITER"))).write(
            to: URL(fileURLWithPath: "\(folder)/role-ca.crt"))
        #expect(
            try found().contains(
                "\(place("certificate")): mistake: `certificate` cannot be used: is not a CA's certificate"))
    }

    @Test(
        "What was minted is nowhere on disk: no file of the gateway's holds a private key or its certificate")
    func nowhereOnDisk() throws {
        let own = try OwnGateway(testbed)
        defer { own.remove() }
        let client = try session(own.testbed)
        defer { client.close() }
        let process = "/proc/\(own.testbed.processID)"
        let open = try FileManager.default.contentsOfDirectory(atPath: "\(process)/fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "\(process)/fd/\($0)")
        }
        let files = open.filter { $0.hasPrefix("/") && !$0.hasPrefix("/dev/") }
        #expect(
            files.allSatisfy {
                $0.contains("/audit/") || $0.contains("/state/") || $0.contains("/domicile-")
            }, "\(files)")
        #expect(!files.contains { $0.contains("(deleted)") })
        var seen = 0
        // The key that signs the log is there, and was not minted.
        for case let name as String in try #require(FileManager.default.enumerator(atPath: own.folder))
        where name != "audit.key" {
            guard let bytes = FileManager.default.contents(atPath: "\(own.folder)/\(name)") else { continue }
            seen += 1
            #expect(bytes.range(of: Data("PRIVATE KEY".utf8)) == nil, "\(name)")
            #expect(bytes.range(of: Data("BEGIN CERTIFICATE".utf8)) == nil, "\(name)")
        }
        #expect(seen >= 3)
    }
}
