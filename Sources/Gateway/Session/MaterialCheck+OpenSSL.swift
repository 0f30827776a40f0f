import Audit
import GatewayConfiguration
import GatewayCredentials
import Transport

extension MaterialCheck {
    /// How long before the end of a signing CA `check` begins to warn: 14 days, in seconds.
    private static let endsSoon: Int64 = 14 * 86_400

    /// As listeners and upstreams will load them.
    package static let openSSL = MaterialCheck(filesystem: filesystem) { material in
        do throws(TransportError) {
            switch material {
            case .certificate(let file, let key): _ = try TLSContext(certificate: file, key: key)
            case .authority(let file): _ = try TLSContext(trust: .authority(file: file))
            case .revocationLists(let file, let authority):
                _ = try TLSContext(trust: .authority(file: authority, revocationLists: file))
            case .signingAuthority(let file, let key): return signingProblem(file, key)
            case .log(let folder, let region): return logProblem(folder, region)
            case .auditKey(let file): return auditKeyProblem(file)
            }
            return nil
        } catch {
            if case .material(let path, let reason) = error { return Problem(file: path, reason: reason) }
            return Problem(file: "", reason: "\(error)")
        }
    }

    /// The device of a folder, or of the nearest above it that is there.
    private static func filesystem(_ folder: String) -> UInt64? {
        var path = folder
        while true {
            if let stamp = FileStamp(path: path) { return stamp.device }
            guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else {
                return FileStamp(path: "/")?.device
            }
            path = String(path[..<slash])
        }
    }

    /// A folder that may not be looked at from here is the start's to try.
    private static func logProblem(_ folder: String, _ region: String) -> Problem? {
        do throws(AuditError) {
            guard let found = try AuditLogSettings.region(of: folder), found != region else { return nil }
            return Problem(
                file: folder,
                reason: "\(AuditError.wrongRegion(path: folder, expected: region, found: found))")
        } catch {
            if case .notALog = error { return Problem(file: folder, reason: "\(error)") }
            return nil
        }
    }

    private static func auditKeyProblem(_ file: String) -> Problem? {
        do throws(AuditError) {
            _ = try AuditKeyFile.load(file)
            return nil
        } catch {
            return Problem(file: file, reason: "\(error)")
        }
    }

    private static func signingProblem(_ file: String, _ key: String) -> Problem? {
        let now = Clock.wall() / 1_000_000
        do throws(SigningAuthority.Mistake) {
            let authority = try SigningAuthority(certificateFile: file, keyFile: key, now: now)
            guard authority.notAfter - now < endsSoon else { return nil }
            return Problem(
                file: file,
                reason:
                    "the CA ends \(authority.end), and with it each login as a role whose certificate is minted",
                isWarning: true)
        } catch {
            return Problem(file: error.file, reason: error.reason)
        }
    }
}
