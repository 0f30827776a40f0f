import AuditTree

/// The keys whose signatures count, as a log is read from its beginning: a `log.rotated_key` record that a trusted key signed
/// makes another one trusted, and the older one's time ends with the first checkpoint of the newer.
struct TrustedKeys {
    private var keys: [VerifierKey]
    /// Those that signed a checkpoint, in their order.
    private(set) var signers: [VerifierKey] = []
    private var retired: Set<VerifierKey> = []
    /// Which key each was followed by.
    private var successors: [VerifierKey: VerifierKey] = [:]

    init(_ keys: [VerifierKey]) { self.keys = keys }

    /// Takes the log's next checkpoint.
    /// - Returns: whether a trusted key, of that log and not yet followed by another, signed it.
    mutating func take(_ note: SignedNote) -> Bool {
        guard let signer = signer(of: note), !retired.contains(signer) else { return false }
        if signers.last != signer {
            for (old, new) in successors where new == signer { retired.insert(old) }
            signers.append(signer)
        }
        return true
    }

    /// Whether any of the keys, of the checkpoint's log, signed it.
    func isSigned(_ note: SignedNote) -> Bool { signer(of: note) != nil }

    private func signer(of note: SignedNote) -> VerifierKey? {
        guard let signer = note.signer(among: keys), let checkpoint = Checkpoint(text: note.text),
            checkpoint.origin == signer.name
        else { return nil }
        return signer
    }

    /// Takes a `log.rotated_key` record.
    /// - Returns: whether a trusted key signed it.
    mutating func rotate(_ record: JSONValue) -> Bool {
        guard let text = record["signature"]?.string, let note = SignedNote(Array(text.utf8)),
            let signer = note.signer(among: keys), let new = KeyRotation.key(in: note.text, of: signer.name)
        else { return false }
        successors[signer] = new
        if !keys.contains(new) { keys.append(new) }
        return true
    }
}
