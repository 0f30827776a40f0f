#!/usr/bin/python3
"""Makes an audit log of any size, as a gateway writes one, for measuring what reads logs."""

import argparse
import json
import os
import pathlib
import random
import sys

sys.dont_write_bytecode = True
from logtree import ORIGIN, SignedTree

DESCRIPTION = """\
Writes a signed log of N records of a region into a folder, and prints its verifier key: sessions of many principals at once, of a few to some hundred
statements, by the simple and the extended protocol; one statement in a hundred fails. The same seed makes the same log,
but for the salts.

  script/bench-parts/searchlog.py FOLDER --records 10000000
"""

SEGMENT = 256 << 20
START = 1_767_225_600  # 2026-01-01
STATEMENTS = [
    ("SELECT abalance FROM pgbench_accounts WHERE aid = {};", "select", ["pgbench_accounts"], "8b1a9953c4611296"),
    ("UPDATE pgbench_accounts SET abalance = abalance + {} WHERE aid = 7;", "update", ["pgbench_accounts"],
     "50fde20626009aba"),
    ("INSERT INTO public.orders (customer_id, amount) VALUES ({}, 10)", "insert", ["public.orders"],
     "e10adc3949ba59ab"),
    ("SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.id = {}", "select",
     ["orders", "customers"], "c33367701511b4f6"),
    ("BEGIN", "transaction", [], "2a0b5c3d4e5f6071"),
    ("COMMIT", "transaction", [], "3a0b5c3d4e5f6071"),
]
STATES = ["42501", "23505", "40001", "57014"]


def compact(value):
    return json.dumps(value, separators=(",", ":"))


class Session:
    def __init__(self, log, source):
        self.name = f"{source.getrandbits(96):024x}"
        subject = source.randrange(log.subjects)
        self.statements = min(500, int(source.expovariate(1 / 8)) + 1)
        self.message = 0
        self.parsed = None
        self.extended = source.random() < 0.5
        self.who = (
            f'"session":"{self.name}","gateway":"gw-eu-1","region":"eu-west-1","replica":"orders-eu-{"ab"[subject % 2]}",'
            f'"database":"orders","role":"analyst","issuer":"https://id.example.com","subject":"user-{subject:05}",'
            f'"planner":"planner-{subject % 20}","task":"task-{source.randrange(log.tasks):06}",'
            f'"token_id":"{source.getrandbits(128):032x}","client":"10.1.{subject % 256}.{subject >> 8}:'
            f'{source.randrange(1024, 65536)}","application":"executor","rule":"eu-analysts"')


class Log:
    """Lines are put together as text: that is what takes the time."""

    def __init__(self, folder, options):
        self.folder = pathlib.Path(folder)
        self.subjects, self.tasks = options.subjects, options.tasks
        self.source = random.Random(options.seed)
        self.micros = START * 1_000_000
        self.step = max(1, options.days * 86_400_000_000 // options.records)
        self.seq, self.size = 0, 0
        self.file = None
        self.salts, self.salt = "", 0
        self.second, self.stamp = -1, ""
        (self.folder / "segments").mkdir(parents=True)
        self.tree = SignedTree(self.folder)
        (self.folder / "log.json").write_text(compact({
            "format": 1, "region": "eu-west-1", "created": "2026-01-01T00:00:00.000000Z", "origin": ORIGIN,
            "keys": [{"key": self.tree.verifier, "from": 0}]}) + "\n")

    def time(self):
        self.micros += self.source.randrange(2 * self.step) + 1
        second, micro = divmod(self.micros, 1_000_000)
        if second != self.second:
            minute, s = divmod(second, 60)
            hour, m = divmod(minute, 60)
            day, h = divmod(hour, 24)
            if self.second < 0 or day != self.second // 86_400:
                import datetime
                self.day = (datetime.date(1970, 1, 1) + datetime.timedelta(days=day)).isoformat()
            self.second, self.stamp = second, f"{self.day}T{h:02}:{m:02}:{s:02}"
        return f"{self.stamp}.{micro:06}Z"

    def add(self, kind, rest):
        if self.salt >= len(self.salts):
            self.salts, self.salt = os.urandom(1 << 16).hex(), 0
        salt = self.salts[self.salt:self.salt + 32]
        self.salt += 32
        if self.file is None or self.size >= SEGMENT:
            if self.file:
                self.file.close()
            self.file = open(self.folder / "segments" / f"{self.seq:020}.jsonl", "w", buffering=1 << 20)
            self.size = 0
        line = f'{{"seq":{self.seq},"salt":"{salt}","time":"{self.time()}","type":"{kind}",{rest}}}\n'
        self.file.write(line)
        self.tree.add(line[:-1].encode())
        self.size += len(line)
        self.seq += 1

    def start(self):
        session = Session(self, self.source)
        self.add("session.start", session.who + ',"decision":{"regions":["eu-west-1"],"role":"analyst",'
                 '"access":"read_write","forbid":["egress","ddl"],"policy":"' + "0" * 64 + '"}')
        return session

    def run(self, session):
        """One statement, or the session's end: false."""
        if session.statements == 0:
            self.add("session.end", session.who + ',"reason":"terminated","duration_us":120000,"statements":'
                     f'{session.message},"bytes_in":4000,"bytes_out":9000')
            return False
        session.statements -= 1
        source = self.source
        sql, kind, relations, fingerprint = source.choice(STATEMENTS)
        text = compact(sql.format(source.randrange(100_000)))
        facts = f'"sql":{text},"fingerprint":"{fingerprint}","class":"{kind}"' + (
            f',"relations":{compact(relations)}' if relations else "")
        name = f'"session":"{session.name}"'
        if session.extended:
            if session.parsed is None or source.random() < 0.2:
                session.message += 1
                session.parsed = session.message
                self.add("parse", f'{session.who},"message":{session.message},{facts},"statement_name":"s1"')
            session.message += 2
            self.add("bind", f'{name},"message":{session.message - 1},"statement_name":"s1","statement":{session.parsed},'
                     '"portal":"","parameters":[{"format":0,"type":23,"digest":"k1:0123456789abcdef0123456789abcdef",'
                     '"bytes":4}]')
            self.add("execute", f'{name},"message":{session.message},"statement":{session.parsed},"portal":"","max_rows":0')
        else:
            session.message += 1
            self.add("query", f'{session.who},"message":{session.message},{facts}')
        end = (f'"bytes":0,"duration_us":310,"sqlstate":"{source.choice(STATES)}"' if source.random() < 0.01
               else '"tag":"SELECT 1","rows":1,"bytes":14,"duration_us":310')
        self.add("outcome", f'{name},"of":{session.message},"index":0,{end}')
        return True


def main():
    parser = argparse.ArgumentParser(description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", help="a folder that does not exist")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--subjects", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--sessions", type=int, default=40, help="that are live at once (default 40)")
    parser.add_argument("--days", type=int, default=30, help="that the log spans (default 30)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    log = Log(options.folder, options)
    live = [log.start() for _ in range(options.sessions)]
    while log.seq < options.records:
        at = log.source.randrange(len(live))
        if not log.run(live[at]):
            live[at] = log.start()
    log.file.close()
    log.tree.close()
    print(log.tree.verifier)


if __name__ == "__main__":
    main()
