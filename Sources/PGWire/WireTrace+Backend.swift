extension WireTrace {
    /// A frame of the replica's.
    package func backendFrame(_ tag: BackendTag, body: Span<UInt8>) -> TraceLine {
        switch tag {
        case .authentication: authentication(body)
        case .backendKeyData:
            line(.backend, "BackendKeyData", body) { (body, fields) throws(MessageError) in
                fields.word(processID(try BackendKeyData.decode(body).processID))
                fields.word(Self.suppressed)
            }
        case .bindComplete: bodiless("BindComplete", body)
        case .closeComplete: bodiless("CloseComplete", body)
        case .commandComplete:
            line(.backend, "CommandComplete", body) { (body, fields) throws(MessageError) in
                fields.string(try CommandComplete.decode(body).commandTag, body)
            }
        case .copyBothResponse, .copyInResponse, .copyOutResponse: copyResponse(tag, body)
        case .copyData: line(.backend, "CopyData", body) { (_, _) throws(MessageError) in }
        case .copyDone: bodiless("CopyDone", body)
        case .dataRow:
            line(.backend, "DataRow", body) { (body, fields) throws(MessageError) in
                let message = try DataRow.decode(body)
                fields.number(message.values.count)
                for value in message.values { fields.value(value, body) }
            }
        case .emptyQueryResponse: bodiless("EmptyQueryResponse", body)
        case .errorResponse: diagnostics("ErrorResponse", body)
        case .noticeResponse: diagnostics("NoticeResponse", body)
        case .functionCallResponse:
            line(.backend, "FunctionCallResponse", body) { (body, fields) throws(MessageError) in
                fields.value(try FunctionCallResponse.decode(body).value, body)
            }
        case .negotiateProtocolVersion: negotiation(body)
        case .noData: bodiless("NoData", body)
        case .notificationResponse:
            line(.backend, "NotificationResponse", body) { (body, fields) throws(MessageError) in
                let message = try NotificationResponse.decode(body)
                fields.word(processID(message.processID))
                fields.string(message.channel)
                fields.string(message.payload)
            }
        case .parameterDescription:
            line(.backend, "ParameterDescription", body) { (body, fields) throws(MessageError) in
                let message = try ParameterDescription.decode(body)
                fields.number(message.types.count)
                for type in message.types { fields.word(oid(type)) }
            }
        case .parameterStatus:
            line(.backend, "ParameterStatus", body) { (body, fields) throws(MessageError) in
                let message = try ParameterStatus.decode(body)
                fields.string(message.name)
                fields.string(message.value)
            }
        case .parseComplete: bodiless("ParseComplete", body)
        case .portalSuspended: bodiless("PortalSuspended", body)
        case .readyForQuery:
            line(.backend, "ReadyForQuery", body) { (body, fields) throws(MessageError) in
                fields.byte(try ReadyForQuery.decode(body).status.rawValue)
            }
        case .rowDescription: rowDescription(body)
        }
    }

    private func bodiless(_ name: String, _ body: Span<UInt8>) -> TraceLine {
        line(.backend, name, body) { (body, _) throws(MessageError) in try MessageReader().finish(body) }
    }

    private func authentication(_ body: Span<UInt8>) -> TraceLine {
        var name = "Authentication"
        let read = line(.backend, name, body) { (body, fields) throws(MessageError) in
            let request = try Authentication.decode(body)
            name = Self.name(of: request)
            switch request {
            case .ok, .cleartextPassword, .other: break
            case .md5Password(let salt): fields.value(salt)
            case .sasl(let mechanisms): for mechanism in mechanisms { fields.string(mechanism) }
            case .saslContinue(let data): fields.value(data)
            // With the rest of the exchange, it would be something to try passwords on.
            case .saslFinal: fields.word(Self.redacted)
            }
        }
        return TraceLine(.backend, length: read.length, name, fields: read.fields)
    }

    private static func name(of request: Authentication) -> String {
        switch request {
        case .ok: "AuthenticationOk"
        case .cleartextPassword: "AuthenticationCleartextPassword"
        case .md5Password: "AuthenticationMD5Password"
        case .sasl: "AuthenticationSASL"
        case .saslContinue: "AuthenticationSASLContinue"
        case .saslFinal: "AuthenticationSASLFinal"
        case .other(.kerberosV5): "AuthenticationKerberosV5"
        case .other(.gss): "AuthenticationGSS"
        case .other(.gssContinue): "AuthenticationGSSContinue"
        case .other(.sspi): "AuthenticationSSPI"
        case .other(.unknown(let code)): "Unknown authentication message \(code)"
        }
    }

    private func copyResponse(_ tag: BackendTag, _ body: Span<UInt8>) -> TraceLine {
        let name = "Copy\(tag == .copyInResponse ? "In" : tag == .copyOutResponse ? "Out" : "Both")Response"
        return line(.backend, name, body) { (body, fields) throws(MessageError) in
            let formats = try CopyFormats.decode(body)
            fields.byte(formats.isBinary ? 1 : 0)
            fields.number(formats.columns.count)
            for column in formats.columns { fields.number(column) }
        }
    }

    /// The fields in their order, each its type and its text, and the NUL that ends them.
    private func diagnostics(_ name: String, _ body: Span<UInt8>) -> TraceLine {
        let isRegress = flags.contains(.regress)
        return line(.backend, name, body, suppressesLength: isRegress) {
            (body, fields) throws(MessageError) in
            for field in try DiagnosticFields.decode(body).fields {
                fields.byte(field.code)
                switch DiagnosticFields.Code(rawValue: field.code) {
                case .file where isRegress, .line where isRegress, .routine where isRegress:
                    fields.string(Array("SSSS".utf8))
                case nil, .localizedSeverity, .severity, .sqlstate, .message, .detail, .hint, .position,
                    .internalPosition, .internalQuery, .context, .schema, .table, .column, .dataType,
                    .constraint, .file, .line, .routine:
                    fields.string(field.value)
                }
            }
            fields.byte(0)
        }
    }

    private func negotiation(_ body: Span<UInt8>) -> TraceLine {
        line(.backend, "NegotiateProtocolVersion", body) { (body, fields) throws(MessageError) in
            let message = try NegotiateProtocolVersion.decode(body)
            fields.number(message.version.code)
            fields.number(message.unrecognizedOptions.count)
            for option in message.unrecognizedOptions { fields.string(option) }
        }
    }

    private func rowDescription(_ body: Span<UInt8>) -> TraceLine {
        line(.backend, "RowDescription", body) { (body, fields) throws(MessageError) in
            let message = try RowDescription.decode(body)
            fields.number(message.columns.count)
            for column in message.columns {
                fields.string(column.name)
                fields.word(oid(column.table))
                fields.number(column.attribute)
                fields.word(oid(column.type))
                fields.number(column.typeSize)
                fields.number(column.typeModifier)
                fields.number(column.format)
            }
        }
    }
}
