import GatewayCatalog
import GatewayGuard
import GatewayPolicy
import Testing

@Suite struct SessionGuardTests {
    private func session(_ forbid: Set<StatementClass>) -> SessionGuard {
        GuardFixture.session(GuardFixture.rules(forbid))
    }

    private func run(_ sql: String, _ session: inout SessionGuard) -> Bool {
        let text = GuardFixture.judged(sql)
        guard session.verdict(text.judgement).isAllowed else { return false }
        session.note(text)
        return true
    }

    @Test func `F-GRD-07: a relation that the session made harmlessly is known from then on`() {
        var session = session([.egress])
        #expect(!run("SELECT * FROM mine", &session))
        #expect(run("CREATE TEMP TABLE mine (a int)", &session))
        #expect(run("SELECT * FROM mine", &session))
        #expect(run("SELECT * FROM pg_temp.mine", &session))
        #expect(!run("SELECT * FROM public.mine", &session))
        #expect(run("CREATE TABLE ours (a int); SELECT * FROM public.ours", &session))
        #expect(run("CREATE TABLE app.theirs (a int); SELECT * FROM theirs", &session))
        #expect(!run("SELECT * FROM public.theirs", &session))
        #expect(run("CREATE TABLE other AS SELECT 1; SELECT * FROM other", &session))
        #expect(!run("CREATE FOREIGN TABLE leak (a int) SERVER s; SELECT * FROM leak", &session))
        #expect(!run("SELECT * FROM leak", &session))
    }

    @Test func `Temporary relations that the session made are its own to change and drop`() {
        var session = session([.ddl])
        #expect(!run("DROP TABLE mine", &session))
        #expect(run("DROP TABLE IF EXISTS mine", &session))
        #expect(run("CREATE TEMP TABLE mine AS SELECT 1 AS a", &session))
        #expect(run("CREATE INDEX ON mine (a)", &session))
        #expect(run("ALTER TABLE pg_temp.mine ADD COLUMN b int", &session))
        #expect(run("DROP TABLE mine", &session))
        #expect(!run("CREATE INDEX ON other (a)", &session))
        #expect(!run("DROP TABLE mine, orders", &session))
        #expect(!run("DROP TABLE app.mine", &session))
    }

    @Test func `EXECUTE is judged by what was prepared under the name`() {
        var session = session([])
        #expect(run("PREPARE q AS SELECT dblink_connect('x')", &session))
        #expect(run("EXECUTE q", &session))
        session.rules = GuardFixture.rules([.egress])
        #expect(!run("EXECUTE q", &session), "F-GRD-09: prepared before the ban")
        #expect(run("PREPARE r AS SELECT 1; EXECUTE r", &session))
        #expect(run("EXECUTE r", &session))
        #expect(!run("EXECUTE never", &session))
    }

    @Test func `F-GRD-08: what was prepared is judged by the catalogue that holds when it is run`() {
        var session = session([.egress])
        #expect(run("PREPARE q AS SELECT * FROM orders", &session))
        #expect(run("EXECUTE q", &session))
        // Another session made a foreign table of it.
        let replaced = CatalogSnapshot(
            serverVersion: 150_020,
            relations: [
                CatalogRelation(
                    schema: "public", name: "orders", kind: .foreignTable, read: .egress, readOnly: .egress,
                    write: .egress, reasons: [CatalogReason(reach: .egress, text: "is a foreign table")])
            ], functions: [], operators: [], types: [])
        session.catalog = PublishedCatalog(number: 2, snapshot: replaced)
        #expect(!run("EXECUTE q", &session))
        session.catalog = nil
        #expect(!run("EXECUTE q", &session), "no catalogue, no verdict")
        session.catalog = GuardFixture.published
        #expect(run("EXECUTE q", &session))
    }

    @Test func `F-GRD-02: one text under both ways of reading strings is two texts of a name`() {
        var session = session([])
        let sql = "SELECT 'a\\'', dblink_connect($$x$$) --'"
        session.note(GuardFixture.judged(sql), preparedAs: "q")
        session.note(GuardFixture.judged(sql, conforming: false), preparedAs: "q")
        session.rules = GuardFixture.rules([.egress])
        #expect(!session.verdict(ofPrepared: "q").isAllowed)
    }

    @Test func `A name that had too many texts is not known any more`() {
        var session = session([.egress])
        for number in 0..<SessionGuard.textsPerName {
            #expect(run("PREPARE q AS SELECT \(number)", &session))
            #expect(run("EXECUTE q", &session))
        }
        #expect(run("PREPARE q AS SELECT 0", &session), "the same text counts once")
        #expect(run("EXECUTE q", &session))
        #expect(run("PREPARE q AS SELECT -1", &session))
        #expect(!run("EXECUTE q", &session))
    }

    @Test func `Two-phase transactions end in the session or the principal's that prepared them`() {
        var session = session([])
        #expect(!run("COMMIT PREPARED 'theirs'", &session))
        #expect(run("PREPARE TRANSACTION 'mine'", &session))
        #expect(
            !run("COMMIT PREPARED 'mine'", &session), "that it was sent says nothing: it may be another's")
        session.owns(transaction: "mine")
        #expect(run("COMMIT PREPARED 'mine'", &session))
        session.disowns(transaction: "mine")
        #expect(!run("COMMIT PREPARED 'mine'", &session), "the next one of that name may be another's")
        // Another session of the same principal prepared it.
        let ends = GuardFixture.judged("ROLLBACK PREPARED 'earlier'").judgement
        #expect(!session.verdict(ends).isAllowed)
        #expect(session.verdict(ends) { $0 == "earlier" }.isAllowed)
    }

    @Test func `A verdict names a bounded number of reasons`() {
        let sql = "SELECT " + (0..<1000).map { "f\($0)()" }.joined(separator: ", ")
        let verdict = session([.opaque]).verdict(GuardFixture.judged(sql).judgement)
        #expect(verdict.reasons.count == StatementVerdict.reasonLimit)
    }
}

extension SessionGuardTests {
    @Test func `A Bind of a name that nothing prepared is the server's to refuse, unless texts went unread`()
    {
        var session = GuardFixture.session(GuardFixture.rules([.egress]))
        #expect(session.verdict(ofPrepared: "never").isAllowed)
        session.rules = GuardFixture.rules([])
        session.rules = GuardFixture.rules([.egress])
        #expect(!session.verdict(ofPrepared: "never").isAllowed)
        var free = GuardFixture.session(GuardFixture.rules([]))
        free.rules = GuardFixture.rules([.egress])
        #expect(!free.verdict(ofPrepared: "never").isAllowed)
    }
}
