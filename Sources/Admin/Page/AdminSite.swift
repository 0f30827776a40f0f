import Gateway
import GatewayConfiguration

/// The page: its paths, who may open them, and its forms. Every view asks the operations for what it shows, with the token
/// that its operator signed in with; nothing is kept but that.
package struct AdminSite: Sendable {
    /// Bytes that a form may have: a token, a statement, and what escaping makes of them.
    package static let formLimit = 512 << 10
    static let htmlType = "text/html; charset=utf-8"

    let status: any GatewayStatus
    let operations: any GatewayOperations
    let logs: LogReads
    let sessions = PageSessions()
    /// Cookies do not tell ports of one host apart.
    private let cookie: String

    /// - Parameter port: of `admin.address`.
    package init(
        status: any GatewayStatus, operations: any GatewayOperations, desk: LogDesk, port: Int
    ) {
        self.status = status
        self.operations = operations
        logs = LogReads(operations: operations, desk: desk)
        cookie = "domicile_\(port)"
    }

    /// The paths of the page; a step in braces is any. Others are not its.
    enum Path: String, CaseIterable {
        case overview = "/"
        case signIn = "/signin"
        case signOut = "/signout"
        case sessions = "/sessions"
        case question = "/sessions/{session}"
        case log = "/log"
        case record = "/log/{region}/{seq}"
        case proof = "/log/{region}/{seq}/proof"
        case timeline = "/timeline/{session}"
        case receipt = "/timeline/{session}/receipt"
        case refusals = "/refusals"
        case explain = "/explain"
        case live = "/live"
        case style = "/page.css"
        case script = "/page.js"
        case icon = "/icon.svg"

        var methods: [String] {
            switch self {
            case .overview, .question, .log, .record, .proof, .timeline, .receipt, .refusals, .live, .style,
                .script, .icon:
                ["GET", "HEAD"]
            case .signIn, .sessions, .explain: ["GET", "HEAD", "POST"]
            case .signOut: ["POST"]
            }
        }

        static func matching(_ path: String) -> (Path, [String: String])? {
            PathPattern.first(of: allCases, fitting: path, pattern: \.rawValue).map { ($0.known, $0.steps) }
        }
    }

    /// Whether a path is the page's.
    package static func has(_ path: String) -> Bool { Path.matching(path) != nil }

    /// - Returns: nil where the path is not the page's.
    package func answer(_ request: AdminRequest) async -> AdminPages.Answer? {
        guard let (path, steps) = Path.matching(request.path) else { return nil }
        guard path.methods.contains(request.method) else {
            var answer = AdminSite.plain(405, "only \(path.methods.joined(separator: ", "))")
            answer.headers["Allow"] = path.methods.joined(separator: ", ")
            return answer
        }
        if let reason = OriginCheck.refusal(ofPage: request) { return AdminSite.plain(403, reason) }
        switch path {
        case .style: return AdminSite.asset(PageStyle.text, "text/css; charset=utf-8")
        case .script: return AdminSite.asset(PageScript.text, "text/javascript; charset=utf-8")
        case .icon: return AdminSite.asset(PageScript.icon, "image/svg+xml")
        case .signIn: return await signIn(request)
        case .overview, .signOut, .sessions, .question, .log, .record, .proof, .timeline, .receipt,
            .refusals, .explain, .live:
            return await signedIn(request, path, steps)
        }
    }

    // MARK: Signing in

    private func signIn(_ request: AdminRequest) async -> AdminPages.Answer {
        guard request.method == "POST" else { return signInForm(nil, status: 200) }
        guard let fields = FormFields(String(decoding: request.body, as: UTF8.self)),
            let given = fields["token"]
        else {
            return signInForm("The form is expected to have a token.", status: 400)
        }
        let token = Array(given.utf8.filter { $0 > 0x20 })
        do throws(OperationFailure) {
            let asker = try await operations.authorize(token: token, for: .read)
            guard operations.recordRead("page", by: asker) else { throw .notRecorded }
        } catch {
            return signInForm(AdminAPI.reason(of: error), status: AdminAPI.answer(error).status)
        }
        let name = sessions.begin(token: token)
        var answer = AdminSite.moved(to: PageLink("/"))
        answer.headers["Set-Cookie"] = "\(cookie)=\(name); Path=/; HttpOnly; SameSite=Strict"
        return answer
    }

    private func signInForm(_ mistake: String?, status: Int) -> AdminPages.Answer {
        let frame = PageFrame(title: "Sign in", region: region)
        return AdminSite.html(status, frame.document { SignInView(mistake: mistake).body })
    }

    private func signedIn(
        _ request: AdminRequest, _ path: Path, _ steps: [String: String]
    ) async -> AdminPages.Answer {
        let name = request.cookie(named: cookie)
        guard let name, let entry = sessions.entry(name) else { return signInAgain(request, nil) }
        let fields: [String: String]
        if request.method == "POST" {
            guard let form = FormFields(String(decoding: request.body, as: UTF8.self)),
                form["form"] == entry.form
            else { return AdminSite.plain(403, "the form is not this session's: load the page again") }
            fields = form.values.filter { $0.key != "form" }
        } else {
            guard let query = FormFields(request.query) else {
                return AdminSite.plain(
                    400, "the query is expected to be NAME=VALUE&…, each name once, in UTF-8")
            }
            fields = query.values
        }
        if path == .signOut {
            sessions.end(name)
            return leave(AdminSite.moved(to: PageLink("/signin")))
        }
        let asker: OperatorIdentity
        do throws(OperationFailure) {
            asker = try await operations.authorize(token: entry.token, for: .read)
        } catch {
            sessions.end(name)
            return signInAgain(request, AdminAPI.reason(of: error))
        }
        let visit = PageVisit(
            path: path, steps: steps, fields: fields, isPost: request.method == "POST",
            isSocket: request.isSocket, token: entry.token, asker: asker,
            viewer: PageFrame.Viewer(subject: AdminSite.subject(of: asker), form: entry.form))
        return await answer(visit)
    }

    /// A stream and a file are refused; whoever looks at a view is led to where he can sign in.
    private func signInAgain(_ request: AdminRequest, _ reason: String?) -> AdminPages.Answer {
        if let reason { return leave(signInForm(reason, status: 401)) }
        if request.fetchDestination == "empty" || request.method == "POST" {
            return signInForm("Sign in first.", status: 401)
        }
        return AdminSite.moved(to: PageLink("/signin"))
    }

    private func leave(_ answer: AdminPages.Answer) -> AdminPages.Answer {
        var answer = answer
        answer.headers["Set-Cookie"] = "\(cookie)=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"
        return answer
    }

    private static func subject(of asker: OperatorIdentity) -> String {
        switch asker {
        case .socket: "socket"
        case .token(let token): token.principal.subject
        }
    }

    /// The gateway's own region.
    var region: String { operations.regionFolders.first { $0.isOwn }?.region ?? "" }

    // MARK: Answers

    static func html(_ status: Int, _ document: String) -> AdminPages.Answer {
        AdminPages.Answer(status: status, contentType: htmlType, body: document)
    }

    static func plain(_ status: Int, _ line: String) -> AdminPages.Answer {
        AdminPages.Answer(status: status, contentType: "text/plain; charset=utf-8", body: line + "\n")
    }

    /// 303 See Other (RFC 9110 section 15.4.4).
    static func moved(to link: PageLink) -> AdminPages.Answer {
        var answer = plain(303, "see \(link.text)")
        answer.headers["Location"] = link.text
        return answer
    }

    private static func asset(_ text: String, _ type: String) -> AdminPages.Answer {
        AdminPages.Answer(status: 200, contentType: type, body: text)
    }
}

/// One request of somebody who is signed in.
struct PageVisit {
    let path: AdminSite.Path
    let steps: [String: String]
    /// Of the query or the form.
    let fields: [String: String]
    let isPost: Bool
    /// It came over the admin socket.
    let isSocket: Bool
    let token: [UInt8]
    let asker: OperatorIdentity
    let viewer: PageFrame.Viewer

    func step(_ name: String) -> String { steps[name] ?? "" }

    /// A field; nil where it is empty.
    func field(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
}
