// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
]

/// Modules that the relay runs through: their classes belong to one thread each, and a check of every access at run time is
/// a good part of what a small query costs (decision 0031). DOMICILE_EXCLUSIVITY=checked keeps the checks.
let relay =
    Context.environment["DOMICILE_EXCLUSIVITY"] == "checked"
    ? strict : strict + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

let package = Package(
    name: "domicile",
    products: [
        .executable(name: "domicile", targets: ["domicile"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-asn1", from: "1.7.4"),
        .package(url: "https://github.com/apple/swift-certificates", from: "1.21.1"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CLinux"),
        .target(name: "Waiting", dependencies: ["CLinux"], swiftSettings: strict),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        // PostgreSQL's node headers, and the library that was compiled from them: decision 0016.
        .target(
            name: "CPGQuery",
            cSettings: [
                .unsafeFlags(["-isystem", "/usr/include/postgresql/15/server", "-Wno-ignored-attributes"])
            ],
            linkerSettings: [.linkedLibrary("pg_query")]),
        .target(name: "SQLText", dependencies: ["CPGQuery"], swiftSettings: relay),

        .target(
            name: "Transport",
            dependencies: ["CLinux", "COpenSSL", "Waiting"],
            swiftSettings: relay + [.enableExperimentalFeature("Lifetimes")]),
        .target(name: "PGWire", swiftSettings: relay),
        .target(
            name: "AuditTree", dependencies: ["COpenSSL", .product(name: "Crypto", package: "swift-crypto")],
            path: "Sources/Audit/Tree",
            swiftSettings: relay),
        .target(
            name: "Audit",
            dependencies: [
                "AuditTree", "CLinux", "Waiting", .product(name: "Crypto", package: "swift-crypto"),
            ],
            exclude: ["Index", "Shipping", "Tree"],
            swiftSettings: relay),

        .target(name: "GatewayPolicy", path: "Sources/Gateway/Policy", swiftSettings: strict),
        .target(
            name: "AuditIndex", dependencies: ["Audit", "CSQLite", "GatewayPolicy", "SQLText"],
            path: "Sources/Audit/Index",
            swiftSettings: strict),
        .target(
            name: "Console", dependencies: ["Audit", "AuditIndex", "AuditTree", "CSQLite", "PGWire"],
            swiftSettings: strict),
        .target(
            name: "GatewayConfiguration",
            dependencies: [
                "GatewayPolicy", "Yams", .product(name: "Crypto", package: "swift-crypto"),
            ],
            path: "Sources/Gateway/Configuration",
            swiftSettings: strict),
        .target(
            name: "GatewayIdentity",
            dependencies: [
                "GatewayPolicy", "GatewayConfiguration",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "CryptoExtras", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Gateway/Identity",
            swiftSettings: strict),
        .target(
            name: "GatewayRouting",
            dependencies: ["GatewayPolicy", "GatewayConfiguration"],
            path: "Sources/Gateway/Routing",
            swiftSettings: strict),
        .target(
            name: "GatewayCatalog", dependencies: ["SQLText"], path: "Sources/Gateway/Guard/Catalog",
            swiftSettings: strict),
        .target(
            name: "GatewayGuard",
            dependencies: ["Audit", "GatewayCatalog", "GatewayPolicy", "SQLText"],
            path: "Sources/Gateway/Guard",
            exclude: ["Catalog"],
            swiftSettings: relay),
        .target(
            name: "GatewayServers",
            dependencies: ["CLibpq", "COpenSSL", "GatewayConfiguration", "GatewayRouting", "Waiting"],
            path: "Sources/Gateway/Servers",
            swiftSettings: strict),
        .target(
            name: "AuditShipping",
            dependencies: [
                "Audit", "AuditTree", "GatewayConfiguration", "GatewayRouting", "GatewayServers",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Audit/Shipping",
            swiftSettings: strict),
        .target(
            name: "GatewayHealth",
            dependencies: [
                "CLibpq", "CLinux", "GatewayCatalog", "GatewayConfiguration", "GatewayGuard",
                "GatewayRouting", "GatewayServers",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Gateway/Health",
            swiftSettings: strict),
        .target(
            name: "GatewayCredentials",
            dependencies: [
                "GatewayConfiguration", "Transport", "Waiting",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "SwiftASN1", package: "swift-asn1"),
                .product(name: "X509", package: "swift-certificates"),
            ],
            path: "Sources/Gateway/Credentials",
            swiftSettings: strict),
        .target(
            name: "GatewayAnchoring",
            dependencies: [
                "Audit", "AuditTree", "GatewayConfiguration", "GatewayIdentity", "GatewayServers",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            path: "Sources/Gateway/Anchoring",
            swiftSettings: strict),
        .target(
            name: "Gateway",
            dependencies: [
                "Audit", "AuditShipping", "AuditTree", "Console", "GatewayAnchoring", "GatewayCatalog",
                "GatewayConfiguration", "GatewayCredentials", "GatewayGuard",
                "GatewayHealth", "GatewayIdentity", "GatewayPolicy", "GatewayRouting", "GatewayServers",
                "PGWire",
                "SQLText", "Transport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Sources/Gateway",
            exclude: [
                "Anchoring", "Configuration", "Credentials", "Explanation", "Guard", "Health", "Identity",
                "Policy", "Routing", "Servers",
            ],
            swiftSettings: relay),
        .target(
            name: "GatewayExplanation",
            dependencies: [
                "Gateway", "GatewayCatalog", "GatewayConfiguration", "GatewayGuard", "GatewayIdentity",
                "GatewayPolicy", "GatewayRouting", "SQLText",
            ],
            path: "Sources/Gateway/Explanation",
            swiftSettings: strict),

        .target(
            name: "Admin",
            dependencies: [
                "Audit", "AuditIndex", "AuditTree", "Console", "Gateway", "GatewayCredentials",
                "GatewayExplanation",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),
        .target(
            name: "Capture", dependencies: ["PGWire"], exclude: ["Records"], swiftSettings: strict),
        .target(
            name: "CaptureRecords",
            dependencies: ["Audit", "Capture", "Gateway", "PGWire"],
            path: "Sources/Capture/Records",
            swiftSettings: strict),
        .executableTarget(
            name: "domicile",
            dependencies: [
                "Admin", "Audit", "AuditIndex", "AuditShipping", "AuditTree", "CLinux", "Capture",
                "CaptureRecords", "Gateway", "GatewayAnchoring", "GatewayConfiguration", "GatewayCredentials",
                "GatewayExplanation", "GatewayHealth", "GatewayIdentity",
                "GatewayPolicy", "GatewayRouting",
                "PGWire", "SQLText", "Transport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        .systemLibrary(name: "CLibPGQuery", path: "Tests/CLibPGQuery"),
        .testTarget(
            name: "SQLTextTests", dependencies: ["CLibPGQuery", "SQLText"], swiftSettings: strict),
        .testTarget(name: "WaitingTests", dependencies: ["Waiting"], swiftSettings: strict),
        .testTarget(name: "TransportTests", dependencies: ["Seeded", "Transport"], swiftSettings: strict),
        .target(name: "PipelineModel", path: "Tests/PipelineModel", swiftSettings: strict),
        .target(name: "Seeded", path: "Tests/Seeded", swiftSettings: strict),
        .testTarget(
            name: "PGWireTests",
            dependencies: [
                "PGWire", "PipelineModel", "Seeded", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "CaptureTests", dependencies: ["Capture", "CaptureRecords", "PGWire", "Seeded"],
            swiftSettings: strict),
        .testTarget(
            name: "AuditTreeTests",
            dependencies: ["AuditTree", .product(name: "Crypto", package: "swift-crypto")],
            swiftSettings: strict),
        .testTarget(
            name: "AuditTests",
            dependencies: [
                "Audit", "AuditTree", "Seeded", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "AuditShippingTests",
            dependencies: [
                "Audit", "AuditShipping", "AuditTree", "GatewayConfiguration", "Seeded",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "AuditIndexTests", dependencies: ["Audit", "AuditIndex", "CSQLite"], swiftSettings: strict),
        .testTarget(
            name: "ConsoleTests", dependencies: ["Audit", "Console", "PGWire"], swiftSettings: strict),
        .testTarget(
            name: "GatewayPolicyTests", dependencies: ["GatewayPolicy", "Seeded"], swiftSettings: strict),
        .testTarget(
            name: "GatewayConfigurationTests",
            dependencies: ["GatewayConfiguration", "GatewayPolicy"],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayIdentityTests",
            dependencies: [
                "GatewayConfiguration", "GatewayIdentity", "GatewayPolicy",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            resources: [.copy("Fixtures")],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayAnchoringTests",
            dependencies: ["Audit", "AuditTree", "GatewayAnchoring", "GatewayConfiguration"],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayRoutingTests",
            dependencies: ["GatewayConfiguration", "GatewayPolicy", "GatewayRouting"],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayCatalogTests", dependencies: ["GatewayCatalog", "SQLText"], swiftSettings: strict),
        .testTarget(
            name: "GatewayGuardTests",
            dependencies: ["Audit", "GatewayCatalog", "GatewayGuard", "GatewayPolicy", "SQLText"],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayHealthTests",
            dependencies: [
                "GatewayCatalog", "GatewayConfiguration", "GatewayGuard", "GatewayHealth", "GatewayPolicy",
                "GatewayRouting", "GatewayServers",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayCredentialsTests",
            dependencies: ["GatewayConfiguration", "GatewayCredentials", "Transport"],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "Audit", "Gateway", "GatewayConfiguration", "GatewayIdentity", "GatewayPolicy",
                "GatewayRouting",
                "PGWire", "SQLText", "Transport",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Audit", "AuditTree", "Gateway", "GatewayConfiguration", "GatewayHealth", "GatewayIdentity",
                "GatewayRouting", "PipelineModel", "Seeded", "Transport",
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .testTarget(
            name: "GatewayExplanationTests",
            dependencies: [
                "Gateway", "GatewayCatalog", "GatewayConfiguration", "GatewayExplanation", "GatewayPolicy",
                "GatewayRouting",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "AdminTests",
            dependencies: [
                "Admin", "Audit", "Gateway", "GatewayConfiguration", "GatewayExplanation", "GatewayIdentity",
                "GatewayRouting",
            ],
            swiftSettings: strict),
        .testTarget(
            name: "IntegrationTests", dependencies: ["PGWire", "Seeded", "Transport"], swiftSettings: strict),
    ]
)
