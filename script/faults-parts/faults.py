"""The faults themselves, and what each may do to whom."""

import signal

import kernel
import processes
import servers
from fault import BOUND, RECOVERY, Crowd, Fault
from ground import AMERICAN, CENTRAL, INTERVAL, MAX_LAG, PRIMARY, Failure, now

# A probe keeps its connection for so many probes: what only a login meets is met by then.
PROBES_PER_CONNECTION = 5
LEDGER = {name: name.replace("orders", "ledger") for name in (PRIMARY, CENTRAL, AMERICAN)}
# Executors by the server that they are at.
AT_PRIMARY = ("analyst", "writer", "writer-auto", "analyst-stays", "writer-stays", "writer-auto-stays")
AT_CENTRAL = ("analyst-central", "analyst-fresh", "analyst-central-stays")
AT_AMERICAN = ("american", "american-stays")
WRITERS = ("writer", "writer-auto", "writer-stays", "writer-auto-stays")


def unusable(*names):
    """That no session is sent to these servers any more, for neither database."""
    return lambda sample: not any(sample.usable(replica) for name in names for replica in (name, LEDGER[name]))


def quarantined(*names):
    return lambda sample: all(
        sample.get("quarantined", replica) == 1 for name in names for replica in (name, LEDGER[name]))


def states(*groups):
    """{executor: SQLSTATEs} of (executors, SQLSTATE, …)."""
    found = {}
    for names, *codes in groups:
        for name in names:
            found.setdefault(name, set()).update(codes)
    return found


def then(moment, *actions):
    for action in actions:
        action()
    return moment


def after(*actions):
    for action in actions:
        action()
    return now()


def killed(ground, name, executors, **more):
    """`kill -9` of the whole server; its address refuses connections; then it is started again."""
    stays = {one: {"08006"} for one in executors if one.endswith("stays")}
    return Fault(
        f"kill-{name.removeprefix('orders-')}", f"`kill -9` of {name}, and its restart",
        inject=lambda: then(now(), lambda: kernel.kill(ground.pid(name))),
        mend=lambda: after(lambda: ground.start(name)),
        is_known=unusable(name), ends=stays, at_once=True, says="connection refused",
        failures={name: "connection_refused"}, **more)


def kills(ground):
    yield killed(
        ground, PRIMARY, AT_PRIMARY, served={"analyst": CENTRAL}, unserved=WRITERS,
        # Without a primary nobody knows how old the standby's data is: a replica with max_lag is passed over.
        may=states((AT_PRIMARY, "08001", "08006"), (("analyst-fresh",), "08001")), must=states((("writer",), "08001")))
    yield killed(
        ground, CENTRAL, AT_CENTRAL, may=states((AT_CENTRAL, "08001", "08006")), must=states((("analyst-central",), "08001")))
    yield killed(
        ground, AMERICAN, AT_AMERICAN, may=states((AT_AMERICAN, "08001", "08006")), must=states((("american",), "08001")))


def silences(ground):
    yield Fault(
        "pause", f"{PRIMARY} stands still for 0.7 s (SIGSTOP, SIGCONT): less than it takes to be down",
        inject=lambda: then(now(), lambda: kernel.send(ground.pid(PRIMARY), signal.SIGSTOP)),
        mend=lambda: after(lambda: kernel.send(ground.pid(PRIMARY), signal.SIGCONT)), lasts=0.7)
    yield Fault(
        "freeze", f"{PRIMARY} stands still for 4 s (SIGSTOP, SIGCONT)",
        inject=lambda: then(now(), lambda: kernel.send(ground.pid(PRIMARY), signal.SIGSTOP)),
        mend=lambda: after(lambda: kernel.send(ground.pid(PRIMARY), signal.SIGCONT)),
        is_known=unusable(PRIMARY), lasts=4.0, served={"analyst": CENTRAL},
        may=states((("writer", "writer-auto", "analyst-fresh"), "08001")), must=states((("writer",), "08001")),
        says="time", failures={PRIMARY: "login_timeout"})
    yield Fault(
        "black-hole", f"whatever is sent to {PRIMARY} is swallowed for 4 s, without RST",
        inject=lambda: then(now(), lambda: kernel.swallow(ground.pid(PRIMARY))),
        mend=lambda: after(lambda: kernel.release(ground.pid(PRIMARY))),
        is_known=unusable(PRIMARY), lasts=4.0, served={"analyst": CENTRAL},
        may=states((("writer", "writer-auto", "analyst-fresh"), "08001")), must=states((("writer",), "08001")),
        says="time", failures={PRIMARY: "connect_timeout"})


