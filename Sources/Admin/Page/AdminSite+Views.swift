import Audit
import Gateway
import GatewayExplanation
import GatewayIdentity
import GatewayPolicy

/// The views of somebody who is signed in.
extension AdminSite {
    func answer(_ visit: PageVisit) async -> AdminPages.Answer {
        do throws(LogFailure) {
            switch visit.path {
            case .log: return await log(visit)
            case .record: return try await record(visit)
            case .proof: return try await proof(visit)
            case .timeline: return try await timeline(visit)
            case .receipt: return try await receipt(visit)
            case .refusals: return try await refusals(visit)
            case .live: return try live(visit)
            case .overview, .sessions, .question, .explain: return try await operation(visit)
            case .signIn, .signOut, .style, .script, .icon: return AdminSite.plain(404, "not here")
            }
        } catch {
            var answer = failed(visit, error.status, error.reason)
            if error == .busy || error == .tooLong { answer.headers["Retry-After"] = "5" }
            return answer
        }
    }

    private func operation(_ visit: PageVisit) async throws(LogFailure) -> AdminPages.Answer {
        do throws(OperationFailure) {
            switch visit.path {
            case .overview: return try await overview(visit)
            case .sessions: return visit.isPost ? try await kill(visit) : try await sessions(visit, done: nil)
            case .question: return try await question(visit)
            case .explain: return await explain(visit)
            case .signIn, .signOut, .log, .record, .proof, .timeline, .receipt, .refusals, .live, .style,
                .script, .icon:
                throw .wrong("not here")
            }
        } catch {
            return failed(visit, AdminAPI.answer(error).status, AdminAPI.reason(of: error))
        }
    }

    private func show(
        _ title: String, _ view: PageFrame.View?, _ visit: PageVisit, status: Int = 200,
        @MarkupBuilder content: () -> Markup
    ) -> AdminPages.Answer {
        let frame = PageFrame(title: title, region: region, viewer: visit.viewer, view: view)
        return AdminSite.html(status, frame.document(content: content))
    }

    private func failed(_ visit: PageVisit, _ status: Int, _ reason: String) -> AdminPages.Answer {
        show("Not done", nil, visit, status: status) { PagePart.notice(.bad) { tag(.p) { reason } } }
    }

    // MARK: The gateway

    private func overview(_ visit: PageVisit) async throws(OperationFailure) -> AdminPages.Answer {
        let replicas = ReplicasReport(try await operations.replicas(for: visit.asker)).replicas
        let view = OverviewView(
            folders: operations.regionFolders, replicas: replicas, snapshot: status.snapshot,
            reasons: status.unreadyReasons)
        return show("Overview", .overview, visit) { view.body }
    }

    private func sessions(_ visit: PageVisit, done: String?) async throws(OperationFailure)
        -> AdminPages.Answer
    {
        let report = SessionsReport(try await operations.sessions(for: visit.asker))
        let view = SessionsView(sessions: report.sessions, viewer: visit.viewer, done: done)
        return show("Live sessions", .sessions, visit) { view.body }
    }

    private func question(_ visit: PageVisit) async throws(OperationFailure) -> AdminPages.Answer {
        let report = SessionsReport(try await operations.sessions(for: visit.asker))
        guard let session = report.sessions.first(where: { $0.session == visit.step("session") }) else {
            throw .unknownSession(Refusal.printable(visit.step("session")))
        }
        return show("Kill \(session.session)", .sessions, visit) {
            SessionsView.question(session, visit.viewer)
        }
    }

    private func kill(_ visit: PageVisit) async throws(OperationFailure) -> AdminPages.Answer {
        guard let session = visit.field("session") else {
            throw .wrong("the form is expected to name a session")
        }
        let asker = try await operations.authorize(token: visit.token, for: .kill)
        let killed = try await operations.kill(session: session, reason: visit.field("reason"), for: asker)
        return try await sessions(
            visit, done: "The session \(killed.session) of \(killed.subject) was ended.")
    }

    private func explain(_ visit: PageVisit) async -> AdminPages.Answer {
        var view = ExplainView(viewer: visit.viewer, takesClaims: visit.isSocket)
        if visit.isPost {
            view.asked = visit.fields.filter { $0.key != "token" }
            do throws(OperationFailure) {
                view.report = try await operations.explain(
                    try AdminSite.question(of: visit), for: visit.asker)
            } catch {
                view.mistake = AdminAPI.reason(of: error)
            }
        }
        return show("Explain", .explain, visit) { view.body }
    }

