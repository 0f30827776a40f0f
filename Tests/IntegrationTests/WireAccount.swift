/// What each message of an executor must have as its end, worked out from the frames of a server that was asked
/// directly: all of them at once and afterwards, by the protocol's documentation alone ("Message Flow"). It shares nothing
/// with the code under test.
struct WireAccount {
    struct Outcome: Equatable {
        var of: Int
        var index = 0
        var tag: String?
        var rows: Int?
        var bytes = 0
        var sqlstate: String?
    }

    struct Copy: Equatable {
        let of: Int
        let direction: String
        /// nil where the COPY failed: nobody can say how much of it was read.
        var bytes: Int?
    }

    /// Where the text of a prepared statement or portal comes from.
    enum Source: Equatable {
        case parse(Int)
        /// SQL's PREPARE or DECLARE CURSOR.
        case sql
    }

    struct Meaning: Equatable {
        let source: Source
        /// Whether tags alone tell it. Behind DEALLOCATE (which name?) and PREPARE (which?) any older name may have changed
        /// hands, and so with CLOSE and DECLARE: then nothing may be said of it, but nothing wrong either.
        var isSure = true
    }

    private(set) var outcomes: [Outcome] = []
    private(set) var copies: [Copy] = []
    private(set) var skipped: [Int] = []
    /// What the Binds and Executes that succeeded ran, by message.
    private(set) var ran: [Int: Meaning] = [:]
    private(set) var problem: String?

    /// The server has not sent all of it yet.
    private struct Pending: Error {}

    private let messages: [WireTraffic.Message]
    private let frames: [RawClient.Frame]
    private var message = 0
    private var frame = 0
    private var isSkipping = false
    private var statements: [String: Meaning] = [:]
    private var portals: [String: Meaning] = [:]
    private var hasDeallocated = false
    private var hasClosed = false

    /// - Returns: nil where answers are missing.
    static func of(_ messages: some Sequence<WireTraffic.Message>, _ frames: [RawClient.Frame])
        -> WireAccount?
    {
        var account = WireAccount(
            messages: Array(messages), frames: frames.filter { !"NAS".contains($0.letter) })
        do {
            while account.message < account.messages.count, account.problem == nil { try account.take() }
        } catch {
            return nil
        }
        if account.problem == nil, account.frame < account.frames.count {
            account.problem = "\(account.frames[account.frame].letter) answers nothing"
        }
        return account
    }

    private init(messages: [WireTraffic.Message], frames: [RawClient.Frame]) {
        self.messages = messages
        self.frames = frames
    }

    private mutating func next() throws -> RawClient.Frame {
        guard frame < frames.count else { throw Pending() }
        defer { frame += 1 }
        return frames[frame]
    }

    /// The next frame, which must be one of these or an error.
    private mutating func answer(_ letters: String, _ number: Int) throws -> RawClient.Frame? {
        let one = try next()
        if one.letter == "E" {
            fail(number, Part(), one)
            return nil
        }
        if !letters.contains(one.letter) {
            problem = "\(one.letter) for message \(number), which awaits \(letters)"
        }
        return one
    }

    private mutating func take() throws {
        message += 1
        let number = message
        switch messages[number - 1].kind {
        case .query(let texts):
            // An empty text between others is no statement.
            try orSkip(number) { try $0.query(number, texts.filter { !$0.sql.isEmpty }) }
        case .parse(let name, _, _):
            try orSkip(number) {
                if try $0.answer("1", number) != nil { $0.statements[name] = Meaning(source: .parse(number)) }
            }
        case .bind(let portal, let statement, _):
            try orSkip(number) {
                guard try $0.answer("2", number) != nil else { return }
                $0.portals[portal] = $0.statements[statement]
                $0.ran[number] = $0.statements[statement]
            }
        case .execute(let portal, _): try orSkip(number) { try $0.execute(number, portal) }
        case .call: try orSkip(number) { try $0.call(number) }
        case .describe(let kind, _): try describe(kind, number)
        case .close: if !isSkipping { _ = try answer("3", number) }
        case .sync: try sync(number)
        case .malformed(let type, _): try malformed(type, number)
        case .flush, .copyData, .copyDone, .copyFail: break
        }
    }

    private mutating func orSkip(_ number: Int, _ run: (inout WireAccount) throws -> Void) rethrows {
        if isSkipping { skipped.append(number) } else { try run(&self) }
    }

    private mutating func malformed(_ type: Character, _ number: Int) throws {
        switch type {
        case "Q": try orSkip(number) { try $0.query(number, []) }
        case "F": try orSkip(number) { try $0.call(number) }
        case "S": try sync(number)
        case "P", "B", "E": try orSkip(number) { _ = try $0.answer("", number) }
        default: if !isSkipping { _ = try answer("", number) }
        }
    }

    private mutating func describe(_ kind: Character, _ number: Int) throws {
        guard !isSkipping else { return }
        if kind == "S", try answer("t", number) == nil { return }
        _ = try answer("Tn", number)
    }

    private mutating func sync(_ number: Int) throws {
        isSkipping = false
        while true {
            let one = try next()
            if one.letter == "Z" { return }
            guard one.letter == "E" else {
                problem = "\(one.letter) for Sync \(number)"
                return
            }
            outcomes.append(Outcome(of: number, sqlstate: one.field("C")))
        }
    }

