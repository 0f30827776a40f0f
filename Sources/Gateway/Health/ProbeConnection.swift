import CLibpq
import COpenSSL
import Foundation
import GatewayConfiguration
import GatewayRouting

/// One libpq connection of a probe, used by its own thread only. Nothing here waits beyond the deadline it is given.
final class ProbeConnection {
    // SAFETY: made by PQconnectStartParams, given back by PQfinish in `close` or `deinit`, never handed on.
    private(set) var connection: OpaquePointer?
    /// Where it is connected to.
    let address: ResolvedAddress

    /// Connects, with TLS and login (protocol: "Start-up", SASL authentication). The address is already checked.
    init(
        to target: ReplicaTarget, at address: ResolvedAddress, as settings: ProbeSettings,
        purpose: Purpose = .probe, until deadline: Int64
    ) throws(ProbeFault) {
        self.address = address
        let current = try settings.withPassword()
        connection = ProbeConnection.started(
            ProbeConnection.options(target: target, address: address, settings: current, purpose: purpose))
        guard let connection else { throw .failure(.connection("out of memory")) }
        // Answers' SQLSTATE instead of their text; notices to nobody (libpq would print them).
        PQsetErrorVerbosity(connection, PQERRORS_SQLSTATE)
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
        do throws(ProbeFault) {
            try login(connection, pin: target.attest.tlsSPKI, until: deadline)
        } catch {
            close()
            throw error
        }
        PQsetnonblocking(connection, 1)
    }

    deinit { close() }

    /// The socket, to be polled while nothing is asked; -1 when closed.
    var descriptor: Int32 { connection.map { PQsocket($0) } ?? -1 }

    /// The process id that the server's BackendKeyData named.
    var backendPID: Int32 { connection.map { PQbackendPID($0) } ?? 0 }

    /// `server_version_num`.
    var serverVersion: Int { connection.map { Int(PQserverVersion($0)) } ?? 0 }

    /// Gives up the socket first: PQfinish then finds it closed and cannot wait for a frozen server.
    func close() {
        guard let connection else { return }
        let socket = PQsocket(connection)
        if socket >= 0, PQstatus(connection) != CONNECTION_OK { shutdown(socket, Int32(SHUT_RDWR)) }
        PQfinish(connection)
        self.connection = nil
    }

    /// Closes without a word to the server, which does not answer.
    func abandon() {
        if let connection, PQsocket(connection) >= 0 { shutdown(PQsocket(connection), Int32(SHUT_RDWR)) }
        close()
    }

    /// Takes in what the server sent unasked (a parameter's new value, a notice). False where it closed.
    func absorb() -> Bool {
        guard let connection else { return false }
        return PQconsumeInput(connection) == 1 && PQstatus(connection) == CONNECTION_OK
    }

    /// One statement with text parameters; its rows as text. After any fault but `server` the connection is of no
    /// further use.
    func query(
        _ sql: String, _ parameters: [String] = [], until deadline: Int64
    ) throws(ProbeFault) -> [[String?]] {
        guard let connection else { throw .failure(.lost) }
        guard send(connection, sql, parameters) else { throw .failure(.lost) }
        while true {
            let flushed = PQflush(connection)
            guard flushed >= 0 else { throw .failure(.lost) }
            if flushed == 0, PQisBusy(connection) == 0 { break }
            let conditions = flushed == 0 ? POLLIN : POLLIN | POLLOUT
            guard ProbeClock.wait(PQsocket(connection), for: Int32(conditions), until: deadline) else {
                throw .failure(.queryTimeout)
            }
            guard PQconsumeInput(connection) == 1 else { throw .failure(.lost) }
        }
        return try rows(connection, until: deadline)
    }

    /// `TLSv1.3`; nil without TLS.
    var tlsVersion: String? {
        guard let connection, PQsslInUse(connection) != 0 else { return nil }
        return PQsslAttribute(connection, "protocol").map { String(cString: $0) }
    }

    /// `sha256/` + base64 of the SHA-256 of the server certificate's SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7);
    /// nil without TLS.
    func spki() -> String? {
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

    private func login(
        _ connection: OpaquePointer, pin: String?, until deadline: Int64
    ) throws(ProbeFault) {
        var wanted = PGRES_POLLING_WRITING
        guard PQstatus(connection) != CONNECTION_BAD else {
            throw ConnectFailure.fault(ProbeConnection.message(connection))
        }
        while true {
            let conditions = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT
            guard ProbeClock.wait(PQsocket(connection), for: Int32(conditions), until: deadline) else {
                // A frozen server's kernel still takes connections; from a host that is gone nothing comes.
                let isTaken = PQstatus(connection) != CONNECTION_STARTED
                throw .failure(isTaken ? .loginTimeout : .connectTimeout)
            }
            wanted = PQconnectPoll(connection)
            if let pin { try compare(connection, with: pin) }
            if wanted == PGRES_POLLING_OK { return }
            if wanted == PGRES_POLLING_FAILED {
                throw ConnectFailure.fault(ProbeConnection.message(connection))
            }
        }
    }

    /// Between two steps of a login. libpq comes back after the handshake, before it sends a name, and before it answers
    /// what the server asks for: nothing that proves a password goes to another key.
    private func compare(_ connection: OpaquePointer, with pin: String) throws(ProbeFault) {
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

    private func rows(_ connection: OpaquePointer, until deadline: Int64) throws(ProbeFault) -> [[String?]] {
        var found: [[String?]] = []
        var fault: ProbeFault?
        while true {
            // Between two results the next one may not have come yet; PQgetResult alone would wait without end.
            while PQisBusy(connection) != 0 {
                guard ProbeClock.wait(PQsocket(connection), for: Int32(POLLIN), until: deadline) else {
                    throw .failure(.queryTimeout)
                }
                guard PQconsumeInput(connection) == 1 else { throw .failure(.lost) }
            }
            guard let result = PQgetResult(connection) else { break }
            defer { PQclear(result) }
            if PQresultStatus(result) == PGRES_TUPLES_OK {
                found = ProbeConnection.cells(result)
            } else {
                fault = ProbeConnection.fault(of: result)
            }
        }
        if PQstatus(connection) != CONNECTION_OK { throw fault ?? .failure(.lost) }
        if let fault { throw fault }
        return found
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

    static func fault(of result: OpaquePointer) -> ProbeFault {
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
