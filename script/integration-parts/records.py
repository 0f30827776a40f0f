"""Reads a gateway's audit log and compares it with what it must say."""

import base64
import json
import re
import time

from expectation import Expectation

# What differs from run to run, and the identity, which is compared by itself.
VOLATILE = ("seq", "salt", "time", "session", "duration_us")
# What the gateway says of a statement that it forwards.
SAID = ("fingerprint", "class", "relations", "verdict")
IDENTITY = ("gateway", "region", "replica", "database", "role", "issuer", "subject", "planner", "task", "token_id", "client",
            "application", "rule")
SENT = ("query", "parse", "bind", "execute", "function_call")
ENDS = ("outcome", "copy")
# Names that drivers make of addresses and the server of its state, and that differ from run to run.
VARYING = re.compile(r'(?<="c_)[0-9a-f]{12}(?=_)|(?<=SNAPSHOT \')[0-9A-F-]+|(?<=dbdpg_p)\d+(?=_)|(?<=_PLAN0x)[0-9a-f]+')
FORMATS = {0: "text", 1: "binary"}
MOST_DIFFERENCES = 8


class Log:
    """The segments of all regions, read from where the last call ended."""

    def __init__(self, folder):
        self.folder = folder
        self.read = {}

    def new_records(self):
        found = []
        for segment in sorted(self.folder.glob("*/segments/*.jsonl")):
            with open(segment, "rb") as file:
                file.seek(self.read.get(segment, 0))
                whole = file.read()
            whole = whole[:whole.rfind(b"\n") + 1]
            self.read[segment] = self.read.get(segment, 0) + len(whole)
            found += [json.loads(line) for line in whole.splitlines()]
        return found

    def skip(self):
        """What is there already is of no interest."""
        for segment in self.folder.glob("*/segments/*.jsonl"):
            whole = segment.read_bytes()
            self.read[segment] = whole.rfind(b"\n") + 1

    def sessions(self, count, patience):
        """The new records by session, once `count` of them have ended or after `patience` seconds."""
        until = time.monotonic() + patience
        records = self.new_records()
        while sum(record["type"] == "session.end" for record in records) < count and time.monotonic() < until:
            time.sleep(0.02)
            records += self.new_records()
        # A session more than was expected would come late.
        time.sleep(0.15)
        records += self.new_records()
        sessions, others = {}, []
        for record in records:
            if "session" in record and record["type"] != "session.refused":
                sessions.setdefault(record["session"], []).append(record)
            else:
                others.append(record)
        return list(sessions.values()), others


def sql_of(record, texts):
    sql = base64.b64decode(record["sql_base64"]) if "sql_base64" in record else record["sql"].encode()
    for part in sorted(texts.get(record["message"], []), key=lambda part: part["part"]):
        sql += base64.b64decode(part["sql_base64"]) if "sql_base64" in part else part["sql"].encode()
    return sql


def plain(sql):
    return VARYING.sub("*", sql.decode(errors="surrogateescape") if isinstance(sql, bytes) else sql)


def compare_parameters(expected, found, digests):
    """None, or what differs. A digest stands for its value: equal exactly where the values are."""
    if len(expected) != len(found):
        return f"{len(expected)} parameters, recorded {len(found)}"
    for at, ((form, value), record) in enumerate(zip(expected, found), 1):
        length = 0 if value is None else len(value)
        if record.get("format") != FORMATS[form]:
            return f"parameter {at} has format {FORMATS[form]}, recorded {record.get('format')}"
        if value is None:
            if "value" not in record or record["value"] is not None:
                return f"parameter {at} is NULL, recorded {record}"
        elif record.get("bytes") != length or "digest" not in record or "value" in record:
            return f"parameter {at} has {length} bytes, recorded {record}"
        elif digests.setdefault(value, record["digest"]) != record["digest"]:
            return f"parameter {at} has another digest than the same value had before"
    return None


