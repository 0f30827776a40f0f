"""The load run's figures: on a terminal, as JSON, and in docs/performance.md between its marks."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

from load_ground import REPOSITORY, Failure

DOCUMENT = REPOSITORY / "docs/performance.md"
BEGIN = "<!-- script/integration load writes from here -->"
END = "<!-- script/integration load writes to here -->"


def machine():
    information = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", information, re.MULTILINE)
    memory = int(re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1)) >> 20
    return (f"{os.cpu_count()} cores ({model.group(1) if model else platform.machine()}), {memory} GiB, "
            f"Linux {platform.release()}")


def context(binary, command):
    version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    return {"command": command, "machine": machine(), "domicile": version.stdout.split()[-1],
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            "load": [round(os.getloadavg()[0], 1)]}


def preface(facts):
    return [("command", f"`{facts['command']}`"), ("machine", facts["machine"]), ("domicile", facts["domicile"]),
            ("date", facts["date"]),
            ("load average", f"{facts['load'][0]} at the beginning, {facts['load'][-1]} at the end, this run's own in it")]


def terminal(facts, results):
    lines = [f"{key}: {value}" for key, value in preface(facts)]
    for result in results:
        lines += ["", f"{result.name}: {'FAILED' if result.problems else 'ok'}"]
        lines += [f"  {key}: {text}" for key, text in result.rows]
        lines += [f"  FAILED: {problem}" for problem in result.problems]
    return "\n".join(lines)


def as_json(facts, results):
    return {**facts, "runs": [{"name": result.name, "ok": not result.problems, "problems": result.problems,
                               "figures": result.figures} for result in results]}


def cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def document(facts, results):
    rows = [("", ""), ("---", "---"), *preface(facts)]
    parts = ["\n".join(f"| {key} | {cell(text)} |" for key, text in rows)]
    rows = [("run", "what", "figure"), ("---", "---", "---")]
    for result in results:
        verdict = f"**{result.name}**: {'FAILED' if result.problems else 'ok'}"
        entries = [*result.rows, *(("FAILED", problem) for problem in result.problems)]
        for at, (key, text) in enumerate(entries):
            rows.append((verdict if at == 0 else "", key, text))
    parts.append("\n".join("| " + " | ".join(cell(text) for text in row) + " |" for row in rows))
    return "\n\n".join(parts)


def write_document(facts, results):
    """Puts the tables between the document's two marks; what people wrote around them stays."""
    old = DOCUMENT.read_text()
    if old.count(BEGIN) != 1 or old.count(END) != 1:
        raise Failure(f"{DOCUMENT.name} lacks the lines that mark where the figures go: {BEGIN} and {END}")
    head, rest = old.split(BEGIN)
    DOCUMENT.write_text(f"{head}{BEGIN}\n{document(facts, results)}\n{END}{rest.split(END)[1]}")
