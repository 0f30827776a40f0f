import Foundation
import Glibc
import Testing

/// A listener's certificate that changes while the gateway runs.
@Suite(.serialized)
struct CertificateSwapTests {
    /// A gateway whose certificate and key are files of the test's own.
    private struct Ground {
        let gateway: OwnGateway
        private let files: String

        var certificate: String { "\(gateway.folder)/gateway.crt" }
        private var key: String { "\(gateway.folder)/gateway.key" }

        init(_ testbed: Testbed) throws {
            let files = "\(testbed.folder)/certificates"
            self.files = files
            gateway = try OwnGateway(
                testbed,
                prepare: { folder in
                    for name in ["gateway.crt", "gateway.key"] {
                        try FileManager.default.copyItem(
                            atPath: "\(files)/\(name)", toPath: "\(folder)/\(name)")
                    }
                }, edit: { $0.replacingOccurrences(of: "\(files)/gateway.", with: "gateway.") })
        }

        /// A pair of its own, that ends in so many days.
        func make(days: Int) throws {
            try openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-subj", "/CN=localhost", "-days", String(days), "-keyout", key, "-out", certificate)
        }

        /// The same key in a certificate that ended yesterday.
        func makeEnded() throws {
            let request = "\(gateway.folder)/request"
            try make(days: 1)
            try openssl("req", "-new", "-key", key, "-subj", "/CN=localhost", "-out", request)
            try openssl("x509", "-req", "-in", request, "-signkey", key, "-days", "-1", "-out", certificate)
        }

        private func openssl(_ arguments: String...) throws {
            let run = try Command.run("openssl", arguments)
            try #require(run.status == 0, "\(run.error)")
        }

        /// Puts another of the testbed's files in place of the key.
        func replaceKey(by name: String) throws {
            try Data(contentsOf: URL(fileURLWithPath: "\(files)/\(name)")).write(
                to: URL(fileURLWithPath: key))
        }

        /// Sends SIGHUP and waits until the counter says so often.
        func reload(_ counter: String, is number: Double) throws {
            gateway.process.signal(SIGHUP)
            try gateway.testbed.eventually("\(counter) is \(number)", within: 5) {
                try gateway.testbed.metric("domicile_\(counter)") == number
            }
        }

        /// What the gateway answers to somebody who trusts this certificate alone: the request for a token.
        func answer(trusting authority: String) throws -> String? {
            let client = try RawClient(host: gateway.testbed.host, port: gateway.testbed.port)
            defer { client.close() }
            try client.beginTLS(authority: authority, host: "localhost")
            try client.startup([("user", "analyst"), ("database", "orders")])
            return try client.readFrame()?.letter
        }

        /// Seconds from now to the certificate's end, as the metric has it.
        func left() throws -> Double {
            let series = "domicile_certificate_expiry_timestamp_seconds{file=\"\(certificate)\"}"
            return try #require(try gateway.testbed.metric(series)) - Date().timeIntervalSince1970
        }
    }

    @Test(
        "F-OPS-19: certificates are swapped under load without a failed login; a wrong or unreadable key is refused; one that has ended is seen in the metric"
    )
    func swapped() throws {
        let testbed = try Testbed()
        let ground = try Ground(testbed)
        defer { ground.gateway.remove() }
        #expect(try ground.left() > 86_400)
        let bench = try Command.start(
            "pgbench", ["-n", "-S", "-C", "-c", "2", "-T", "2"],
            environment: ground.gateway.testbed.environment(
                user: "analyst", database: "orders", token: testbed.token(.euAnalyst),
                extra: ["PGSSLMODE": "require", "PGSSLROOTCERT": "\(ground.gateway.folder)/none"]))
        for days in 1...3 {
            try ground.make(days: days)
            try ground.reload("config_reloads_total", is: Double(days))
            #expect(try ground.answer(trusting: ground.certificate) == "R")
            #expect(abs(try ground.left() - Double(days) * 86_400) < 120)
        }
        let benched = bench.wait(timeout: 20)
        #expect(benched.status == 0, "\(benched.error)")
        #expect(benched.output.contains("number of failed transactions: 0"), "\(benched.output)")

        // Another's key, and what is no key: the pair that was taken last goes on.
        for (index, name) in ["writer.key", "gateway-ca.crt"].enumerated() {
            try ground.replaceKey(by: name)
            try ground.reload("config_reload_failed_total", is: Double(index + 1))
            #expect(try ground.answer(trusting: ground.certificate) == "R")
        }
        try ground.makeEnded()
        try ground.reload("config_reloads_total", is: 4)
        #expect(try ground.left() < -80_000)
        #expect(throws: (any Error).self) { try ground.answer(trusting: ground.certificate) }
    }
}
