/// Reads the value of a parameter by the type that the client said, or that was found for it.
enum ParameterDecoder {
    private enum OID {
        static let bool: UInt32 = 16
        static let bytea: UInt32 = 17
        static let integers: Set<UInt32> = [20, 21, 23, 26]
        static let reals: Set<UInt32> = [700, 701]
        static let numeric: UInt32 = 1700
        static let texts: Set<UInt32> = [0, 18, 19, 25, 705, 114, 1042, 1043, 2950]
        static let date: UInt32 = 1082
        static let timestamps: Set<UInt32> = [1114, 1184]
    }

    /// - Parameters:
    ///   - format: 0 text, 1 binary.
    ///   - number: for the message.
    static func value(_ bytes: [UInt8]?, type: UInt32, format: Int16, number: Int) throws(ConsoleError)
        -> ConsoleValue
    {
        guard let bytes else { return .null }
        guard format == 0 || format == 1 else {
            throw ConsoleError("22023", "unsupported format code: \(format)")
        }
        let decoded = format == 1 ? binary(bytes, type) : text(bytes, type)
        guard let decoded else {
            throw ConsoleError(
                format == 1 ? "22P03" : "22P02", "invalid value for parameter $\(number)",
                detail: "The type is \(type), the format \(format == 1 ? "binary" : "text").")
        }
        return decoded
    }

    private static func text(_ bytes: [UInt8], _ type: UInt32) -> ConsoleValue? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let trimmed = text.trimmingPrefix(" ")
        switch type {
        case OID.bool:
            switch trimmed.lowercased() {
            case "t", "true", "1", "on", "yes", "y": return .integer(1)
            case "f", "false", "0", "off", "no", "n": return .integer(0)
            default: return nil
            }
        case OID.bytea: return hex(bytes)
        case OID.numeric:
            return Int64(trimmed).map { .integer($0) } ?? Double(trimmed).map { .real($0) }
        case let type where OID.integers.contains(type): return Int64(trimmed).map { .integer($0) }
        case let type where OID.reals.contains(type): return Double(trimmed).map { .real($0) }
        case let type where OID.timestamps.contains(type):
            return TimestampText.recorded(text).map { .text($0) }
        default: return .text(text)
        }
    }

    private static func hex(_ bytes: [UInt8]) -> ConsoleValue? {
        guard bytes.starts(with: "\\x".utf8), bytes.count % 2 == 0 else { return .blob(bytes) }
        var raw: [UInt8] = []
        var at = 2
        while at + 1 < bytes.count {
            guard let byte = UInt8(String(decoding: bytes[at...(at + 1)], as: UTF8.self), radix: 16) else {
                return nil
            }
            raw.append(byte)
            at += 2
        }
        return .blob(raw)
    }

    private static func binary(_ bytes: [UInt8], _ type: UInt32) -> ConsoleValue? {
        switch type {
        case OID.bool: return bytes.count == 1 ? .integer(bytes[0] == 0 ? 0 : 1) : nil
        case OID.bytea: return .blob(bytes)
        case let type where OID.integers.contains(type):
            guard let raw = number(bytes) else { return nil }
            switch bytes.count {
            case 2: return .integer(Int64(Int16(truncatingIfNeeded: raw)))
            case 4:
                return .integer(type == 26 ? Int64(raw) : Int64(Int32(truncatingIfNeeded: raw)))
            case 8: return .integer(Int64(bitPattern: raw))
            default: return nil
            }
        case let type where OID.reals.contains(type):
            guard let raw = number(bytes) else { return nil }
            switch bytes.count {
            case 4: return .real(Double(Float(bitPattern: UInt32(truncatingIfNeeded: raw))))
            case 8: return .real(Double(bitPattern: raw))
            default: return nil
            }
        case let type where OID.timestamps.contains(type):
            guard bytes.count == 8, let raw = number(bytes) else { return nil }
            return .text(TimestampText.recorded(since2000: Int64(bitPattern: raw)))
        case let type where OID.texts.contains(type):
            return String(validating: bytes, as: UTF8.self).map { .text($0) }
        default: return nil
        }
    }

    private static func number(_ bytes: [UInt8]) -> UInt64? {
        guard bytes.count <= 8, !bytes.isEmpty else { return nil }
        return bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}
