"""What the log and the server's own log say of the statements of executors. Read as anybody could, by no code of the gateway."""

import collections
import json
import re

MARK = re.compile(r"mark/[\w.+-]+/\w+/\d+")
SEQ = re.compile(rb'\{"seq":(\d+),')
SERVED = re.compile(rf"LOG:  (?:statement|execute [^:]*): SELECT '({MARK.pattern})'")


def segments(folder):
    """(first record, path) of each segment, in their order."""
    return sorted((int(path.stem), path) for path in (folder / "segments").glob("*.jsonl"))


def read(folder, since=0):
    """Records from a number on. A segment holds what the next one does not; a last line without its end is not there yet."""
    found = segments(folder)
    records = []
    for (_, path), end in zip(found, [first for first, _ in found[1:]] + [None]):
        if end is not None and end <= since:
            continue
        for line in path.read_bytes().split(b"\n")[:-1]:
            record = json.loads(line)
            if record["seq"] >= since and (end is None or record["seq"] < end):
                records.append(record)
    return records


def lines(folder):
    """The bytes of every whole record, in their order."""
    found = segments(folder)
    whole = []
    for (_, path), end in zip(found, [first for first, _ in found[1:]] + [None]):
        for line in path.read_bytes().split(b"\n")[:-1]:
            if end is None or int(SEQ.match(line).group(1)) < end:
                whole.append(line)
    return whole


def notes(log):
    """The signed checkpoints of checkpoints.log, each as `checkpoint` had it: text, an empty line, signatures."""
    try:
        parts = (log / "checkpoints.log").read_bytes().split(b"\n\n")
    except FileNotFoundError:
        return []
    return [text + b"\n\n" + signatures + b"\n" for text, signatures in zip(parts[::2], parts[1::2])]


class Account:
    """Records by what they say of marked statements."""

    def __init__(self, records):
        self.records = records
        # {mark: how many records say that it was let through}, {mark: (session, message)} of what its outcome is of.
        self.recorded = collections.Counter()
        self.messages = {}
        self.outcomes = {}
        self.starts = set()
        self.ends = set()
        # Messages that must have an outcome, as `verify` counts them.
        self.asked = set()
        parsed = {}
        for record in records:
            self.take(record, parsed)

    def take(self, record, parsed):
        kind, session = record["type"], record.get("session")
        if kind == "session.start":
            self.starts.add(session)
        elif kind == "session.end":
            self.ends.add(session)
        elif kind == "outcome":
            self.outcomes[session, record["of"]] = record
        elif kind == "parse":
            mark = MARK.search(record.get("sql", ""))
            parsed[session, record["message"]] = mark.group() if mark else None
        elif kind in ("query", "execute"):
            self.asked.add((session, record["message"]))
            mark = MARK.search(record.get("sql", "")) if kind == "query" else None
            name = mark.group() if mark else parsed.get((session, record.get("statement")))
            if name is not None:
                self.recorded[name] += 1
                self.messages[name] = (session, record["message"])

    def outcome(self, mark):
        return self.outcomes.get(self.messages.get(mark))

    @property
    def without_outcome(self):
        return len(self.asked - set(self.outcomes))

    @property
    def open_sessions(self):
        return self.starts - self.ends


class ServerLog:
    """The server's log, read on from where it was."""

    def __init__(self, path):
        self.path = path
        self.offset = path.stat().st_size if path.exists() else 0

    def peek(self):
        """{mark: how often such a statement reached the server} since the last `read`."""
        offset = self.offset
        try:
            return self.read()
        finally:
            self.offset = offset

    def read(self):
        """The same, and the next call goes on behind it."""
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        whole = text[:text.rfind(b"\n") + 1]
        self.offset += len(whole)
        return collections.Counter(SERVED.findall(whole.decode(errors="replace")))
