/// Functions of PostgreSQL's that clients call, beside SQLite's own.
struct CatalogueFunctions {
    let catalogue: Catalogue

    var all: [EngineFunction] { session + names + rights + descriptions + values }

    private func constant(_ name: String, _ arguments: Int? = nil, _ value: ConsoleValue) -> EngineFunction {
        EngineFunction(name, arguments) { _ throws(ConsoleError) in value }
    }

    private var session: [EngineFunction] {
        let subject = ConsoleValue.text(catalogue.subject)
        let settings = catalogue.settings
        return [
            constant("current_user", 0, subject), constant("session_user", 0, subject),
            constant("current_role", 0, subject), constant("current_database", 0, .text("domicile")),
            constant("current_catalog", 0, .text("domicile")), constant("current_schema", 0, .text("public")),
            EngineFunction("current_schemas", 1) { arguments throws(ConsoleError) in
                .text(arguments.first == .integer(0) ? #"["public"]"# : #"["pg_catalog","public"]"#)
            },
            constant(
                "version", 0,
                .text("PostgreSQL \((try? settings.show("server_version")) ?? "15") (Domicile, SQLite)")),
            EngineFunction("current_setting", nil) { arguments throws(ConsoleError) in
                guard let name = arguments.first?.string else { return .null }
                guard arguments.count < 2 else { return ConsoleValue(try? settings.show(name)) }
                return .text(try settings.show(name))
            },
            EngineFunction("set_config", 3) { arguments throws(ConsoleError) in
                arguments.count > 1 ? arguments[1] : .null
            },
            constant("pg_backend_pid", 0, .integer(0)), constant("pg_is_in_recovery", 0, .integer(0)),
            constant("pg_is_wal_replay_paused", 0, .integer(0)), constant("txid_current", 0, .integer(1)),
            constant("pg_postmaster_start_time", 0, .null), constant("inet_server_addr", 0, .null),
            constant("inet_server_port", 0, .null), constant("inet_client_addr", 0, .null),
            constant("pg_advisory_unlock_all", 0, .null), constant("pg_my_temp_schema", 0, .integer(0)),
            constant("pg_is_other_temp_schema", 1, .integer(0)), constant("pg_listening_channels", 0, .null),
            constant("pg_export_snapshot", 0, .null), constant("pg_conf_load_time", 0, .null),
        ]
    }

    private var names: [EngineFunction] {
        let relations = catalogue.relations
        return [
            EngineFunction("pg_regclass", 1) { arguments throws(ConsoleError) in
                guard case .text(let name)? = arguments.first else { return arguments.first ?? .null }
                let bare = name.split(separator: ".").last.map(String.init) ?? name
                let plain = bare.replacing("\"", with: "")
                if let known = Catalogue.systemClasses[plain] { return .integer(known) }
                return relations.first { $0.name == plain }.map { .integer($0.oid) } ?? .null
            },
            EngineFunction("to_regclass", 1) { arguments throws(ConsoleError) in
                guard let name = arguments.first?.string else { return .null }
                let bare = name.split(separator: ".").last.map(String.init) ?? name
                return relations.contains { $0.name == bare } ? .text(bare) : .null
            },
            EngineFunction("pg_regtype", 1) { arguments throws(ConsoleError) in
                guard case .text(let name)? = arguments.first else { return arguments.first ?? .null }
                return Catalogue.typeRows.first { $0.1 == name }.map { .integer($0.0) } ?? .null
            },
            EngineFunction("pg_regnamespace", 1) { arguments throws(ConsoleError) in
                guard case .text(let name)? = arguments.first else { return arguments.first ?? .null }
                switch name {
                case "public": return .integer(Catalogue.publicSchema)
                case "pg_catalog": return .integer(Catalogue.catalogueSchema)
                case "information_schema": return .integer(Catalogue.informationSchema)
                default: return .null
                }
            },
            EngineFunction("format_type", 2) { arguments throws(ConsoleError) in
                guard case .integer(let oid)? = arguments.first else { return .null }
                if let own = ConsoleType.allCases.first(where: { Int64($0.oid) == oid }) {
                    return .text(own.postgreSQLName)
                }
                return .text(Catalogue.typeRows.first { $0.0 == oid }?.1 ?? "???")
            },
            EngineFunction("pg_get_userbyid", 1) { arguments throws(ConsoleError) in
                arguments.first == .integer(Catalogue.owner) ? .text("domicile") : .text("unknown")
            },
            constant("getdatabaseencoding", 0, .text("UTF8")),
            constant("pg_char_to_encoding", 1, .integer(6)),
            EngineFunction("pg_encoding_to_char", 1) { _ throws(ConsoleError) in .text("UTF8") },
            EngineFunction("quote_ident", 1) { arguments throws(ConsoleError) in
                ConsoleValue(arguments.first?.string.map(CatalogueFunctions.quoted))
            },
            EngineFunction("quote_literal", 1) { arguments throws(ConsoleError) in
                ConsoleValue(arguments.first?.string.map { "'" + $0.replacing("'", with: "''") + "'" })
            },
        ]
    }

    private static func quoted(_ name: String) -> String {
        let isPlain =
            name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5f }
            && name.utf8.first.map { !(0x30...0x39).contains($0) } ?? false
        return isPlain ? name : "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    private var rights: [EngineFunction] {
        [
            "table", "schema", "database", "column", "function", "sequence", "type", "tablespace", "language",
            "any_column",
        ]
        .map { what in
            // Whatever is asked for, it may be read and nothing else.
            EngineFunction("has_\(what)_privilege", nil) { arguments throws(ConsoleError) in
                let right = arguments.last?.string?.uppercased() ?? ""
                return .integer(["SELECT", "USAGE", "CONNECT", "EXECUTE"].contains(right) ? 1 : 0)
            }
        } + [
            constant("pg_has_role", nil, .integer(0)), constant("row_security_active", 1, .integer(0)),
        ]
            + [
                "table", "type", "function", "operator", "opclass", "opfamily", "collation", "conversion",
                "ts_config", "ts_dict", "ts_parser", "ts_template", "statistics_obj",
            ].map { constant("pg_\($0)_is_visible", 1, .integer(1)) }
    }

