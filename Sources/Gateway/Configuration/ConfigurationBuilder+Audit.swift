import GatewayPolicy

// The section `audit`.
extension ConfigurationBuilder {
    func audit(state: String, hostName: String) -> AuditSettings {
        let fields = root.fields("audit")
        let capture = fields.fields("capture")
        checkSigning(fields, gateway: root.optionalText("gateway") ?? hostName)
        let destinations = destinations(fields)
        let anchors = anchors(fields, destinations)
        checkRetention(fields, isAnchored: fields.has("key") && !anchors.isEmpty)
        return AuditSettings(
            durability: fields.choice("durability", AuditSettings.Durability.self) ?? .acknowledged,
            syncInterval: fields.duration("sync_interval"), segment: fields.size("segment"),
            recordLimit: fields.size("record_limit"),
            parameters: capture.choice("parameters", Capture.self) ?? .hash,
            literals: capture.choice("literals", Capture.self) ?? .keep,
            describe: capture.optionalBoolean("describe") ?? true,
            origin: fields.optionalText("origin"), key: fields.path("key"),
            anchors: anchors,
            retention: fields.optionalDuration("retention"),
            captureKey: fields.path("capture_key") ?? state + "/capture.key",
            allowFilesystems: fields.texts("allow_filesystem").map(\.text),
            copy: capture.choice("copy", CopyCapture.self) ?? .bytes, ship: destinations)
    }

    private func checkSigning(_ fields: Fields, gateway: String) {
        if let origin = fields.scalar("origin"), !AuditSettings.isOrigin(origin.text) {
            fields.wrong("origin", origin, AuditSettings.originExpectation)
        }
        guard fields.has("key") else {
            if fields.has("anchor") {
                mistake(
                    fields.position(of: "anchor"), "`anchor` needs `key`: without one no checkpoint is signed"
                )
            }
            guard context.materials != nil else { return }
            return warning(
                fields.position,
                "checkpoints are not signed: set `audit.key` and run `domicile audit init --config FILE`")
        }
        if !fields.has("origin"), !AuditSettings.isOrigin(gateway) {
            mistake(
                fields.position(of: "key"),
                "`origin` is missing, and the gateway's name \(quoted(gateway)) is none; expected "
                    + AuditSettings.originExpectation)
        }
        if let key = fields.path("key") { check(.auditKey(file: key), fields, "key") }
    }

    private func checkRetention(_ fields: Fields, isAnchored: Bool) {
        guard let retention = fields.optionalDuration("retention"), retention > .zero, !isAnchored else {
            return
        }
        mistake(
            fields.position(of: "retention"),
            "`retention` needs `key` and `anchor`: what is removed must be covered by a checkpoint that is kept elsewhere"
        )
    }

    // MARK: Anchors

    /// The places that take checkpoints, without those that cannot.
    private func anchors(_ audit: Fields, _ destinations: [ShippingDestination]) -> [AnchorPlace] {
        guard let node = audit.node("anchor") else { return [] }
        guard case .list = node.value else {
            return audit.path("anchor").map { [fileAnchor($0, at: node.position, "anchor")] } ?? []
        }
        var places: [AnchorPlace] = []
        for fields in audit.list("anchor") {
            guard let place = anchor(fields, destinations) else { continue }
            if places.contains(where: { $0.name == place.name }) {
                mistake(
                    fields.position, "the anchor \(quoted(place.name)) stands there twice; expected it once")
            }
            places.append(place)
        }
        return places
    }

    private func anchor(_ fields: Fields, _ destinations: [ShippingDestination]) -> AnchorPlace? {
        let kinds = ["file", "url", "destination"].filter(fields.has)
        guard let kind = kinds.first, kinds.count == 1 else {
            mistake(
                fields.position,
                "an anchor has one of `file`, `url` and `destination`; found \(kinds.isEmpty ? "none" : "several")"
            )
            return nil
        }
        if kind != "url" {
            for key in ["ca", "token_file"] where fields.has(key) {
                mistake(
                    fields.keyPosition(of: key),
                    "`\(key)` is for an anchor with `url`; found it with `\(kind)`")
            }
        }
        if kind == "destination" { return tableAnchor(fields, destinations) }
        if kind == "file" {
            return fields.path("file").map { fileAnchor($0, at: fields.position(of: "file"), "file") }
        }
        guard let value = fields.scalar("url") else { return nil }
        if let expectation = ConfigurationBuilder.urlExpectation(value.text, allowsQuery: false) {
            fields.wrong("url", value, expectation)
        }
        let ca = fields.readableFile("ca")
        if let ca { check(.authority(file: ca), fields, "ca") }
        return .url(value.text, ca: ca, tokenFile: secretFile(fields, "token_file"))
    }

    private func tableAnchor(_ fields: Fields, _ destinations: [ShippingDestination]) -> AnchorPlace? {
        guard let value = fields.scalar("destination") else { return nil }
        guard let destination = destinations.first(where: { $0.name.hasSameBytes(as: value.text) }) else {
            fields.wrong("destination", value, "the name of an entry of `ship`")
            return nil
        }
        let networks = regions.first { $0.name == destination.region }?.networks ?? []
        return .table(destination, networks: networks)
    }

    private func fileAnchor(_ path: String, at position: Position, _ key: String) -> AnchorPlace {
        if let region = regions.first(where: { path.hasPrefix($0.audit + "/") }) {
            mistake(
                position,
                "`\(key)` lies in the log of \(region.name); expected a file elsewhere, which who can change the log cannot"
            )
        }
        return .file(path)
    }
}
