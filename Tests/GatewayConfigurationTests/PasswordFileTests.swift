import Foundation
import GatewayConfiguration
import Glibc
import Testing

@Suite("Passwords in files")
struct PasswordFileTests {
    let fixture: Fixture
    init() throws { fixture = try Fixture() }

    private func write(_ bytes: [UInt8], mode: mode_t = 0o600) throws -> String {
        let path = "\(fixture.folder)/password"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        chmod(path, mode)
        return path
    }

    private func mistake(_ path: String) -> String? {
        do throws(PrivateFile.Mistake) {
            _ = try PasswordFile.read(path)
            return nil
        } catch {
            return error.description
        }
    }

    @Test(
        "The password is the file's one line, without its end",
        arguments: [
            ("pass", "pass"), ("pass\n", "pass"), ("pass\r\n", "pass"), (" pa ss \n", " pa ss "),
            ("pä ж\n", "pä ж"),
            ("\\n'\"${HOME}", "\\n'\"${HOME}"),
        ])
    func line(text: String, password: String) throws {
        #expect(try PasswordFile.read(try write(Array(text.utf8))).reveal() == password)
    }

    @Test(
        "What is no line of text is no password, and nothing of it is said",
        arguments: [
            ([], "is empty; expected a password"), ([10], "is empty; expected a password"),
            ([13, 10], "is empty; expected a password"),
            (Array("a\n\n".utf8), "holds a control character; expected one line of text"),
            (Array("a\nb".utf8), "holds a control character; expected one line of text"),
            ([97, 0, 98], "holds a control character; expected one line of text"),
            ([97, 0x7f], "holds a control character; expected one line of text"),
            ([97, 0xff, 98], "is not UTF-8; expected one line of text"),
        ] as [([UInt8], String)])
    func wrong(bytes: [UInt8], reason: String) throws { #expect(mistake(try write(bytes)) == reason) }

    @Test("A file of 4,096 bytes is taken, one of a byte more is not")
    func limit() throws {
        #expect(PasswordFile.limit == 4_096)
        let most = [UInt8](repeating: 97, count: 4_095) + [10]
        #expect(try PasswordFile.read(try write(most)).reveal().utf8.count == 4_095)
        #expect(mistake(try write([97] + most)) == "has more than 4096 bytes")
    }

    @Test(
        "It may be read by its owner alone, or by a group where it is root's",
        arguments: [
            (0o600, true), (0o400, true), (0o604, false), (0o602, false), (0o660, false), (0o777, false),
        ] as [(mode_t, Bool)])
    func mode(mode: mode_t, isTaken: Bool) throws {
        let path = try write([97], mode: mode)
        #expect(mistake(path) == (isTaken ? nil : "is open to others than its owner; chmod 600 it"))
        chmod(path, 0o440)
        #expect((mistake(path) == nil) == (getuid() == 0))
    }

    @Test("A folder, a device and a pipe are no files, and nobody waits for a pipe's other end")
    func kinds() throws {
        let pipe = "\(fixture.folder)/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        for path in [fixture.folder, pipe, "/dev/zero"] { #expect(mistake(path) == "is no file", "\(path)") }
        #expect(mistake("\(fixture.folder)/gone") == "cannot be opened: No such file or directory")
    }

    @Test("In the configuration it stands in place of `password`, for a role and for the probes")
    func configuration() throws {
        let path = try write(Array("from a file\n".utf8))
        let text = Fixture.changed([
            ("writer: { certificate: role.crt, key: role.key }", "writer: { password_file: password }"),
            ("password: \"${HEALTH_PASSWORD}\"", "password_file: \(path)"),
        ])
        let read = fixture.read(text)
        #expect(read.configuration?.databases.first?.upstream.roles["writer"] == .passwordFile(path))
        #expect(read.configuration?.health.passwordFile == path)
        #expect(read.configuration?.health.password == nil)
        let found = fixture.findings(text)
        #expect(found.count == 1)
        #expect(
            found.first?.hasPrefix(
                "14:3 warning database `orders` spans regions, and role writer logs in with a password")
                == true)
    }

    @Test(
        "What is wrong with it is said at its place",
        arguments: [
            (
                "writer: { password_file: gone }",
                "26:34 mistake `password_file`: found \"gone\"; expected a file; there"
            ),
            (
                "writer: { password_file: open }",
                "26:34 mistake `password_file` is open to others than its owner"
            ),
            (
                "writer: { password_file: empty }",
                "26:34 mistake `password_file` is empty; expected a password"
            ),
            ("writer: { password_file: password, password: a }", "26:17 mistake more than one credential"),
        ])
    func mistakes(role: String, finding: String) throws {
        _ = try write([97])
        for (name, bytes, mode) in [("open", [97], 0o644), ("empty", [], 0o600)]
            as [(String, [UInt8], mode_t)]
        {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(fixture.folder)/\(name)"))
            chmod("\(fixture.folder)/\(name)", mode)
        }
        let text = Fixture.changed([("writer: { certificate: role.crt, key: role.key }", role)])
        #expect(fixture.findings(text).first { $0.contains("mistake") }?.hasPrefix(finding) == true)
        let both = Fixture.changed([
            ("password: \"${HEALTH_PASSWORD}\"", "password: \"${HEALTH_PASSWORD}\", password_file: password")
        ])
        #expect(
            fixture.findings(both) == [
                "27:58 mistake `password_file` beside `password`; expected one of the two"
            ])
    }
}
