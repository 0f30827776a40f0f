import GatewayConfiguration
import GatewayPolicy
import PGWire

/// What an executor's startup packet asks for, read once: the database and region, the role, and the parameters that
/// go on to the replica (interface.md, "Connecting"; F-WIRE-10).
package struct ExecutorStartup {
    /// As asked for, with `@region`.
    package let database: String
    package let logical: DatabaseName
    package let user: String
    package let regionsAsked: [String]
    /// How old the data may be (`domicile.max_lag`): it narrows the replicas' own limits.
    package let maxLag: Duration?
    package let replication: StartupMessage.Replication
    package let application: [UInt8]?
    /// Parameters for the replica, in their order: all but those that the gateway sets itself.
    package let forwarded: [StartupMessage.Parameter]
    /// The `options` that go on, in the server's own escaping; nil where nothing is left of them.
    package let options: [UInt8]?
    package let usesLongCancelKey: Bool
    /// How the executor wants to give its token (`domicile.auth`); nil: as the listener says.
    package let authentication: Listener.Authentication?

    /// The executor brings along settings, beside those that every PostgreSQL server and role takes.
    package var setsParameters: Bool {
        options != nil
            || forwarded.contains { parameter in
                !ExecutorStartup.harmlessNames.contains { parameter.name.elementsEqual($0.utf8) }
            }
    }

    private static let harmlessNames = ["application_name", "extra_float_digits"]

    /// Settings that an executor may not bring along: they would widen what the policy allows, or are the gateway's
    /// (architecture, "Startup parameters" and rule 8), or load code into the server. Names fold as the server folds them.
    private static let refusedNames: Set<String> = [
        "role", "session_authorization", "default_transaction_read_only", "transaction_read_only",
        "local_preload_libraries", "session_preload_libraries", "dynamic_library_path",
        "allow_system_table_mods",
    ]

    package init(_ message: StartupMessage) throws(Refusal) {
        func text(_ name: String) -> String? {
            message.value(of: name).map { String(decoding: $0, as: UTF8.self) }
        }
        guard let user = text("user"), !user.isEmpty else { throw .userMissing }
        self.user = user
        let asked = text("database").flatMap { $0.isEmpty ? nil : $0 } ?? user
        database = asked
        var own = OwnSettings()
        do throws(DatabaseNameMistake) {
            logical = try DatabaseName(parsing: asked)
            if let region = logical.region { own.regions.append(region) }
        } catch {
            throw .databaseName("\(error)")
        }
        replication = message.replication
        guard replication != .invalid else {
            throw .protocolViolation("The value of replication is none that PostgreSQL knows.")
        }
        application = message.value(of: "application_name")
        usesLongCancelKey = message.negotiatedVersion.hasLongCancelKeys
        var forwarded: [StartupMessage.Parameter] = []
        var options: [UInt8]?
        for parameter in message.parameters {
            let name = String(decoding: parameter.name, as: UTF8.self)
            switch name {
            case "user", "database", "replication": continue
            case "options":
                options = try ExecutorStartup.filter(parameter.value, &own)
            default:
                guard try ExecutorStartup.mayForward(name, parameter.value, &own) else { continue }
                forwarded.append(parameter)
            }
        }
        self.forwarded = forwarded
        self.options = options
        regionsAsked = own.regions
        maxLag = own.maxLag
        authentication = own.authentication
    }

    /// What the parameters say to the gateway.
    private struct OwnSettings {
        var regions: [String] = []
        var maxLag: Duration?
        var authentication: Listener.Authentication?
    }

    /// True where the setting goes on; `domicile.region`, `domicile.max_lag` and `domicile.auth` are taken out and noted.
    private static func mayForward(
        _ name: String, _ value: [UInt8], _ own: inout OwnSettings
    ) throws(Refusal) -> Bool {
        let folded = name.lowercased()
        if folded == "domicile.region" {
            do throws(DatabaseNameMistake) {
                own.regions.append(try DatabaseName.regionAsked(String(decoding: value, as: UTF8.self)))
            } catch {
                throw .databaseName("\(error)")
            }
            return false
        }
        if folded == "domicile.max_lag" {
            guard let limit = Duration.configured(String(decoding: value, as: UTF8.self)), limit > .zero
            else {
                throw .maxLag
            }
            own.maxLag = min(own.maxLag ?? limit, limit)
            return false
        }
        if folded == "domicile.auth" {
            let known = Listener.Authentication.allCases.first { value.elementsEqual($0.rawValue.utf8) }
            guard let known else { throw .startupParameter(name) }
            own.authentication = known
            return false
        }
        // By bytes: a Character may join the dot with what follows it.
        guard !folded.utf8.starts(with: "domicile.".utf8), !refusedNames.contains(folded) else {
            throw .startupParameter(name)
        }
        return true
    }

    private static func filter(_ value: [UInt8], _ own: inout OwnSettings) throws(Refusal) -> [UInt8]? {
        let parsed: StartupOptions
        do throws(StartupOptions.Mistake) {
            parsed = try StartupOptions.parse(value)
        } catch {
            throw .options(position: error.position)
        }
        var kept: [StartupOptions.Setting] = []
        for setting in parsed.settings {
            let name = String(decoding: setting.name, as: UTF8.self)
            if try mayForward(name, setting.value, &own) { kept.append(setting) }
        }
        return kept.isEmpty ? nil : StartupOptions(settings: kept).encoded
    }
}
