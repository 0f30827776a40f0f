"""What must hold after each part of the load run: the log is whole, nothing stayed behind."""

import collections
import statistics
import time

from load_ground import wait_until

SETTLE_SECONDS = 20
# Probes, fetches of keys and a scrape may be under way when descriptors are counted.
LOOSE_DESCRIPTORS = 6
MEBIBYTE = 1 << 20


class Result:
    """Figures for people, and what was not as it must be."""

    def __init__(self, name):
        self.name = name
        self.figures = {}
        self.problems = []
        self.rows = []

    def expect(self, holds, problem):
        if not holds:
            self.problems.append(problem)
        return holds

    def figure(self, key, text, value):
        """A row of the table, and its number for programs."""
        self.rows.append((key, text))
        self.figures[key] = value


def log_problems(records, sessions, refusals=0, statements=None):
    """What is wrong with a log of so many sessions that ended, each with one statement, and refusals."""
    problems = []
    kinds = collections.Counter(record["type"] for record in records)
    if [record["seq"] for record in records] != list(range(len(records))):
        problems.append("the log's seq has a gap")
    events = collections.defaultdict(list)
    for record in records:
        if "session" in record:
            events[record["session"]].append(record["type"])
    begun = [types for types in events.values() if "session.start" in types]
    if len(begun) != sessions:
        problems.append(f"{len(begun)} session.start for {sessions} sessions")
    ends = collections.Counter(types.count("session.end") for types in begun)
    if set(ends) - {1}:
        problems.append(f"session.end: {dict(ends)} (times, sessions) where each must have one")
    wrong = sum(1 for types in begun if types[0] != "session.start" or types[-1] != "session.end")
    if wrong:
        problems.append(f"{wrong} sessions' records do not begin with session.start and end with session.end")
    expected = sessions if statements is None else statements
    for kind in ("query", "outcome"):
        if kinds[kind] != expected:
            problems.append(f"{kinds[kind]} records of type {kind} for {expected} statements")
    if kinds["session.refused"] < refusals:
        problems.append(f"{kinds['session.refused']} session.refused for {refusals} refusals after the token")
    return problems


def check_log(result, gateway, sessions, refusals=0, statements=None):
    """The log says of each session its start, statement, outcome and end; and the check is shown to notice a loss."""
    def is_complete():
        return not log_problems(gateway.records(), sessions, refusals, statements)
    wait_until(is_complete, SETTLE_SECONDS, pause=1)
    records = gateway.records()
    problems = log_problems(records, sessions, refusals, statements)
    result.problems += [f"log: {problem}" for problem in problems]
    if not problems and sessions:
        for kind in ("session.start", "session.end", "query", "outcome"):
            lost = next(at for at, record in enumerate(records) if record["type"] == kind)
            result.expect(log_problems(records[:lost] + records[lost + 1:], sessions, refusals, statements),
                          f"the check of the log does not notice that a {kind} is missing")
    result.figure("audit records", f"{len(records):,}", len(records))


class Before:
    """What a gateway holds when no session is there."""

    def __init__(self, gateway):
        samples = []
        for _ in range(5):
            samples.append(gateway.descriptors())
            time.sleep(0.3)
        self.descriptors = min(samples)
        self.pss = gateway.pss()
        self.threads = gateway.threads()


def check_nothing_left(result, ground, gateway, before):
    """Descriptors, upstreams and the gateway's own counts are as if no session had been."""
    started = time.monotonic()
    settled = wait_until(lambda: gateway.descriptors() <= before.descriptors + LOOSE_DESCRIPTORS, SETTLE_SECONDS)
    now = gateway.descriptors()
    result.expect(settled, f"{now} descriptors after all sessions, {before.descriptors} before")
    result.figure("descriptors before / after", f"{before.descriptors} / {now}", [before.descriptors, now])
    wait_until(lambda: ground.upstream_sessions() == 0 and stub_sessions(ground) == 0, SETTLE_SECONDS, pause=0.5)
    left = (ground.upstream_sessions(), stub_sessions(ground))
    result.expect(left == (0, 0), f"upstreams left: {left[0]} at the primary, {left[1]} at the stub")
    result.figure("upstreams left", str(sum(left)), sum(left))
    wait_until(lambda: gateway.metrics().get("domicile_connections") == 0, SETTLE_SECONDS)
    metrics = gateway.metrics()
    result.expect(metrics["domicile_connections"] == 0, f"domicile_connections {metrics['domicile_connections']:.0f}")
    result.expect(metrics["domicile_replica_sessions"] == 0,
                  f"domicile_replica_sessions {metrics['domicile_replica_sessions']:.0f}")
    result.expect(metrics["domicile_sessions_started_total"] == metrics["domicile_sessions_ended_total"],
                  f"{metrics['domicile_sessions_started_total']:.0f} sessions started, "
                  f"{metrics['domicile_sessions_ended_total']:.0f} ended")
    result.expect(gateway.http("/readyz")[0] == 200, f"/readyz: {gateway.http('/readyz')[:2]}")
    result.figures["settled_seconds"] = round(time.monotonic() - started, 1)


def stub_sessions(ground):
    """Sessions at the stub that are no probe of the moment."""
    samples = []
    for _ in range(3):
        samples.append(ground.stub_statistics()["open"])
        if not samples[-1]:
            break
        time.sleep(0.15)
    # The monitor keeps one connection at most.
    return max(0, min(samples) - 1)


def check_stop(result, ground, gateway):
    """SIGTERM ends it in good time and with status 0."""
    begun = time.monotonic()
    result.expect(gateway.process.poll() is None, f"the gateway ended by itself, status {gateway.process.poll()}: "
                                                  f"{gateway.notices(5)}")
    result.expect(ground.stop(gateway.process), "the gateway did not end on SIGTERM")
    result.expect(gateway.process.returncode == 0, f"the gateway ended with status {gateway.process.returncode}")
    result.figures["stop_seconds"] = round(time.monotonic() - begun, 1)


def accounted(answer):
    """Sessions with an outcome that says what happened."""
    return answer["answered"] + sum(answer["refused"].values())


def check_outcomes(result, answer, count, refusals=("53300",)):
    """Each session was answered, or refused with one of these SQLSTATEs."""
    result.expect(answer["hung"] == 0, f"{answer['hung']} of {count} sessions hung: {answer['hung_at']}")
    result.expect(answer["closed_without_words"] == 0, f"{answer['closed_without_words']} closed without an error")
    result.expect(answer["not_connected"] == 0, f"{answer['not_connected']} could not connect")
    others = {state: number for state, number in answer["refused"].items() if state not in refusals}
    result.expect(not others, f"refused with {others}: {answer['messages']}")
    result.expect(accounted(answer) + answer["hung"] + answer["closed_without_words"] + answer["not_connected"] == count,
                  f"{count} sessions, but {answer}")


def spread(times):
    """Median and 99th percentile, ms."""
    ordered = sorted(times)
    return round(statistics.median(ordered) * 1000, 2), round(ordered[int(0.99 * (len(ordered) - 1))] * 1000, 2)
