"""One question in psql, in the page and by the command: who read customers from us-east-1 yesterday?"""

import datetime
import json
import os
import secrets
import subprocess

from browser import until

REGION = "us-east-1"
# Before the day, its first and last moment, and after it; who read what. The answer is written by hand below.
LOG = [
    ("before", datetime.timedelta(days=-1, microseconds=-1), "early", "SELECT * FROM customers", ["customers"]),
    ("first", datetime.timedelta(days=-1), "anna", "SELECT name FROM customers", ["customers"]),
    ("noon", datetime.timedelta(hours=-12), "ben", "SELECT * FROM invoices", ["invoices"]),
    ("afternoon", datetime.timedelta(hours=-9), "carla", "SELECT count(*) FROM public.customers", ["public.customers"]),
    ("again", datetime.timedelta(hours=-8), "anna", "SELECT id FROM customers", ["customers"]),
    ("last", datetime.timedelta(microseconds=-1), "dora", "SELECT 1 FROM customers c JOIN invoices i USING (id)",
     ["customers", "invoices"]),
    ("after", datetime.timedelta(0), "late", "SELECT * FROM customers", ["customers"]),
]
ANSWER = ["anna", "carla", "dora"]


class Yesterday:
    """A gateway of us-east-1, made by `domicile init`, whose log has days."""

    def __init__(self, ground):
        self.ground = ground
        base = int(ground.values["DOMICILE_PORT"])
        self.port, self.admin = base + 50, f"127.0.0.1:{base + 51}"
        self.process = None
        self.today = datetime.datetime.now(datetime.timezone.utc).date()
        self.folder = ground.folder / f"yesterday-of-{self.today}"

    def open(self):
        values = self.ground.values
        made = self.ground.domicile(
            "init", "--yes", "--folder", str(self.folder), "--region", f"{REGION}=US", "--issuer", values["DOMICILE_ISSUER"],
            "--replica", f"orders@{REGION}=127.0.0.1:{values['DIRECT_PORT_US_A']}", "--upstream-ca", values["DOMICILE_UPSTREAM_CA"],
            "--listen", f"127.0.0.1:{self.port}", "--admin", self.admin)
        if made.returncode:
            raise SystemExit(f"page: init: {made.stdout}")
        file = str(self.folder / "domicile.yaml")
        made = self.ground.domicile("audit", "init", "--config", file)
        if made.returncode:
            raise SystemExit(f"page: audit init: {made.stdout}")
        self.write()
        log = open(self.folder / "gateway.log", "wb")
        self.process = subprocess.Popen([values["DOMICILE_BIN"], "serve", "--config", file], stdout=log, stderr=log)
        until(lambda: self.psql("SELECT 1").returncode == 0, "the gateway of yesterday's log")

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def write(self):
        segments = self.folder / "audit" / REGION / "segments"
        segments.mkdir(exist_ok=True)
        midnight = datetime.datetime.combine(self.today, datetime.time())
        with open(segments / f"{0:020}.jsonl", "w", encoding="utf-8") as file:
            for seq, (session, shift, subject, sql, relations) in enumerate(LOG):
                record = {
                    "seq": seq, "salt": secrets.token_hex(16), "time": (midnight + shift).isoformat(timespec="microseconds") + "Z",
                    "type": "query", "session": session, "gateway": "gw", "region": REGION, "replica": f"orders-{REGION}",
                    "database": "orders", "role": "analyst", "issuer": "https://id.example.com", "subject": subject,
                    "client": "10.0.0.1:5000", "rule": "executors", "message": 1, "sql": sql, "class": "select",
                    "relations": relations}
                file.write(json.dumps(record, separators=(",", ":")) + "\n")

    def psql(self, sql):
        environment = {
            **os.environ, "PGPASSWORD": self.ground.operator, "PGSSLMODE": "verify-full", "PGHOST": "localhost", "PGPORT": str(self.port),
            "PGSSLROOTCERT": str(self.folder / "gateway.crt"), "PGDATABASE": "domicile", "PGUSER": "auto"}
        return subprocess.run(["psql", "-X", "-A", "-t", "-c", sql], env=environment, check=False, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)

    def in_psql(self):
        """In the words that a DBA may find for it; each has its answer."""
        day = (self.today - datetime.timedelta(days=1)).isoformat()
        conditions = [
            "time >= 'yesterday' AND time < 'today'", "time >= current_date - 1 AND time < current_date", "time::date = current_date - 1",
            "date_trunc('day', time) = date_trunc('day', now()) - interval '1 day'", f"time::date = '{day}'",
            f"time BETWEEN '{day} 00:00:00+00' AND '{day} 23:59:59.999999+00'", f"time >= '{day}' AND time < timestamptz '{day}' + interval '1 day'",
        ]
        for condition in conditions:
            found = self.psql("SELECT DISTINCT subject FROM records WHERE relation = 'customers' AND region = "
                              f"'{REGION}' AND {condition} ORDER BY 1")
            yield condition, found.stdout.split(), found.stderr

    def by_command(self):
        found = self.ground.domicile("audit", "search", str(self.folder / "audit"), "--relation", "customers", "--region", REGION,
                                     "--since", "yesterday", "--until", "yesterday", "--json")
        lines = [line for line in found.stdout.splitlines() if line.startswith("{")]
        return sorted({json.loads(line)["subject"] for line in lines}), found.stdout

    def on_page(self, browser):
        url = f"http://{self.admin}"
        browser.go(url + "/signin")
        browser.fill("#token", self.ground.operator)
        browser.submit("main button")
        browser.go(url + "/log")
        for name, value in [("relation", "customers"), ("region", REGION), ("since", "yesterday"), ("until", "yesterday")]:
            browser.fill(f"[name={name}]", value)
        browser.submit(".search button")
        names = {subject for _, _, subject, _, _ in LOG}
        rows = browser.do("[...document.querySelectorAll('#records tr')].map(e => e.innerText)")
        return sorted({name for row in rows for name in names if name in row.split()}), rows

    def is_over(self):
        """Midnight came: what was yesterday is not any more."""
        return datetime.datetime.now(datetime.timezone.utc).date() != self.today


def ask(run):
    """The same question three ways has one answer."""
    while True:
        asked = Yesterday(run.ground)
        try:
            asked.open()
            words = list(asked.in_psql())
            command, page = asked.by_command(), asked.on_page(run.browser)
        finally:
            asked.close()
        if not asked.is_over():
            break
    for condition, found, said in words:
        run.check(f"“who read customers from us-east-1 yesterday” in psql: {condition}", found == ANSWER, f"{found} {said}")
    run.check("and by domicile audit search", command[0] == ANSWER, command)
    run.check("and on the page", page[0] == ANSWER, page)
