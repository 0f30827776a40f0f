#!/usr/bin/env python3
"""Records what a real PostgreSQL answers to frontend traffic, and what its own log says ran.

    record.py [--bin /usr/lib/postgresql/15/bin] [--user postgres] [--sessions 120] [--seed 1]

writes scenarios.json (written by hand below) and traffic.json (random, seeded) beside itself. It starts a server of
its own in a temporary folder, on a Unix socket, and removes it. README.md describes the format.
"""
import argparse, json, os, pwd, random, re, select, shutil, socket, struct, subprocess, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
SETUP = """
create table t(x int);
create table refuses(x int);
create table late(x int unique deferrable initially deferred);
create function fail(code text) returns int language plpgsql as
  $$ begin raise exception 'wanted' using errcode = code; end $$;
create function refuse() returns trigger language plpgsql as $$ begin perform fail('R0000'); return null; end $$;
create trigger refuse before insert on refuses for each statement execute function refuse();
create procedure commits() language plpgsql as $$ begin commit; end $$;
"""


class Server:
    def __init__(self, bin, user):
        self.bin, self.user = bin, user
        self.home = tempfile.mkdtemp(prefix="pipeline-")
        self.log = os.path.join(self.home, "log")
        if os.getuid() == 0:
            entry = pwd.getpwnam(user)
            os.chown(self.home, entry.pw_uid, entry.pw_gid)
        self.run("initdb", "-D", self.home + "/data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = " ".join("-c %s" % o for o in (
            "listen_addresses=''", "unix_socket_directories=" + self.home, "fsync=off", "log_statement=all",
            "log_line_prefix=%p\\|", "log_min_messages=info", "max_prepared_transactions=10"))
        self.run("pg_ctl", "-D", self.home + "/data", "-w", "-l", self.log, "-o", options, "start")
        subprocess.run([os.path.join(bin, "psql"), "-qX", "-h", self.home, "-U", "postgres", "-v", "ON_ERROR_STOP=1",
                        "-c", SETUP], check=True)

    def run(self, command, *arguments):
        whole = [os.path.join(self.bin, command), *arguments]
        if os.getuid() == 0:
            whole = ["setpriv", "--reuid=" + self.user, "--regid=" + self.user, "--clear-groups"] + whole
        subprocess.run(whole, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def stop(self):
        try:
            self.run("pg_ctl", "-D", self.home + "/data", "-m", "immediate", "stop")
        finally:
            shutil.rmtree(self.home)

    def ran(self, pid):
        """What the server's log says it ran for this session, in order: [kind, mark]."""
        found = []
        for line in open(self.log, errors="replace"):
            if not line.startswith("%d|LOG:  " % pid):
                continue
            text = line.split("LOG:  ", 1)[1]
            mark = re.search(r"/\*(\d+)\*/", text)
            if text.startswith("statement: ") and mark:
                found.append(["query", int(mark.group(1))])
            elif text.startswith("execute ") and mark:
                found.append(["execute", int(mark.group(1))])
            elif text.startswith("fastpath function call: "):
                found.append(["function", 0])
        return found


def encode(m):
    kind, body = m[0], b""
    z = lambda s: s.encode(errors="surrogateescape") + b"\0"
    if kind == "Q": body = z(m[2])
    elif kind == "P": body = z(m[2]) + z(m[3]) + b"\0\0"
    elif kind == "B": body = z(m[2]) + z(m[3]) + b"\0\0\0\0\0\0"
    elif kind in "DC": body = m[2].encode() + z(m[3])
    elif kind == "E": body = z(m[2]) + struct.pack("!i", m[3])
    elif kind == "F": body = struct.pack("!ihhi", m[2], 0, 1, 1) + b"7" + struct.pack("!h", 0)
    elif kind == "H": body = b"junk" if m[2] else b""
    elif kind == "d": body = m[2].encode()
    elif kind == "f": body = z("no")
    return kind.encode() + struct.pack("!i", len(body) + 4) + body


class Session:
    def __init__(self, server):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(server.home + "/.s.PGSQL.5432")
        body = struct.pack("!i", 196608) + b"user\0postgres\0database\0postgres\0\0"
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        self.buffer, self.events, self.recording, self.ready, self.closed = b"", [], False, 0, False
        while not self.ready:
            if not self.receive(5):
                raise SystemExit("the server does not answer")
        self.recording = True

    def send(self, messages):
        for m in messages:
            shown = [part.encode(errors="replace").decode() if isinstance(part, str) else part for part in m]
            self.events.append([">"] + (m[:2] + [len(m[2])] if m[0] == "d" else shown))
        try:
            self.socket.sendall(b"".join(encode(m) for m in messages))
        except OSError:
            pass

    def receive(self, timeout):
        """One read; whether anything came."""
        if self.closed or not select.select([self.socket], [], [], timeout)[0]:
            return False
        try:
            data = self.socket.recv(65536)
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return False
        self.buffer += data
        while len(self.buffer) >= 5:
            length = struct.unpack("!i", self.buffer[1:5])[0]
            if len(self.buffer) < length + 1:
                break
            self.frame(chr(self.buffer[0]), self.buffer[5:length + 1])
            self.buffer = self.buffer[length + 1:]
        return True

    def frame(self, tag, body):
        if tag == "K": self.pid = struct.unpack("!i", body[:4])[0]
        if tag == "Z": self.ready += 1
        if not self.recording or tag in "NSA": return
        text = ""
        if tag == "C": text = body[:-1].decode()
        if tag == "Z": text = body.decode()
        if tag == "E": text = next(f[1:] for f in body.split(b"\0") if f[:1] == b"C").decode()
        self.events.append(["<", tag, len(body), text])

    def quiet(self, seconds=0.04):
        while self.receive(seconds):
            pass


# Random traffic. {n} is the number of the message that carries the text.
FREELY = (["/*{n}*/ select from generate_series(1,{n})"] * 10 + ["/*{n}*/ select fail('{fail}')"] * 3 + [
    "/*{n}*/ begin", "/*{n}*/ begin", "/*{n}*/ commit", "/*{n}*/ rollback", "/*{n}*/ savepoint a", "/*{n}*/ rollback to a",
    "/*{n}*/ deallocate all", "/*{n}*/ deallocate s1", "/*{n}*/ discard all", "/*{n}*/ close p1", "/*{n}*/ close all",
    "/*{n}*/", "/*{n}*/ selec", "/*{n}*/ insert into t select generate_series(1,{n})", "/*{n}*/ call commits()",
    "/*{n}*/ copy (select 1 from generate_series(1,{n})) to stdout", "/*{n}*/ insert into late values (1)",
    "/*{n}*/ commit and chain"])
SIMPLE = FREELY + [
    "/*{n}*/ prepare s1 as select from generate_series(1,{n})", "/*{n}*/ prepare s2 as select from generate_series(1,{n})",
    "/*{n}*/ execute s1", "/*{n}*/ declare p1 cursor for select from generate_series(1,{n})",
    "/*{n}*/ declare p2 cursor with hold for select from generate_series(1,{n})",
    "/*{n}*/ fetch 1 from p1", "/*{n}*/ select from generate_series(1,{n}); select fail('{fail}'); select 1",
    "/*{n}*/ begin; insert into t select generate_series(1,{n}); commit; select 1",
    "/*{n}*/ select 1; copy (select 1 from generate_series(1,{n})) to stdout; copy t to stdout where false; select 2"]
COPIES = ["/*{n}*/ copy t from stdin"] * 3 + ["/*{n}*/ copy refuses from stdin", "/*{n}*/ copy nowhere from stdin"]


class Generator:
    def __init__(self, rng):
        self.rng, self.n, self.queue = rng, 0, []

    def number(self):
        self.n += 1
        return self.n

    def text(self, texts, n):
        digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        code, rest = "", n
        for _ in range(4):
            code, rest = digits[rest % 36] + code, rest // 36
        return self.rng.choice(texts).replace("{n}", str(n)).replace("{fail}", "M" + code)

    def statement(self): return self.rng.choice(["", "", "", "s1", "s2", "s3"])
    def portal(self): return self.rng.choice(["", "", "p1", "p2"])

    def copied(self):
        """What a COPY reads, with Sync and Flush in between now and then; broken data now and then."""
        out = []
        for _ in range(self.rng.randrange(4)):
            kind = self.rng.choice("ddddddSH")
            bad = self.rng.random() < 0.08
            if kind == "d": out.append(["d", self.number(), "x\n" if bad else "1\n" * self.rng.randrange(1, 50)])
            elif kind == "S": out.append(["S", self.number()])
            else: out.append(["H", self.number(), 0])
        out.append([self.rng.choice("cccf"), self.number()])
        return out

    def step(self):
        r, n = self.rng.random(), self.number()
        if r < 0.12: return [["Q", n, self.text(SIMPLE, n)]]
        if r < 0.16:
            texts = COPIES + ["/*{n}*/ copy t from stdin; select from generate_series(1,{n}); copy t from stdin"]
            query = ["Q", n, self.text(texts, n)]
            return [query] + self.copied() + (self.copied() if query[2].count("copy") > 1 else [])
        if r < 0.19:
            return [["P", n, "sc", self.text(COPIES, n)], ["B", self.number(), "pc", "sc"],
                    ["E", self.number(), "pc", 0]] + self.copied() + [
                    ["C", self.number(), "S", "sc"], ["C", self.number(), "P", "pc"]]
        if r < 0.35: return [["P", n, self.statement(), self.text(FREELY, n)]]
        if r < 0.47: return [["B", n, self.portal(), self.statement()]]
        if r < 0.64: return [["E", n, self.portal(), self.rng.choice([0, 0, 1, 2])]]
        if r < 0.68: return [["D", n, "S", self.statement()]]
        if r < 0.71: return [["D", n, "P", self.portal()]]
        if r < 0.74: return [["C", n, "S", self.statement()]]
        if r < 0.76: return [["C", n, "P", self.portal()]]
        if r < 0.79: return [["F", n, self.rng.choice([1397, 1397, 0])]]
        if r < 0.82: return [["H", n, int(self.rng.random() < 0.1)]]
        if r < 0.84: return [[self.rng.choice("cf"), n]]
        if r < 0.86: return [["d", n, "1\n"]]
        return [["S", n]]

    def batch(self):
        """A well-formed piece that most clients send: Parse, Bind, Describe, Execute."""
        s, p = self.statement(), self.portal()
        n = self.number()
        out = [["P", n, s, self.text(FREELY, n)], ["B", self.number(), p, s], ["D", self.number(), "P", p],
               ["E", self.number(), p, self.rng.choice([0, 0, 0, 1])]]
        return out + ([["S", self.number()]] if self.rng.random() < 0.7 else [])

    def traffic(self, count):
        out = []
        while self.n < count:
            out += self.batch() if self.rng.random() < 0.25 else self.step()
        out += [["c", self.number()], ["c", self.number()], ["S", self.number()], ["S", self.number()]]
        n = self.number()
        return out + [["Q", n, "/*%d*/ select from generate_series(1,%d)" % (n, n)]]


def record(server, name, messages, how, rng):
    session = Session(server)
    at = 0
    while at < len(messages) and not session.closed:
        if how == "all":
            session.send(messages[at:])
            at = len(messages)
        elif how == "each":
            session.send([messages[at]])
            kind = messages[at][0]
            at += 1
            session.quiet(0.02 if kind in "QSFHcf" else 0.001)
        else:
            take = rng.randrange(1, 9)
            session.send(messages[at:at + take])
            at += take
            for _ in range(rng.randrange(4)):
                session.receive(rng.choice([0, 0, 0.0005, 0.003]))
    session.quiet(0.15)
    session.socket.close()
    time.sleep(0.01)
    return {"name": name, "how": how, "ended": session.closed, "events": session.events, "ran": server.ran(session.pid)}


# Scenarios, in the short form  "Q text", "P name text", "B portal statement", "E portal", "D S|P name", "C S|P name", "S", "H",
# "H!" (with a body), "d text", "c", "f", "F oid", "wait"; - is the unnamed one. Each text gets its mark by itself.
SCENARIOS = {
    "a query of three statements, the second fails": ["Q select 1; select fail('X0001'); select 2"],
    "an empty query": ["Q ", "Q select 1"],
    "skip until Sync swallows Query, FunctionCall and the rest":
        ["P - selec", "B - -", "Q select 1", "F 1397", "E -", "S", "Q select 2"],
    "nothing is skipped after a failed Query": ["Q select fail('X0001')", "Q select 2", "P - select 3", "B - -", "E -", "S"],
    "nothing is skipped after a failed FunctionCall": ["F 0", "F 1397", "P - select 3", "B - -", "E -", "S"],
    "a failed Parse destroys the unnamed statement":
        ["P - select 1", "S", "P - selec", "S", "B - -", "E -", "S"],
    "a Parse with text in the wrong encoding leaves the unnamed statement": ["P - select 1", "S", "P - select '\udcff'", "S",
                                                                            "B - -", "E -", "S"],
    "a skipped Parse leaves the unnamed statement": ["P - select 1", "S", "B - nothing", "P - select 2", "S", "B - -", "E -", "S"],
    "a named statement cannot be redefined": ["P s1 select from generate_series(1,3)", "S", "P s1 select 2", "S",
                                              "B - s1", "E -", "S"],
    "a named statement redefined behind Close": ["P s1 select 1", "C S s1", "P s1 select 2", "B - s1", "E -", "S"],
    "a Bind keeps what its statement's name meant": ["P - select 1", "B p1 -", "P - select 2", "B p2 -", "E p1", "E p2", "S"],
    "Close of a statement leaves its portals": ["P s1 select 1", "B p1 s1", "C S s1", "E p1", "B p2 s1", "S"],
    "a Query destroys the unnamed statement and portal": ["Q begin", "P - select 1", "B - -", "S", "Q select 2", "E -", "S",
                                                          "Q rollback", "B - -", "S"],
    "an empty Query leaves the unnamed portal": ["Q begin", "P - select 1", "B - -", "S", "Q ", "E -", "S", "Q commit"],
    "a Query that does not parse destroys the unnamed statement": ["P - select 1", "S", "Q selec", "B - -", "E -", "S"],
    "a Sync ends the implicit transaction and its portals": ["P - select 1", "B p1 -", "S", "E p1", "S"],
    "portals live across Sync in a transaction": ["Q begin", "P - select generate_series(1,5)", "B p1 -", "S", "E p1 2", "S",
                                                  "E p1 2", "S", "E p1 2", "S", "Q commit", "E p1", "S"],
    "a portal outlives an error undone by a savepoint": ["Q begin", "P - select generate_series(1,5)", "B p1 -", "S", "Q savepoint a",
                                                         "Q selec", "Q rollback to a", "E p1", "S", "Q commit"],
    "names that agree in 63 bytes": ["P " + "n" * 63 + "A select 1", "S", "B - " + "n" * 63 + "B", "E -", "S"],
    "SQL's PREPARE and Bind": ["Q prepare s1 as select 1", "B - s1", "E -", "S", "Q deallocate s1", "P s1 select 2", "B - s1",
                               "E -", "S"],
    "DEALLOCATE and PREPARE behind a Parse": ["P s1 select 1", "S", "Q deallocate s1", "Q prepare s1 as select 2", "B - s1", "E -",
                                              "S"],
    "DEALLOCATE ALL": ["P s1 select 1", "P - select 2", "S", "Q deallocate all", "B - s1", "S"],
    "DISCARD ALL by the extended protocol": ["P - discard all", "P s1 select 1", "S", "B - -", "E -", "S", "B - s1", "S", "B - -",
                                             "E -", "S"],
    "DECLARE CURSOR and Execute": ["Q begin", "Q declare p1 cursor for select generate_series(1,4)", "E p1 2", "S", "E p1", "S",
                                   "Q commit"],
    "a cursor takes the name of a portal closed by SQL": ["Q begin", "P - select 1", "B p1 -", "S", "Q close p1",
                                                          "Q declare p1 cursor for select 2", "E p1", "S", "Q commit"],
    "COMMIT closes portals in a pipeline": ["P - begin", "B - -", "E -", "P s1 select 1", "B p1 s1", "P - commit", "B - -", "E -",
                                            "E p1", "S"],
    "an error at commit answers the Sync": ["P - insert into late values (1),(1)", "B - -", "E -", "S", "Q select 1"],
    "Flush with a body": ["P - select 1", "H!", "B - -", "E -", "S", "Q select 1"],
    "Describe in both forms": ["P - select 1", "D S -", "B - -", "D P -", "E -", "P - begin", "D S -", "B - -", "D P -", "E -",
                               "S", "Q rollback"],
    "COPY IN by Query": ["Q copy t from stdin", "wait", "d 1\n2\n", "d 3\n", "c", "Q select 1"],
    "COPY IN by Query, all at once": ["Q copy t from stdin", "d 1\n2\n", "d 3\n", "c", "Q select 1"],
    "COPY IN with Sync and Flush inside": ["Q copy t from stdin", "wait", "S", "d 1\n", "S", "H", "c", "S", "Q select 1"],
    "two COPY IN and a SELECT in a Query": ["Q copy t from stdin; select 1; copy t from stdin", "d 1\n", "c", "d 1\n2\n", "c",
                                            "Q select 2"],
    "CopyFail": ["Q copy t from stdin", "wait", "d 1\n", "f", "Q select 1"],
    "COPY IN as libpq does it": ["P - copy t from stdin", "B - -", "D P -", "E -", "S", "wait", "d 1\n", "c", "S", "wait", "Q select 1"],
    "COPY IN as libpq does it, failing": ["P - copy t from stdin", "B - -", "D P -", "E -", "S", "wait", "d x\n", "c", "S", "wait",
                                          "Q select 1"],
    "COPY IN as libpq does it, given up": ["P - copy t from stdin", "B - -", "D P -", "E -", "S", "wait", "d 1\n", "f", "S", "wait",
                                           "Q select 1"],
    "COPY IN that fails before it reads": ["P - copy refuses from stdin", "B - -", "D P -", "E -", "S", "wait", "d 1\n", "c", "S",
                                           "wait", "Q select 1"],
    "COPY IN that fails before it reads, all at once":
        ["P - copy refuses from stdin", "B - -", "E -", "S", "d 1\n", "c", "P - select 2", "B - -", "E -", "S", "Q select 1"],
    "COPY IN with a Sync behind bad data": ["P - copy t from stdin", "B - -", "E -", "d x\n", "d 1\n", "S", "c", "P - select 2",
                                            "B - -", "E -", "S", "Q select 1"],
    "COPY IN with a Sync before bad data": ["P - copy t from stdin", "B - -", "E -", "S", "d x\n", "d 1\n", "c", "P - select 2",
                                            "B - -", "E -", "S", "Q select 1"],
    "a Query's COPY IN that fails before it reads": ["Q copy refuses from stdin", "S", "S", "d 1\n", "c", "P - select 2", "B - -",
                                                     "E -", "S", "Q select 1"],
    "COPY IN without leave": ["P - copy nowhere from stdin", "B - -", "E -", "S", "d 1\n", "c", "S", "Q select 1"],
    "a Query inside COPY IN": ["Q copy t from stdin", "wait", "d 1\n", "Q select 1"],
    "COPY OUT": ["Q copy (select 1 from generate_series(1,3)) to stdout; select 2", "P - copy (select 1) to stdout", "B - -", "E -", "S"],
    "stray COPY messages": ["d 1\n", "c", "f", "Q select 1", "P - selec", "d 1\n", "c", "f", "S", "c", "Q select 1"],
    "a Query in an unfinished series": ["P - select 1", "B - -", "Q select 2", "S"],
    "five inserts, the third fails": ["P a insert into t values (1)", "P b select fail('X0001')", "B - a", "E -", "B - a", "E -",
                                      "B - b", "E -", "B - a", "E -", "B - a", "E -", "S", "Q select 1"],
    "Execute of an empty statement": ["P - ", "B - -", "E -", "S"],
    "Bind and Execute of nothing": ["B - nothing", "E nothing", "S", "E nothing", "S"],
    "one batch fails, the next was already sent": ["P - select 1", "B - -", "E -", "S", "P - selec", "B - -", "E -", "S",
                                                   "B - -", "E -", "S"],
    "a procedure commits": ["P - select 1", "B p1 -", "P - call commits()", "B - -", "E -", "E p1", "S"],
}


def scenario(lines):
    out, n = [], 0
    for line in lines:
        if line == "wait":
            out.append("wait")
            continue
        n += 1
        kind, rest = line[0], line[2:]
        word = rest.split(" ", 1)[0]
        name = lambda s: "" if s == "-" else s
        if kind == "Q": out.append(["Q", n, "/*%d*/ %s" % (n, rest)])
        elif kind == "P": out.append(["P", n, name(word), "/*%d*/ %s" % (n, rest[len(word) + 1:]) if rest[len(word) + 1:] else ""])
        elif kind == "B": out.append(["B", n, name(word), name(rest.split(" ")[1])])
        elif kind in "DC": out.append([kind, n, word, name(rest.split(" ")[1])])
        elif kind == "E": out.append(["E", n, name(word), int((rest.split(" ") + ["0"])[1])])
        elif kind == "F": out.append(["F", n, int(rest)])
        elif kind == "H": out.append(["H", n, int(line == "H!")])
        elif kind == "d": out.append(["d", n, rest])
        else: out.append([kind, n])
    return out


def record_scenario(server, name, lines, how):
    session = Session(server)
    pending = []
    for m in scenario(lines) + ["wait"]:
        if m == "wait":
            session.send(pending)
            pending = []
            session.quiet(0.1)
        elif how == "all":
            pending.append(m)
        else:
            session.send([m])
            session.quiet(0.03)
    session.socket.close()
    time.sleep(0.02)
    return {"name": name, "how": how, "ended": session.closed, "events": session.events, "ran": server.ran(session.pid)}


def write(path, recordings):
    with open(os.path.join(HERE, path), "w") as out:
        out.write("[\n" + ",\n".join(json.dumps(r, separators=(",", ":")) for r in recordings) + "\n]\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default="/usr/lib/postgresql/15/bin")
    parser.add_argument("--user", default="postgres")
    parser.add_argument("--sessions", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    server = Server(arguments.bin, arguments.user)
    try:
        write("scenarios.json", [record_scenario(server, name, lines, how)
                                 for name, lines in SCENARIOS.items() for how in ("all", "each")])
        recordings = []
        for index in range(arguments.sessions):
            rng = random.Random(arguments.seed * 1000 + index)
            messages = Generator(rng).traffic(rng.choice([20, 40, 80]))
            recordings.append(record(server, "seed %d" % index, messages, rng.choice(["all", "each", "mixed", "mixed"]), rng))
        write("traffic.json", recordings)
        print("sessions: %d, ended by the server: %d" % (len(recordings), sum(r["ended"] for r in recordings)))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
