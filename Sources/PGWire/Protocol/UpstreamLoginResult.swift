/// What a replica said between AuthenticationOk and its first ReadyForQuery.
package struct UpstreamLoginResult: Sendable {
    package enum Method: Equatable, Sendable {
        /// The replica asked for nothing: trust, a certificate, peer.
        case none
        case cleartextPassword, md5Password, scramSHA256, scramSHA256Plus
    }

    package var method = Method.none
    /// In the order they came.
    package var parameters: [ParameterStatus] = []
    /// What cancels this session, if the replica gave it (F-WIRE-13).
    package var key: BackendKeyData?
    package var transactionStatus = TransactionStatus.idle
    /// For the executor, at most `WireLimits.noticesAtLogin`. Text of the replica's: to be passed on after
    /// attestation.
    package var notices: [NoticeResponse] = []
    /// For the next login of this role at a server with the same verifier.
    package var scramKeys: ScramKeys?
}