    private var descriptions: [EngineFunction] {
        [
            "obj_description", "col_description", "shobj_description", "pg_get_expr", "pg_get_constraintdef",
            "pg_get_indexdef", "pg_get_viewdef", "pg_get_triggerdef", "pg_get_ruledef", "pg_get_partkeydef",
            "pg_get_functiondef", "pg_get_function_result", "pg_get_function_arguments",
            "pg_get_function_identity_arguments", "pg_get_serial_sequence", "pg_get_statisticsobjdef_columns",
            "pg_relation_filenode", "pg_tablespace_location", "pg_get_partition_constraintdef",
            "pg_relation_is_publishable", "pg_partition_ancestors", "pg_get_function_sqlbody",
            "pg_stat_get_numscans", "array_remove",
            "array_append", "array_cat",
        ].map { constant($0, nil, .null) }
            + [
                "pg_table_size", "pg_relation_size", "pg_total_relation_size", "pg_indexes_size",
                "pg_database_size", "pg_tablespace_size",
            ].map { constant($0, nil, .integer(0)) } + [
                EngineFunction("pg_size_pretty", 1) { arguments throws(ConsoleError) in
                    ConsoleValue(arguments.first?.string.map { $0 + " bytes" })
                },
                EngineFunction("pg_relation_is_updatable", 2) { _ throws(ConsoleError) in .integer(0) },
            ]
    }

    private var values: [EngineFunction] {
        [
            EngineFunction("pg_array", 1) { arguments throws(ConsoleError) in
                guard let text = arguments.first?.string else { return .text("[]") }
                return .text(CatalogueFunctions.list(text))
            },
            EngineFunction("array_to_string", 2) { arguments throws(ConsoleError) in
                guard let text = arguments.first?.string else { return .null }
                let parts = text.dropFirst().dropLast().split(separator: ",").map { $0.filter { $0 != "\"" } }
                return .text(parts.joined(separator: arguments.last?.string ?? ""))
            },
            EngineFunction("array_length", 2) { _ throws(ConsoleError) in .null },
            EngineFunction("array_upper", 2) { _ throws(ConsoleError) in .null },
            EngineFunction("array_position", 2) { _ throws(ConsoleError) in .null },
            CatalogueFunctions.end("left") { text, count, isFromBegin in
                isFromBegin ? text.prefix(count) : text.dropLast(count)
            },
            CatalogueFunctions.end("right") { text, count, isFromEnd in
                isFromEnd ? text.suffix(count) : text.dropFirst(count)
            },
            EngineFunction("concat", nil) { arguments throws(ConsoleError) in
                .text(arguments.compactMap(\.string).joined())
            },
            EngineFunction("regexp", 2) { arguments throws(ConsoleError) in
                guard arguments.count == 2, let pattern = arguments[0].string, let text = arguments[1].string
                else {
                    return .null
                }
                return .integer(try PatternMatch.matches(pattern, text) ? 1 : 0)
            },
        ]
    }

    /// left and right: so many characters, or where the number is negative all but so many.
    private static func end(
        _ name: String, _ piece: @escaping (_ text: String, _ count: Int, _ isPositive: Bool) -> Substring
    ) -> EngineFunction {
        EngineFunction(name, 2) { arguments throws(ConsoleError) in
            guard arguments.count == 2, let text = arguments[0].string,
                case .integer(let count) = arguments[1]
            else { return .null }
            return .text(String(piece(text, Int(clamping: count.magnitude), count >= 0)))
        }
    }

    /// An array as PostgreSQL writes it, `{a,b}`, as JSON; JSON stays as it is.
    static func list(_ text: String) -> String {
        guard text.hasPrefix("{"), text.hasSuffix("}") else { return text.hasPrefix("[") ? text : "[]" }
        let parts = text.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: true)
        let quoted = parts.map { part -> String in
            let bare = part.hasPrefix("\"") ? String(part.dropFirst().dropLast()) : String(part)
            if Int64(bare) != nil { return bare }
            return "\"" + bare.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
        }
        return "[" + quoted.joined(separator: ",") + "]"
    }
}

extension Catalogue {
    /// Tables of the catalogue whose numbers clients ask for by `::regclass`.
    static let systemClasses: [String: Int64] = [
        "pg_class": 1259, "pg_attribute": 1249, "pg_type": 1247, "pg_proc": 1255, "pg_namespace": 2615,
        "pg_database": 1262, "pg_constraint": 2606, "pg_trigger": 2620, "pg_rewrite": 2618, "pg_authid": 1260,
        "pg_description": 2609, "pg_tablespace": 1213, "pg_index": 2610, "pg_attrdef": 2604,
    ]
}
