import Audit
import AuditTree
import Gateway

/// The calls that read the logs.
extension AdminAPI {
    func logAnswer(
        _ route: AdminRoute, _ query: [String: String], for asker: OperatorIdentity
    ) async -> AdminPages.Answer {
        do throws(LogFailure) {
            switch route {
            case .records: return AdminAPI.done(try await logs.records(query, for: asker).json)
            case .refusals:
                let asked = query.merging(["refused": "true"]) { _, refused in refused }
                return AdminAPI.done(try await logs.records(asked, for: asker).json)
            case .record:
                let record = try await logs.record(query["seq"] ?? "", region: query["region"], for: asker)
                return AdminAPI.done(record.json)
            case .checkpoints:
                let (region, found) = try await logs.checkpoints(
                    region: query["region"], limit: query["limit"].flatMap { Int($0) }, for: asker)
                return AdminAPI.done(AdminAPI.checkpoints(region, found))
            case .receipt:
                let receipt = try await logs.receipt(
                    query["session"] ?? "", region: query["region"], for: asker)
                return AdminAPI.done(receipt.value)
            case .live:
                var answer = AdminPages.Answer(status: 200, contentType: LiveRecords.contentType, body: "")
                answer.follows = try logs.live(query, for: asker)
                return answer
            case .sessions, .revocations, .replicas, .kill, .revoke, .lift, .clear, .reload, .explain,
                .openapi:
                throw .wrong("\(route.path) reads no log")
            }
        } catch {
            return AdminAPI.answer(error)
        }
    }

    static func answer(_ failure: LogFailure) -> AdminPages.Answer {
        var answer = failed(failure.status, failure.reason)
        if failure == .busy || failure == .tooLong { answer.headers["Retry-After"] = "5" }
        return answer
    }

    private static func checkpoints(
        _ region: String, _ found: [(checkpoint: Checkpoint, note: SignedNote)]
    ) -> JSONValue {
        let list = found.map { checkpoint, note in
            JSONValue.object([
                .init(name: "origin", value: .string(checkpoint.origin)),
                .init(name: "size", value: .number("\(checkpoint.size)")),
                .init(name: "root", value: .string(Base64Text.of(checkpoint.root.bytes))),
                .init(name: "note", value: .string(String(decoding: note.bytes, as: UTF8.self))),
            ])
        }
        return .object([
            .init(name: "region", value: .string(region)), .init(name: "checkpoints", value: .list(list)),
        ])
    }

    private static func done(_ value: JSONValue) -> AdminPages.Answer {
        AdminPages.Answer(
            status: 200, contentType: "application/json",
            body: String(decoding: value.compact, as: UTF8.self) + "\n")
    }
}
