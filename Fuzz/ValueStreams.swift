import PGWire

/// How many piece sizes, those, and the body of a Bind (with the highest bit set: of a FunctionCall). Read in pieces of
/// those sizes it gives the values that decoding the whole gives, or both refuse.
func run(_ input: [UInt8]) {
    var input = FuzzInput(input)
    let first = input.byte() ?? 0
    let sizes = input.take(Int(first & 0x7f)).map { Int($0) + 1 }
    let body = input.rest()
    let pieces = inPieces(body, sizes, isBind: first & 0x80 == 0)
    let whole: [[UInt8]?]?
    if first & 0x80 == 0 {
        whole = (try? Bind.decode(body.span)).map {
            $0.parameters.places(in: body.span).map { $0.map { Array(body[$0]) } }
        }
    } else {
        whole = (try? FunctionCall.decode(body.span)).map {
            $0.arguments.places(in: body.span).map { $0.map { Array(body[$0]) } }
        }
    }
    check(pieces == whole, "\(String(describing: pieces)) in pieces, \(String(describing: whole)) as a whole")
}

/// Reads as the relay reads a large message: nil where the message is refused.
private func inPieces(_ body: [UInt8], _ sizes: [Int], isBind: Bool) -> [[UInt8]?]? {
    let head: ValueStream.Head?
    if isBind {
        head = try? ValueStream.Head.bind(body.span)
    } else {
        head = try? ValueStream.Head.functionCall(body.span)
    }
    guard let head else { return nil }
    check(head.length <= body.count, "a head within the body")
    var position = head.length
    var stream = ValueStream(count: head.count, bytes: body.count - position)
    var values: [[UInt8]?] = []
    var expected = 0
    var turn = 0
    var available = position
    while true {
        let window = Array(body[position..<max(position, min(available, body.count))])
        switch stream.next(window.span) {
        case .wait:
            check(available < body.count, "nothing more is waited for when all has come")
            check(window.count < 4, "no waiting while there is enough")
            available += sizes.isEmpty ? 1 : sizes[turn % sizes.count]
            turn += 1
        case .value(let index, let length):
            check(index == values.count && expected == 0, "values in order")
            check(index < head.count, "as many values as said")
            position += 4
            values.append(length.map { _ in [] })
            expected = length ?? 0
        case .piece(let bytes, let isLast):
            check(bytes > 0 && bytes <= window.count && bytes <= expected, "a piece of the value")
            guard var value = values.last ?? nil else {
                fatalError("property broken: a value before its pieces")
            }
            value += window.prefix(bytes)
            values[values.count - 1] = value
            position += bytes
            expected -= bytes
            check(isLast == (expected == 0), "the last piece where the value ends")
        case .malformed(let bytes):
            check(bytes == body.count - position, "what is left of the message")
            return nil
        case .rest(let bytes):
            check(bytes == body.count - position, "what is left of the message")
            check(values.count == head.count, "as many values as said")
            let rest = Array(body[position...])
            guard bytes <= ValueStream.longestRest else { return nil }
            return (isBind ? ValueStream.areResultFormats(rest.span) : rest.count == 2) ? values : nil
        }
    }
}
