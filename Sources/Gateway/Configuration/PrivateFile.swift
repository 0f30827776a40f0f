import Glibc

/// Reads files that hold a secret: they are files, small, and nobody's to read but their owner's. Files are opened and
/// looked at before they are read, so that what was checked is what is read.
package enum PrivateFile {
    /// Why it cannot be taken; the text goes on after the file's name, and holds nothing of its contents.
    package struct Mistake: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String

        package init(_ description: String) { self.description = description }
    }

    /// - Parameter limit: bytes it may have.
    package static func read(_ path: String, limit: Int) throws(Mistake) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard file >= 0 else { throw Mistake("cannot be opened: \(reason(errno))") }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw Mistake("cannot be looked at: \(reason(errno))") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw Mistake("is no file") }
        // As PostgreSQL takes its own key: the group may read one that is root's, which is how secrets are mounted.
        let forbidden: mode_t = status.st_uid == 0 ? 0o037 : 0o077
        guard status.st_mode & forbidden == 0 else {
            throw Mistake("is open to others than its owner; chmod 600 it")
        }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: limit + 1)
        while bytes.count <= limit {
            let count = Glibc.read(file, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Mistake("cannot be read: \(reason(errno))") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: block[..<count])
        }
        throw Mistake("has more than \(limit) bytes")
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
