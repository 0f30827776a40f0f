import AsyncHTTPClient
import Audit
import Dispatch
import GatewayConfiguration
import GatewayIdentity
import Synchronization

/// Why an endpoint did not take or give checkpoints. Its description is safe to print.
package enum AnchorFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case address(why: String)
    case token(file: String, why: String)
    case status(UInt)
    case redirected
    case tooLarge(limit: Int)
    case unreachable(why: String)
    case deadline(Duration)

    package var description: String {
        switch self {
        case .address(let why): "the address \(why)"
        case .token(let file, let why): "the token file \(file) \(why)"
        case .status(let code): "it answered with status \(code)"
        case .redirected: "it answered with a redirect, which is not followed"
        case .tooLarge(let limit): "its answer is longer than \(limit) bytes"
        case .unreachable(let why): "it could not be asked: \(why)"
        case .deadline(let deadline): "it did not answer within \(deadline)"
        }
    }
}

/// Requests to an endpoint that keeps checkpoints. Bounded in bytes and time; each has its own connection, follows no
/// redirect, and goes to https, or to this machine itself, only.
package struct AnchorRequest: Sendable {
    package let url: String
    private let ca: String?
    private let tokenFile: String?
    private let deadline: Duration

    /// - Parameters:
    ///   - ca: file of the CAs that its certificate is verified by; nil: the system's.
    ///   - tokenFile: file of a bearer token, read for each request.
    ///   - deadline: for a whole request.
    package init(url: String, ca: String?, tokenFile: String?, deadline: Duration) {
        self.url = url
        self.ca = ca
        self.tokenFile = tokenFile
        self.deadline = deadline
    }

    /// Bytes of the answer to a POST that are read; nothing in them counts.
    private static let answerLimit = 64 << 10

    /// Sends a text. Blocks its thread until it is answered with 2xx.
    package func post(_ text: [UInt8]) throws(AnchorFailure) {
        var request = try request()
        request.method = .POST
        request.headers.add(name: "content-type", value: "text/plain")
        request.body = .bytes(text)
        try perform(request, limit: AnchorRequest.answerLimit) { _ in }
    }

    /// Gets what it gives. Blocks its thread until all of it was taken.
    /// - Parameters:
    ///   - limit: bytes that it may have.
    ///   - take: gets its pieces, one after the other; an error of it ends the request.
    package func get(limit: Int, take: @escaping @Sendable ([UInt8]) throws -> Void) throws(AnchorFailure) {
        var request = try request()
        request.headers.add(name: "accept", value: "text/plain")
        try perform(request, limit: limit, take: take)
    }

    private func request() throws(AnchorFailure) -> HTTPClientRequest {
        do throws(ProviderURL.Mistake) {
            _ = try ProviderURL(url)
        } catch {
            throw .address(why: error.description)
        }
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "user-agent", value: "domicile")
        if let tokenFile {
            do throws(PrivateFile.Mistake) {
                let token = try PasswordFile.read(tokenFile)
                request.headers.add(name: "authorization", value: "Bearer " + token.reveal())
            } catch {
                throw .token(file: tokenFile, why: error.description)
            }
        }
        return request
    }

    // MARK: The exchange

    private func perform(
        _ request: HTTPClientRequest, limit: Int, take: @escaping @Sendable ([UInt8]) throws -> Void
    ) throws(AnchorFailure) {
        let ended = DispatchSemaphore(value: 0)
        let (ca, deadline) = (ca, deadline)
        let outcome = Outcome()
        Task {
            outcome.set(
                await AnchorRequest.exchange(request, ca: ca, deadline: deadline, limit: limit, take: take))
            ended.signal()
        }
        ended.wait()
        if let failure = outcome.failure { throw failure }
    }

    private final class Outcome: Sendable {
        private let state = Mutex<AnchorFailure?>(nil)
        func set(_ failure: AnchorFailure?) { state.withLock { $0 = failure } }
        var failure: AnchorFailure? { state.withLock { $0 } }
    }

    private static func exchange(
        _ request: HTTPClientRequest, ca: String?, deadline: Duration, limit: Int,
        take: @escaping @Sendable ([UInt8]) throws -> Void
    ) async -> AnchorFailure? {
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: KeyFetcher.configuration(ca: ca))
        // The client's own deadline ends with the answer's head; a body that drips needs this one.
        let failure = await withTaskGroup(of: AnchorFailure?.self) { group in
            group.addTask {
                await answer(to: request, by: client, deadline: deadline, limit: limit, take: take)
            }
            group.addTask {
                try? await Task.sleep(for: deadline)
                return .deadline(deadline)
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        try? await client.shutdown()
        return failure
    }

    private static func answer(
        to request: HTTPClientRequest, by client: HTTPClient, deadline: Duration, limit: Int,
        take: @Sendable ([UInt8]) throws -> Void
    ) async -> AnchorFailure? {
        do {
            let response = try await client.execute(request, timeout: .nanoseconds(nanoseconds(deadline)))
            let status = response.status.code
            guard !(300..<400).contains(status) else { return .redirected }
            guard (200..<300).contains(status) else { return .status(status) }
            var count = 0
            for try await piece in response.body {
                count += piece.readableBytes
                guard count <= limit else { return .tooLarge(limit: limit) }
                try take(Array(piece.readableBytesView))
            }
            return nil
        } catch let error as HTTPClientError where error == .deadlineExceeded {
            return .deadline(deadline)
        } catch {
            return .unreachable(why: KeyFetcher.printable(error))
        }
    }

    private static func nanoseconds(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let whole = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return whole.overflow ? .max : whole.partialValue + attoseconds / 1_000_000_000
    }
}
