import CLinux
import Foundation
import Glibc

/// What a command prints. Where it cannot be written (a full disk, say) the command says so and ends with status 74
/// (EX_IOERR of sysexits.h): a part of a log must not be taken for all of it.
enum StandardOutput {
    private static let failureStatus: Int32 = 74

    static func write(_ data: Data) {
        do {
            try FileHandle.standardOutput.write(contentsOf: data)
        } catch {
            fail(error.localizedDescription)
        }
    }

    static func write(_ bytes: [UInt8]) { write(Data(bytes)) }

    static func write(_ text: String) { write(Data(text.utf8)) }

    /// Writes what `print` left in memory. Call it when the command has done its work.
    static func flush() {
        let code = clinux_flush_output()
        if code != 0 { fail(String(cString: strerror(code))) }
    }

    private static func fail(_ reason: String) {
        StandardError.print("domicile: standard output cannot be written: \(reason)")
        exit(failureStatus)
    }
}
