import Glibc

/// The lock of a log's folder, held (flock(2)) until this is destroyed.
struct FolderLock: ~Copyable, Sendable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// - Throws: `AuditError.locked` where another holds it.
    static func take(_ path: String, gateway: String) throws(AuditError) -> FolderLock {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            var bytes = [UInt8](repeating: 0, count: 512)
            let count = max(0, pread(file, &bytes, bytes.count, 0))
            close(file)
            guard code == EWOULDBLOCK else { throw .system(operation: "flock", path: path, code: code) }
            let holder = String(decoding: bytes[..<count].prefix { $0 >= 0x20 && $0 < 0x7f }, as: UTF8.self)
            throw .locked(path: path, holder: holder)
        }
        // Who holds it, for the one who finds it held; the lock itself is the kernel's.
        let boot = (try? FolderPath.read("/proc/sys/kernel/random/boot_id", limit: 64)) ?? []
        let bootText = String(decoding: boot.filter { $0 > 0x20 && $0 < 0x7f }, as: UTF8.self)
        let holder = Array("gateway \(gateway), pid \(getpid()), boot \(bootText)\n".utf8)
        guard ftruncate(file, 0) == 0, pwrite(file, holder, holder.count, 0) == holder.count else {
            let code = errno
            close(file)
            throw .system(operation: "write", path: path, code: code)
        }
        return FolderLock(descriptor: file)
    }
}
