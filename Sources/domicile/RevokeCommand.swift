import Admin
import ArgumentParser
import Foundation

/// `domicile revoke`: cuts off a subject, a token or an issuer.
struct RevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Revoke a subject's tokens, one token, or an issuer's tokens at a running gateway.",
        discussion: """
            Live sessions of exactly those tokens end with 57P01, and logins with them are refused (28000) from now on, \
            after a restart, too: the revocation is on disk when the command returns. A subject's and an issuer's \
            revocation is of the tokens issued until now; one issued later is accepted, so have the issuer stop issuing \
            first. With several issuers --subject and --token-id need --issuer beside them.
            """)

    @Option(name: .long, help: ArgumentHelp("Every token of this subject.", valueName: "subject"))
    var subject: String?

    @Option(name: .long, help: ArgumentHelp("The token of this id (jti).", valueName: "jti"))
    var tokenId: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "Every token of this issuer; beside the others: whose they are.", valueName: "issuer"))
    var issuer: String?

    @Option(name: .long, help: ArgumentHelp("Why, for the record.", valueName: "text"))
    var reason: String?

    @OptionGroup var gateway: AdminSocketOptions

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard subject == nil || tokenId == nil else {
            throw ValidationError("Expected one of '--subject <subject>' and '--token-id <jti>'")
        }
        guard subject != nil || tokenId != nil || issuer != nil else {
            throw ValidationError("Expected '--subject <subject>', '--token-id <jti>' or '--issuer <issuer>'")
        }
    }

    func run() async throws {
        let data = try await AdminCall(socket: gateway.path()).send(
            "POST", "revoke",
            ["subject": subject, "token_id": tokenId, "issuer": issuer, "reason": reason])
        if json { return print(String(decoding: data, as: UTF8.self), terminator: "") }
        let report = try AdminCall.read(RevocationReport.self, data)
        let what =
            report.subject.map { "subject \($0) of " } ?? report.tokenId.map { "token \($0) of " }
            ?? "issuer "
        print("revoked \(what)\(report.issuer); ended sessions: \(report.ended.count)")
        for session in report.ended { print(session) }
        if !report.complete {
            StandardError.print(
                "domicile: a part of the gateway did not answer; its sessions end as soon as it does")
        }
    }
}
