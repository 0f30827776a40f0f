import Foundation
import SwiftASN1
import X509

/// When the certificate of a PEM file ends.
package enum CertificateEnd {
    /// - Parameter path: PEM; the first certificate in it counts.
    /// - Returns: seconds since 1970; nil where the file holds none that can be read.
    package static func of(_ path: String) -> Int64? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        guard let bytes = try? file.read(upToCount: SigningAuthority.fileLimit),
            let documents = try? PEMDocument.parseMultiple(pemString: String(decoding: bytes, as: UTF8.self)),
            let first = documents.first(where: { $0.discriminator == Certificate.defaultPEMDiscriminator }),
            let certificate = try? Certificate(pemDocument: first)
        else { return nil }
        return Int64(exactly: certificate.notValidAfter.timeIntervalSince1970.rounded(.down))
    }
}
