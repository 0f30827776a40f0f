import Admin
import ArgumentParser
import AsyncHTTPClient
import Foundation
import GatewayConfiguration
import NIOCore

/// Which running gateway a command is about, and how its answer is shown.
struct AdminCallOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The admin socket. Default: $DOMICILE_ADMIN_SOCKET, or state/admin.sock.", valueName: "path"))
    var socket: String?

    @Option(
        name: .long,
        help: ArgumentHelp(
            "The gateway's configuration file, which says where its socket is.", valueName: "file"))
    var config: String?

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func validate() throws {
        guard socket == nil || config == nil else {
            throw ValidationError("Expected one of '--socket <path>' and '--config <file>'")
        }
    }

    /// The gateway.
    ///
    /// - Throws: an exit code; what was wrong is on standard error.
    var call: AdminCall {
        get throws { AdminCall(socket: try path()) }
    }

    /// An answer to be shown as text; nil where JSON is wanted, which is printed as it came.
    func report<Report: Decodable>(_ type: Report.Type, _ data: Data) throws -> Report? {
        guard !json else {
            print(String(decoding: data, as: UTF8.self), terminator: "")
            return nil
        }
        return try AdminCall.read(type, data)
    }

    private func path() throws -> String {
        if let socket { return socket }
        guard let config else {
            return ProcessInfo.processInfo.environment["DOMICILE_ADMIN_SOCKET"] ?? "state/admin.sock"
        }
        let reading = ConfigurationFile.load(
            path: config, environment: AdminCallOptions.environment(for: config))
        guard let configuration = reading.configuration else {
            for finding in reading.findings { StandardError.print("\(finding)") }
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        guard let admin = configuration.admin else {
            StandardError.print(
                "domicile: \(config) has no admin section, and so the gateway no admin socket")
            throw ExitCode(CheckCommand.wrongConfiguration)
        }
        return admin.socket
    }

    /// The environment with something for each variable that the file names: where the socket is does not depend on
    /// secrets that only the gateway has.
    static func environment(for file: String) -> [String: String] {
        var environment = ProcessInfo.processInfo.environment
        let text =
            FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
        for match in text.matches(of: /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/)
        where environment[String(match.1)] == nil {
            environment[String(match.1)] = "x"
        }
        return environment
    }
}

/// One call of a running gateway over its admin socket.
struct AdminCall {
    /// Bytes of an answer: ten thousand sessions have about five million.
    private static let answerLimit = 256 << 20

    let socket: String

    /// What came back, as JSON.
    ///
    /// - Throws: an exit code 1; what was wrong is on standard error.
    /// - Parameter refusedWith: a status beside 200 whose body is an answer, too.
    func send(
        _ method: String, _ path: String, _ fields: [String: String?] = [:], refusedWith: UInt = 200
    ) async throws -> Data {
        let answer: (status: UInt, data: Data)
        do {
            answer = try await ask(method, path, fields.compactMapValues { $0 })
        } catch {
            StandardError.print(
                "domicile: no gateway answers on \(socket): \(AdminCall.reason(error)). Name its socket by --socket, or "
                    + "its configuration by --config")
            throw ExitCode.failure
        }
        guard answer.status == 200 || answer.status == refusedWith else {
            throw AdminCall.refused(answer.status, answer.data)
        }
        return answer.data
    }

    /// Says on standard error why the gateway did not do it.
    static func refused(_ status: UInt, _ data: Data) -> ExitCode {
        StandardError.print("domicile: \(reason(of: data, status))")
        return ExitCode.failure
    }

    /// Why the gateway did not do it.
    static func reason(of data: Data, _ status: UInt) -> String {
        struct Report: Decodable { var error: String }
        return (try? JSONDecoder().decode(Report.self, from: data))?.error ?? "status \(status)"
    }

    /// The status and body of an answer, whatever it says.
    ///
    /// - Throws: where no gateway answers.
    func ask(_ method: String, _ path: String, _ fields: some Encodable) async throws -> (
        status: UInt, data: Data
    ) {
        var characters = CharacterSet.alphanumerics
        characters.insert(charactersIn: "-._")
        let host = socket.addingPercentEncoding(withAllowedCharacters: characters) ?? ""
        var request = HTTPClientRequest(url: "http+unix://\(host)\(AdminAPI.prefix)\(path)")
        request.method = .init(rawValue: method)
        if method == "POST" {
            request.headers.add(name: "content-type", value: "application/json")
            request.body = .bytes([UInt8](try JSONEncoder().encode(fields)))
        }
        let (status, body) = try await AdminCall.exchange(request)
        return (status, Data(body.readableBytesView))
    }

    /// A socket that nobody listens on is known at once: no second try.
    private static func exchange(_ request: HTTPClientRequest) async throws -> (UInt, ByteBuffer) {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.retryConnectionEstablishment = false
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let response = try await client.execute(request, timeout: .seconds(30))
            let body = try await response.body.collect(upTo: answerLimit)
            try await client.shutdown()
            return (response.status.code, body)
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    static func reason(_ error: any Error) -> String {
        guard let system = error as? IOError else { return String(describing: error) }
        return String(cString: strerror(system.errnoCode))
    }

    /// An answer's fields.
    static func read<Report: Decodable>(_ type: Report.Type, _ data: Data) throws -> Report {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: data)
    }
}
