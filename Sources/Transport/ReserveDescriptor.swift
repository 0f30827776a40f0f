import Glibc

/// One descriptor kept in reserve, for the moment when none is left.
package final class ReserveDescriptor: @unchecked Sendable {
    // SAFETY: used by the accepting worker's thread only, after init.
    private var descriptor: Int32

    package init() { descriptor = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }

    /// Takes one waiting connection and hands it to `refuse`, which closes it; false where none waits.
    package func accept(_ listener: Int32, _ refuse: (Int32) -> Void) -> Bool {
        guard descriptor >= 0 else { return false }
        Glibc.close(descriptor)
        defer { descriptor = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }
        guard case .connection(let connection, _) = Socket.accept(listener) else { return false }
        refuse(connection)
        return true
    }
}
