import AuditTree
import Foundation
import Testing

@Suite struct NoteTests {
    /// The example of Go's signed notes: key, and a note that it signed.
    private static let peter = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    private static let note = """
        If you think cryptography is the answer to your problem,
        then you don't know what your problem is.

        — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=

        """

    @Test func `a note that Go signed is valid, and reads back as it was`() throws {
        let key = try #require(VerifierKey(NoteTests.peter))
        let note = try #require(SignedNote(Array(NoteTests.note.utf8)))
        #expect(note.signer(among: [key]) == key)
        #expect(String(decoding: note.bytes, as: UTF8.self) == NoteTests.note)
        #expect(key.description == NoteTests.peter)
    }

    @Test func `F-AUD-16: no byte of a note can be changed`() throws {
        let key = try #require(VerifierKey(NoteTests.peter))
        let bytes = Array(NoteTests.note.utf8)
        for at in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[at] ^= 1 << bit
                #expect(SignedNote(changed)?.signer(among: [key]) == nil)
            }
            #expect(SignedNote(bytes[..<at])?.signer(among: [key]) == nil)
        }
    }

    @Test(arguments: [
        "PeterNeumann+c74f20a3", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "+c74f20a3+ARpc2Qc", "",
    ])
    func `what is no key is refused`(text: String) { #expect(VerifierKey(text) == nil) }

    @Test(arguments: [
        "", "\n", "text\n", "text\n\n", "text\n\n— a b\n", "text\n\n- name AAAAAAAA\n",
        "text\n\n— name AAAAAAAA",
        "text\n\n— name AAAA\n", "te\u{7}xt\n\n— name AAAAAAAA\n", "text\n\n— na+me AAAAAAAA\n",
    ])
    func `what is no note is refused`(text: String) { #expect(SignedNote(Array(text.utf8)) == nil) }

    @Test func `notes and signatures have a limit`() {
        let signature = "— name AAAAAAAA\n"
        let many = String(repeating: signature, count: SignedNote.signatureLimit)
        #expect(SignedNote(Array("text\n\n\(many)".utf8)) != nil)
        #expect(SignedNote(Array("text\n\n\(many)\(signature)".utf8)) == nil)
        let room = SignedNote.limit - "\n\n\(signature)".utf8.count
        let text = String(repeating: "x", count: room)
        #expect(SignedNote(Array("\(text)\n\n\(signature)".utf8)) != nil)
        #expect(SignedNote(Array("\(text)x\n\n\(signature)".utf8)) == nil)
    }

    @Test func `a signature of the key's name and number that is not valid makes a note worthless`() throws {
        let key = SigningKey()
        let verifier = try #require(key.verifier(of: "log/eu"))
        let note = try #require(key.sign(Array("one\n".utf8), as: "log/eu"))
        let other = try #require(key.sign(Array("two\n".utf8), as: "log/eu"))
        let signature =
            String(decoding: other.bytes, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
        let both = try #require(SignedNote(note.bytes + Array("\(signature)\n".utf8)))
        #expect(note.signer(among: [verifier]) == verifier)
        #expect(both.signer(among: [verifier]) == nil)
    }

    @Test func `a checkpoint is three lines, and reads back`() throws {
        let root = TestTree(count: 3).edge.root
        let checkpoint = Checkpoint(origin: "example.com/audit/eu", size: 3, root: root)
        let text = String(decoding: checkpoint.text, as: UTF8.self)
        #expect(text == "example.com/audit/eu\n3\n\(Data(root.bytes).base64EncodedString())\n")
        #expect(Checkpoint(text: checkpoint.text) == checkpoint)
        #expect(Checkpoint(text: Array("\(text)extension\n".utf8)) == checkpoint)
        for wrong in [
            text.replacingOccurrences(of: "\n3\n", with: "\n03\n"), "\(text)x",
            text.replacingOccurrences(of: "\n3\n", with: "\n18446744073709551616\n"),
            text.replacingOccurrences(of: "\n3\n", with: "\n-3\n"), "\n3\nAAAA\n", "a\n3\nAAAA\n", "a\n",
        ] { #expect(Checkpoint(text: Array(wrong.utf8)) == nil) }
    }

    @Test func `a proof's file shows its record, and nothing of it can be changed`() throws {
        let key = SigningKey()
        let verifier = try #require(key.verifier(of: "log/eu"))
        let record = Array("{\"seq\":2,\"salt\":\"x\"}".utf8)
        var edge = TreeEdge()
        var leaves = (0..<5).map(TestTree.leaf)
        leaves[2] = .leaf(record.span)
        for leaf in leaves { edge.append(leaf) { _ in } }
        let path = TreeProof.inclusion(of: 2, in: 5) { address in Array(leaves.prefix(address.width)) }
        let checkpoint = Checkpoint(origin: "log/eu", size: 5, root: edge.root)
        let note = try #require(key.sign(checkpoint.text, as: "log/eu"))
        let file = ProofFile(record: record, index: 2, path: path, note: note)
        let bytes = Array(file.text.utf8)
        #expect(ProofFile(bytes) == file)
        #expect(ProofFile(bytes)?.verified(by: [verifier]) == checkpoint)
        for at in bytes.indices {
            var changed = bytes
            changed[at] ^= 1
            #expect(ProofFile(changed)?.verified(by: [verifier]) == nil, "byte \(at)")
        }
        let stranger = try #require(SigningKey().verifier(of: "log/eu"))
        #expect(file.verified(by: [stranger]) == nil)
    }

    @Test func `a private key is written as OpenSSL writes it, and only Ed25519 keys are read`() throws {
        let key = SigningKey()
        let other = SigningKey()
        let keys = try #require(SigningKey.keys(inPEM: "# new\n\(key.pem)\n# old\n\(other.pem)"))
        #expect(keys.map(\.publicKey) == [key.publicKey, other.publicKey])
        // openssl genpkey -algorithm ed25519
        let pem = """
            -----BEGIN PRIVATE KEY-----
            MC4CAQAwBQYDK2VwBCIEIN/owRIGUPIyEcNN4mNEC8RpHmnJ2niEO+vRCgM+0DVx
            -----END PRIVATE KEY-----
            """
        #expect(SigningKey.keys(inPEM: pem)?.first?.pem == pem + "\n")
        let broken = [
            "", "text", key.pem.replacingOccurrences(of: "MC4C", with: "MC4D"), String(key.pem.dropLast(10)),
            "\(key.pem)junk", String(repeating: key.pem, count: SigningKey.limit + 1),
        ]
        for text in broken { #expect(SigningKey.keys(inPEM: text) == nil) }
        #expect(!"\(key)".contains(Data(key.publicKey).base64EncodedString()))
        #expect("\(key)" == "<redacted>")
    }

    @Test func `a rotation names a key of the same log only`() throws {
        let new = try #require(SigningKey().verifier(of: "log/eu"))
        #expect(KeyRotation.key(in: KeyRotation.text(of: new), of: "log/eu") == new)
        #expect(KeyRotation.key(in: KeyRotation.text(of: new), of: "log/us") == nil)
        #expect(KeyRotation.key(in: KeyRotation.text(of: new) + [0x0a], of: "log/eu") == nil)
    }
}
