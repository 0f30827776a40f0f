/// The commented configuration that `domicile init` writes. The same answers give the same bytes; no secret is in it.
package struct StarterConfiguration: Sendable {
    private let answers: StarterAnswers

    package static let healthPassword = "secrets/health.password"
    package static let roleAuthority = "role-ca.crt"
    package static let roleAuthorityKey = "role-ca.key"

    package init(_ answers: StarterAnswers) { self.answers = answers }

    /// The file of the role's password, where it has one.
    package var rolePassword: String { "secrets/\(answers.role).password" }

    package var text: String {
        [listening, issuing, placing, serving, recording, deciding].joined(separator: "\n")
    }

    // MARK: Sections

    private var listening: String {
        """
        # The configuration of a Domicile gateway, written by `domicile init`. Every key, with its default:
        # docs/configuration.md, or `domicile check --print-reference`. After a change:
        # `domicile check --config FILE`, then `domicile reload`. Relative paths are relative to this file.

        # The region that this gateway runs in.
        region: \(value(answers.regions.first?.name ?? ""))
        # Its name in audit records. Default: the host name.
        # gateway: gw-1
        # What must survive a restart: revocations, the key of digests, the admin socket.
        state: \(value(answers.state))

        # Where executors connect: PostgreSQL's protocol, over TLS.
        listen:
          - address: \(value(answers.listen))
            tls: { certificate: \(value(answers.certificate)), key: \(value(answers.key)) }

        # Metrics, health, web page and API: HTTP, on loopback alone.
        admin:
          address: \(value(answers.admin))

        """
    }

    private var issuing: String {
        let ca = answers.issuerCA.map { "ca: \(value($0))" }
        return """
            # Whose tokens are taken as passwords. Keys come from the issuer's discovery document.
            issuers:
              - issuer: \(value(answers.issuer))
                # A token's `aud` must hold this.
                audience: [\(value(answers.audience))]
                algorithms: [RS256, ES256, EdDSA]
                # The CAs for the issuer's own certificate. Default: the system's.
                \(ca ?? "# ca: issuer-ca.pem")
                # Which claims say who asks, who planned it, for which task, and in which groups.
                claims: { subject: sub, planner: azp, task: task_id, groups: groups }

            """
    }

    private var placing: String {
        let regions = answers.regions.map { region in
            """
              \(value(region.name)):
                jurisdiction: \(value(region.jurisdiction))
                audit: \(value("\(answers.audit)/\(region.name)"))
                # networks: [10.1.0.0/16]     # where its servers may be; a server elsewhere is never connected to

            """
        }
        return """
            # Every region that holds a server, the legal area that it lies in, and the audit log of what ran there: a folder
            # on a local filesystem, in production one of its own for each region.
            regions:
            \(regions.joined())
            """
    }

    private var serving: String {
        """
        # What executors may ask for as `dbname`, and the servers that hold it. `kind: auto` takes a server for a primary
        # or a standby by what its recovery state says; `primary` and `standby` insist.
        databases:
        \(answers.databases.map(database).joined())
        # How the servers are probed: as this role, which needs pg_monitor and pg_signal_backend (roles.sql).
        health:
          user: domicile_health
          password_file: \(StarterConfiguration.healthPassword)
          interval: 2s
          timeout: 1s

        """
    }

    private func database(_ name: String) -> String {
        let replicas = answers.replicas.filter { $0.database == name }.map { replica in
            // The mark by which a server proves its region: `cluster_name` in its postgresql.conf.
            let own = "\(name)-\(replica.region)"
            let isFar = replica.region != answers.regions.first?.name
            return """
                      - name: \(value(own))
                        region: \(value(replica.region))
                        kind: auto
                        host: \(value(replica.host))
                        port: \(replica.port)
                        # Proof of where it is, beside its certificate: `cluster_name` in its postgresql.conf.
                        \(isFar ? "" : "# ")attest: { cluster_name: \(value(own)) }

                """
        }
        return """
              \(value(name)):
                replicas:
            \(replicas.joined())    upstream:
                  sslmode: verify-full
                  # The CAs that signed the servers' certificates.
                  sslrootcert: \(value(answers.upstreamCA))
            \(credentials)
            """
    }

    private var credentials: String {
        let role = value(answers.role)
        guard answers.mintsCertificates else {
            return """
                      # How the gateway logs in as each role that rules hand out.
                      roles:
                        \(role): { password_file: \(value(rolePassword)) }

                """
        }
        return """
                  # The gateway logs in with certificates of some minutes that it mints: servers in several regions share no
                  # password. Each needs `ssl_ca_file = 'role-ca.crt'` and a line in pg_hba.conf (roles.sql has it).
                  upstream_ca:
                    certificate: \(StarterConfiguration.roleAuthority)
                    key: \(StarterConfiguration.roleAuthorityKey)
                  roles:
                    \(role): { certificate: minted }

            """
    }

    private var recording: String {
        """
        audit:
          # strict: on disk before it is forwarded; acknowledged: before the answer is; buffered: within sync_interval.
          durability: acknowledged
          # What is kept of parameters and of constants in SQL: keep, hash or drop.
          capture: { parameters: hash, literals: keep }
          # Signs what the log holds. Keep a copy of the file elsewhere, and never change `origin` afterwards.
          key: \(value(answers.auditKey))
          # origin: example.com/audit       # a name of your own; default: the gateway's
          # anchor: /mnt/elsewhere/checkpoints
          # retention: 400d                 # needs an anchor

        # How long sessions live. Keep shutdown_timeout below what ends the process: systemd 90 s, containers 10 s.
        session:
          max_lifetime: 8h
          idle_timeout: 0
          shutdown_timeout: 30s

        limits:
          sessions: 10000
          sessions_per_subject: 100

        # The operational log, on standard error.
        log: { level: info, format: text }

        """
    }

    private var deciding: String {
        """
        # The policy: the first rule that matches principal and database decides; where none does, the connection is refused.
        rules:
        \(answers.jurisdictions.map(rule).joined())  # One that may write. Give its role a credential above.
          # - name: writers
          #   who: { groups: [writers], planner: "planner-*" }
          #   databases: [\(answers.databases.first.map(value) ?? "")]
          #   regions: [\(answers.jurisdictions.first.map(value) ?? "")]
          #   roles: [writer]
          #   access: read_write

        # Who may look into the log with psql (database `domicile`), end sessions and revoke.
        operators:
          - who: { groups: [\(value(answers.operators))] }
            may: [read, kill, revoke, reload]

        """
    }

    /// Nothing where the jurisdiction holds no server.
    private func rule(_ jurisdiction: String) -> String {
        let held = answers.databases.filter { database in
            answers.replicas.contains {
                $0.database == database && answers.jurisdiction(of: $0.region) == jurisdiction
            }
        }
        guard !held.isEmpty else { return "" }
        let name = answers.jurisdictions.count > 1 ? "executors-\(jurisdiction.lowercased())" : "executors"
        let group = self.group(jurisdiction)
        let isFar = jurisdiction != answers.regions.first?.jurisdiction
        let transit =
            isFar
            ? "    # The gateway's own region, which the path crosses.\n    transit: [\(value(answers.regions.first?.name ?? ""))]\n"
            : ""
        return """
              - name: \(value(name))
                who: { groups: [\(value(group))] }
                databases: [\(held.map(value).joined(separator: ", "))]
                # Regions or jurisdictions: an executor is never served from another.
                regions: [\(value(jurisdiction))]
            \(transit)    roles: [\(value(answers.role))]
                access: read_only
                # Classes of statements that are refused (docs/policy.md).
                forbid: [egress, ddl, role_change, peers]

            """
    }

    /// The group of a jurisdiction's executors.
    package func group(_ jurisdiction: String) -> String {
        answers.jurisdictions.count > 1 ? "\(answers.group)-\(jurisdiction.lowercased())" : answers.group
    }

    // MARK: Values

    /// A scalar of YAML: as it is where that is safe, else in double quotes.
    private func value(_ text: String) -> String { StarterText.scalar(text) }
}
