/// A place elsewhere that takes a log's signed checkpoints.
package enum AnchorPlace: Sendable, Hashable {
    /// A file that they are appended to.
    case file(String)
    /// An https URL that they are sent to; http on loopback only.
    case url(String, ca: String?, tokenFile: String?)
    /// A table at a destination of `audit.ship`, and where servers of its region may be.
    case table(ShippingDestination, networks: [Network])
}

extension AnchorPlace {
    /// What it is called: its path, its URL, or the destination's name.
    var name: String {
        switch self {
        case .file(let path): path
        case .url(let url, _, _): url
        case .table(let destination, _): destination.name
        }
    }
}
