import Admin
import Audit
import Foundation
import Gateway
import GatewayConfiguration
import Testing

/// The page: signing in, forms, and what is shown.
@Suite struct PageSiteTests {
    private let host = "127.0.0.1:6480"

    private func site(_ operations: FakeOperations) -> AdminSite {
        AdminSite(status: FixedStatus(), operations: operations, desk: LogDesk(), port: 6480)
    }

    private func get(_ path: String, _ cookie: String? = nil, query: String = "") -> AdminRequest {
        var request = AdminRequest(method: "GET", path: path)
        request.query = query
        request.host = host
        request.cookie = cookie
        request.fetchSite = "same-origin"
        return request
    }

    private func post(_ path: String, _ body: String, _ cookie: String? = nil) -> AdminRequest {
        var request = get(path, cookie)
        request.method = "POST"
        request.origin = "http://" + host
        request.contentType = "application/x-www-form-urlencoded"
        request.body = Array(body.utf8)
        return request
    }

    /// - Returns: the cookie, and what forms must say.
    private func signIn(_ site: AdminSite) async throws -> (cookie: String, form: String) {
        let answer = try #require(await site.answer(post("/signin", "token=good")))
        #expect(answer.status == 303)
        let set = try #require(answer.headers["Set-Cookie"])
        let cookie = String(set.prefix { $0 != ";" })
        let page = try #require(await site.answer(get("/sessions", cookie)))
        let form = try #require(page.body.firstMatch(of: /name="form" value="([0-9a-f]{64})"/)?.1)
        return (cookie, String(form))
    }

    @Test("F-OPS-08: the cookie is HttpOnly and SameSite=Strict, and is no token; signing out ends it")
    func cookie() async throws {
        let site = site(FakeOperations(rights: [.read]))
        let answer = try #require(await site.answer(post("/signin", "token=good")))
        let set = try #require(answer.headers["Set-Cookie"])
        #expect(set.wholeMatch(of: /domicile_6480=[0-9a-f]{64}; Path=\/; HttpOnly; SameSite=Strict/) != nil)
        #expect(!answer.body.contains("good") && answer.headers["Location"] == "/")
        let (cookie, form) = try await signIn(site)
        #expect(await site.answer(get("/sessions", cookie))?.status == 200)
        let out = try #require(await site.answer(post("/signout", "form=\(form)", cookie)))
        #expect(out.headers["Set-Cookie"]?.contains("Max-Age=0") == true)
        #expect(await site.answer(get("/sessions", cookie))?.status == 303)
    }

    @Test("F-OPS-08: nothing is shown to who is not signed in, or whose token is no operator's")
    func notSignedIn() async throws {
        let operations = FakeOperations(rights: [.read])
        let site = site(operations)
        for path in [
            "/", "/sessions", "/sessions/0123", "/log", "/log/eu-west-1/1", "/log/eu-west-1/1/proof",
            "/timeline/a",
            "/timeline/a/receipt", "/refusals", "/explain", "/live",
        ] {
            for cookie in [
                nil, "domicile_6480=", "domicile_6480=" + String(repeating: "0", count: 64), "other=1",
            ] {
                let answer = try #require(await site.answer(get(path, cookie)))
                #expect(answer.status == 303 && answer.headers["Location"] == "/signin", "\(path)")
            }
        }
        for body in ["token=bad", "token=", "", "tokn=good", "token=good&token=good"] {
            let answer = try #require(await site.answer(post("/signin", body)))
            #expect([400, 401].contains(answer.status) && answer.headers["Set-Cookie"] == nil, "\(body)")
        }
        let other = self.site(FakeOperations(rights: [.kill]))
        #expect(await other.answer(post("/signin", "token=good"))?.status == 403)
        #expect(operations.asked.isEmpty)
    }

