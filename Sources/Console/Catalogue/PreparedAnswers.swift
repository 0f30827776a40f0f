/// Queries of clients about the catalogue that no translation covers: parts of them that give way to others, and whole
/// ones whose answer is empty, for what they ask of there is nothing here.
enum PreparedAnswers {
    /// Parts as psql 15 and pgjdbc 42.5 send them, and what stands for them.
    private static let parts: [(String, String)] = [
        // psql \d: storage options of a table.
        (
            "c.reloptions || array(select 'toast.' || x from pg_catalog.unnest(tc.reloptions) x)", "NULL"
        ),
        // psql \d: columns of a publication.
        (
            """
            (SELECT string_agg(attname, ', ') FROM pg_catalog.generate_series(0, \
            pg_catalog.array_upper(pr.prattrs::pg_catalog.int2[], 1)) s, pg_catalog.pg_attribute \
            WHERE attrelid = pr.prrelid AND attnum = prattrs[s])
            """, "NULL"
        ),
        // psql \\dy.
        ("array(select x from pg_catalog.unnest(evttags) as t(x))", "NULL"),
        // pgjdbc: the schemas of the search path, in their order.
        (
            """
            ( select s.r, (current_schemas(false))[s.r] as nspname from \
            generate_series(1, array_upper(current_schemas(false), 1)) as s(r) )
            """, "(select 1 as r, 'public' as nspname)"
        ),
        // pgjdbc and DBeaver: key words beyond the standard's.
        ("pg_catalog.pg_get_keywords()", "(SELECT 'reload' AS word)"),
    ]

    private static let needles: [(needle: [SQLToken], other: [SQLToken])] = parts.compactMap { part in
        guard let needle = try? SQLLexer.tokens(Array(part.0.utf8)),
            let other = try? SQLLexer.tokens(Array(part.1.utf8))
        else { return nil }
        return (needle, other)
    }

    /// Functions that give sets, which SQLite has no way for, and tables that have no rows here: a query of both is
    /// about something that no table of the console has.
    private static let sets: Set<String> = [
        "_pg_expandarray", "generate_subscripts", "generate_series", "unnest", "pg_options_to_table",
        "aclexplode", "pg_partition_tree",
    ]

    private static let rowless = Set(Catalogue.emptyTables.map(\.name))

    /// The tokens to run in place of a query's; nil: the query itself.
    static func replaced(_ tokens: [SQLToken]) -> [SQLToken]? {
        guard tokens.contains(where: { $0.text.hasPrefix("pg_") || $0.text.hasPrefix("current_schemas") })
        else { return nil }
        var made = tokens
        var isChanged = false
        for (needle, other) in needles {
            while let at = place(of: needle, in: made) {
                made.replaceSubrange(at..<(at + needle.count), with: moved(other, to: made[at]))
                isChanged = true
            }
        }
        return emptied(made) ?? (isChanged ? made : nil)
    }

    private static func place(of needle: [SQLToken], in tokens: [SQLToken]) -> Int? {
        guard let first = needle.first, tokens.count >= needle.count else { return nil }
        return (0...(tokens.count - needle.count)).first { at in
            isSame(tokens[at], first)
                && zip(tokens[at...], needle).allSatisfy { isSame($0, $1) }
        }
    }

    private static func isSame(_ left: SQLToken, _ right: SQLToken) -> Bool {
        left.kind == right.kind && left.text == right.text
    }

    private static func moved(_ tokens: [SQLToken], to place: SQLToken) -> [SQLToken] {
        tokens.enumerated().map { at, token in
            SQLToken(
                kind: token.kind, text: token.text, range: place.range,
                isApart: at == 0 ? place.isApart : token.isApart)
        }
    }

    /// A query without rows, with the columns' names of the one that is asked.
    private static func emptied(_ tokens: [SQLToken]) -> [SQLToken]? {
        guard tokens.contains(where: { sets.contains($0.text) }),
            tokens.contains(where: { rowless.contains($0.text) }), let place = tokens.first
        else { return nil }
        let names = SelectList(tokens, columnTypes: [:]).names
        guard !names.isEmpty else { return nil }
        let columns = names.map { "NULL AS \"\($0.replacing("\"", with: "\"\""))\"" }.joined(separator: ", ")
        return (try? SQLLexer.tokens(Array("SELECT \(columns) WHERE 0".utf8))).map { moved($0, to: place) }
    }
}
