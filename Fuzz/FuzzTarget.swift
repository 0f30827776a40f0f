/// What libFuzzer calls with each input. A target is this file and one that has `run`, which checks a property of
/// what it is given; `script/fuzz` builds and runs them.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer owns these bytes until this function returns, and they are copied before anything else.
    run(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

/// Ends the process, which libFuzzer reports with the input, unless a property holds.
func check(_ holds: Bool, _ property: @autoclosure () -> String) {
    if !holds { fatalError("property broken: \(property())") }
}

/// What encoding gives. That what was decoded can be encoded is a property too.
func encoded<Failure: Error>(_ write: (inout [UInt8]) throws(Failure) -> Void) -> [UInt8] {
    var bytes: [UInt8] = []
    do {
        try write(&bytes)
    } catch {
        fatalError("property broken: what was decoded cannot be encoded: \(error)")
    }
    return bytes
}

/// A frame of these.
func frame(_ tag: UInt8, _ body: [UInt8]) -> [UInt8] {
    let length = UInt32(body.count + 4)
    return [tag] + (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * UInt32($0))) } + body
}

/// An input that says by its first bytes what to do with the others.
struct FuzzInput {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes[...]
    }

    var isEmpty: Bool { bytes.isEmpty }

    mutating func byte() -> UInt8? { bytes.popFirst() }

    /// As many bytes, or those that are left.
    mutating func take(_ count: Int) -> [UInt8] {
        let taken = Array(bytes.prefix(count))
        bytes = bytes.dropFirst(count)
        return taken
    }

    mutating func rest() -> [UInt8] { take(bytes.count) }
}
