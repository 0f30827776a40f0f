/// Whether the certificates, keys and authorities of a configuration can be used, asked of what will use them: so that
/// `check` finds what the start would.
package struct MaterialCheck: Sendable {
    package enum Material: Sendable {
        /// A certificate chain with its private key.
        case certificate(file: String, key: String)
        /// CAs that certificates are verified by.
        case authority(file: String)
    }

    package struct Problem: Sendable {
        /// The file that is to blame.
        package let file: String
        package let reason: String

        package init(file: String, reason: String) {
            self.file = file
            self.reason = reason
        }
    }

    let problem: @Sendable (Material) -> Problem?

    package init(problem: @escaping @Sendable (Material) -> Problem?) { self.problem = problem }
}

extension ConfigurationBuilder {
    /// Reports what speaks against a certificate or an authority, at the key that names the file.
    func check(_ material: MaterialCheck.Material, _ fields: Fields, _ keys: String...) {
        guard let problem = context.materials?.problem(material) else { return }
        let key = keys.first { fields.path($0) == problem.file } ?? keys[0]
        mistake(fields.position(of: key), "`\(key)` cannot be used: \(problem.reason)")
    }
}
