/// The SQL that `domicile init` writes: the roles that the gateway logs in as, for a superuser to run on the primary of
/// each database. No secret is in it: psql reads the passwords from their files.
package struct StarterRoles: Sendable {
    private let answers: StarterAnswers
    private let configuration: StarterConfiguration

    package init(_ answers: StarterAnswers) {
        self.answers = answers
        configuration = StarterConfiguration(answers)
    }

    package var text: String {
        [head, health, executors, answers.mintsCertificates ? trust : ""].filter { !$0.isEmpty }
            .joined(separator: "\n")
    }

    private var head: String {
        let first = answers.replicas.first
        let host = first.map { "host=\($0.host) port=\($0.port) dbname=\($0.database)" } ?? ""
        return """
            -- The roles that the gateway logs in as. Run it on the primary of each database, in the folder that it lies in:
            --   psql -X -v ON_ERROR_STOP=1 "\(host) user=postgres" -f roles.sql
            -- It may be run again: what is there is kept, passwords are set anew.
            SET password_encryption = 'scram-sha-256';

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
        let password = ["\\set password `cat \(passwordFile)`", "ALTER ROLE \(name) PASSWORD :'password';"]
        return (lines + password).joined(separator: "\n")
    }
}
