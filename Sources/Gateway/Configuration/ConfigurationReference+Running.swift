import GatewayPolicy

extension ConfigurationReference {
    private static let never = "never"

    static let recording = [
        ConfigurationSection(
            "audit", "The audit log (audit-log.md).",
            [
                .fallback(
                    "durability", .choice(AuditSettings.Durability.allCases.map(\.rawValue)), "acknowledged",
                    "What must be on disk before an executor sees an answer."),
                .fallback(
                    "sync_interval", .duration(.milliseconds(10) ... .seconds(60), zero: nil), "1s",
                    "How much time of records a power failure may take under `buffered`."),
                .fallback(
                    "segment", .size(1 << 20...1 << 40), "256MiB", "Size after which a new segment begins."),
                .fallback("record_limit", .size(4 << 10...1 << 20), "64KiB", "Size that a record may have."),
                .optional("capture", .section("audit.capture"), "What is kept of values."),
                .optional(
                    "capture_key", .path, "File of the key for digests. Default: `capture.key` in `state`."),
                .optional(
                    "allow_filesystem", .list(.name),
                    "Types of filesystems that are accepted beside local ones."),
                .optional(
                    "origin", .text,
                    "What the logs are called in their checkpoints, before `/REGION`: a domain and path of your own, without "
                        + "spaces and `+`. Default: `gateway`."),
                .optional(
                    "key", .path,
                    "File of the Ed25519 key that signs checkpoints (PEM, mode 0600); `domicile audit init` makes it. "
                        + "Without one nothing is signed."),
                .optional(
                    "retention", .duration(.zero ... .seconds(36_500 * 86_400), zero: never),
                    "Age after which segments are removed, once every anchor holds a checkpoint that covers them."
                ),
                .optional(
                    "ship", .sections("audit.ship[]"),
                    "PostgreSQL databases that the logs are copied to. Records never wait for them."),
                .optional(
                    "anchor", .pathOrSections("audit.anchor[]"),
                    "Where each signed checkpoint goes besides, for `domicile audit verify --against`: a file on another disk or "
                        + "machine that it is appended to, or several places. Records never wait for them."),
            ]),
        ConfigurationSection(
            "audit.anchor[]", "A place that takes signed checkpoints: `file`, `url` or `destination`.",
            [
                .optional("file", .path, "File that each checkpoint is appended to."),
                .optional(
                    "url", .text,
                    "https URL (http on loopback only) that checkpoints are sent to by POST, as text/plain; any answer 2xx "
                        + "takes one."),
                .optional(
                    "ca", .readableFile,
                    "With `url`: PEM file of the CAs for its TLS certificate. Default: the system's."),
                .optional(
                    "token_file", .readableFile,
                    "With `url`: file of mode 0600 with the bearer token that is sent along, read anew each time."
                ),
                .optional(
                    "destination", .name, "Name of an entry of `ship`: a row each in its `checkpoints_table`."
                ),
            ]),
        ConfigurationSection(
            "audit.capture", "What is kept of values.",
            [
                .fallback(
                    "parameters", .choice(Capture.allCases.map(\.rawValue)), "hash", "Values of parameters."),
                .fallback(
                    "literals", .choice(Capture.allCases.map(\.rawValue)), "keep",
                    "Constants in SQL, and what comments hold. `hash`: `$n` in their place, and a digest of each; "
                        + "`drop`: no digest."),
                .fallback(
                    "describe", .boolean, "true",
                    "`true`: records say what statements are (`fingerprint`, `class`, `relations`), also where nothing is "
                        + "forbidden and they would not be read otherwise. `false`: nowhere."),
                .fallback(
                    "copy", .choice(CopyCapture.allCases.map(\.rawValue)), "bytes",
                    "A COPY's data: how many bytes, or their SHA-256 too."),
            ]),
    ]

    private static let day = 86_400

