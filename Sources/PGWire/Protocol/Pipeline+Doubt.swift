/// The race of Sync with COPY IN (see `Pipeline`): what is awaited while it is open, and how it is decided.
extension Pipeline {
    /// The message that the frame that came belongs to, if it fits; nil where none is awaited.
    mutating func awaited(_ frame: Unicode.Scalar) -> Entry? {
        switch mode {
        case .normal, .skipping: return queue.first
        case .perhapsSkipping: return nil
        case .perhapsSkipped:
            decide(frame)
            return mode == .perhapsSkipped ? nil : queue.first
        }
    }

    /// An answer came that fits: a ReadyForQuery in excess would have come before it.
    mutating func fits() -> Answer {
        if doubt > 0, !skippedInDoubt { doubt = 0 }
        return .continues
    }

    func unexpected(_ frame: Unicode.Scalar) -> Answer {
        doubt > 0 ? .unattributed : violation(UInt8(ascii: frame))
    }

    /// A ReadyForQuery in excess is right only where a Sync sent inside a failed COPY may be its cause.
    mutating func surplusReadyForQuery() -> Answer {
        guard doubt > 0 else { return violation(UInt8(ascii: "Z")) }
        doubt &-= 1
        if doubt == 0 { skippedInDoubt = false }
        return .continues
    }

    /// The first ReadyForQuery since the COPY failed. Where no Sync was sent since, it shows that one inside
    /// the COPY was answered after all, and that what follows is run.
    mutating func readyForQueryInDoubt() -> Answer {
        guard let sync = indexOfSync() else {
            mode = .normal
            return surplusReadyForQuery()
        }
        if sync == 0 {
            mode = .normal
            _ = finishFirst()
        } else {
            mode = .perhapsSkipped
        }
        return .continues
    }

    /// Takes everything before the next Sync for skipped, without proof.
    mutating func resolveDoubtAsSkipped() {
        let count = skipped.count
        skipForSure()
        if skipped.count > count { skippedInDoubt = true }
    }

    /// A frame came behind the ReadyForQuery that may have answered the next Sync or one before.
    private mutating func decide(_ frame: Unicode.Scalar) {
        guard let sync = indexOfSync(), let run = queue.first else {
            mode = .normal
            return
        }
        var next = sync &+ 1
        while next < queue.count, queue[next].kind == .copyData || queue[next].kind == .copyEnd { next &+= 1 }
        let fitsSkipped = next < queue.count && Self.begins(frame, queue[next].kind)
        let fitsRun = Self.begins(frame, run.kind) || frame == "Z" && doubt > 1
        switch (fitsSkipped, fitsRun) {
        case (true, true):
            resolveDoubtAsSkipped()
        case (true, false):
            skipForSure()
            doubt = 0
        case (false, true):
            mode = .normal
            doubt &-= 1
        case (false, false):
            // An error of the session itself may come at any time; any other frame is answered with a
            // violation.
            if frame != "E" { doubt = 0 }
        }
    }

    private mutating func skipForSure() {
        let answered = mode == .perhapsSkipped
        mode = skipToSync() ? .normal : .skipping
        if answered, mode == .normal { _ = finishFirst() }
    }

    private func indexOfSync() -> Int? {
        var index = 0
        while index < queue.count {
            if queue[index].kind == .sync { return index }
            index &+= 1
        }
        return nil
    }

    /// Whether the frame can be the first of the answer to a message of this kind.
    private static func begins(_ frame: Unicode.Scalar, _ kind: Entry.Kind) -> Bool {
        if frame == "E" { return true }
        return switch kind {
        case .query:
            frame == "T" || frame == "C" || frame == "I" || frame == "G" || frame == "H" || frame == "W"
        case .parse: frame == "1"
        case .bind: frame == "2"
        case .describeStatement: frame == "t"
        case .describePortal: frame == "T" || frame == "n"
        case .execute:
            frame == "D" || frame == "C" || frame == "s" || frame == "I" || frame == "G" || frame == "H"
        case .closeStatement, .closePortal: frame == "3"
        case .functionCall: frame == "V"
        case .sync: frame == "Z"
        case .malformedFlush, .copyData, .copyEnd: false
        }
    }
}
