/// PortalSuspended (`s`): an Execute has returned as many rows as it may; there may be more.
package struct PortalSuspended: Equatable, Sendable {
    package init() {}

    package static func decode(_ body: Span<UInt8>) throws(MessageError) -> PortalSuspended {
        try MessageReader().finish(body)
        return PortalSuspended()
    }

    package static func encode(into bytes: inout [UInt8]) {
        MessageWriter.empty(BackendTag.portalSuspended.rawValue, into: &bytes)
    }
}
