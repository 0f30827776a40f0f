import GatewayPolicy

/// What a token says, for whoever holds it to look at. Nothing of it is believed or checked.
package struct TokenContents: Sendable, Hashable {
    /// Nil where it cannot be read.
    package let header: [String: ClaimValue]?
    package let claims: [String: ClaimValue]?
    /// Why the token is none at all; nil where it has the form of one.
    package let mistake: TokenRefusal?

    /// - Parameter limit: bytes that a token may have.
    package init(_ token: [UInt8], limit: Int) {
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        header = parts.first.flatMap { try? CompactToken.object($0, .header) }
        // The second part of five is an encrypted key.
        claims = parts.count == 2 || parts.count == 3 ? try? CompactToken.object(parts[1], .payload) : nil
        do throws(TokenRefusal) {
            _ = try CompactToken(token, limit: limit)
            mistake = nil
        } catch {
            mistake = error
        }
    }
}