    static let running = [
        ConfigurationSection(
            "health", "Probes of the replicas.",
            [
                .fallback(
                    "interval", .duration(.milliseconds(100) ... .seconds(3_600), zero: nil), "2s",
                    "Time from one probe to the next."),
                .fallback(
                    "timeout", .duration(.milliseconds(50) ... .seconds(60), zero: nil), "1s",
                    "Time that a probe may take."),
                .fallback("user", .text, "domicile_health", "Role that probes log in as."),
                .optional("password", .secret, "Its password, best as `${NAME}`."),
                .optional(
                    "password_file", .readableFile,
                    "In its place a file of the password alone, as of a role; read at each login of a probe."),
                .fallback(
                    "fall", .integer(1...100), "2", "Failures in a row after which a replica counts as down."),
                .fallback(
                    "rise", .integer(1...100), "1", "Successes in a row after which it counts as up again."),
                .fallback(
                    "catalog_interval", .duration(.milliseconds(100) ... .seconds(3_600), zero: "read once"),
                    "10s",
                    "Time from one look at a replica's catalogue to the next. Catalogues are read for databases with a "
                        + "rule that forbids something or says `read_only`, and again only where they changed."
                ),
            ]),
        ConfigurationSection(
            "session", "How long sessions live and how they end.",
            sessionKeys(overriding: false) + [
                .fallback(
                    "startup_timeout", .duration(.milliseconds(100) ... .seconds(300), zero: nil), "10s",
                    "Time for everything before the relay."),
                .fallback(
                    "shutdown_timeout", .duration(.zero ... .seconds(3_600), zero: "at once"), "30s",
                    "Time that transactions get when the gateway stops."),
            ]),
        ConfigurationSection(
            "limits", "Limits.",
            [
                .fallback(
                    "log_bytes_per_second_per_subject", .size(1 << 10...1 << 40), "10MiB",
                    "Bytes of records that one principal may leave in a second, over all its sessions; eight seconds' worth at once. What is beyond waits, at most 10 s, and is 53400 then. All refused tokens share as much."
                ),
                .fallback("sessions", .integer(1...1_000_000), "10000", "Sessions at a time."),
                .fallback(
                    "sessions_per_subject", .integer(1...1_000_000), "100",
                    "Sessions at a time of one principal."),
                .fallback(
                    "sessions_per_address", .integer(1...1_000_000), "1000000",
                    "Sessions at a time from one address, whoever they are of."),
                .fallback(
                    "logins_per_second_per_address", .integer(1...1_000_000), "50",
                    "Logins that one address may try in a second."),
                .fallback(
                    "logins_per_second_per_subject", .integer(1...1_000_000), "1000",
                    "Logins with a good token that one principal may make in a second, from wherever."),
                .fallback(
                    "logins_per_replica", .integer(1...100_000), "64",
                    "Logins that may be under way at one replica at a time; the others wait in their order, each a quarter of `session.startup_timeout` before it turns to the next replica."
                ),
                .fallback(
                    "failure_delay", .duration(.zero ... .seconds(10), zero: "not at all"), "2s",
                    "How long at most the refusal of a token is held back where its address has had more than ten lately. Good tokens never wait."
                ),
                .fallback("statement", .size(1 << 10...1 << 30), "64MiB", "Size of a statement."),
                .fallback(
                    "statement_cache", .size(1 << 16...1 << 30), "8MiB",
                    "What each worker remembers of judged statements. Needs a restart."),
                .fallback("token", .size(1 << 10...64 << 10), "16KiB", "Size of a token."),
                .fallback(
                    "remembered_tokens", .integer(0...1_000_000), "4096",
                    "Verified tokens that are remembered by their hash, so that the next login with one costs no signature; 0: none. Revocation is looked up at each login all the same."
                ),
                .fallback(
                    "workers", .integerOrAuto(1...256), "auto", "Worker threads; `auto`: one for each core."),
                .optional(
                    "buffers", .size(1 << 20...1 << 40),
                    "What the buffers of all sessions may hold together. Without it: half of the control group's memory limit (`memory.max`, in cgroup v1 `memory.limit_in_bytes`), without one as much as there is. Needs a restart."
                ),
            ]),
    ]

