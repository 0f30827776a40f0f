/// Lengths in bytes that cut a token on its way to the gateway (F-ID-20). docs/clients.md says how each was found.
package struct TokenLength: Sendable, Hashable {
    /// What is longer than this is cut, or not taken.
    package let bytes: Int
    /// Where that is.
    package let place: String

    package static let limits = [
        TokenLength(bytes: 990, place: "a password in odbc.ini (psqlODBC); its connection strings pass more"),
        TokenLength(bytes: 996, place: "an older PgBouncer between executor and gateway"),
        TokenLength(bytes: 1023, place: "older libraries that keep a password in 1,024 bytes"),
        TokenLength(bytes: 2047, place: "PgBouncer 1.18 between executor and gateway"),
        TokenLength(bytes: 4095, place: "a password typed or pasted at a terminal's prompt"),
    ]

    /// Those that would cut a token of so many bytes.
    package static func hurting(_ bytes: Int) -> [TokenLength] { limits.filter { bytes > $0.bytes } }
}
