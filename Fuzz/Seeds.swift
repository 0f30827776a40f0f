import Capture
import Foundation
import PGWire

/// No target: makes the first inputs of the targets from a capture, in the folders of `$DOMICILE_FUZZ_SEEDS`.
func run(_ input: [UInt8]) {
    guard let folder = ProcessInfo.processInfo.environment["DOMICILE_FUZZ_SEEDS"] else { return }
    var seeds = Seeds(folder: URL(filePath: folder))
    seeds.write("CaptureFiles", input)
    let events = CaptureReplay(CaptureFile(input)).events()
    for connection in Set(events.map(\.connection)) {
        seeds.add(events.filter { $0.connection == connection })
    }
    seeds.addWritten()
}

private struct Seeds {
    let folder: URL
    private var pipeline: [UInt8] = []
    private var login: [[UInt8]] = []

    init(folder: URL) {
        self.folder = folder
    }

    /// Named by a hash (FNV-1a), so that equal ones are written once.
    func write(_ target: String, _ bytes: [UInt8]) {
        guard !bytes.isEmpty, bytes.count <= 8_192 else { return }
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let place = folder.appending(path: target)
        do {
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            try Data(bytes).write(to: place.appending(path: String(hash, radix: 16)))
        } catch {
            fatalError("\(place.path()): \(error)")
        }
    }

    /// All that a connection shows.
    mutating func add(_ events: [CaptureEvent]) {
        pipeline = []
        login = []
        var isLoggedIn = false
        for event in events {
            guard case .message(let message) = event.content else { continue }
            guard let tag = message.tag else {
                addStartup(message.body)
                continue
            }
            switch event.side {
            case .frontend:
                write("FrontendFrames", [tag] + message.body)
                addFrontend(tag, message.body)
            case .backend:
                write("BackendFrames", [tag] + message.body)
                if isLoggedIn { addBackend(tag, message.body) } else { addLogin(tag, message.body) }
                isLoggedIn = isLoggedIn || tag == BackendTag.readyForQuery.rawValue
            }
        }
        write("Pipelines", pipeline)
        writeLogin(flags: 0b00111)
    }

    private func addStartup(_ packet: [UInt8]) {
        write("StartupPackets", [UInt8(ascii: "p")] + packet)
        guard let message = try? StartupMessage.decode(packet.span),
            let options = message.value(of: "options")
        else { return }
        write("StartupPackets", [UInt8(ascii: "o")] + options)
    }

    private mutating func addLogin(_ tag: UInt8, _ body: [UInt8]) {
        let length = UInt16(clamping: body.count)
        login.append([tag, UInt8(length >> 8), UInt8(length & 0xff)] + body)
    }

    /// The login, and each of its frames left out, sent twice, or sent before the one ahead of it: mutations of bytes
    /// rarely move whole frames.
    private func writeLogin(flags: UInt8) {
        func write(_ frames: [[UInt8]]) { self.write("UpstreamLogins", [flags] + frames.flatMap { $0 }) }
        write(login)
        for index in login.indices where login[index][0] != BackendTag.parameterStatus.rawValue {
            write(login.enumerated().filter { $0.offset != index }.map(\.element))
            write(Array(login[...index] + login[index...]))
            guard index > 0 else { continue }
            var swapped = login
            swapped.swapAt(index - 1, index)
            write(swapped)
        }
    }

    private mutating func addFrontend(_ tag: UInt8, _ body: [UInt8]) {
        var text: [UInt8] = []
        switch FrontendTag(rawValue: tag) {
        case .parse: text = Array(body.prefix { $0 != 0 })
        case .bind:
            guard let bind = try? Bind.decode(body.span) else { return }
            text = body[bind.portal] + [0] + body[bind.statement]
            for sizes: [UInt8] in [[], [0], [6, 2, 0]] {
                write("ValueStreams", [UInt8(sizes.count)] + sizes + body)
            }
        case .functionCall: write("ValueStreams", [0x81, 4] + body)
        case .describe, .close, .execute: text = Array(body.prefix(64).dropLast())
        case .query, .sync, .flush, .copyDone, .copyFail, .password, .terminate, nil: break
        case .copyData: text = Array(body.prefix(4))
        }
        add(tag, text)
    }

