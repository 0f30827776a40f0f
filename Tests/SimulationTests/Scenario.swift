import Seeded

/// What a seed decides before the first step.
struct Scenario {
    let seed: UInt64
    let durability: String
    let workers: Int
    let executors: Int
    let expiry: String
    /// Microseconds that tokens live.
    let tokenLife: Int64
    let hasFaults: Bool
    /// All executors shut their side behind their last message.
    let allHalfClose: Bool
    /// Microseconds that the network takes at most, and the disk.
    let latency: Int
    let diskLatency: Int
    let segment: Int
    /// Microseconds that a sync takes of its thread, for which nothing else happens. Not drawn, so that what other seeds are
    /// known for stays.
    let syncTime: Int64

    init(seed: UInt64, random: inout SeededGenerator) {
        self.seed = seed
        durability =
            ["acknowledged", "acknowledged", "strict", "buffered"].randomElement(using: &random) ?? "strict"
        workers = random.number(1..<4)
        executors = random.number(1..<16)
        expiry = ["drain", "kill", "lifetime"].randomElement(using: &random) ?? "drain"
        tokenLife = random.chance(3) ? Int64(random.skewed(1, 30)) * 1_000_000 : 3_600_000_000
        hasFaults = !random.chance(4)
        allHalfClose = random.chance(4)
        latency = random.skewed(10, 50_000)
        diskLatency = random.skewed(10, 200_000)
        segment = random.chance(3) ? 1 << 16 : 256 << 20
        syncTime = seed % 4 == 3 ? 500 + Int64(seed / 4 * 37 % 2_500) : 0
    }

    func configuration(americaIsServed: Bool) -> String {
        let america = """
              - name: america
                who: { groups: [us-analysts] }
                databases: [orders]
                regions: [us-east-1]
                transit: [eu-west-1]
                roles: [analyst]
                access: read_only

            """
        return """
            region: eu-west-1
            gateway: simulated
            listen:
              - unix: simulated.sock
            issuers:
              - issuer: https://id.example.com
                audience: [domicile]
                algorithms: [ES256]
                jwks: https://id.example.com/jwks
            regions:
              eu-west-1:    { jurisdiction: EU, audit: eu-west-1 }
              eu-central-1: { jurisdiction: EU, audit: eu-central-1 }
              us-east-1:    { jurisdiction: US, audit: us-east-1 }
            databases:
              orders:
                replicas:
                  - { name: west, region: eu-west-1, kind: primary, host: 127.0.0.1, port: 5501, attest: { cluster_name: west } }
                  - { name: central, region: eu-central-1, kind: standby, host: 127.0.0.1, port: 5502, attest: { cluster_name: central } }
                  - { name: east, region: us-east-1, kind: standby, host: 127.0.0.1, port: 5503, attest: { cluster_name: east } }
                upstream:
                  sslmode: disable
                  roles:
                    analyst: { trust: true }
                    writer: { trust: true }
            health: { user: health }
            audit:
              durability: \(durability)
              capture: { parameters: keep }
            session: { expiry: \(expiry), expiry_notice: 2s, drain_timeout: 5s, startup_timeout: 10s }
            limits: { logins_per_second_per_address: 100000, workers: \(workers) }
            rules:
              - name: europe
                who: { groups: [eu-analysts] }
                databases: [orders]
                regions: [EU]
                roles: [analyst]
                access: read_only
            \(americaIsServed ? america : "")\
              - name: everywhere
                who: { groups: [all-analysts] }
                databases: [orders]
                regions: [EU, US]
                roles: [analyst]
                access: read_only
              - name: writers
                who: { groups: [eu-writers] }
                databases: [orders]
                regions: [eu-west-1]
                replicates: allow
                roles: [writer]
                access: read_write

            """
    }
}
