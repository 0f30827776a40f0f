import GatewayPolicy

// The section `audit`.
extension ConfigurationBuilder {
    func audit(state: String, hostName: String) -> AuditSettings {
        let fields = root.fields("audit")
        let capture = fields.fields("capture")
        checkSigning(fields, gateway: root.optionalText("gateway") ?? hostName)
        let anchors = anchors(fields)
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
            copy: capture.choice("copy", CopyCapture.self) ?? .bytes)
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
    private func anchors(_ audit: Fields) -> [AnchorPlace] {
        guard let node = audit.node("anchor") else { return [] }
        guard case .list = node.value else {
            return audit.path("anchor").map { [fileAnchor($0, at: node.position, "anchor")] } ?? []
        }
        var places: [AnchorPlace] = []
        for fields in audit.list("anchor") {
            guard let place = anchor(fields) else { continue }
            if places.contains(where: { $0.name == place.name }) {
                mistake(
                    fields.position, "the anchor \(quoted(place.name)) stands there twice; expected it once")
            }
            places.append(place)
        }
        return places
    }

    private func anchor(_ fields: Fields) -> AnchorPlace? {
        guard fields.has("file") != fields.has("url") else {
            mistake(fields.position, "an anchor has either `file` or `url`; found both, or neither")
            return nil
        }
        if fields.has("file") {
            for key in ["ca", "token_file"] where fields.has(key) {
                mistake(
                    fields.keyPosition(of: key), "`\(key)` is for an anchor with `url`; found it with `file`")
            }
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
