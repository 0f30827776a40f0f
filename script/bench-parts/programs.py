"""What parts of the gateway cost by themselves: builds a program of Benchmarks/ with those parts' sources and runs it."""

import pathlib
import subprocess
import tempfile

import report
from systems import REPOSITORY, Failure

GATEWAY = REPOSITORY / "Sources/Gateway"
WALK = REPOSITORY / "Sources/CPGQuery"
SERVER_HEADERS = "/usr/include/postgresql/15/server"
SETTINGS = ["-O", "-wmo", "-swift-version", "6", "-package-name", "domicile", "-parse-as-library"]


def run(command, what):
    answer = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if answer.returncode:
        raise Failure(f"{what} failed:\n{answer.stderr}")
    return answer.stdout


def compile_module(folder, name, sources):
    made = folder / f"{name}.o"
    files = sorted(file for file in sources.glob("*.swift"))
    run(["swiftc", *SETTINGS, "-I", folder, "-module-name", name, "-emit-module", "-emit-module-path",
         folder / f"{name}.swiftmodule", "-c", *files, "-o", made], f"compiling {name}")
    return made


def compile_walk(folder):
    """The C of CPGQuery, and the map by which Swift finds it."""
    (folder / "module.modulemap").write_text(
        f'module CPGQuery {{ header "{WALK}/include/CPGQuery.h" link "pg_query" export * }}\n')
    made = []
    for file in sorted(WALK.glob("*.c")):
        made.append(folder / f"{file.stem}.o")
        run(["clang", "-O2", "-isystem", SERVER_HEADERS, "-Wno-ignored-attributes", "-I", WALK / "include", "-c", file,
             "-o", made[-1]], f"compiling {file.name}")
    return made


def lines_of(program, objects, folder):
    """Builds the program and runs it: the cells of each line that it prints."""
    made = folder / program
    run(["swiftc", *SETTINGS, "-I", folder, "-module-name", program, REPOSITORY / f"Benchmarks/{program}.swift",
         *objects, "-o", made], f"compiling {program}")
    return [line.split("\t") for line in run([made], program).splitlines()]


def decisions():
    """What a decision of the policy takes: rules, the principal's groups, what the rules ask for, microseconds."""
    with tempfile.TemporaryDirectory(prefix="domicile-bench-") as name:
        folder = pathlib.Path(name)
        rows = lines_of("Decisions", [compile_module(folder, "GatewayPolicy", GATEWAY / "Policy")], folder)
    return report.table(
        ["rules", "groups of the token", "the rules ask for", "µs a decision"],
        [[f"{int(rules):,}", f"{int(groups):,}", title, report.number(float(time))]
         for rules, groups, title, time in rows])


def judgements():
    """What the guard's verdict takes: the text's bytes, what it is, microseconds from memory and read anew."""
    with tempfile.TemporaryDirectory(prefix="domicile-bench-") as name:
        folder = pathlib.Path(name)
        objects = compile_walk(folder)
        for module, sources in (("SQLText", REPOSITORY / "Sources/SQLText"), ("GatewayPolicy", GATEWAY / "Policy"),
                                ("GatewayCatalog", GATEWAY / "Guard/Catalog"), ("GatewayGuard", GATEWAY / "Guard")):
            objects.append(compile_module(folder, module, sources))
        rows = lines_of("Judgements", objects, folder)
    return report.table(
        ["bytes", "statement", "µs a verdict, text remembered", "µs, text read anew"],
        [[f"{int(size):,}", title, f"{float(remembered):.2f}", report.number(float(read))]
         for size, title, remembered, read in rows])
