import ArgumentParser
import Capture
import CaptureRecords
import Foundation
import PGWire

/// `domicile replay FILE.pcap`: a capture as messages, or played again.
struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Decode a capture of PostgreSQL sessions into messages.",
        discussion: """
            Reads pcap and pcapng, IPv4 and IPv6, of loopback, Ethernet and Linux' any device. A line is a message, in \
            the form of libpq's PQtrace; lines that begin with # say which connection follows, what was lost, who \
            closed. Passwords, tokens and cancel keys are not shown. With --records the lines are the audit records that a \
            gateway would have written of what was said, without what a capture cannot know. With --against the executor's side is played again \
            at a server, and its answers are compared. The exit status is 1 where the file is broken or an answer differs.
            """)

    @Argument(help: ArgumentHelp("The capture.", valueName: "file"))
    var file: String

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Play the executor's side again at this server (key=value pairs or postgresql://..., the password better in PGPASSWORD).",
            valueName: "dsn"))
    var against: String?

    @Flag(name: .long, help: "Begin each line with its packet's time (UTC).")
    var timestamps = false

    @Flag(
        name: .long,
        help: "Leave out what differs from run to run: OIDs, process ids, places in PostgreSQL's source.")
    var regress = false

    @Flag(name: .long, help: "Print JSON: an object a line.")
    var json = false

    @Flag(name: .long, help: "Print audit records (JSON): those of statements, outcomes, COPY, cancels.")
    var records = false

    @Option(
        name: .long,
        help: ArgumentHelp(
            "How the decoder gets its bytes: as-captured, byte-at-a-time or all-at-once.", visibility: .hidden
        ))
    var chunking = CaptureReplay.Chunking.asCaptured

    func validate() throws {
        if records, against != nil || timestamps || regress {
            throw ValidationError("--records goes with none of --against, --timestamps and --regress")
        }
    }

    func run() throws {
        let capture = CaptureFile(try read())
        let replay = CaptureReplay(capture, trace: WireTrace(flags: regress ? .regress : []))
        if let against {
            try play(replay, against: against)
        } else if records {
            let records = CapturedRecords(replay, chunking)
            for line in records.lines { print(line) }
            for remark in records.remarks { StandardError.print("\(file): \(remark)") }
        } else if json {
            for line in try ReplayRecords.lines(replay, chunking) { print(line) }
        } else {
            for line in CaptureText(showsTimes: timestamps).lines(replay, chunking) { print(line) }
        }
        if let fault = capture.fault {
            StandardError.print("\(file): \(fault)")
            throw ExitCode.failure
        }
    }

    private func read() throws -> [UInt8] {
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            if let size = attributes[.size] as? Int, size > CaptureLimits.file {
                StandardError.print("\(file): \(size) bytes: at most \(CaptureLimits.file) are read")
                throw ExitCode.failure
            }
            return [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        } catch let error as CocoaError {
            StandardError.print("\(file): \(error.localizedDescription)")
            throw ExitCode.failure
        }
    }

    private func play(_ replay: CaptureReplay, against dsn: String) throws {
        let target: ReplayTarget
        do throws(ReplayTarget.Mistake) {
            target = try ReplayTarget(dsn, environment: ProcessInfo.processInfo.environment)
        } catch {
            throw ValidationError("--against: \(error)")
        }
        var player = ReplayPlayer(target: target)
        let report = player.play(replay)
        if json {
            print(try ReplayRecords.line(report))
        } else {
            for line in report.lines { print(line) }
        }
        guard report.isSame else { throw ExitCode.failure }
    }
}

extension CaptureReplay.Chunking: ExpressibleByArgument {}
