import Audit
import GatewayConfiguration
import GatewayPolicy

/// A session.start or session.refused, as far as its decision can be made again from it.
package struct RecordedLogin: Sendable {
    package let session: String
    package let time: String
    /// The log's region.
    package let region: String
    package let issuer: String
    package let subject: String
    package let question: Question?

    /// What was asked for, and the claims that the policy looked at.
    package struct Question: Sendable {
        package var database: String
        package var regions: [String]
        package var role: String
        package var replication: Bool
        /// The region of the gateway that decided; nil: an older gateway's record.
        package var gatewayRegion: String?
        /// By the text of their paths; nil: the record leaves them out.
        package var claims: [String: ClaimValue]?
    }

    /// Nil where it says nothing of a principal: no policy was asked.
    package init?(_ record: JSONValue, region: String) {
        guard let issuer = record["issuer"]?.string, let subject = record["subject"]?.string else {
            return nil
        }
        self.issuer = issuer
        self.subject = subject
        self.region = region
        session = record["session"]?.string ?? ""
        time = record["time"]?.string ?? ""
        question = Question(record)
    }
}

extension RecordedLogin.Question {
    /// Nil where the record does not say what was asked for: an older gateway's.
    init?(_ record: JSONValue) {
        guard let asked = record["asked"], let database = asked["database"]?.string,
            let role = asked["role"]?.string, let replication = asked["replication"]?.bool,
            let regions = asked["regions"]?.list
        else { return nil }
        var names: [String] = []
        for region in regions {
            guard let name = region.string else { return nil }
            names.append(name)
        }
        self.init(
            database: database, regions: names, role: role, replication: replication,
            gatewayRegion: asked["gateway_region"]?.string, claims: nil)
        guard case .object(let members)? = record["claims"] else { return }
        claims = Dictionary(
            members.map { ($0.name, ClaimValue($0.value)) }, uniquingKeysWith: { first, _ in first })
    }
}

extension ClaimValue {
    /// A claim's value as a record has it.
    package init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let bool): self = .bool(bool)
        case .string(let text): self = .string(text)
        case .number(let text):
            if let integer = Int64(text) {
                self = .integer(integer)
            } else {
                self = Double(text).map { .number($0) } ?? .null
            }
        case .list(let elements): self = .array(elements.map(ClaimValue.init))
        case .object(let members):
            self = .object(
                Dictionary(
                    members.map { ($0.name, ClaimValue($0.value)) }, uniquingKeysWith: { first, _ in first }))
        }
    }
}
