"""The load run's part with too few descriptors: more sessions than the process may have, then fewer again."""

import resource
import time

from load_checks import Before, Result, check_log, check_nothing_left, check_outcomes, check_stop
from load_ground import TLS_PORT, say, wait_until
from load_runs import describe
from load_session import Session

# A limit from the start, and the sessions that come: many more than two descriptors each allow.
LIMITS = ((64, 200), (256, 400))
LOWERED_TO, LOWERED_SESSIONS = 200, 300
FILLERS = 40
DEADLINE = 20
KNOCKS, KNOCKS_PER_SECOND = 600, 50
# Half of one core, while connections come and are refused.
MOST_CPU_SHARE = 0.5
MOST_IDLE_SHARE = 0.05
HEALTH_SECONDS = 2
AFTERWARDS = 10
WATCHED_SECONDS = 6


def descriptors(ground):
    results = [under_limit(ground, f"descriptors, limit {limit}", limit, None, count) for limit, count in LIMITS]
    results.append(under_limit(ground, f"descriptors, lowered to {LOWERED_TO} while it runs", None, LOWERED_TO,
                               LOWERED_SESSIONS))
    return results


def under_limit(ground, name, limit, lowered, count):
    """An active session, then `count` that want to stay, then ones that knock in vain, then all but the first go."""
    result = Result(name)
    gateway = ground.gateway(descriptors=limit, startup_timeout="10s")
    before = Before(gateway)
    active = Session(ground.port(TLS_PORT), "stub", ground.variables["DOMICILE_TOKEN_EU_WRITER"],
                     ground.variables["DOMICILE_CA"])
    statements = [len(active.queries(20))]
    if lowered:
        resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (lowered, lowered))
    holder = ground.client("plain", "stub", "hold", count, deadline=DEADLINE)
    answer = holder.answer()
    check_outcomes(result, answer, count)
    result.expect(answer["answered"] > 0, "not one session got in")
    result.expect(answer["refused"], "not one session was refused: the limit was not reached")
    result.figure("sessions at once", describe(answer), answer)
    # Logins under way took descriptors that are free again: one after the other takes those, too.
    filler = ground.client("plain", "stub", "hold", FILLERS, most_at_login=1, deadline=DEADLINE)
    filled = filler.answer()
    check_outcomes(result, filled, FILLERS)
    result.expect(filled["refused"], "the last descriptors were not used up")
    result.figure("one after the other, then", describe(filled), filled)
    result.figure("descriptors then", str(gateway.descriptors()), gateway.descriptors())
    health = watch(result, gateway, active, statements, "with all descriptors in use", MOST_IDLE_SHARE)
    knocking = ground.client("plain", "stub", "cycle", KNOCKS, KNOCKS_PER_SECOND, 0, DEADLINE)
    health += watch(result, gateway, active, statements, "while others knock", MOST_CPU_SHARE)
    knocks = knocking.answer()
    knocking.process.wait(10)
    ground.children.remove(knocking.process)
    check_outcomes(result, knocks, KNOCKS)
    result.figure("knocking meanwhile", describe(knocks), knocks)
    result.figure("slowest answer of /livez and /readyz", f"{max(health, default=0) * 1e3:.0f} ms", max(health, default=0))
    again = holder.order("query")
    result.expect(again["answered"] == answer["answered"] and not again["lost"], f"a second query on each: {again}")
    for closed in (holder.close(), filler.close()):
        result.expect(not closed["lost"], f"the gateway ended {closed['lost']} sessions")
    recovered = recover(ground, result)
    active.close()
    check_nothing_left(result, ground, gateway, before)
    others = [answer, filled, knocks]
    check_log(result, gateway, 1 + recovered + sum(other["logged_in"] for other in others),
              statements=sum(statements) + again["answered"] + recovered + sum(other["answered"] for other in others))
    check_stop(result, ground, gateway)
    return result


def watch(result, gateway, active, statements, when, most):
    """For some seconds: health answers, the active session's statements are answered and recorded, the CPU is low."""
    times, broken = [], []
    cpu, begun, count = gateway.cpu_seconds(), time.monotonic(), 0
    records = len([record for record in gateway.records() if record["type"] == "query"])
    while time.monotonic() - begun < WATCHED_SECONDS:
        for path in ("/livez", "/readyz"):
            status, body, seconds = gateway.http(path)
            times.append(seconds)
            if status != 200:
                broken.append(f"{path}: {status} {body.strip()}")
        try:
            active.query()
            count += 1
        except (OSError, ConnectionError) as problem:
            result.problems.append(f"{when}, the session that was there first: {problem}")
            break
        time.sleep(0.3)
    share = (gateway.cpu_seconds() - cpu) / (time.monotonic() - begun)
    statements.append(count)
    result.expect(not broken, f"{when}, {len(broken)} of {len(times)} answers were not 200, as {', '.join(broken[:2])}")
    result.expect(max(times) < HEALTH_SECONDS, f"{when}, an answer of the health endpoint took {max(times):.1f} s")
    result.expect(share < most, f"{when}, the gateway used {share:.0%} of a core")
    result.figure(f"CPU {when}", f"{share:.1%} of a core", share)
    wrote = len([record for record in gateway.records() if record["type"] == "query"]) - records
    result.expect(wrote >= count, f"{when}, {wrote} queries were recorded of {count}")
    return times


def recover(ground, result):
    """A few fresh sessions, until all of them get in; how many of all tries were answered."""
    answered = 0
    begun = time.monotonic()

    def get_in():
        nonlocal answered
        client = ground.client("tls", "stub", "hold", AFTERWARDS, deadline=10)
        answer = client.answer()
        client.close()
        answered += answer["logged_in"]
        return answer["answered"] == AFTERWARDS
    recovered = wait_until(get_in, 10, pause=0.5)
    result.expect(recovered, "it does not take sessions again after the others went")
    seconds = time.monotonic() - begun
    result.figure("takes sessions again after", f"{seconds:.1f} s", seconds)
    say(f"{result.name}: recovered after {seconds:.1f} s")
    return answered
