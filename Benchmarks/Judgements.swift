// What the guard takes to judge a statement: `script/bench --judgements` builds and runs this. Prints one line a case: bytes of
// the text, what it is, then microseconds for the verdict of a text that is remembered, of one
// that is read, and of one that is read and described for its record.

import GatewayCatalog
import GatewayGuard
import GatewayPolicy

struct JudgementCase {
    var title: String
    var sql: String
    /// What becomes of it under `forbid: [egress, ddl, role_change, opaque]`.
    var isAllowed = true

    static let short = JudgementCase(
        title: "a look-up by key, as pgbench sends it", sql: "SELECT abalance FROM pgbench_accounts WHERE aid = 42711;")
    static let long = JudgementCase(
        title: "a join of three with a lateral one",
        sql: """
            SELECT o.id, o.amount, c.name, l.total FROM orders o JOIN customers c ON c.id = o.customer_id, LATERAL \
            (SELECT sum(amount) AS total FROM orders WHERE customer_id = c.id) l WHERE o.amount > 100 ORDER BY 2 DESC
            """)
    static let refused = JudgementCase(
        title: "the same with a function that leaves the server",
        sql: long.sql + " LIMIT (SELECT length(pg_read_file('x')))", isAllowed: false)
    static let list = JudgementCase(
        title: "IN with 12,000 constants",
        sql: "SELECT id FROM orders WHERE id IN (0" + (1...12_000).map { ",\($0 % 10_000)" }.joined() + ")")
}

@main
enum Judgements {
    static let catalog = PublishedCatalog(
        number: 1,
        snapshot: CatalogSnapshot(
            serverVersion: 150_000,
            relations: (["orders", "customers", "pgbench_accounts"] + (0..<2_000).map { "table_\($0)" }).map {
                CatalogRelation(schema: "public", name: $0, kind: .table)
            }, known: KnownNames(operators: ["=", ">"], types: [])))

    static let session = {
        var session = SessionGuard(
            rules: GuardRules(
                forbid: [.egress, .ddl, .roleChange, .opaque], access: .readWrite, forbidsTemporary: false,
                roles: ["analyst"], databases: ["orders"]))
        session.catalog = catalog
        return session
    }()

    /// Microseconds of one call: the best of five runs of at least 50 ms.
    static func time(_ call: () -> Bool, expecting: Bool) -> Double {
        (0..<5).map { _ in
            var calls = 0
            let clock = ContinuousClock()
            let start = clock.now
            repeat {
                guard call() == expecting else { fatalError("the wrong verdict") }
                calls += 1
            } while clock.now - start < .milliseconds(50)
            return (clock.now - start) / .microseconds(1) / Double(calls)
        }.min() ?? 0
    }

    static func main() {
        for one in [JudgementCase.short, .long, .refused, .list] {
            let bytes = Array(one.sql.utf8)
            let cache = JudgementCache(limit: 8 << 20)
            let remembered = time(
                {
                    let text = cache.judge(bytes.span, conformingStrings: true, catalog: catalog)[0]
                    return session.verdict(text.judgement).isAllowed
                }, expecting: one.isAllowed)
            let read = [false, true].map { describes in
                time(
                    {
                        let text = JudgedText(
                            bytes.span, conformingStrings: true, catalog: catalog, describes: describes)
                        return session.verdict(text.judgement).isAllowed
                    }, expecting: one.isAllowed)
            }
            print("\(bytes.count)\t\(one.title)\t\(remembered)\t\(read[0])\t\(read[1])")
        }
    }
}
