import AsyncHTTPClient
import Foundation
import GatewayConfiguration
import GatewayPolicy

/// Why an issuer's keys could not be fetched. Its description is safe to print.
package enum KeyFetchFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// What the address is of, and what is wrong with it.
    case address(of: Document, why: String)
    case status(Document, UInt)
    case redirected(Document)
    case tooLarge(Document)
    case unreachable(Document, why: String)
    case deadline
    case discovery(why: String)
    case issuerMismatch
    case keySet(why: String)
    case file(why: String)
    /// The configuration no longer has this issuer.
    case issuerRemoved

    package enum Document: String, Sendable, Hashable {
        case discovery = "discovery document"
        case keySet = "key set"
    }

    package var description: String {
        switch self {
        case .address(let document, let why): "the address of the \(document.rawValue) \(why)"
        case .status(let document, let code): "the \(document.rawValue) was answered with status \(code)"
        case .redirected(let document):
            "the \(document.rawValue) was answered with a redirect, which is not followed"
        case .tooLarge(let document): "the \(document.rawValue) is longer than \(KeyFetcher.bodyLimit) bytes"
        case .unreachable(let document, let why): "the \(document.rawValue) could not be fetched: \(why)"
        case .deadline: "the provider did not answer within \(KeyFetcher.deadline)"
        case .discovery(let why): "the discovery document \(why)"
        case .issuerMismatch: "the discovery document names another issuer"
        case .keySet(let why): why
        case .file(let why): "the key file \(why)"
        case .issuerRemoved: "the issuer is no longer configured"
        }
    }
}

