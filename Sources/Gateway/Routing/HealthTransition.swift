/// A change that someone may have to act on.
package enum HealthTransition: Sendable, Hashable, CustomStringConvertible {
    case up
    /// `fall` probes failed in a row. Ends no session: the relay notices a dead upstream itself.
    case down(ProbeFailure)
    /// The replica is the configured one, for the first time or again.
    case attested
    /// It no longer is what it is configured to be: its sessions end (57P01).
    case attestationLost(AttestationFailure)
    /// The same, until an operator clears it or the configuration is loaded again.
    case quarantined(AttestationFailure)
    /// Promoted or demoted: `read_write` sessions on a server that is now a standby end (F-POL-03).
    case recoveryChanged(to: RecoveryState)

    package var description: String {
        switch self {
        case .up: "up"
        case .down(let failure): "down: \(failure)"
        case .attested: "attested"
        case .attestationLost(let difference): "not attested: \(difference)"
        case .quarantined(let difference): "quarantined: \(difference)"
        case .recoveryChanged(let state): "now a \(state.rawValue)"
        }
    }
}