    private static func question(of visit: PageVisit) throws(OperationFailure) -> ExplanationQuestion {
        guard let database = visit.field("database") else { throw .wrong("expected a database") }
        let statement = visit.field("statement")
        if let statement { try AdminAPI.check(statement) }
        return ExplanationQuestion(
            identity: try identity(of: visit), database: database, user: visit.field("user"),
            region: visit.field("region"), statement: statement)
    }

    /// A token, or over the socket claims in its place, as `POST /api/explain` takes them; else the operator's own token.
    private static func identity(of visit: PageVisit) throws(OperationFailure) -> ExplanationQuestion.Identity
    {
        guard let claims = visit.field("claims") else {
            let token = visit.field("token").map { Array($0.utf8.filter { $0 > 0x20 }) } ?? visit.token
            guard token.count <= ExplanationQuestion.identityLimit else {
                throw .wrong("token is longer than \(ExplanationQuestion.identityLimit) bytes")
            }
            return .token(token)
        }
        guard visit.isSocket else { throw .socketOnly("claims that nothing proves") }
        guard visit.field("token") == nil else { throw .wrong("expected a token or claims, not both") }
        guard claims.utf8.count <= ExplanationQuestion.identityLimit else {
            throw .wrong("claims are longer than \(ExplanationQuestion.identityLimit) bytes")
        }
        guard case .object(let members)? = try? StrictJSON.parse(Array(claims.utf8)) else {
            throw .wrong(#"claims are expected to be a JSON object: {"iss": …, "sub": …}"#)
        }
        return .claims(members, source: "the form")
    }

    // MARK: The logs

    /// A search that is refused shows its form again.
    private func log(_ visit: PageVisit) async -> AdminPages.Answer {
        var view = LogView(folders: logs.folders, asked: visit.fields, page: nil)
        var status = 200
        do throws(LogFailure) {
            view = LogView(
                folders: logs.folders, asked: visit.fields,
                page: try await logs.records(visit.fields, for: visit.asker))
        } catch {
            view.mistake = error.reason
            status = error.status
        }
        return show("Log", .log, visit, status: status) { view.body }
    }

    private func record(_ visit: PageVisit) async throws(LogFailure) -> AdminPages.Answer {
        let record = try await logs.record(visit.step("seq"), region: visit.step("region"), for: visit.asker)
        return show("Record \(record.seq) of \(record.region)", .log, visit) {
            RecordView(record: record).body
        }
    }

    private func proof(_ visit: PageVisit) async throws(LogFailure) -> AdminPages.Answer {
        let record = try await logs.record(visit.step("seq"), region: visit.step("region"), for: visit.asker)
        guard let proof = record.proof else { throw .unknown(record.reason ?? "nothing proves this record") }
        return AdminSite.file(proof.text, "text/plain; charset=utf-8")
    }

    private func timeline(_ visit: PageVisit) async throws(LogFailure) -> AdminPages.Answer {
        let session = visit.step("session")
        var asked = ["session": session, "order": "asc", "limit": "200"]
        asked["region"] = visit.field("region")
        asked["cursor"] = visit.field("cursor")
        let page = try await logs.records(asked, for: visit.asker)
        var view = TimelineView(session: session, region: visit.field("region"), page: page, receipt: nil)
        do throws(LogFailure) {
            view = TimelineView(
                session: session, region: visit.field("region"), page: page,
                receipt: try await logs.receipt(session, region: visit.field("region"), for: visit.asker))
        } catch {
            view.reason = error.reason
        }
        return show("Session \(session)", .log, visit) { view.body }
    }

    private func receipt(_ visit: PageVisit) async throws(LogFailure) -> AdminPages.Answer {
        let receipt = try await logs.receipt(
            visit.step("session"), region: visit.field("region"), for: visit.asker)
        return AdminSite.file(String(decoding: receipt.bytes, as: UTF8.self), "application/json")
    }

    private func refusals(_ visit: PageVisit) async throws(LogFailure) -> AdminPages.Answer {
        let asked = ["refused": "true", "limit": "20", "cursor": visit.fields["cursor"] ?? ""]
        let view = RefusalsView(page: try await logs.records(asked, for: visit.asker))
        return show("Last refusals", .refusals, visit) { view.body }
    }

    private func live(_ visit: PageVisit) throws(LogFailure) -> AdminPages.Answer {
        var answer = AdminPages.Answer(status: 200, contentType: LiveRecords.contentType, body: "")
        answer.follows = try logs.live(visit.fields, for: visit.asker)
        return answer
    }

    /// Something to be kept, which no browser takes for a document.
    private static func file(_ text: String, _ type: String) -> AdminPages.Answer {
        var answer = AdminPages.Answer(status: 200, contentType: type, body: text)
        answer.headers["Content-Disposition"] = "attachment"
        return answer
    }
}
