import Glibc

/// One descriptor kept in reserve, for the moment when none is left.
package final class ReserveDescriptor: @unchecked Sendable {
    // SAFETY: used by the accepting worker's thread only, after init.
    private var descriptor: Int32

    package init() { descriptor = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC) }

    /// Takes one waiting connection and closes it.
    package func accept(_ listener: Int32) {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        if case .connection(let connection, _) = Socket.accept(listener) { Glibc.close(connection) }
        descriptor = Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
    }
}
