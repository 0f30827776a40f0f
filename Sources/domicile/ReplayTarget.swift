import Foundation

/// The server that `replay --against` plays at: libpq's `key=value` pairs or a `postgresql://` URI, as far as the
/// player has use for them; the password also from PGPASSWORD.
struct ReplayTarget {
    enum Encryption: String {
        case disable, prefer, require
        case verifyFull = "verify-full"
    }

    struct Mistake: Error, CustomStringConvertible {
        let description: String
    }

    var host = "127.0.0.1"
    var port = 5432
    /// nil: as in the capture.
    var user: String?
    var database: String?
    var password: String?
    var encryption = Encryption.prefer
    var authority: String?

    init(_ dsn: String, environment: [String: String]) throws(Mistake) {
        password = environment["PGPASSWORD"]
        let isURI = dsn.hasPrefix("postgresql://") || dsn.hasPrefix("postgres://")
        for (key, value) in isURI ? try Self.uri(dsn) : try Self.pairs(dsn) { try set(key, value) }
        if encryption == .verifyFull, authority == nil {
            throw Mistake(description: "sslmode=verify-full needs sslrootcert")
        }
    }

    private mutating func set(_ key: String, _ value: String) throws(Mistake) {
        switch key {
        case "host", "hostaddr": host = value
        case "user": user = value
        case "dbname": database = value
        case "password": password = value
        case "sslrootcert": authority = value
        case "port":
            guard let number = Int(value), (1...65535).contains(number) else {
                throw Mistake(description: "port \(value): expected 1 to 65535")
            }
            port = number
        case "sslmode":
            guard let known = Encryption(rawValue: value) else {
                throw Mistake(
                    description: "sslmode \(value): expected disable, prefer, require or verify-full")
            }
            encryption = known
        default:
            throw Mistake(
                description: "\(key): expected host, port, user, dbname, password, sslmode or sslrootcert")
        }
    }

    private static func uri(_ text: String) throws(Mistake) -> [(String, String)] {
        guard let parts = URLComponents(string: text) else { throw Mistake(description: "this is no URI") }
        var pairs: [(String, String)] = []
        if let host = parts.host, !host.isEmpty {
            pairs.append(("host", host.trimmingCharacters(in: ["[", "]"])))
        }
        if let port = parts.port { pairs.append(("port", String(port))) }
        if let user = parts.user { pairs.append(("user", user)) }
        if let password = parts.password { pairs.append(("password", password)) }
        if parts.path.count > 1 { pairs.append(("dbname", String(parts.path.dropFirst()))) }
        return pairs + (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }
    }

    /// `key = value`, where a value may stand in single quotes, and a backslash takes the next character as it is.
    private static func pairs(_ text: String) throws(Mistake) -> [(String, String)] {
        var pairs: [(String, String)] = []
        var rest = Substring(text).drop(while: \.isWhitespace)
        while !rest.isEmpty {
            let key = rest.prefix { $0 != "=" && !$0.isWhitespace }
            rest = rest.dropFirst(key.count).drop(while: \.isWhitespace)
            guard !key.isEmpty, rest.first == "=" else {
                throw Mistake(description: "\(key): expected key=value")
            }
            rest = rest.dropFirst().drop(while: \.isWhitespace)
            pairs.append((String(key), try value(&rest)))
            rest = rest.drop(while: \.isWhitespace)
        }
        return pairs
    }

    private static func value(_ rest: inout Substring) throws(Mistake) -> String {
        let isQuoted = rest.first == "'"
        if isQuoted { rest = rest.dropFirst() }
        var value = ""
        while let character = rest.popFirst() {
            if character == "\\" {
                if let next = rest.popFirst() { value.append(next) }
            } else if isQuoted ? character == "'" : character.isWhitespace {
                return value
            } else {
                value.append(character)
            }
        }
        if isQuoted { throw Mistake(description: "a quote is not closed") }
        return value
    }
}
