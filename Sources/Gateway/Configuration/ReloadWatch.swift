import Glibc

/// What tells one state of a file from another without reading it.
package struct FileStamp: Sendable, Hashable {
    package var device: UInt64
    package var inode: UInt64
    package var size: Int64
    /// Nanoseconds since 1970: of its bytes, and of anything about it.
    package var modified: Int64
    package var changed: Int64

    package init(device: UInt64, inode: UInt64, size: Int64, modified: Int64, changed: Int64) {
        self.device = device
        self.inode = inode
        self.size = size
        self.modified = modified
        self.changed = changed
    }

    /// Of the file that a path leads to, through symbolic links too; nil where there is none.
    package init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        func nanoseconds(_ time: timespec) -> Int64 {
            Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        }
        self.init(
            device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: Int64(status.st_size),
            modified: nanoseconds(status.st_mtim), changed: nanoseconds(status.st_ctim))
    }

    package static func of(_ paths: some Sequence<String>) -> [String: FileStamp] {
        var stamps: [String: FileStamp] = [:]
        for path in paths { stamps[path] = FileStamp(path: path) }
        return stamps
    }
}

/// Decides when a configuration is to be read again because its files have changed. Pure: looks and readings are told to
/// it. A change counts when two looks in a row find the same one, so that a file is not read in the middle of being
/// written; what was read once, taken or refused, is not read again until it changes again.
package struct ReloadWatch: Sendable {
    /// The files as they were when they were read.
    private var read: [String: FileStamp]
    /// The files as a look found them, where they differ.
    private var found: [String: FileStamp]?

    package init(read: [String: FileStamp]) { self.read = read }

    /// - Parameters:
    ///   - stamps: of the files that are there now.
    ///   - paths: the files that count, the configuration first. While that one is not there nothing is read; another that
    ///     has gone is a change.
    /// - Returns: whether the configuration is to be read now.
    package mutating func looked(_ stamps: [String: FileStamp], of paths: [String]) -> Bool {
        guard let first = paths.first, stamps[first] != nil, paths.contains(where: { read[$0] != stamps[$0] })
        else {
            found = nil
            return false
        }
        guard found == stamps else {
            found = stamps
            return false
        }
        return true
    }

    /// The configuration has been read, whoever asked for it.
    ///
    /// - Parameter stamps: of the files before they were read.
    package mutating func hasRead(_ stamps: [String: FileStamp]) {
        read = stamps
        found = nil
    }
}

extension Configuration {
    /// The files that a reload reads: the configuration itself, certificates, keys and authorities. Files of passwords
    /// are read at each login and are not among them.
    package var reloadedFiles: [String] {
        var files = [file]
        for listener in listeners {
            guard let tls = listener.tls else { continue }
            files += [tls.certificate, tls.key] + [tls.clientCA].compactMap(\.self)
        }
        for issuer in issuers {
            if let ca = issuer.ca { files.append(ca) }
            switch issuer.keys {
            case .file(let path): files.append(path)
            case .discovery, .url: break
            }
        }
        for upstream in databases.map(\.upstream) {
            files += [upstream.sslrootcert, upstream.sslcrl].compactMap(\.self)
            if let authority = upstream.certificateAuthority {
                files += [authority.certificate, authority.key]
            }
            for credential in upstream.roles.values {
                switch credential {
                case .certificate(let certificate, let key): files += [certificate, key]
                case .password, .passwordFile, .minted, .trust: break
                }
            }
        }
        var seen: Set<String> = []
        return files.filter { seen.insert($0).inserted }
    }
}
