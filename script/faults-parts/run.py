"""Runs one fault under load and compares what was seen with what must be."""

import collections
import dataclasses
import re
import time

import processes
import witness
from client import HANG_SECONDS
from executors import KINDS, NAMES
from fault import ALLOWANCE, AT_ONCE
from ground import REGIONS, Failure, now, say

SETTLE_SECONDS = 30
POLL = 0.02
# After everybody is served again: what comes late still counts.
LINGER = 0.5


@dataclasses.dataclass
class Result:
    """Times in seconds; None where there is nothing to tell."""

    name: str
    title: str
    detected: float | None = None
    # The first executor's login that went elsewhere or was refused.
    noticed: float | None = None
    bound: float | None = None
    recovered: float | None = None
    # {rule: {outcome: count}}, outcomes as executors.Event has them, or "ok at SERVER" where that is not its home.
    saw: dict = dataclasses.field(default_factory=dict)
    # {executor: (server, seconds)}: who was served by another server, and since when.
    moved: dict = dataclasses.field(default_factory=dict)
    # {SQLSTATE: count} of sessions that ended, the longest time until one was told, and how many ended by the mending.
    ended: dict = dataclasses.field(default_factory=dict)
    ended_by_mending: int = 0
    slowest_end: float | None = None
    slowest_answer: float = 0.0
    problems: list = dataclasses.field(default_factory=list)


def settle(ground):
    """Everybody is served where they belong, and the gateway holds everything for well."""
    begun = now()
    while True:
        ground.load.send_home()
        moment = now()
        time.sleep(0.3)
        if ground.watch.last.whole() and not ground.load.away(max(begun, moment - 3), {}):
            return
        if moment > begun + SETTLE_SECONDS:
            raise Failure(f"not served where they belong: {', '.join(ground.load.away(moment - 3, {}))}",
                          ground.testbed.log("gateway"))


def run(ground, fault):
    settle(ground)
    ground.witness.read()
    ground.watch.forget()
    result = Result(fault.name, fault.title, bound=fault.bound)
    failures = ground.watch.failures
    begin = now()
    moment = fault.inject()
    injected = now()
    if fault.is_known is not None:
        result.detected = wait_for(ground, fault.is_known, moment, fault.bound + 8)
    if fault.is_named is not None and wait_for(ground, fault.is_named, moment, 15) is None:
        result.problems.append("the gateway never said what it is")
    time.sleep(max(0.0, moment + fault.lasts - now()))
    check_failures(result, fault, ground.watch.samples[0], ground.watch.last)
    mending = now()
    mended = fault.mend()
    result.recovered = wait_until_well(ground, mended)
    time.sleep(LINGER)
    events = ground.load.between(begin, now())
    count(result, events, moment, mending)
    check_times(result, fault)
    check_answers(result, fault, events)
    check_service(result, fault, [event for event in events if injected <= event.begun and event.at <= mending])
    check_sessions(result, fault, events, moment)
    check_regions(result, ground, events)
    if ground.watch.failures > failures:
        result.problems.append(f"/metrics gave no answer {ground.watch.failures - failures} times")
    return result


def wait_for(ground, condition, moment, seconds):
    """How long after the moment it was so; None: not in that time."""
    processes.wait_until(lambda: ground.watch.first(condition, moment) is not None, max(0.0, moment + seconds - now()))
    first = ground.watch.first(condition, moment)
    return None if first is None else max(0.0, first - moment)


def wait_until_well(ground, mended):
    """How long it took until /metrics says that all is well and everybody has been served again."""
    while now() < mended + SETTLE_SECONDS:
        well = ground.watch.first(lambda sample: sample.whole(), mended)
        last = {executor.kind.name: executor.last for executor in ground.load.executors}
        served = all(event is not None and event.outcome == "ok" and event.begun >= mended for event in last.values())
        if well is not None and served and ground.watch.last.whole():
            return now() - mended
        time.sleep(POLL)
    return None


def count(result, events, moment, mending):
    for event in events:
        outcome = event.outcome
        if outcome == "ok" and event.server != event.kind.home:
            outcome = f"ok at {event.server}"
        counts = result.saw.setdefault(event.kind.rule, collections.Counter())
        counts[outcome] += 1
        result.slowest_answer = max(result.slowest_answer, event.seconds)
        is_elsewhere = outcome != "ok" and not (event.live and event.outcome == "ok")
        if is_elsewhere and event.at >= moment and (result.noticed is None or event.at - moment < result.noticed):
            result.noticed = event.at - moment
        if event.outcome == "ok" and event.server != event.kind.home and event.at <= mending:
            result.moved.setdefault(event.kind.name, (event.server, event.at - moment))
    ends = [event for event in events if event.ended and event.at <= mending]
    result.ended_by_mending = sum(event.ended for event in events) - len(ends)
    result.ended = dict(collections.Counter(event.outcome for event in ends))
    if ends:
        result.slowest_end = max(event.at - moment for event in ends)


