"""What a run leaves behind: the audit log whole and without gaps, the gateway's descriptors and memory as before."""

import collections
import json
import pathlib
import subprocess
import time

# How far memory may be above what it was: allocators keep pages, a leak of sessions does not stop there.
MEMORY = 64 << 20
# The probes of replicas' health come and go; what a suite leaks is of the order of its sessions.
DESCRIPTORS = 6
PATIENCE = 20
MOST_PROBLEMS = 8
SENT = ("query", "execute", "function_call")


class Log:
    """Reads what is new in the segments of all regions, and keeps account of it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.read = {}
        self.next = {}
        self.records = 0
        self.forget()

    def forget(self):
        self.problems = []
        self.open = {}
        self.waiting = collections.defaultdict(dict)
        self.types = collections.Counter()
        self.unanswered = 0

    def find(self, problem):
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def take(self):
        for segment in sorted(self.folder.glob("*/segments/*.jsonl")):
            region = segment.parent.parent.name
            with open(segment, "rb") as file:
                file.seek(self.read.get(segment, 0))
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self.read[segment] = self.read.get(segment, 0) + len(line)
                    self.account(region, line)

    def account(self, region, line):
        try:
            record = json.loads(line)
        except ValueError as problem:
            self.find(f"{region}: a line that is no JSON ({problem}): {line[:80]!r}")
            return
        expected = self.next.get(region, record.get("seq"))
        if record.get("seq") != expected:
            self.find(f"{region}: record {record.get('seq')} where {expected} was due")
        self.next[region] = record.get("seq", 0) + 1
        self.records += 1
        self.types[record["type"]] += 1
        self.follow(record)

    def follow(self, record):
        """A session that starts ends, and each statement that was executed in it has an outcome."""
        kind, session = record["type"], record.get("session")
        if kind == "session.start":
            self.open[session] = record
        elif kind == "session.end":
            if self.open.pop(session, None) is None:
                self.find(f"session {session} ends and never began")
            self.last_of(session)
        elif kind in SENT and record.get("verdict", {}).get("allowed", True):
            self.waiting[session][record["message"]] = record
        elif kind == "outcome":
            self.waiting[session].pop(record["of"], None)

    def last_of(self, session):
        """What was executed has its outcome before its session's end."""
        self.unanswered += len(self.waiting.pop(session, {}))

    def settle(self):
        """Reads until every session that began has ended."""
        until = time.monotonic() + PATIENCE
        self.take()
        while self.open and time.monotonic() < until:
            time.sleep(0.1)
            self.take()
        for session, record in self.open.items():
            self.find(f"session {session} ({record.get('application', '')!r}) began and has not ended")


class Gateway:
    def __init__(self, variables):
        self.process = pathlib.Path("/proc") / variables["DOMICILE_PID"]
        self.program = variables["DOMICILE_BIN"]
        self.log = Log(variables["DOMICILE_AUDIT"])
        self.messages = pathlib.Path(variables["DOMICILE_LOG"])
        self.started = self.start_time()

    def start_time(self):
        try:
            return (self.process / "stat").read_text().rpartition(")")[2].split()[19]
        except OSError:
            return None

    def descriptors(self):
        return len(list((self.process / "fd").iterdir()))

    def memory(self):
        status = (self.process / "status").read_text()
        return int(status.partition("VmRSS:")[2].split()[0]) << 10

    def mark(self):
        self.log.take()
        self.log.forget()
        self.before = (self.descriptors(), self.memory())

    def what_is_left(self):
        """What a suite left behind, and the problems with that."""
        if self.start_time() != self.started:
            return {}, ["the gateway's process has ended"]
        problems = []
        self.log.settle()
        until = time.monotonic() + PATIENCE
        while self.descriptors() > self.before[0] + DESCRIPTORS and time.monotonic() < until:
            time.sleep(0.2)
        descriptors, memory = self.descriptors(), self.memory()
        if descriptors > self.before[0] + DESCRIPTORS:
            problems.append(f"{descriptors} descriptors are open, before it were {self.before[0]}")
        if memory > self.before[1] + MEMORY:
            problems.append(f"{memory >> 20} MiB of memory, before it were {self.before[1] >> 20} MiB")
        problems += self.log.problems
        if self.log.unanswered:
            problems.append(f"{self.log.unanswered} statements in the audit log have no outcome")
        if not self.log.types["session.end"]:
            problems.append("no session in the audit log")
        return {"descriptors": [self.before[0], descriptors], "memory": [self.before[1], memory],
                "records": sum(self.log.types.values()), "sessions": self.log.types["session.start"],
                "refused": self.log.types["session.refused"], "unanswered": self.log.unanswered}, problems


def version_of(program):
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return (done.stdout.split() or ["?"])[-1]
