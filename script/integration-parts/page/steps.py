"""What is done in the page, and what must come of it."""

import http.client
import http.server
import json
import os
import pathlib
import subprocess
import threading
import time

from browser import Wrong, until
from forwarded import Forwarded
from ground import HOSTILE
from stream import Stream
import yesterday

LONG = "select '" + "averylongwordwithoutanyspace" * 300 + "'"
REGIONS = ["eu-west-1", "eu-central-1", "us-east-1"]
PORTS_OF_FORMS = 0


class Run:
    def __init__(self, ground, shots):
        self.ground = ground
        self.shots = pathlib.Path(shots) if shots else None
        self.done = self.failed = 0

    def check(self, what, is_right, said=""):
        self.done += 1
        self.failed += not is_right
        print(f"{'ok' if is_right else 'FAILED':7}{what}{'' if is_right else ': ' + str(said).strip()[:500]}", flush=True)

    def all(self, browser):
        self.browser = browser
        browser.size(1280, 900)
        self.prepare()
        self.sign_in()
        self.overview()
        self.search()
        self.proof()
        self.timeline()
        self.refusals()
        self.explain()
        self.hostile()
        self.follow()
        self.look()
        self.other_sites()
        self.kill()
        self.requests()
        self.figures()
        self.calls()
        self.slow_reader()
        self.sign_out()
        self.recorded()
        self.ending()
        yesterday.ask(self)

    # Before

    def prepare(self):
        """What executors do."""
        ground = self.ground
        values = ground.values
        self.live = ground.session(values["DOMICILE_TOKEN_EU_ANALYST"], "nightly-report")
        ground.run("select count(*) from customers", values["DOMICILE_TOKEN_US_ANALYST"], "orders@us-east-1", "revenue-by-region")
        ground.run("select name from customers where id < 10 order by name", values["DOMICILE_TOKEN_EU_ANALYST"], application="dashboard")
        ground.run("insert into pgbench_history (tid, bid, aid, delta, mtime) values (1, 1, 1, 100, now())",
                   values["DOMICILE_TOKEN_EU_WRITER"], application="order-intake")
        ground.run("create table page_probe (id int)", values["DOMICILE_TOKEN_EU_ANALYST"], application="dashboard")
        ground.run("select 1", values["DOMICILE_TOKEN_EXPIRED"])
        ground.run("select 1", values["DOMICILE_TOKEN_EU_ANALYST"], "orders@us-east-1")
        ground.run(LONG, values["DOMICILE_TOKEN_EU_ANALYST"])
        self.hostile_token = ground.token("eu-analyst", f"sub={json.dumps(HOSTILE)}", f"task_id={json.dumps(HOSTILE)}")
        ground.run("select '" + HOSTILE.replace("'", "''") + "'", self.hostile_token, application=HOSTILE)
        ground.run("select 1", self.hostile_token, HOSTILE, HOSTILE)
        ground.settle()

    # Views

    def sign_in(self):
        browser, ground = self.browser, self.ground
        browser.go(ground.url + "/log?subject=x")
        self.check("who is not signed in is led to the form", browser.path() == "/signin", browser.path())
        browser.fill("#token", ground.values["DOMICILE_TOKEN_EU_ANALYST"])
        browser.submit("main button")
        self.check("an executor's token signs nobody in", "no entry of operators" in browser.text(), browser.text())
        browser.fill("#token", ground.values["DOMICILE_TOKEN_EXPIRED"])
        browser.submit("main button")
        self.check("an expired token signs nobody in", "Not signed in" in browser.text(), browser.text())
        self.picture("signin")
        browser.fill("#token", ground.operator)
        browser.submit("main button")
        self.check("an operator's token signs in", browser.path() == "/" and browser.text("h1") == "Overview", browser.text())
        cookies = browser.call("Network.getCookies")["cookies"]
        self.check("the cookie is HttpOnly and SameSite=Strict, and is not the token",
                   len(cookies) == 1 and cookies[0]["httpOnly"] and cookies[0]["sameSite"] == "Strict" and cookies[0]["session"]
                   and cookies[0]["value"] not in ground.operator and ground.operator not in cookies[0]["value"], cookies)
        self.check("scripts do not see it", browser.do("document.cookie") == "")

    def overview(self):
        browser = self.browser
        names = browser.do("[...document.querySelectorAll('.card h3')].map(e => e.innerText)")
        self.check("the overview has each region", names == REGIONS, names)
        text = browser.text()
        self.check("with its replicas, their state, lag and sessions, and its log",
                   all(word in text for word in ["orders-eu-a", "orders-eu-b", "orders-us-a", "primary", "standby", "log takes records", "Ready."])
                   and browser.count("table") == 3, text)
        self.picture("overview")

    def search(self):
        browser, ground = self.browser, self.ground
        browser.go(self.ground.url + "/log")
        for name, value in [("relation", "customers"), ("region", "us-east-1"), ("since", "1d")]:
            browser.fill(f"[name={name}]", value)
        browser.submit(".search button")
        rows = browser.do("[...document.querySelectorAll('#records tr')].map(e => e.innerText)")
        self.check("“who read customers from us-east-1” has its answer", len(rows) == 1 and ground.subject("US_ANALYST") in rows[0] and "count(*)" in rows[0], rows)
        browser.go(self.ground.url + f"/log?subject={ground.subject('EU_ANALYST')}&type=outcome")
        self.check("an outcome is found by its session's subject", browser.count("#records tr") >= 3)
        browser.go(self.ground.url + "/log?limit=5")
        first = browser.do("document.querySelector('#records a').href")
        browser.submit(".pager a")
        self.check("older records are on the next page", browser.do("document.querySelector('#records a').href") != first
                   and browser.count("#records tr") == 5)
        browser.go(self.ground.url + "/log?since=someday")
        self.check("a wrong time is named, and the form stays", "since is expected" in browser.text()
                   and browser.do("document.querySelector('[name=since]').value") == "someday", browser.text())
        browser.go(self.ground.url + "/log?type=query")
        self.picture("log")

    def proof(self):
        browser = self.browser
        browser.go(self.ground.url + "/log?type=query&relation=customers&region=us-east-1")
        browser.submit("#records th a")
        self.check("a record stands with its proof", "Covered." in browser.text() and "count(*)" in browser.text(".sql"), browser.text())
        self.picture("record")
        self.verify("--proof", browser.do("document.querySelector('a[download]').href"), "us-east-1")

    def verify(self, option, url, region):
        """Keeps a file of the page, and has the command check it with nothing but the log's key."""
        browser, ground = self.browser, self.ground
        text = browser.do(f"fetch({json.dumps(url)}).then(r => r.text())")
        file, keys = ground.folder / "kept", ground.folder / "keys"
        file.write_text(text)
        environment = {**os.environ, **ground.values}
        program = ground.values["DOMICILE_BIN"]
        found = subprocess.run([program, "audit", "key", "--config", ground.values["DOMICILE_CONFIG"]], env=environment, check=False,
                               text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        keys.write_text(found.stdout)
        answer = ground.domicile("audit", "verify", option, str(file), "--key", str(keys))
        self.check(f"domicile audit verify {option} accepts what the page gave", answer.returncode == 0, found.stdout + answer.stdout)
        file.write_text(text.replace('"region": "', '"region": "x').replace("index ", "index 1"))
        answer = ground.domicile("audit", "verify", option, str(file), "--key", str(keys))
        self.check("and not when a letter of it is another", answer.returncode != 0, answer.stdout)

    def timeline(self):
        browser = self.browser
        browser.go(self.ground.url + f"/log?type=session.end&subject={self.ground.subject('US_ANALYST')}")
        browser.submit("#records .sub a.mono")
        text = browser.text()
        kinds = browser.do("[...document.querySelectorAll('.timeline .type')].map(e => e.innerText)")
        self.check("a session's timeline goes from its start to its end",
                   kinds[:2] == ["session.start", "query"] and kinds[-1] == "session.end" and "outcome" in kinds, kinds)
        self.check("and has its receipt", "Residency receipt" in text and "orders-us-a" in text and "us-analysts" in text, text)
        self.picture("timeline")
        self.verify("--receipt", browser.do("document.querySelector('a[download]').href"), "us-east-1")

    def refusals(self):
        browser = self.browser
        browser.go(self.ground.url + "/refusals")
        text = browser.text()
        self.check("the last refusals say why", all(word in text for word in ["28P01", "expired", "3D000", "42501", "orders@us-east-1"]), text)
        self.picture("refusals")

    def explain(self):
        browser = self.browser
        browser.go(self.ground.url + "/explain")
        browser.fill("[name=database]", "orders")
        browser.fill("[name=token]", self.ground.values["DOMICILE_TOKEN_EU_ANALYST"])
        browser.fill("[name=statement]", "select * from customers")
        browser.submit("main .explain button")
        text = browser.text()
        self.check("a login that is allowed is explained", "Allowed" in text and "eu-analysts" in text and "selected" in text, text)
        self.check("the token is not shown again", self.ground.values["DOMICILE_TOKEN_EU_ANALYST"] not in browser.do("document.documentElement.outerHTML"))
        self.picture("explain")
        browser.fill("[name=database]", "orders@us-east-1")
        browser.fill("[name=token]", "")
        browser.submit("main .explain button")
        self.check("one that is not, too, with the operator's own token", "Refused." in browser.text() and "42501" in browser.text(), browser.text())
        self.check("claims are not asked for over the network", browser.count("[name=claims]") == 0)
        with Forwarded(self.ground.values["DOMICILE_ADMIN_SOCKET"]) as url:
            browser.go(url + "/signin")
            browser.fill("#token", self.ground.operator)
            browser.submit("main button")
            browser.go(url + "/explain")
            browser.fill("[name=database]", "orders")
            browser.fill("[name=claims]", json.dumps({
                "iss": self.ground.values["DOMICILE_ISSUER"], "sub": HOSTILE, "groups": ["us-analysts"]}))
            browser.submit("main .explain button")
            text = browser.text()
            self.check("they are explained where the admin socket is forwarded, and shown as text",
                       "Allowed" in text and "us-analysts" in text and HOSTILE in text and browser.do("window.ran === undefined"), text)
            self.picture("claims")

    # F-OPS-10

    def hostile(self):
        """Markup in SQL, application_name, subject, task and database is text wherever it comes up."""
        browser, url = self.browser, self.ground.url
        client = self.ground.session(self.hostile_token, HOSTILE)
        found = self.ground.ask("/api/records?text=onerror&type=query")["records"][0]
        record, region, session = found["seq"], found["region"], found["record"]["session"]
        escaped = browser.do(f"encodeURIComponent({json.dumps(HOSTILE)})")
        views = {
            "sessions": "/sessions", "log": f"/log?subject={escaped}", "record": f"/log/{region}/{record}",
            "timeline": f"/timeline/{session}", "refusals": "/refusals", "search": f"/log?text={escaped}",
            "unknown session": f"/timeline/{escaped}",
        }
        for name, path in views.items():
            browser.go(url + path)
            shown = HOSTILE in browser.do("document.body.textContent + [...document.querySelectorAll('input')].map(e => e.value)")
            self.check(f"F-OPS-10: {name} shows markup as text, and nothing ran",
                       shown and browser.do("window.ran === undefined") and browser.count("img") == 0 and browser.count("script") == 1,
                       browser.text())
        client.stdin.close()
        client.wait(timeout=10)

    def follow(self):
        browser, ground = self.browser, self.ground
        browser.go(ground.url + "/log?type=query")
        browser.do("document.getElementById('followbutton').click()")
        until(lambda: "following" in browser.text("#followstate"), "the stream")
        text = "select 'live' || '" + HOSTILE.replace("'", "''") + "'"

        def came():
            ground.run(text, ground.values["DOMICILE_TOKEN_EU_ANALYST"])
            return "'live'" in browser.text("#records tr.fresh")
        until(came, "the record to come")
        self.check("F-OPS-10: a record that comes is shown as text", browser.do("window.ran === undefined") and browser.count("img") == 0
                   and "<img" in browser.text("#records tr.fresh"), browser.text("#records"))
        self.check("the other types do not come", browser.do("[...document.querySelectorAll('#records .type')].every(e => e.innerText === 'query')"))
        browser.do("document.getElementById('followbutton').click()")

    # What is seen and heard

    def look(self):
        """Nothing runs over, in a wide window and a narrow one; all fields have labels, all tables captions."""
        browser, url = self.browser, self.ground.url
        found = self.ground.ask("/api/records?text=averylongword&type=query")["records"][0]
        paths = ["/", "/sessions", "/log", f"/log/{found['region']}/{found['seq']}", f"/timeline/{found['record']['session']}",
                 "/refusals", "/explain"]
        for path in paths:
            browser.go(url + path)
            wide = []
            for width in (1280, 390):
                browser.size(width, 900)
                wide.append(browser.do("document.documentElement.scrollWidth <= window.innerWidth"))
            browser.size(1280, 900)
            self.check(f"{path.split('?')[0]} fits into a window of 1280 and of 390 pixels", all(wide), wide)
            lacking = browser.do("""[
                ...[...document.querySelectorAll('input:not([type=hidden]), select, textarea')].filter(e => !e.labels.length),
                ...[...document.querySelectorAll('table')].filter(e => !e.caption),
                ...[...document.querySelectorAll('th')].filter(e => !e.scope),
                ...(document.querySelectorAll('h1').length === 1 && document.querySelector('main') && document.documentElement.lang ? [] : [document.body]),
                ].map(e => e.outerHTML.slice(0, 80))""")
            self.check(f"{path.split('?')[0]} has a heading, labels and captions", lacking == [], lacking)
        browser.go(url + "/log")
        for _ in range(2):
            for kind in ("keyDown", "keyUp"):
                browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        self.check("the keyboard reaches the links, and it shows", browser.do(
            "document.activeElement.tagName === 'A' && getComputedStyle(document.activeElement).outlineStyle !== 'none'"))
        bad = [said for said in browser.said if not said.startswith("error: Failed to load resource")]
        self.check("the console of the browser has nothing to say", bad == [], bad)

    def picture(self, name):
        if not self.shots:
            return
        self.shots.mkdir(parents=True, exist_ok=True)
        self.browser.size(1160, 740)
        for scheme in ("light", "dark"):
            self.browser.scheme(scheme)
            self.browser.picture(self.shots / f"{name}-{scheme}.png")
        self.browser.scheme("light")
        self.browser.size(1280, 900)

    # F-OPS-08

    def other_sites(self):
        """A page of another port of this host, which has the cookie: it is the same site, and another origin."""
        browser, ground = self.browser, self.ground
        session = next(entry for entry in ground.ask("/api/sessions")["sessions"] if entry["application"] == "nightly-report")
        self.name = session["session"]
        page = f"""<!DOCTYPE html><title>other</title>
            <form id=f method=post action={ground.url}/sessions><input name=session value={self.name}></form>
            <form id=t method=post enctype=text/plain action={ground.url}/api/kill><input name='{{"session":"{self.name}","reason":"' value='"}}'></form>
            """

        class Other(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(page.encode())

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", PORTS_OF_FORMS), Other)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        other = f"http://127.0.0.1:{server.server_port}/"
        try:
            for form, what in (("f", "a form"), ("t", "a form that is text/plain and reads as JSON")):
                browser.go(other)
                browser.do("window.isOld = true")
                browser.do(f"document.getElementById('{form}').submit()")
                browser.replaced("the answer to a form")
                said = browser.do("document.body.innerText")
                self.check(f"F-OPS-08: {what} of another origin is refused in the browser", "origin" in said.lower() or "Origin" in said, said)
            browser.go(other)
            read = browser.do(f"fetch('{ground.url}/log', {{credentials: 'include'}}).then(r => r.text(), e => 'refused')")
            self.check("F-OPS-08: it reads nothing, though the browser has the cookie", read == "refused", read[:200])
            framed = browser.do(f"""new Promise(done => {{ const f = document.createElement('iframe'); f.src = '{ground.url}/sessions';
                f.onload = () => {{ let seen; try {{ seen = f.contentDocument?.body?.innerText ?? 'other'; }} catch (e) {{ seen = 'other'; }} done(seen); }};
                document.body.append(f); }})""")
            self.check("F-OPS-08: nor does it show the page in a frame", "nightly-report" not in framed, framed)
        finally:
            server.shutdown()
        browser.said.clear()
        names = [entry["session"] for entry in ground.ask("/api/sessions")["sessions"]]
        self.check("F-OPS-08: nothing of it ended a session", self.name in names, names)

    def kill(self):
        browser, ground = self.browser, self.ground
        browser.go(ground.url + "/sessions")
        self.check("the live session is in the table", self.name in browser.text("table") and "nightly-report" in browser.text("table"), browser.text())
        self.picture("sessions")
        browser.submit(f"a[href='/sessions/{self.name}']")
        browser.fill("#reason", "page test")
        browser.submit("main form button")
        self.check("the page kills a session", "was ended" in browser.text() and browser.count(f"a[href='/sessions/{self.name}']") == 0, browser.text())
        self.live.stdin.write("select 1;\n")
        self.live.stdin.close()
        said = self.live.stdout.read()
        self.live.wait(timeout=10)
        self.check("its executor is told", "killed by an operator" in said, said)

    def requests(self):
        """Requests that no browser makes."""
        ground = self.ground
        for host in ("evil.example", f"evil.example:{ground.admin.split(':')[1]}"):
            for path in ("/", "/signin", "/page.js", "/api/records", "/metrics"):
                status, _, _ = ground.http("GET", path, Host=host)
                self.check(f"F-OPS-09: Host {host} is 421 at {path}", status == 421, status)
        form = {"Content_Type": "application/x-www-form-urlencoded"}
        good = {**form, "Origin": ground.url}
        body = "token=" + ground.operator
        self.check("signing in by hand works", ground.http("POST", "/signin", body, **good)[0] == 303)
        for what, headers in [
                ("without Origin", form), ("with another's Origin", {**form, "Origin": "http://evil.example"}),
                ("with the Origin null", {**form, "Origin": "null"}),
                ("with the Origin of another port", {**form, "Origin": "http://127.0.0.1:1"}),
                ("as text/plain", {**good, "Content_Type": "text/plain"}),
                ("from another site", {**good, "Sec_Fetch_Site": "cross-site"})]:
            status, found, _ = ground.http("POST", "/signin", body, **headers)
            self.check(f"F-OPS-08: a form {what} is refused", status == 403 and "Set-Cookie" not in found, status)
        status, _, _ = ground.http("POST", "/api/kill", json.dumps({"session": "x"}), Content_Type="application/json", Origin="http://evil.example",
                                   Authorization=f"Bearer {ground.operator}")
        self.check("F-OPS-08: a call of another origin is refused, even with a token", status == 403, status)
        status, _, _ = ground.http("GET", "/api/records")
        self.check("F-OPS-08: a call without a token is refused", status == 401, status)
        for path, kind in (("/signin", "text/html"), ("/page.js", "text/javascript"), ("/api/openapi.json", "application/json"), ("/nothing", "text/plain")):
            _, found, _ = ground.http("GET", path)
            policy = found["Content-Security-Policy"]
            self.check(f"{path} is nosniff, not kept, and under default-src 'none'",
                       found["X-Content-Type-Options"] == "nosniff" and found["Cache-Control"] == "no-store"
                       and policy.startswith("default-src 'none'") and "unsafe" not in policy and found["Content-Type"].startswith(kind), str(found))

    def figures(self):
        """What callers send makes no time series, and health costs no replica anything."""
        ground = self.ground

        def series():
            return {line.rsplit(" ", 1)[0] for line in ground.http("GET", "/metrics")[2].splitlines() if not line.startswith("#")}

        def logins():
            answer = subprocess.run(["psql", "-X", "-A", "-t", ground.values["DIRECT_DSN_EU_A"], "-c",
                                     "select sum(sessions) from pg_stat_database"], check=False, text=True, stdout=subprocess.PIPE)
            return int(answer.stdout or 0)
        ground.run("select 1", ground.operator, "no-such-database")
        before = series()
        for number in range(10):
            ground.run(f"select {number}", ground.values["DOMICILE_TOKEN_EU_ANALYST"], f"database-{number}", f"application-{number}")
        self.check("F-OPS-07: databases and names that callers make up are no series", series() == before, series() - before)
        begun, seen, answers = time.monotonic(), logins(), set()
        connection = http.client.HTTPConnection(*ground.admin.split(":"), timeout=15)
        for _ in range(1000):
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            answers.add((answer.status, answer.read()))
        connection.close()
        took = time.monotonic() - begun
        self.check("F-OPS-11: a thousand questions whether it is ready have one answer, and cost replicas no login",
                   answers == {(200, b"ok\n")} and took < 10 and logins() - seen < 20, f"{answers} {took:.1f} s")

    def calls(self):
        """The calls that read the logs, with a token."""
        ground = self.ground
        described = ground.ask("/api/openapi.json")
        self.check("the calls are described", described["openapi"] == "3.1.0" and "/api/records/{seq}" in described["paths"])
        pages, cursor = [], ""
        for _ in range(100):
            answer = ground.ask(f"/api/records?region=us-east-1&limit=7&order=asc{cursor}")
            pages += [entry["seq"] for entry in answer["records"]]
            if "next" not in answer:
                break
            cursor = "&cursor=" + answer["next"]
        self.check("all records of a log come, page by page", pages == [record["seq"] for record in ground.records("us-east-1")], pages)
        wanted, statuses = [200] * 8 + [503], []
        # That the page's own has gone shows by the signs of life that are sent to it.
        for _ in range(30):
            streams = [self.stream() for _ in range(9)]
            statuses = [status for status, _ in streams]
            for _, stream in streams:
                stream.close()
            if statuses == wanted:
                break
            time.sleep(1)
        self.check("eight follow the logs at a time, the ninth is told so", statuses == wanted, statuses)

    def slow_reader(self):
        """Who follows and does not read is dropped, and holds nobody up."""
        ground = self.ground
        # That the eight of before have gone shows by the signs of life that are sent to them.
        status, slow = until(lambda: (found := self.stream())[0] == 200 and found, "a stream to be free")
        _, quick = until(lambda: (found := self.stream())[0] == 200 and found, "another")
        seen = []
        reader = threading.Thread(target=lambda: seen.append(quick.finds(b"'the last one'")), daemon=True)
        reader.start()
        file = ground.folder / "many.sql"
        file.write_text(("select length('" + "x" * 7000 + "');\n") * 2500 + "select 'the last one';\n")
        begun = time.monotonic()
        ground.run(f"\\i {file}", ground.values["DOMICILE_TOKEN_EU_ANALYST"])
        took = time.monotonic() - begun
        reader.join(timeout=20)
        self.check("who reads the stream has all of it", seen == [True], f"{seen} after {took:.1f} s")
        ended = slow.is_ended()
        self.check("who does not is dropped", status == 200 and ended, f"{status} {ended}")
        quick.close()
        slow.close()

    def ending(self):
        """A gateway that is told to stop does not wait for those who follow."""
        status, stream = self.stream()
        begun = time.monotonic()
        self.ground.testbed("gateway", "stop")
        took = time.monotonic() - begun
        self.check("the gateway ends although somebody follows", status == 200 and stream.is_ended() and took < 4, f"{took:.1f} s")
        stream.close()

    def stream(self):
        stream = Stream(self.ground)
        return stream.status, stream

    def sign_out(self):
        browser = self.browser
        browser.go(self.ground.url + "/")
        browser.submit(".out button")
        self.check("signing out leads to the form", browser.path() == "/signin", browser.path())
        browser.go(self.ground.url + "/sessions")
        self.check("and what was open is closed", browser.path() == "/signin", browser.path())

    def recorded(self):
        """Whoever looked at something is in the log with it."""
        reads = [record for record in self.ground.records() if record["type"] == "admin" and record["operation"] == "read"]
        targets = [record["target"] for record in reads]
        wanted = ["page", "replicas", "sessions", "explain", "records refused=true", "records region=us-east-1 relation=customers since=1d",
                  "live records type=query"]
        lacking = [target for target in wanted if target not in targets]
        self.check("each reading is in the log", lacking == [], lacking)
        self.check("and whose it was", all(record.get("subject") == self.ground.subject("OPERATOR") for record in reads if "subject" in record)
                   and any(target.startswith("record ") for target in targets) and any(target.startswith("receipt of ") for target in targets))
        killed = [record for record in self.ground.records() if record["type"] == "admin" and record["operation"] == "kill"]
        self.check("and the kill with its reason", [record.get("reason") for record in killed] == ["page test"], killed)
        said = pathlib.Path(self.ground.values["DOMICILE_LOG"]).read_text(errors="replace")
        self.check("the token is in no log", self.ground.operator not in said and not any(self.ground.operator in json.dumps(record) for record in reads))


__all__ = ["Run", "Wrong"]