    private mutating func addBackend(_ tag: UInt8, _ body: [UInt8]) {
        var text = Array(body.prefix(2))
        switch BackendTag(rawValue: tag) {
        case .commandComplete: text = Array(body.dropLast())
        case .readyForQuery: text = body
        case .errorResponse:
            text = (try? ErrorResponse.decode(body.span))?.fields[.sqlstate] ?? []
        case nil, .authentication, .backendKeyData, .bindComplete, .closeComplete, .copyBothResponse,
            .copyData,
            .copyDone, .copyInResponse, .copyOutResponse, .dataRow, .emptyQueryResponse,
            .functionCallResponse,
            .negotiateProtocolVersion, .noData, .noticeResponse, .notificationResponse, .parameterDescription,
            .parameterStatus, .parseComplete, .portalSuspended, .rowDescription:
            break
        }
        add(tag | 0x80, text)
    }

    private mutating func add(_ code: UInt8, _ text: [UInt8]) {
        let text = text.prefix(255)
        pipeline += [code, UInt8(text.count)] + text
    }

    /// Messages up to the pipeline's limits: before and inside a COPY that fails, and behind an error.
    private func writeFloods() {
        func one(_ code: Character, _ text: String = "") -> [UInt8] {
            [code.asciiValue ?? 0, UInt8(text.utf8.count)] + Array(text.utf8)
        }
        func answer(_ code: Character, _ text: String = "") -> [UInt8] {
            [(code.asciiValue ?? 0) | 0x80] + one(code, text).dropFirst()
        }
        func often(_ message: [UInt8]) -> [UInt8] { [0x7f, 255] + message }
        let error = answer("E", "22P04")
        let ready = often(answer("Z", "I"))
        let syncs = often(one("S"))
        let query = one("Q")
        write("Pipelines", syncs + syncs + ready + ready)
        write("Pipelines", query + answer("G") + syncs + syncs + error + ready)
        write("Pipelines", query + syncs + answer("G") + one("f") + error + ready)
        write("Pipelines", one("E") + often(one("d", "x")) + syncs + answer("G") + one("c") + error + ready)
        write("Pipelines", one("P", "a") + error + often(one("E")) + often(one("E")) + one("S") + ready)
        write("Pipelines", query + answer("G") + [0x7f, 1] + one("S") + error + often(query) + ready)
    }

    /// OAUTHBEARER of RFC 7628 section 4: with a token, without one, in two steps, and the end of a refused one.
    private func writeBearers() {
        func body(_ bytes: [UInt8]) -> [UInt8] {
            [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes
        }
        func initial(_ message: [UInt8]) -> [UInt8] {
            Array("OAUTHBEARER\u{0}".utf8) + [0, 0, 0, UInt8(message.count)] + message
        }
        let last = body([1])
        for authorization in ["Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", "", "Basic YTpi"] {
            let message = Array("n,,\u{1}host=h\u{1}port=143\u{1}auth=\(authorization)\u{1}\u{1}".utf8)
            write("OAuthBearers", body(initial(message)) + last)
            let chosen = Array("OAUTHBEARER\u{0}".utf8) + [0xff, 0xff, 0xff, 0xff]
            write("OAuthBearers", body(chosen) + body(message) + last)
        }
    }

    /// What no capture holds: logins with the digests of `UpstreamLogins`, and options of every form.
    mutating func addWritten() {
        for (flags, mechanism) in [(0b00011, "SCRAM-SHA-256"), (0b11011, "SCRAM-SHA-256-PLUS")] {
            login = []
            let signature = String(repeating: "A", count: 43) + "="
            addLogin(0x52, [0, 0, 0, 10] + Array(mechanism.utf8) + [0, 0])
            addLogin(0x52, [0, 0, 0, 11] + Array("r=noncemore,s=c2FsdA==,i=4096".utf8))
            addLogin(0x52, [0, 0, 0, 12] + Array("v=\(signature)".utf8))
            addLogin(0x52, [0, 0, 0, 0])
            addLogin(0x53, Array("server_version\u{0}15\u{0}".utf8))
            addLogin(0x4b, [0, 0, 0, 1, 0, 0, 0, 2])
            addLogin(0x5a, [0x49])
            writeLogin(flags: UInt8(flags))
        }
        writeFloods()
        writeBearers()
        for text in ["-c a.b=c -c\\ d=e", "--search-path=x\\ y -fs -tpa -d5 -e -S 64", "-EO -c", "-- x"] {
            write("StartupPackets", Array("o\(text)".utf8))
        }
    }
}
