import Audit
import AuditShipping
import GatewayHealth
import GatewayIdentity

/// What a gateway is made of beside its configuration.
package struct GatewayParts: Sendable {
    package let identity: IdentityService
    package let introspection: IntrospectionService
    package let revocations: RevocationStore
    package let health: any ReplicaWatch
    /// By region.
    package let logs: [String: AuditLog]
    package let captureKey: CaptureKey
    package let platform: GatewayPlatform
    /// nil: nothing is shipped.
    package let shipping: ShippingService?

    package init(
        identity: IdentityService, introspection: IntrospectionService, revocations: RevocationStore,
        health: any ReplicaWatch, logs: [String: AuditLog], captureKey: CaptureKey, platform: GatewayPlatform,
        shipping: ShippingService? = nil
    ) {
        self.identity = identity
        self.introspection = introspection
        self.revocations = revocations
        self.health = health
        self.logs = logs
        self.captureKey = captureKey
        self.platform = platform
        self.shipping = shipping
    }
}
