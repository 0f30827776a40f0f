import Foundation
import GatewayCatalog
import Testing

@Suite struct CatalogClosureTests {
    @Test("F-GRD-05: a foreign table is reached through views over views, materialized views, and says so")
    func views() {
        var catalogue = Catalogue()
        let far = catalogue.relation("far", .foreignTable)
        let near = catalogue.relation("near", .view)
        let nearer = catalogue.relation("nearer", .view, schema: "app")
        let kept = catalogue.relation("kept", .materializedView)
        let other = catalogue.relation("other", .view)
        let table = catalogue.relation("plain")
        catalogue.link(near, .view, far)
        catalogue.link(nearer, .view, near)
        catalogue.link(kept, .view, nearer)
        catalogue.link(other, .view, table)
        let snapshot = catalogue.closed()
        for name in ["far", "near", "nearer", "kept"] {
            #expect(snapshot.read(name) == .egress, "\(name)")
            #expect(snapshot.readOnly(name) == .egress, "\(name)")
            #expect(snapshot.write(name) == .egress, "\(name)")
        }
        #expect(snapshot.relation("other")?.reach == [])
        #expect(snapshot.relation("plain")?.reach == [])
        #expect(snapshot.relation("far")?.reason == "is a foreign table")
        #expect(snapshot.relation("near")?.reason == "reaches the foreign table public.far")
        #expect(
            snapshot.relation("kept")?.reason
                == "reaches the foreign table public.far through the view app.nearer and the view public.near"
        )
    }

    @Test("F-GRD-05: children and partitions of all levels count, but not for ONLY")
    func children() {
        var catalogue = Catalogue()
        let events = catalogue.relation("events", .partitionedTable)
        let year = catalogue.relation("year", .partitionedTable)
        let far = catalogue.relation("year_far", .foreignTable)
        let local = catalogue.relation("year_local")
        catalogue.link(events, .child, year)
        catalogue.link(year, .child, far)
        catalogue.link(year, .child, local)
        let snapshot = catalogue.closed()
        #expect(snapshot.read("events") == .egress)
        #expect(snapshot.readOnly("events") == [])
        #expect(snapshot.write("events") == .egress)
        #expect(snapshot.relation("year_local")?.reach == [])
        #expect(
            snapshot.relation("events")?.reason
                == "reaches the foreign table public.year_far through the partitioned table public.year")
    }

    @Test(
        "What runs when rows are written counts for writing alone, through updatable views and cascades too")
    func writing() {
        var catalogue = Catalogue()
        let leaves = catalogue.function("leaves", "c", "dblink_connect", library: "$libdir/dblink")
        let trail = catalogue.relation("trail")
        let view = catalogue.relation("trail_view", .view)
        let parent = catalogue.relation("parent")
        let owner = catalogue.relation("owner")
        let ruled = catalogue.relation("ruled")
        catalogue.link(trail, .written, leaves)
        catalogue.link(view, .view, trail)
        catalogue.link(parent, .child, trail)
        catalogue.link(owner, .cascade, trail)
        catalogue.link(ruled, .rule, trail)
        let snapshot = catalogue.closed()
        for name in ["trail", "trail_view", "parent", "owner", "ruled"] {
            #expect(snapshot.read(name) == [], "\(name)")
            #expect(snapshot.write(name) == .egress, "\(name)")
        }
        #expect(
            snapshot.relation("trail")?.reason
                == "when written, reaches the function public.leaves, which connects to other servers "
                + "(a function of dblink)")
    }

    @Test(
        "F-GRD-05: a lock is reading and the policies for UPDATE, through views and in what locks by itself")
    func locks() {
        var catalogue = Catalogue()
        let leaves = catalogue.function("leaves", "c", "dblink_connect", library: "$libdir/dblink")
        let table = catalogue.relation("table")
        let view = catalogue.relation("view", .view)
        let locking = catalogue.relation("locking", .view)
        let triggered = catalogue.relation("triggered")
        catalogue.link(table, .locked, leaves)
        catalogue.link(view, .view, table)
        catalogue.link(locking, .view, table)
        catalogue.link(locking, .locks, table)
        catalogue.link(triggered, .written, leaves)
        let snapshot = catalogue.closed()
        #expect(snapshot.read("table") == [] && snapshot.read("view") == [])
        #expect(snapshot.relation("table")?.lock == .egress && snapshot.relation("view")?.lock == .egress)
        #expect(snapshot.write("table") == .egress && snapshot.read("locking") == .egress)
        #expect(snapshot.relation("triggered")?.lock == [] && snapshot.write("triggered") == .egress)
        #expect(snapshot.relation("table")?.reason.hasPrefix("when locked, reaches the function") == true)
    }

    @Test("F-GRD-07: a view of a table of the server's writes the catalogue; the server's own views do not")
    func viewsOfServers() {
        var catalogue = Catalogue()
        let roles = catalogue.relation("pg_authid", schema: "pg_catalog")
        let fixed = catalogue.relation("pg_tables", .view, schema: "pg_catalog")
        let groups = catalogue.relation("pg_group", .view, schema: "pg_catalog")
        let names = catalogue.relation("names", .view)
        let others = catalogue.relation("others", .view)
        let members = catalogue.relation("members", .view)
        for (view, of) in [
            (fixed, roles), (groups, roles), (names, roles), (others, fixed), (members, groups),
        ] {
            catalogue.link(view, .view, of)
        }
        let snapshot = catalogue.closed()
        for name in ["pg_group", "names", "members"] { #expect(snapshot.write(name) == .opaque, "\(name)") }
        for name in ["pg_authid", "pg_tables", "others"] { #expect(snapshot.write(name) == [], "\(name)") }
        #expect(snapshot.relation("names")?.reason == "when written, writes the server's own catalogue")
    }

    @Test("What planning evaluates counts for reading: row security, checks, index expressions")
    func planning() {
        var catalogue = Catalogue()
        let leaves = catalogue.function("leaves", "c", "dblink_connect", library: "$libdir/dblink")
        let table = catalogue.relation("table")
        let child = catalogue.relation("child")
        catalogue.link(table, .planned, leaves)
        catalogue.link(table, .child, child)
        let snapshot = catalogue.closed()
        #expect(snapshot.readOnly("table") == .egress)
        #expect(snapshot.write("table") == .egress)
        #expect(snapshot.relation("child")?.reach == [])
    }

    @Test(
        "A domain's checks count for reading its column too, where an expression may make values of its type")
    func columns() {
        var catalogue = Catalogue()
        let leaves = catalogue.function("leaves", "c", "dblink_connect", library: "$libdir/dblink")
        let domain = catalogue.type("checked")
        let base = catalogue.type("odd")
        let pair = catalogue.type("pair")
        let orders = catalogue.relation("orders", rowType: 9_001)
        let notes = catalogue.relation("notes", rowType: 9_002)
        catalogue.link(domain, .uses, leaves)
        catalogue.link(base, .uses, leaves)
        catalogue.link(pair, .uses, domain)
        catalogue.link(orders, .domain, domain)
        catalogue.link(notes, .column, base)
        catalogue.rows.arrays = [(9_003, "_orders", 9_001), (9_004, "_other", 9_999)].map {
            oid, name, element in
            CatalogRows.Array(
                type: CatalogRows.Named(oid: oid, schema: "public", name: name), element: element)
        }
        let holder = catalogue.relation("holder")
        catalogue.link(holder, .column, .type(9_001))
        let snapshot = catalogue.closed()
        #expect(snapshot.read("orders") == .egress)
        #expect(snapshot.write("orders") == .egress)
        #expect(snapshot.read("notes") == .egress)
        #expect(snapshot.read("holder") == .egress)
        for name in ["checked", "odd", "pair", "orders", "notes", "holder"] {
            #expect(snapshot.type(name) == .egress, "\(name)")
        }
        #expect(snapshot.type(oid: 9_001)?.reach == .egress)
        #expect(snapshot.type(oid: 9_003)?.name == "_orders")
        #expect(snapshot.type("_orders") == .egress)
        #expect(snapshot.type(oid: 9_004) == nil)
        #expect(snapshot.reasons(ofSchema: "public").map(\.reach) == [.egress])
        #expect(snapshot.reasons(ofSchema: "other").isEmpty)
        #expect(snapshot.everyTable.map(\.reach) == [.egress])
    }

    @Test("F-GRD-05: TRUNCATE … CASCADE empties what refers to it, and the children's, and nothing else does")
    func truncation() {
        var catalogue = Catalogue()
        let leaves = catalogue.function("leaves", "c", "dblink_connect", library: "$libdir/dblink")
        let line = catalogue.relation("line")
        let order = catalogue.relation("order")
        let parent = catalogue.relation("parent")
        catalogue.link(line, .written, leaves)
        catalogue.link(order, .truncated, line)
        catalogue.link(parent, .child, order)
        let snapshot = catalogue.closed()
        for name in ["order", "parent"] {
            #expect(snapshot.relation(name)?.cascade == .egress, "\(name)")
            #expect(snapshot.write(name) == [], "\(name)")
        }
        #expect(
            snapshot.relation("order")?.reason
                == "by TRUNCATE … CASCADE, reaches the function public.leaves, which connects to other servers "
                + "(a function of dblink), through the table public.line")
    }

    @Test("F-GRD-05: an operator class is found by its name, by its family's functions")
    func operatorClasses() {
        var catalogue = Catalogue()
        let leaves = catalogue.function("leaves", "c", "dblink_connect", library: "$libdir/dblink")
        catalogue.rows.classes.append(CatalogRows.Named(oid: 7_000, schema: "app", name: "odd_ops"))
        catalogue.link(.operatorClass(7_000), .uses, .family(7_001))
        catalogue.link(.family(7_001), .uses, leaves)
        let snapshot = catalogue.closed()
        #expect(snapshot.type("odd_ops") == .egress)
        #expect(snapshot.types(named: "odd_ops", schema: "public").isEmpty)
    }

    @Test("Operators, aggregates, families and whatever any statement may call lead to their functions")
    func operators() {
        var catalogue = Catalogue()
        catalogue.rows.builtIns = [
            CatalogRows.BuiltIn(oid: 3_826, name: "pg_read_file", symbol: "pg_read_file_all")
        ]
        let same = catalogue.operation("===", schema: "app")
        let harmless = catalogue.operation("<->")
        let negator = catalogue.operation("!==")
        let longest = catalogue.function("longest", "internal", "aggregate_dummy", kind: "a")
        let own = catalogue.function("own", "internal", "pg_read_file_all")
        let sorted = catalogue.relation("sorted")
        catalogue.link(same, .uses, .function(3_826))
        catalogue.link(negator, .uses, same)
        catalogue.link(harmless, .uses, catalogue.function("distance"))
        catalogue.link(longest, .uses, same)
        catalogue.link(.family(500), .uses, own)
        catalogue.link(sorted, .planned, .family(500))
        catalogue.link(.ambient, .uses, .family(500))
        catalogue.link(.schemaChange, .uses, longest)
        let snapshot = catalogue.closed()
        #expect(snapshot.operators(named: "===", schema: "app").map(\.reach) == [.egress])
        #expect(snapshot.operators(named: "===", schema: "public").isEmpty)
        #expect(snapshot.operators(named: "!==", schema: nil).map(\.reach) == [.egress])
        #expect(snapshot.operators(named: "<->", schema: nil).isEmpty)
        #expect(snapshot.reach("longest") == .egress)
        #expect(snapshot.reach("own") == .egress)
        #expect(snapshot.read("sorted") == .egress)
        #expect(
            snapshot.ambient == [
                CatalogReason(
                    reach: .egress,
                    text: "reaches the function pg_catalog.pg_read_file through the function public.own")
            ])
        #expect(snapshot.schemaChanges.map(\.reach) == [.egress])
    }

    @Test("Cycles end, and each kind is found by its own way")
    func cycles() {
        var catalogue = Catalogue()
        let first = catalogue.function("first")
        let second = catalogue.function("second", definer: true)
        let third = catalogue.function("third", "plperlu", trusted: false)
        catalogue.link(first, .uses, second)
        catalogue.link(second, .uses, first)
        catalogue.link(second, .uses, third)
        catalogue.link(third, .uses, third)
        let snapshot = catalogue.closed()
        #expect(snapshot.reach("first") == [.egress, .program, .roleChange])
        #expect(
            snapshot.function("first")?.reason(for: .roleChange)
                == "reaches the function public.second, which runs with its owner's rights (SECURITY DEFINER)"
        )
        #expect(
            snapshot.function("first")?.reason
                == "reaches the function public.third, which is written in the untrusted language plperlu, "
                + "through the function public.second")
    }

    @Test("Names are looked up in one schema, or in all (F-GRD-06)")
    func names() {
        var catalogue = Catalogue()
        _ = catalogue.relation("notes")
        _ = catalogue.relation("notes", .foreignTable, schema: "far")
        let snapshot = catalogue.closed()
        #expect(snapshot.relations(named: "notes", schema: nil).count == 2)
        #expect(snapshot.relations(named: "notes", schema: "far").map(\.reach) == [.egress])
        #expect(snapshot.relations(named: "notes", schema: "other").isEmpty)
        #expect(snapshot.knowsRelation(named: "notes", schema: nil))
        #expect(snapshot.knowsRelation(named: "notes", schema: "public"))
        #expect(!snapshot.knowsRelation(named: "notes", schema: "pg_temp"))
        #expect(!snapshot.knowsRelation(named: "Notes", schema: nil))
        #expect(snapshot.relationCount == 2)
    }

    @Test(
        "100,000 relations with a chain of 10,000 views over a foreign table close in well under a second of one core"
    )
    func size() {
        var catalogue = Catalogue()
        var before = catalogue.relation("far", .foreignTable)
        for index in 0..<100_000 {
            let relation = catalogue.relation("relation_\(index)", index < 10_000 ? .view : .table)
            if index < 10_000 { catalogue.link(relation, .view, before) }
            before = relation
        }
        let start = processorTime()
        let snapshot = catalogue.closed()
        let took = processorTime() - start
        #expect(snapshot.read("relation_9999") == .egress)
        #expect(snapshot.read("relation_10000") == [])
        #expect(took < 0.9, "seconds of this thread")
    }

    /// Seconds that this thread ran: what others do on the machine is not measured.
    private func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