    @Test(
        "F-OPS-08: forms of other origins, of no origin, in other types, and without the session's field are refused"
    )
    func forgery() async throws {
        let operations = FakeOperations(rights: [.read, .kill])
        let site = site(operations)
        let (cookie, form) = try await signIn(site)
        let asked = operations.asked.count
        let good = post("/sessions", "form=\(form)&session=0123", cookie)
        func changed(_ change: (inout AdminRequest) -> Void) -> AdminRequest {
            var request = good
            change(&request)
            return request
        }
        let refused = [
            changed { $0.origin = nil }, changed { $0.origin = "null" },
            changed { $0.origin = "http://evil.example" },
            changed { $0.origin = "http://127.0.0.1:8080" }, changed { $0.origin = "http://127.0.0.1" },
            changed { $0.fetchSite = "cross-site" }, changed { $0.fetchSite = "same-site" },
            changed { $0.contentType = "text/plain" }, changed { $0.contentType = nil },
            changed { $0.contentType = "multipart/form-data; boundary=x" },
            changed { $0.contentType = "application/json" },
            changed { $0.body = Array("session=0123".utf8) },
            changed { $0.body = Array("form=\(String(repeating: "0", count: 64))&session=0123".utf8) },
        ]
        for request in refused {
            #expect(await site.answer(request)?.status == 403)
        }
        #expect(operations.asked.count == asked)
        let done = try #require(await site.answer(good))
        #expect(done.status == 200 && done.body.contains("was ended"))
        #expect(operations.asked.contains(.kill("0123", reason: nil)))
    }

