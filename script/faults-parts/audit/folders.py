"""What others do to a log's folder: a second gateway (F-AUD-10, F-OPS-05), an older copy (F-AUD-16), and files that are removed, cut,
replaced or moved under load (F-AUD-04)."""

import dataclasses
import shutil
import subprocess
import typing

import processes
from case import Case, verification, wait
from filling import mount, unmount
from journal import notes
from place import end_of, now

REFUSAL_SECONDS = 10
NOTICE_SECONDS = 5
# What a backup takes, in its order (docs/operations.md).
ORDER = ("checkpoint", "checkpoints.log", "log.json", "tile", "segments")


def copy(log, target):
    """A backup of a log that is written meanwhile, as docs/operations.md says."""
    target.mkdir(parents=True)
    for name in ORDER:
        # Partial tiles that gave way to wider ones while it copies are no error.
        subprocess.run(["cp", "-r", log / name, target], capture_output=True, check=False)


def covered(checkpoint):
    """Records that a checkpoint covers; 0: there is none."""
    try:
        return int(checkpoint.read_text().split("\n")[1])
    except FileNotFoundError:
        return 0


def records(log):
    """Whole lines of its segments: a copy that is made under load has more than its checkpoint covers."""
    return sum(segment.read_bytes().count(b"\n") for segment in (log / "segments").glob("*.jsonl"))


def kept_up_to(kept):
    """Records that the last checkpoint kept elsewhere covers."""
    lines = kept.read_text().splitlines() if kept.exists() else []
    return max((int(line) for line in lines if line.isdigit()), default=0)


# Two gateways.


def run_second(place, options, _):
    place.take(options)
    with Case(place, "second gateway", "another gateway is started on the same log: by its path, by a bind mount of it, in "
              "another process namespace", kinds=("simple", "extended")) as case:
        bound = place.testbed.folder / "bound"
        bound.mkdir()
        mount(place, "--bind", place.audit, bound)
        for what, audit, wrapper in (("its path", place.audit, ()), ("a bind mount", bound, ()),
                                     ("another process namespace", place.audit, ("unshare", "--pid", "--fork", "--kill-child"))):
            said = start_second(place, audit, wrapper)
            if said is None:
                case.problem(f"a second gateway runs on the log, by {what}")
            elif "is in use by another gateway (gateway faults-audit" not in said:
                case.problem(f"by {what}, the second gateway said: {said.strip()[-200:]}")
        unmount(bound)
    yield case.result


