import Foundation

/// An address that keys may be fetched from: https, or plain http to this machine itself (F-ID-09). No user,
/// no fragment, and no redirect leads anywhere else.
package struct ProviderURL: Hashable, Sendable {
    package enum Mistake: Error, Hashable, Sendable {
        case malformed
        /// Neither https nor http to a loopback address.
        case scheme
        /// A user or password in the address.
        case user
    }

    /// The address as it was given.
    package let text: String

    /// Throws what is wrong with the address.
    package init(_ text: String) throws(Mistake) {
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "\\") }) else {
            throw .malformed
        }
        guard let parts = URLComponents(string: text), let host = parts.host, !host.isEmpty else {
            throw .malformed
        }
        guard parts.user == nil, parts.password == nil else { throw .user }
        guard parts.fragment == nil else { throw .malformed }
        switch parts.scheme {
        case "https": break
        case "http": guard Self.isLoopback(host) else { throw .scheme }
        default: throw .scheme
        }
        self.text = text
    }

    /// The discovery document of an issuer: a closing slash is dropped, the rest appended (OpenID Connect
    /// Discovery section 4.1).
    package static func discovery(of issuer: String) throws(Mistake) -> ProviderURL {
        guard !issuer.contains("?") else { throw .malformed }
        let base = issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer
        return try ProviderURL(base + "/.well-known/openid-configuration")
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" || host == "::1" { return true }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        return octets.count == 4 && octets[0] == "127"
            && octets.allSatisfy {
                $0.utf8.count <= 3 && UInt8($0) != nil && $0.utf8.allSatisfy { $0 >= 0x30 }
            }
    }
}

extension ProviderURL.Mistake {
    package var description: String {
        switch self {
        case .malformed: "is no absolute address without query of an issuer and without fragment"
        case .scheme: "is neither https nor http to a loopback address"
        case .user: "holds a user or password"
        }
    }
}
