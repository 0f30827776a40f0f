import Gateway
import PGWire
import Testing

@Suite struct ExecutorStartupTests {
    private func read(
        _ parameters: [(String, String)], version: ProtocolVersion = .v30,
        protocolOptions: [StartupMessage.Parameter] = []
    ) throws(Refusal) -> ExecutorStartup {
        try ExecutorStartup(
            StartupMessage(
                version: version,
                parameters: [.init("user", "analyst"), .init("database", "orders")]
                    + parameters.map { StartupMessage.Parameter($0.0, $0.1) },
                protocolOptions: protocolOptions))
    }

    /// The SQLSTATE of the refusal; nil where there is none.
    private func refused(_ parameters: [(String, String)]) -> String? {
        do throws(Refusal) { _ = try read(parameters) } catch { return error.sqlstate }
        return nil
    }

    private func options(_ text: String) throws -> String? {
        try read([("options", text)]).options.map { String(decoding: $0, as: UTF8.self) }
    }

    private func names(_ startup: ExecutorStartup) -> [String] {
        startup.forwarded.map {
            String(decoding: $0.name, as: UTF8.self) + "=" + String(decoding: $0.value, as: UTF8.self)
        }
    }

    // MARK: Database, region, user

    @Test(
        "dbname is a database, with @ a region or jurisdiction; without one it is the user's name",
        arguments: [
            ("orders", "orders", [] as [String]),
            ("orders@eu-west-1", "orders", ["eu-west-1"]),
            ("orders@EU", "orders", ["EU"]),
            ("Orders ", "Orders ", []),
            ("", "analyst", []),
        ])
    func databaseName(text: String, database: String, regions: [String]) throws {
        let startup = try read([("database", text)])
        #expect(startup.logical.database == database)
        #expect(startup.regionsAsked == regions)
        #expect(startup.user == "analyst")
    }

    @Test(
        "domicile.max_lag says how old data may be; said twice the lower counts, and it does not go on",
        arguments: [
            ("-c domicile.max_lag=1s", Duration.seconds(1)),
            ("-c DOMICILE.Max_Lag=500ms -c domicile.max-lag=2m", .milliseconds(500)),
            ("--domicile.max-lag=2m -c domicile.max_lag=3s", .seconds(3)), ("-c work_mem=1MB", nil),
        ] as [(String, Duration?)])
    func maxLag(options text: String, expected: Duration?) throws {
        let startup = try read([("options", text)])
        #expect(startup.maxLag == expected)
        #expect(startup.setsParameters == (expected == nil))
    }

    @Test(
        "A domicile.max_lag that is no duration above 0 is refused",
        arguments: ["0", "", "1", "-1s", "1 s", "1w", "9999999999999999999s", "1s\u{0}"])
    func wrongMaxLag(value: String) {
        #expect(refused([("domicile.max_lag", value)]) == "22023")
    }

    @Test("No database at all means the user's name, with a region in it too")
    func databaseMissing() throws {
        let startup = try ExecutorStartup(
            StartupMessage(version: .v30, parameters: [.init("user", "orders@EU")]))
        #expect(startup.logical.database == "orders")
        #expect(startup.regionsAsked == ["EU"])
        #expect(startup.user == "orders@EU")
    }

    @Test(
        "A dbname that cannot be read is 3D000",
        arguments: ["@EU", "orders@", "a@b@c", "or\u{1}ders", "orders@e\u{7f}u"])
    func databaseUnreadable(text: String) {
        #expect(refused([("database", text)]) == "3D000")
    }

    @Test("No user, or an empty one, is 28000")
    func userMissing() {
        for parameters in [[], [StartupMessage.Parameter("user", "")]] {
            do throws(Refusal) {
                _ = try ExecutorStartup(StartupMessage(version: .v30, parameters: parameters))
                Issue.record("let in without a user")
            } catch {
                #expect(error.sqlstate == "28000")
            }
        }
    }

    @Test(
        "domicile.region as a parameter or in options asks for a region, and goes no further",
        arguments: [
            [("domicile.region", "EU")], [("DOMICILE.Region", "EU")],
            [("options", "-c domicile.region=EU")], [("options", "-cdomicile.region=EU")],
            [("options", "--domicile.region=EU")], [("options", "--DOMICILE.REGION=EU")],
            [("options", "-c domicile.region=EU ")],
        ])
    func regionAsked(parameters: [(String, String)]) throws {
        let startup = try read(parameters)
        #expect(startup.regionsAsked == ["EU"])
        #expect(startup.forwarded.isEmpty)
        #expect(startup.options == nil)
    }

