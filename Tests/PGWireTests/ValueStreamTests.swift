import PGWire
import Testing

struct ValueStreamTests {
    /// What a stream says of a body, given in pieces of `size` bytes: each value's bytes, and how it ended.
    private func read(_ body: [UInt8], tag: FrontendTag = .bind, size: Int) throws -> (
        values: [[UInt8]?], end: String
    ) {
        let head =
            try tag == .bind ? ValueStream.Head.bind(body.span) : ValueStream.Head.functionCall(body.span)
        var stream = ValueStream(count: head.count, bytes: body.count - head.length)
        var values: [[UInt8]?] = []
        var position = head.length
        var limit = min(body.count, position + size)
        while true {
            switch stream.next(body.span.extracting(position..<limit)) {
            case .wait:
                guard limit < body.count else { return (values, "short") }
                limit = min(body.count, limit + size)
            case .value(let index, let length):
                #expect(index == values.count)
                values.append(length == nil ? nil : [])
                position += 4
                limit = max(limit, position)
            case .piece(let bytes, let isLast):
                values[values.count - 1]?.append(contentsOf: body[position..<(position + bytes)])
                position += bytes
                if isLast { limit = min(body.count, position + size) }
            case .rest(let bytes):
                #expect(bytes == body.count - position)
                let rest = Array(body[position...])
                return (values, ValueStream.areResultFormats(rest.span) ? "formats" : "rest \(bytes)")
            case .malformed(let bytes):
                #expect(bytes == body.count - position)
                return (values, "malformed")
            }
        }
    }

    private func bind(_ values: [[UInt8]?]) throws -> [UInt8] {
        var frame: [UInt8] = []
        try Bind.encode(
            portal: Array("p".utf8), statement: Array("s".utf8), parameterFormats: .all(1),
            parameters: values,
            resultFormats: .each([0, 1]), into: &frame)
        return Array(frame.dropFirst(5))
    }

    @Test(
        "in pieces of any size a Bind's values are those that it was made of",
        arguments: [1, 2, 3, 4, 5, 7, 64])
    func pieces(size: Int) throws {
        let values: [[UInt8]?] = [[1, 2, 3], nil, [], [UInt8](repeating: 9, count: 200), [0]]
        let (found, end) = try read(bind(values), size: size)
        #expect(found == values)
        #expect(end == "formats")
    }

    @Test("a FunctionCall's head is its OID, formats and number of arguments")
    func functionCall() throws {
        var frame: [UInt8] = []
        try FunctionCall.encode(function: 77, arguments: [[5, 6], nil], resultFormat: 1, into: &frame)
        let body = Array(frame.dropFirst(5))
        #expect(try ValueStream.Head.functionCall(body.span).target == .function(77))
        #expect(try read(body, tag: .functionCall, size: 1) == ([[5, 6], nil], "rest 2"))
    }

    @Test(
        "lengths that cannot be are malformed where they stand; a body that is cut waits or is short of formats"
    )
    func malformed() throws {
        let whole = try bind([[1, 2, 3], [4]])
        let first = try ValueStream.Head.bind(whole.span).length
        for length in [[255, 255, 255, 254], [127, 255, 255, 255], [128, 0, 0, 0], [0, 0, 0, 17]] as [[UInt8]]
        {
            var wrong = whole
            wrong.replaceSubrange(first..<(first + 4), with: length)
            #expect(try read(wrong, size: 3) == ([], "malformed"))
        }
        for end in first..<whole.count {
            let cut = try read(Array(whole[..<end]), size: 2)
            #expect(cut.end != "formats", "\(end)")
        }
        #expect(try read(whole + [0], size: 5).end == "rest 7")
    }

    @Test("a head that is not whole, or whose formats are not as many as its values, is refused")
    func head() throws {
        let whole = try bind([[1], [2]])
        let length = try ValueStream.Head.bind(whole.span).length
        for end in 0..<length {
            let cut = Array(whole[..<end])
            #expect(throws: MessageError.self) { try ValueStream.Head.bind(cut.span) }
        }
        var frame: [UInt8] = []
        try Bind.encode(
            portal: [], statement: [], parameterFormats: .each([0, 1, 0]), parameters: [nil], into: &frame)
        let body = Array(frame.dropFirst(5))
        #expect(throws: MessageError.self) { try ValueStream.Head.bind(body.span) }
    }
}
