"""The cases of Tests/Fixtures/sql, and what is to be seen of them."""

import dataclasses
import json
import pathlib
import re

FOLDER = pathlib.Path(__file__).resolve().parents[3] / "Tests/Fixtures/sql"
FILES = ("cases.jsonl", "clients.jsonl", "evasions.jsonl", "attacks.jsonl", "debatable.jsonl")
# Python's name of an encoding that PostgreSQL calls so, where they differ.
ENCODINGS = {"SJIS": "shift_jis", "UHC": "cp949", "BIG5": "big5", "GBK": "gbk", "GB18030": "gb18030", "UTF8": "utf-8"}

# What a case does, by the words of its `proof`.
FAR, FAR_ROWS, ANSWER, FILES_WRITTEN, CATALOGUE, IDENTITY, WRITABLE, RAN = (
    "reached the far end", "changed the far end's rows", "returned what is not this database's", "wrote a server file",
    "changed the catalogue", "became another role", "could write", "ran")
WORDS = (
    ("reached the other server", FAR), ("changed rows on the other server", FAR_ROWS),
    ("returned the other server's rows", ANSWER), ("returned a server file's content", ANSWER),
    ("wrote server file", FILES_WRITTEN), ("changed the catalogue", CATALOGUE), ("made a temporary table", RAN),
    ("session then ran as", IDENTITY), ("an INSERT in the same session then succeeded", WRITABLE),
    ("an INSERT of the message itself succeeded", WRITABLE))


@dataclasses.dataclass(frozen=True)
class Case:
    """One line of a file, in one protocol."""

    file: str
    fields: dict
    protocol: str

    @property
    def id(self):
        return self.fields["id"]

    @property
    def name(self):
        return f"{self.id}/{self.protocol}"

    @property
    def is_refused(self):
        return self.fields["expect"] == "refuse"

    @property
    def is_read_only(self):
        return self.fields["access"] == "read_only"

    @property
    def rule(self):
        """The name of the rule it runs under."""
        return rule_name(self.fields["access"], self.fields["forbid"])

    @property
    def is_inert(self):
        """The server itself answers with an error: there is no effect to look for."""
        return bool(self.fields.get("inert"))

    @property
    def is_syntax_error(self):
        return self.fields.get("server_parses") is False

    @property
    def effects(self):
        """What it does direct, at the least."""
        return {effect for words, effect in WORDS if words in self.fields["proof"]}

    @property
    def fails_direct(self):
        return self.is_inert or self.is_syntax_error or self.fields["proof"].startswith("error")

    def text(self, values):
        repeat = self.fields.get("repeat")
        text = repeat["head"] + repeat["unit"] * repeat["times"] + repeat["tail"] if repeat else self.fields["sql"]
        encoding = self.fields.get("client_encoding")
        text = filled(text, values)
        return text.encode(ENCODINGS.get(encoding, encoding), "surrogateescape") if encoding else text

    def before(self, values):
        encoding = self.fields.get("client_encoding")
        first = [f"SET client_encoding = '{encoding}'"] if encoding else []
        return first + [filled(text, values) for text in self.fields.get("before", ())]

    def parameters(self, values):
        return [None if value is None else filled(value, values) for value in self.fields.get("params", ())]

    def copy_data(self):
        return self.fields.get("copy_data") or ""

    def options(self, values):
        return filled(self.fields.get("options") or "", values)


def rule_name(access, forbid):
    return "-".join([access, *sorted(forbid)])


def filled(text, values):
    return re.sub("|".join(map(re.escape, values)), lambda match: values[match[0]], text) if "@" in text else text


def load():
    """Every case in every protocol that it names. A debatable one is what its `ours` says."""
    cases = []
    for name in FILES:
        for line in (FOLDER / name).read_text().splitlines():
            fields = json.loads(line)
            if fields["expect"] == "either":
                fields["expect"] = fields["ours"]
            protocols = ("simple", "extended") if fields["protocol"] == "both" else (fields["protocol"],)
            cases += [Case(name, fields, protocol) for protocol in protocols]
    return cases


def rules(cases):
    """{name: (access, forbid)} of the rules that they need."""
    return {case.rule: (case.fields["access"], sorted(case.fields["forbid"])) for case in cases}


def setup(values):
    return filled("".join((FOLDER / name).read_text() for name in ("setup.sql", "attacks.sql")), values)
