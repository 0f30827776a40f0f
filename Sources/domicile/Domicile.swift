import Admin
import ArgumentParser

@main
enum Program {
    static func main() async {
        await Domicile.main()
        StandardOutput.flush()
    }
}

/// The root command.
struct Domicile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domicile",
        abstract: "A PostgreSQL gateway that keeps queries in their region and a record of each of them.",
        discussion: """
            Executors connect with any PostgreSQL client and give an OpenID Connect token as the password. The exit \
            status is 0 where all went well, 1 for a failed check, 64 for wrong usage, 74 where the output cannot be written, 78 for a wrong configuration.
            """,
        version: Version.current,
        subcommands: [
            ServeCommand.self, InitCommand.self, CheckCommand.self, ExplainCommand.self, PolicyCommand.self,
            AuditCommand.self,
            TokenCommand.self, SessionsCommand.self,
            KillCommand.self, RevokeCommand.self, ReplicaCommand.self, ReloadCommand.self, ReplayCommand.self,
            DemoCommand.self,
        ])
}
