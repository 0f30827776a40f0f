import Admin
import GatewayConfiguration
import Synchronization
import Testing

/// A status that counts what it is asked.
private final class CountedStatus: GatewayStatus {
    let asked = Mutex<[String: Int]>([:])

    private func count(_ name: String) { asked.withLock { $0[name, default: 0] += 1 } }

    var unreadyReasons: [String] {
        count("reasons")
        return []
    }
    var hangingWorkers: [Int] {
        count("workers")
        return []
    }
    var snapshot: GatewaySnapshot {
        count("snapshot")
        return GatewaySnapshot(region: "eu-west-1")
    }
}

@Suite struct PagesTests {
    @Test(
        "F-OPS-11: a thousand questions of health ask for what is known a thousand times, and for nothing else"
    )
    func cheapHealth() {
        let status = CountedStatus()
        let pages = AdminPages(status: status, host: "127.0.0.1", startTime: nil)
        for _ in 0..<1_000 {
            #expect(pages.answer(method: "GET", path: "/livez", host: "127.0.0.1").status == 200)
            #expect(pages.answer(method: "GET", path: "/readyz", host: "127.0.0.1").status == 200)
        }
        #expect(status.asked.withLock { $0 } == ["workers": 1_000, "reasons": 1_000])
    }

    @Test("Ready without reasons is 200 and ok")
    func ready() {
        let answer = AdminPages(FixedStatus()).answer(method: "GET", path: "/readyz", host: "127.0.0.1:6480")
        #expect(answer.status == 200)
        #expect(answer.body == "ok\n")
    }

    @Test("F-OPS-12: not ready is 503 and names every cause, as JSON")
    func unready() {
        let status = FixedStatus(unreadyReasons: [
            "database orders: no healthy replica",
            "audit log of eu-west-1: write \"x\": No space left on device",
        ])
        let answer = AdminPages(status).answer(method: "GET", path: "/readyz", host: "127.0.0.1:6480")
        #expect(answer.status == 503)
        #expect(answer.contentType == "application/json")
        #expect(
            answer.body == #"{"ready":false,"reasons":["database orders: no healthy replica","#
                + #""audit log of eu-west-1: write \"x\": No space left on device"]}"# + "\n")
    }

    @Test("F-OPS-12: /livez does not depend on what the gateway depends on")
    func aliveWhileNotReady() {
        let status = FixedStatus(unreadyReasons: ["draining"])
        let answer = AdminPages(status).answer(method: "GET", path: "/livez", host: "localhost")
        #expect(answer.status == 200)
    }

    @Test(
        "F-OPS-09: a Host that is no literal address, localhost or the configured name is 421, on every page",
        arguments: [
            "evil.example", "evil.example:6480", "127.0.0.1.evil.example", "localhost.evil.example", "127.1",
            "2130706433", "0x7f000001", "[::1", "[::1]x", "[evil.example]", "127.0.0.1:6480:1", "127.0.0.1:x",
            "127.0.0.1:123456", ":6480", "user@127.0.0.1", "127.0.0.1 ", "::1",
        ])
    func foreignHost(host: String) {
        for path in ["/metrics", "/livez", "/readyz", "/"] {
            #expect(AdminPages(FixedStatus()).answer(method: "GET", path: path, host: host).status == 421)
        }
    }

    @Test(
        "F-OPS-09: literal addresses, localhost and the configured name are accepted, with and without a port",
        arguments: [
            "127.0.0.1", "127.0.0.1:6480", "10.1.2.3:80", "[::1]", "[::1]:6480", "localhost",
            "LOCALHOST:6480",
            "metrics.internal", "Metrics.Internal:6480",
        ])
    func ownHost(host: String) {
        let pages = AdminPages(FixedStatus(), host: "metrics.internal")
        #expect(pages.answer(method: "GET", path: "/livez", host: host).status == 200)
    }

    @Test("A request without Host is 400")
    func noHost() {
        #expect(AdminPages(FixedStatus()).answer(method: "GET", path: "/livez", host: nil).status == 400)
        #expect(AdminPages(FixedStatus()).answer(method: "GET", path: "/livez", host: "").status == 400)
    }

    @Test("Every method but GET and HEAD is 405", arguments: ["POST", "PUT", "DELETE", "OPTIONS", "get"])
    func methods(method: String) {
        #expect(
            AdminPages(FixedStatus()).answer(method: method, path: "/metrics", host: "127.0.0.1").status
                == 405)
    }

    @Test("An unknown path is 404; a path that only begins like a page is unknown")
    func unknownPath() {
        for path in ["/", "/metrics/", "/livez/x", "/readyzz", "/METRICS"] {
            #expect(
                AdminPages(FixedStatus()).answer(method: "GET", path: path, host: "127.0.0.1").status == 404)
        }
    }

    @Test("The metrics come as Prometheus text 0.0.4")
    func metrics() {
        let answer = AdminPages(FixedStatus()).answer(method: "GET", path: "/metrics", host: "127.0.0.1")
        #expect(answer.status == 200)
        #expect(answer.contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(answer.body.hasPrefix("# HELP domicile_build_info "))
        #expect(answer.body.hasSuffix("\n"))
    }

    @Test(
        "F-OPS-08: an admin address beyond loopback is refused",
        arguments: ["0.0.0.0", "::", "10.0.0.1", "gateway.example", "128.0.0.1", "::2", "::ffff:127.0.0.1"])
    func beyondLoopback(host: String) {
        let endpoint = AdminEndpoint(host: host, port: 6480, socket: "admin.sock")
        #expect(throws: AdminStartError.notLoopback(host: host)) { try AdminServer.check(endpoint) }
    }

    @Test("A loopback admin address is accepted", arguments: ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
    func loopback(host: String) throws {
        try AdminServer.check(AdminEndpoint(host: host, port: 6480, socket: "admin.sock"))
    }
}
