import Foundation
import Testing

/// `domicile init`: flags and questions, and what `check` says of what was written.
@Suite(.serialized)
struct InitTests {
    let testbed: Testbed
    private let folder: String

    init() throws {
        testbed = try Testbed()
        folder =
            FileManager.default.temporaryDirectory.appendingPathComponent(Testbed.unique("init")).path
    }

    private static let one = [
        "--region", "eu-west-1=EU", "--issuer", "https://id.example.com", "--replica",
        "orders@eu-west-1=db1.internal",
    ]

    private static let three = [
        "--region", "eu-west-1=EU", "--region", "eu-central-1=EU", "--region", "us-east-1=US", "--issuer",
        "https://id.example.com", "--replica", "orders@eu-west-1=db1.internal:5433", "--replica",
        "orders@eu-central-1=db2.internal", "--replica", "orders@us-east-1=db3.internal",
    ]

    private static let several =
        one + [
            "--replica", "payroll@eu-west-1=db2.internal", "--replica", "stock@eu-west-1=[fd00::7]:6000",
            "--role",
            "reader", "--group", "eu analysts", "--operators", "ops", "--audience", "db", "--listen",
            "[::]:6500", "--admin", "127.0.0.1:6501", "--state", "kept", "--audit", "logs", "--audit-key",
            "kept/log.key",
        ]

    private func initialise(_ name: String, _ flags: [String]) throws -> Command.Run {
        try Command.run(testbed.binary, ["init", "--folder", "\(folder)/\(name)"] + flags)
    }

    private func check(_ name: String) throws -> Command.Run {
        try Command.run(testbed.binary, ["check", "--config", "\(folder)/\(name)/domicile.yaml"])
    }

    private func text(_ file: String) throws -> String {
        try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
    }

    private func mode(_ file: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")
        return try #require(attributes[.posixPermissions] as? Int)
    }

