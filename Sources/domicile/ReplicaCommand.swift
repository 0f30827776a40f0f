import ArgumentParser

/// `domicile replica`: what a running gateway knows of its replicas.
struct ReplicaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replica",
        abstract: "Show a running gateway's replicas, and lift a quarantine.",
        subcommands: [ReplicaListCommand.self, ReplicaClearCommand.self])
}