def shortages(ground):
    secret = ground.testbed.secret(servers.secret_of("analyst"))
    crowd = Crowd(f"{servers.connection(ground.testbed, PRIMARY, 'analyst')} password={secret}")
    yield Fault(
        "full", f"{PRIMARY} has no connection slot left",
        inject=lambda: after(crowd.fill), mend=lambda: after(crowd.leave), served={"analyst": CENTRAL},
        may=states((("writer", "writer-auto"), "53300")), must=states((("writer", "writer-auto"), "53300")),
        says="53300")

    source = []

    def cut():
        source.append(ground.sql(CENTRAL, "SELECT quote_literal(current_setting('primary_conninfo'))"))
        stream_from("''")

    def stream_from(literal):
        ground.sql(CENTRAL, f"ALTER SYSTEM SET primary_conninfo = {literal};\nSELECT pg_reload_conf()")

    yield Fault(
        "replication", f"the WAL receiver of {CENTRAL} is cut off; `max_lag` is {MAX_LAG:.0f} s for one database",
        inject=lambda: after(cut),
        mend=lambda: after(lambda: stream_from(source.pop()), lambda: servers.wait_for_standbys(ground.testbed)),
        is_known=lambda sample: sample.get("lag_seconds", LEDGER[CENTRAL]) is None
        or sample.get("lag_seconds", LEDGER[CENTRAL]) > MAX_LAG,
        bound=MAX_LAG + BOUND, lasts=5.0, may=states((("analyst-fresh",), "08001")),
        must=states((("analyst-fresh",), "08001")), says="lag", served={"analyst-central": CENTRAL})

    def password(value):
        ground.sql(PRIMARY, f"ALTER ROLE domicile_health PASSWORD '{value}'")

    yield Fault(
        "password", "the health role has another password, everywhere",
        inject=lambda: after(lambda: password("another")),
        mend=lambda: after(lambda: password(ground.testbed.secret("health")), lambda: servers.wait_for_standbys(ground.testbed)),
        is_known=unusable(PRIMARY, CENTRAL, AMERICAN), bound=PROBES_PER_CONNECTION * INTERVAL + BOUND, lasts=6.0,
        may=states((("analyst", "analyst-central", "analyst-fresh", "writer", "writer-auto", "american"), "08001")),
        must=states((("analyst", "writer", "american"), "08001")), says="the health role is not let in",
        failures={name: "authentication" for name in (PRIMARY, CENTRAL, AMERICAN)})


def exchanges(ground):
    """Another server is where one was. What the old one's sessions hear is its shutdown."""
    both = (*AT_CENTRAL, *AT_AMERICAN)
    ports = {name: ground.testbed.port(name) for name in (CENTRAL, AMERICAN)}
    gone = ("08001", "08006", "57P01")
    yield Fault(
        "swap", f"{CENTRAL} and {AMERICAN} have each other's port",
        inject=lambda: then(now(), lambda: ground.place({CENTRAL: ports[AMERICAN], AMERICAN: ports[CENTRAL]})),
        mend=lambda: after(lambda: ground.place({CENTRAL: None, AMERICAN: None}), lambda: ground.lift(ground.watch)),
        is_known=unusable(CENTRAL, AMERICAN), is_named=quarantined(CENTRAL, AMERICAN),
        may=states((both, *gone)), must=states((("analyst-central", "american"), "08001")), unserved=both,
        ends=states((("analyst-central-stays", "american-stays"), "57P01", "08006")), says="public key of its certificate")
    yield replaced(ground, "stranger", "another-cluster", f"a server of another cluster is where {CENTRAL} was, with its key",
                   gone, "system_identifier")
    yield replaced(ground, "orders-us-b", "clone", f"a copy of the database in us-east-1 is where {CENTRAL} was, with its key",
                   gone, "cluster_name")


def replaced(ground, name, word, title, gone, says):
    def inject():
        testbed = ground.testbed
        if name != "stranger":
            servers.copy(testbed, name)
        moment = now()
        ground.stop(CENTRAL)
        testbed.move(name, testbed.port(CENTRAL))
        servers.configure(testbed, name, cluster_name=CENTRAL if name == "stranger" else name, certificate=CENTRAL)
        ground.start(name)
        return moment

    return Fault(
        word, title, inject=inject,
        mend=lambda: after(lambda: ground.stop(name), lambda: ground.start(CENTRAL), lambda: ground.lift(ground.watch)),
        is_known=unusable(CENTRAL), is_named=quarantined(CENTRAL), may=states((AT_CENTRAL, *gone)),
        must=states((("analyst-central",), "08001")), unserved=AT_CENTRAL,
        ends=states((("analyst-central-stays",), "57P01", "08006")), says=says)


