/// Why a replica was not selected.
package enum PassedOver: Sendable, Hashable, CustomStringConvertible {
    case regionNotAllowed(String)
    case maintenance
    case quarantined(AttestationFailure)
    case notAttested(AttestationFailure?)
    /// Down, or never up.
    case unhealthy(ProbeFailure?)
    /// Nil: unknown, which is over any limit.
    case lag(Duration?, limit: Duration)
    case notPrimary
    /// Two servers of the database take writes; none is used for them (F-POL-05).
    case severalPrimaries([String])
    /// Another replica of the database is on a later timeline: this primary was replaced (F-POL-15).
    case timelineBehind(found: UInt32, newest: UInt32)

    /// One line for `explain` and for an error's DETAIL.
    package var reason: String {
        switch self {
        case .regionNotAllowed(let region): "region \(region) is not allowed here"
        case .maintenance: "in maintenance"
        case .quarantined(let difference): "quarantined: \(difference)"
        case .notAttested(let difference): "not attested: \(difference?.description ?? "nothing proved yet")"
        case .unhealthy(let failure): "unhealthy: \(failure?.description ?? "too few good probes yet")"
        case .lag(nil, let limit): "lag is unknown, the limit is \(PassedOver.milliseconds(limit))"
        case .lag(let lag?, let limit):
            "lags by \(PassedOver.milliseconds(lag)), the limit is \(PassedOver.milliseconds(limit))"
        case .notPrimary: "read_write needs a primary, this is a standby"
        case .severalPrimaries(let names): "several primaries take writes: \(names.joined(separator: ", "))"
        case .timelineBehind(let found, let newest): "on timeline \(found), the database is on \(newest)"
        }
    }

    package var description: String { reason }

    private static func milliseconds(_ duration: Duration) -> String {
        "\(duration.wholeNanoseconds / 1_000_000) ms"
    }
}
