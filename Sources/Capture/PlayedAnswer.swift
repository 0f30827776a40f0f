import PGWire

/// What a backend sent, as it is compared.
package struct PlayedAnswer: Equatable, Sendable {
    package let tag: UInt8
    /// The message as a line, without what differs from server to server or from run to run: OIDs, process ids, and
    /// of errors the place in PostgreSQL's source.
    package let line: String
    /// What the line does not show: the data of a COPY.
    package let data: [UInt8]

    /// nil where `tag` is no backend's.
    package init?(tag: UInt8, body: Span<UInt8>) {
        guard let known = BackendTag(rawValue: tag) else { return nil }
        self.tag = tag
        line = WireTrace(flags: .regress).backendFrame(known, body: body).text
        data = known == .copyData ? body.bytes(in: 0..<body.count) : []
    }

    /// Whether it may come at any time and answers nothing: those are not compared.
    package var isNoise: Bool {
        switch BackendTag(rawValue: tag) {
        case .parameterStatus, .notificationResponse: true
        case nil, .authentication, .backendKeyData, .bindComplete, .closeComplete, .commandComplete,
            .copyBothResponse, .copyData, .copyDone, .copyInResponse, .copyOutResponse, .dataRow,
            .emptyQueryResponse, .errorResponse, .functionCallResponse, .negotiateProtocolVersion,
            .noData,
            .noticeResponse, .parameterDescription, .parseComplete, .portalSuspended, .readyForQuery,
            .rowDescription:
            false
        }
    }

    package var isReadyForQuery: Bool { tag == BackendTag.readyForQuery.rawValue }
}