    private mutating func call(_ number: Int) throws {
        var outcome = Outcome(of: number)
        while true {
            let one = try next()
            switch one.letter {
            case "V": outcome.bytes = one.body.count
            case "E": outcome.sqlstate = one.field("C")
            case "Z":
                outcomes.append(outcome)
                return
            default: problem = "\(one.letter) for FunctionCall \(number)"
            }
        }
    }

    // MARK: Statements

    /// What has come of one statement.
    private struct Part {
        var index = 0
        var rows = 0
        var bytes = 0
        var copyDirection: String?
        var copied = 0

        mutating func begin() { self = Part(index: index + 1) }
    }

    private mutating func query(_ number: Int, _ texts: [WireTraffic.Statement]) throws {
        var part = Part()
        while true {
            let one = try next()
            switch one.letter {
            case "C":
                complete(number, part, one)
                if part.index < texts.count { create(texts[part.index]) }
                part.begin()
            case "I":
                outcomes.append(Outcome(of: number, index: part.index))
                part.begin()
            case "E": failed(number, part, one)
            case "Z": return
            case "T": break
            default: try data(number, &part, one)
            }
        }
    }

    private mutating func execute(_ number: Int, _ portal: String) throws {
        var part = Part()
        while true {
            let one = try next()
            switch one.letter {
            case "C":
                complete(number, part, one)
                ran[number] = portals[portal]
                if let text = text(of: portal) { create(text) }
                return
            case "I":
                outcomes.append(Outcome(of: number))
                if text(of: portal)?.sql.isEmpty ?? false { ran[number] = portals[portal] }
                return
            case "s":
                outcomes.append(
                    Outcome(of: number, tag: "PortalSuspended", rows: part.rows, bytes: part.bytes))
                ran[number] = portals[portal]
                return
            case "E": return fail(number, part, one)
            default: try data(number, &part, one)
            }
            if problem != nil { return }
        }
    }

    /// The text of a Parse behind a portal. A Bind that fails at a parameter leaves a portal behind, in a transaction that failed,
    /// whose Execute is answered as that of an empty text.
    private func text(of portal: String) -> WireTraffic.Statement? {
        guard case .parse(let parse) = portals[portal]?.source,
            case .parse(_, let text, _) = messages[parse - 1].kind
        else { return nil }
        return text
    }

    /// Rows and COPY.
    private mutating func data(_ number: Int, _ part: inout Part, _ one: RawClient.Frame) throws {
        switch one.letter {
        case "D":
            part.rows += 1
            part.bytes += one.body.count
        case "H": part.copyDirection = "out"
        case "d":
            part.bytes += one.body.count
            part.copied += one.body.count
        case "c": break
        case "G":
            part.copyDirection = "in"
            readCopied(&part)
        default: problem = "\(one.letter) for message \(number)"
        }
    }

    /// The server reads up to CopyDone or CopyFail; of a COPY that fails before, the rest means nothing.
    private mutating func readCopied(_ part: inout Part) {
        while message < messages.count {
            message += 1
            switch messages[message - 1].kind {
            case .copyData(let bytes): part.copied += bytes
            case .sync, .flush: break
            case .copyDone, .copyFail: return
            case .query, .parse, .bind, .describe, .execute, .close, .call, .malformed:
                problem = "message \(message) inside of a COPY"
                return
            }
        }
    }

    /// A name means what was made last under it, as long as using it succeeds.
    private mutating func create(_ text: WireTraffic.Statement) {
        switch text.creates {
        case .statement(let name): statements[name] = Meaning(source: .sql)
        case .portal(let name): portals[name] = Meaning(source: .sql)
        case nil: break
        }
    }

    /// What a tag says of names, without saying of which.
    private mutating func doubt(_ tag: String) {
        switch tag {
        case "DEALLOCATE": hasDeallocated = true
        case "DEALLOCATE ALL", "DISCARD ALL": hasDeallocated = false
        case "PREPARE": if hasDeallocated { for name in statements.keys { statements[name]?.isSure = false } }
        case "CLOSE CURSOR", "ROLLBACK", "DO": hasClosed = true
        case "DECLARE CURSOR": if hasClosed { for name in portals.keys { portals[name]?.isSure = false } }
        default: break
        }
    }

    private mutating func complete(_ number: Int, _ part: Part, _ one: RawClient.Frame) {
        let tag = String(decoding: one.body.dropLast(), as: UTF8.self)
        doubt(tag)
        outcomes.append(
            Outcome(
                of: number, index: part.index, tag: tag,
                rows: tag.split(separator: " ").last.flatMap { Int($0) },
                bytes: part.bytes))
        if let direction = part.copyDirection {
            copies.append(Copy(of: number, direction: direction, bytes: part.copied))
        }
    }

    private mutating func failed(_ number: Int, _ part: Part, _ one: RawClient.Frame) {
        outcomes.append(
            Outcome(of: number, index: part.index, bytes: part.bytes, sqlstate: one.field("C")))
        if let direction = part.copyDirection { copies.append(Copy(of: number, direction: direction)) }
    }

    /// As `failed`; and everything up to the next Sync is passed over.
    private mutating func fail(_ number: Int, _ part: Part, _ one: RawClient.Frame) {
        failed(number, part, one)
        isSkipping = true
    }
}
