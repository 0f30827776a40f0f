import AuditTree
import Glibc

/// The file of the keys that sign checkpoints: PEM, mode 0600, the one that signs first.
package enum AuditKeyFile {
    /// Bytes that it may have.
    private static let limit = 1 << 16

    /// - Throws: `AuditError.auditKey` where it is missing, open to others than its owner, or holds something else, and
    ///   `AuditError.system`.
    package static func load(_ path: String) throws(AuditError) -> [SigningKey] {
        guard let bytes = try KeyFile.read(path, limit: limit, wrong: AuditError.auditKey) else {
            throw .auditKey(
                path: path, reason: "does not exist; `domicile audit init --config FILE` makes it")
        }
        guard bytes.count <= limit, let text = String(validating: bytes, as: UTF8.self),
            let keys = SigningKey.keys(inPEM: text)
        else { throw .auditKey(path: path, reason: "expected Ed25519 keys in PEM (PKCS #8)") }
        return keys
    }

    /// Makes the file with a new key.
    /// - Throws: `AuditError.auditKey` where there is one: no key is ever written over.
    package static func create(_ path: String) throws(AuditError) {
        try FolderPath.make(FolderPath.parent(of: path))
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            guard errno == EEXIST else { throw .system(operation: "create", path: path, code: errno) }
            throw .auditKey(path: path, reason: "is there; a key is never written over")
        }
        defer { close(file) }
        let text = Array(SigningKey().pem.utf8)
        guard write(file, text, text.count) == text.count, fsync(file) == 0 else {
            let code = errno
            unlink(path)
            throw .system(operation: "write", path: path, code: code)
        }
        try FolderPath.sync(FolderPath.parent(of: path))
    }

    /// Puts a new key before those that the file holds.
    package static func rotate(_ path: String) throws(AuditError) {
        let keys = [SigningKey()] + (try load(path))
        guard keys.count <= SigningKey.limit else {
            throw .auditKey(path: path, reason: "holds \(keys.count - 1) keys, which is as many as one may")
        }
        try FolderPath.write(Array(keys.map(\.pem).joined().utf8), to: path)
    }
}