    @Test(
        "check takes what init writes, for one region, three, several databases, and certificates of one's own"
    )
    func combinations() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let certificates = "\(testbed.folder)/certificates"
        let own = [
            "--certificate", "\(certificates)/gateway.crt", "--key", "\(certificates)/gateway.key",
            "--upstream-ca",
            "\(certificates)/upstream-ca.crt", "--issuer-ca", "\(certificates)/upstream-ca.crt",
        ]
        let cases = [
            "one": InitTests.one, "three": InitTests.three, "several": InitTests.several,
            "own": InitTests.one + own, "both": InitTests.three + own,
        ]
        for (name, flags) in cases {
            let made = try initialise(name, flags)
            #expect(made.status == 0, "\(name): \(made)")
            #expect(made.output.contains("1. The roles"), "\(made.output)")
            let checked = try check(name)
            #expect(checked.status == 0, "\(name): \(checked)")
            #expect(!checked.output.contains(": mistake: "), "\(name): \(checked.output)")
            // One machine has one filesystem for the logs of all regions; nothing else is warned about.
            let warnings = checked.output.split(separator: "\n").filter { $0.contains(": warning: ") }
            #expect(
                warnings.allSatisfy { $0.contains("lie on one filesystem") }, "\(name): \(checked.output)")
            #expect(warnings.count == (flags.contains("us-east-1=US") ? 1 : 0), "\(name): \(checked.output)")
            #expect(try mode("\(name)/secrets/health.password") == 0o600)
            #expect(try mode("\(name)/secrets") == 0o700)
        }
        #expect(try text("several/domicile.yaml").contains("groups: [\"eu analysts\"]"))
        #expect(try mode("three/role-ca.key") == 0o600)
        #expect(try mode("one/gateway.key") == 0o600)
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/own/gateway.key"))
    }

    @Test("Nothing is written over without --force, and with it no key and no password is")
    func force() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try initialise("a", InitTests.one).status == 0)
        let secrets = ["gateway.crt", "gateway.key", "audit.key", "secrets/health.password"]
        let before = try secrets.map { try text("a/\($0)") }
        let again = try initialise("a", InitTests.three)
        #expect(again.status == 1)
        #expect(again.error.contains("a/domicile.yaml"), "\(again.error)")
        #expect(again.error.contains("--force"))
        #expect(try !text("a/domicile.yaml").contains("us-east-1"))
        #expect(try initialise("a", InitTests.three + ["--force"]).status == 0)
        #expect(try text("a/domicile.yaml").contains("us-east-1"))
        #expect(try secrets.map { try text("a/\($0)") } == before)
        #expect(
            try text("a/domicile.yaml").contains(try text("a/secrets/health.password").dropLast()) == false)
    }

    @Test(
        "What is missing or contradicts itself is status 64, what check would not accept 78, and nothing is written"
    )
    func mistakes() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let missing = try initialise("b", ["--region", "eu-west-1=EU"])
        #expect(missing.status == 64)
        #expect(missing.error.contains("--issuer URL"), "\(missing.error)")
        #expect(missing.error.contains("--replica"), "\(missing.error)")
        let unknown = try initialise("b", InitTests.one + ["--replica", "orders@mars=db"])
        #expect(unknown.status == 64)
        #expect(unknown.error.contains("orders@mars"), "\(unknown.error)")
        let insecure = try initialise(
            "b",
            [
                "--region", "eu-west-1=EU", "--issuer", "http://id.example.com", "--replica",
                "orders@eu-west-1=db",
            ])
        #expect(insecure.status == 78)
        #expect(insecure.error.contains("https"), "\(insecure.error)")
        #expect(!FileManager.default.fileExists(atPath: "\(folder)/b"))
    }

    @Test("The questions on a terminal give the same files as the flags")
    func questions() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        #expect(try initialise("flags", InitTests.three).status == 0)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Region, its area, two more and no other; issuer, audience; database and its servers, no other; then defaults.
        let answers = [
            "", "", "eu-central-1", "EU", "us-east-1", "US", "", "id.example.com", "https://id.example.com",
            "",
            "orders", "db1.internal:5433", "db2.internal", "no such host", "db3.internal", "",
            "/nowhere/ca.pem", "",
            "", "", "", "somewhere", "", "0.0.0.0:6480", "", "",
        ]
        try (answers.joined(separator: "\n") + "\n").write(
            toFile: "\(folder)/answers", atomically: true, encoding: .utf8)
        // script(1) makes a terminal of its own for the command.
        let run = try Command.run(
            "sh",
            [
                "-c",
                "script -qec \"'\(testbed.binary)' init --folder '\(folder)/asked'\" /dev/null <'\(folder)/answers'",
            ])
        #expect(run.status == 0, "\(run)")
        #expect(run.output.contains("Region that this gateway runs in [eu-west-1]"), "\(run.output)")
        #expect(run.output.contains("no such host is no host name or address"), "\(run.output)")
        // What cannot be taken is asked for again, at once.
        for said in [
            #"found "id.example.com"; expected an https URL"#, "/nowhere/ca.pem cannot be read",
            #"found "somewhere""#,
            #"found "0.0.0.0:6480""#,
        ] {
            #expect(run.output.contains(said), "\(said): \(run.output)")
        }
        for file in ["domicile.yaml", "roles.sql"] {
            // The passwords are others, and so is what servers keep of them.
            let pair = try ["asked", "flags"].map { folder in
                try text("\(folder)/\(file)").replacing(/SCRAM-SHA-256\$4096:[A-Za-z0-9+\/$:=]+/, with: "")
            }
            #expect(pair[0] == pair[1], "\(file)")
        }
        #expect(try check("asked").status == 0)
    }

    @Test(
        "roles.sql makes its roles on a server with the passwords of secrets/, for who may not read these, also a second time"
    )
    func roles() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let role = Testbed.unique("starter")
        #expect(try initialise("sql", InitTests.one + ["--role", role]).status == 0)
        let superuser = try Testbed.variable("DIRECT_DSN_EU_A")
        let look = """
            SELECT rolcanlogin, rolsuper, rolpassword FROM pg_authid WHERE rolname = '\(role)'
            """
        let run = try Command.run(
            "sh",
            [
                "-c",
                "cd '\(folder)/sql' && (echo 'BEGIN;' && cat roles.sql roles.sql && echo \"\(look); ROLLBACK;\") >all.sql && mv secrets away "
                    + "&& exec psql -X -q -A -t -v ON_ERROR_STOP=1 \"\(superuser)\" <all.sql",
            ])
        #expect(run.status == 0, "\(run)")
        let kept = run.text.split(separator: "|")
        #expect(kept.count == 3 && kept[0] == "t" && kept[1] == "f", "\(run.output)")
        // RFC 5802 by Python's own functions, with the password of the file.
        let program = """
            import base64, hashlib, hmac, sys
            head, keys = sys.argv[1].split(":", 1)[0], sys.argv[1].split("$", 2)[1:]
            rounds, salt = keys[0].split(":")
            stored, server = (base64.b64decode(key) for key in keys[1].split(":"))
            password = open(sys.argv[2]).read().rstrip("\\n").encode()
            salted = hashlib.pbkdf2_hmac("sha256", password, base64.b64decode(salt), int(rounds))
            mac = lambda text: hmac.new(salted, text, "sha256").digest()
            print(head, rounds, hashlib.sha256(mac(b"Client Key")).digest() == stored, mac(b"Server Key") == server)
            """
        let verified = try Command.run(
            "/usr/bin/python3",
            ["-c", program, String(kept.last ?? ""), "\(folder)/sql/away/\(role).password"])
        #expect(verified.text == "SCRAM-SHA-256$4096 4096 True True", "\(verified)")
    }
}
