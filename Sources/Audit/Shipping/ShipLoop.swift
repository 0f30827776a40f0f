import Audit
import AuditTree
import Foundation
import GatewayServers
import Logging

/// The work of one shipper's thread: carries out what the machine decides.
final class ShipLoop {
    private let shipper: Shipper
    private var machine = ShipMachine()
    private var connection: ServerConnection?
    /// Reads below the number beside it. What it may have read ahead of that was not durable then, and could be replaced.
    private var reading: (reader: AuditReader, below: UInt64)?
    /// What was said last, so that it is not said again.
    private var complaint: String?

    init(_ shipper: Shipper) { self.shipper = shipper }

    func run() {
        while true {
            let now = ServerClock.now()
            let deadline = shipper.deadline
            if let deadline, now >= deadline { break }
            switch machine.next(covered: shipper.log.covered(), now: now) {
            case .connect: connect()
            case .copy(let from, let below): copy(from, below)
            case .wait(let until):
                // At the end that means: all is there, or the destination had its chance.
                if deadline != nil { return end() }
                if machine.isConnected { goesOn() }
                wait(until: until)
            }
        }
        end()
    }

    private func end() {
        connection?.close()
        connection = nil
        shipper.publish { $0.isUp = false }
    }

    /// Until the time, until somebody wants it to end, or until the server speaks unasked: then it goes down.
    private func wait(until: Int64) {
        var entries = [pollfd(fd: shipper.wakePipe.descriptor, events: Int16(POLLIN), revents: 0)]
        if let connection {
            entries.append(pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0))
        }
        guard ServerClock.wait(&entries, until: until) else { return }
        shipper.wakePipe.drain()
        if entries.count > 1, entries[1].revents != 0, let connection, !connection.absorb() {
            failed(.server(.failure(.lost)))
        }
    }

    // MARK: - Connecting

    private func connect() {
        do throws(ShipFailure) {
            let fresh = try login()
            connection = fresh
            let deadline = ServerClock.now() &+ ShippingLimits.asking
            let lacking = try ShipQuery.lacking(fresh, shipper.target.shape, until: deadline)
            guard lacking.isEmpty else { throw .lacking(lacking) }
            let newest = try ShipQuery.newestRow(
                fresh, of: shipper.target.origin, in: shipper.target.table, until: deadline)
            connected(try found(newest))
        } catch {
            failed(error)
        }
    }

    private func login() throws(ShipFailure) -> ServerConnection {
        do throws(ServerFault) {
            return try ServerConnection.connect(
                to: shipper.target.login, by: shipper.resolver,
                until: ServerClock.now() &+ ShippingLimits.connecting)
        } catch {
            throw .server(error)
        }
    }

    /// The newest row beside the log's own record of that number.
    private func found(_ newest: ShipMachine.Row?) throws(ShipFailure) -> ShipMachine.Found {
        let end = shipper.log.durable()
        do throws(AuditError) {
            let first = try SegmentName.list(shipper.log.folder + "/segments").first ?? 0
            let log = first..<max(first, end)
            guard let newest, log.contains(newest.seq) else {
                return ShipMachine.Found(newest: newest, own: nil, log: log)
            }
            let line = try AuditReader(folder: shipper.log.folder, from: newest.seq).next()
            guard let line, line.seq == newest.seq else { throw missing(newest.seq) }
            return ShipMachine.Found(newest: newest, own: TreeHash.leaf(line.bytes.span), log: log)
        } catch {
            throw .log(error)
        }
    }

    private func missing(_ seq: UInt64) -> AuditError {
        .damaged(
            path: shipper.log.folder + "/segments", seq: seq, reason: "it is missing, or no record")
    }

    private func connected(_ found: ShipMachine.Found) {
        let before = machine.passedOver
        machine.connected(found, now: ServerClock.now())
        let (reached, passedOver, stop) = (machine.reached, machine.passedOver, machine.stop)
        shipper.publish { status in
            status.reached = reached
            status.passedOver = passedOver
            status.stop = stop
        }
        if passedOver > before {
            shipper.logger.warning(
                "records are not shipped: the log begins behind them",
                metadata: ["records": "\(passedOver - before)"])
        }
        guard let stop else { return }
        drop()
        shipper.publish { status in
            status.isUp = false
            status.failure = nil
        }
        complain(.error, "shipping stopped", "\(stop)")
    }

    /// Everything is there, or another batch is.
    private func goesOn() {
        shipper.publish { status in
            status.isUp = true
            status.failure = nil
        }
        if complaint != nil { shipper.logger.notice("shipping goes on") }
        complaint = nil
    }

    // MARK: - Sending

    private func copy(_ from: UInt64, _ below: UInt64) {
        do throws(ShipFailure) {
            let rows = try rows(from, below)
            let counted = try send(rows)
            guard counted == rows.count else { throw .rows(sent: rows.count, counted: counted) }
            machine.acknowledged(end: from + rows.count)
            let reached = machine.reached
            shipper.publish { status in
                status.rows += rows.count
                status.bytes += UInt64(rows.bytes.count)
                status.reached = reached
            }
            goesOn()
        } catch {
            failed(error)
        }
    }

    private func send(_ rows: ShipRows) throws(ShipFailure) -> UInt64 {
        guard let connection else { throw .server(.failure(.lost)) }
        let target = shipper.target
        do throws(ServerFault) {
            return try connection.copy(
                ShipQuery.copy(into: target.table, target.content), rows.bytes,
                until: ServerClock.now() &+ ShippingLimits.sending)
        } catch {
            throw .server(error)
        }
    }

    /// The records from `from` on, as many as make a batch. What stands before a damaged one is sent all the same.
    private func rows(_ from: UInt64, _ below: UInt64) throws(ShipFailure) -> ShipRows {
        var rows = ShipRows(shipper.target.content, origin: shipper.target.origin)
        do throws(AuditError) {
            let (reader, end) = try reading(at: from, below)
            while from + rows.count < end, rows.count < ShippingLimits.batchRows,
                rows.bytes.count < ShippingLimits.batchBytes
            {
                let wanted = from + rows.count
                guard let line = try reader.next(), line.seq == wanted else { throw missing(wanted) }
                try rows.append(line)
            }
        } catch {
            reading = nil
            guard rows.count > 0 else { throw .log(error) }
        }
        return rows
    }

    private func reading(
        at position: UInt64, _ below: UInt64
    ) throws(AuditError) -> (reader: AuditReader, below: UInt64) {
        if let reading, reading.reader.position == position, position < reading.below { return reading }
        let fresh = (reader: try AuditReader(folder: shipper.log.folder, from: position), below: below)
        reading = fresh
        return fresh
    }

    // MARK: - Failing

    private func failed(_ failure: ShipFailure) {
        drop()
        machine.failed(now: ServerClock.now())
        shipper.publish { status in
            status.isUp = false
            status.failure = failure
            status.stop = nil
            status.failures[failure.label, default: 0] += 1
        }
        complain(.warning, "not shipped, to be tried again", "\(failure)")
    }

    private func complain(_ level: Logger.Level, _ what: Logger.Message, _ reason: String) {
        guard complaint != reason else { return }
        complaint = reason
        shipper.logger.log(level: level, what, metadata: ["reason": "\(reason)"])
    }

    private func drop() {
        connection?.abandon()
        connection = nil
        reading = nil
    }
}