/// Gets an issuer's keys from where its entry says: discovery, an address, or a file. Bounded in bytes and
/// time; a fetch has its own connections and leaves none behind.
package struct KeyFetcher: Sendable {
    package static let bodyLimit = 256 * 1024
    /// For the whole of one fetch, discovery included.
    package static let deadline: Duration = .seconds(5)

    private let deadline: Duration

    package init(deadline: Duration = KeyFetcher.deadline) { self.deadline = deadline }

    /// The JWKS of an issuer as JSON, whole but not yet read.
    package func document(of issuer: Issuer) async -> Result<[UInt8], KeyFetchFailure> {
        do {
            return .success(try await fetch(issuer))
        } catch {
            return .failure(error)
        }
    }

    private func fetch(_ issuer: Issuer) async throws(KeyFetchFailure) -> [UInt8] {
        switch issuer.keys {
        case .file(let path): return try KeyFile.read(path)
        case .discovery:
            let address = try Self.address(of: .discovery) { () throws(ProviderURL.Mistake) in
                try .discovery(of: issuer.issuer)
            }
            return try await fetch(issuer, discovery: address, keySet: nil)
        case .url(let text):
            let address = try Self.address(of: .keySet) { () throws(ProviderURL.Mistake) in
                try ProviderURL(text)
            }
            return try await fetch(issuer, discovery: nil, keySet: address)
        }
    }

    private func fetch(
        _ issuer: Issuer, discovery: ProviderURL?, keySet: ProviderURL?
    ) async throws(KeyFetchFailure) -> [UInt8] {
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton, configuration: Self.configuration(ca: issuer.ca))
        // The client's own deadlines end with the response's head; a body that drips needs this one.
        let outcome = await withTaskGroup(of: Result<[UInt8], KeyFetchFailure>?.self) { group in
            group.addTask { await Self.download(issuer, discovery: discovery, keySet: keySet, by: client) }
            group.addTask { [deadline] in
                try? await Task.sleep(for: deadline)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        try? await client.shutdown()
        switch outcome {
        case .success(let document): return document
        case .failure(let failure): throw failure
        case nil: throw .deadline
        }
    }

    private static func download(
        _ issuer: Issuer, discovery: ProviderURL?, keySet: ProviderURL?, by client: HTTPClient
    ) async -> Result<[UInt8], KeyFetchFailure> {
        do {
            var address = keySet
            if let discovery {
                let document = try await body(of: discovery, .discovery, by: client)
                address = try keySetAddress(in: document, of: issuer)
            }
            guard let address else { return .failure(.discovery(why: "has no jwks_uri")) }
            return .success(try await body(of: address, .keySet, by: client))
        } catch {
            return .failure(error)
        }
    }

    /// A client that follows no redirect, wants TLS 1.2 and trusts the issuer's CA, or the system's.
    package static func configuration(ca: String?) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.decompression = .disabled
        configuration.httpVersion = .http1Only
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.tlsConfiguration = .makeClientConfiguration()
        configuration.tlsConfiguration?.minimumTLSVersion = .tlsv12
        if let ca { configuration.tlsConfiguration?.trustRoots = .file(ca) }
        return configuration
    }

    private static func body(
        of address: ProviderURL, _ document: KeyFetchFailure.Document, by client: HTTPClient
    ) async throws(KeyFetchFailure) -> [UInt8] {
        var request = HTTPClientRequest(url: address.text)
        request.headers.add(name: "accept", value: "application/json")
        request.headers.add(name: "user-agent", value: "domicile")
        do throws(ProviderAnswer.Failure) {
            return try await ProviderAnswer.body(of: request, by: client, limit: bodyLimit)
        } catch {
            switch error {
            case .unreachable(let why): throw .unreachable(document, why: why)
            case .redirected: throw .redirected(document)
            case .status(let code): throw .status(document, code)
            case .tooLarge: throw .tooLarge(document)
            }
        }
    }

    /// `jwks_uri` of a discovery document whose `issuer` is exactly ours (OpenID Connect Discovery section
    /// 4.3).
    private static func keySetAddress(in document: [UInt8], of issuer: Issuer) throws(KeyFetchFailure)
        -> ProviderURL
    {
        let value: ClaimValue
        do {
            value = try StrictJSON.parse(document)
        } catch {
            throw .discovery(why: "is refused: its JSON \(error.description)")
        }
        guard case .object(let members) = value else { throw .discovery(why: "is not a JSON object") }
        guard case .string(let name) = members["issuer"], name.utf8.elementsEqual(issuer.issuer.utf8) else {
            throw .issuerMismatch
        }
        guard case .string(let text) = members["jwks_uri"] else { throw .discovery(why: "has no jwks_uri") }
        return try address(of: .keySet) { () throws(ProviderURL.Mistake) in try ProviderURL(text) }
    }

    private static func address(
        of document: KeyFetchFailure.Document, _ make: () throws(ProviderURL.Mistake) -> ProviderURL
    ) throws(KeyFetchFailure) -> ProviderURL {
        do {
            return try make()
        } catch {
            throw .address(of: document, why: error.description)
        }
    }

    /// An error of the libraries as text of bounded length in printable ASCII. It speaks of addresses and TLS
    /// alerts, never of what was sent.
    package static func printable(_ error: any Error) -> String {
        let text = String(describing: error).utf8.prefix(200).map {
            $0 >= 0x20 && $0 < 0x7f ? $0 : UInt8(ascii: "?")
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// A key set on this machine.
enum KeyFile {
    /// What changes when the file is written or replaced.
    struct Version: Hashable, Sendable {
        var modified: Date?
        var size: UInt64?
        var inode: UInt64?
    }

    /// Nil where there is no such file.
    static func version(of path: String) -> Version? {
        let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        return Version(
            modified: attributes[.modificationDate] as? Date,
            size: (attributes[.size] as? NSNumber)?.uint64Value,
            inode: (attributes[.systemFileNumber] as? NSNumber)?.uint64Value)
    }

    static func read(_ path: String) throws(KeyFetchFailure) -> [UInt8] {
        // The target of a symbolic link is what counts: orchestrators mount keys that way.
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: target) else {
            throw .file(why: "does not exist or cannot be read")
        }
        // Opening a pipe would wait for its writer.
        guard attributes[.type] as? FileAttributeType == .typeRegular else {
            throw .file(why: "is not a regular file")
        }
        guard let handle = FileHandle(forReadingAtPath: target) else { throw .file(why: "cannot be read") }
        defer { try? handle.close() }
        guard let data = try? handle.read(upToCount: KeyFetcher.bodyLimit + 1) else {
            throw .file(why: "is empty")
        }
        guard data.count <= KeyFetcher.bodyLimit else { throw .tooLarge(.keySet) }
        return [UInt8](data)
    }
}