    static let deciding = [
        ConfigurationSection(
            "rules[]", "One rule of the policy.",
            [
                .required("name", .name, "Its name in records and refusals; no other rule has it."),
                .fallback(
                    "mode", .choice(RuleMode.allCases.map(\.rawValue)), "enforce",
                    "`observe`: the rule decides nothing; what it would answer and refuse is recorded (policy.md)."
                ),
                .required(
                    "who", .special("a mapping from claims to values"),
                    "Conditions on the principal's claims."),
                .required("databases", .list(.text), "Databases or globs."),
                .required(
                    "regions", .list(.name), "Regions or jurisdictions that sessions may be served from."),
                .required("roles", .list(.text), "Roles that it hands out; `auto` gives the first."),
                .fallback(
                    "access", .choice(Access.allCases.map(\.rawValue)), "read_only",
                    "`read_only` may use a standby, `read_write` needs a primary."),
                .optional(
                    "forbid", .list(.choice(StatementClass.allCases.map(\.rawValue))),
                    "Classes of statements that are refused."),
                .optional(
                    "transit", .list(.name),
                    "Regions or jurisdictions that the path may cross beside the allowed."),
                .fallback(
                    "replicates", .choice(["allow", "refuse"]), "refuse",
                    "`allow`: a writer's data may stream on to replicas in other regions."),
                .fallback(
                    "replication", .choice(["allow", "refuse"]), "refuse",
                    "`allow`: replication connections are allowed."),
                .fallback(
                    "temporary", .choice(["allow", "forbid"]), "allow",
                    "`forbid`: temporary tables count as `ddl`."),
                .optional("capture", .section("rules[].capture"), "What differs from `audit.capture`."),
                .optional("session", .section("rules[].session"), "What differs from `session`."),
            ]),
        ConfigurationSection(
            "rules[].capture", "What differs from `audit.capture`.",
            [
                .optional("parameters", .choice(Capture.allCases.map(\.rawValue)), "Values of parameters."),
                .optional("literals", .choice(Capture.allCases.map(\.rawValue)), "Constants in SQL."),
                .optional("describe", .boolean, "Whether records say what statements are."),
                .optional(
                    "copy", .choice(CopyCapture.allCases.map(\.rawValue)),
                    "A COPY's data: how many bytes, or their SHA-256 too."),
            ]),
        ConfigurationSection(
            "rules[].session", "What differs from `session`.", sessionKeys(overriding: true)),
        ConfigurationSection(
            "reload", "Reading the configuration again (SIGHUP always does).",
            [
                .fallback(
                    "watch", .boolean, "false",
                    "`true`: also when this file, or a certificate, key, CA or key set that it names, has changed and "
                        + "stays so for a second.")
            ]),
        ConfigurationSection(
            "log",
            "The operational log: one line an event on standard error. What executors do is in the audit log. A reload holds for it; "
                + "`serve --log-level` and `--log-format` go before it.",
            [
                .fallback(
                    "level", .choice(OperationalLogSettings.Level.allCases.map(\.rawValue)), "info",
                    "The least of what is said. `info` has a line for each refusal, with its session's id."),
                .fallback(
                    "format", .choice(OperationalLogSettings.Format.allCases.map(\.rawValue)), "text",
                    "`json`: an object a line."),
            ]),
        ConfigurationSection(
            "operators[]", "Who may operate the gateway.",
            [
                .required("who", .special("a mapping from claims to values"), "Conditions, as in a rule."),
                .required(
                    "may", .list(.choice(Operator.Right.allCases.map(\.rawValue))), "What they may do."),
            ]),
    ]

    private static func sessionKeys(overriding: Bool) -> [ConfigurationKey] {
        func key(_ name: String, _ kind: ConfigurationKey.Kind, _ value: String, _ meaning: String)
            -> ConfigurationKey
        {
            overriding ? .optional(name, kind, meaning) : .fallback(name, kind, value, meaning)
        }
        return [
            key(
                "expiry", .choice(ExpiryMode.allCases.map(\.rawValue)), "drain",
                "When the token expires: `kill` ends the session at once, `drain` at the end of its transaction, "
                    + "`lifetime` lets it live until `max_lifetime`."),
            key(
                "expiry_notice", .duration(.zero ... .seconds(3_600), zero: "no notice"), "60s",
                "How long before its end a session is told."),
            key(
                "drain_timeout", .duration(.zero ... .seconds(3_600), zero: "at once"), "30s",
                "How long a draining session may take."),
            key(
                "max_lifetime", .duration(.zero ... .seconds(30 * day), zero: never), "8h",
                "Age at which a session ends."),
            key(
                "idle_timeout", .duration(.zero ... .seconds(30 * day), zero: never), "0",
                "How long a session may do nothing."),
        ]
    }
}
