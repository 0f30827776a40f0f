import Admin

/// A gateway's status that does not change.
struct FixedStatus: GatewayStatus {
    var unreadyReasons: [String] = []
    var hangingWorkers: [Int] = []
    var snapshot = GatewaySnapshot(region: "eu-west-1")
}

extension AdminPages {
    init(_ status: FixedStatus, host: String = "127.0.0.1") {
        self.init(status: status, host: host, startTime: nil)
    }
}
