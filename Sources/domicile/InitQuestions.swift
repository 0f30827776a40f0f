import ArgumentParser
import Foundation
import GatewayConfiguration

/// Asks on the terminal for what no flag of `domicile init` gives. An empty answer is the default in brackets.
struct InitQuestions {
    let given: InitCommand

    func ask(_ answers: inout StarterAnswers) throws {
        print("Writes \(given.folder)/domicile.yaml. An empty answer takes what stands in brackets.\n")
        if given.region.isEmpty { answers.regions = try regions() }
        if given.issuer == nil {
            try ask("OpenID issuer, as `iss` of its tokens has it (https://…)", nil, for: \.issuer, &answers)
        }
        if given.audience == nil {
            try ask("`aud` of its tokens", answers.audience, for: \.audience, &answers)
        }
        if given.replica.isEmpty { answers.replicas = try replicas(in: answers.regions) }
        if given.upstreamCa == nil {
            answers.upstreamCA = try file(
                "PEM file of the CAs that signed the servers' certificates", answers.upstreamCA)
        }
        if given.role == nil { answers.role = try text("PostgreSQL role that executors get", answers.role) }
        if given.group == nil {
            answers.group = try text("Group (claim `groups`) whose members may connect", answers.group)
        }
        if given.operators == nil {
            answers.operators = try text("Group whose members operate the gateway", answers.operators)
        }
        if given.listen == nil {
            try ask("Where executors connect", answers.listen, for: \.listen, &answers)
        }
        if given.admin == nil {
            try ask("Metrics, health and the page, on loopback", answers.admin, for: \.admin, &answers)
        }
        if given.certificate == nil { try askForCertificate(&answers) }
        print("")
    }

    private func regions() throws -> [StarterAnswers.Region] {
        var regions: [StarterAnswers.Region] = []
        while true {
            let isFirst = regions.isEmpty
            let name =
                isFirst
                ? try text("Region that this gateway runs in", "eu-west-1")
                : try text("Another region with servers", "", shown: "none")
            if name.isEmpty { return regions }
            let jurisdiction = try text("  Legal area that \(name) lies in", isFirst ? "EU" : nil)
            guard let region = StarterAnswers.Region("\(name)=\(jurisdiction)") else {
                print("  Names have letters, digits, `_`, `.` and `-`, and at most 63 of them.")
                continue
            }
            regions.append(region)
        }
    }

    private func replicas(in regions: [StarterAnswers.Region]) throws -> [StarterAnswers.Replica] {
        var replicas: [StarterAnswers.Replica] = []
        while true {
            let database =
                replicas.isEmpty
                ? try text("Database that executors ask for", nil)
                : try text("Another database", "", shown: "none")
            if database.isEmpty { return replicas }
            for region in regions {
                if let replica = try replica(of: database, in: region.name) { replicas.append(replica) }
            }
        }
    }

    private func replica(of database: String, in region: String) throws -> StarterAnswers.Replica? {
        while true {
            let place = try text("  Its server in \(region) (HOST or HOST:PORT)", "", shown: "none")
            if place.isEmpty { return nil }
            if let (host, port) = StarterAnswers.Replica.place(place) {
                return StarterAnswers.Replica(database: database, region: region, host: host, port: port)
            }
            print("  \(place) is no host name or address.")
        }
    }

    private func askForCertificate(_ answers: inout StarterAnswers) throws {
        let certificate = try file("PEM file of the gateway's certificate", "", shown: "make one for trying")
        guard !certificate.isEmpty else { return }
        answers.certificate = certificate
        answers.key = try file("PEM file of its private key", nil)
    }

    /// A file that is there, by its absolute path.
    private func file(_ question: String, _ fallback: String?, shown: String? = nil) throws -> String {
        while true {
            let answer = try text(question, fallback, shown: shown)
            if answer.isEmpty || answer == fallback { return answer }
            let path = InitCommand.absolute(answer)
            if FileManager.default.isReadableFile(atPath: path) { return path }
            print("  \(answer) cannot be read.")
        }
    }

    /// Asks again where `check` would not take the answer.
    private func ask(
        _ question: String, _ fallback: String?, for member: WritableKeyPath<StarterAnswers, String>,
        _ answers: inout StarterAnswers
    ) throws {
        while true {
            answers[keyPath: member] = try text(question, fallback)
            guard let mistake = InitQuestions.mistake(answers, of: member) else { return }
            print("  \(mistake)")
        }
    }

    /// What is wrong with one answer, the others being good ones.
    private static func mistake(_ answers: StarterAnswers, of member: WritableKeyPath<StarterAnswers, String>)
        -> String?
    {
        var tried = StarterAnswers()
        tried.regions = [StarterAnswers.Region(name: "eu", jurisdiction: "EU")]
        tried.replicas = [
            StarterAnswers.Replica(database: "db", region: "eu", host: "localhost", port: 5_432)
        ]
        tried.issuer = "https://id.example.com"
        tried[keyPath: member] = answers[keyPath: member]
        let reading = ConfigurationFile.read(
            Array(StarterConfiguration(tried).text.utf8), file: "", environment: [:], purpose: .policy)
        return reading.configuration == nil
            ? reading.findings.first { $0.severity == .mistake }?.message ?? "That cannot be taken." : nil
    }

    /// - Parameters:
    ///   - fallback: what an empty answer stands for; nil: it is asked again.
    ///   - shown: what stands in brackets in its place.
    private func text(_ question: String, _ fallback: String?, shown: String? = nil) throws -> String {
        while true {
            let bracket = (shown ?? fallback).map { " [\($0)]" } ?? ""
            StandardOutput.flush()
            StandardOutput.write("\(question)\(bracket): ")
            guard let line = readLine() else {
                print("")
                throw ValidationError("The answers end before the questions do.")
            }
            let answer = line.trimmingCharacters(in: .whitespaces)
            if !answer.isEmpty { return answer }
            if let fallback { return fallback }
        }
    }
}
