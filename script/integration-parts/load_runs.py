"""The load run's parts: burst, churn, idle. Each has a gateway of its own and returns a Result."""

import time

from load_checks import (MEBIBYTE, SETTLE_SECONDS, Before, Result, accounted, check_log, check_nothing_left,
                         check_outcomes, check_stop, spread)
from load_ground import PLAIN_PORT, TLS_PORT, say, wait_until
from load_session import Session

BURST = 2000
# The testbed's primary has 300 connections, three of them for superusers, and standbys and probes of its own.
BURST_AT_PRIMARY = 500
BURST_DEADLINE = 60
STARTUP_TIMEOUT = "50s"
CHURN_RATE, CHURN_SECONDS, CHURN_AT_ONCE = 300, 60, 400
# Over two thirds of the cycles: 1.3 KiB of each; the allocator alone takes some MiB where logins pile up.
CHURN_GROWTH = 16 * MEBIBYTE
IDLE_PLAIN, IDLE_TLS = 10_000, 10_000
IDLE_LOGINS = 64
SPARE_DESCRIPTORS = 200
PROBES = 400
# What may stay of the memory that idle sessions took, and what as many again may take beyond it.
KEPT_SHARE, GROWN_SHARE = 0.25, 0.1
# A session beside idle ones may be slower by that factor and this many ms before it is called a failure.
SLOWER_FACTOR, SLOWER_MS = 3, 3


def warm_up(ground):
    """Every code path once, so that the memory afterwards is compared with like."""
    for transport in ("tls", "plain"):
        client = ground.client(transport, "stub", "hold", 50, deadline=20)
        client.answer()
        client.close()
    return 100


def describe(answer):
    refused = ", ".join(f"{number:,} refused with {state}" for state, number in sorted(answer["refused"].items()))
    return f"{answer['answered']:,} answered" + (f", {refused}" if refused else "")


def burst(ground):
    """All at once, over TLS: a part to the real primary (more than it takes), the others to the stub."""
    result = Result("burst")
    gateway = ground.gateway(startup_timeout=STARTUP_TIMEOUT)
    warm = warm_up(ground)
    before = Before(gateway)
    clients = {
        "primary": ground.client("tls", "orders", "hold", BURST_AT_PRIMARY, deadline=BURST_DEADLINE),
        "stub": ground.client("tls", "stub", "hold", BURST - BURST_AT_PRIMARY, deadline=BURST_DEADLINE)}
    answers = {name: client.answer() for name, client in clients.items()}
    check_outcomes(result, answers["primary"], BURST_AT_PRIMARY)
    check_outcomes(result, answers["stub"], BURST - BURST_AT_PRIMARY, refusals=())
    result.expect(answers["primary"]["answered"] >= 250, f"the primary took {answers['primary']['answered']} sessions")
    for name, answer in answers.items():
        result.figure(f"at the {name}", describe(answer), answer)
    last = max(answer["last_login_seconds"] for answer in answers.values())
    result.figure("last login after", f"{last:.1f} s", last)
    answered = sum(answer["answered"] for answer in answers.values())
    result.figure("logins per second", f"{answered / last:.0f}", round(answered / last))
    statements = answered
    for name, client in clients.items():
        again = client.order("query")
        statements += again["answered"]
        result.expect(again["answered"] == again["asked"] and not again["lost"], f"at the {name}, a second query: {again}")
        closed = client.close()
        result.expect(closed["lost"] == 0, f"the gateway ended {closed['lost']} sessions at the {name}")
    check_nothing_left(result, ground, gateway, before)
    logged_in = sum(answer["logged_in"] for answer in answers.values())
    check_log(result, gateway, warm + logged_in, sum(sum(answer["refused"].values()) for answer in answers.values()),
              statements=warm + statements)
    check_stop(result, ground, gateway)
    return result


def churn(ground):
    """Connect, one query, disconnect, 300 times a second for a minute, over TLS, in plaintext where that is too much."""
    results = []
    for transport, database in (("tls", "stub"), ("plain", "stub")):
        result = churn_over(ground, transport, database)
        results.append(result)
        if result.figures["rate"] >= 0.97 * CHURN_RATE:
            break
        say(f"churn: {result.figures['rate']:.0f} a second over {transport}; this machine does not do more")
    results[-1].expect(results[-1].figures["rate"] >= 0.97 * CHURN_RATE,
                       f"{results[-1].figures['rate']:.0f} cycles a second in plaintext, {CHURN_RATE} were asked for")
    return results


