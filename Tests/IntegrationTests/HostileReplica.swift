import Foundation
import Testing

/// A replica that says what a test wants: a relay before the testbed's primary, with the primary's own certificate
/// (Tests/TestSupport/replica/hostile_replica.py). Whom the application's name tells nothing it relays as it is.
final class HostileReplica {
    /// What it does in the session whose application has this name.
    struct Plan: Hashable, Sendable {
        enum Stage: String { case login, session }
        enum End: String {
            /// Says nothing more.
            case stall
            case close, reset
            /// Goes on with the primary's own bytes, one at a time.
            case drip
        }

        let stage: Stage
        /// How many frames of the primary come first.
        let after: Int
        let bytes: [UInt8]
        let end: End

        init(_ stage: Stage, after: Int, _ bytes: [UInt8], _ end: End) {
            self.stage = stage
            self.after = after
            self.bytes = bytes
            self.end = end
        }

        /// The application's name that asks for it.
        var application: String {
            let hex = bytes.map { String(format: "%02x", $0) }.joined()
            return "hostile:\(stage.rawValue):\(after):\(hex):\(end.rawValue)"
        }
    }

    /// What a Query says that a plan of a session answers.
    static let mark = "select 'hostile mark'"

    private let relay: RunningCommand
    let port: Int

    init(_ testbed: Testbed) throws {
        let primary = try Testbed.variable("DIRECT_PORT_EU_A")
        let certificate = "\(testbed.folder)/certificates/orders-eu-a"
        relay = try Command.start(
            "/usr/bin/python3",
            [
                "\(testbed.root)/Tests/TestSupport/replica/hostile_replica.py", primary, "\(certificate).crt",
                "\(certificate).key",
            ])
        var port: Int?
        try testbed.eventually("the relay listens") { [relay] in
            port = relay.read("output").split(separator: "\n").first.flatMap { Int($0) }
            return port != nil
        }
        self.port = try #require(port)
    }

    /// How many sessions each plan was played in.
    func played() -> [String: Int] {
        let lines = relay.read("output").split(separator: "\n").dropFirst()
        return Dictionary(lines.map { (String($0), 1) }, uniquingKeysWith: +)
    }

    func end() {
        relay.signal(SIGTERM)
        _ = relay.wait(timeout: 10)
    }

    /// A gateway to which it is the primary of `scratch`.
    func gateway(_ testbed: Testbed) throws -> OwnGateway {
        let primary = try Testbed.variable("DIRECT_PORT_EU_A")
        return try OwnGateway(
            testbed,
            edit: { [port] text in
                text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
                    line.contains("name: scratch-eu-a,")
                        ? line.replacingOccurrences(of: "port: \(primary)", with: "port: \(port)")
                        : String(line)
                }.joined(separator: "\n")
                    .replacingOccurrences(of: "session:\n", with: "session:\n  startup_timeout: 2s\n")
            })
    }
}
