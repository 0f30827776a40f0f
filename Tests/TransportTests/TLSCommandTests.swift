import Foundation
import Glibc
import Synchronization
import Testing
import Transport

/// A TLS listener in a thread of its own, for the `openssl s_client` command: shakes hands with so many
/// peers, writes `hello` to each, and closes.
private final class TLSListener: Sendable {
    struct Seen: Sendable {
        let outcome: Stream.Outcome
        let isPostgreSQL: Bool
    }

    let port: Int
    private let seen = Mutex<[Seen]>([])
    private let thread = Mutex<Thread?>(nil)

    init(context: TLSContext, peers: Int) throws {
        signal(SIGPIPE, SIG_IGN)
        let address = try #require(SocketAddress(literal: "127.0.0.1", port: 0))
        let listener = try Socket.listen(on: address)
        guard case .ip(_, let port) = Socket.localAddress(of: listener).kind else {
            throw TransportError.address("no port")
        }
        self.port = Int(port)
        let started = try Thread(name: "listener") { [self] in
            defer { Socket.close(listener) }
            for _ in 0..<peers { serve(listener, context) }
        }
        thread.withLock { $0 = started }
    }

    private func serve(_ listener: Int32, _ context: TLSContext) {
        guard Descriptor.waits(listener, for: POLLIN, milliseconds: 15_000),
            case .connection(let descriptor, _) = Socket.accept(listener)
        else { return }
        let stream = Stream(descriptor: descriptor)
        guard (try? stream.acceptTLS(context)) != nil else { return }
        var outcome = Stream.Outcome.wouldBlock
        while outcome == .wouldBlock {
            stream.noteReady()
            outcome = stream.handshake()
            guard outcome == .wouldBlock, Descriptor.waits(descriptor, for: POLLIN) else { break }
        }
        seen.withLock { $0.append(Seen(outcome: outcome, isPostgreSQL: stream.hasPostgreSQLProtocol)) }
        if outcome == .moved(0) { writeAll(stream, Array("hello".utf8)) }
        stream.shutdownWrite()
        // The peer goes first, so that nothing it has not read yet is lost.
        if outcome == .moved(0) { _ = readAll(stream, 1_000) }
    }

    func join() -> [Seen] {
        thread.withLock { $0 }?.join()
        return seen.withLock { $0 }
    }
}

@Suite struct TLSCommandTests {
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates() }

    private func connect(_ port: Int, _ options: String) throws -> String {
        try TestCertificates.shell(
            "openssl s_client -connect 127.0.0.1:\(port) -CAfile \(certificates.ca) -ign_eof \(options)",
            mayFail: true)
    }

    @Test(
        "F-WIRE-06: ALPN postgresql is agreed on, none offered is let in, another protocol is refused",
        arguments: [
            ("", true, false), ("-alpn postgresql", true, true), ("-alpn http/1.1,postgresql", true, true),
            ("-alpn http/1.1", false, false), ("-alpn postgres", false, false),
            ("-alpn postgresqlx", false, false),
        ])
    func applicationProtocol(options: String, isLetIn: Bool, isPostgreSQL: Bool) throws {
        let context = try TLSContext(certificate: certificates.certificate, key: certificates.key)
        let listener = try TLSListener(context: context, peers: 1)
        let printed = try connect(listener.port, options)
        let seen = try #require(listener.join().first)
        #expect((seen.outcome == .moved(0)) == isLetIn)
        #expect(seen.isPostgreSQL == isPostgreSQL)
        #expect(printed.contains("hello") == isLetIn)
        #expect(printed.contains("ALPN protocol: postgresql") == isPostgreSQL)
        if !isLetIn { #expect(printed.contains("no application protocol")) }
    }

    @Test(
        "TLS below 1.2 is refused, 1.2 and 1.3 are spoken",
        arguments: [
            ("-tls1_1 -cipher ALL@SECLEVEL=0", false), ("-tls1_2", true), ("-tls1_3", true),
        ])
    func versions(options: String, isLetIn: Bool) throws {
        let context = try TLSContext(certificate: certificates.certificate, key: certificates.key)
        let listener = try TLSListener(context: context, peers: 1)
        let printed = try connect(listener.port, options)
        let seen = try #require(listener.join().first)
        #expect((seen.outcome == .moved(0)) == isLetIn)
        #expect(printed.contains("hello") == isLetIn)
    }

    @Test(
        "A peer resumes its TLS session, but where it must show a certificate: that is proved anew each time",
        arguments: [
            ("-tls1_2", false), ("-tls1_3", false), ("-tls1_2", true), ("-tls1_3", true),
        ])
    func resumption(version: String, isMutual: Bool) throws {
        try certificates.leaf("executor", names: "DNS:executor.test")
        let context = try TLSContext(
            certificate: certificates.certificate, key: certificates.key,
            clientCA: isMutual ? certificates.ca : nil)
        let listener = try TLSListener(context: context, peers: 2)
        let identity = "-cert \(certificates.path("executor.crt")) -key \(certificates.path("executor.key"))"
        let kept = certificates.path("session")
        let first = try connect(listener.port, "\(version) \(identity) -sess_out \(kept)")
        // Of TLS 1.3 nothing is kept that was never given.
        let isKept = FileManager.default.fileExists(atPath: kept)
        #expect(isKept || isMutual)
        let second = try connect(
            listener.port, "\(version) \(identity)" + (isKept ? " -sess_in \(kept)" : ""))
        let seen = listener.join()
        #expect(seen.map(\.outcome) == [.moved(0), .moved(0)])
        #expect(first.contains("hello"))
        #expect(second.contains("hello"))
        #expect(second.contains("Reused, ") != isMutual)
        #expect(second.contains("New, ") == isMutual)
    }
}
