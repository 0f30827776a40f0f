import Audit
import PGWire

/// Digests of what COPYs of one session carry, as it passes (`capture: { copy: digest }`). Pure. An object, since hardly a
/// session has one.
///
/// An executor may send a COPY's data before the replica has said that there is a COPY: its streams, each up to its
/// CopyDone or CopyFail, wait with the number of the Query or Execute before them.
package final class CopyDigests {
    /// Streams that wait for their COPY. With more there is no digest.
    package static let limit = 1_024

    private struct Stream {
        let of: UInt64
        var digest = StreamDigest()
    }

    private var streams: [Stream] = []
    /// The last of `streams` goes on.
    private var isOpen = false
    /// The Query or Execute that the data behind it belongs to; nil where the replica would ignore it.
    private var began: UInt64?
    /// Of which a stream was one too many.
    private var cut: UInt64?
    /// What the replica sends.
    private var sent = StreamDigest()

    package init() {}

    /// A message of the executor's; a CopyData's body follows.
    package func received(_ tag: FrontendTag, message: UInt64) {
        switch tag {
        case .query, .execute:
            began = message
            isOpen = false
        case .copyData: open()
        case .copyDone, .copyFail:
            open()
            isOpen = false
        case .sync, .flush: break
        case .parse, .bind, .describe, .close, .functionCall, .terminate, .password:
            began = nil
            isOpen = false
        }
    }

    private func open() {
        guard !isOpen, let began, cut != began else { return }
        guard streams.count < CopyDigests.limit else {
            cut = began
            return
        }
        streams.append(Stream(of: began))
        isOpen = true
    }

    /// Bytes of an executor's CopyData.
    package func take(fromExecutor piece: Span<UInt8>) {
        guard isOpen, !streams.isEmpty else { return }
        streams[streams.count - 1].digest.update(piece)
    }

    /// Bytes of a replica's CopyData.
    package func take(fromReplica piece: Span<UInt8>) { sent.update(piece) }

    /// Something that the message began has ended.
    ///
    /// - Returns: the digest of the COPY's data; nil where it did not pass whole, or was not looked at from its beginning.
    package func ended(_ message: UInt64, _ copy: Pipeline.CopySummary?) -> String? {
        var found: StreamDigest?
        switch copy?.direction {
        case nil, .both: break
        case .out: found = sent
        case .in: found = takeStream(of: message)
        }
        sent = StreamDigest()
        while let first = streams.first, first.of < message { removeFirst() }
        guard let found, let copy, found.bytes == copy.bytes else { return nil }
        return found.text
    }

    private func takeStream(of message: UInt64) -> StreamDigest {
        while let first = streams.first, first.of <= message {
            removeFirst()
            if first.of == message { return first.digest }
        }
        // It ended before a byte of it came.
        return StreamDigest()
    }

    private func removeFirst() {
        streams.removeFirst()
        if streams.isEmpty { isOpen = false }
    }
}
