import Audit
import AuditTree
import GatewayConfiguration

/// An HTTP endpoint that takes a log's checkpoints: each is sent by POST, as it was signed, as `text/plain`; any answer 2xx takes
/// it.
package struct HTTPAnchor: AnchorSink {
    /// For a whole request.
    package static let deadline: Duration = .seconds(10)

    private let request: AnchorRequest

    package init(_ request: AnchorRequest) { self.request = request }

    /// The endpoint's address.
    package var name: String { request.url }
    /// Of those that wait the newest is sent.
    package var limit: Int { 1 }

    package func write(_ notes: [SignedNote], isRetry: Bool) throws(AuditError) {
        do throws(AnchorFailure) {
            for note in notes { try request.post(note.bytes) }
        } catch {
            throw .anchor(place: name, reason: error.description)
        }
    }
}

extension AnchorPlace {
    /// What writes there.
    package var sink: any AnchorSink {
        switch self {
        case .file(let path): FileAnchor(path: path)
        case .url(let url, let ca, let tokenFile):
            HTTPAnchor(AnchorRequest(url: url, ca: ca, tokenFile: tokenFile, deadline: HTTPAnchor.deadline))
        case .table(let destination, let networks): TableAnchor(destination, networks: networks)
        }
    }
}
