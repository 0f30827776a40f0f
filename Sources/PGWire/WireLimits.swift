/// Every limit of the wire protocol, in bytes. A length beyond its limit is refused as soon as it is read,
/// before anything waits or takes memory for the body. Lengths of frames count their own four bytes and not
/// the tag.
///
/// The values are PostgreSQL's own, so that the gateway refuses exactly what the replica would refuse.
package enum WireLimits {
    /// The tag and the length word of a frame.
    package static let frameHeader = 5

    /// The longest startup packet without its length word (MAX_STARTUP_PACKET_LENGTH).
    package static let startupPacket = 10_000

    /// The longest frame of the types that carry a statement or data (PQ_LARGE_MESSAGE_LIMIT, 1 GiB - 2).
    package static let largeMessage = 0x3fff_fffe

    /// The longest frame of all other frontend types (PQ_SMALL_MESSAGE_LIMIT).
    package static let smallMessage = 10_000

    /// The longest frame of an executor that is not logged in: a password of 64 KiB with its NUL. PostgreSQL itself
    /// takes 65,535 (PG_MAX_AUTH_TOKEN_LENGTH).
    package static let loginMessage = 65_541

    /// The longest frame of a replica before it is logged in at (libpq's MAX_ERRLEN, the largest it takes
    /// then).
    package static let replicaLoginMessage = 30_000

    /// The longest frame of a replica's types that are short by nature; libpq takes 30,000 for them.
    package static let shortAnswer = 30_000

    /// The longest ParameterStatus, which is gathered whole. libpq takes 30,000; a long `search_path` is
    /// reported too.
    package static let parameterStatus = 1 << 20

    /// A cancel key: four bytes in protocol 3.0, up to 256 from 3.2 on.
    package static let cancelKey = 4...256

    /// What the length word of a frame can say; encoders refuse more. One below 2^31.
    package static let encodedLength = Int(Int32.max)

    /// SCRAM iterations that the gateway will compute for a replica. The upper limit is some 50 ms of a
    /// worker's time, in which it serves nobody else; PostgreSQL's default is 4,096.
    package static let scramIterations = 1...100_000

    /// The fewest SCRAM iterations unless weak authentication is allowed (RFC 7677, section 4): with fewer, a
    /// server that does not know the password could ask for a proof that is cheap to guess from.
    package static let scramIterationsOfRFC = 4_096

    /// The longest salt and the longest server nonce of a SCRAM exchange; PostgreSQL uses 16 and 24 bytes.
    package static let scramField = 1_024

    /// Keys of an OAUTHBEARER message; RFC 7628 defines six.
    package static let oauthPairs = 16

    /// ParameterStatus messages before the first ReadyForQuery. PostgreSQL sends some fifteen; each setting
    /// an extension marks for report adds one.
    package static let parameterStatusAtLogin = 256

    /// Notices before the first ReadyForQuery that are kept for the executor; further ones are dropped.
    package static let noticesAtLogin = 16
}