def compare_sent(expectation, records, texts, digests):
    sent = [record for record in records if record["type"] in SENT]
    wanted = expectation.records
    for at in range(max(len(sent), len(wanted))):
        if at >= len(sent):
            yield f"not recorded: {brief(wanted[at])}"
            continue
        if at >= len(wanted):
            yield f"recorded and not sent: {brief(sent[at])}"
            continue
        want = dict(wanted[at])
        have = {key: value for key, value in sent[at].items() if key not in VOLATILE + IDENTITY + SAID}
        if "sql" in want:
            sql = sql_of(sent[at], texts) if "sql" in have or "sql_base64" in have else None
            if sql is not None and have.pop("sql_bytes", len(sql)) != len(sql):
                yield f"sql_bytes of message {want['message']} is wrong"
            for key in ("sql_base64", "client_encoding", "sql"):
                have.pop(key, None)
            if sql is None or plain(sql) != plain(want.pop("sql")):
                yield f"other SQL recorded: {brief(sent[at])} for {brief(wanted[at])}"
        problem = compare_parameters(want.pop("parameters", []), have.pop("parameters", []), digests)
        if problem:
            yield f"message {want['message']}: {problem}"
        for one in (want, have):
            one.update({key: plain(one[key]) for key in ("statement_name", "portal") if key in one})
        if want != have:
            yield f"recorded {brief(have)}, sent {brief(want)}"


def compare_ends(expectation, records):
    wanted = expectation.ends
    ends = [record for record in records if record["type"] in ENDS]
    have = [{key: value for key, value in record.items() if key not in VOLATILE} for record in ends]
    for at in range(max(len(have), len(wanted))):
        if at >= len(have):
            yield f"no record of this end: {brief(wanted[at])}"
        elif at >= len(wanted):
            yield f"an end that was none: {brief(have[at])}"
        elif have[at] != wanted[at]:
            yield f"recorded {brief(have[at])}, seen {brief(wanted[at])}"
    sent = {record["message"]: record["seq"] for record in records if record["type"] in SENT}
    for record in ends:
        if record["seq"] <= sent.get(record["of"], -1):
            yield f"the end of message {record['of']} is recorded before the message"


def compare_frame(expectation, records, identity):
    """session.start, session.end, the identity in all records that carry it, cancels, and order."""
    first, last = records[0], records[-1]
    if first["type"] != "session.start" or last["type"] != "session.end":
        yield f"begins with {first['type']}, ends with {last['type']}"
    wanted = dict(identity, application=expectation.trace.parameters.get("application_name"))
    for record in records:
        if record["type"] in ("session.start", "session.end", "query", "parse"):
            for name, value in wanted.items():
                if record.get(name) != value:
                    yield f"{record['type']}: {name} is {record.get(name)!r}, expected {value!r}"
    if last["type"] == "session.end":
        # A session that ends without Terminate has one of several reasons, by how the connection was closed.
        if expectation.is_terminated and last.get("reason") != "terminated":
            yield f"session.end: reason is {last.get('reason')!r}, expected 'terminated'"
        count = sum(record["type"] in ("query", "parse", "function_call") for record in expectation.records)
        if last.get("statements") != count:
            yield f"session.end: statements is {last.get('statements')}, expected {count}"
    cancels = [record.get("verdict") for record in records if record["type"] == "cancel"]
    if cancels != ["forwarded"] * expectation.trace.cancels:
        yield f"cancels are recorded as {cancels}, sent were {expectation.trace.cancels}"
    numbers = [record["seq"] for record in records]
    if numbers != sorted(set(numbers)):
        yield "records are out of order or doubled"


def compare_session(expectation, records, identity, digests):
    """All differences between one session's records and what its wire said, as sentences."""
    texts = {}
    for record in records:
        if record["type"] == "text":
            texts.setdefault(record["of"], []).append(record)
    return [*compare_frame(expectation, records, identity), *compare_sent(expectation, records, texts, digests),
            *compare_ends(expectation, records)]


