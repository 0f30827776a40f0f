extension GatewaySnapshot {
    func addShipments(to text: inout MetricsText) {
        func samples(_ value: (Shipment) -> MetricsText.Value?) -> [MetricsText.Sample] {
            shipments.compactMap { shipment in
                value(shipment).map {
                    .init($0, ("region", shipment.region), ("destination", shipment.destination))
                }
            }
        }
        text.add(
            "audit_ship_up", .gauge, "1 while the destination takes the log's records.",
            samples { .flag($0.up) })
        text.add(
            "audit_ship_stopped", .gauge,
            "1 while nothing is sent because another history of the log is at the destination.",
            samples { .flag($0.stopped) })
        text.add(
            "audit_ship_behind_records", .gauge,
            "Records that are durable, signed where the log is, and not at the destination; absent while it is not known what is there.",
            samples { $0.behind.map { .count($0) } })
        text.add(
            "audit_shipped_records_total", .counter, "Rows that the destination has acknowledged.",
            samples { .count($0.rows) })
        text.add(
            "audit_shipped_bytes_total", .counter, "Bytes of those rows as they were sent.",
            samples { .count($0.bytes) })
        text.add(
            "audit_ship_passed_over_total", .counter,
            "Records that never got to the destination because the log does not have them any more.",
            samples { .count($0.passedOver) })
        text.add(
            "audit_ship_failures_total", .counter, "Connections and batches that failed, by why.",
            shipments.flatMap { shipment in
                shipment.failures.sorted { $0.key < $1.key }.map {
                    .init(
                        .count($0.value), ("region", shipment.region), ("destination", shipment.destination),
                        ("failure", $0.key))
                }
            })
    }
}
