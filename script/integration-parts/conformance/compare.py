"""Compares what a suite's tests said both ways, and weighs the differences against the list of known ones."""

import difflib
import json
import pathlib
import re

KNOWN = pathlib.Path(__file__).resolve().parent.parent / "conformance-known.json"
ABSENT = "(this test did not run)"


class Difference:
    """One test that said something else through the gateway; `lines` are those of a diff, direct's with `-`."""

    def __init__(self, suite, test, direct, through):
        self.suite = suite
        self.test = test
        self.diff = list(difflib.unified_diff(direct.splitlines(), through.splitlines(), "direct", "through", n=2,
                                              lineterm=""))
        self.lines = [line for line in self.diff[2:] if line[:1] in "+-"]
        self.is_unstable = False
        self.reason = None

    def as_json(self):
        return {"test": self.test, "reason": self.reason, "unstable": self.is_unstable, "diff": self.diff[:200]}


def differences(suite, direct, through):
    return [Difference(suite, name, direct.get(name, ABSENT), through.get(name, ABSENT))
            for name in dict.fromkeys([*direct, *through]) if direct.get(name, ABSENT) != through.get(name, ABSENT)]


class Known:
    """The reviewed list: a suite, a test (a regular expression), the lines that may differ (regular expressions that each
    cover a whole line of the diff), and the reason."""

    def __init__(self, path=KNOWN):
        self.entries = json.loads(path.read_text())
        self.used = set()

    def judge(self, difference):
        for at, entry in enumerate(self.entries):
            if entry["suite"] != difference.suite or not re.fullmatch(entry["test"], difference.test):
                continue
            if all(any(re.fullmatch(line, found) for line in entry["lines"]) for found in difference.lines):
                difference.reason = entry["reason"]
                self.used.add(at)
                return

    def unused(self, suites):
        """Entries of suites that ran whole, and that nothing needed: they have to go."""
        return [entry for at, entry in enumerate(self.entries) if at not in self.used and entry["suite"] in suites]
