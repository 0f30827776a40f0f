"""The counts as a table: on a terminal, and in docs/coverage.md between its marks."""

import datetime
import pathlib

from ground import Failure

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent.parent.parent / "docs/coverage.md"
BEGIN = "<!-- written by script/integration conformance --write: begin -->"
END = "<!-- written by script/integration conformance --write: end -->"
HEAD = ("suite", "version", "tests", "same", "explained", "different", "sessions", "records")


def today():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")


def row(result):
    return [result.suite.name, result.suite.version, *map(str, (
        result.tests, result.tests - len(result.differences), len(result.explained), len(result.unexplained),
        result.left.get("sessions", 0), result.left.get("records", 0)))]


def terminal(results):
    rows = [list(HEAD), *map(row, results)]
    widths = [max(len(cells[at]) for cells in rows) for at in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(cells, widths)).rstrip() for cells in rows)


def text(context, results):
    lines = [f"PostgreSQL {context['postgresql']}, domicile {context['domicile']}, {context['date']}.", ""]
    lines += ["| " + " | ".join(cells) + " |" for cells in [HEAD, ["---"] * len(HEAD), *map(row, results)]]
    explained = {}
    for result in results:
        for difference in result.explained:
            explained.setdefault(difference.reason, []).append(f"{result.suite.name}: `{difference.test}`")
    if explained:
        lines += ["", "What differs, and why:", ""]
        lines += [f"- {reason} ({', '.join(tests)})" for reason, tests in explained.items()]
    else:
        lines += ["", "Nothing differs."]
    return "\n".join(lines)


def write(context, results):
    """Puts the table between the document's two marks; what people wrote around them stays."""
    old = DOCUMENT.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise Failure(f"{DOCUMENT.name} lacks the lines that mark where the table goes: {BEGIN} and {END}")
    head, rest = old.split(BEGIN)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{text(context, results)}\n{END}{rest.split(END)[1]}")
