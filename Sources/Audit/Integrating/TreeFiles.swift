/// The file operations of a log's tree: a system call or a few each, so that tests can make each of them fail.
///
/// Names are paths below the log's folder; the empty name is that folder.
package protocol TreeFiles: Sendable {
    /// Path of a name, for errors.
    func path(of name: String) -> String
    /// mkdir(2). Returns whether it was made: false where there is one.
    func makeFolder(_ name: String) throws(FileFault) -> Bool
    /// fsync(2) of a folder.
    func syncFolder(_ name: String) throws(FileFault)
    /// Begins the draft of a file, which nobody reads before it is published. There is one at a time.
    func draft() throws(FileFault) -> SegmentFile
    /// rename(2) of the draft: a file of that name is replaced at once.
    func publish(_ name: String) throws(FileFault)
    /// Opens a file for appending, and makes it where there is none.
    func appended(_ name: String) throws(FileFault) -> SegmentFile
    /// One write(2). Returns how many bytes it took. EINTR is a fault like others.
    func write(_ bytes: Span<UInt8>, to file: SegmentFile) throws(FileFault) -> Int
    /// ftruncate(2).
    func cut(_ file: SegmentFile, to length: Int) throws(FileFault)
    /// fsync(2).
    func sync(_ file: SegmentFile) throws(FileFault)
    /// Bytes of a file from an offset on: as many as asked for, or up to its end. Nil where there is no such file.
    func read(_ name: String, from offset: Int, count: Int) throws(FileFault) -> [UInt8]?
    /// The length of a file; nil where there is none.
    func length(of name: String) throws(FileFault) -> Int?
    /// The length of the file that stands under a name, or nil where that is not this one (any more).
    func standing(_ name: String, _ file: SegmentFile) throws(FileFault) -> Int?
    /// What tells a folder from another one of its name; nil where there is none.
    func identity(ofFolder name: String) throws(FileFault) -> UInt64?
    /// Names in a folder; none where there is no such folder.
    func names(in folder: String) throws(FileFault) -> [String]
    /// unlink(2) or rmdir(2).
    func remove(_ name: String, isFolder: Bool) throws(FileFault)
    /// Puts the last checkpoint into a file outside of the log's folder, whole and durable.
    func keepHead(_ note: [UInt8], at path: String) throws(FileFault)
    func close(_ file: SegmentFile)
}
