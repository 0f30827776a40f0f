/// Why a login at a replica failed. Holds no text of the replica's: it is not trusted yet (F-WIRE-03).
package enum UpstreamLoginFailure: Error, Equatable, Sendable {
    /// The startup parameters hold a NUL or are too long, or the nonce or the password cannot be sent.
    case notEncodable
    /// The replica says no, before or after authentication: its SQLSTATE, if that has the form of one.
    case serverError(sqlstate: String?, isFatal: Bool)
    case unsupportedAuthentication(Authentication.Unsupported)
    /// The replica asks for a password in a form that this upstream does not allow.
    case weakAuthenticationRefused(Weak)
    case passwordMissing
    /// None of the SASL mechanisms offered is SCRAM-SHA-256 or SCRAM-SHA-256-PLUS.
    case noCommonMechanism
    /// Channel binding is required, and the replica does not offer it or there is nothing to bind to.
    case channelBindingMissing
    /// SCRAM-SHA-256-PLUS on a connection without TLS: what offers it is not at this end of the connection.
    case channelBindingWithoutEncryption
    case scramMalformed
    /// The server's nonce does not extend ours.
    case scramForeignNonce
    /// Too few for safety or too many for a worker's time.
    case scramIterations(Int)
    /// The replica refused our proof within the mechanism.
    case scramRefused
    /// The replica does not know the role's password: it is not the one it claims to be.
    case serverSignature
    /// A message that has no place there.
    case protocolViolation(expected: Expectation, got: UInt8)
    /// A message that is not of its type's form.
    case malformedMessage(tag: UInt8, MessageError)
    case tooManyParameters

    package enum Weak: Equatable, Sendable { case cleartextPassword, md5Password }

    /// What the login waits for.
    package enum Expectation: Equatable, Sendable {
        case nothing
        case authenticationRequest
        case saslContinue
        case saslFinal
        case authenticationOk
        /// ParameterStatus, BackendKeyData (once), notices, or ReadyForQuery with idle status.
        case readyForQuery
    }

    init(_ failure: ScramExchange.Failure) {
        switch failure {
        case .malformedServerFirst, .malformedServerFinal: self = .scramMalformed
        case .foreignNonce: self = .scramForeignNonce
        case .iterationsOutOfLimit(let iterations): self = .scramIterations(iterations)
        case .refusedByServer: self = .scramRefused
        case .wrongServerSignature: self = .serverSignature
        }
    }
}

extension UpstreamLoginFailure: CustomStringConvertible {
    /// In words, without a byte of what the replica said but its SQLSTATE.
    package var description: String {
        switch self {
        case .notEncodable: "the startup parameters cannot be sent"
        case .serverError(let sqlstate?, _): "the replica answered SQLSTATE \(sqlstate)"
        case .serverError(nil, _): "the replica refused without an SQLSTATE"
        case .unsupportedAuthentication: "the replica asks for a kind of authentication that is not supported"
        case .weakAuthenticationRefused(.cleartextPassword): "the replica asks for the password in cleartext"
        case .weakAuthenticationRefused(.md5Password): "the replica asks for the password by MD5"
        case .passwordMissing: "the replica asks for a password, and the role has none"
        case .noCommonMechanism: "the replica offers no SCRAM-SHA-256"
        case .channelBindingMissing: "channel binding is required and not to be had"
        case .channelBindingWithoutEncryption: "the replica offers channel binding without TLS"
        case .scramMalformed: "the replica's SCRAM message cannot be read"
        case .scramForeignNonce: "the replica's SCRAM nonce is not an answer to ours"
        case .scramIterations(let count): "the replica asks for \(count) SCRAM iterations"
        case .scramRefused: "the replica refused the role's password"
        case .serverSignature: "the replica does not know the role's password"
        case .protocolViolation: "the replica sent a message that has no place there"
        case .malformedMessage: "the replica sent a message that cannot be read"
        case .tooManyParameters: "the replica sent too many parameters"
        }
    }
}