def churn_over(ground, transport, database):
    result = Result(f"churn, {'TLS' if transport == 'tls' else 'plaintext'}")
    gateway = ground.gateway()
    warm = warm_up(ground)
    before = Before(gateway)
    cpu = gateway.cpu_seconds()
    count = CHURN_RATE * CHURN_SECONDS
    begun = time.monotonic()
    client = ground.client(transport, database, "cycle", count, CHURN_RATE, CHURN_AT_ONCE, deadline=3 * CHURN_SECONDS)
    memory = []
    while client.process.poll() is None:
        memory.append((time.monotonic() - begun, gateway.rss()))
        time.sleep(0.5)
    answer = client.answer()
    ground.children.remove(client.process)
    check_outcomes(result, answer, count, refusals=())
    rate = answer["answered"] / max(answer["seconds"], 1e-9)
    result.figures["rate"] = rate
    result.figure("cycles", f"{answer['answered']:,} in {answer['seconds']:.1f} s: {rate:.0f} a second", answer)
    result.figure("login and query, median / 99 % / most", " / ".join(f"{ms:.0f}" for ms in answer["answer_ms"]) + " ms",
                  answer["answer_ms"])
    cost = (gateway.cpu_seconds() - cpu) / max(1, answer["answered"]) * 1e3
    result.figure("gateway's CPU per cycle", f"{cost:.1f} ms", cost)
    check_nothing_left(result, ground, gateway, before)
    third = memory[len(memory) // 3][1]
    last = max(size for _, size in memory[-4:])
    result.expect(last - third < CHURN_GROWTH,
                  f"resident memory grew from {third >> 20} MiB at a third of the run to {last >> 20} MiB at its end")
    result.figure("resident memory at a third / at the end", f"{third / MEBIBYTE:.1f} / {last / MEBIBYTE:.1f} MiB",
                  [third, last])
    check_log(result, gateway, warm + answer["logged_in"])
    check_stop(result, ground, gateway)
    return result


def idle(ground):
    return [idle_over(ground, "plain", IDLE_PLAIN), idle_over(ground, "tls", IDLE_TLS)]


def probe(ground, transport):
    """Latencies of an active session, seconds."""
    port = ground.port(TLS_PORT if transport == "tls" else PLAIN_PORT)
    session = Session(port, "stub", ground.variables["DOMICILE_TOKEN_EU_WRITER"],
                      ground.variables["DOMICILE_CA"] if transport == "tls" else None)
    times = session.queries(PROBES)
    session.close()
    return times


def idle_over(ground, transport, count):
    """Idle sessions at the stub, each with one query behind it; an active one beside them."""
    result = Result(f"idle, {'TLS' if transport == 'tls' else 'plaintext'}")
    # Two descriptors each; some are kept for what is no session.
    count = min(count, (ground.descriptors - SPARE_DESCRIPTORS) // 2)
    gateway = ground.gateway()
    warm = warm_up(ground)
    alone = spread(probe(ground, transport))
    before = Before(gateway)
    client = ground.client(transport, "stub", "hold", count, most_at_login=IDLE_LOGINS, deadline=180)
    answer = client.answer()
    check_outcomes(result, answer, count, refusals=())
    result.figure("sessions", f"{describe(answer)}, {answer['seconds']:.0f} s until all were idle", answer)
    time.sleep(3)
    full, descriptors = gateway.pss(), gateway.descriptors()
    each = (full - before.pss) / max(1, accounted(answer))
    result.figure("memory of each", f"{each / 1024:.1f} KiB (process {before.pss / MEBIBYTE:.1f} → {full / MEBIBYTE:.1f} MiB)",
                  [each, before.pss, full])
    result.figure("descriptors with them", f"{descriptors:,}", descriptors)
    cpu = gateway.cpu_seconds()
    time.sleep(5)
    cpu = (gateway.cpu_seconds() - cpu) / 5 * 1e3
    result.expect(cpu < 50, f"{cpu:.0f} ms of CPU a second while all are idle")
    result.figure("CPU while all are idle", f"{cpu:.0f} ms per second", cpu)
    beside = spread(probe(ground, transport))
    result.expect(beside[0] < SLOWER_FACTOR * alone[0] + SLOWER_MS,
                  f"an active session's median is {beside[0]} ms beside them, {alone[0]} ms without")
    result.figure("an active session's latency, median / 99 %: alone, beside them",
                  f"{alone[0]} / {alone[1]} ms, {beside[0]} / {beside[1]} ms", [alone, beside])
    again = client.order("query")
    result.expect(again["answered"] == accounted(answer) and not again["lost"], f"a second query on each: {again}")
    result.figure("a second query on each", f"{again['answered']:,} answered in {again['seconds']:.1f} s", again)
    closed = client.close()
    result.expect(closed["lost"] == 0, f"the gateway ended {closed['lost']} idle sessions")
    check_nothing_left(result, ground, gateway, before)
    # The gateway gives memory back once connections have stopped going.
    wait_until(lambda: gateway.pss() - before.pss < KEPT_SHARE * (full - before.pss), SETTLE_SECONDS, pause=1)
    after = gateway.pss()
    kept = (after - before.pss) / max(1, full - before.pss)
    result.expect(kept < KEPT_SHARE, f"{kept:.0%} of the sessions' memory is kept after their end "
                                     f"({before.pss >> 20} → {full >> 20} → {after >> 20} MiB)")
    result.figure("memory after their end", f"{after / MEBIBYTE:.1f} MiB", after)
    second = same_again(ground, gateway, result, transport, count, full - before.pss, max(full, after))
    check_log(result, gateway, warm + 2 + answer["logged_in"] + second["logged_in"],
              statements=warm + 2 * PROBES + answer["answered"] + again["answered"] + second["answered"])
    check_stop(result, ground, gateway)
    return result


def same_again(ground, gateway, result, transport, count, taken, most):
    """As many sessions a second time take what the first ones left; more than that is a leak."""
    client = ground.client(transport, "stub", "hold", count, most_at_login=IDLE_LOGINS, deadline=180)
    answer = client.answer()
    check_outcomes(result, answer, count, refusals=())
    time.sleep(3)
    again = gateway.pss()
    client.close()
    result.expect(again - most < GROWN_SHARE * taken, f"as many sessions again take {again >> 20} MiB, "
                                                      f"where the first left or took {most >> 20} MiB")
    result.figure("memory with as many again", f"{again / MEBIBYTE:.1f} MiB", again)
    return answer
