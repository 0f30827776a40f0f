/// What an executor sends, at random: messages with their numbers.
package struct ModelTraffic {
    package typealias Server = PipelineModelServer

    private let syncInCopy: Bool
    private var number: UInt64 = 0

    package init(syncInCopy: Bool) { self.syncInCopy = syncInCopy }

    private mutating func numbered(_ messages: [Server.Message]) -> [(UInt64, Server.Message)] {
        messages.map {
            number += 1
            return (number, $0)
        }
    }

    package mutating func step(_ random: inout some RandomNumberGenerator) -> [(UInt64, Server.Message)] {
        let statement = ["", "", "a", "b"].randomElement(using: &random) ?? ""
        let portal = ["", "", "p", "q"].randomElement(using: &random) ?? ""
        switch Int.random(in: 0..<100, using: &random) {
        case ..<12: return numbered([.query(simple(&random))])
        case ..<16:
            return numbered([
                .query(.several([simple(&random, plain: true), text(&random, plain: true), .rows(1)]))
            ])
        case ..<20:
            return numbered([.query(.copyIn(failsBeforeReading: chance(&random)))] + copied(&random))
        case ..<23:
            let copy = Server.Text.copyIn(failsBeforeReading: chance(&random))
            return numbered(
                [.query(.several([copy, .rows(1), copy]))] + copied(&random) + copied(&random))
        case ..<27:
            return numbered(
                [
                    .closeStatement("copy"), .closePortal("copy"),
                    .parse("copy", .copyIn(failsBeforeReading: chance(&random))),
                    .bind(portal: "copy", statement: "copy"), .execute("copy", 0),
                ] + copied(&random))
        case ..<38: return numbered([.parse(statement, text(&random))])
        case ..<48: return numbered([.bind(portal: portal, statement: statement)])
        case ..<62: return numbered([.execute(portal, Int.random(in: 0..<3, using: &random))])
        case ..<72:
            return numbered([
                .parse(statement, text(&random)), .bind(portal: portal, statement: statement),
                .describePortal(portal), .execute(portal, 0), .sync,
            ])
        case ..<74: return numbered([.describeStatement(statement)])
        case ..<76: return numbered([.describePortal(portal)])
        case ..<79: return numbered([.closeStatement(statement)])
        case ..<81: return numbered([.closePortal(portal)])
        case ..<84: return numbered([.functionCall(fails: chance(&random))])
        case ..<86: return numbered([.flush(malformed: chance(&random))])
        case ..<88: return numbered([.copyData(bytes: 2, fails: false), .copyDone])
        case ..<89: return numbered([.copyFail])
        default: return numbered([.sync])
        }
    }

    /// Ends whatever is open, and a statement by which to see that all is in step.
    package mutating func end() -> [(UInt64, Server.Message)] {
        numbered([
            .copyDone, .copyDone, .sync, .sync, .query(.rollback), .query(.rollback), .query(.rows(1)),
            .query(.rows(7)),
        ])
    }

    private func chance(_ random: inout some RandomNumberGenerator) -> Bool {
        Int.random(in: 0..<4, using: &random) == 0
    }

    private func copied(_ random: inout some RandomNumberGenerator) -> [Server.Message] {
        var messages: [Server.Message] = []
        for _ in 0..<Int.random(in: 0..<5, using: &random) {
            messages.append(.copyData(bytes: 2, fails: Int.random(in: 0..<8, using: &random) == 0))
            if syncInCopy, chance(&random) { messages.append(.sync) }
            if chance(&random) { messages.append(.flush(malformed: false)) }
        }
        return messages + [chance(&random) ? .copyFail : .copyDone]
    }

    private func simple(_ random: inout some RandomNumberGenerator, plain: Bool = false) -> Server.Text {
        let name = ["a", "b"].randomElement(using: &random) ?? "a"
        let portal = ["p", "q"].randomElement(using: &random) ?? "p"
        let texts: [Server.Text] = [
            .prepare(name), .declare(portal), .closeCursor(portal), .deallocate(name),
        ]
        return chance(&random)
            ? texts.randomElement(using: &random) ?? .empty : text(&random, plain: plain)
    }

    private func text(_ random: inout some RandomNumberGenerator, plain: Bool = false) -> Server.Text {
        switch Int.random(in: 0..<24, using: &random) {
        case 0 where !plain: .syntaxError
        case 1 where !plain: .empty
        case 2, 3: .fail
        case 4, 5, 6: .begin
        case 7, 8: .commit
        case 9: .rollback
        case 10: .closeAll
        case 11: .deallocateAll
        case 12: .copyOut(Int.random(in: 0..<4, using: &random))
        case 13: .deallocate("a")
        case 14: .closeCursor("p")
        default: .rows(Int.random(in: 0..<5, using: &random))
        }
    }
}
