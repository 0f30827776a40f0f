import CLibpq
import COpenSSL
import Foundation
import GatewayConfiguration
import GatewayRouting

/// One libpq connection, used by one thread only. Nothing here waits beyond the deadline it is given.
package final class ServerConnection {
    // SAFETY: made by PQconnectStartParams, given back by PQfinish in `close` or `deinit`, never handed on.
    package private(set) var connection: OpaquePointer?
    /// Where it is connected to.
    package let address: ResolvedAddress

    /// Connects, with TLS and login (protocol: "Start-up", SASL authentication). The address is already checked.
    package init(
        to login: ServerLogin, at address: ResolvedAddress, until deadline: Int64
    ) throws(ServerFault) {
        self.address = address
        connection = ServerConnection.started(try login.withPassword().parameters(at: address))
        guard let connection else { throw .failure(.connection("out of memory")) }
        // Answers' SQLSTATE instead of their text; notices to nobody (libpq would print them).
        PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE)
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
        do throws(ServerFault) {
            try logIn(connection, pin: login.tlsSPKI, until: deadline)
        } catch {
            close()
            throw error
        }
        PQsetnonblocking(connection, 1)
    }

    deinit { close() }

    /// Resolves the name anew, checks every address before it is connected to, and takes the first that answers.
    package static func connect(
        to login: ServerLogin, by resolver: NameResolver, until deadline: Int64
    ) throws(ServerFault) -> ServerConnection {
        let addresses = try resolver.resolve(until: deadline)
        var fault = ServerFault.difference(
            .networks(address: addresses.first?.text ?? "", region: login.region))
        for address in addresses where login.admits(address) {
            do throws(ServerFault) {
                return try ServerConnection(to: login, at: address, until: deadline)
            } catch {
                fault = error
            }
        }
        throw fault
    }

    /// The socket, to be polled while nothing is asked; -1 when closed.
    package var descriptor: Int32 { connection.map { PQsocket($0) } ?? -1 }

    /// The process id that the server's BackendKeyData named.
    package var backendPID: Int32 { connection.map { PQbackendPID($0) } ?? 0 }

    /// `server_version_num`.
    package var serverVersion: Int { connection.map { Int(PQserverVersion($0)) } ?? 0 }

    /// Gives up the socket first: PQfinish then finds it closed and cannot wait for a frozen server.
    package func close() {
        guard let connection else { return }
        let socket = PQsocket(connection)
        if socket >= 0, PQstatus(connection) != CONNECTION_OK { shutdown(socket, Int32(SHUT_RDWR)) }
        PQfinish(connection)
        self.connection = nil
    }

    /// Closes without a word to the server, which does not answer.
    package func abandon() {
        if let connection, PQsocket(connection) >= 0 { shutdown(PQsocket(connection), Int32(SHUT_RDWR)) }
        close()
    }

    /// Takes in what the server sent unasked (a parameter's new value, a notice). False where it closed.
    package func absorb() -> Bool {
        guard let connection else { return false }
        return PQconsumeInput(connection) == 1 && PQstatus(connection) == CONNECTION_OK
    }

    /// One statement with text parameters; its rows as text. After any fault but `server` the connection is of no
    /// further use.
    package func query(
        _ sql: String, _ parameters: [String] = [], until deadline: Int64
    ) throws(ServerFault) -> [[String?]] {
        guard let connection else { throw .failure(.lost) }
        guard send(connection, sql, parameters) else { throw .failure(.lost) }
        try flush(connection, until: deadline)
        return try rows(connection, until: deadline)
    }

    /// `TLSv1.3`; nil without TLS.
    package var tlsVersion: String? {
        guard let connection, PQsslInUse(connection) != 0 else { return nil }
        return PQsslAttribute(connection, "protocol").map { String(cString: $0) }
    }

    /// `sha256/` + base64 of the SHA-256 of the server certificate's SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7);
    /// nil without TLS.
    package func spki() -> String? {
        guard let connection, let tls = PQsslStruct(connection, "OpenSSL") else { return nil }
        // SAFETY: libpq says that the struct named OpenSSL is the SSL *, alive as long as the connection; both
        // libraries are linked with the same libssl.
        guard let certificate = SSL_get1_peer_certificate(OpaquePointer(tls)) else { return nil }
        defer { X509_free(certificate) }
        var encoded: UnsafeMutablePointer<UInt8>?
        let length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded)
        guard length > 0, let encoded else { return nil }
        defer { CRYPTO_free(encoded, "", 0) }
        var digest = [UInt8](repeating: 0, count: 32)
        var size: UInt32 = 0
        guard EVP_Digest(encoded, Int(length), &digest, &size, EVP_sha256(), nil) == 1, size == 32 else {
            return nil
        }
        return "sha256/" + Data(digest).base64EncodedString()
    }

    private func logIn(
        _ connection: OpaquePointer, pin: String?, until deadline: Int64
    ) throws(ServerFault) {
        var wanted = PGRES_POLLING_WRITING
        guard PQstatus(connection) != CONNECTION_BAD else {
            throw ConnectFailure.fault(ServerConnection.message(connection))
        }
        while true {
            let conditions = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT
            guard ServerClock.wait(PQsocket(connection), for: Int32(conditions), until: deadline) else {
                // A frozen server's kernel still takes connections; from a host that is gone nothing comes.
                let isTaken = PQstatus(connection) != CONNECTION_STARTED
                throw .failure(isTaken ? .loginTimeout : .connectTimeout)
            }
            wanted = PQconnectPoll(connection)
            if let pin { try compare(connection, with: pin) }
            if wanted == PGRES_POLLING_OK { return }
            if wanted == PGRES_POLLING_FAILED {
                throw ConnectFailure.fault(ServerConnection.message(connection))
            }
        }
    }

    /// Between two steps of a login. libpq comes back after the handshake, before it sends a name, and before it answers
    /// what the server asks for: nothing that proves a password goes to another key.
    private func compare(_ connection: OpaquePointer, with pin: String) throws(ServerFault) {
        let found = spki()
        let isPastHandshake: Bool
        switch PQstatus(connection) {
        case CONNECTION_AWAITING_RESPONSE, CONNECTION_AUTH_OK, CONNECTION_OK: isPastHandshake = true
        default: isPastHandshake = false
        }
        guard found != nil || isPastHandshake, found != pin else { return }
        throw .difference(.spkiMismatch(expected: pin, found: found))
    }

    private func send(_ connection: OpaquePointer, _ sql: String, _ parameters: [String]) -> Bool {
        // SAFETY: the copies live until they are freed here; PQsendQueryParams keeps none of the pointers.
        let copies = parameters.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let values = copies.map { UnsafePointer<CChar>($0) }
        return PQsendQueryParams(connection, sql, Int32(values.count), nil, values, nil, nil, 0) == 1
    }

    private func rows(_ connection: OpaquePointer, until deadline: Int64) throws(ServerFault) -> [[String?]] {
        var found: [[String?]] = []
        var fault: ServerFault?
        while let result = try nextResult(connection, until: deadline) {
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_TUPLES_OK {
                found = ServerConnection.cells(result)
            } else {
                fault = ServerConnection.fault(of: result)
            }
        }
        if PQstatus(connection) != CONNECTION_OK { throw fault ?? .failure(.lost) }
        if let fault { throw fault }
        return found
    }

    /// Sends what is to be sent, and takes in what comes meanwhile.
    func flush(_ connection: OpaquePointer, until deadline: Int64) throws(ServerFault) {
        while true {
            let flushed = PQflush(connection)
            guard flushed >= 0 else { throw .failure(.lost) }
            if flushed == 0 { return }
            try wait(connection, for: POLLIN | POLLOUT, until: deadline)
        }
    }

    /// The next result, when it has come whole: PQgetResult alone would wait without end. nil: all is answered.
    func nextResult(
        _ connection: OpaquePointer, until deadline: Int64
    ) throws(ServerFault) -> OpaquePointer? {
        while PQisBusy(connection) != 0 { try wait(connection, for: POLLIN, until: deadline) }
        return PQgetResult(connection)
    }

    private func wait(
        _ connection: OpaquePointer, for conditions: Int32, until deadline: Int64
    ) throws(ServerFault) {
        guard ServerClock.wait(PQsocket(connection), for: conditions, until: deadline) else {
            throw .failure(.queryTimeout)
        }
        guard PQconsumeInput(connection) == 1 else { throw .failure(.lost) }
    }

    private static func cells(_ result: OpaquePointer) -> [[String?]] {
        (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                guard PQgetisnull(result, row, column) == 0, let text = PQgetvalue(result, row, column) else {
                    return nil
                }
                return String(cString: text)
            }
        }
    }

    package static func fault(of result: OpaquePointer) -> ServerFault {
        // PG_DIAG_SQLSTATE
        guard let text = PQresultErrorField(result, Int32(UInt8(ascii: "C"))) else { return .failure(.lost) }
        return ConnectFailure.fault(sqlstate: String(cString: text))
    }

    private static func message(_ connection: OpaquePointer) -> String {
        PQerrorMessage(connection).map { String(cString: $0) } ?? ""
    }

    private static func started(_ options: [(String, String)]) -> OpaquePointer? {
        // SAFETY: libpq copies keywords and values before it returns; the copies, the password's among them, are
        // wiped and freed here.
        var keywords: [UnsafePointer<CChar>?] = []
        var values: [UnsafePointer<CChar>?] = []
        var copies: [UnsafeMutablePointer<CChar>] = []
        defer {
            for copy in copies {
                explicit_bzero(copy, strlen(copy))
                free(copy)
            }
        }
        for (keyword, value) in options {
            guard let name = strdup(keyword) else { return nil }
            copies.append(name)
            guard let text = strdup(value) else { return nil }
            copies.append(text)
            keywords.append(UnsafePointer(name))
            values.append(UnsafePointer(text))
        }
        keywords.append(nil)
        values.append(nil)
        return PQconnectStartParams(keywords, values, 0)
    }
}
