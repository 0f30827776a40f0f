"""The servers' own word: which executors' sessions and statements reached which of them, by its own log."""

import re
import typing

from executors import MARK

# For the servers' configuration: each login, each statement, and whose it is.
SETTINGS = """\
log_connections = on
log_statement = 'all'
log_line_prefix = '%m [%p] %q%u@%d app=%a| '
"""
LOGIN = re.compile(r"connection authorized: user=\S+ database=\S+ application_name=faults/([^/ ]+)/(\S+)")
STATEMENT = re.compile(rf" app=faults/([^/ ]+)/([^| ]+)\| LOG:  (?:statement|execute [^:]*): .*{MARK}")
ALLOWED = {
    "eu-analysts": {"eu-west-1", "eu-central-1"}, "eu-writers": {"eu-west-1", "eu-central-1"},
    "us-analysts": {"us-east-1"},
}


class Server(typing.NamedTuple):
    """A server's log, and the region where that server is, wherever its port is. None: no executor belongs there.

    `has_copied_key`: it shows another server's certificate, so that nobody can tell it before a login; then what
    counts is that no statement arrives.
    """

    log: object
    region: str | None
    has_copied_key: bool = False


class Witness:
    """Reads all servers' logs on from where it was."""

    def __init__(self):
        self.servers = {}
        self.offsets = {}
        # (server, rule, executor) of what should not be there, and how often anything was.
        self.found = []
        self.logins = {}
        self.statements = {}

    def add(self, name, server):
        self.servers[name] = server

    def read(self):
        """What reached a server that its rule does not allow, since the last call."""
        self.found = []
        for name, server in self.servers.items():
            if not server.log.exists():
                continue
            with open(server.log, "rb") as file:
                file.seek(self.offsets.get(name, 0))
                text = file.read()
            whole = text[:text.rfind(b"\n") + 1]
            self.offsets[name] = self.offsets.get(name, 0) + len(whole)
            for line in whole.decode(errors="replace").splitlines():
                self.judge(name, server, line)
        return self.found

    def judge(self, name, server, line):
        for pattern, counts, what in ((LOGIN, self.logins, "login"), (STATEMENT, self.statements, "statement")):
            match = pattern.search(line)
            if match is None:
                continue
            rule, executor = match.groups()
            counts[name, rule] = counts.get((name, rule), 0) + 1
            is_allowed = server.region is not None and server.region in ALLOWED.get(rule, set())
            if not is_allowed and not (what == "login" and server.has_copied_key):
                self.found.append((name, server.region, rule, executor, what))
