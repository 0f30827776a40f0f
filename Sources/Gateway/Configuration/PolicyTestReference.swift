import GatewayPolicy

/// Every section and key of a file of `domicile policy test`.
package enum PolicyTestReference {
    static let root = "policy test"

    package static let sections = [
        ConfigurationSection(
            root, "Unit tests of a policy.",
            [
                .optional(
                    "configuration", .text, "The configuration whose policy is tested, relative to this file."
                ),
                .required("cases", .sections("cases[]"), "The cases."),
            ]),
        ConfigurationSection(
            "cases[]", "One case.",
            [
                .required("name", .text, "What it shows."),
                .required(
                    "claims", .special("a mapping from claims to values"),
                    "The claims of the executor's token: iss, sub and what rules look at."),
                .required("request", .section("cases[].request"), "What the executor asks for."),
                .required("expect", .section("cases[].expect"), "What the policy must answer."),
            ]),
        ConfigurationSection(
            "cases[].request", "What an executor asks for.",
            [
                .required("database", .text, "As in dbname: orders, or orders@EU."),
                .fallback("user", .text, "auto", "The role, as in user."),
                .optional("region", .text, "The region or jurisdiction, as in domicile.region."),
                .fallback("replication", .boolean, "false", "A replication connection."),
            ]),
        ConfigurationSection(
            "cases[].expect", "What of the answer must be so; what is absent may be anything.",
            [
                .optional("rule", .text, "The rule that decides; beside `refused`, the one that refuses."),
                .optional("role", .text, "The role."),
                .optional("regions", .list(.text), "The regions, in any order."),
                .optional("access", .choice(Access.allCases.map(\.rawValue)), "The access."),
                .optional(
                    "forbid", .list(.choice(StatementClass.allCases.map(\.rawValue))),
                    "The classes that are forbidden, in any order."),
                .optional(
                    "replicates_to", .list(.text), "Regions outside the rule that writes stream on to."),
                .optional(
                    "refused",
                    .choice(PolicyTestRefusal.Reason.allCases.map(\.rawValue) + PolicyTestRefusal.sqlstates),
                    "Why it is refused, or the SQLSTATE."),
            ]),
    ]
}
