import Foundation
import GatewayIdentity

/// A file that holds a token, or standard input: never an argument, which other users of the machine could read.
enum TokenFile {
    /// Bytes that are read of a file: what a gateway reads of a password before it refuses it.
    static let limit = 64 << 10

    /// - Parameter path: the file; `-` is standard input.
    static func read(_ path: String) throws(TokenFileFailure) -> [UInt8] {
        guard !isToken(path) else { throw .argument }
        let handle: FileHandle
        if path == "-" {
            handle = .standardInput
        } else {
            guard let opened = FileHandle(forReadingAtPath: path) else { throw .unreadable(path) }
            handle = opened
        }
        var bytes: [UInt8] = []
        // A pipe gives what it has, not all that will come.
        while bytes.count <= limit {
            guard let piece = try? handle.read(upToCount: limit + 1 - bytes.count) else {
                guard path == "-" || !bytes.isEmpty || isFile(path) else { throw .unreadable(path) }
                break
            }
            guard !piece.isEmpty else { break }
            bytes += piece
        }
        guard bytes.count <= limit else { throw .tooLong(path) }
        // An editor or `echo` ends the file with a newline, which is no part of the token.
        return Array(bytes.reversed().drop { $0 == 0x0a || $0 == 0x0d }.reversed())
    }

    private static func isFile(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && !isFolder.boolValue
    }

    /// Whether an argument is a token rather than the name of a file that holds one.
    static func isToken(_ argument: String) -> Bool {
        guard !FileManager.default.fileExists(atPath: argument) else { return false }
        let contents = TokenContents(Array(argument.utf8), limit: limit)
        return contents.header != nil
    }
}

/// Why there is no token to look at.
enum TokenFileFailure: Error, CustomStringConvertible {
    case unreadable(String)
    case tooLong(String)
    /// The argument is the token itself, and not repeated.
    case argument

    var description: String {
        switch self {
        case .unreadable(let path): "\(path): the file cannot be read"
        case .tooLong(let path): "\(path): longer than \(TokenFile.limit) bytes, which no token is"
        case .argument:
            "expected a file that holds the token, or - for standard input: a token in the arguments can be read by "
                + "every user of the machine and stays in the shell's history"
        }
    }
}
