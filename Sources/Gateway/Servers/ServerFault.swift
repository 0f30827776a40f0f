import GatewayRouting

/// Why a server was not reached, did not answer, or proved to be another one than configured.
package enum ServerFault: Error, Sendable, Hashable, CustomStringConvertible {
    case failure(ProbeFailure)
    case difference(AttestationFailure)

    /// One line without secrets, of whatever role logged in.
    package var description: String {
        switch self {
        case .difference(let difference): difference.description
        case .failure(.authentication(let sqlstate)): "the login is refused (\(sqlstate))"
        case .failure(.passwordFile(let reason)): "the file of its password \(reason)"
        case .failure(let failure): failure.description
        }
    }

    /// A short, fixed word for metrics and tables.
    package var label: String {
        switch self {
        case .failure(let failure): failure.label
        case .difference(let difference): difference.label
        }
    }
}
