import Audit
import AuditTree
import Foundation
import GatewayAnchoring
import GatewayConfiguration
import Synchronization
import Testing

@Suite struct HTTPAnchorTests {
    private let key = SigningKey()

    private func note(_ size: UInt64) throws -> SignedNote {
        try #require(key.sign(Checkpoint(origin: "o", size: size, root: .empty).text, as: "o"))
    }

    private func anchor(
        _ url: String, ca: String? = nil, tokenFile: String? = nil, deadline: Duration = .seconds(5)
    ) -> HTTPAnchor {
        HTTPAnchor(AnchorRequest(url: url, ca: ca, tokenFile: tokenFile, deadline: deadline))
    }

    private func failure(_ anchor: HTTPAnchor) throws -> String {
        let note = try note(7)
        do throws(AuditError) {
            try anchor.write([note], isRetry: false)
            return "taken"
        } catch {
            return error.description
        }
    }

    @Test func `a checkpoint is sent as it was signed, as text, with the token that the file holds then`()
        throws
    {
        let server = try AnchorServer("good")
        let file = server.folder + "/token"
        func setToken(_ token: String) throws {
            try? FileManager.default.removeItem(atPath: file)
            #expect(
                FileManager.default.createFile(
                    atPath: file, contents: Data("\(token)\n".utf8), attributes: [.posixPermissions: 0o600]))
        }
        try setToken("first")
        let url = "http://127.0.0.1:\(server.port)/eu"
        let anchor = anchor(url, tokenFile: file)
        #expect(anchor.name == url)
        let (one, two) = (try note(1), try note(2))
        try anchor.write([one], isRetry: false)
        try setToken("second")
        try anchor.write([two], isRetry: true)
        #expect(
            server.text("kept") == String(decoding: one.bytes + [0x0a] + two.bytes + [0x0a], as: UTF8.self))
        #expect(
            server.requests == [
                "POST /eu text/plain Bearer first", "POST /eu text/plain Bearer second",
            ])
        try FileManager.default.removeItem(atPath: file)
        #expect(try failure(anchor).contains("the token file \(file) cannot be opened"))
    }

    @Test func `a certificate that is not trusted or of another name is refused, and nothing is sent`() throws
    {
        let server = try AnchorServer("tls")
        let ca = server.folder + "/cert.pem"
        #expect(try failure(anchor("https://localhost:\(server.port)/", ca: ca)) == "taken")
        let untrusted = try failure(anchor("https://localhost:\(server.port)/"))
        #expect(untrusted.contains("CERTIFICATE_VERIFY_FAILED"), "\(untrusted)")
        let other = try failure(anchor("https://127.0.0.1:\(server.port)/", ca: ca))
        #expect(other.contains("it could not be asked"), "\(other)")
        #expect(server.requests.count == 1)
    }

    @Test
    func `F-AUD-03: an error, a redirect, no answer and half of one are failures, each within its time`()
        throws
    {
        let server = try AnchorServer("fails")
        let url = "http://127.0.0.1:\(server.port)/"
        #expect(try failure(anchor(url)) == "\(url): it answered with status 500")
        try server.change(to: "redirects")
        #expect(
            try failure(anchor(url)) == "\(url): it answered with a redirect, which is not followed")
        for mode in ["hangs", "drips"] {
            try server.change(to: mode)
            let began = ContinuousClock.now
            #expect(
                try failure(anchor(url, deadline: .milliseconds(300)))
                    == "\(url): it did not answer within 0.3 seconds")
            #expect(.now - began < .seconds(3))
        }
        #expect(server.text("kept") == "")
        let closed = try failure(anchor("http://127.0.0.1:1/"))
        #expect(closed.hasPrefix("http://127.0.0.1:1/: it could not be asked"), "\(closed)")
    }

    @Test func `nothing is sent to another machine without TLS`() throws {
        #expect(
            try failure(anchor("http://192.0.2.1/"))
                == "http://192.0.2.1/: the address is neither https nor http to a loopback address")
    }

    @Test func `F-AUD-15: what an endpoint keeps is got again, up to a limit`() throws {
        let server = try AnchorServer("good")
        let url = "http://127.0.0.1:\(server.port)/"
        let note = try note(7)
        try anchor(url).write([note], isRetry: false)
        let got = Mutex<[UInt8]>([])
        let request = AnchorRequest(url: url, ca: nil, tokenFile: nil, deadline: .seconds(5))
        try request.get(limit: note.bytes.count + 1) { piece in got.withLock { $0 += piece } }
        #expect(got.withLock { $0 } == note.bytes + [0x0a])
        #expect(throws: AnchorFailure.tooLarge(limit: note.bytes.count)) {
            try request.get(limit: note.bytes.count) { _ in }
        }
    }

    @Test
    func
        `F-AUD-03: a log's anchor at an endpoint that hangs holds up nobody, and has the newest once it answers`()
        throws
    {
        let server = try AnchorServer("hangs")
        let folder = server.folder + "/log"
        let slow = anchor("http://127.0.0.1:\(server.port)/", deadline: .milliseconds(200))
        let file = FileAnchor(path: server.folder + "/file")
        let told = Mutex<[String]>([])
        var settings = AuditLogSettings(region: "eu-west-1", folder: folder, gateway: "gw")
        settings.tree = TreeSettings(
            origin: "test.example/audit", keys: [key], anchors: [slow, file],
            anchorChanged: { anchor, trouble in
                told.withLock { $0.append(trouble.map { "\($0)" } ?? "\(anchor) well") }
            }, interval: .milliseconds(1))
        let log = try AuditLog(settings)
        func write() throws {
            var batch = RecordBatch(recordLimit: 64 << 10)
            batch.begin(.admin)
            batch.end()
            _ = try log.append(&batch)
        }
        func wait(_ condition: () -> Bool) {
            let deadline = Date(timeIntervalSinceNow: 20)
            while !condition(), Date() < deadline { usleep(2_000) }
        }
        for _ in 0..<20 { try write() }
        wait { log.counters.anchors.last?.anchored == 20 && log.counters.anchors.first?.isWritten == false }
        #expect(
            log.counters.anchors == [
                AnchorState(name: slow.name, anchored: 0, isWritten: false),
                AnchorState(name: file.name, anchored: 20, isWritten: true),
            ])
        #expect(log.failure == nil && log.tree?.trouble == nil)
        try server.change(to: "good")
        try write()
        wait { log.counters.anchors.first?.anchored == 21 }
        log.close()
        #expect(log.counters.anchors.map(\.anchored) == [21, 21])
        #expect(server.text("kept").contains("test.example/audit/eu-west-1\n21\n"))
        #expect(
            told.withLock { $0 } == [
                "\(slow.name): it did not answer within 0.2 seconds", "\(slow.name) well",
            ])
    }
}
