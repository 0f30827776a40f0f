import AsyncHTTPClient
import Foundation
import GatewayConfiguration
import GatewayPolicy

/// What an issuer says of a token (RFC 7662 section 2.2).
package struct IntrospectionAnswer: Sendable, Hashable {
    package let active: Bool
    /// Unix seconds, where the issuer says so.
    package let expires: Int64?

    package init(active: Bool, expires: Int64? = nil) {
        self.active = active
        self.expires = expires
    }

    /// An answer's body. `active` must be there and a boolean; of the rest only `exp` counts.
    init(json: [UInt8]) throws(IntrospectionFailure) {
        let value: ClaimValue
        do {
            value = try StrictJSON.parse(json)
        } catch {
            throw .answer(why: "is refused: its JSON \(error.description)")
        }
        guard case .object(let members) = value, case .bool(let active) = members["active"] else {
            throw .answer(why: "has no `active`")
        }
        self.active = active
        switch members["exp"] {
        case .integer(let seconds): expires = seconds
        case nil, .null, .bool, .number, .string, .array, .object: expires = nil
        }
    }
}

/// Why an issuer gave no answer. Its description is safe to print.
package enum IntrospectionFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case address(why: String)
    case status(UInt)
    case redirected
    case tooLarge
    case unreachable(why: String)
    case deadline
    case answer(why: String)
    /// As many questions are under way as may be.
    case busy
    /// The configuration no longer has the issuer.
    case issuerRemoved

    package var description: String {
        switch self {
        case .address(let why): "the introspection endpoint \(why)"
        case .status(let code): "the introspection was answered with status \(code)"
        case .redirected: "the introspection was answered with a redirect, which is not followed"
        case .tooLarge: "the answer is longer than \(IntrospectionClient.bodyLimit) bytes"
        case .unreachable(let why): "the introspection endpoint could not be asked: \(why)"
        case .deadline: "the issuer did not answer within \(IntrospectionClient.deadline)"
        case .answer(let why): "the answer \(why)"
        case .busy: "too many tokens are being asked about"
        case .issuerRemoved: "the issuer is no longer configured"
        }
    }
}

/// Asks an issuer about one token. Bounded in bytes and time; each question has its own connection.
package struct IntrospectionClient: Sendable {
    package static let bodyLimit = 64 * 1024
    package static let deadline: Duration = .seconds(3)

    private let deadline: Duration

    package init(deadline: Duration = IntrospectionClient.deadline) { self.deadline = deadline }

    package func ask(
        _ introspection: Introspection, ca: String?, token: [UInt8]
    ) async -> Result<IntrospectionAnswer, IntrospectionFailure> {
        let address: ProviderURL
        do {
            address = try ProviderURL(introspection.endpoint)
        } catch {
            return .failure(.address(why: error.description))
        }
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: KeyFetcher.configuration(ca: ca))
        let request = Self.request(address, introspection, token)
        // As with keys, a body that drips needs a deadline of its own.
        let outcome = await withTaskGroup(of: Result<IntrospectionAnswer, IntrospectionFailure>?.self) {
            group in
            group.addTask {
                do throws(IntrospectionFailure) {
                    return .success(
                        try IntrospectionAnswer(json: try await Self.body(of: request, by: client)))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask { [deadline] in
                try? await Task.sleep(for: deadline)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        try? await client.shutdown()
        return outcome ?? .failure(.deadline)
    }

    /// RFC 7662 section 2.1: a form, and the gateway's own name by HTTP Basic.
    private static func request(
        _ address: ProviderURL, _ introspection: Introspection, _ token: [UInt8]
    ) -> HTTPClientRequest {
        var request = HTTPClientRequest(url: address.text)
        request.method = .POST
        let name =
            escaped(Array(introspection.clientID.utf8)) + ":"
            + escaped(Array(introspection.clientSecret.reveal().utf8))
        request.headers.add(
            name: "authorization", value: "Basic " + Data(name.utf8).base64EncodedString())
        request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
        request.headers.add(name: "accept", value: "application/json")
        request.headers.add(name: "user-agent", value: "domicile")
        // No token_type_hint: executors may hold access tokens or ID tokens, and some issuers look no further than it.
        request.body = .bytes(Array("token=\(escaped(token))".utf8))
        return request
    }

    private static func body(
        of request: HTTPClientRequest, by client: HTTPClient
    ) async throws(IntrospectionFailure) -> [UInt8] {
        do throws(ProviderAnswer.Failure) {
            return try await ProviderAnswer.body(of: request, by: client, limit: bodyLimit)
        } catch {
            switch error {
            case .unreachable(let why): throw .unreachable(why: why)
            case .redirected: throw .redirected
            case .status(let code): throw .status(code)
            case .tooLarge: throw .tooLarge
            }
        }
    }

    /// application/x-www-form-urlencoded of bytes: all but letters, digits, `-`, `.`, `_` as `%XX`.
    static func escaped(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"):
                text.append(byte)
            default: text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
