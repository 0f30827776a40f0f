"""The counts as a table: on a terminal, and in docs/coverage.md between its marks."""

import datetime
import pathlib

from ground import Failure

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent.parent.parent / "docs/coverage.md"
BEGIN = "<!-- written by script/integration conformance --write: begin -->"
END = "<!-- written by script/integration conformance --write: end -->"
HEAD = ("suite", "version", "tests", "same", "explained", "unstable", "different", "sessions", "records")


def today():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")


def row(result):
    return [result.suite.name, result.suite.version, *map(str, (
        result.tests, result.tests - len(result.differences), len(result.explained), len(result.unstable),
        len(result.unexplained),
        result.left.get("sessions", 0), result.left.get("records", 0)))]


def terminal(results):
    rows = [list(HEAD), *map(row, results)]
    widths = [max(len(cells[at]) for cells in rows) for at in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip() for cells in rows)


def markdown(cells):
    return "| " + " | ".join(cells) + " |"


def written_rows(block):
    """The rows that are there, by suite: those of suites that did not run now stay."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines() if line.startswith("|")]
    return {cells[0]: cells for cells in rows[2:] if len(cells) == len(HEAD) + 3}


def text(context, results, known, old, order):
    """The table, and the reasons of the reviewed list."""
    about = [context["postgresql"], context["domicile"], context["date"]]
    rows = written_rows(old) | {result.suite.name: [*row(result), *about] for result in results}
    lines = [markdown(cells) for cells in [(*HEAD, "server", "domicile", "date"), ["---"] * (len(HEAD) + 3),
                                           *(rows[name] for name in order if name in rows)]]
    lines += ["", "What is explained:" if known.entries else "Nothing has to be explained.", ""]
    reasons = {}
    for entry in known.entries:
        reasons.setdefault(entry["reason"], []).append(entry["suite"])
    lines += [f"- {', '.join(dict.fromkeys(names))}: {reason}." for reason, names in reasons.items()]
    return "\n".join(lines).rstrip()


def write(context, results, known, order):
    """Puts the table between the document's two marks; what people wrote around them stays."""
    old = DOCUMENT.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise Failure(f"{DOCUMENT.name} lacks the lines that mark where the table goes: {BEGIN} and {END}")
    head, rest = old.split(BEGIN)
    before, tail = rest.split(END)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{text(context, results, known, before, order)}\n{END}{tail}")