def renumbered(*lists):
    """The same records with messages counted among those that have a record."""
    numbers = [record["message"] for record in lists[0] if record.get("message") is not None]
    places = {number: place for place, number in enumerate(sorted(set(numbers)), 1)}
    return [[{key: places.get(value, "another") if key in ("message", "of", "statement") else value
              for key, value in record.items()} for record in records] for records in lists]


class Comparison:
    """A whole run: its traces, its sessions' records, which belong together, and what differs.

    `exact`: the traces are of these very sessions. Else they are of the direct run, and messages are counted among
    those that are recorded: how many Flushes and Syncs go between is a matter of time for some drivers.
    """

    def __init__(self, traces, sessions, identity, exact):
        self.exact = exact
        self.identity = identity
        self.digests = {}
        self.pairs = []
        self.problems = []
        if len(traces) != len(sessions):
            self.problems.append(f"{len(traces)} sessions were seen, {len(sessions)} recorded")
        left = list(sessions)
        for number, trace in enumerate(traces, 1):
            try:
                expectation = Expectation(trace)
                if not exact:
                    expectation.records, expectation.ends = renumbered(expectation.records, expectation.ends)
                self.match(number, expectation, left)
            except ValueError as problem:
                self.problems.append(f"session {number}: the recorder's trace is not understood: {problem}")

    def match(self, number, expectation, left):
        """Takes the session that fits. They stand in order but where they ran beside each other."""
        best = None
        for at, records in enumerate(left):
            found = self.compare(expectation, records)
            if best is None or len(found) < len(best[0]):
                best = found, at
            if not found:
                break
        if best is None:
            return
        found, at = best
        self.pairs.append((expectation, left.pop(at)))
        self.problems += [f"session {number}: {text}" for text in found[:MOST_DIFFERENCES]]
        if len(found) > MOST_DIFFERENCES:
            self.problems.append(f"session {number}: {len(found) - MOST_DIFFERENCES} more")

    def compare(self, expectation, records):
        digests = dict(self.digests)
        records = records if self.exact else renumbered(records)[0]
        found = compare_session(expectation, records, self.identity, digests)
        if not found:
            self.digests = digests
        return found

    def unnoticed(self):
        """Spoils the records one at a time, once in each way and type; gives what is then not noticed."""
        found, done = [], set()
        for expectation, records in self.pairs:
            for number, record in enumerate(records):
                for name, spoil in SPOILS:
                    spoilt = spoil(records, number) if (name, record["type"]) not in done else None
                    if spoilt is not None:
                        done.add((name, record["type"]))
                        if not self.compare(expectation, spoilt):
                            found.append(f"{name} of {record['type']}")
        return found


def without(records, number):
    return records[:number] + records[number + 1:] if len(records) > 1 else None


def twice(records, number):
    return records[:number + 1] + [dict(records[number])] + records[number + 1:]


def changed(key, value):
    def spoil(records, number):
        if key not in records[number]:
            return None
        record = dict(records[number])
        record[key] = value(record[key])
        return records[:number] + [record] + records[number + 1:]
    return spoil


SPOILS = [
    ("loss", without), ("repetition", twice), ("other SQL", changed("sql", lambda sql: sql + " ")),
    ("other tag", changed("tag", lambda tag: tag + "0")), ("other rows", changed("rows", lambda rows: rows + 1)),
    ("other SQLSTATE", changed("sqlstate", lambda _: "00000")), ("other bytes", changed("bytes", lambda n: n + 1)),
    ("other subject", changed("subject", lambda _: "somebody else")), ("other number", changed("of", lambda n: n + 1)),
    ("other statement", changed("statement", lambda n: n + 1)),
]


def brief(record):
    words = []
    for key, value in record.items():
        if key in VOLATILE + IDENTITY:
            continue
        text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        words.append(f"{key}={text if len(text) <= 100 else text[:100] + '…'}")
    return " ".join(words)
