import GatewayPolicy

extension ConfigurationBuilder {
    func warnAboutRegions() {
        let used = Set(databases.flatMap { $0.replicas.map(\.region) })
        for region in regions where !used.contains(region.name) && !databases.isEmpty {
            warning(
                regionPositions[region.name] ?? root.position,
                "no database has a replica in region `\(region.name)`")
        }
    }

    /// What fills one log's filesystem up, or is lost with it, concerns the others on it, too.
    func warnAboutFilesystems() {
        guard let materials = context.materials, regions.count > 1 else { return }
        var together: [UInt64: [Region]] = [:]
        for region in regions {
            guard let filesystem = materials.filesystem(region.audit) else { continue }
            together[filesystem, default: []].append(region)
        }
        for group in together.values where group.count > 1 {
            let names = group.map(\.name)
            warning(
                regionPositions[names[1]] ?? root.position,
                "the logs of \(names.dropLast().joined(separator: ", ")) and \(names[names.count - 1]) lie on one "
                    + "filesystem: a disk that is full or lost takes all of them; expected one for each region"
            )
        }
    }

    func warnAboutReplicas(of database: Database, at position: Position) {
        let primaries = database.replicas.filter { $0.kind == .primary }
        if primaries.count > 1 {
            warning(
                replicaPositions[primaries[1].name] ?? position,
                "database `\(database.name)` has \(primaries.count) replicas of kind primary; expected one")
        }
        guard Set(database.replicas.map(\.region)).count > 1 else { return }
        let withPassword = database.upstream.roles.filter { entry in
            switch entry.value {
            case .password, .passwordFile: true
            case .certificate, .minted, .trust: false
            }
        }.keys.sorted()
        guard !withPassword.isEmpty else { return }
        warning(
            position,
            "database `\(database.name)` spans regions, and role \(withPassword.joined(separator: ", ")) logs in with a "
                + "password: its servers share the verifier, so who runs one can log in to the others; expected a "
                + "certificate")
    }

    func warnAboutWhatNeverMatches(_ rule: Rule, _ fields: Fields) {
        for key in ["databases", "regions", "roles"] {
            guard case .list(let elements)? = fields.node(key)?.value, elements.isEmpty else { continue }
            warning(fields.position(of: key), "`\(key)` is an empty list and so allows nothing")
        }
    }

    /// Requests that match such a rule are refused whatever they ask for.
    func warnAboutWhatIsAlwaysRefused(_ rule: Rule, _ fields: Fields) {
        let allowed = allowedRegions(of: rule)
        guard !allowed.isEmpty else { return }
        let own = root.text("region")
        let crossed = allowed + PolicyRegion.expand(rule.transit, in: policyRegions)
        if regions.contains(where: { $0.name == own }), !crossed.contains(own) {
            warning(
                fields.position(of: "regions"),
                "this gateway, in \(own), refuses everybody by rule `\(rule.name)`: its own region is neither in "
                    + "`regions` nor in `transit`")
        }
        for database in databases(of: rule) {
            let held = Set(database.replicas.map(\.region))
            if held.isDisjoint(with: allowed) {
                warning(
                    fields.position(of: "regions"),
                    "database `\(database.name)` has no replica in a region of rule `\(rule.name)`")
            }
            guard rule.access == .readWrite else { continue }
            let outside = held.subtracting(allowed).sorted()
            if !outside.isEmpty, !rule.replicates {
                warning(
                    fields.keyPosition(of: "access"),
                    "rule `\(rule.name)` refuses everybody on `\(database.name)`: a writer's data streams on to "
                        + "\(outside.joined(separator: ", ")); expected `replicates: allow` or those regions")
            }
            let hasPrimary = database.replicas.contains { $0.kind != .standby && allowed.contains($0.region) }
            if !hasPrimary, !held.isDisjoint(with: allowed) {
                warning(
                    fields.keyPosition(of: "access"),
                    "read_write needs a primary, and `\(database.name)` has none in a region of rule `\(rule.name)`"
                )
            }
        }
    }

    /// A rule is shadowed where, for each of its databases, an earlier one matches whoever it matches; a part of it, where
    /// that is so of one of its values.
    func warnAboutShadows(_ rules: [Rule]) {
        let shadows = RuleShadows(rules)
        for (index, rule) in rules.enumerated() {
            let own = databases(of: rule).map(\.name)
            let position = Position(line: rule.line ?? 1, column: rule.column ?? 1)
            func names(_ rules: [Rule]) -> String { rules.map { "`\($0.name)`" }.joined(separator: ", ") }
            if let by = shadows.deciding(for: rule.who, before: index, on: own) {
                warning(
                    position,
                    "rule `\(rule.name)` never decides: \(names(by)) above it matches everybody that it matches"
                )
                continue
            }
            for (text, condition) in rule.who.alternatives {
                guard let by = shadows.deciding(for: condition, before: index, on: own) else { continue }
                warning(
                    position,
                    "rule `\(rule.name)` overlaps \(names(by)) above it, which decides for its `\(text)`")
            }
        }
    }

    /// Executors of one role see and end each other's statements (`pg_stat_activity`,
    /// `pg_terminate_backend`).
    func warnAboutSharedRoles(_ rules: [Rule]) {
        var warned: Set<String> = []
        let rules = rules.filter { $0.mode == .enforce }
        var uses: [String: Int] = [:]
        for role in rules.flatMap({ Set($0.roles) }) { uses[role, default: 0] += 1 }
        for rule in rules where !rule.forbid.contains(.peers) && !rule.who.matchesNobody {
            for role in rule.roles where !warned.contains(role) {
                let isShared = !rule.who.namesOneSubject || uses[role, default: 0] > 1
                guard isShared else { continue }
                warned.insert(role)
                warning(
                    Position(line: rule.line ?? 1, column: rule.column ?? 1),
                    "role `\(role)` may be shared by several executors, who then see each other's statements in "
                        + "pg_stat_activity; `forbid: [peers]` hides them")
            }
        }
    }
}
