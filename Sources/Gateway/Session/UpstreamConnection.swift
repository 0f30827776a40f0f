import GatewayConfiguration
import GatewayCredentials
import GatewayRouting
import Glibc
import PGWire
import SQLText
import Transport

/// A connection to a replica that was logged in and attested on this very connection.
struct UpstreamConnection {
    /// What the session's relay keeps of it.
    let relayed: RelayedConnection
    let attested: AttestedReplica
    /// The ParameterStatus values of the login, in order.
    let parameters: [ParameterStatus]
    /// What the server said of itself on this connection.
    let facts: AttestationFacts
    /// NoticeResponse frames of the login, for the executor.
    let notices: [UInt8]
    /// Bytes that came behind the attestation's answer.
    let leftover: [UInt8]

    /// Whether `\` is an ordinary character in plain literals at first (GUC_REPORT).
    var conformingStrings: Bool {
        let status = parameters.last { $0.name.elementsEqual("standard_conforming_strings".utf8) }
        return status.map { $0.value.elementsEqual("on".utf8) } ?? true
    }

    /// Whose grammar the server says it has.
    var grammar: GrammarVersion? {
        let status = parameters.last { $0.name.elementsEqual("server_version".utf8) }
        return status.flatMap { GrammarVersion(serverVersion: $0.value) }
    }

    /// What the executor's text is encoded in at first: the server's name for it.
    var clientEncoding: String {
        let status = parameters.last { $0.name.elementsEqual("client_encoding".utf8) }
        return status.map { String(decoding: $0.value, as: UTF8.self) } ?? "UTF8"
    }
}

/// Why a replica could not be connected to. What it said before it was attested is never passed on (F-WIRE-03).
package enum UpstreamFailure: Error, CustomStringConvertible {
    case transport(TransportError)
    /// The address lies outside the region's networks, or is no address.
    case address
    /// TLS refused, or bytes in the clear behind the answer to SSLRequest (F-WIRE-02).
    case encryption(UpstreamEncryption.Failure)
    case login(UpstreamLoginFailure)
    case attestation(AttestationFailure)
    /// The attestation's answer is none.
    case unreadable
    case closed
    case noCredential
    /// The role's client certificate cannot be minted.
    case noCertificate(MintingFailure)
    case timeout
    /// As many logins as may be were under way there all the time.
    case busy

    /// What no other replica would answer differently: the login ends with it.
    ///
    /// - Parameter startup: what the executor asked for; where it set nothing, nothing of it was refused.
    func refusal(of startup: ExecutorStartup) -> Refusal? {
        switch self {
        case .transport(.system(_, EMFILE)), .transport(.system(_, ENFILE)): .descriptorsExhausted
        case .login(.serverError(let sqlstate?, _))
        where UpstreamFailure.executorsFaults.contains(sqlstate) && startup.setsParameters:
            .startupRefused(sqlstate: sqlstate)
        case .transport, .address, .encryption, .login, .attestation, .unreadable, .closed, .noCredential,
            .noCertificate, .timeout, .busy:
            nil
        }
    }

    /// The replica itself may be in trouble: it did not answer, or not as one does that is healthy.
    var isSuspicious: Bool {
        switch self {
        case .transport, .encryption, .attestation, .unreadable, .closed, .timeout: true
        case .login(.serverError(let sqlstate?, _)): sqlstate.hasPrefix("57") || sqlstate.hasPrefix("58")
        case .login: true
        case .address, .noCredential, .noCertificate, .busy: false
        }
    }

    /// The replica has no connection slot left, or none for this role or database.
    var isForWantOfSlots: Bool {
        guard case .login(.serverError("53300", _)) = self else { return false }
        return true
    }

    /// SQLSTATEs with which PostgreSQL refuses a parameter of the startup packet: unknown, with a wrong value, not to
    /// be set then or by this role, naming a file that is not there.
    private static let executorsFaults: Set<String> = [
        "42704", "22023", "55P02", "42501", "58P01", "42601", "22P02",
    ]

    package var description: String {
        switch self {
        case .transport(let error): "\(error)"
        case .address: "address outside the region's networks"
        case .encryption(.notOffered): "TLS refused"
        case .encryption: "unexpected bytes before TLS"
        case .login(let failure): "login failed: \(failure.description)"
        case .attestation(let failure): "attestation failed: \(failure)"
        case .unreadable: "attestation could not be read"
        case .closed: "connection closed"
        case .noCredential: "no credential for the role"
        case .noCertificate(let failure): "\(failure)"
        case .timeout: "no answer in time"
        case .busy: "too many logins wait there (limits.logins_per_replica)"
        }
    }
}
