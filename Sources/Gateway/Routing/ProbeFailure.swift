/// Why a probe had no answer from a replica. One lost probe says little (`fall`, `rise`); it is never a reason to
/// end a session.
package enum ProbeFailure: Error, Sendable, Hashable, CustomStringConvertible {
    case neverProbed
    /// getaddrinfo's own text.
    case resolution(String)
    case resolutionTimeout
    case connectionRefused
    /// Nothing at the address took the connection within the probe's timeout: the host is gone, or packets are lost.
    case connectTimeout
    /// The connection was taken, and TLS and login did not end within the timeout: the server is frozen or overloaded.
    case loginTimeout
    /// No connection for another reason: the operating system's or libpq's text, one line.
    case connection(String)
    /// No TLS: refused by the server, or the handshake failed before the server's identity was known.
    case tls(String)
    /// Class 28: the health role's name or password is not accepted.
    case authentication(sqlstate: String)
    /// The server asked for the password in a way that would hand it out (architecture.md, rule 4).
    case weakAuthentication
    /// The file of the health role's password holds none; the text says why.
    case passwordFile(String)
    /// 53300: no connection slot was left.
    case serverFull
    /// 57P03: starting up, shutting down or in recovery without hot standby.
    case startingUp
    /// The server answered with another SQLSTATE.
    case server(sqlstate: String)
    case queryTimeout
    /// The connection broke while an answer was awaited.
    case lost
    /// An answer that no PostgreSQL gives.
    case unexpectedAnswer(String)

    /// One line without secrets.
    package var description: String {
        switch self {
        case .neverProbed: "not probed yet"
        case .resolution(let text): "the host name cannot be resolved: \(text)"
        case .resolutionTimeout: "the host name was not resolved in time"
        case .connectionRefused: "connection refused"
        case .connectTimeout: "nothing took the connection within the timeout"
        case .loginTimeout: "connected, and no login within the timeout"
        case .connection(let text): "no connection: \(text)"
        case .tls(let text): "no TLS: \(text)"
        case .authentication(let sqlstate): "the health role is not let in (\(sqlstate))"
        case .weakAuthentication: "the server asks for a weaker login than SCRAM with channel binding"
        case .passwordFile(let reason): "the file of the health role's password \(reason)"
        case .serverFull: "no connection slot left (53300)"
        case .startingUp: "not accepting connections yet (57P03)"
        case .server(let sqlstate): "the server answered \(sqlstate)"
        case .queryTimeout: "no answer within the timeout"
        case .lost: "the connection broke"
        case .unexpectedAnswer(let text): "an answer that PostgreSQL does not give: \(text)"
        }
    }

    /// A short, fixed word for metrics and tables.
    package var label: String {
        switch self {
        case .neverProbed: "never_probed"
        case .resolution: "resolution"
        case .resolutionTimeout: "resolution_timeout"
        case .connectionRefused: "connection_refused"
        case .connectTimeout: "connect_timeout"
        case .loginTimeout: "login_timeout"
        case .connection: "connection"
        case .tls: "tls"
        case .authentication: "authentication"
        case .weakAuthentication: "weak_authentication"
        case .passwordFile: "password_file"
        case .serverFull: "server_full"
        case .startingUp: "starting_up"
        case .server: "server"
        case .queryTimeout: "query_timeout"
        case .lost: "lost"
        case .unexpectedAnswer: "unexpected_answer"
        }
    }
}
