import Audit
import AuditTree
import Foundation
import Glibc
import Testing

@Suite struct LogSealTests {
    private let key = SigningKey()

    private func seal(_ folder: TemporaryFolder) throws -> LogSeal.Done {
        try LogSeal.seal(
            folder.path + "/log", gateway: "gw-test", reason: "key lost",
            headFile: folder.path + "/state/audit-heads/eu-west-1", now: 1_700_000_000_000_000)
    }

    @Test(
        """
        F-AUD-17: a log whose key is lost is sealed: no gateway writes to it again, its successor names its head and is signed \
        by another key, and can be sealed in turn
        """
    )
    func sealed() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.signed(by: [key]))
        for mark in 0..<300 { _ = try log.append(marks: [mark]) }
        log.close()
        let head = try #require(try CheckedLog(folder.path + "/log", keys: [key]).head)
        let other = SigningKey()
        #expect(throws: AuditError.self) { try AuditLog(folder.signed(by: [other])) }

        let done = try seal(folder)
        #expect(done.folder == folder.path + "/log.sealed-20231114T221320Z" && done.size == 300)
        #expect(done.origin == "example.com/audit/eu-west-1/2")
        var old = folder.signed(by: [key])
        old.folder = done.folder
        #expect(throws: AuditError.sealed(path: done.folder)) { try AuditLog(old) }
        try CheckedLog(done.folder, keys: [key]).check(covers: 300)

        let next = try AuditLog(folder.signed(by: [other]))
        _ = try next.append(marks: [1])
        next.close()
        let signed = try CheckedLog(
            folder.path + "/log", keys: [other], origin: "example.com/audit/eu-west-1/2")
        try signed.check(covers: 2)
        let first = try #require(try readAll(folder.path + "/log").first)
        #expect(first["type"]?.string == "log.sealed" && first["reason"]?.string == "key lost")
        #expect(first["origin"]?.string == head.origin && first["size"]?.unsigned == 300)
        #expect(first["root"]?.string == Data(head.root.bytes).base64EncodedString())
        #expect(first["folder"]?.string == "log.sealed-20231114T221320Z")

        let again = try LogSeal.seal(
            folder.path + "/log", gateway: "gw-test", reason: nil, headFile: nil, now: 1_700_000_001_000_000)
        #expect(again.origin == "example.com/audit/eu-west-1/3" && again.size == 2)
    }

    @Test("A log that is in use is not sealed; a damaged one, and one without checkpoints, are")
    func others() throws {
        let folder = try TemporaryFolder()
        let log = try AuditLog(folder.settings())
        _ = try log.append(marks: [1])
        guard
            case .locked = error({ () throws(AuditError) in
                _ = try LogSeal.seal(folder.path + "/log", gateway: "g", reason: nil, headFile: nil, now: 0)
            })
        else {
            Issue.record("sealed while in use")
            return
        }
        log.close()
        let done = try seal(folder)
        #expect(done.size == 0 && done.origin == nil)
        #expect(try readAll(done.folder).marks == [1])
        let next = try AuditLog(folder.signed(by: [key]))
        next.close()
        try CheckedLog(folder.path + "/log", keys: [key]).check(covers: 1)
    }

    @Test("An older copy that was put back can be sealed, and its successor starts")
    func olderCopy() throws {
        let folder = try TemporaryFolder()
        let manager = FileManager.default
        for _ in 0..<2 {
            let log = try AuditLog(folder.signed(by: [key]))
            _ = try log.append(marks: [1])
            log.close()
            if access(folder.path + "/copy", F_OK) != 0 {
                try manager.copyItem(atPath: folder.path + "/log", toPath: folder.path + "/copy")
            }
        }
        try manager.removeItem(atPath: folder.path + "/log")
        try manager.copyItem(atPath: folder.path + "/copy", toPath: folder.path + "/log")
        #expect(throws: AuditError.self) { try AuditLog(folder.signed(by: [key])) }
        #expect(try seal(folder).size == 2)
        try AuditLog(folder.signed(by: [key])).close()
        try CheckedLog(folder.path + "/log", keys: [key], origin: "example.com/audit/eu-west-1/2").check(
            covers: 1)
    }

    private func error(_ body: () throws(AuditError) -> Void) -> AuditError? {
        do throws(AuditError) {
            try body()
            return nil
        } catch {
            return error
        }
    }
}
