/// A packet that is not, or not wholly, part of what is shown, and why.
package struct CaptureFinding: Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Equatable, Sendable {
        /// A link type that is not read.
        case linkType(UInt32)
        /// No IP, another transport, or cut before its TCP header ends.
        case notTCP
        /// A part of an IP packet.
        case fragment
        /// The capture has not all of its data.
        case cut(missing: Int)
        /// Its sequence number belongs to no window.
        case beyondWindow
        /// The SYN of this direction was not captured: where a frame begins is not known.
        case beginningMissing(connection: Int)
        case tooManyConnections
    }

    package let packet: Int
    package let kind: Kind

    package var description: String {
        let text =
            switch kind {
            case .linkType(let code): "link type \(code) is not read"
            case .notTCP: "no TCP"
            case .fragment: "a fragment of an IP packet: those are not put together"
            case .cut(let missing): "cut when it was captured: \(missing) bytes of its data are missing"
            case .beyondWindow: "a sequence number outside of any window"
            case .beginningMissing(let connection):
                "connection \(connection) was open before the capture: its frames cannot be told"
            case .tooManyConnections: "more than \(CaptureLimits.connections) connections"
            }
        return "packet \(packet): \(text)"
    }
}
