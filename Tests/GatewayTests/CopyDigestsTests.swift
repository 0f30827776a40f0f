import Gateway
import PGWire
import Testing

/// Which bytes are whose, and when there is no digest of them. The digests are those of `printf … | sha256sum`.
@Suite struct CopyDigestsTests {
    static let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    static let abc = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    static let x = "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"

    private func copied(_ message: UInt64, _ direction: Pipeline.CopyDirection, _ bytes: Int)
        -> Pipeline
        .CopySummary
    { Pipeline.CopySummary(of: message, direction: direction, bytes: bytes) }

    private func take(_ text: String, _ digests: CopyDigests, of message: UInt64) {
        digests.received(.copyData, message: message)
        for byte in text.utf8 { digests.take(fromExecutor: [byte].span) }
    }

    @Test func `F-GRD-12: the digest is of all that the CopyData frames carried, however they were cut`() {
        let digests = CopyDigests()
        digests.received(.query, message: 1)
        take("a", digests, of: 2)
        take("bc", digests, of: 3)
        digests.received(.copyDone, message: 4)
        #expect(digests.ended(1, copied(1, .in, 3)) == Self.abc)
        digests.take(fromReplica: Array("ab".utf8).span)
        digests.take(fromReplica: Array("c".utf8).span)
        #expect(digests.ended(5, copied(5, .out, 3)) == Self.abc)
        #expect(digests.ended(6, copied(6, .out, 0)) == Self.empty)
    }

    @Test func `F-GRD-12: data sent ahead belongs to the Query or Execute before it, in its order`() {
        let digests = CopyDigests()
        // Two COPYs in one Query, and a Query with a third, before the replica has answered.
        digests.received(.query, message: 1)
        take("abc", digests, of: 2)
        digests.received(.copyDone, message: 3)
        take("x", digests, of: 4)
        digests.received(.copyDone, message: 5)
        digests.received(.execute, message: 6)
        digests.received(.sync, message: 7)
        digests.received(.copyDone, message: 8)
        #expect(digests.ended(1, copied(1, .in, 3)) == Self.abc)
        #expect(digests.ended(1, copied(1, .in, 1)) == Self.x)
        #expect(digests.ended(6, copied(6, .in, 0)) == Self.empty)
    }

    @Test func `F-GRD-12: what nobody reads is in no digest`() {
        let digests = CopyDigests()
        digests.received(.query, message: 1)
        take("lost", digests, of: 2)
        #expect(digests.ended(1, nil) == nil)
        digests.received(.query, message: 3)
        digests.received(.parse, message: 4)
        take("ignored", digests, of: 5)
        digests.received(.query, message: 6)
        take("abc", digests, of: 7)
        #expect(digests.ended(6, copied(6, .in, 3)) == Self.abc)
        // The COPY failed; the executor had not heard.
        take("more", digests, of: 8)
        digests.received(.query, message: 9)
        take("x", digests, of: 10)
        #expect(digests.ended(9, copied(9, .in, 1)) == Self.x)
    }

    @Test func `F-GRD-12: no digest of what was not seen from its beginning, or has not come to its end`() {
        let digests = CopyDigests()
        take("bc", digests, of: 3)
        #expect(digests.ended(1, copied(1, .in, 3)) == nil)
        digests.received(.query, message: 4)
        take("ab", digests, of: 5)
        #expect(digests.ended(4, copied(4, .in, 3)) == nil)
        #expect(digests.ended(6, copied(6, .both, 0)) == nil)
    }

    @Test func `F-GRD-12: streams that wait are as many as the limit, and none is taken for another`() {
        let digests = CopyDigests()
        digests.received(.query, message: 1)
        for _ in 0..<CopyDigests.limit {
            take("x", digests, of: 2)
            digests.received(.copyDone, message: 3)
        }
        take("abc", digests, of: 2)
        digests.received(.copyDone, message: 3)
        for _ in 0..<CopyDigests.limit { #expect(digests.ended(1, copied(1, .in, 1)) == Self.x) }
        #expect(digests.ended(1, copied(1, .in, 3)) == nil)
        digests.received(.query, message: 4)
        take("abc", digests, of: 5)
        #expect(digests.ended(4, copied(4, .in, 3)) == Self.abc)
    }
}
