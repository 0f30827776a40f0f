"""F-AUD-02: the log's disk full, and with room again: a small tmpfs that is filled and emptied under load."""

import subprocess

import gateway
import processes
from case import Case
from ledger import Load
from place import OTHER, REGION, Failure, now

SIZE = "4m"
ROUNDS, QUICK_ROUNDS = 20, 2
PIECES = (1 << 20, 1 << 12, 1)
FULL_SECONDS = 10


def run(place, options, _):
    """Yields the one result. Mounting needs root."""
    place.stop()
    audit = place.testbed.folder / "audit-full"
    log = audit / REGION
    log.mkdir(parents=True)
    mount(place, "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "domicile-faults", log)
    # What the gateway says itself goes to the same disk.
    messages = place.testbed.log("gateway")
    if messages.exists():
        messages.rename(messages.with_suffix(".before"))
    messages.symlink_to(log / "messages")
    rounds = QUICK_ROUNDS if options.quick else ROUNDS
    place.begin(options.durability, audit=audit)
    with Case(place, "full", f"a disk of {SIZE}B is filled and emptied {rounds} times",
              may={"58030"}) as case, Load(place, "full-other", ("simple",), "ledger", "us-analyst") as other:
        case.expect_served(other)
        slowest = max(one_round(place, case, log / "filler") for _ in range(rounds))
        other.stop()
        troubled = {entry.told for entry in other.entries} - {"ok"}
        if troubled:
            case.problem(f"executors of {OTHER}, whose log has room, were told {', '.join(sorted(troubled))}")
        case.fact(f"served again after {slowest:.1f} s at most; {OTHER}: ok ×{other.saw()['ok']}")
    yield case.result
    place.stop()
    messages.unlink()
    unmount(log)


def one_round(place, case, filler):
    refused = case.load.saw()["58030"]
    fill(filler)
    if not processes.wait_until(lambda: case.load.saw()["58030"] > refused, FULL_SECONDS):
        case.problem("nobody was told 58030 with the disk full")
    if not processes.wait_until(lambda: gateway.readiness(place.testbed)[0] == 503, FULL_SECONDS):
        case.problem("/readyz does not say no with the disk full")
    filler.unlink()
    return case.expect_service(now())


def fill(path):
    """Takes all the room there is, to the last byte."""
    with open(path, "ab", buffering=0) as file:
        for size in PIECES:
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                # ENOSPC: the next smaller piece may fit.
                continue


def mount(place, *arguments):
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Failure(f"mount needs root: {done.stderr.strip()}")
    # The gateway that writes there has to end first.
    place.undo.append(lambda: (place.stop(), unmount(arguments[-1])))


def unmount(target):
    subprocess.run(["umount", "-q", target], capture_output=True, check=False)