def revocation(ground):
    def revoke(*names):
        ground.revoke(*names)
        ground.reload(ground.watch)

    yield Fault(
        "revoke", f"the certificate of {CENTRAL} is revoked (`sslcrl`, SIGHUP)",
        inject=lambda: then(now(), lambda: revoke(CENTRAL)), mend=lambda: after(revoke),
        is_known=unusable(CENTRAL), may=states((AT_CENTRAL, "08001", "57P01")),
        must=states((("analyst-central",), "08001")), ends=states((("analyst-central-stays",), "57P01")), says="TLS")


def promotions(ground):
    def promote(name, dies_first):
        moment = now()
        if dies_first:
            kernel.kill(ground.pid(PRIMARY))
        servers.promote(ground.testbed, name)
        if not dies_first:
            kernel.kill(ground.pid(PRIMARY))
        return moment

    def restore(name):
        ground.restore(name)
        # Its timeline went back, which quarantines it where it had been taken for the primary: an operator's word is needed.
        if not processes.wait_until(lambda: ground.watch.last.get("quarantined", LEDGER[name]) == 1, RECOVERY):
            raise Failure(f"{name} is on an older timeline and is not quarantined")
        ground.lift(ground.watch)

    yield Fault(
        "promote-eu", f"{PRIMARY} dies and {CENTRAL} is promoted",
        inject=lambda: promote(CENTRAL, dies_first=True), mend=lambda: after(lambda: restore(CENTRAL)), lasts=5.0,
        is_known=lambda sample: unusable(PRIMARY)(sample) and not sample.usable(CENTRAL),
        may=states((AT_PRIMARY, "08001", "08006", "57P01"), (AT_CENTRAL, "08001", "08006", "57P01")),
        must=states((("writer", "analyst-central"), "08001")), served={"writer-auto": CENTRAL, "writer-auto-stays": CENTRAL},
        unserved=("writer", "writer-stays"), says="configured as standby, found as primary",
        ends=states((("writer-stays", "writer-auto-stays"), "08006"), (("analyst-central-stays",), "57P01")),
        may_end={"analyst-stays"})
    yield Fault(
        "split-brain", f"{CENTRAL} is promoted though {PRIMARY} lives",
        inject=lambda: then(now(), lambda: servers.promote(ground.testbed, CENTRAL)),
        mend=lambda: after(lambda: restore(CENTRAL)), is_known=lambda sample: not sample.usable(CENTRAL), lasts=4.0,
        may=states((("writer", "writer-auto"), "08001"), (AT_CENTRAL, "08001", "08006", "57P01")),
        must=states((("writer", "writer-auto", "analyst-central"), "08001")), says="several primaries take writes",
        ends=states((("analyst-central-stays",), "57P01")))
    yield Fault(
        "promote-us", f"{AMERICAN} is promoted and {PRIMARY} dies",
        inject=lambda: promote(AMERICAN, dies_first=False), mend=lambda: after(lambda: restore(AMERICAN)), lasts=5.0,
        is_known=lambda sample: unusable(PRIMARY)(sample) and not sample.usable(AMERICAN),
        may={**states((AT_PRIMARY, "08001", "08006"), (AT_AMERICAN, "08001", "08006", "57P01"), (("analyst-fresh",), "08001"))},
        must=states((("writer", "writer-auto", "american"), "08001")), unserved=WRITERS, served={"analyst": CENTRAL},
        ends=states((("writer-stays", "writer-auto-stays"), "08006"), (("american-stays",), "57P01")),
        may_end={"analyst-stays"}, says="us-a: region us-east-1 is not allowed here")


def all_faults(ground):
    found = [*kills(ground), *silences(ground), *shortages(ground), *exchanges(ground)]
    if ground.has_revocations:
        found += revocation(ground)
    return found + [*promotions(ground)]


NAMES = ("kill-eu-a", "kill-eu-b", "kill-us-a", "pause", "freeze", "black-hole", "full", "replication", "password", "swap",
         "another-cluster", "clone", "revoke", "promote-eu", "split-brain",
         "promote-us")
