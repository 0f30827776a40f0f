/// The SQL that `domicile init` writes: the roles that the gateway logs in as, for a superuser to run on the primary of
/// each database, also one who may not read this folder. No password is in it, but what a server keeps of each.
package struct StarterRoles: Sendable {
    private let answers: StarterAnswers
    private let configuration: StarterConfiguration
    private let verifiers: [String: String]

    /// - Parameter verifiers: by the file of each password, what ALTER ROLE takes in its place; a role whose file is not
    ///   there gets none.
    package init(_ answers: StarterAnswers, verifiers: [String: String]) {
        self.answers = answers
        self.verifiers = verifiers
        configuration = StarterConfiguration(answers)
    }

    /// The files, beside the configuration, of the passwords that the roles get.
    package static func passwordFiles(_ answers: StarterAnswers) -> [String] {
        [StarterConfiguration.healthPassword]
            + (answers.mintsCertificates ? [] : [StarterConfiguration(answers).rolePassword])
    }

    /// psql's options on the server itself, over its socket.
    package static func local(_ replica: StarterAnswers.Replica?) -> String {
        guard let replica else { return "-d postgres" }
        return (replica.port == 5_432 ? "" : "-p \(replica.port) ") + "-d \(replica.database)"
    }

    package var text: String {
        [head, health, executors, answers.mintsCertificates ? trust : ""].filter { !$0.isEmpty }
            .joined(separator: "\n")
    }

    private var head: String {
        let first = answers.replicas.first
        let host = first.map { "host=\($0.host) port=\($0.port) dbname=\($0.database)" } ?? ""
        return """
            -- The roles that the gateway logs in as, for psql. Run it as a superuser on the primary of each database, from here
            --   psql -X -v ON_ERROR_STOP=1 "\(host) user=postgres" < roles.sql
            -- or on the server itself
            --   sudo -u postgres psql -X -v ON_ERROR_STOP=1 \(StarterRoles.local(first)) < roles.sql
            -- It may be run again: what is there is kept, passwords are set anew. No password is in it, but what the server keeps
            -- of it (SCRAM): the passwords are in secrets/, for the gateway.

            """
    }

    private var health: String {
        """
        -- Probes: health, lag, what the server is, and ending backends of sessions that ended.
        \(creation(of: "domicile_health", passwordFile: StarterConfiguration.healthPassword))
        GRANT pg_monitor, pg_signal_backend TO domicile_health;

        """
    }

    private var executors: String {
        let role = StarterText.identifier(answers.role)
        return """
            -- What executors are on the server. It needs no more rights than they do.
            \(creation(of: answers.role, passwordFile: answers.mintsCertificates ? nil : configuration.rolePassword))
            -- What it may read is yours to say, such as:
            --   GRANT USAGE ON SCHEMA public TO \(role);
            --   GRANT SELECT ON ALL TABLES IN SCHEMA public TO \(role);

            """
    }

    private var trust: String {
        let databases = answers.databases.map(StarterText.identifier).joined(separator: ",")
        return """
            -- Beside that each server needs, for the certificates that the gateway mints (docs/operations.md, Logging in upstream):
            --   postgresql.conf:  ssl_ca_file = 'role-ca.crt'
            --   pg_hba.conf, before other lines that fit this role, with the gateway's address:
            --     hostssl  \(databases)  \(StarterText.identifier(answers.role))  10.1.0.0/16  cert
            -- and `cluster_name` in postgresql.conf, as `attest` in domicile.yaml has it, where it is in another region.

            """
    }

    /// Neither CREATE ROLE nor psql knows "if it is not there".
    private func creation(of role: String, passwordFile: String?) -> String {
        let name = StarterText.identifier(role)
        let literal = "'" + role.replacing("'", with: "''") + "'"
        let lines = [
            "SELECT count(*) = 0 AS missing FROM pg_catalog.pg_roles WHERE rolname = \(literal) \\gset",
            "\\if :missing", "CREATE ROLE \(name) LOGIN;", "\\endif",
        ]
        guard let passwordFile else { return lines.joined(separator: "\n") }
        let password =
            verifiers[passwordFile].map { "ALTER ROLE \(name) PASSWORD '\($0)';" }
            ?? "-- Its password is not printable ASCII; set the one of \(passwordFile):\n\\password \(name)"
        return (lines + [password]).joined(separator: "\n")
    }
}
