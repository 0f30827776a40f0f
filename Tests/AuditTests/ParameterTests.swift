import Audit
import Crypto
import Foundation
import Testing

func sha256(_ text: String) -> String {
    SHA256.hash(data: Data(text.utf8)).map { String(format: "%02x", $0) }.joined()
}

@Suite struct ParameterTests {
    private func key(_ folder: TemporaryFolder) throws -> CaptureKey {
        let path = folder.path + "/capture.key"
        try Data(0..<32).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return try CaptureKey.loadOrCreate(path: path)
    }

    private func parameters(
        _ capture: ParameterCapture, limit: Int = 65536, _ values: [(Int16, UInt32?, [UInt8]?)]
    ) throws -> [JSONValue] {
        let folder = try TemporaryFolder()
        var batch = RecordBatch(recordLimit: limit)
        batch.begin(.bind)
        var list = batch.beginParameters(capture)
        for (format, type, value) in values {
            if let value {
                list.add(format: format, type: type, value: value.span, to: &batch)
            } else {
                list.addNull(format: format, type: type, to: &batch)
            }
        }
        batch.endParameters(list)
        batch.add("after", true)
        batch.end()
        let log = try AuditLog(folder.settings())
        _ = try log.append(&batch)
        log.close()
        let line = try String(contentsOfFile: folder.segment(0), encoding: .utf8)
        #expect(line.utf8.count <= limit)
        let value = try #require(JSONValue(Array(line.utf8)))
        #expect(value["after"] == .bool(true))
        return try #require(value["parameters"]?.list)
    }

    private func json(_ text: String) -> JSONValue? { JSONValue(Array(text.utf8)) }

    @Test("Parameters are kept, hashed under the region's key or dropped, with format, type and length")
    func modes() throws {
        let folder = try TemporaryFolder()
        let key = try key(folder)
        let values: [(Int16, UInt32?, [UInt8]?)] = [
            (0, 25, Array("Zoë \"1\"".utf8)), (1, 23, [0, 0, 0, 42]), (0, nil, nil), (0, 0, [0xff]),
        ]
        #expect(
            try parameters(.keep, values) == [
                json(#"{"format":"text","type":25,"value":"Zoë \"1\"","bytes":8}"#),
                json(#"{"format":"binary","type":23,"value_base64":"AAAAKg==","bytes":4}"#),
                json(#"{"format":"text","value":null}"#),
                json(#"{"format":"text","value_base64":"/w==","bytes":1}"#),
            ])
        // Python: hmac.new(bytes(range(32)), value, 'sha256').hexdigest()[:32]; the id is sha256(key)[:8].
        #expect(key.id == "630dcd29")
        #expect(
            try parameters(.hash(key), values) == [
                json(
                    #"{"format":"text","type":25,"digest":"630dcd29:870db5ddb99e9c52c4521017da58e334","bytes":8}"#
                ),
                json(
                    #"{"format":"binary","type":23,"digest":"630dcd29:18a412811d6dd12b40facb64df318fe3","bytes":4}"#
                ),
                json(#"{"format":"text","value":null}"#),
                json(#"{"format":"text","digest":"630dcd29:1510fc6d48bfc44e1618f7ec8a2b7c04","bytes":1}"#),
            ])
        #expect(
            try parameters(.drop, values) == [
                json(#"{"format":"text","type":25,"bytes":8}"#),
                json(#"{"format":"binary","type":23,"bytes":4}"#),
                json(#"{"format":"text","value":null}"#), json(#"{"format":"text","bytes":1}"#),
            ])
    }

    @Test("F-AUD-13: 65,535 parameters, and one larger than the record, are digested and counted")
    func many() throws {
        let folder = try TemporaryFolder()
        let key = try key(folder)
        let value = Array("x".utf8)
        for capture in [ParameterCapture.keep, .hash(key), .drop] {
            let list = try parameters(capture, (0..<65535).map { _ in (0, 25, value) })
            let last = try #require(list.last)
            #expect(last["more"]?.unsigned == UInt64(65535 - (list.count - 1)))
            #expect(last["bytes"]?.unsigned == last["more"]?.unsigned)
        }
        let large = [UInt8](repeating: 0x61, count: 1_000_000)
        let list = try parameters(.keep, [(0, 25, large), (0, 25, value)])
        #expect(
            list[0]["digest"]?.string == "sha256:"
                + sha256(String(repeating: "a", count: 1_000_000)).prefix(32))
        #expect(list[0]["bytes"]?.unsigned == 1_000_000 && list[0]["value"] == nil)
        #expect(list[1]["value"]?.string == "x")
    }

    @Test("The digest of a value can be made again from the key alone, and is RFC 2104's")
    func digest() throws {
        let folder = try TemporaryFolder()
        let key = try key(folder)
        for count in [0, 1, 55, 63, 64, 65, 1000] {
            let value = [UInt8](repeating: 7, count: count)
            let code = HMAC<SHA256>.authenticationCode(for: value, using: SymmetricKey(data: Data(0..<32)))
            let expected = code.prefix(16).map { String(format: "%02x", $0) }.joined()
            #expect(key.digest(of: value.span) == "630dcd29:" + expected)
        }
    }

    @Test(
        """
        The key is made once with mode 0600, is not printed, and is refused where others may read it or it \
        is no key
        """
    )
    func file() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/state.key"
        let made = try CaptureKey.loadOrCreate(path: path)
        #expect(try CaptureKey.loadOrCreate(path: path).id == made.id)
        #expect("\(made) \(String(reflecting: made))" == "<redacted> <redacted>")
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect(attributes[.posixPermissions] as? Int == 0o600 && attributes[.size] as? Int == 32)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["state.key"])

        try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: path)
        #expect(
            throws: AuditError.captureKey(
                path: path, reason: "others than its owner may read it; chmod 600 it")
        ) {
            try CaptureKey.loadOrCreate(path: path)
        }
        for size in [0, 31, 33] {
            let other = folder.path + "/\(size)"
            try Data(count: size).write(to: URL(fileURLWithPath: other))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: other)
            #expect(throws: AuditError.self) { try CaptureKey.loadOrCreate(path: other) }
        }
    }