def check_times(result, fault):
    known = result.detected if fault.is_known is not None else result.noticed
    # A fault that is over before it can be known has neither.
    if fault.is_known is not None or fault.must:
        if known is None:
            result.problems.append("was never detected")
        elif known > fault.bound + ALLOWANCE:
            result.problems.append(f"detected after {known:.1f} s, the bound is {fault.bound:.1f} s")
    if result.recovered is None:
        result.problems.append(f"not everything is well {SETTLE_SECONDS} s after it was mended")
    elif result.recovered > fault.recovery:
        result.problems.append(f"recovered after {result.recovered:.1f} s, the bound is {fault.recovery:.1f} s")


def check_failures(result, fault, before, after):
    """What fails is told apart, where this gateway counts that."""
    for name, reason in fault.failures.items() if after.counts_failures else ():
        found = after.failed(name, before)
        if reason not in found or found - {reason, "query_timeout"}:
            result.problems.append(
                f"probes of {name} failed by {', '.join(sorted(found)) or 'nothing'}, expected {reason}")


def check_answers(result, fault, events):
    seen = collections.defaultdict(collections.Counter)
    for event in events:
        seen[event.kind.name][event.outcome] += 1
        if event.seconds > HANG_SECONDS and event.outcome != "hang":
            result.problems.append(f"{event.kind.name}: answered after {event.seconds:.1f} s")
    for name in NAMES:
        for outcome, times in seen[name].items():
            if outcome != "ok" and outcome not in fault.may.get(name, set()) | fault.ends.get(name, set()):
                detail = next(event.detail for event in events if event.kind.name == name and event.outcome == outcome)
                result.problems.append(f"{name} saw {outcome} {times} times: {detail}")
        missing = fault.must.get(name, set()) - set(seen[name])
        if missing:
            result.problems.append(f"{name} never saw {', '.join(sorted(missing))}")
    if fault.says and not any(re.search(fault.says, event.detail) for event in events):
        said = sorted({event.detail for event in events if event.detail})
        result.problems.append(f"no refusal says “{fault.says}”; they said: {' | '.join(said[:4])}")


def check_service(result, fault, during):
    for name, server in fault.served.items():
        if not any(event.kind.name == name and event.server == server for event in during):
            result.problems.append(f"{name} was never served by {server}")
    for name in fault.unserved:
        served = sum(event.kind.name == name and event.outcome == "ok" for event in during)
        if served:
            result.problems.append(f"{name} was served {served} times")


def check_sessions(result, fault, events, moment):
    ends = collections.defaultdict(list)
    for event in events:
        if event.ended:
            ends[event.kind.name].append(event)
    for name, states in fault.ends.items():
        if not ends[name]:
            result.problems.append(f"{name}: its live session did not end")
        for event in ends[name]:
            if event.outcome not in states | fault.may.get(name, set()):
                result.problems.append(f"{name}: its session ended with {event.outcome}: {event.detail}")
        if fault.at_once and ends[name] and ends[name][0].at - moment > AT_ONCE:
            result.problems.append(f"{name}: told after {ends[name][0].at - moment:.1f} s that its session is lost")
    for name, events_of in ends.items():
        if events_of and name not in fault.ends and name not in fault.may_end:
            result.problems.append(f"{name}: its session ended with {events_of[0].outcome}: {events_of[0].detail}")


def check_regions(result, ground, events):
    for name, region, rule, executor, what in ground.witness.read():
        result.problems.append(f"a {what} of {rule} ({executor}) reached {name} in {region or 'no region'}: its log says so")
    for event in events:
        if event.outcome == "ok" and REGIONS.get(event.server) not in witness.ALLOWED[event.kind.rule]:
            result.problems.append(f"{event.kind.name} was answered by {event.server}")


def check_the_check(ground):
    """The witness must be able to find something: an EU executor that goes to the US server past the gateway."""
    ground.witness.read()
    kind = KINDS[0]
    ground.executor_past_the_gateway("orders-us-a", f"faults/{kind.rule}/past-the-gateway", kind.sql)
    found = set()

    def both():
        found.update((server, what) for server, _, _, executor, what in ground.witness.read() if executor == "past-the-gateway")
        return {what for _, what in found} == {"login", "statement"}

    if not processes.wait_until(both, 5):
        raise Failure(f"an EU executor that went to the US server was not found in its log: only {found}")
    say("an EU executor that goes to the US server past the gateway is found in that server's log")
