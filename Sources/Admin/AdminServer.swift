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

/// The admin endpoint: `/metrics`, `/livez`, `/readyz` and the calls below `/api/`, over HTTP on loopback and over the
/// admin socket.
package struct AdminServer: Service {
    /// Connections at a time; beyond it the listener waits.
    private static let connections = 64
    private static let idleSeconds: Int64 = 60

    private let endpoint: AdminEndpoint
    private let pages: AdminPages
    private let api: AdminAPI
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
        api = AdminAPI(operations: operations, configuration: configuration)
    }

    /// Serves until the graceful shutdown of its group. The socket is there before the address answers, so that whoever
    /// has seen the gateway ready can operate it.
    ///
    /// - Throws: `AdminStartError.listen` where the address or the socket cannot be had.
    package func run() async throws {
        let (opened, opening) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { opening.finish() }
                try await runSocket { opening.finish() }
            }
            for await _ in opened {}
            group.addTask { try await runAddress() }
            do {
                try await group.waitForAll()
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
        let (pages, api) = (pages, api)
        var quiet = logger
        quiet.logLevel = max(.warning, logger.logLevel)
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                await AdminServer.respond(request, pages, api, isSocket: isSocket)
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

    private static func respond(
        _ request: Request, _ pages: AdminPages, _ api: AdminAPI, isSocket: Bool
    ) async -> Response {
        // Nobody's name leads to a socket.
        let host = isSocket ? "localhost" : request.head.authority
        let path = request.uri.path
        let answer: AdminPages.Answer
        if path.hasPrefix(AdminAPI.prefix) {
            if let refusal = pages.refusal(ofHost: host) {
                answer = refusal
            } else {
                answer = await call(request, path, api, isSocket: isSocket)
            }
        } else {
            answer = pages.answer(method: request.method.rawValue, path: path, host: host)
        }
        var headers: HTTPFields = [
            .contentType: answer.contentType,
            .cacheControl: "no-store",
            .xContentTypeOptions: "nosniff",
            .contentSecurityPolicy: "default-src 'none'",
        ]
        if answer.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if answer.status == 405, !path.hasPrefix(AdminAPI.prefix) {
            headers[.allow] = AdminPages.methods.joined(separator: ", ")
        }
        let response = Response(
            status: .init(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
        return request.method == .head ? response.createHeadResponse() : response
    }

    private static func call(
        _ request: Request, _ path: String, _ api: AdminAPI, isSocket: Bool
    ) async -> AdminPages.Answer {
        let limit = AdminAPI.bodyLimit(ofPath: path)
        guard let body = try? await request.body.collect(upTo: limit) else {
            return AdminAPI.failed(413, "the body is expected to have at most \(limit) bytes")
        }
        return await api.answer(
            method: request.method.rawValue, path: path, body: Array(body.readableBytesView),
            through: isSocket ? .socket : .network(authorization: request.headers[.authorization]))
    }
}

/// Whether the endpoint's socket was had: tells an error of the start from a later one.
private final class Listening: Sendable {
    let begun = Atomic<Bool>(false)
}