    @Test("What comes in pieces is kept, hashed and summed up as what comes whole")
    func pieces() throws {
        let folder = try TemporaryFolder()
        let key = try key(folder)
        let large = [UInt8](repeating: 0x71, count: 200_000)
        let values: [(Int16, UInt32?, [UInt8]?)] =
            [(0, 25, Array("short".utf8)), (1, 17, large), (0, nil, nil), (0, nil, [])]
            + (0..<1_600).map { _ in (0, 25, large.suffix(65_600) + []) }
        for capture in [ParameterCapture.keep, .hash(key), .drop] {
            let whole = try parameters(capture, limit: 65536 - 4096, values)
            var streamed = StreamedParameters(capture, recordLimit: 65536)
            for (format, type, value) in values {
                streamed.begin(format: format, type: type, length: value?.count)
                guard let value else { continue }
                for start in stride(from: 0, to: value.count, by: 9_999) {
                    let piece = Array(value[start..<min(start + 9_999, value.count)])
                    streamed.append(piece.span)
                }
                streamed.finishValue()
            }
            let fragment = streamed.fragment()
            var batch = RecordBatch(recordLimit: 65536)
            batch.begin(.bind)
            batch.add("portal", "p")
            batch.add(fragment)
            batch.end()
            let own = try TemporaryFolder()
            let log = try AuditLog(own.settings())
            _ = try log.append(&batch)
            log.close()
            let line = try String(contentsOfFile: own.segment(0), encoding: .utf8)
            #expect(line.utf8.count <= 65536)
            let list = try #require(JSONValue(Array(line.utf8))?["parameters"]?.list)
            // Where room ends depends on the keys before the list: compared are the elements both have.
            #expect(list.count > 100)
            #expect(list.dropLast() == whole.prefix(list.count - 1))
            #expect(list.last?["more"] != nil)
        }
    }

    @Test(
        "F-AUD-14: what the redaction leaves of a kept value stands in its place, counted; of a secret nothing does"
    )
    func redaction() throws {
        func record(_ capture: ParameterCapture, isSecret: Bool) -> [String] {
            var batch = RecordBatch(recordLimit: 65536)
            batch.begin(.bind)
            var list = batch.beginParameters(
                capture,
                redaction: { value in value.count == 5 ? (Array("k=[redacted]".utf8), 2) : nil },
                isSecret: isSecret)
            for text in ["k=abc", "kept"] {
                list.add(format: 0, type: 25, value: Array(text.utf8).span, to: &batch)
            }
            list.addNull(format: 0, type: nil, to: &batch)
            list.begin(format: 1, type: nil, length: 3, to: &batch)
            list.update([1, 2, 3].span)
            list.finish(in: &batch)
            batch.endParameters(list)
            batch.end()
            return batch.unstamped()
        }
        let pieces = "sha256:" + sha256("\u{1}\u{2}\u{3}").prefix(32)
        #expect(
            record(.keep, isSecret: false) == [
                #"{"type":"bind","parameters":[{"format":"text","type":25,"value":"k=[redacted]","bytes":5},"#
                    + #"{"format":"text","type":25,"value":"kept","bytes":4},{"format":"text","value":null},"#
                    + #"{"format":"binary","digest":"\#(pieces)","bytes":3}],"redacted":2}"#
            ])
        let key = try key(try TemporaryFolder())
        for capture in [ParameterCapture.keep, .hash(key)] {
            #expect(
                record(capture, isSecret: true) == [
                    #"{"type":"bind","parameters":[{"format":"text","type":25,"value":"[redacted]","bytes":5},"#
                        + #"{"format":"text","type":25,"value":"[redacted]","bytes":4},{"format":"text","value":null},"#
                        + #"{"format":"binary","value":"[redacted]","bytes":3}],"redacted":3}"#
                ])
        }
    }
}
