import GatewayConfiguration
import GatewayRouting
import GatewayServers

/// How the probes log in and how often they ask.
package struct ProbeSettings: Sendable, Hashable {
    package var timing: HealthMachine.Settings
    /// The role of the probes: a login with pg_monitor and pg_signal_backend.
    package var user: String
    package var password: Secret?
    /// In its place: a file that holds it, read for each connection on the probe's own thread.
    package var passwordFile: String?
    /// What is shown to the server besides.
    var clientCertificate: ClientCertificateFiles?
    /// Time from one look at a catalogue to the next; zero: one look.
    package var catalogInterval: Duration

    package init(
        timing: HealthMachine.Settings, user: String, password: Secret?, passwordFile: String? = nil,
        catalogInterval: Duration = .seconds(10)
    ) {
        self.timing = timing
        self.catalogInterval = catalogInterval
        self.user = user
        self.password = password
        self.passwordFile = passwordFile
    }

    package init(_ health: Health) {
        self.init(
            timing: HealthMachine.Settings(
                interval: health.interval, timeout: health.timeout, fall: health.fall, rise: health.rise),
            user: health.user, password: health.password, passwordFile: health.passwordFile,
            catalogInterval: health.catalogInterval)
    }
}
