import Glibc

/// The file of the admin socket.
struct AdminSocket: Sendable {
    let path: String
    private var folder: String { path + "~" }
    /// Where it is made.
    var draft: String { folder + "/s" }

    /// Makes the folder that it is made in.
    func prepare() throws(AdminStartError) {
        clear()
        guard mkdir(folder, 0o700) == 0 else { throw failure() }
    }

    /// Gives it its mode and its name.
    func publish() throws(AdminStartError) {
        guard chmod(draft, 0o600) == 0, rename(draft, path) == 0 else { throw failure() }
        clear()
    }

    func remove() {
        clear()
        unlink(path)
    }

    private func clear() {
        unlink(draft)
        rmdir(folder)
    }

    private func failure() -> AdminStartError {
        .listen(address: path, key: "admin.socket", reason: String(cString: strerror(errno)))
    }
}
