import Audit
import Foundation
import Testing

@Suite struct ValueFormTests {
    private func forms(_ text: String) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: ValueForm.all(of: Array(text.utf8)).map { form in
                (form.name, form.bytes.map { String(format: "%02x", $0) }.joined())
            })
    }

    @Test(
        "A value's text, and the binary forms of the types that it is a value of, are those of PostgreSQL's send functions"
    )
    func types() {
        #expect(
            forms("42") == [
                "text": "3432", "int2": "002a", "int4": "0000002a", "int8": "000000000000002a",
                "float4": "42280000", "float8": "4045000000000000",
            ])
        #expect(forms("-1")["int2"] == "ffff" && forms("-1")["float8"] == "bff0000000000000")
        #expect(forms("32767")["int2"] == "7fff")
        #expect(forms("32768")["int2"] == nil && forms("32768")["int4"] == "00008000")
        #expect(forms("9223372036854775808")["int8"] == nil)
        #expect(forms("0.5") == ["text": "302e35", "float4": "3f000000", "float8": "3fe0000000000000"])
        #expect(forms("true") == ["text": "74727565", "bool": "01"])
        #expect(forms("off") == ["text": "6f6666", "bool": "00"])
        #expect(forms("0")["bool"] == "00")
        #expect(forms(#"\xDEadbeef"#)["bytea"] == "deadbeef")
        #expect(forms(#"\xDEa"#)["bytea"] == nil)
        let uuid = "a0eebc999c0b4ef8bb6d6bb9bd380a11"
        #expect(forms("A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11")["uuid"] == uuid)
        #expect(forms(uuid)["uuid"] == uuid)
        #expect(forms("a0eebc99-9c0b4ef8-bb6d-6bb9bd380a11")["uuid"] == nil)
        #expect(forms("Zoë") == ["text": "5a6fc3ab"])
        #expect(ValueForm.all(of: [0xff]).map(\.name) == ["text"])
        #expect(forms("") == ["text": ""])
    }

    @Test("Dates and times are counted from 2000, as PostgreSQL does; what no calendar has is text alone")
    func times() {
        #expect(forms("2000-01-01")["date"] == "00000000")
        #expect(forms("1999-12-31")["date"] == "ffffffff")
        #expect(forms("2026-03-01")["date"] == "00002554")
        #expect(forms("2024-02-29")["date"] == "00002279")
        for text in ["2026-02-29", "2026-13-01", "2026-00-01", "0000-01-01", "2026-03-01 24:00:00"] {
            #expect(forms(text).keys.sorted() == ["text"], "\(text)")
        }
        #expect(forms("2000-01-01 00:00:01.5")["timestamp"] == "000000000016e360")
        #expect(forms("2000-01-01T00:00")["timestamp"] == "0000000000000000")
        #expect(forms("1999-12-31 23:59:59.999999")["timestamp"] == "ffffffffffffffff")
        #expect(forms("2000-01-01 01:30:00+01:30")["timestamptz"] == "0000000000000000")
        #expect(forms("1999-12-31T19:00:00-0500")["timestamptz"] == "0000000000000000")
        #expect(forms("2000-01-01T00:00:00.000001Z")["timestamptz"] == "0000000000000001")
        #expect(forms("2000-01-01 00:00:00+99")["timestamptz"] == nil)
    }
}

@Suite struct DigestSearchTests {
    private func key(_ folder: TemporaryFolder, _ first: UInt8, _ name: String = "capture.key") throws
        -> CaptureKey
    {
        let path = folder.path + "/" + name
        try Data(first..<(first + 32)).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        return try #require(try CaptureKey.load(path: path))
    }

