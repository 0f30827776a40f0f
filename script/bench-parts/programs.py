"""What parts of the gateway cost by themselves: builds a program of Benchmarks/ with those parts' sources and runs it."""

import json
import pathlib
import shlex
import subprocess
import tempfile

import report
from systems import REPOSITORY, Failure

GATEWAY = REPOSITORY / "Sources/Gateway"
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


def release_modules(names):
    """Flags and objects of modules as script/build made them, for those that import packages of others."""
    build = REPOSITORY / ".build/release"
    packages = json.loads((build / "description.json").read_text())
    module = next(one for one in packages["swiftCommands"].values() if one["moduleName"] == names[-1])
    flags = ["-I", module["importPath"]]
    words = module["otherArguments"]
    for index, word in enumerate(words):
        # What the modules share with their package only.
        if word == "-package-name":
            flags += ["-package-name", words[index + 1]]
        if word == "-Xcc" and words[index + 1].startswith("-fmodule-map-file="):
            flags += ["-Xcc", words[index + 1]]
        if word == "-Xcc" and words[index + 1] == "-I":
            flags += ["-Xcc", "-I", "-Xcc", words[index + 3]]
    wanted, left = set(names), list(names)
    while left:
        for name in packages["targetDependencyMap"].get(left.pop(), []):
            if name not in wanted:
                wanted.add(name)
                left.append(name)
    linked = shlex.split((build / "domicile.product/Objects.LinkFileList").read_text())
    folders = {f"{name}.build" for name in wanted}
    return flags, [file for file in linked if folders & set(pathlib.Path(file).parts)]


def lines_of(program, objects, folder, flags=()):
    """Builds the program and runs it: the cells of each line that it prints."""
    made = folder / program
    run(["swiftc", *SETTINGS, "-I", folder, *flags, "-module-name", program, REPOSITORY / f"Benchmarks/{program}.swift",
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
        flags, objects = release_modules(["GatewayPolicy", "GatewayCatalog", "SQLText", "Audit", "GatewayGuard"])
        rows = lines_of("Judgements", [*objects, "-lpg_query", "-lstdc++"], pathlib.Path(name), flags)
    return report.table(
        ["bytes", "statement", "µs a verdict, text remembered", "µs, text read anew", "µs, described for its record too"],
        [[f"{int(size):,}", title, f"{float(remembered):.2f}", report.number(float(read)),
          report.number(float(described))] for size, title, remembered, read, described in rows])
