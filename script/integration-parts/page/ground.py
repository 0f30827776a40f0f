"""A testbed of its own, executors, and requests that no browser makes."""

import base64
import http.client
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
HOSTILE = "<img src=x onerror=\"window.ran=1\"><script>window.ran=1</script>'\"&"
# The gateway's rules name subjects by their groups: any subject may be an analyst's.
BASES = (7360, 17360, 18360)


class Ground:
    """`close` ends and removes all of it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-page."))
        self.environment = {**os.environ, "DOMICILE_TESTBED_DIR": str(self.folder / "testbed")}
        self.environment.setdefault("DOMICILE_TESTBED_PORT", str(BASES[0]))
        self.values = {}
        self.clients = []

    def open(self):
        self.testbed("up")
        for line in self.testbed("env").splitlines():
            if "=" in line:
                name, value = line.removeprefix("export ").split("=", 1)
                self.values[name] = value.strip("'\"")
        self.admin = self.values["DOMICILE_ADMIN"]
        self.url = f"http://{self.admin}"
        self.operator = self.values["DOMICILE_TOKEN_OPERATOR"]

    def close(self):
        for client in self.clients:
            if client.poll() is None:
                client.kill()
                client.wait()
        self.testbed("down", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def testbed(self, *arguments, check=True):
        answer = subprocess.run([ROOT / "script/testbed", *arguments], env=self.environment, check=False, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if check and answer.returncode:
            raise SystemExit(f"page: script/testbed {arguments[0]}: {answer.stderr.strip()}")
        return answer.stdout.strip()

    def subject(self, name):
        """The subject of a token of `env`."""
        part = self.values[f"DOMICILE_TOKEN_{name}"].split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["sub"]

    def token(self, name, *claims):
        return self.testbed("token", name, *claims)

    # Executors

    def psql_words(self, database, token, application):
        environment = {
            **os.environ, "PGHOST": self.values["DOMICILE_HOST"], "PGPORT": self.values["DOMICILE_PORT"], "PGUSER": "auto",
            "PGDATABASE": database, "PGPASSWORD": token, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": self.values["DOMICILE_CA"],
            "PGAPPNAME": application}
        return ["psql", "-X", "-A", "-t", "-q"], environment

    def run(self, sql, token, database="orders", application="page"):
        words, environment = self.psql_words(database, token, application)
        return subprocess.run([*words, "-c", sql], env=environment, check=False, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)

    def session(self, token, application):
        """One that stays: statements go to its standard input."""
        self.insist(lambda: self.run("select 1", token).returncode == 0, "the gateway to let an executor in")
        words, environment = self.psql_words("orders", token, application)
        client = subprocess.Popen(words, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
        self.clients.append(client)
        client.stdin.write("select 'here';\n")
        client.stdin.flush()
        # The server may have something to say about a name that is longer than its own may be.
        said = []
        for line in client.stdout:
            if line.strip() == "here":
                return client
            said.append(line)
        raise SystemExit(f"page: the executor's session did not begin: {''.join(said)}")

    @staticmethod
    def insist(look, what, patience=15):
        end = time.monotonic() + patience
        while not look():
            if time.monotonic() > end:
                raise SystemExit(f"page: waited in vain for {what}")
            time.sleep(0.1)

    # Requests

    def http(self, method, path, body=None, **headers):
        """Status, headers and body; a header of None is not sent."""
        host, port = self.admin.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=15)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.putrequest(method, path, skip_host="Host" in named, skip_accept_encoding=True)
        for name, value in named.items():
            if value is not None:
                connection.putheader(name, value)
        data = (body or "").encode()
        if body is not None:
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data or None)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def ask(self, path):
        """A call with the operator's token; its JSON."""
        status, _, text = self.http("GET", path, Authorization=f"Bearer {self.operator}")
        if status != 200:
            raise SystemExit(f"page: {path}: {status} {text}")
        return json.loads(text)

    def records(self, region="eu-west-1"):
        folder = pathlib.Path(self.values["DOMICILE_AUDIT"]) / region / "segments"
        return [json.loads(line) for segment in sorted(folder.glob("*.jsonl")) for line in segment.read_text().splitlines()]

    def domicile(self, *arguments):
        return subprocess.run([self.values["DOMICILE_BIN"], *arguments], check=False, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)

    def settle(self):
        """Until a checkpoint covers all that is in the logs."""
        def is_signed(region):
            found = self.ask(f"/api/checkpoints?region={region}&limit=1")["checkpoints"]
            return found and found[0]["size"] >= len(self.records(region)) - 2
        for region in ("eu-west-1", "us-east-1"):
            self.insist(lambda region=region: is_signed(region), f"a checkpoint over the log of {region}")
