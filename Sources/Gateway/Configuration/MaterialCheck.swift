/// Whether the certificates, keys, authorities and folders of a configuration can be used, asked of what will use them: so that
/// `check` finds what the start would.
package struct MaterialCheck: Sendable {
    package enum Material: Sendable {
        /// A certificate chain with its private key.
        case certificate(file: String, key: String)
        /// CAs that certificates are verified by.
        case authority(file: String)
        /// Lists of revoked certificates, of these CAs.
        case revocationLists(file: String, authority: String)
        /// A CA that client certificates are signed by.
        case signingAuthority(file: String, key: String)
        /// A folder of a region's log, or of what will be one.
        case log(folder: String, region: String)
        /// The keys that sign the audit log's checkpoints.
        case auditKey(file: String)
    }

    package struct Problem: Sendable {
        /// The file that is to blame.
        package let file: String
        package let reason: String
        /// It can be used, and should be known.
        package let isWarning: Bool

        package init(file: String, reason: String, isWarning: Bool = false) {
            self.file = file
            self.reason = reason
            self.isWarning = isWarning
        }
    }

    let problem: @Sendable (Material) -> Problem?
    /// What tells the filesystem of a folder, or of the nearest above it that is there, from others; nil: it cannot be told.
    let filesystem: @Sendable (_ folder: String) -> UInt64?

    package init(
        filesystem: @escaping @Sendable (String) -> UInt64? = { _ in nil },
        problem: @escaping @Sendable (Material) -> Problem?
    ) {
        self.filesystem = filesystem
        self.problem = problem
    }
}

extension ConfigurationBuilder {
    /// Reports what speaks against a certificate or an authority, at the key that names the file.
    func check(_ material: MaterialCheck.Material, _ fields: Fields, _ keys: String...) {
        guard let problem = context.materials?.problem(material) else { return }
        let key = keys.first { fields.path($0) == problem.file } ?? keys[0]
        if problem.isWarning {
            warning(fields.position(of: key), "`\(key)`: \(problem.reason)")
        } else {
            mistake(fields.position(of: key), "`\(key)` cannot be used: \(problem.reason)")
        }
    }
}
