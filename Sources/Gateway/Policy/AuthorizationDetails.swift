/// Reads the claim `authorization_details` (RFC 9396 section 9.1). Entries of other types are for others and ignored; an
/// entry of type `domicile` that is not understood whole is refused, since it may have meant less than what was read.
package enum AuthorizationDetails {
    package static let claim = "authorization_details"
    package static let type = "domicile"
    /// Entries of a token, those of other types included.
    package static let entryLimit = 64
    /// Values of one member.
    package static let valueLimit = 64

    /// What a token leaves of its own rights: one of the entries must leave what is asked for. None where the token has
    /// no entry of the type, and so narrows nothing.
    package static func read(_ value: ClaimValue?) throws(AuthorizationDetailsMistake) -> [Narrowing] {
        guard let value else { return [] }
        guard case .array(let entries) = value else { throw .notAList }
        guard entries.count <= entryLimit else { throw .tooManyEntries }
        var narrowings: [Narrowing] = []
        for entry in entries {
            guard case .object(let members) = entry, case .string(let name) = members["type"] else {
                throw .untyped
            }
            guard name.hasSameBytes(as: type) else { continue }
            narrowings.append(try narrowing(members))
        }
        return narrowings
    }

    private static func narrowing(
        _ members: [String: ClaimValue]
    ) throws(AuthorizationDetailsMistake) -> Narrowing {
        var narrowing = Narrowing()
        for (name, value) in members where name != "type" {
            guard let member = AuthorizationDetailsMistake.Member(rawValue: name) else {
                throw .unknownMember
            }
            let values = try texts(value, member)
            switch member {
            case .databases: narrowing.databases = values.map { Pattern($0) }
            case .regions: narrowing.regions = values
            case .roles: narrowing.roles = values
            case .access:
                guard case .string = value, let access = values.first.flatMap(Access.init) else {
                    throw .value(member)
                }
                narrowing.access = access
            case .forbid:
                for text in values {
                    guard let forbidden = StatementClass(rawValue: text) else { throw .value(member) }
                    narrowing.forbid.insert(forbidden)
                }
            }
        }
        return narrowing
    }

    /// A list of strings; one string is a list of one.
    private static func texts(
        _ value: ClaimValue, _ member: AuthorizationDetailsMistake.Member
    ) throws(AuthorizationDetailsMistake) -> [String] {
        switch value {
        case .string(let text): return [text]
        case .array(let elements):
            guard elements.count <= valueLimit else { throw .value(member) }
            var texts: [String] = []
            for element in elements {
                guard case .string(let text) = element else { throw .value(member) }
                texts.append(text)
            }
            return texts
        case .null, .bool, .integer, .number, .object: throw .value(member)
        }
    }
}

/// Why `authorization_details` cannot be read. Nothing in it comes from the token.
package enum AuthorizationDetailsMistake: Error, Sendable, Hashable {
    /// What an entry of type `domicile` may have beside its type.
    package enum Member: String, Sendable, Hashable, CaseIterable {
        case databases, regions, roles, access, forbid
    }

    case notAList
    case tooManyEntries
    /// An entry that is no object with a `type` that is a string (RFC 9396 section 2).
    case untyped
    case unknownMember
    case value(Member)
}
