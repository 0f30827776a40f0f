extension WireTrace {
    /// A frame of the executor's, after its startup packet.
    package func frontendFrame(
        _ tag: FrontendTag, body: Span<UInt8>, password kind: PasswordKind = .password
    ) -> TraceLine {
        switch tag {
        case .query:
            line(.frontend, "Query", body) { (body, fields) throws(MessageError) in
                fields.string(try Query.decode(body).sql, body)
            }
        case .parse: parse(body)
        case .bind: bind(body)
        case .describe:
            line(.frontend, "Describe", body) { (body, fields) throws(MessageError) in
                let message = try Describe.decode(body)
                fields.byte(message.subject.rawValue)
                fields.string(message.name, body)
            }
        case .execute:
            line(.frontend, "Execute", body) { (body, fields) throws(MessageError) in
                let message = try Execute.decode(body)
                fields.string(message.portal, body)
                fields.number(message.maximumRows)
            }
        case .close:
            line(.frontend, "Close", body) { (body, fields) throws(MessageError) in
                let message = try Close.decode(body)
                fields.byte(message.subject.rawValue)
                fields.string(message.name, body)
            }
        case .sync:
            line(.frontend, "Sync", body) { (body, _) throws(MessageError) in _ = try Sync.decode(body) }
        case .flush:
            line(.frontend, "Flush", body) { (body, _) throws(MessageError) in _ = try Flush.decode(body) }
        case .functionCall: functionCall(body)
        // libpq leaves the data out as well.
        case .copyData: line(.frontend, "CopyData", body) { (_, _) throws(MessageError) in }
        // The server does not look at the bodies of these two.
        case .copyDone: line(.frontend, "CopyDone", body) { (_, _) throws(MessageError) in }
        case .terminate: line(.frontend, "Terminate", body) { (_, _) throws(MessageError) in }
        case .copyFail:
            line(.frontend, "CopyFail", body) { (body, fields) throws(MessageError) in
                fields.string(try CopyFail.decode(body).reason, body)
            }
        case .password: password(body, kind)
        }
    }

    private func parse(_ body: Span<UInt8>) -> TraceLine {
        line(.frontend, "Parse", body) { (body, fields) throws(MessageError) in
            let message = try Parse.decode(body)
            fields.string(message.name, body)
            fields.string(message.sql, body)
            fields.number(message.parameterTypes.count)
            for type in message.parameterTypes { fields.word(oid(type)) }
        }
    }

    private func bind(_ body: Span<UInt8>) -> TraceLine {
        line(.frontend, "Bind", body) { (body, fields) throws(MessageError) in
            let message = try Bind.decode(body)
            fields.string(message.portal, body)
            fields.string(message.statement, body)
            fields.formats(message.parameterFormats)
            fields.number(message.parameters.count)
            for parameter in message.parameters.places(in: body) { fields.value(parameter, body) }
            fields.formats(message.resultFormats)
        }
    }

    private func functionCall(_ body: Span<UInt8>) -> TraceLine {
        line(.frontend, "FunctionCall", body) { (body, fields) throws(MessageError) in
            let message = try FunctionCall.decode(body)
            fields.word(oid(message.function))
            fields.formats(message.argumentFormats)
            fields.number(message.arguments.count)
            for argument in message.arguments.places(in: body) { fields.value(argument, body) }
            fields.number(message.resultFormat)
        }
    }

    /// The mechanism's name is shown, and that there is a response; never the response.
    private func password(_ body: Span<UInt8>, _ kind: PasswordKind) -> TraceLine {
        line(.frontend, kind.name, body) { (body, fields) throws(MessageError) in
            switch kind {
            case .password: _ = try PasswordMessage.decode(body)
            case .saslInitialResponse:
                let message = try SASLInitialResponse.decode(body)
                fields.string(message.mechanism, body)
                guard message.response != nil else { return fields.number(-1) }
            case .saslResponse, .gssResponse: break
            }
            fields.word(Self.redacted)
        }
    }
}