    @Test("Every region asked for counts, by dbname, parameter and options together: all of them narrow")
    func regionsTogether() throws {
        let startup = try read([
            ("database", "orders@EU"), ("domicile.region", "eu-west-1"),
            ("options", "-c domicile.region=eu-central-1 --domicile.region=US"),
        ])
        #expect(startup.regionsAsked.sorted() == ["EU", "US", "eu-central-1", "eu-west-1"])
    }

    @Test("A domicile.region that cannot be read is 3D000", arguments: ["", "a@b", "e\u{1}u"])
    func regionUnreadable(text: String) {
        #expect(refused([("domicile.region", text)]) == "3D000")
    }

    // MARK: Parameters

    @Test("F-WIRE-10: what is not the gateway's goes on as it came, in order, names that stand twice too")
    func forwarded() throws {
        let startup = try read([
            ("extra_float_digits", "2"), ("work_mem", "1MB"), ("application_name", "psql"),
            ("work_mem", "2MB"),
            ("TimeZone", "Asia/Kathmandu"), ("myapp.user", "a=b c"), ("USER", "x"),
        ])
        #expect(
            names(startup) == [
                "extra_float_digits=2", "work_mem=1MB", "application_name=psql", "work_mem=2MB",
                "TimeZone=Asia/Kathmandu", "myapp.user=a=b c", "USER=x",
            ])
        #expect(startup.application == Array("psql".utf8))
    }

    @Test("F-WIRE-10: user, database, replication and options are the gateway's to set")
    func replaced() throws {
        let startup = try read([("replication", "off"), ("options", "-c a.b=c"), ("user", "writer")])
        #expect(startup.forwarded.isEmpty)
        #expect(startup.user == "writer")
        #expect(startup.replication == .none)
        #expect(startup.application == nil)
    }

    @Test(
        "Rule 8: names of the gateway and settings that widen rights are refused, however they are written",
        arguments: [
            "role", "ROLE", "Role", "session_authorization", "Session_Authorization",
            "default_transaction_read_only",
            "DEFAULT_TRANSACTION_READ_ONLY", "transaction_read_only", "domicile.subject", "DOMICILE.Subject",
            "domicile.session", "Domicile.Planner", "domicile.task", "domicile.anything",
            "domicile.domicile.region",
            "domicile.", "domicile.region ",
            "local_preload_libraries", "Session_Preload_Libraries", "dynamic_library_path",
        ])
    func refusedNames(name: String) {
        #expect(refused([(name, "x")]) == "42501")
    }

    @Test(
        "Rule 8: in options they are refused with dashes for underscores and in every form too",
        arguments: [
            "-c role=x", "-crole=x", "--role=x", "-c ROLE=x", "--Default-Transaction-Read-Only=off",
            "-c Default-Transaction-Read-Only=off", "-c default_transaction_read-only=off",
            "--session-authorization=x",
            "-c DOMICILE.Subject=x", "--domicile.subject=x", "-c\\ role=x -c role=y", "-c r\\ole=x",
            "-c \\r\\o\\l\\e=x",
            "-c a.b=c -c role=x", "-c role=x -c a.b=c", "-ec role=x", "-c role=", "-c\trole=x", "-c\nrole=x",
            "--transaction-read-only=off", "--local-preload-libraries=auto_explain",
        ])
    func refusedOptions(text: String) {
        #expect(refused([("options", text)]) == "42501")
    }

    @Test(
        "Rule 8: a name under domicile. is refused whatever its next character joins with",
        arguments: [
            "domicile.\u{301}x", "domicile.\u{200d}subject",
        ])
    func refusedJoined(name: String) {
        #expect(refused([(name, "x")]) == "42501")
        #expect(refused([("options", "-c \(name)=x")]) == "42501")
    }

    @Test(
        "Names that only resemble refused ones go on",
        arguments: [
            "roles", "my.role", "xdomicile.subject", "domicilex.subject", "domicile",
            "default_transaction_isolation",
            "-role", "default-transaction-read-only",
        ])
    func resembling(name: String) throws {
        #expect(names(try read([(name, "x")])) == ["\(name)=x"])
    }

    @Test("The method of login that the gateway has may be asked for, and goes no further")
    func authMethod() throws {
        let startup = try read([("options", "-c domicile.auth=cleartext"), ("domicile.auth", "cleartext")])
        #expect(startup.options == nil)
        #expect(startup.forwarded.isEmpty)
        #expect(startup.authentication == .cleartext)
        for value in ["trust", "", "OAUTHBEARER", "oauthbearer ", "oauth"] {
            #expect(refused([("domicile.auth", value)]) == "42501")
        }
    }

    @Test(
        "F-ID-19: OAUTHBEARER is asked for by options or parameter, in any case of the name; the last one counts",
        arguments: [
            [("options", "-c domicile.auth=oauthbearer")], [("domicile.auth", "oauthbearer")],
            [("options", "--DOMICILE.Auth=oauthbearer -c domicile.region=EU")],
            [("options", "-c domicile.auth=cleartext -c domicile.auth=oauthbearer")],
        ])
    func bearer(parameters: [(String, String)]) throws {
        let startup = try read(parameters)
        #expect(startup.authentication == .oauthbearer)
        #expect(startup.options == nil && startup.forwarded.isEmpty)
        #expect(try read([]).authentication == nil)
    }

    // MARK: options

    @Test(
        "F-WIRE-10: options go on in the server's own escaping, without what is the gateway's",
        arguments: [
            ("-c a.b=c", "-c a.b=c"),
            ("-c a.b=c\\ d", "-c a.b=c\\ d"),
            ("-c a.b=c\\\\d", "-c a.b=c\\\\d"),
            ("--search-path=x -c work_mem=1MB", "-c search_path=x -c work_mem=1MB"),
            ("  -c   a.b=1\t-c\na.c=2  ", "-c a.b=1 -c a.c=2"),
            ("-c domicile.region=EU -c a.b=c", "-c a.b=c"),
            ("-c a.b=c -c domicile.region=EU", "-c a.b=c"),
            ("-S 4MB", "-c work_mem=4MB"),
            ("-fs", "-c enable_seqscan=false"),
            ("-c a.b=1 -c a.b=2", "-c a.b=1 -c a.b=2"),
            ("-c a.b=", "-c a.b="),
            ("-c a.b=x=y", "-c a.b=x=y"),
        ])
    func optionsEncoded(text: String, expected: String) throws {
        #expect(try options(text) == expected)
    }

    @Test("Where nothing is left of options none go on", arguments: ["", "   ", "-c domicile.region=EU"])
    func optionsEmpty(text: String) throws {
        let left = try options(text)
        #expect(left == nil)
    }

    @Test("Of options that stand twice the last go on, and neither may hold what is refused")
    func optionsTwice() throws {
        let startup = try read([("options", "-c a.b=1"), ("options", "-c a.c=2")])
        #expect(startup.options == Array("-c a.c=2".utf8))
        #expect(refused([("options", "-c role=x"), ("options", "-c a.c=2")]) == "42501")
        #expect(refused([("options", "-c a.c=2"), ("options", "-c role=x")]) == "42501")
    }

    @Test(
        "Options that PostgreSQL would not understand are 42601, with the byte where it begins",
        arguments: [
            ("-c", 0), ("-c role", 0), ("-Z", 0), ("stray", 0), ("-c a.b=c -Z", 9), ("--role", 0),
        ])
    func optionsUnreadable(text: String, position: Int) {
        do throws(Refusal) {
            _ = try read([("options", text)])
            Issue.record("took \(text)")
        } catch {
            #expect(error.sqlstate == "42601")
            #expect(error.detail.contains("byte \(position) "))
        }
    }

    // MARK: Replication and versions

    @Test(
        "F-WIRE-28: replication is read as the server reads it",
        arguments: [
            ("true", StartupMessage.Replication.physical), ("TRUE", .physical), ("t", .physical),
            ("on", .physical),
            ("yes", .physical), ("1", .physical), ("database", .logical), ("false", .none), ("off", .none),
            ("0", .none),
            ("no", .none),
        ])
    func replication(text: String, expected: StartupMessage.Replication) throws {
        #expect(try read([("replication", text)]).replication == expected)
    }

    @Test(
        "F-WIRE-28: a replication that is none the server knows is refused",
        arguments: ["2", "", "maybe", "Database", "o", " on"])
    func replicationUnknown(text: String) {
        #expect(refused([("replication", text)]) == "08P01")
    }

    @Test("F-WIRE-12: options of the protocol stay behind, and 3.2 has the long cancel key")
    func protocolVersions() throws {
        let old = try read([], protocolOptions: [.init("_pq_.x", "1")])
        #expect(old.forwarded.isEmpty)
        #expect(!old.usesLongCancelKey)
        #expect(try read([], version: .v32).usesLongCancelKey)
        #expect(try read([], version: ProtocolVersion(major: 3, minor: 99)).usesLongCancelKey)
        #expect(!(try read([], version: ProtocolVersion(major: 3, minor: 1)).usesLongCancelKey))
    }

    @Test(
        "Text that is no UTF-8 is no trap: the database is one that nobody has, a value goes on as it is"
    )
    func invalidUnicode() throws {
        let startup = try ExecutorStartup(
            StartupMessage(
                version: .v30,
                parameters: [
                    .init("user", "analyst"), .init(name: Array("database".utf8), value: [0xff, 0xfe]),
                    .init(name: [0x61, 0xff], value: [0xc3, 0x28]),
                ]))
        #expect(startup.logical.database == "\u{FFFD}\u{FFFD}")
        #expect(startup.forwarded == [.init(name: [0x61, 0xff], value: [0xc3, 0x28])])
    }
}
