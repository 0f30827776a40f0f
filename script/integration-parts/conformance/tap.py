"""PostgreSQL's TAP tests that a given server can serve."""

import os
import re

from ground import BINARIES
from suites import HERE, NO_RESULT, Suite, plain, run

# Their folder and file: what psql and pgbench do with a server, cancel requests among it.
TESTS = (("src/bin/psql", "001_basic"), ("src/bin/psql", "020_cancel"), ("src/bin/pgbench", "001_pgbench_with_server"))


class Programs(Suite):
    name = "programs"
    least = 300

    def prepare(self, sources):
        self.source = sources.postgresql()
        self.version = self.source.name.removeprefix("postgresql-")

    def meant(self, found):
        return sum(text.startswith("ok") for text in found.values())

    def run(self, part, way, folder, only=None):
        found = {}
        for place, name in TESTS:
            here = folder / name
            here.mkdir()
            given = way.environment()
            environment = {key: value for key, value in given.items() if not key.startswith("PG")}
            environment |= {f"GIVEN_{key}": value for key, value in given.items() if key.startswith("PG")}
            environment |= {"TESTDIR": str(here), "TESTDATADIR": str(here / "tmp_check"), "PG_REGRESS": "/bin/false",
                            "PATH": f"{self.source / 'programs'}:{BINARIES}:{os.environ['PATH']}"}
            _, said = run(["nice", "perl", "-I", self.source / "src/test/perl", "-I", HERE / "drivers", "-MGivenServer",
                           self.source / place / "t" / f"{name}.pl"], environment, self.source / place, patience=300)
            found.update((f"{name}: {test}", text) for test, text in self.cases(said))
        return found

    def cases(self, said):
        """Each line of TAP, its number taken away; a name that comes again is counted."""
        seen = {}
        ended = False
        for line in said.splitlines():
            match = re.match(r"(ok|not ok) \d+ - (.*)", line)
            ended = ended or bool(re.match(r"1\.\.\d+$", line))
            if match:
                name = re.sub(r"(?<=seeded with )\d+|(?<=random seed to )\d+|(?<=transaction count for )\S+ \(\d+\)", "#",
                              plain(match.group(2)))
                seen[name] = seen.get(name, 0) + 1
                yield f"{name} ({seen[name]})", match.group(1)
        if not ended:
            yield "the whole of it", f"{NO_RESULT}\n" + plain("\n".join(said.splitlines()[-12:]))
