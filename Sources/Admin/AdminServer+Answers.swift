import Gateway
import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore

/// A request's context, with the connection that it came by.
struct AdminContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// From a request to its answer, and the HTTP around both.
extension AdminServer {
    /// What a document of ours may load and do, and nothing of anybody else's.
    package static let pagePolicy =
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

    func respond(_ request: Request, isSocket: Bool, on channel: any Channel) async -> Response {
        let answer = await answer(request, isSocket: isSocket)
        var headers: HTTPFields = [
            .contentType: answer.contentType,
            .cacheControl: "no-store",
            .xContentTypeOptions: "nosniff",
            .contentSecurityPolicy: answer.contentType == AdminSite.htmlType
                ? AdminServer.pagePolicy : "default-src 'none'; frame-ancestors 'none'",
        ]
        for (name, value) in AdminServer.isolation {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if answer.status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if let filter = answer.follows {
            guard request.method != .head else { return Response(status: .ok, headers: headers) }
            guard let stream = live.follow(filter, in: operations.regionFolders) else {
                headers[.contentType] = "application/json"
                headers[.retryAfter] = "5"
                let full = AdminAPI.failed(503, "as many as may be follow the logs")
                return Response(
                    status: .serviceUnavailable, headers: headers,
                    body: ResponseBody(byteBuffer: ByteBuffer(string: full.body)))
            }
            // Its writer may stand still for as long as nobody reads: only the connection's end wakes it.
            stream.whenDropped { channel.close(promise: nil) }
            return Response(status: .ok, headers: headers, body: AdminServer.body(of: stream))
        }
        let response = Response(
            status: .init(code: answer.status), headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// No document of another origin shares a process, a window or a frame with ours, or hears where it was come from.
    private static let isolation = [
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    ]

    private static func body(of stream: LiveStream) -> ResponseBody {
        ResponseBody { writer in
            defer { stream.end() }
            // So that whoever asked knows that the stream is there.
            try await writer.write(ByteBuffer(string: ": records as they are written\n\n"))
            for await event in stream.events {
                stream.taken()
                try await writer.write(ByteBuffer(bytes: event))
            }
            try await writer.finish(nil)
        }
    }

    private func answer(_ request: Request, isSocket: Bool) async -> AdminPages.Answer {
        var asked = AdminRequest(method: request.method.rawValue, path: request.uri.path)
        asked.query = request.uri.query ?? ""
        asked.isSocket = isSocket
        asked.host = request.head.authority
        asked.origin = request.headers[.origin]
        asked.authorization = request.headers[.authorization]
        asked.cookie = request.headers[.cookie]
        asked.contentType = request.headers[.contentType]
        asked.userAgent = request.headers[.userAgent]
        asked.fetchSite = AdminServer.value("Sec-Fetch-Site", request)
        asked.fetchMode = AdminServer.value("Sec-Fetch-Mode", request)
        asked.fetchDestination = AdminServer.value("Sec-Fetch-Dest", request)
        let isCall = asked.path.hasPrefix(AdminAPI.prefix)
        // Nobody's name leads to a socket, but where a browser comes by one that is forwarded.
        let host = isSocket && !asked.isOfBrowser ? "localhost" : asked.host
        guard isCall || AdminSite.has(asked.path) else {
            return pages.answer(method: asked.method, path: asked.path, host: host)
        }
        if let refusal = pages.refusal(ofHost: host) { return refusal }
        let limit = isCall ? AdminAPI.bodyLimit(ofPath: asked.path) : AdminSite.formLimit
        guard let body = try? await request.body.collect(upTo: limit) else {
            return AdminAPI.failed(413, "the body is expected to have at most \(limit) bytes")
        }
        asked.body = Array(body.readableBytesView)
        if isCall { return await call(asked) }
        return await site.answer(asked) ?? pages.answer(method: asked.method, path: asked.path, host: host)
    }

    private func call(_ request: AdminRequest) async -> AdminPages.Answer {
        if let refusal = OriginCheck.refusal(ofCall: request) { return refusal }
        return await api.answer(
            method: request.method, path: request.path, query: request.query, body: request.body,
            through: request.isSocket && !request.isOfBrowser
                ? .socket : .network(authorization: request.authorization))
    }

    private static func value(_ name: String, _ request: Request) -> String? {
        HTTPField.Name(name).flatMap { request.headers[$0] }
    }
}
