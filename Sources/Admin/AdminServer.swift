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
    /// Metrics and health have neither TLS nor a login in this version: they stay on loopback (F-OPS-08).
    case notLoopback(host: String)
    case listen(address: String, reason: String)

    package var description: String {
        switch self {
        case .notLoopback(let host):
            "admin.address is on \(host), which is not loopback; expected 127.0.0.1, ::1 or localhost"
        case .listen(let address, let reason): "cannot listen on \(address) (admin.address): \(reason)"
        }
    }
}

/// The admin endpoint: `/metrics`, `/livez` and `/readyz` over HTTP.
package struct AdminServer: Service {
    /// Connections at a time; beyond it the listener waits.
    private static let connections = 64
    private static let idleSeconds: Int64 = 60

    private let endpoint: AdminEndpoint
    private let pages: AdminPages
    private let logger: Logger

    /// Whether an endpoint may be served at all.
    ///
    /// - Throws: `notLoopback` where the address could be reached from elsewhere.
    package static func check(_ endpoint: AdminEndpoint) throws(AdminStartError) {
        guard HostCheck.isLoopback(endpoint.host) else { throw .notLoopback(host: endpoint.host) }
    }

    /// - Precondition: `check` accepts the endpoint.
    package init(endpoint: AdminEndpoint, status: any GatewayStatus, logger: Logger) {
        precondition(HostCheck.isLoopback(endpoint.host))
        self.endpoint = endpoint
        self.logger = logger
        pages = AdminPages(status: status, host: endpoint.host, startTime: ProcessUsage.readStartTime())
    }

    /// Serves until the graceful shutdown of its group.
    ///
    /// - Throws: `AdminStartError.listen` where the address cannot be had.
    package func run() async throws {
        let listening = Listening()
        let pages = pages
        let address = "\(endpoint.host):\(endpoint.port)"
        var quiet = logger
        quiet.logLevel = max(.warning, logger.logLevel)
        let application = Application(
            responder: CallbackResponder<BasicRequestContext> { request, _ in
                AdminServer.respond(request, pages)
            },
            server: .http1(configuration: .init(idleTimeout: .seconds(AdminServer.idleSeconds))),
            configuration: ApplicationConfiguration(
                address: .hostname(endpoint.host, port: endpoint.port),
                availableConnectionsDelegate: MaximumAvailableConnections(AdminServer.connections)),
            onServerRunning: { [logger] _ in
                listening.begun.store(true, ordering: .relaxed)
                logger.info("admin endpoint listens", metadata: ["address": "\(address)"])
            },
            logger: quiet)
        do {
            try await application.run()
        } catch {
            guard !listening.begun.load(ordering: .relaxed) else { throw error }
            throw AdminStartError.listen(address: address, reason: AdminServer.reason(error))
        }
    }

    /// The system's own words where the error comes from it.
    private static func reason(_ error: any Error) -> String {
        guard let system = error as? IOError else { return "\(error)" }
        return String(cString: strerror(system.errnoCode))
    }

    private static func respond(_ request: Request, _ pages: AdminPages) -> Response {
        let answer = pages.answer(
            method: request.method.rawValue, path: request.uri.path, host: request.head.authority)
        var headers: HTTPFields = [
            .contentType: answer.contentType,
            .cacheControl: "no-store",
            .xContentTypeOptions: "nosniff",
            .contentSecurityPolicy: "default-src 'none'",
        ]
        if answer.status == 405 { headers[.allow] = AdminPages.methods.joined(separator: ", ") }
        let response = Response(
            status: .init(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
        return request.method == .head ? response.createHeadResponse() : response
    }
}

/// Whether the endpoint's socket was had: tells an error of the start from a later one.
private final class Listening: Sendable {
    let begun = Atomic<Bool>(false)
}