    @Test(
        "Claims are explained in a token's place over the socket alone, as an object, and not beside a token")
    func claims() async throws {
        let operations = FakeOperations(rights: [.read])
        let site = site(operations)
        let (cookie, form) = try await signIn(site)
        func ask(_ fields: String, isSocket: Bool) async throws -> String {
            var request = post("/explain", "form=\(form)&database=orders&\(fields)", cookie)
            request.isSocket = isSocket
            return try #require(await site.answer(request)).body
        }
        let claims = "claims=" + FormFields.encoded(#"{"iss":"https://id","sub":"anna"}"#)
        let asked = operations.asked.count
        #expect(try await ask(claims, isSocket: false).contains("over the admin socket only"))
        #expect(try await ask("token=x&" + claims, isSocket: true).contains("not both"))
        #expect(try await ask("claims=%5B1%5D", isSocket: true).contains("expected to be a JSON object"))
        #expect(operations.asked.count == asked)
        let page = try await ask(claims, isSocket: true)
        #expect(page.contains("explained") && page.contains("{&quot;iss&quot;:&quot;https://id&quot;"))
        #expect(
            operations.asked.last == .explain(database: "orders", user: nil, statement: nil, isToken: false))
        _ = try await ask("claims=&token=", isSocket: false)
        #expect(
            operations.asked.last == .explain(database: "orders", user: nil, statement: nil, isToken: true))
        #expect(await site.answer(get("/explain", cookie))?.body.contains("name=\"claims\"") == false)
    }

    @Test("F-OPS-08: of other sites a link may lead to the page, and nothing else reaches it")
    func links() async throws {
        let site = site(FakeOperations(rights: [.read]))
        var request = get("/signin")
        request.fetchSite = "cross-site"
        #expect(await site.answer(request)?.status == 403)
        (request.fetchMode, request.fetchDestination) = ("navigate", "iframe")
        #expect(await site.answer(request)?.status == 403)
        (request.fetchMode, request.fetchDestination) = ("navigate", "document")
        #expect(await site.answer(request)?.status == 200)
        request.method = "POST"
        #expect(await site.answer(request)?.status == 403)
    }

    @Test("F-OPS-08: a kill needs the right kill, and each path has its methods")
    func rightsAndMethods() async throws {
        let operations = FakeOperations(rights: [.read])
        let site = site(operations)
        let (cookie, form) = try await signIn(site)
        #expect(await site.answer(post("/sessions", "form=\(form)&session=0123", cookie))?.status == 403)
        #expect(!operations.asked.contains(.kill("0123", reason: nil)))
        for path in ["/", "/log", "/page.js", "/refusals"] {
            #expect(await site.answer(post(path, "", cookie))?.status == 405)
        }
        #expect(await site.answer(get("/signout", cookie))?.status == 405)
        for path in ["/favicon.ico", "/log/", "/log/a", "//", "/sessions/a/b", "/metrics", "/api/records"] {
            #expect(await site.answer(get(path, cookie)) == nil, "\(path)")
        }
    }

    @Test("F-OPS-08: calls of other origins are refused, whatever else they bring")
    func calls() {
        var request = AdminRequest(method: "POST", path: "/api/kill")
        request.host = host
        request.body = Array("{}".utf8)
        request.contentType = "application/json"
        #expect(OriginCheck.refusal(ofCall: request) == nil)
        request.origin = "http://127.0.0.1:6480"
        request.fetchSite = "same-origin"
        #expect(OriginCheck.refusal(ofCall: request) == nil)
        for origin in ["http://evil.example", "null", "http://127.0.0.1:6481", "file://"] {
            request.origin = origin
            #expect(OriginCheck.refusal(ofCall: request)?.status == 403)
        }
        request.origin = nil
        for site in ["cross-site", "same-site"] {
            request.fetchSite = site
            #expect(OriginCheck.refusal(ofCall: request)?.status == 403)
        }
        request.fetchSite = "none"
        for type in [
            "text/plain;charset=UTF-8", "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=b",
        ] {
            request.contentType = type
            #expect(OriginCheck.refusal(ofCall: request)?.status == 415)
        }
    }

    static let hostile =
        "<img src=x onerror=\"window.ran=1\">'\u{202e}</pre></textarea><script>window.ran=1</script>"

    @Test("F-OPS-10: SQL, subjects and names that are markup are shown as text, in every view")
    func storedMarkup() async throws {
        let log = try TestRecords()
        let hostile = PageSiteTests.hostile
        log.session("a1", subject: hostile, sql: "select '\(hostile)'")
        log.add(
            "query",
            #""session":"a1","message":2,"sql":\#(TestRecords.quoted(hostile)),"verdict":{"allowed":false,"classes":["ddl"],"reasons":[\#(TestRecords.quoted(hostile))]}"#
        )
        log.add(
            "session.refused",
            #""sqlstate":"3D000","reason":\#(TestRecords.quoted(hostile)),"asked":{"database":\#(TestRecords.quoted(hostile))}"#
        )
        try log.save()
        try log.sign(5)
        var session = FakeOperations.session
        session.subject = hostile
        session.application = hostile
        session.database = hostile
        session.client = hostile
        let site = site(
            FakeOperations(rights: [.read], folders: [log.regionFolder], session: session))
        let (cookie, form) = try await signIn(site)
        for (path, query) in [
            ("/", ""), ("/sessions", ""), ("/sessions/0123", ""), ("/log", ""),
            ("/log", "text=" + FormFields.encoded(hostile) + "&subject=" + FormFields.encoded(hostile)),
            ("/log", "since=" + FormFields.encoded(hostile)), ("/log", FormFields.encoded(hostile) + "=x"),
            ("/log/eu-west-1/1", ""), ("/timeline/a1", ""), ("/timeline/" + FormFields.encoded(hostile), ""),
            ("/refusals", ""), ("/sessions/" + FormFields.encoded(hostile), ""),
        ] {
            let page = try #require(await site.answer(get(path, cookie, query: query)))
            expectNoMarkup(page, path + "?" + query)
        }
        let explained = try #require(
            await site.answer(
                post(
                    "/explain",
                    "form=\(form)&database=\(FormFields.encoded(hostile))&statement=\(FormFields.encoded(hostile))",
                    cookie)))
        expectNoMarkup(explained, "/explain")
    }

    private func expectNoMarkup(_ page: AdminPages.Answer, _ what: String) {
        #expect(page.contentType == "text/html; charset=utf-8", "\(what)")
        #expect(!page.body.contains("<img") && !page.body.contains("\u{202e}"), "\(what)")
        // The only script is the page's own, by its address.
        #expect(page.body.matches(of: /<script/).count == 1, "\(what)")
        #expect(page.body.contains(#"<script src="/page.js" defer></script>"#))
        #expect(
            !page.body.contains(#" onerror=""#) && !page.body.contains("style=")
                && !page.body.contains("javascript:"))
    }

    @Test(
        "F-OPS-10: text is text, whatever follows its characters",
        arguments: [
            ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#39;"),
            // A quote with a combining mark is another Character, and a quote for a browser.
            ("\"\u{301} onfocus=x", "&quot;\u{301} onfocus=x"),
            ("<\u{200d}b", "&lt;\u{200d}b"), ("&\u{fe0f}amp;", "&amp;\u{fe0f}amp;"),
            ("a\nb\tc", "a\nb\tc"), ("a\r\u{0}\u{202e}\u{2028}b", #"a\u{d}\u{0}\u{202e}\u{2028}b"#),
        ])
    func escaping(text: String, html: String) {
        #expect(Markup.text(text).html == html)
    }

    @Test("F-OPS-10: what a document may load is its own script and style, and scripts in text are none")
    func policy() {
        let parts = AdminServer.pagePolicy.split(separator: ";").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        #expect(parts.first == "default-src 'none'")
        #expect(parts.contains("script-src 'self'") && parts.contains("style-src 'self'"))
        #expect(
            parts.contains("frame-ancestors 'none'") && parts.contains("form-action 'self'")
                && parts.contains("base-uri 'none'"))
        #expect(
            !AdminServer.pagePolicy.contains("unsafe") && !AdminServer.pagePolicy.contains("*")
                && !AdminServer.pagePolicy.contains(":"))
    }

    @Test("The page's sessions end by themselves, and are so many at a time and no more")
    func bounded() {
        let sessions = PageSessions()
        let start = ContinuousClock.now
        let first = sessions.begin(token: [1], now: start)
        #expect(sessions.entry(first, now: start + .seconds(3599)) != nil)
        #expect(sessions.entry(first, now: start + .seconds(3599 + 3600)) == nil)
        let second = sessions.begin(token: [2], now: start)
        for hour in 1...7 { #expect(sessions.entry(second, now: start + .seconds(hour * 3599)) != nil) }
        #expect(sessions.entry(second, now: start + .seconds(8 * 3600)) == nil)
        for number in 0...PageSessions.limit { _ = sessions.begin(token: [3], now: start + .seconds(number)) }
        #expect(sessions.count == PageSessions.limit)
        #expect(sessions.entry(nil) == nil && sessions.entry("") == nil)
    }

    @Test("A browser that comes over a forwarded socket is asked for a token like any other")
    func browser() {
        var request = AdminRequest(method: "GET", path: "/api/sessions")
        #expect(!request.isOfBrowser)
        request.userAgent = "curl/8"
        #expect(!request.isOfBrowser)
        request.userAgent = "Mozilla/5.0 (X11)"
        #expect(request.isOfBrowser)
        request.userAgent = nil
        request.fetchSite = "none"
        #expect(request.isOfBrowser)
    }

    @Test("A form's fields are read as the URL Standard has them, or not at all")
    func fields() {
        #expect(FormFields("a=1+2&b=%C3%A4&c&d=")?.values == ["a": "1 2", "b": "ä", "c": "", "d": ""])
        #expect(FormFields("")?.values == [:])
        for wrong in ["a=%", "a=%g0", "a=%ff", "a=1&a=2"] { #expect(FormFields(wrong) == nil, "\(wrong)") }
        let most = (0..<64).map { "f\($0)=" }.joined(separator: "&")
        #expect(FormFields(most)?.values.count == 64)
        #expect(FormFields(most + "&g=") == nil)
        #expect(FormFields.encoded("a b/ä\"<") == "a%20b%2F%C3%A4%22%3C")
    }
}
