import GatewayConfiguration

/// What a server said of itself on one connection, for attestation.
package struct AttestationFacts: Sendable, Hashable {
    package var recovery: RecoveryState
    /// `pg_control_system().system_identifier`: equal on a primary, its standbys and clones (F-POL-14).
    package var systemIdentifier: String
    package var clusterName: String
    /// `sha256/` + base64 of the SHA-256 of the certificate's SubjectPublicKeyInfo; nil without TLS.
    package var spki: String?
    /// `pg_backend_pid()` equals the process id of BackendKeyData.
    package var backendMatches: Bool

    package init(
        recovery: RecoveryState, systemIdentifier: String, clusterName: String, spki: String?,
        backendMatches: Bool
    ) {
        self.recovery = recovery
        self.systemIdentifier = systemIdentifier
        self.clusterName = clusterName
        self.spki = spki
        self.backendMatches = backendMatches
    }
}

/// What those facts must be. Probes and upstream connections are held to the same.
package struct AttestationExpectation: Sendable, Hashable {
    package var kind: ReplicaKind
    package var clusterName: String?
    package var spki: String?
    package var systemIdentifier: String?

    package init(kind: ReplicaKind, attest: Attestation) {
        self.kind = kind
        self.clusterName = attest.clusterName
        self.spki = attest.tlsSPKI
        self.systemIdentifier = attest.systemIdentifier
    }

    /// The first difference, the weightiest first; nil: attested.
    package func difference(from facts: AttestationFacts) -> AttestationFailure? {
        if let spki, facts.spki != spki { return .spkiMismatch(expected: spki, found: facts.spki) }
        guard facts.backendMatches else { return .pooler }
        if let systemIdentifier, facts.systemIdentifier != systemIdentifier {
            return .systemIdentifierMismatch(expected: systemIdentifier, found: facts.systemIdentifier)
        }
        // Byte by byte: String's own comparison takes canonical equivalents for equal.
        if let clusterName, !facts.clusterName.utf8.elementsEqual(clusterName.utf8) {
            return .clusterNameMismatch(expected: clusterName, found: facts.clusterName)
        }
        switch (kind, facts.recovery) {
        case (.primary, .standby), (.standby, .primary):
            return .kindMismatch(expected: kind, found: facts.recovery)
        case (.primary, .primary), (.standby, .standby), (.auto, _):
            return nil
        }
    }
}
