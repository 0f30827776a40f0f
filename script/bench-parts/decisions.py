"""What a decision of the policy costs: builds Benchmarks/Decisions.swift with the policy's own sources and runs it."""

import pathlib
import subprocess
import tempfile

import report
from systems import REPOSITORY, Failure

POLICY = REPOSITORY / "Sources/Gateway/Policy"
PROGRAM = REPOSITORY / "Benchmarks/Decisions.swift"
SETTINGS = ["-O", "-wmo", "-swift-version", "6", "-package-name", "domicile"]


def build(folder):
    module = ["-module-name", "GatewayPolicy", "-parse-as-library", "-emit-module", "-emit-module-path",
              folder / "GatewayPolicy.swiftmodule", "-c", *sorted(POLICY.glob("*.swift")), "-o", folder / "policy.o"]
    program = ["-module-name", "Decisions", "-parse-as-library", "-I", folder, PROGRAM, folder / "policy.o", "-o",
               folder / "decisions"]
    for words in (module, program):
        answer = subprocess.run(["swiftc", *SETTINGS, *words], capture_output=True, text=True, check=False)
        if answer.returncode:
            raise Failure(f"{PROGRAM.name} does not compile:\n{answer.stderr}")
    return folder / "decisions"


def table():
    """The figures as a table: rules, the principal's groups, what the rules ask for, microseconds."""
    with tempfile.TemporaryDirectory(prefix="domicile-bench-") as name:
        answer = subprocess.run([build(pathlib.Path(name))], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise Failure(f"{PROGRAM.name} failed:\n{answer.stderr}")
    rows = [line.split("\t") for line in answer.stdout.splitlines()]
    return report.table(
        ["rules", "groups of the token", "the rules ask for", "µs a decision"],
        [[f"{int(rules):,}", f"{int(groups):,}", title, report.number(float(time))]
         for rules, groups, title, time in rows])
