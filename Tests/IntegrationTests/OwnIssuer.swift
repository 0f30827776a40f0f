import Foundation
import Glibc
import Testing

/// An issuer of a test's own, which it rotates, stops and starts without the testbed's tokens noticing.
final class OwnIssuer {
    enum Kind: String {
        /// The tests' own (`issuer.py`).
        case tests
        case glewlwyd
        /// oidc-provider-mock.
        case mock
    }

    let kind: Kind
    let port: Int
    let folder: String
    private let support: String
    private var process: RunningCommand

    init(_ kind: Kind, root: String) throws {
        self.kind = kind
        port = try OwnGateway.freePort()
        support = "\(root)/Tests/TestSupport/issuer"
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent(
                "domicile-issuer-\(UUID().uuidString.prefix(8))"
            ).path
        process = try OwnIssuer.started(kind, support, folder, port)
        try waitUntilUp()
    }

    /// `iss` of its tokens.
    var issuer: String {
        switch kind {
        case .tests: "http://127.0.0.1:\(port)"
        case .glewlwyd: "http://127.0.0.1:\(port)/api/oidc"
        case .mock: "http://localhost:\(port)"
        }
    }

    /// Whether oidc-provider-mock is there or can be installed.
    static let hasMock: Bool = {
        guard let testbed = try? Testbed() else { return true }
        let run = try? Command.run(
            "/usr/bin/python3", ["\(testbed.root)/Tests/TestSupport/issuer/real.py", "mock", "prepare"])
        return run?.status == 0
    }()

    /// A token: of the real ones by the grant that they have for a program.
    func token(_ arguments: String...) throws -> String {
        switch kind {
        case .tests:
            try mint(#"{"sub": "exec-1", "aud": ["domicile"], "groups": ["eu-analysts"]}"#, arguments)
        case .glewlwyd, .mock: try real("token")
        }
    }

    private func mint(_ claims: String, _ arguments: [String]) throws -> String {
        let run = try Command.run(
            "/usr/bin/python3",
            ["\(support)/issuer.py", "mint", "--state", folder, "--issuer", issuer, "--claims", claims]
                + arguments)
        guard run.status == 0 else { throw CommandFailure(run) }
        return run.text
    }

    /// Has glewlwyd publish exactly these keys through its administrator's interface; the first one signs.
    func publish(_ keys: String...) throws { _ = try real("keys", keys) }

    private func real(_ command: String, _ arguments: [String] = []) throws -> String {
        let run = try Command.run(
            "/usr/bin/python3",
            ["\(support)/real.py", kind.rawValue, command, "--folder", folder, "--port", "\(port)"]
                + arguments)
        guard run.status == 0 else { throw CommandFailure(run) }
        return run.text
    }

    /// What the tests' issuer answers to a request; nil where it does not.
    func ask(_ path: String, _ json: String? = nil) throws -> String {
        let run = try Command.run(
            "curl",
            ["-sf", "--max-time", "5"] + (json.map { ["-d", $0] } ?? []) + [
                "http://127.0.0.1:\(port)\(path)"
            ],
            environment: ["NO_PROXY": "*", "PATH": "/usr/bin:/bin"])
        guard run.status == 0 else { throw CommandFailure(run) }
        return run.output
    }

    func stop() {
        process.signal(SIGKILL)
        _ = process.wait(timeout: 10)
    }

    /// Starts it again; oidc-provider-mock then has another key.
    func start() throws {
        process = try OwnIssuer.started(kind, support, folder, port)
        try waitUntilUp()
    }

    func remove() {
        stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    private static func started(
        _ kind: Kind, _ support: String, _ folder: String, _ port: Int
    ) throws -> RunningCommand {
        let program =
            switch kind {
            case .tests: ["\(support)/issuer.py", "serve", "--state", folder]
            case .glewlwyd, .mock: ["\(support)/real.py", kind.rawValue, "serve", "--folder", folder]
            }
        return try Command.start("/usr/bin/python3", program + ["--port", "\(port)"])
    }

    private func waitUntilUp() throws {
        let document =
            switch kind {
            case .tests, .mock: "/.well-known/openid-configuration"
            case .glewlwyd: "/api/oidc/.well-known/openid-configuration"
            }
        let deadline = Date().addingTimeInterval(20)
        while (try? ask(document)) == nil {
            guard process.process.isRunning, Date() < deadline else {
                process.signal(SIGKILL)
                throw CommandFailure(process.wait(timeout: 10))
            }
            usleep(50_000)
        }
    }
}
