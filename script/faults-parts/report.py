"""The table: on a terminal, as JSON, and in docs/operations.md between its marks."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

from ground import FALL, INTERVAL, REPOSITORY, RISE, TIMEOUT, Failure

DOCUMENT = REPOSITORY / "docs/operations.md"
BEGIN = "<!-- script/faults routing writes from here -->"
END = "<!-- script/faults routing writes to here -->"
COLUMNS = ("fault", "what executors saw", "time to detect", "time to recover", "sessions ended")


def context(binary, command):
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout.split()
    information = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", information, re.MULTILINE)
    return {
        "command": command, "domicile": version[-1] if version else "unknown",
        "machine": f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), Linux {platform.release()}",
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "health": f"interval {INTERVAL} s, timeout {TIMEOUT} s, fall {FALL}, rise {RISE}",
    }


def seen(result):
    """By rule: answers, those of another server than usual apart, and each SQLSTATE, with their counts."""
    parts = []
    for rule, counts in sorted(result.saw.items()):
        words = [f"{outcome} ×{count}" for outcome, count in sorted(counts.items()) if outcome != "ok"]
        words.insert(0, f"ok ×{counts['ok']}")
        parts.append(f"{rule}: {', '.join(words)}")
    moved = [f"{name} served by {server} after {after:.1f} s" for name, (server, after) in result.moved.items()
             if not name.endswith("-stays")]
    return "; ".join([*parts, *moved])


def seconds(value):
    return "–" if value is None else f"{value:.1f} s"


def row(result):
    detected = result.detected if result.detected is not None else result.noticed
    ended = ", ".join(f"{state} ×{count}" for state, count in sorted(result.ended.items())) or "none"
    if result.ended:
        ended += f", the last after {result.slowest_end:.1f} s"
    if result.ended_by_mending:
        ended += f"; {result.ended_by_mending} by the mending"
    known = seconds(detected) + (f" (≤ {result.bound:.1f} s)" if detected is not None else "")
    return result.title, seen(result), known, seconds(result.recovered), ended


def terminal(facts, results):
    lines = [f"{key}: {value}" for key, value in facts.items()]
    for result in results:
        _, saw, detected, recovered, ended = row(result)
        lines += ["", f"{result.name}: {'FAILED' if result.problems else 'ok'}: {result.title}", f"  executors saw   {saw}",
                  f"  detected        {detected}; the first login that noticed {seconds(result.noticed)}",
                  f"  recovered       {recovered}", f"  sessions ended  {ended}",
                  f"  slowest answer  {seconds(result.slowest_answer)}"]
        lines += [f"  FAILED          {problem}" for problem in result.problems]
    return "\n".join([*lines, "", table(results)])


def as_json(facts, results):
    return {**facts, "faults": [{
        "name": result.name, "title": result.title, "ok": not result.problems, "problems": result.problems,
        "detected_seconds": result.detected, "noticed_seconds": result.noticed, "bound_seconds": result.bound,
        "recovered_seconds": result.recovered, "sessions_ended": result.ended,
        "sessions_ended_by_mending": result.ended_by_mending,
        "served_elsewhere": {name: {"server": server, "seconds": after} for name, (server, after) in result.moved.items()},
        "slowest_answer_seconds": result.slowest_answer,
        "executors_saw": {rule: dict(counts) for rule, counts in result.saw.items()}} for result in results]}


def document(facts, results):
    lines = ["| | |", "|---|---|"]
    lines += [f"| {key} | {f'`{value}`' if key == 'command' else value} |" for key, value in facts.items()]
    return "\n".join([*lines, "", table(results)])


def table(results):
    lines = ["| " + " | ".join(COLUMNS) + " |", "|" + "---|" * len(COLUMNS)]
    for result in results:
        cells = [cell.replace("|", "\\|") for cell in row(result)]
        if result.problems:
            cells[0] = f"**FAILED** {cells[0]}"
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def write_document(facts, results):
    old = DOCUMENT.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise Failure(f"{DOCUMENT.name} lacks the lines that mark where the table goes: {BEGIN} and {END}")
    head, rest = old.split(BEGIN)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{document(facts, results)}\n{END}{rest.split(END)[1]}")
