/// Who and where a session is: what its session.start says, for the records that leave it out.
package struct SessionIdentity: Sendable, Equatable {
    package var subject: String?
    package var planner: String?
    package var task: String?
    package var database: String?
    package var replica: String?
    package var role: String?
    package var issuer: String?
    package var rule: String?
    package var client: String?

    package init() {}

    init(_ record: RecordScanner) {
        for kind in SearchKey.identities { self[kind] = kind.field.flatMap { record.text($0) } }
        client = record.text(.client)
    }

    /// By the key of a record.
    package func value(named name: String) -> String? {
        if name == RecordField.client.name { return client }
        return SearchKey.identities.first { $0.field?.name == name }.flatMap { self[$0] }
    }

    subscript(_ key: SearchKey) -> String? {
        get {
            switch key {
            case .subject: subject
            case .planner: planner
            case .task: task
            case .database: database
            case .replica: replica
            case .role: role
            case .issuer: issuer
            case .rule: rule
            case .type, .relation, .statementClass, .sqlstate, .fingerprint, .refused, .target: nil
            }
        }
        set {
            switch key {
            case .subject: subject = newValue
            case .planner: planner = newValue
            case .task: task = newValue
            case .database: database = newValue
            case .replica: replica = newValue
            case .role: role = newValue
            case .issuer: issuer = newValue
            case .rule: rule = newValue
            case .type, .relation, .statementClass, .sqlstate, .fingerprint, .refused, .target: break
            }
        }
    }
}

/// What is searched by. The numbers stand in indexes: they are never given to another.
package enum SearchKey: Int64, Sendable, CaseIterable {
    case type = 1
    case subject = 2
    case planner = 3
    case task = 4
    case database = 5
    case replica = 6
    case role = 7
    case issuer = 8
    case rule = 9
    case relation = 10
    case statementClass = 11
    case sqlstate = 12
    case fingerprint = 13
    /// Of one value: what was refused.
    case refused = 14
    /// A session that a record without a session is about.
    case target = 15

    /// The key of a record that has it, where it is one.
    var field: RecordField? {
        switch self {
        case .type: .type
        case .subject: .subject
        case .planner: .planner
        case .task: .task
        case .database: .database
        case .replica: .replica
        case .role: .role
        case .issuer: .issuer
        case .rule: .rule
        case .sqlstate: .sqlstate
        case .target: .target
        case .relation, .statementClass, .fingerprint, .refused: nil
        }
    }

    /// Those that a session.start gives its whole session.
    static let identities: [SearchKey] = [
        .subject, .planner, .task, .database, .replica, .role, .issuer, .rule,
    ]
}
