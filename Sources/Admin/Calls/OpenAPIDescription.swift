import Audit

/// The description of the calls: OpenAPI 3.1, made of what routes them.
package enum OpenAPIDescription {
    package static var bytes: [UInt8] { value.indented + [0x0a] }

    private static func object(_ members: (String, JSONValue)...) -> JSONValue {
        .object(members.map { JSONValue.Member(name: $0.0, value: $0.1) })
    }

    private static var value: JSONValue {
        object(
            ("openapi", .string("3.1.0")),
            (
                "info",
                object(
                    ("title", .string("Domicile's admin endpoint")), ("version", .string(Version.current)),
                    (
                        "description",
                        .string(
                            "Who may call is in `operators` of the configuration. Over the admin socket no token is "
                                + "needed: the file system has decided.")
                    ))
            ),
            ("security", .list([object(("token", .list([])))])),
            (
                "paths",
                .object(
                    AdminRoute.allCases.map { route in
                        JSONValue.Member(
                            name: AdminAPI.prefix + route.path,
                            value: object((route.method.lowercased(), operation(route))))
                    })
            ),
            ("components", components))
    }

    private static var components: JSONValue {
        object(
            (
                "securitySchemes",
                object(("token", object(("type", .string("http")), ("scheme", .string("bearer")))))
            ),
            (
                "schemas",
                object(
                    (
                        "Error",
                        object(
                            ("type", .string("object")), ("required", .list([.string("error")])),
                            ("properties", object(("error", object(("type", .string("string")))))))
                    ))
            ))
    }

    private static func operation(_ route: AdminRoute) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "operationId", value: .string(route.rawValue)),
            .init(name: "summary", value: .string(route.summary)),
            .init(name: "x-right", value: .string(route.right.rawValue)),
        ]
        let asked = route.parameters.filter { $0.place != .body }
        if !asked.isEmpty { members.append(.init(name: "parameters", value: .list(asked.map(parameter)))) }
        let fields = route.parameters.filter { $0.place == .body }
        if !fields.isEmpty { members.append(.init(name: "requestBody", value: body(fields))) }
        members.append(.init(name: "responses", value: responses(route)))
        return .object(members)
    }

    private static func parameter(_ parameter: AdminParameter) -> JSONValue {
        object(
            ("name", .string(parameter.name)), ("in", .string(parameter.place.rawValue)),
            ("required", .bool(parameter.isRequired)), ("description", .string(parameter.summary)),
            ("schema", schema(parameter.kind, nil)))
    }

    private static func body(_ fields: [AdminParameter]) -> JSONValue {
        let required = fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        let properties = fields.map { field in
            JSONValue.Member(name: field.name, value: schema(field.kind, field.summary))
        }
        var members: [JSONValue.Member] = [
            .init(name: "type", value: .string("object")),
            .init(name: "additionalProperties", value: .bool(false)),
            .init(name: "properties", value: .object(properties)),
        ]
        if !required.isEmpty { members.append(.init(name: "required", value: .list(required))) }
        return object(
            ("required", .bool(true)),
            ("content", object(("application/json", object(("schema", .object(members)))))))
    }

    private static func schema(_ kind: AdminParameter.Kind, _ summary: String?) -> JSONValue {
        var members: [JSONValue.Member]
        switch kind {
        case .text: members = [.init(name: "type", value: .string("string"))]
        case .object: members = [.init(name: "type", value: .string("object"))]
        case .flag: members = [.init(name: "type", value: .string("boolean"))]
        case .number(let range):
            members = [
                .init(name: "type", value: .string("integer")),
                .init(name: "minimum", value: .number("\(range.lowerBound)")),
                .init(name: "maximum", value: .number("\(range.upperBound)")),
            ]
        case .choice(let words):
            members = [
                .init(name: "type", value: .string("string")),
                .init(name: "enum", value: .list(words.map { .string($0) })),
            ]
        }
        if let summary { members.append(.init(name: "description", value: .string(summary))) }
        return .object(members)
    }

    private static func responses(_ route: AdminRoute) -> JSONValue {
        let schema = object(("type", .string(route == .live ? "string" : "object")))
        let content = object((route.contentType, object(("schema", schema))))
        let error = object(
            ("description", .string("Why not.")),
            (
                "content",
                object(
                    (
                        "application/json",
                        object(
                            ("schema", object(("$ref", .string("#/components/schemas/Error")))))
                    ))
            ))
        return object(
            ("200", object(("description", .string("Done.")), ("content", content))),
            ("default", error))
    }
}
