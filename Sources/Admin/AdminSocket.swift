import Glibc
import Synchronization

/// The file of the admin socket.
final class AdminSocket: Sendable {
    let path: String
    private var folder: String { path + "~" }
    /// Where it is made.
    var draft: String { folder + "/s" }
    /// Inode of the socket that was published; 0: none was.
    private let inode = Atomic<UInt64>(0)

    init(path: String) { self.path = path }

    /// Makes the folder that it is made in.
    func prepare() throws(AdminStartError) {
        clear()
        guard mkdir(folder, 0o700) == 0 else { throw failure() }
    }

    /// Gives it its mode and its name.
    func publish() throws(AdminStartError) {
        inode.store(AdminSocket.inode(of: draft), ordering: .relaxed)
        guard chmod(draft, 0o600) == 0, rename(draft, path) == 0 else { throw failure() }
        clear()
    }

    /// Removes it, unless a gateway that goes on with the same listeners has put its own there.
    func remove() {
        guard inode.load(ordering: .relaxed) != 0 else { return clear() }
        if AdminSocket.inode(of: path) == inode.load(ordering: .relaxed) { unlink(path) }
    }

    private func clear() {
        unlink(draft)
        rmdir(folder)
    }

    private static func inode(of path: String) -> UInt64 {
        var information = stat()
        return lstat(path, &information) == 0 ? UInt64(information.st_ino) : 0
    }

    private func failure() -> AdminStartError {
        .listen(address: path, key: "admin.socket", reason: String(cString: strerror(errno)))
    }
}