def start_second(place, audit, wrapper):
    """What a second gateway says that does not start; None: it did."""
    configuration = place.testbed.folder / "second.yaml"
    configuration.write_text(place.configured(audit, second=True))
    with open(place.testbed.log("second"), "w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen([*wrapper, place.binary, "serve", "--config", configuration], env=place.environment,
                                   stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        try:
            ended = processes.wait_until(lambda: process.poll() is not None, REFUSAL_SECONDS)
        finally:
            end_of(process)
        log.seek(0)
        return log.read() if ended and process.returncode != 0 else None


# An older copy.


def run_restored(place, options, _):
    place.take(options)
    older = place.testbed.folder / "older"
    with Case(place, "older copy", "a copy is made under load, and later put in the log's place",
              kinds=("simple", "large")) as case:
        if not processes.wait_until(lambda: covered(place.log / "checkpoint") > 0, NOTICE_SECONDS):
            case.problem("no checkpoint came")
        copy(place.log, older / place.log.name)
        before = records(older / place.log.name)
        if not processes.wait_until(lambda: kept_up_to(case.kept) > before, NOTICE_SECONDS):
            case.problem("no checkpoint over more than the copy's records was kept")
    place.stop()
    current, aside = place.log, place.testbed.folder / "aside"
    expect_found(case, place, older / place.log.name, current)
    current.rename(aside)
    shutil.copytree(older / current.name, current)
    said = place.refusal()
    if said is None:
        case.problem("a gateway started on an older copy")
        place.stop()
    elif "contradicts what was signed" not in said:
        case.problem(f"on an older copy the gateway said: {said.strip()[-300:]}")
    restore(place, current, aside)
    yield case.result
    if not options.quick:
        yield later(place)
        yield forgotten(place, older / current.name)


def expect_found(case, place, copied, current):
    """Alone the copy is whole; with what was kept elsewhere it is not."""
    for against, expected in ((None, 0), (case.kept, 1), (current / "checkpoint", 1)):
        more = [] if against is None else ["--against", against]
        status, output = place.call("audit", "verify", copied, "--key", place.keys, *more)
        if status != expected:
            case.problem(f"verify of the older copy against {against} ended with {status}: {output[-200:]}")


def restore(place, current, aside):
    shutil.rmtree(current)
    aside.rename(current)
    place.start()


def later(place):
    """The right log is put back: all goes on."""
    with Case(place, "log put back", "the log that was in its place before is there again", kinds=("simple", "extended")) as case:
        wait(0.2)
    return case.result


def forgotten(place, copied):
    """Older copy and lost state: no gateway can know. Whoever kept a checkpoint does."""
    with Case(place, "older copy, state lost", "an older copy, and a gateway that has lost what it knew: found by --against",
              kinds=("simple",)) as case:
        case.is_judged = False
    place.stop()
    shutil.rmtree(place.log)
    shutil.copytree(copied, place.log)
    shutil.rmtree(place.testbed.folder / "state")
    place.start()
    with Case(place, "goes on", "", kinds=("simple",)) as going:
        going.is_judged = False
        wait(1.5)
    status, output = place.call("audit", "verify", place.log, "--key", place.keys)
    if status != 0:
        case.problem(f"the copy went on and is not whole: {output[-200:]}")
    report = verification(place, case.kept)
    if report["verified"]:
        case.problem("verify --against found nothing")
    case.fact("verify --against: " + report["findings"][0]["reason"] if report["findings"] else "nothing found")
    return case.result


# Files of a log that is written.


@dataclasses.dataclass(frozen=True)
class Deed:
    """Something that is done to the log under load. `mend` undoes it; without one the log is spoiled."""

    name: str
    title: str
    do: typing.Callable
    mend: typing.Callable | None = None
    # Nothing that was sent afterwards is answered; else it is noticed before the next checkpoint.
    at_once: bool = True


def moved(name, title, what, at_once=True):
    """`what` of the log is moved away, and back."""
    places = []

    def away(log):
        path = what(log)
        places[:] = [path, path.with_name(path.name + ".aside")]
        path.rename(places[1])

    return Deed(name, title, away, lambda _: places[1].rename(places[0]), at_once)


def newest(log):
    return max((log / "segments").glob("*.jsonl"))


def replace_checkpoint(log):
    (log / "checkpoint").rename(log / "checkpoint.aside")
    (log / "checkpoint").write_bytes(notes(log)[0])


def mend_checkpoint(log):
    (log / "checkpoint.aside").replace(log / "checkpoint")


DEEDS = (
    moved("mv segment", "the segment that is written is moved away, and back", newest),
    moved("mv segments", "the folder of segments is moved away, and back", lambda log: log / "segments"),
    moved("mv log", "the log's folder is moved away, and back", lambda log: log),
    moved("mv checkpoint", "the checkpoint is moved away, and back", lambda log: log / "checkpoint", at_once=False),
    moved("mv tile", "the folder of tiles is moved away, and back", lambda log: log / "tile", at_once=False),
    Deed("replace checkpoint", "an older checkpoint takes the place of the last, and gives it back", replace_checkpoint,
         mend_checkpoint, at_once=False),
    Deed("rm segment", "the segment that is written is removed", lambda log: newest(log).unlink()),
    Deed("truncate segment", "the segment that is written is cut to nothing",
         lambda log: newest(log).write_bytes(b"")),
    Deed("rm segments", "the folder of segments is removed", lambda log: shutil.rmtree(log / "segments")),
)
QUICK = ("mv segment", "rm segment")


def run_removed(place, options, names):
    place.take(options)
    for deed in DEEDS:
        chosen = any(deed.name.startswith(name) for name in names) if names else not options.quick or deed.name in QUICK
        if chosen:
            yield one(place, deed, options.durability)
            if deed.mend is None:
                # What is left is of no use: another log.
                place.is_whole = False
                place.stop()
                place.take(options)


def one(place, deed, durability):
    with Case(place, deed.name, deed.title, kinds=("simple", "extended"), may={"58030"}) as case:
        case.is_judged = deed.mend is not None
        # What is there is under a checkpoint, so that it can be missed.
        first = int(newest(place.log).stem)
        if not processes.wait_until(lambda: covered(place.log / "checkpoint") > first, NOTICE_SECONDS):
            case.problem("no checkpoint came")
        before = now()
        deed.do(place.log)
        done = now()
        case.expect_told("58030", NOTICE_SECONDS)
        told = min((entry.at for entry in case.load.entries if entry.told == "58030"), default=done)
        case.fact(f"refused after {told - before:.1f} s")
        wait(0.5)
        answered = [entry for entry in case.load.entries
                    if entry.mark and entry.told == "ok" and entry.sent > (done if deed.at_once else told + 0.1)]
        # Under `buffered` an answer waits for no disk.
        if answered and durability != "buffered":
            case.problem(f"{len(answered)} statements were answered when it was done already, {answered[0].mark} the first")
        if deed.mend is not None:
            deed.mend(place.log)
            case.fact(f"served again after {case.expect_service(now()):.1f} s")
    if deed.mend is None:
        spoiled(place, case)
    return case.result


def spoiled(place, case):
    """What was signed is gone: verify says so, and no gateway starts on it."""
    case.result.saw = case.load.saw()
    place.stop()
    if verification(place, case.kept)["verified"]:
        case.problem("verify finds nothing")
    said = place.refusal()
    if said is None:
        case.problem("a gateway started on what is left")
    elif "a signed checkpoint covers" not in said and "is damaged" not in said:
        case.problem(f"the gateway said: {said.strip()[-300:]}")
    else:
        case.fact("found by verify, and no gateway starts on it")
