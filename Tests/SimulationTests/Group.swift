/// Who an executor is, and where its data may go: this table, and not the policy, is what regions are checked against.
enum Group: String, CaseIterable {
    case europe = "eu-analysts"
    case america = "us-analysts"
    case everywhere = "all-analysts"
    case writer = "eu-writers"
    case nobody = "nobody"

    var regions: Set<String> {
        switch self {
        case .europe: ["eu-west-1", "eu-central-1"]
        case .america: ["us-east-1"]
        case .everywhere: ["eu-west-1", "eu-central-1", "us-east-1"]
        case .writer: ["eu-west-1"]
        case .nobody: []
        }
    }
}
