import PGWire

extension WireSample {
    static let backend: [WireSample] = authentications + session + answers + rows + copyResponses

    private static let authentication: @Sendable ([UInt8]) throws -> [UInt8] = { body in
        var out: [UInt8] = []
        try Authentication.decode(body.span).encode(into: &out)
        return out
    }

    private static let authentications: [WireSample] = [
        WireSample(name: "AuthenticationOk", tag: "R", body: [0, 0, 0, 0], reencode: authentication),
        WireSample(name: "AuthenticationKerberosV5", tag: "R", body: [0, 0, 0, 2], reencode: authentication),
        WireSample(
            name: "AuthenticationCleartextPassword", tag: "R", body: [0, 0, 0, 3], reencode: authentication),
        WireSample(
            name: "AuthenticationMD5Password", tag: "R", body: [0, 0, 0, 5, 1, 2, 3, 4],
            reencode: authentication),
        WireSample(name: "AuthenticationGSS", tag: "R", body: [0, 0, 0, 7], reencode: authentication),
        WireSample(name: "AuthenticationSSPI", tag: "R", body: [0, 0, 0, 9], reencode: authentication),
        WireSample(
            name: "AuthenticationSASL", tag: "R",
            body: wire(0, 0, 0, 10, "SCRAM-SHA-256-PLUS", 0, "SCRAM-SHA-256", 0, 0), reencode: authentication),
        WireSample(
            name: "AuthenticationSASL without mechanisms", tag: "R", body: [0, 0, 0, 10, 0],
            reencode: authentication),
        WireSample(
            name: "AuthenticationSASLContinue", tag: "R", body: wire(0, 0, 0, 11, "r=x"), openFrom: 4,
            reencode: authentication),
        WireSample(
            name: "AuthenticationSASLFinal", tag: "R", body: wire(0, 0, 0, 12, "v=x"), openFrom: 4,
            reencode: authentication),
    ]

    private static let session: [WireSample] = [
        WireSample(name: "BackendKeyData", tag: "K", body: [0, 0, 0x30, 0x39, 1, 2, 3, 4], openFrom: 8) {
            body in
            var out: [UInt8] = []
            try BackendKeyData.decode(body.span).encode(into: &out)
            return out
        },
        WireSample(name: "ParameterStatus", tag: "S", body: wire("TimeZone", 0, "Etc/UTC", 0)) { body in
            var out: [UInt8] = []
            try ParameterStatus.decode(body.span).encode(into: &out)
            return out
        },
        WireSample(name: "ReadyForQuery", tag: "Z", body: wire("I")) { body in
            var out: [UInt8] = []
            try ReadyForQuery.decode(body.span).encode(into: &out)
            return out
        },
        WireSample(
            name: "NegotiateProtocolVersion", tag: "v",
            body: wire(0, 3, 0, 2, 0, 0, 0, 2, "_pq_.a", 0, "_pq_.b", 0)
        ) { body in
            var out: [UInt8] = []
            try NegotiateProtocolVersion.decode(body.span).encode(into: &out)
            return out
        },
        WireSample(
            name: "ErrorResponse", tag: "E",
            body: wire("SERROR", 0, "VERROR", 0, "C42601", 0, "Msyntax error", 0, "P1", 0, "?new", 0, 0)
        ) { body in
            var out: [UInt8] = []
            try ErrorResponse.decode(body.span).encode(into: &out)
            return out
        },
        WireSample(name: "NoticeResponse", tag: "N", body: wire("SNOTICE", 0, "C00000", 0, "Mhello", 0, 0)) {
            body in
            var out: [UInt8] = []
            try NoticeResponse.decode(body.span).encode(into: &out)
            return out
        },
        WireSample(
            name: "NotificationResponse", tag: "A", body: wire(0, 0, 0x30, 0x39, "channel", 0, "payload", 0)
        ) { body in
            var out: [UInt8] = []
            try NotificationResponse.decode(body.span).encode(into: &out)
            return out
        },
    ]

