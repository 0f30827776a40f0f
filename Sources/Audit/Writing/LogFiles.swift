/// A segment's open file.
package struct SegmentFile: Sendable, Hashable {
    package let descriptor: Int32
    /// What stat(2) calls the file, for as long as it is open; 0, as `path` is empty, where nobody asks whether it stands there.
    package let device: UInt64
    package let inode: UInt64
    /// The name under which it has to stand.
    package let path: String

    package init(descriptor: Int32, device: UInt64 = 0, inode: UInt64 = 0, path: String = "") {
        self.descriptor = descriptor
        self.path = path
        self.device = device
        self.inode = inode
    }
}

/// A system call that failed; `code` is its errno.
package struct FileFault: Error, Sendable, Hashable {
    package let operation: String
    package let path: String
    package let code: Int32

    package init(operation: String, path: String, code: Int32) {
        self.operation = operation
        self.path = path
        self.code = code
    }

    var error: AuditError { .system(operation: operation, path: path, code: code) }
}

/// The file operations of a log's writer: one system call each, so that tests can make each of them fail.
package protocol LogFiles: Sendable {
    /// Path of the segment that begins with a record, for errors.
    func path(of first: UInt64) -> String
    /// Makes the segment that begins with a record, for appending. Its name is not durable before
    /// `syncFolder`.
    func create(_ first: UInt64) throws(FileFault) -> SegmentFile
    /// Makes a draft of a segment, which nobody reads before it is published.
    func draft(_ first: UInt64) throws(FileFault) -> SegmentFile
    /// Puts the draft in its place; a segment of that name is replaced at once.
    func publish(_ first: UInt64) throws(FileFault)
    /// One write(2). Returns how many bytes it took. EINTR is a fault like others.
    func write(_ bytes: Span<UInt8>, to file: SegmentFile) throws(FileFault) -> Int
    /// ftruncate(2).
    func cut(_ file: SegmentFile, to length: Int) throws(FileFault)
    /// ENOSPC where the filesystem says that it has no room for so many bytes.
    func checkRoom(for bytes: Int, behind file: SegmentFile) throws(FileFault)
    /// fdatasync(2).
    func sync(_ file: SegmentFile) throws(FileFault)
    /// fsync(2) of the folder of segments.
    func syncFolder() throws(FileFault)
    /// The length of the segment that stands under its name, or nil where that is not this file (any more).
    func standing(_ file: SegmentFile) throws(FileFault) -> Int?
    func close(_ file: SegmentFile)
}
