import PGWire
import Testing

@Suite("The startup parameter options")
struct StartupOptionsTests {
    /// Each was sent to PostgreSQL 15 and `pg_settings` read back.
    static let taken: [(String, [StartupOptions.Setting])] = [
        ("", []),
        ("  \t ", []),
        ("-c work_mem=1MB", [.init("work_mem", "1MB")]),
        ("-cwork_mem=1MB", [.init("work_mem", "1MB")]),
        ("--work-mem=1MB", [.init("work_mem", "1MB")]),
        ("-c Work-Mem=1MB", [.init("Work_Mem", "1MB")]),
        ("  \t-c\u{0b}work_mem=1MB", [.init("work_mem", "1MB")]),
        ("-c a.b=x -c a.b=y", [.init("a.b", "x"), .init("a.b", "y")]),
        ("-c a=b=c", [.init("a", "b=c")]),
        ("-c a=", [.init("a", "")]),
        ("-c =5", [.init("", "5")]),
        ("-c a=b\\ c", [.init("a", "b c")]),
        ("-c a=b\\\\c", [.init("a", "b\\c")]),
        ("-c a=\\b", [.init("a", "b")]),
        ("-c a=b\\", [.init("a", "b")]),
        ("-c\\ a=b", [.init(" a", "b")]),
        ("-c -c=b", [.init("_c", "b")]),
        ("-S 1024", [.init("work_mem", "1024")]),
        ("-sS 1024", [.init("log_statement_stats", "true"), .init("work_mem", "1024")]),
        (
            "-sPO",
            [
                .init("log_statement_stats", "true"), .init("ignore_system_indexes", "true"),
                .init("allow_system_table_mods", "true"),
            ]
        ),
        ("-b -E -j -n -T", []),
        ("-C x -D y -r z -v 2", []),
        ("--", []),
        (
            "-f s -fi -fo -fb -ft -fn -fm -fh",
            [
                .init("enable_seqscan", "false"), .init("enable_indexscan", "false"),
                .init("enable_indexonlyscan", "false"), .init("enable_bitmapscan", "false"),
                .init("enable_tidscan", "false"), .init("enable_nestloop", "false"),
                .init("enable_mergejoin", "false"),
                .init("enable_hashjoin", "false"),
            ]
        ),
        (
            "-t pa -tplX -te",
            [
                .init("log_parser_stats", "true"), .init("log_planner_stats", "true"),
                .init("log_executor_stats", "true"),
            ]
        ),
        ("-e", [.init("datestyle", "euro")]),
        ("-F -l -i", [.init("fsync", "false"), .init("ssl", "true"), .init("listen_addresses", "*")]),
        (
            "-B 1 -N 2 -p 3 -k d -h h -W 0",
            [
                .init("shared_buffers", "1"), .init("max_connections", "2"), .init("port", "3"),
                .init("unix_socket_directories", "d"), .init("listen_addresses", "h"),
                .init("post_auth_delay", "0"),
            ]
        ),
        ("-d 2", [.init("log_min_messages", "debug2"), .init("log_statement", "all")]),
        (
            "-d 5",
            [
                .init("log_min_messages", "debug5"), .init("log_statement", "all"),
                .init("debug_print_parse", "true"),
                .init("debug_print_plan", "true"), .init("debug_print_rewritten", "true"),
            ]
        ),
        ("-d x", [.init("log_min_messages", "notice")]),
        ("-d -3", [.init("log_min_messages", "notice")]),
        ("-d 99999999999999999999", [.init("log_min_messages", "notice")]),
        ("-d 4294967297", [.init("log_min_messages", "debug1")]),
    ]

    @Test("F-WIRE-10: what PostgreSQL sets by a text is what is found in it", arguments: taken)
    func takes(text: String, settings: [StartupOptions.Setting]) throws {
        #expect(try StartupOptions.parse(Array(text.utf8)).settings == settings)
    }

    @Test("F-WIRE-10: written again, the same is set", arguments: taken)
    func roundTrip(text: String, settings: [StartupOptions.Setting]) throws {
        let encoded = StartupOptions(settings: settings).encoded
        #expect(try StartupOptions.parse(encoded).settings == settings)
    }

    @Test("F-WIRE-10: whitespace and backslashes are escaped, byte by byte")
    func escapes() {
        let options = StartupOptions(settings: [.init("search_path", "a, \"b\\c\"\t"), .init("x", "")])
        #expect(options.encoded == Array("-c search_path=a,\\ \"b\\\\c\"\\\t -c x=".utf8))
    }

    /// Each was sent to PostgreSQL 15, which answered 42601 to all.
    static let refused: [(String, StartupOptions.Mistake.Reason, Int)] = [
        ("foo", .noSwitch, 0),
        ("-c work_mem=1MB foo -c work_mem=2MB", .noSwitch, 16),
        ("-c", .missingArgument(0x63), 0),
        ("--search_path=x  -c", .missingArgument(0x63), 17),
        ("-c work_mem", .missingValue, 0),
        ("--search-path", .missingValue, 0),
        ("-- x", .noSwitch, 3),
        ("-", .noSwitch, 0),
        ("-x", .unknownSwitch(0x78), 0),
        ("-o x", .unknownSwitch(0x6f), 0),
        ("-sx", .unknownSwitch(0x78), 0),
        ("-:", .unknownSwitch(0x3a), 0),
        ("-;", .unknownSwitch(0x3b), 0),
        ("-fx", .unknownArgument(0x66), 0),
        ("-tq", .unknownArgument(0x74), 0),
        ("-t p", .unknownArgument(0x74), 0),
    ]

    @Test("F-WIRE-10: what PostgreSQL does not understand is refused, with its place", arguments: refused)
    func refuses(text: String, reason: StartupOptions.Mistake.Reason, position: Int) {
        #expect(throws: StartupOptions.Mistake(reason: reason, position: position)) {
            try StartupOptions.parse(Array(text.utf8))
        }
    }

    static let spellings = [
        "-c DOMICILE.Region=x", "--domicile.region=x", "--Domicile.REGION=x", "-cdomicile.region=x",
        "-sc domicile.region=x", "-c d\\omicile.region=x", "-\\c domicile.region=x",
    ]

    @Test("Names fold: no spelling hides a setting", arguments: spellings)
    func folding(text: String) throws {
        let settings = try StartupOptions.parse(Array(text.utf8)).settings
        #expect(settings.last?.foldedName == Array("domicile.region".utf8))
    }

    @Test("Names fold: a dash is an underscore in both forms")
    func dashes() throws {
        for text in ["--Default-Transaction-Read-Only=off", "-c default_transaction-READ-only=off"] {
            let settings = try StartupOptions.parse(Array(text.utf8)).settings
            #expect(settings.map(\.foldedName) == [Array("default_transaction_read_only".utf8)])
        }
    }
}
