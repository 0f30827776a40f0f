import Foundation
import PGWire

/// A Pipeline that is told what a recording or a transcript holds, and that keeps all it answers.
struct PipelineReplay: ~Copyable {
    var pipeline = Pipeline()
    var now: UInt64 = 0
    var outcomes: [Pipeline.Outcome] = []
    var skipped: [UInt64] = []
    var sessionErrors = 0
    /// Ends that were given though more than one reading stood.
    var uncertain = 0
    /// Executes of the unnamed portal that `unnamedPortalUse` called safe.
    var thoughtSafe: Set<UInt64> = []
    var violations: [Pipeline.Violation] = []
    /// What `bindSent` and `executeSent` gave, by message.
    var expected: [UInt64: UInt64] = [:]

    /// Ends that say their statement is another than was told when it is not, or that keep it back when it is.
    var wronglyRestated: [UInt64] {
        outcomes.filter {
            ($0.kind == .bind || $0.kind == .execute) && $0.isRestated != (expected[$0.of] != $0.statement)
        }.map(\.of)
    }

    /// Ends in the order they came: messages with an outcome, and `skipped`.
    func outcomes(of message: UInt64) -> [Pipeline.Outcome] { outcomes.filter { $0.of == message } }

    mutating func sent(
        _ kind: String, _ message: UInt64, _ first: String = "", _ second: String = "", number: Int = 0
    ) {
        now += 1_000
        let one = Array(first.utf8)
        let two = Array(second.utf8)
        let target = first == "S" ? Pipeline.Target.statement : .portal
        switch kind {
        case "Q": pipeline.querySent(message: message, now: now)
        case "P": pipeline.parseSent(message: message, name: one.span, now: now)
        case "B":
            expected[message] = pipeline.bindSent(
                message: message, portal: one.span, statement: two.span, now: now)
        case "D": pipeline.describeSent(message: message, target: target, now: now)
        case "C": pipeline.closeSent(message: message, target: target, name: two.span, now: now)
        case "E": expected[message] = pipeline.executeSent(message: message, portal: one.span, now: now)
        case "F": pipeline.functionCallSent(message: message, now: now)
        case "S": pipeline.syncSent(message: message, now: now)
        case "H": pipeline.flushSent(message: message, isWellFormed: number == 0, now: now)
        case "d": pipeline.copyDataSent(bytes: number)
        case "c": pipeline.copyDoneSent()
        default: pipeline.copyFailSent()
        }
        drain()
    }

    mutating func received(_ tag: String, length: Int = 0, _ text: String = "") {
        now += 1_000
        let bytes = Array(text.utf8)
        let answer: Pipeline.Answer
        switch tag {
        case "C": answer = pipeline.commandComplete(tag: bytes.span, now: now)
        case "E": answer = pipeline.errorResponse(sqlstate: Pipeline.SQLState(bytes.span), now: now)
        case "Z": answer = pipeline.readyForQuery(status: bytes.first ?? 0, now: now)
        case "G": answer = pipeline.copyInResponse()
        case "H": answer = pipeline.copyOutResponse()
        case "W": answer = pipeline.copyBothResponse()
        default: answer = pipeline.frame(tag: tag.utf8.first ?? 0, bodyLength: length, now: now)
        }
        switch answer {
        case .continues: break
        case .ended(let outcome): outcomes.append(outcome)
        case .sessionError: sessionErrors += 1
        case .violation(let violation): violations.append(violation)
        }
        drain()
    }

    mutating func drain() {
        while let one = pipeline.nextOutcome() {
            outcomes.append(one)
            uncertain += one.isCertain ? 0 : 1
        }
        while let one = pipeline.nextSkipped() {
            skipped.append(one.of)
            uncertain += one.isCertain ? 0 : 1
        }
    }

    /// A transcript: `>` and a message's type and words, or `<` and a frame's tag and text, with `-` for the
    /// unnamed. Messages are numbered from 1 in their order, unless a word `#n` says otherwise.
    mutating func play(_ lines: String...) {
        for line in lines {
            let words = line.split(separator: " ").map { $0 == "-" ? "" : String($0) }
            guard let direction = words.first, words.count > 1 else { continue }
            if direction == ">" {
                lastMessage += 1
                let first = words.count > 2 ? words[2] : ""
                let second = words.count > 3 ? words[3] : ""
                sent(words[1], lastMessage, first, second, number: Int(first) ?? 0)
            } else {
                for word in words.dropFirst() {
                    let parts = word.split(separator: ":", maxSplits: 1).map(String.init)
                    let text = parts.count > 1 ? parts[1].replacingOccurrences(of: "_", with: " ") : ""
                    received(parts[0], length: Int(text) ?? 0, text)
                }
            }
        }
    }

    var lastMessage: UInt64 = 0
}

/// One recording of `Tests/Fixtures/pipeline`; README.md there says what is in it.
struct PipelineRecording: CustomStringConvertible {
    enum Event {
        case sent(type: String, message: UInt64, first: String, second: String, number: Int)
        case received(tag: String, length: Int, text: String)
    }
    struct Ran: Equatable {
        var kind: String
        var mark: UInt64
    }

    var name: String
    var how: String
    var ended: Bool
    var events: [Event] = []
    var ran: [Ran] = []
    /// Texts of Query and Parse by message, and the types of all messages.
    var texts: [UInt64: String] = [:]
    var types: [UInt64: String] = [:]

    var description: String { "\(name), \(how)" }

    static func all(_ file: String) throws -> [PipelineRecording] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        let data = try Data(contentsOf: folder.appending(path: "Fixtures/pipeline/\(file)"))
        let list = try JSONSerialization.jsonObject(with: data) as? [[String: Any]] ?? []
        return list.map(PipelineRecording.init)
    }

    private init(_ json: [String: Any]) {
        name = json["name"] as? String ?? ""
        how = json["how"] as? String ?? ""
        ended = json["ended"] as? Bool ?? false
        for case let event as [Any] in json["events"] as? [Any] ?? [] { add(event) }
        for case let one as [Any] in json["ran"] as? [Any] ?? [] {
            ran.append(Ran(kind: one[0] as? String ?? "", mark: UInt64(one[1] as? Int ?? 0)))
        }
    }

    private mutating func add(_ event: [Any]) {
        let tag = event[1] as? String ?? ""
        let number = event[2] as? Int ?? 0
        if event[0] as? String == "<" {
            events.append(.received(tag: tag, length: number, text: event[3] as? String ?? ""))
            return
        }
        let message = UInt64(number)
        types[message] = tag
        if tag == "Q" { texts[message] = event[3] as? String }
        if tag == "P" { texts[message] = event[4] as? String }
        let strings = event.dropFirst(3).compactMap { $0 as? String }
        let integers = event.dropFirst(3).filter { !($0 is String) }.compactMap { $0 as? Int }
        events.append(
            .sent(
                type: tag, message: message, first: strings.first ?? "",
                second: strings.count > 1 ? strings[1] : "", number: integers.first ?? 0))
    }
}
