"""The matrix as a table: on a terminal, and in docs/clients.md between its marks."""

import datetime
import pathlib
import subprocess

import matrix
import programmes

DOCUMENT = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/clients.md"
BEGIN = "<!-- written by script/integration drivers --write: begin -->"
END = "<!-- written by script/integration drivers --write: end -->"


def context(variables):
    version = subprocess.run([variables["DOMICILE_BIN"], "--version"], capture_output=True, text=True, check=False)
    return {"postgresql": matrix.server_version(variables), "domicile": version.stdout.split()[-1],
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d")}


def cell(result, name):
    step = result.outcome(name)
    if any(text.startswith(f"{name}:") for text in result.differences):
        return "FAILED"
    return "?" if step is None else {"ok": "ok", "not offered": "–"}.get(step[1], "FAILED")


def rows_of(results):
    for result in results:
        if not result.missing and not result.driver.is_tool:
            yield [result.driver.name, result.version, *(cell(result, name) for name in programmes.STEPS),
                   verdict_of(result.answer_problems), verdict_of(result.log_problems)]


def verdict_of(problems):
    return "FAILED" if problems else "ok"


def tool_rows(results):
    for result in results:
        if not result.missing and result.driver.is_tool:
            for name, _, value in result.steps:
                yield [result.driver.name, result.version, name, cell(result, name), value[:70],
                       verdict_of(result.answer_problems), verdict_of(result.log_problems)]


def terminal(results):
    parts = []
    for head, rows in ((["driver", "version", *programmes.STEPS, "frames", "log"], list(rows_of(results))),
                       (["tool", "version", "step", "", "what it said", "frames", "log"], list(tool_rows(results)))):
        if rows:
            widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]
            parts.append("\n".join("  ".join(word.ljust(width) for word, width in zip(row, widths)).rstrip()
                                   for row in [head, *rows]))
    return "\n\n".join(parts)


def markdown(head, rows):
    return "\n".join(["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]])


def write_document(context, results):
    """Puts the tables between the document's two marks; what people wrote around them stays."""
    old = DOCUMENT.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise matrix.Failure(f"{DOCUMENT.name} lacks the lines that mark where the tables go: {BEGIN} and {END}")
    head, rest = old.split(BEGIN)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{document(context, results)}\n{END}{rest.split(END)[1]}")


def document(context, results):
    text = (f"PostgreSQL {context['postgresql']}, domicile {context['domicile']}, {context['date']}. \"ok\" is what the "
            "same programme gave direct; – is what the driver does not offer; frames: each that the driver was sent is "
            "the server's own; log: the audit records say exactly what it sent and was answered.")
    parts = [text, markdown(["driver", "version", *programmes.STEPS, "frames", "log"], list(rows_of(results)))]
    tools = {}
    for name, version, step, outcome, _, frames, log in tool_rows(results):
        entry = tools.setdefault(name, [name, version, [], frames, log])
        entry[2].append(step if outcome == "ok" else f"{step}: {outcome}")
    if tools:
        parts.append(markdown(["tool", "version", "what was run, as direct", "frames", "log"],
                              [[*entry[:2], ", ".join(entry[2]), *entry[3:]] for entry in tools.values()]))
    missing = [result.driver.name for result in results if result.missing]
    if missing:
        parts.append(f"Not run, because they could not be installed: {', '.join(missing)}.")
    return "\n\n".join(parts)


def verdict(results, skips, say):
    missing = [result for result in results if result.missing]
    bad = [result for result in results if not result.missing and not result.is_good]
    good = len(results) - len(missing) - len(bad)
    say(f"{good} good, {len(bad)} not, {len(missing)} skipped; "
        f"{sum(result.records for result in results)} audit records of "
        f"{sum(result.sessions for result in results)} sessions and "
        f"{sum(result.frames for result in results)} frames compared")
    for result in missing:
        say(f"SKIPPED {result.driver.name}: {result.missing}")
    if len(missing) > skips:
        say(f"more than {skips} skipped: that is a failure")
    return 1 if bad or not good or len(missing) > skips else 0
