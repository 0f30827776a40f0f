"""What an idle session takes of memory where there are many: PSS of the process, before and after each has run a statement
again; the upstream is a stub, which has room for all."""

import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "integration-parts"))

import load_ground
import pgbouncer
import report
from systems import Failure

# What a burst took is given back in six seconds at most: two until a worker has seen a block idle, four until no more come.
SETTLE_SECONDS = 6
ACTIVE_SECONDS = 4
# Half a hand: see SessionDeal.
FEW = 4
LOGINS_AT_ONCE = 64
DEADLINE = 180
# Two descriptors a session, and some for what is none.
SPARE_DESCRIPTORS = 200

# As in the other tables, but that the stub knows no password, and so nobody asks for one.
SETTINGS = ("auth_type = trust", "max_client_conn = 20000", "default_pool_size = 20000", "server_tls_sslmode = disable")


def start_pgbouncer(ground, transport, count):
    """The process, in front of the stub, at the port where the clients' program looks."""
    folder = ground.folder / f"pgbouncer-{transport}-{count}"
    folder.mkdir(mode=0o700)
    tls = transport == "tls"
    command, account = pgbouncer.prepare(
        folder, ground.port(load_ground.TLS_PORT if tls else load_ground.PLAIN_PORT), "stub", ground.port(load_ground.STUB_PORT), "",
        pathlib.Path(ground.variables["DOMICILE_TESTBED"]) / "certificates" if tls else None, SETTINGS)
    process = ground.start(command, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                           preexec_fn=load_ground.with_descriptors(ground.descriptors), **account)
    time.sleep(1)
    if process.poll() is not None:
        raise Failure(f"pgbouncer ended:\n{(folder / 'pgbouncer.log').read_text()[-1000:]}")
    return load_ground.Gateway(process, folder, 0)


def run_one(ground, make, transport, count):
    """PSS of the process alone, and bytes a session: fresh, and after each has run a second statement."""
    system = make(ground, transport, count)
    warm = ground.client(transport, "stub", "hold", LOGINS_AT_ONCE, deadline=DEADLINE)
    warm.answer()
    warm.close()
    time.sleep(SETTLE_SECONDS)
    alone = system.pss()
    client = ground.client(transport, "stub", "hold", count, most_at_login=LOGINS_AT_ONCE, deadline=DEADLINE)
    answer = client.answer()
    if answer["answered"] != count:
        raise Failure(f"{count} idle sessions could not be had: {answer}")
    time.sleep(SETTLE_SECONDS)
    fresh = (system.pss() - alone) / count
    again = client.order("query")
    if again["answered"] != count:
        raise Failure(f"a second statement on each of {count} sessions: {again}")
    time.sleep(SETTLE_SECONDS)
    used = (system.pss() - alone) / count
    client.close()
    ground.stop(system.process)
    return {"alone": alone, "fresh": fresh, "used": used}


def active(ground, gateway):
    """µs of CPU a transaction of eight clients that are at work."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment.update({"PGHOST": "127.0.0.1", "PGPORT": str(ground.port(load_ground.PLAIN_PORT)), "PGUSER": "writer",
                        "PGDATABASE": "orders", "PGPASSWORD": ground.token.read_text().strip(), "PGSSLMODE": "disable"})
    before = gateway.cpu_seconds()
    done = subprocess.run(["pgbench", "-n", "-S", "-c", "8", "-j", "1", "-T", str(ACTIVE_SECONDS)], env=environment, check=False,
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise Failure(f"pgbench: {done.stderr.strip()[-500:]}")
    count = int(re.search(r"actually processed: (\d+)", done.stdout).group(1))
    return (gateway.cpu_seconds() - before) / count * 1e6


def run_active(ground, count, rounds):
    """The same beside few idle sessions and beside so many: pairs of runs that follow each other. With few, and not alone: the
    eight are dealt to two workers then as they are among many (decision 0009)."""
    gateway = ground.gateway()
    pairs = []
    for _ in range(rounds):
        pairs.append([])
        for beside in (FEW, count):
            client = ground.client("plain", "stub", "hold", beside, most_at_login=LOGINS_AT_ONCE, deadline=DEADLINE)
            answer = client.answer()
            if answer["answered"] != beside:
                raise Failure(f"{beside} idle sessions could not be had: {answer}")
            time.sleep(SETTLE_SECONDS)
            pairs[-1].append(active(ground, gateway))
            client.close()
            time.sleep(SETTLE_SECONDS)
    ground.stop(gateway.process)
    return pairs


MAKERS = {"pgbouncer": start_pgbouncer, "gateway": lambda ground, transport, count: ground.gateway()}


def run(binary, base, counts, rounds, say):
    found = {}
    ground = load_ground.Ground(binary, base, None)
    try:
        ground.open()
        stub = ground.stub()
        for transport in report.TRANSPORTS:
            for wanted in counts:
                count = min(wanted, (ground.descriptors - SPARE_DESCRIPTORS) // 2)
                for name, make in MAKERS.items():
                    found[transport, count, name] = figures = run_one(ground, make, transport, count)
                    say(f"bench: {count:,} idle sessions, {report.TRANSPORTS[transport]}, {name}: "
                        f"{figures['fresh'] / 1024:.1f} KiB each, {figures['used'] / 1024:.1f} after use")
        count = min(max(counts), (ground.descriptors - SPARE_DESCRIPTORS) // 2)
        found["active", count, ""] = pairs = run_active(ground, count, rounds)
        say(f"bench: 8 clients beside {FEW} and beside {count:,} idle sessions: "
            + ", ".join(f"{few:.1f} and {many:.1f} µs" for few, many in pairs))
        if stub.poll() is not None:
            raise Failure("the stub of an upstream ended")
    finally:
        ground.close()
    return found


def text(found):
    rows = []
    beside = next((count, pairs) for (transport, count, _), pairs in found.items() if transport == "active")
    for transport, count in dict.fromkeys((transport, count) for transport, count, _ in found if transport != "active"):
        both = [found[transport, count, name] for name in MAKERS]
        rows.append([report.TRANSPORTS[transport], f"{count:,}",
                     *(" / ".join(f"{one[key] / 1024:.1f}" for one in both) for key in ("fresh", "used")),
                     f"{both[1]['used'] / both[0]['used']:.2f}", " / ".join(f"{one['alone'] / 2**20:.1f}" for one in both)])
    count, pairs = beside
    ratios = sorted(after / before for before, after in pairs)
    return report.table(["transport", "sessions", "KiB each, pgbouncer / gateway", "after a second statement",
                         "gateway / pgbouncer", "the process alone, MiB"], rows) + (
        f"\n\nCPU of a transaction of 8 clients that are at work, in plaintext: {statistics.median(one for one, _ in pairs):.1f} µs beside {FEW} idle sessions, "
        f"{statistics.median(one for _, one in pairs):.1f} µs beside {count:,}: "
        f"{statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}).")