    private static let answers: [WireSample] = [
        WireSample(name: "CommandComplete", tag: "C", body: wire("INSERT 0 5", 0)) { body in
            var out: [UInt8] = []
            try CommandComplete.encode(
                commandTag: body.slice(CommandComplete.decode(body.span).commandTag), into: &out)
            return out
        },
        WireSample(name: "ParseComplete", tag: "1", body: []) { body in
            var out: [UInt8] = []
            _ = try ParseComplete.decode(body.span)
            ParseComplete.encode(into: &out)
            return out
        },
        WireSample(name: "BindComplete", tag: "2", body: []) { body in
            var out: [UInt8] = []
            _ = try BindComplete.decode(body.span)
            BindComplete.encode(into: &out)
            return out
        },
        WireSample(name: "CloseComplete", tag: "3", body: []) { body in
            var out: [UInt8] = []
            _ = try CloseComplete.decode(body.span)
            CloseComplete.encode(into: &out)
            return out
        },
        WireSample(name: "NoData", tag: "n", body: []) { body in
            var out: [UInt8] = []
            _ = try NoData.decode(body.span)
            NoData.encode(into: &out)
            return out
        },
        WireSample(name: "EmptyQueryResponse", tag: "I", body: []) { body in
            var out: [UInt8] = []
            _ = try EmptyQueryResponse.decode(body.span)
            EmptyQueryResponse.encode(into: &out)
            return out
        },
        WireSample(name: "PortalSuspended", tag: "s", body: []) { body in
            var out: [UInt8] = []
            _ = try PortalSuspended.decode(body.span)
            PortalSuspended.encode(into: &out)
            return out
        },
        WireSample(
            name: "FunctionCallResponse", tag: "V", body: [0, 0, 0, 4, 0, 0, 0, 1], reencode: functionResult),
        WireSample(
            name: "FunctionCallResponse, NULL", tag: "V", body: [255, 255, 255, 255], reencode: functionResult
        ),
    ]

    private static let functionResult: @Sendable ([UInt8]) throws -> [UInt8] = { body in
        var out: [UInt8] = []
        try FunctionCallResponse.encode(
            value: body.slice(FunctionCallResponse.decode(body.span).value), into: &out)
        return out
    }

    private static let rows: [WireSample] = [
        WireSample(
            name: "RowDescription", tag: "T",
            body: wire(0, 1, "id", 0, 0, 0, 0x40, 1, 0, 1, 0, 0, 0, 23, 0, 4, 0xff, 0xff, 0xff, 0xff, 0, 0)
        ) { body in
            var out: [UInt8] = []
            try RowDescription.decode(body.span).encode(into: &out)
            return out
        },
        WireSample(
            name: "DataRow", tag: "D", body: wire(0, 3, 0, 0, 0, 1, "7", 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)
        ) { body in
            var out: [UInt8] = []
            try DataRow.encode(values: DataRow.decode(body.span).values.map { body.slice($0) }, into: &out)
            return out
        },
        WireSample(
            name: "ParameterDescription", tag: "t", body: [0, 2, 0, 0, 0, 23, 0, 0, 4, 0x13]
        ) { body in
            var out: [UInt8] = []
            try ParameterDescription.decode(body.span).encode(into: &out)
            return out
        },
    ]

    private static let copyResponses: [WireSample] = [
        WireSample(name: "CopyInResponse", tag: "G", body: [0, 0, 2, 0, 0, 0, 0]) { body in
            var out: [UInt8] = []
            try CopyInResponse.decode(body.span).encode(into: &out)
            return out
        },
        WireSample(name: "CopyOutResponse", tag: "H", body: [1, 0, 1, 0, 1]) { body in
            var out: [UInt8] = []
            try CopyOutResponse.decode(body.span).encode(into: &out)
            return out
        },
        WireSample(name: "CopyBothResponse", tag: "W", body: [0, 0, 0]) { body in
            var out: [UInt8] = []
            try CopyBothResponse.decode(body.span).encode(into: &out)
            return out
        },
    ]
}
