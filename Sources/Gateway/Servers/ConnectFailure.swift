import GatewayRouting

/// Tells apart why libpq could not connect. It says so in text only; the SQLSTATE stands at the end of it
/// (PQERRORS_SQLSTATE), the rest are libpq's and OpenSSL's own, untranslated sentences.
enum ConnectFailure {
    /// Of an SQLSTATE (appendix "PostgreSQL Error Codes").
    static func fault(sqlstate: String) -> ServerFault {
        switch sqlstate {
        case "53300": .failure(.serverFull)
        case "57P03": .failure(.startingUp)
        case "57P01", "57P02", "57P05": .failure(.lost)
        case "57014": .failure(.queryTimeout)
        default:
            sqlstate.hasPrefix("28")
                ? .failure(.authentication(sqlstate: sqlstate)) : .failure(.server(sqlstate: sqlstate))
        }
    }

    static func fault(_ message: String) -> ServerFault {
        if let sqlstate = sqlstate(in: message) { return fault(sqlstate: sqlstate) }
        let text = brief(message)
        if text.contains("Connection refused") { return .failure(.connectionRefused) }
        if text.contains("Connection timed out") { return .failure(.connectTimeout) }
        if text.contains("channel binding") { return .failure(.weakAuthentication) }
        if text.contains("no password supplied") || text.contains("authentication") {
            return .failure(.weakAuthentication)
        }
        if text.contains("certificate verify failed") || text.contains("server certificate for")
            || text.contains("host name")
        {
            return .difference(.tlsIdentity(text))
        }
        if text.contains("SSL") || text.contains("certificate") { return .failure(.tls(text)) }
        if text.contains("closed the connection") { return .failure(.lost) }
        return .failure(.connection(text))
    }

    /// The code of a line like `FATAL:  28P01`, in whatever language its severity is.
    static func sqlstate(in message: String) -> String? {
        for line in message.split(whereSeparator: \.isNewline).reversed() {
            let code = line.suffix(5)
            guard code.utf8.count == 5, line.dropLast(5).hasSuffix(":  "),
                code.utf8.allSatisfy({
                    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                        || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                })
            else { continue }
            return String(code)
        }
        return nil
    }

    /// One line of printable characters, at most 200, without libpq's "connection to server at …".
    private static func brief(_ message: String) -> String {
        var text = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        if let range = text.firstRange(of: " failed: "), text.hasPrefix("connection to server") {
            text = String(text[range.upperBound...])
        }
        let printable = text.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7f }
        return String(String.UnicodeScalarView(printable.prefix(200)))
    }
}
