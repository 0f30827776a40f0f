import PGWire

extension WireSample {
    static let frontend: [WireSample] = statements + parameters + copies + logins

    private static let statements: [WireSample] = [
        WireSample(name: "Query", tag: "Q", body: wire("SELECT 1", 0)) { body in
            var out: [UInt8] = []
            try Query.encode(sql: body.slice(Query.decode(body.span).sql), into: &out)
            return out
        },
        WireSample(name: "Query, empty", tag: "Q", body: [0]) { body in
            var out: [UInt8] = []
            try Query.encode(sql: body.slice(Query.decode(body.span).sql), into: &out)
            return out
        },
        WireSample(
            name: "Parse", tag: "P", body: wire("s1", 0, "SELECT $1", 0, 0, 2, 0, 0, 0, 23, 0xff, 0, 0, 1),
            reencode: parse),
        WireSample(name: "Parse, unnamed", tag: "P", body: [0, 0, 0, 0], reencode: parse),
        WireSample(name: "Execute", tag: "E", body: wire("p", 0, 0, 0, 1, 2), reencode: execute),
        WireSample(
            name: "Execute, negative row count", tag: "E", body: [0, 0xff, 0xff, 0xff, 0xff],
            reencode: execute),
        WireSample(name: "Describe statement", tag: "D", body: wire("Ss1", 0)) { body in
            var out: [UInt8] = []
            let message = try Describe.decode(body.span)
            try Describe.encode(message.subject, name: body.slice(message.name), into: &out)
            return out
        },
        WireSample(name: "Close portal", tag: "C", body: wire("Pp", 0)) { body in
            var out: [UInt8] = []
            let message = try Close.decode(body.span)
            try Close.encode(message.subject, name: body.slice(message.name), into: &out)
            return out
        },
        WireSample(name: "Sync", tag: "S", body: []) { body in
            var out: [UInt8] = []
            _ = try Sync.decode(body.span)
            Sync.encode(into: &out)
            return out
        },
        WireSample(name: "Flush", tag: "H", body: []) { body in
            var out: [UInt8] = []
            _ = try Flush.decode(body.span)
            Flush.encode(into: &out)
            return out
        },
        WireSample(name: "Terminate", tag: "X", body: []) { body in
            var out: [UInt8] = []
            _ = try Terminate.decode(body.span)
            Terminate.encode(into: &out)
            return out
        },
    ]

    private static let parse: @Sendable ([UInt8]) throws -> [UInt8] = { body in
        var out: [UInt8] = []
        let message = try Parse.decode(body.span)
        try Parse.encode(
            name: body.slice(message.name), sql: body.slice(message.sql),
            parameterTypes: message.parameterTypes,
            into: &out)
        return out
    }

    private static let execute: @Sendable ([UInt8]) throws -> [UInt8] = { body in
        var out: [UInt8] = []
        let message = try Execute.decode(body.span)
        try Execute.encode(portal: body.slice(message.portal), maximumRows: message.maximumRows, into: &out)
        return out
    }

    private static let bind: @Sendable ([UInt8]) throws -> [UInt8] = { body in
        var out: [UInt8] = []
        let message = try Bind.decode(body.span)
        try Bind.encode(
            portal: body.slice(message.portal), statement: body.slice(message.statement),
            parameterFormats: message.parameterFormats,
            parameters: message.parameters.places(in: body.span).map { body.slice($0) },
            resultFormats: message.resultFormats, into: &out)
        return out
    }

    private static let functionCall: @Sendable ([UInt8]) throws -> [UInt8] = { body in
        var out: [UInt8] = []
        let message = try FunctionCall.decode(body.span)
        try FunctionCall.encode(
            function: message.function, argumentFormats: message.argumentFormats,
            arguments: message.arguments.places(in: body.span).map { body.slice($0) },
            resultFormat: message.resultFormat,
            into: &out)
        return out
    }

    private static let parameters: [WireSample] = [
        WireSample(name: "Bind, nothing", tag: "B", body: [0, 0, 0, 0, 0, 0, 0, 0], reencode: bind),
        WireSample(
            name: "Bind, one format for all, NULL, empty", tag: "B",
            body: wire(
                "p", 0, "s", 0, 0, 1, 0, 1, 0, 3, 0, 0, 0, 2, "ab", 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 1,
                0, 1),
            reencode: bind),
        WireSample(
            name: "Bind, a format each", tag: "B",
            body: wire(0, 0, 0, 2, 0, 0, 0, 1, 0, 2, 0, 0, 0, 1, "a", 0, 0, 0, 1, 0, 0, 2, 0, 0, 0, 1),
            reencode: bind),
        WireSample(
            name: "Bind, a value with the length of its own count", tag: "B",
            body: wire(0, "s", 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0), reencode: bind),
        WireSample(
            name: "FunctionCall", tag: "F",
            body: wire(
                0, 0, 3, 196, 0, 1, 0, 1, 0, 2, 0, 0, 0, 4, 0, 0, 0x40, 1, 0xff, 0xff, 0xff, 0xff, 0, 1),
            reencode: functionCall),
        WireSample(
            name: "FunctionCall without arguments", tag: "F", body: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            reencode: functionCall),
    ]

    private static let copies: [WireSample] = [
        WireSample(name: "CopyData", tag: "d", body: wire("1\tone\n"), openFrom: 0) { body in
            var out: [UInt8] = []
            try CopyData.encode(data: body.slice(CopyData.decode(body.span).data), into: &out)
            return out
        },
        WireSample(name: "CopyDone", tag: "c", body: []) { body in
            var out: [UInt8] = []
            _ = try CopyDone.decode(body.span)
            CopyDone.encode(into: &out)
            return out
        },
        WireSample(name: "CopyFail", tag: "f", body: wire("no more", 0)) { body in
            var out: [UInt8] = []
            try CopyFail.encode(reason: body.slice(CopyFail.decode(body.span).reason), into: &out)
            return out
        },
    ]

    private static let sasl: @Sendable ([UInt8]) throws -> [UInt8] = { body in
        var out: [UInt8] = []
        let message = try SASLInitialResponse.decode(body.span)
        try SASLInitialResponse.encode(
            mechanism: body.slice(message.mechanism), response: body.slice(message.response), into: &out)
        return out
    }

    private static let logins: [WireSample] = [
        WireSample(name: "PasswordMessage", tag: "p", body: wire("secret", 0)) { body in
            var out: [UInt8] = []
            try PasswordMessage.encode(
                password: body.slice(PasswordMessage.decode(body.span).password), into: &out)
            return out
        },
        WireSample(
            name: "SASLInitialResponse", tag: "p", body: wire("OAUTHBEARER", 0, 0, 0, 0, 3, "n,,"),
            reencode: sasl),
        WireSample(
            name: "SASLInitialResponse without a message", tag: "p",
            body: wire("OAUTHBEARER", 0, 0xff, 0xff, 0xff, 0xff), reencode: sasl),
        WireSample(name: "SASLResponse", tag: "p", body: wire("c=biws"), openFrom: 0) { body in
            var out: [UInt8] = []
            try SASLResponse.encode(response: body.slice(SASLResponse.decode(body.span).response), into: &out)
            return out
        },
    ]
}
