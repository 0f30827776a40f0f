/// The gateway's side of one SCRAM-SHA-256 exchange (RFC 5802, RFC 7677), as PostgreSQL speaks it.
package struct ScramExchange: Sendable {
    package enum Failure: Error, Equatable, Sendable {
        /// Not of the RFC's form, or with an extension that must be understood.
        case malformedServerFirst
        /// The server's nonce does not begin with ours, or adds nothing: it is another exchange's.
        case foreignNonce
        case iterationsOutOfLimit(Int)
        case malformedServerFinal
        /// The server says `e=`: it found our proof wrong, in the mechanism's own way.
        case refusedByServer
        /// The server does not know the password.
        case wrongServerSignature
    }

    /// What the first message says of channel binding (RFC 5802, section 6).
    package enum Binding: Equatable, Sendable {
        /// `n`: we cannot bind.
        case none
        /// `y`: we could, and the server offers nothing to bind with. If it did offer it, somebody took it
        /// out.
        case unoffered
        /// `p`: the data of tls-server-end-point.
        case serverEndPoint([UInt8])

        fileprivate var header: [UInt8] {
            switch self {
            case .none: Array("n,,".utf8)
            case .unoffered: Array("y,,".utf8)
            case .serverEndPoint: Array("p=tls-server-end-point,,".utf8)
            }
        }

        fileprivate var data: [UInt8] {
            switch self {
            case .none, .unoffered: []
            case .serverEndPoint(let data): data
            }
        }
    }

    private let binding: Binding
    private let nonce: [UInt8]
    private let clientFirstBare: [UInt8]

    /// `name` is empty with PostgreSQL, which goes by the startup packet's; elsewhere it is prepared and
    /// escaped.
    package init(binding: Binding, nonce: [UInt8], name: [UInt8] = []) {
        self.binding = binding
        self.nonce = nonce
        clientFirstBare = Array("n=".utf8) + name + Array(",r=".utf8) + nonce
    }

    /// The first message, which goes into SASLInitialResponse.
    package var clientFirst: [UInt8] { binding.header + clientFirstBare }

    /// The second message, and what the server must answer.
    package struct Proof: Sendable {
        package let clientFinal: [UInt8]
        fileprivate let serverSignature: [UInt8]
        package let keys: ScramKeys
    }

    /// Answers the server's first message.
    package func serverFirstReceived<Digests: LoginDigests>(
        _ message: [UInt8], password: [UInt8], cached: ScramKeys?, iterationLimits: ClosedRange<Int>,
        digests: Digests.Type
    ) throws(Failure) -> Proof {
        let first = try ServerFirst(message, clientNonce: nonce)
        guard iterationLimits.contains(first.iterations) else {
            throw .iterationsOutOfLimit(first.iterations)
        }
        let keys: ScramKeys
        if let cached, cached.belong(to: first.salt, iterations: first.iterations) {
            keys = cached
        } else {
            keys = ScramKeys(
                password: password, salt: first.salt, iterations: first.iterations, digests: digests)
        }
        let bound = Base64.encode(binding.header + binding.data)
        let withoutProof = Array("c=".utf8) + bound + Array(",r=".utf8) + first.nonce
        let comma = [UInt8(ascii: ",")]
        let authMessage = clientFirstBare + comma + message + comma + withoutProof
        let storedKey = Digests.sha256(keys.clientKey)
        let clientSignature = Digests.hmacSHA256(key: storedKey, data: authMessage)
        let proof = zip(keys.clientKey, clientSignature).map { $0 ^ $1 }
        return Proof(
            clientFinal: withoutProof + Array(",p=".utf8) + Base64.encode(proof),
            serverSignature: Digests.hmacSHA256(key: keys.serverKey, data: authMessage), keys: keys)
    }
}

extension ScramExchange.Proof {
    /// Checks the server's last message: only who knows the password's verifier can have made it.
    package func serverFinalReceived(_ message: [UInt8]) throws(ScramExchange.Failure) {
        if message.starts(with: "e=".utf8) { throw .refusedByServer }
        guard message.starts(with: "v=".utf8), let signature = Base64.decode(message.dropFirst(2)),
            signature.count == serverSignature.count
        else { throw .malformedServerFinal }
        // In constant time, though the server would gain nothing by the time.
        var difference: UInt8 = 0
        for (one, other) in zip(signature, serverSignature) { difference |= one ^ other }
        guard difference == 0 else { throw .wrongServerSignature }
    }
}

/// `r=nonce,s=salt,i=iterations` and nothing else: extensions would have to be understood or be optional, and
/// PostgreSQL sends none.
private struct ServerFirst {
    let nonce: [UInt8]
    let salt: [UInt8]
    let iterations: Int

    init(_ message: [UInt8], clientNonce: [UInt8]) throws(ScramExchange.Failure) {
        let fields = message.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
        guard fields.count == 3, fields[0].starts(with: "r=".utf8), fields[1].starts(with: "s=".utf8),
            fields[2].starts(with: "i=".utf8)
        else { throw .malformedServerFirst }
        nonce = Array(fields[0].dropFirst(2))
        guard nonce.count <= WireLimits.scramField, nonce.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw .malformedServerFirst
        }
        guard nonce.count > clientNonce.count, nonce.starts(with: clientNonce) else { throw .foreignNonce }
        guard let salt = Base64.decode(fields[1].dropFirst(2)), !salt.isEmpty,
            salt.count <= WireLimits.scramField
        else { throw .malformedServerFirst }
        self.salt = salt
        iterations = try Self.iterations(fields[2].dropFirst(2))
    }

    /// RFC 5802's posit-number; one beyond 9 digits is above every limit and reported as the largest of them.
    private static func iterations(_ digits: ArraySlice<UInt8>) throws(ScramExchange.Failure) -> Int {
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .malformedServerFirst
        }
        if digits.first == 0x30 {
            guard digits.count == 1 else { throw .malformedServerFirst }
            throw .iterationsOutOfLimit(0)
        }
        guard digits.count <= 9 else { throw .iterationsOutOfLimit(999_999_999) }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }
}
