import ArgumentParser
import Audit
import Foundation
import GatewayAnchoring

/// How an endpoint that keeps checkpoints is asked.
struct AnchorAccessOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The CAs for the certificate of a URL of --against. Default: the system's.", valueName: "file"))
    var ca: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "A file of mode 0600 with the bearer token for a URL of --against.", valueName: "file"))
    var tokenFile: String?
}

/// The checkpoints that `--against` names: files as they are, and what endpoints gave, in files of this command's own, for as
/// long as this lives.
final class KeptElsewhere {
    private(set) var files: [KeptCheckpoints] = []
    private var downloads: [String] = []

    /// Bytes that an endpoint may give.
    static let limit = 256 << 20
    /// For all of them.
    private static let deadline: Duration = .seconds(300)

    init(_ places: [String], _ access: AnchorAccessOptions) throws {
        for place in places {
            guard place.hasPrefix("https://") || place.hasPrefix("http://") else {
                files.append(KeptCheckpoints(place))
                continue
            }
            files.append(KeptCheckpoints(try download(place, access), name: place))
        }
    }

    deinit {
        for path in downloads { try? FileManager.default.removeItem(atPath: path) }
    }

    private func download(_ url: String, _ access: AnchorAccessOptions) throws -> String {
        let path = NSTemporaryDirectory() + "domicile-kept-" + UUID().uuidString
        guard
            FileManager.default.createFile(
                atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forWritingAtPath: path)
        else { throw AuditError.anchor(place: url, reason: "there is no room for it in \(path)") }
        downloads.append(path)
        defer { try? file.close() }
        let request = AnchorRequest(
            url: url, ca: access.ca, tokenFile: access.tokenFile, deadline: KeptElsewhere.deadline)
        do throws(AnchorFailure) {
            try request.get(limit: KeptElsewhere.limit) { try file.write(contentsOf: Data($0)) }
        } catch {
            throw AuditError.anchor(place: url, reason: error.description)
        }
        return path
    }
}
