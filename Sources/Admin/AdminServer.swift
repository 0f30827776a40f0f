import Gateway
import GatewayConfiguration
import Glibc
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// Why the admin endpoint cannot start.
package enum AdminStartError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The endpoint has no TLS in this version: it stays on loopback (F-OPS-08).
    case notLoopback(host: String)
    case listen(address: String, key: String, reason: String)

    package var description: String {
        switch self {
        case .notLoopback(let host):
            "admin.address is on \(host), which is not loopback; expected 127.0.0.1, ::1 or localhost"
        case .listen(let address, let key, let reason): "cannot listen on \(address) (\(key)): \(reason)"
        }
    }
}

/// The admin endpoint: `/metrics`, `/livez`, `/readyz`, the calls below `/api/` and the page, over HTTP on loopback and over
/// the admin socket.
package struct AdminServer: Service {
    /// Connections at a time; beyond it the listener waits.
    private static let connections = 64
    private static let idleSeconds: Int64 = 60

    private let endpoint: AdminEndpoint
    let pages: AdminPages
    let api: AdminAPI
    let site: AdminSite
    let live = LiveRecords()
    let operations: any GatewayOperations
    private let logger: Logger

    /// Whether an endpoint may be served at all.
    ///
    /// - Throws: `notLoopback` where the address could be reached from elsewhere.
    package static func check(_ endpoint: AdminEndpoint) throws(AdminStartError) {
        guard HostCheck.isLoopback(endpoint.host) else { throw .notLoopback(host: endpoint.host) }
    }

    /// - Precondition: `check` accepts the endpoint.
    package init(
        endpoint: AdminEndpoint, status: any GatewayStatus, operations: any GatewayOperations,
        configuration: any ConfigurationReload, logger: Logger
    ) {
        precondition(HostCheck.isLoopback(endpoint.host))
        self.endpoint = endpoint
        self.logger = logger
        pages = AdminPages(status: status, host: endpoint.host, startTime: ProcessUsage.readStartTime())
        // Logs are read by so many at a time, whichever way they come.
        let desk = LogDesk()
        self.operations = operations
        api = AdminAPI(operations: operations, configuration: configuration, desk: desk)
        site = AdminSite(status: status, operations: operations, desk: desk, port: endpoint.port)
    }

    /// Serves until the graceful shutdown of its group. The socket is there before the address answers, so that whoever
    /// has seen the gateway ready can operate it.
    ///
    /// - Throws: `AdminStartError.listen` where the address or the socket cannot be had.
    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await serveAll()
        } onGracefulShutdown: {
            live.stop()
        }
    }

    private func serveAll() async throws {
        let (opened, opening) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { opening.finish() }
                try await runSocket { opening.finish() }
            }
            for await _ in opened {}
            group.addTask { try await runAddress() }
            do {
                // Not `waitForAll`: it throws only when all have ended, and the socket does not end by itself.
                while try await group.next() != nil {}
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }

    private func runAddress() async throws {
        let address = "\(endpoint.host):\(endpoint.port)"
        try await serve(
            on: .hostname(endpoint.host, port: endpoint.port), named: address, key: "admin.address",
            isSocket: false
        ) { [logger] in
            logger.info("admin endpoint listens", metadata: ["address": "\(address)"])
        }
    }

    /// The socket is made in a folder that only this user may enter, and moved to its place with its mode: at no time
    /// can anybody else open it, and one that an ended gateway left behind gives way.
    private func runSocket(_ onOpen: @escaping @Sendable () -> Void) async throws {
        let socket = AdminSocket(path: endpoint.socket)
        do throws(AdminStartError) {
            try socket.prepare()
        } catch {
            throw error
        }
        let logger = logger
        defer { socket.remove() }
        try await serve(
            on: .unixDomainSocket(path: socket.draft), named: socket.path, key: "admin.socket", isSocket: true
        ) {
            do throws(AdminStartError) {
                try socket.publish()
                logger.info("admin socket listens", metadata: ["path": "\(socket.path)"])
            } catch {
                logger.critical("no admin socket", metadata: ["error": "\(error)"])
            }
            onOpen()
        }
    }

    private func serve(
        on address: BindAddress, named name: String, key: String, isSocket: Bool,
        _ onOpen: @escaping @Sendable () -> Void
    ) async throws {
        let listening = Listening()
        var quiet = logger
        quiet.logLevel = max(.warning, logger.logLevel)
        let application = Application(
            responder: CallbackResponder<AdminContext> { [self] request, context in
                await respond(request, isSocket: isSocket, on: context.channel)
            },
            server: .http1(configuration: .init(idleTimeout: .seconds(AdminServer.idleSeconds))),
            configuration: ApplicationConfiguration(
                address: address,
                availableConnectionsDelegate: MaximumAvailableConnections(AdminServer.connections)),
            onServerRunning: { _ in
                listening.begun.store(true, ordering: .relaxed)
                onOpen()
            },
            logger: quiet)
        do {
            try await application.run()
        } catch {
            guard !listening.begun.load(ordering: .relaxed) else { throw error }
            throw AdminStartError.listen(address: name, key: key, reason: AdminServer.reason(error))
        }
    }

    /// The system's own words where the error comes from it.
    private static func reason(_ error: any Error) -> String {
        guard let system = error as? IOError else { return "\(error)" }
        return String(cString: strerror(system.errnoCode))
    }

}

/// Whether the endpoint's socket was had: tells an error of the start from a later one.
private final class Listening: Sendable {
    let begun = Atomic<Bool>(false)
}
