import GatewayConfiguration
import Transport

extension MaterialCheck {
    /// As listeners and upstreams will load them.
    package static let openSSL = MaterialCheck { material in
        do throws(TransportError) {
            switch material {
            case .certificate(let file, let key): _ = try TLSContext(certificate: file, key: key)
            case .authority(let file): _ = try TLSContext(trust: .authority(file: file))
            }
            return nil
        } catch {
            if case .material(let path, let reason) = error { return Problem(file: path, reason: reason) }
            return Problem(file: "", reason: "\(error)")
        }
    }
}
