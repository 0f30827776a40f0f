import Foundation

/// A program that a test started. Not Foundation's Process: that waits for a daemon which the program left behind, too.
struct Child {
    let pid: pid_t

    /// Output and errors go to one file; input comes from another. Nothing else is inherited.
    init(_ program: String, _ arguments: [String], input: String = "/dev/null", output: String = "/dev/null")
        throws
    {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, input, O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let words = ([program] + arguments).map { (word: String) in strdup(word) } + [nil]
        let variables = ["PATH=/usr/bin:/bin", "LC_ALL=C"].map { (word: String) in strdup(word) } + [nil]
        defer { for word in words + variables { free(word) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program, &actions, nil, words, variables)
        guard code == 0 else {
            throw ServerFault(description: "\(program): \(String(cString: strerror(code)))")
        }
        self.pid = pid
    }

    /// The exit status, or 128 and the signal's number.
    @discardableResult
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    }

    /// Not SIGTERM: the thread that started it may block that, and the program inherited the mask.
    func terminate() { kill(pid, SIGKILL) }
}

struct ServerFault: Error, CustomStringConvertible {
    let description: String
}

/// Runs a program to its end and answers what it wrote; throws where it fails.
@discardableResult
func run(_ program: String, _ arguments: [String], input: String? = nil) throws -> String {
    let file = FileManager.default.temporaryDirectory.path + "/domicile-run-" + UUID().uuidString
    defer {
        unlink(file)
        unlink(file + ".in")
    }
    if let input { try input.write(toFile: file + ".in", atomically: false, encoding: .utf8) }
    let child = try Child(program, arguments, input: input == nil ? "/dev/null" : file + ".in", output: file)
    let status = child.wait()
    let text = try String(contentsOfFile: file, encoding: .utf8)
    guard status == 0 else {
        throw ServerFault(description: "\(program) \(arguments.joined(separator: " ")): \(status) \(text)")
    }
    return text
}
