"""One case: a log under load, something that happens to it, and what must be so afterwards."""

import collections
import dataclasses
import json
import threading
import time

import judge
import processes
from journal import Account, ServerLog, read, segments
from ledger import KINDS, Load
from place import SETTLE_SECONDS, now
from state import REPOSITORY

POLL = 0.02
VERIFIER = REPOSITORY / "Tests/TestSupport/verifiers/verify_log.py"


@dataclasses.dataclass
class Result:
    """A case's line. `problems` are sentences; times are seconds."""

    name: str
    title: str
    saw: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    facts: list = dataclasses.field(default_factory=list)
    problems: list = dataclasses.field(default_factory=list)
    begun: float = dataclasses.field(default_factory=now)

    def line(self):
        saw = ", ".join(f"{what} ×{count}" for what, count in sorted(self.saw.items(), key=lambda item: item[0] != "ok"))
        parts = [f"executors saw {saw}"] if saw else []
        parts += [*self.facts, f"{now() - self.begun:.1f} s"]
        return (f"{'FAILED' if self.problems else 'ok    '} {self.name}: {self.title}; " + "; ".join(parts)
                + "".join(f"\n         {problem}" for problem in self.problems))


class Keeper(threading.Thread):
    """Keeps every checkpoint that the log shows, where no gateway writes."""

    def __init__(self, log, kept):
        super().__init__(daemon=True)
        self.path = log / "checkpoint"
        self.kept = kept
        # Records that the last of them covers, and how many there were.
        self.size = 0
        self.count = 0
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.wait(POLL):
            self.look()

    def look(self):
        try:
            note = self.path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return
        size = int(note.split(b"\n")[1]) if note.endswith(b"\n") else 0
        # An older one in its place is a fault that a case makes.
        if size > self.size:
            self.size = size
            self.count += 1
            with open(self.kept, "ab") as file:
                file.write(note + b"\n")

    def stop(self):
        self.stopping.set()
        self.join()
        self.look()


class Case:
    """Runs load at a place and judges. `may`: what executors may be told besides answers."""

    def __init__(self, place, name, title, kinds=KINDS, may=()):
        self.place = place
        self.result = Result(name, title)
        self.may = may
        self.kept = place.audit / f"kept-{place.log.name}"
        self.keeper = Keeper(place.log, self.kept)
        self.since = next_record(place.log)
        self.server = ServerLog(place.server_log)
        self.load = Load(place, name.replace(" ", "."), kinds)
        self.is_killed = False
        # What the log and the server's log say, once it is judged; a case that spoils its log judges by itself.
        self.account = None
        self.served = None
        self.is_judged = True

    def __enter__(self):
        self.keeper.start()
        self.load.__enter__()
        self.expect_served(self.load)
        return self

    def __exit__(self, kind, *_):
        self.load.stop()
        self.keeper.stop()
        if kind is None and self.is_judged:
            self.judge()

    def problem(self, text):
        self.result.problems.append(text)

    def fact(self, text):
        self.result.facts.append(text)

    def details(self):
        return "; ".join(sorted({f"{entry.told} {entry.detail}" for entry in self.load.entries if entry.told != "ok"})) or "nothing"

    def expect_served(self, load):
        if not processes.wait_until(lambda: load.served_since(0), SETTLE_SECONDS):
            self.problem(f"not every executor was served at first: {self.details()}")

    def expect_told(self, told, seconds=5.0):
        """Some executor is told this, in time."""
        if not processes.wait_until(lambda: told in self.load.saw(), seconds):
            self.problem(f"nobody was told {told} within {seconds:.0f} s")

    def expect_service(self, since, seconds=SETTLE_SECONDS):
        """Everybody is served, and the gateway says so; how long that took."""
        if not processes.wait_until(lambda: self.load.served_since(since) and self.place.is_ready(), seconds):
            self.problem(f"not everybody is served {seconds} s after it was mended: {self.details()}")
        return now() - since

    def judge(self):
        """Holds the ledger against the log and the server's own log, and has the log verified."""
        place = self.place
        self.result.saw = self.load.saw()
        place.wait_for_backends()
        if place.is_running() and not self.is_killed:
            processes.wait_until(lambda: not Account(read(place.log, self.since)).open_sessions, 5)
        self.served = served = self.server.read()
        self.account = account = Account(read(place.log, self.since))
        self.result.problems += judge.problems(self.load.entries, account, served, self.is_killed, self.may)
        place.lost_outcomes += account.without_outcome
        self.fact(f"{len(account.records)} records, {sum(account.recorded.values())} statements, {sum(served.values())} at the "
                  f"server, {account.without_outcome} without an outcome")
        self.verify()

    def verify(self):
        # A log of less than a second has no checkpoint.
        processes.wait_until((self.place.log / "checkpoint").exists, 5)
        report = verification(self.place, self.kept)
        if not report["verified"]:
            self.problem("verify: " + "; ".join(finding["reason"] for finding in report["findings"][:3]))
        if report["without_outcome"] != self.place.lost_outcomes:
            self.problem(f"verify counts {report['without_outcome']} statements without an outcome, "
                         f"the records have {self.place.lost_outcomes}")
        return report


def verification(place, kept):
    against = ["--against", kept] if kept.exists() else []
    status, output = place.call("audit", "verify", place.log, "--key", place.keys, "--json", *against)
    report = json.loads(output[output.index("{"):]) if "{" in output else {
        "verified": False, "findings": [{"reason": output}], "without_outcome": -1, "covered": 0, "end": 0, "confirmed": 0}
    if (status == 0) != report["verified"]:
        report["findings"].append({"reason": f"ended with status {status}: {output[-200:]}"})
        report["verified"] = False
    return report


def verify_elsewhere(place, name):
    """A result: the log is verified by a program that shares no code with the gateway."""
    result = Result(f"{name} log", "the whole log is verified by a program that shares no code with the gateway")
    key = next(line for line in place.keys.read_text().splitlines() if f"/{place.log.name}+" in line)
    status, output = processes.run(["/usr/bin/python3", VERIFIER, place.log, key], processes.plain_environment())
    result.facts.append(output.strip()[-200:])
    if status != 0:
        result.problems.append(f"it ended with status {status}")
    return result


def next_record(log):
    """One past the last record that is there."""
    last = max((first for first, _ in segments(log)), default=0)
    records = read(log, last)
    return records[-1]["seq"] + 1 if records else last


def wait(seconds):
    time.sleep(seconds)
