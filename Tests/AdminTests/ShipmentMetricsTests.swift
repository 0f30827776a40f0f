import Admin
import Testing

@Suite struct ShipmentMetricsTests {
    @Test("The metrics of shipping are this text; what is not known of a destination is absent")
    func text() {
        var snapshot = GatewaySnapshot(region: "eu-west-1")
        snapshot.shipments = [
            .init(
                region: "eu-west-1", destination: "home", up: true, stopped: false, rows: 40, bytes: 20_000,
                behind: 2, passedOver: 0),
            .init(
                region: "eu-west-1", destination: "far", up: false, stopped: true, rows: 0, bytes: 0,
                behind: nil, passedOver: 7),
        ]
        snapshot.shipments[1].failures = ["tables": 2, "connect_timeout": 1]
        let text = snapshot.metrics(process: ProcessUsage(residentBytes: nil, startTime: nil))
        let lines = text.split(separator: "\n").filter {
            $0.hasPrefix("domicile_audit_ship")
        }
        #expect(
            lines == [
                #"domicile_audit_ship_up{region="eu-west-1",destination="home"} 1"#,
                #"domicile_audit_ship_up{region="eu-west-1",destination="far"} 0"#,
                #"domicile_audit_ship_stopped{region="eu-west-1",destination="home"} 0"#,
                #"domicile_audit_ship_stopped{region="eu-west-1",destination="far"} 1"#,
                #"domicile_audit_ship_behind_records{region="eu-west-1",destination="home"} 2"#,
                #"domicile_audit_shipped_records_total{region="eu-west-1",destination="home"} 40"#,
                #"domicile_audit_shipped_records_total{region="eu-west-1",destination="far"} 0"#,
                #"domicile_audit_shipped_bytes_total{region="eu-west-1",destination="home"} 20000"#,
                #"domicile_audit_shipped_bytes_total{region="eu-west-1",destination="far"} 0"#,
                #"domicile_audit_ship_passed_over_total{region="eu-west-1",destination="home"} 0"#,
                #"domicile_audit_ship_passed_over_total{region="eu-west-1",destination="far"} 7"#,
                #"domicile_audit_ship_failures_total{region="eu-west-1",destination="far",failure="connect_timeout"} 1"#,
                #"domicile_audit_ship_failures_total{region="eu-west-1",destination="far",failure="tables"} 2"#,
            ])
    }
}
