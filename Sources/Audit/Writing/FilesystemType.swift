import CLinux
import Glibc

/// Filesystems that a log must not lie on: their `write` hangs with the network, or their locks and fsync
/// promise less than a local disk's. Magic numbers from statfs(2).
package enum FilesystemType {
    private static let refused: [UInt32: String] = [
        0x6969: "nfs", 0x517b: "smb", 0xfe53_4d42: "smb2", 0xff53_4d42: "cifs", 0x6573_5546: "fuse",
        0x0102_1997: "9p", 0x00c3_6400: "ceph", 0x5346_414f: "afs", 0x6b41_4653: "afs", 0x7375_7245: "coda",
        0x564c: "ncpfs", 0x0116_1970: "gfs2", 0x7461_636f: "ocfs2", 0x0bd0_0bd0: "lustre",
        0x4750_4653: "gpfs",
        0x1983_0326: "beegfs", 0x2003_0528: "orangefs", 0x786f_4256: "vboxsf", 0xbacb_acbc: "vmhgfs",
    ]

    /// Refuses a folder that lies on a network or FUSE filesystem whose name is not among `allowed`.
    static func check(_ path: String, allowed: [String]) throws(AuditError) {
        let folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw .system(operation: "open", path: path, code: errno) }
        defer { close(folder) }
        var info = statfs()
        guard fstatfs(folder, &info) == 0 else { throw .system(operation: "statfs", path: path, code: errno) }
        let magic = UInt32(truncatingIfNeeded: info.f_type)
        guard let type = name(refusedMagic: magic), !allowed.contains(type) else { return }
        throw .filesystem(path: path, type: type)
    }

    /// The name of a refused filesystem; nil where logs may lie on it.
    package static func name(refusedMagic magic: UInt32) -> String? { refused[magic] }
}