    private func write(_ captures: [ParameterCapture], _ folder: TemporaryFolder) throws -> String {
        let log = try AuditLog(folder.settings())
        var batch = RecordBatch(recordLimit: 4096)
        for (number, capture) in captures.enumerated() {
            batch.begin(.bind)
            batch.add("session", "s\(number)")
            var parameters = batch.beginParameters(capture)
            for value in [
                [0x78], Array("secret".utf8), [0, 0, 0, 42], [UInt8](repeating: 0x61, count: 5_000),
            ] {
                parameters.add(format: 1, type: nil, value: value.span, to: &batch)
            }
            batch.endParameters(parameters)
            batch.end()
        }
        if case .hash(let key)? = captures.first {
            batch.begin(.query)
            batch.add("session", "q")
            batch.add("sql", #"say "digest":"nothing""#)
            var literals = batch.beginLiterals(.hash(key))
            literals.add(literal: [0x31].span, to: &batch)
            literals.add(literal: Array("secret".utf8).span, to: &batch)
            batch.endParameters(literals)
            batch.end()
            batch.begin(.query)
            batch.add("session", "q")
            batch.add("sql_digest", key.digest(of: Array("secret".utf8).span))
            batch.end()
        }
        _ = try log.append(&batch)
        log.close()
        return folder.path + "/log"
    }

    private func found(_ value: String, _ keys: [CaptureKey], _ log: String) throws -> [String] {
        var found: [String] = []
        try DigestSearch(of: Array(value.utf8), keys: keys).records(in: log) { line, record, findings in
            for finding in findings {
                let session = record["session"]?.string ?? ""
                found.append(
                    "\(line.seq ?? 0) \(session) \(finding.place) \(finding.digest.form) \(finding.digest.key)"
                )
            }
        }
        return found
    }

    @Test(
        "A value is found under each key, as text and in binary, in parameters, literals and texts; no other is"
    )
    func finds() throws {
        let folder = try TemporaryFolder()
        let (old, new) = (try key(folder, 0), try key(folder, 100, "other"))
        let log = try write([.hash(old), .hash(new), .drop, .keep], folder)
        #expect(
            try found("secret", [new, old], log) == [
                "0 s0 parameter 2 text \(old.id)", "1 s1 parameter 2 text \(new.id)",
                "4 q literal 2 text \(old.id)", "5 q sql text \(old.id)",
            ])
        #expect(
            try found("42", [new, old], log) == [
                "0 s0 parameter 3 int4 \(old.id)", "1 s1 parameter 3 int4 \(new.id)",
            ])
        #expect(try found("secret", [new], log) == ["1 s1 parameter 2 text \(new.id)"])
        #expect(try found("secre", [new, old], log).isEmpty)
        #expect(try found("43", [new, old], log).isEmpty)
        // What was kept and did not fit has the plain hash.
        #expect(
            try found(String(repeating: "a", count: 5_000), [], log) == ["3 s3 parameter 4 text sha256"])
    }

    @Test("A rotated key stays beside the new one under its id, and is known as long as it is there")
    func rotation() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/capture.key"
        let first = try key(folder, 0)
        let (old, second) = try CaptureKey.rotate(path: path)
        #expect(old.id == first.id && second.id != first.id)
        let third = try CaptureKey.rotate(path: path).new
        #expect(try CaptureKey.load(path: path)?.id == third.id)
        #expect(try CaptureKey.known(path: path).first?.id == third.id)
        #expect(Set(try CaptureKey.known(path: path).map(\.id)) == [first.id, second.id, third.id])
        #expect(
            Set(try FileManager.default.contentsOfDirectory(atPath: folder.path)) == [
                "capture.key", "capture.key.\(first.id)", "capture.key.\(second.id)",
            ])
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/" + name)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
        try FileManager.default.removeItem(atPath: path + "." + first.id)
        #expect(Set(try CaptureKey.known(path: path).map(\.id)) == [second.id, third.id])
    }

    @Test(
        "No key is made where one is asked for; one that a file does not hold, and one that others may read, are refused"
    )
    func mistakes() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/capture.key"
        #expect(throws: AuditError.self) { try CaptureKey.known(path: path) }
        #expect(throws: AuditError.self) { try CaptureKey.rotate(path: path) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
        let first = try key(folder, 0)
        _ = try key(folder, 50, "capture.key.01234567")
        #expect(
            throws: AuditError.captureKey(
                path: path + ".01234567", reason: "holds the key \(try otherID(folder))")
        ) {
            try CaptureKey.known(path: path)
        }
        try FileManager.default.removeItem(atPath: path + ".01234567")
        // A rotation that was cut off behind its first step left the current key under its name already.
        try FileManager.default.linkItem(atPath: path, toPath: path + "." + first.id)
        #expect(try CaptureKey.known(path: path).map(\.id) == [first.id])
        #expect(try CaptureKey.rotate(path: path).old.id == first.id)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path + "." + first.id)
        #expect(throws: AuditError.self) { try CaptureKey.known(path: path) }
    }

    private func otherID(_ folder: TemporaryFolder) throws -> String {
        try #require(try CaptureKey.load(path: folder.path + "/capture.key.01234567")).id
    }
}
