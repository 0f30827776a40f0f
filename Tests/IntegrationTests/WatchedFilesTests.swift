import Foundation
import Glibc
import Testing

/// `reload: { watch: true }`: changed files are read without a signal.
@Suite(.serialized)
struct WatchedFilesTests {
    let testbed: Testbed

    init() throws { testbed = try Testbed() }

    private func status(_ gateway: OwnGateway) throws -> Int32 {
        try gateway.testbed.psql("select 1").status
    }

    private func metric(_ gateway: OwnGateway, _ name: String, is value: Double) throws {
        try gateway.testbed.eventually("\(name) is \(value)") {
            try gateway.testbed.metric(name) == value
        }
    }

    @Test(
        "A changed configuration is taken over without a signal; a broken one is refused once, and the old goes on"
    )
    func configuration() throws {
        let gateway = try OwnGateway(testbed, edit: { $0 + "\nreload: { watch: true }\n" })
        defer { gateway.remove() }
        let file = gateway.testbed.configuration
        let original = try String(contentsOfFile: file, encoding: .utf8)
        #expect(try status(gateway) == 0)
        // Replaced, as tools do.
        try OwnGateway.without(rule: "eu-analysts", original).write(
            toFile: file, atomically: true, encoding: .utf8)
        try metric(gateway, "domicile_config_reloads_total", is: 1)
        #expect(try status(gateway) != 0)
        // Written in place, and broken.
        try (original + "surprise: true\n").write(toFile: file, atomically: false, encoding: .utf8)
        try metric(gateway, "domicile_config_reload_failed_total", is: 1)
        #expect(try status(gateway) != 0)
        // A second look and a third find nothing new.
        try original.write(toFile: file, atomically: false, encoding: .utf8)
        try metric(gateway, "domicile_config_reloads_total", is: 2)
        #expect(try gateway.testbed.metric("domicile_config_reload_failed_total") == 1)
        #expect(try status(gateway) == 0)
        let admin = try gateway.testbed.log("eu-west-1").records.filter { $0.type == "admin" }
        #expect(admin.map { $0.keys["operation"] as? String } == ["reload", "reload", "reload"])
    }

    @Test("A swapped link of a folder, as Kubernetes does it, is a change")
    func swappedFolder() throws {
        let gateway = try OwnGateway(
            testbed,
            prepare: { folder in
                for version in ["v1", "v2"] {
                    try FileManager.default.createDirectory(
                        atPath: "\(folder)/\(version)", withIntermediateDirectories: true)
                }
                try FileManager.default.createSymbolicLink(
                    atPath: "\(folder)/data", withDestinationPath: "v1")
                try FileManager.default.copyItem(
                    atPath: "\(testbed.folder)/certificates/gateway.crt", toPath: "\(folder)/v1/gateway.crt")
                try FileManager.default.copyItem(
                    atPath: "\(testbed.folder)/certificates/gateway.crt", toPath: "\(folder)/v2/gateway.crt")
            },
            edit: { text in
                text.replacingOccurrences(
                    of: "\(testbed.folder)/certificates/gateway.crt", with: "data/gateway.crt")
                    + "\nreload: { watch: true }\n"
            })
        defer { gateway.remove() }
        #expect(
            try String(contentsOfFile: gateway.testbed.configuration, encoding: .utf8).contains(
                "data/gateway.crt"))
        try FileManager.default.createSymbolicLink(
            atPath: "\(gateway.folder)/next", withDestinationPath: "v2")
        try #require(rename("\(gateway.folder)/next", "\(gateway.folder)/data") == 0)
        try metric(gateway, "domicile_config_reloads_total", is: 1)
        #expect(try status(gateway) == 0)
    }

    @Test("SIGHUP and the watch read a change once between them")
    func both() throws {
        let gateway = try OwnGateway(testbed, edit: { $0 + "\nreload: { watch: true }\n" })
        defer { gateway.remove() }
        let file = gateway.testbed.configuration
        let original = try String(contentsOfFile: file, encoding: .utf8)
        try gateway.reload { $0 + "\nreload: { watch: true }\n# one\n" }
        try metric(gateway, "domicile_config_reloads_total", is: 1)
        try (original + "# two\n").write(toFile: file, atomically: true, encoding: .utf8)
        try metric(gateway, "domicile_config_reloads_total", is: 2)
        let admin = try gateway.testbed.log("eu-west-1").records.filter { $0.type == "admin" }
        #expect(admin.count == 2)
    }
}
