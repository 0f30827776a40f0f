/// What the replica sent, in the order it came. Each method is one frame; where the body says something, it
/// is given as plain values.
extension Pipeline {
    /// A frame known by its tag and the length of its body alone: DataRow, RowDescription, NoData,
    /// ParameterDescription, ParseComplete, BindComplete, CloseComplete, PortalSuspended, EmptyQueryResponse,
    /// FunctionCallResponse, CopyData and CopyDone. Those that have a method of their own below do not belong
    /// here. Any other tag has no place behind the login and is a violation: a second Authentication,
    /// BackendKeyData or NegotiateProtocolVersion, and what no version of the protocol knows.
    package mutating func frame(tag: UInt8, bodyLength: Int, now: UInt64) -> Answer {
        answer { $0.frame(tag: tag, bodyLength: bodyLength, now: now) }
    }

    /// `tag` is the text without its NUL.
    package mutating func commandComplete(tag: Span<UInt8>, now: UInt64) -> Answer {
        let tag = PipelineText(tag)
        return answer { $0.commandComplete(tag: tag, now: now) }
    }

    /// `sqlstate` is nil where the error has none.
    package mutating func errorResponse(sqlstate: SQLState?, now: UInt64) -> Answer {
        divide()
        return answer { $0.errorResponse(sqlstate: sqlstate, now: now) }
    }

    /// `status` is the frame's only byte.
    package mutating func readyForQuery(status: UInt8, now: UInt64) -> Answer {
        guard let status = TransactionStatus(rawValue: status) else {
            return .violation(Violation(got: UInt8(ascii: "Z"), awaited: nil))
        }
        note(status)
        return answer { $0.readyForQuery(status: status, now: now) }
    }

    package mutating func copyInResponse() -> Answer { answer { $0.copyInResponse() } }

    package mutating func copyOutResponse() -> Answer { answer { $0.copyOutResponse() } }

    package mutating func copyBothResponse() -> Answer { answer { $0.copyBothResponse() } }

    package mutating func dataRow(bytes: Int) -> Answer { answer { $0.dataRow(bytes: bytes) } }

    package mutating func copyData(bytes: Int) -> Answer { answer { $0.copyData(bytes: bytes) } }

    package mutating func copyDone() -> Answer { answer { $0.copyDone() } }

    package mutating func rowDescription() -> Answer { answer { $0.rowDescription() } }

    package mutating func noData() -> Answer { answer { $0.noData() } }

    package mutating func parameterDescription() -> Answer { answer { $0.parameterDescription() } }

    package mutating func parseComplete() -> Answer { answer { $0.parseComplete() } }

    package mutating func bindComplete() -> Answer { answer { $0.bindComplete() } }

    package mutating func closeComplete() -> Answer { answer { $0.closeComplete() } }

    package mutating func portalSuspended(now: UInt64) -> Answer { answer { $0.portalSuspended(now: now) } }

    package mutating func emptyQueryResponse(now: UInt64) -> Answer {
        answer { $0.emptyQueryResponse(now: now) }
    }

    package mutating func functionCallResponse(bytes: Int) -> Answer {
        answer { $0.functionCallResponse(bytes: bytes) }
    }
}
