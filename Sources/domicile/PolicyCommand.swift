import ArgumentParser

/// `domicile policy …`: what a policy answers, before it does.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "Try a policy before it decides.",
        subcommands: [PolicyTestCommand.self, PolicyDiffCommand.self])
}
