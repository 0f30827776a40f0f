import GatewayConfiguration
import Synchronization
import Transport
import Waiting

/// The passwords that stand in files, for workers, which never wait for a disk: a thread of its own reads each file again
/// every `interval` and compares. Of a file that cannot be read any more the last password goes on, and it is said once.
package final class PasswordFiles: Sendable {
    package struct Password: Sendable {
        package let secret: Secret
        /// Another number for another password of the same file.
        package let version: Int
    }

    package struct Mistake: Error, Sendable, Hashable {
        package let file: String
        package let reason: String

        package init(file: String, reason: String) {
            self.file = file
            self.reason = reason
        }
    }

    /// Tells what became of a file: nil where a new password was taken, else why none was.
    package typealias Report = @Sendable (_ file: String, _ reason: String?) -> Void

    private struct Entry {
        var password: Password
        /// The configuration in force names it. One that does not any more serves logins that are under way.
        var isWanted = true
        var complaint: String?
    }

    private struct Running {
        var thread: Thread?
        var isStopped = false
    }

    /// From one look to the next.
    package static let interval = Duration.milliseconds(500)

    private let entries = Mutex<[String: Entry]>([:])
    private let running = Mutex(Running())
    private let ending = TimedSemaphore()
    private let report: Report

    package init(report: @escaping Report) { self.report = report }

    /// From now on looks at these files, which are read at once; nothing changes where one cannot be.
    package func want(_ files: Set<String>) throws(Mistake) {
        var fresh: [String: Secret] = [:]
        for file in files.sorted() {
            do throws(PrivateFile.Mistake) {
                fresh[file] = try PasswordFile.read(file)
            } catch {
                throw Mistake(file: file, reason: error.description)
            }
        }
        entries.withLock { entries in
            entries = entries.filter { $0.value.isWanted }
            for file in entries.keys { entries[file]?.isWanted = files.contains(file) }
            for (file, secret) in fresh { PasswordFiles.take(secret, of: file, in: &entries) }
        }
        if !files.isEmpty { start() }
    }

    /// What a login at this moment gives; nil where nobody wanted the file.
    package func password(of file: String) -> Password? { entries.withLock { $0[file]?.password } }

    /// Reads each file once. The thread does; a test may.
    package func look() {
        let wanted = entries.withLock { entries in entries.filter { $0.value.isWanted }.map(\.key) }
        for file in wanted.sorted() {
            let outcome: Result<Secret, PrivateFile.Mistake>
            do throws(PrivateFile.Mistake) {
                outcome = .success(try PasswordFile.read(file))
            } catch {
                outcome = .failure(error)
            }
            let news = entries.withLock { entries -> String?? in
                guard let entry = entries[file] else { return nil }
                switch outcome {
                case .success(let secret):
                    let isNews = entry.password.secret != secret || entry.complaint != nil
                    PasswordFiles.take(secret, of: file, in: &entries)
                    return isNews ? .some(nil) : nil
                case .failure(let mistake):
                    entries[file]?.complaint = mistake.description
                    return entry.complaint == mistake.description ? nil : .some(mistake.description)
                }
            }
            if let news { report(file, news) }
        }
    }

    private static func take(_ secret: Secret, of file: String, in entries: inout [String: Entry]) {
        let old = entries[file]?.password
        let version = old.map { $0.secret == secret ? $0.version : $0.version + 1 } ?? 1
        entries[file] = Entry(password: Password(secret: secret, version: version))
    }

    // MARK: Thread

    private func start() {
        running.withLock { running in
            guard running.thread == nil, !running.isStopped else { return }
            let ending = ending
            do throws(TransportError) {
                running.thread = try Thread(name: "passwords") { [weak self] in
                    while !ending.wait(PasswordFiles.interval) { self?.look() }
                }
            } catch {
                report("", "no thread reads the files of passwords: \(error)")
            }
        }
    }

    /// Reads no more, and waits until the thread has ended.
    package func stop() {
        let thread = running.withLock { running in
            running.isStopped = true
            defer { running.thread = nil }
            return running.thread
        }
        guard let thread else { return }
        ending.signal()
        thread.join()
    }
}
