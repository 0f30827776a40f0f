"""Mistakes made on purpose in what is compared: each must be found, or no other case shows anything."""

import collections
import shutil

import judge
import processes
from case import Case, verification
from folders import covered
from journal import Account, notes, segments
from ledger import Entry

CHECKPOINT_SECONDS = 5


def run(place, options, _):
    place.take(options)
    with Case(place, "self-test", "mistakes are made on purpose in the ledger, the records, the server's log and the log",
              kinds=("simple", "extended")) as case:
        # An end that is cut off is one that an earlier checkpoint does not cover.
        processes.wait_until(lambda: case.keeper.count > 1, CHECKPOINT_SECONDS)
    if not case.result.problems:
        comparisons = mistakes(case)
        for name, problems in comparisons.items():
            if not problems:
                case.problem(f"{name}: nothing was found")
        edits = edited(place, case)
        case.fact(f"{len(comparisons) + edits} mistakes found")
    yield case.result


def mistakes(case):
    """{mistake: what is found}."""
    entries, account, served = case.load.entries, case.account, case.served
    records = account.records
    some = next(entry for entry in entries if entry.mark and entry.kind == "simple" and entry.told == "ok")
    other = next(entry for entry in entries if entry.mark and entry.kind == "extended" and entry.told == "ok")
    answer = account.outcome(some.mark)
    end = next(record for record in records if record["type"] == "session.end")

    def judged(entries=entries, records=records, served=served):
        return judge.problems(entries, Account(records), served)

    def without(record):
        return [one for one in records if one is not record]

    def of(mark, kind):
        session, message = account.messages[mark]
        return next(one for one in records if one["type"] == kind and (one.get("session"), one["message"]) == (session, message))

    def told(what):
        return [entry._replace(told=what) if entry is some else entry for entry in entries]

    unsent = {**{key: value for key, value in answer.items() if key != "tag"}, "reason": "not_forwarded"}
    return {
        "a record that is missing": judged(records=without(of(some.mark, "query"))),
        "an execution without its record": judged(records=without(of(other.mark, "execute"))),
        "a record that is there twice": judged(records=[*records, of(some.mark, "query")]),
        "a statement that the server never saw": judged(served=served - collections.Counter([some.mark])),
        "a statement that reached it twice": judged(served=served + collections.Counter([some.mark])),
        "a statement that went past the log": judged(served=served + collections.Counter(["mark/past/simple0/0"])),
        "a statement that nobody sent": judged(entries=[entry for entry in entries if entry is not some]),
        "an outcome that is missing": judged(records=without(answer)),
        "an outcome of a statement that was not forwarded": judged(records=[*without(answer), unsent]),
        "a session without an end": judged(records=without(end)),
        "another's answer": judged(entries=told("wrong answer")),
        "an executor that waits for ever": judged(entries=told("hang")),
        "a refusal that nothing explains": judged(entries=told("58030")),
        "a login that failed": judged(entries=[*entries, Entry(None, "simple", 0.0, 0.0, "28P01")]),
    }


def edited(place, case):
    """Has copies of the log verified that somebody edited; how many."""
    before = verification(place, case.kept)
    if not before["verified"] or before["confirmed"] < 1:
        case.problem(f"the log is not verified against {case.kept.name} before it is edited")
    edits = {
        "one byte changed": lambda log: edit(log, lambda text: text.replace(b"/simple0/1'", b"/simple0/2'", 1)),
        "one line removed": lambda log: edit(log, lambda text: b"\n".join(text.split(b"\n")[:5] + text.split(b"\n")[6:])),
        "the end cut off with its checkpoints": cut,
    }
    for name, deed in edits.items():
        target = place.testbed.folder / "edited"
        shutil.copytree(place.log, target)
        deed(target)
        _, output = place.call("audit", "verify", target, "--key", place.keys, "--against", case.kept)
        if "NOT intact" not in output:
            case.problem(f"{name}: verify says {output.strip()[-200:]}")
        shutil.rmtree(target)
    return len(edits)


def edit(log, change):
    path = segments(log)[0][1]
    text = path.read_bytes()
    path.write_bytes(change(text))


def cut(log):
    """Back to the log's first checkpoint, whole and signed: only a checkpoint kept elsewhere shows that there was more."""
    first = notes(log)[0]
    (log / "checkpoint").write_bytes(first)
    (log / "checkpoints.log").write_bytes(first + b"\n")
    keep = covered(log / "checkpoint")
    edit(log, lambda text: b"".join(line + b"\n" for line in text.split(b"\n")[:keep]))
