import Glibc

enum FileSize {
    /// The bytes of a file; nil where there is none.
    static func bytes(_ path: String) -> Int? {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : nil
    }
}
