"""Whether the records of a capture say what its trace says. Both files were written by the same program, so this reads
the trace on its own: it knows the protocol's messages, and nothing of how the gateway matches answers with them."""

import base64
import collections
import json
import re

STATEMENTS = {"Query": "query", "Parse": "parse", "Bind": "bind", "Execute": "execute",
              "FunctionCall": "function_call"}
LOGIN = {"PasswordMessage", "SASLInitialResponse", "SASLResponse", "GSSResponse"}
STARTUP = {"SSLRequest", "GSSENCRequest", "StartupMessage", "CancelRequest"}
# Notes behind which a gateway's records, or what can be known of them, end early.
CUT = re.compile(r"not captured|no frame|bytes were lost|too long|too many|not PostgreSQL|not decoded")


class Connection:
    """What the trace shows of one. Answers come in the order of what they answer, so that `waiting` tells of each which
    message it ends; what stands behind an error up to the next Sync gets none."""

    def __init__(self):
        self.sent = {}
        self.waiting = collections.deque()
        self.number = 0
        self.ends = []
        self.skipped = set()
        self.failed = set()
        self.is_whole = True
        self.is_over = False
        self.is_logged_in = False
        self.is_skipping = False
        self.key = None
        self.indexes = collections.Counter()
        self.rows = self.bytes = self.copied = 0
        self.copy = None

    def frontend(self, length, name, fields):
        if name in LOGIN or name in STARTUP:
            return
        self.number += 1
        if name in STATEMENTS:
            self.sent[self.number] = (name, length, fields)
        # Executors may send COPY data ahead of the answer that asks for it.
        if name == "CopyData":
            self.copied += length - 4
        elif name not in ("Flush", "Terminate"):
            self.waiting.append((self.number, name))
            self.skip()

    def skip(self):
        while self.is_skipping and self.waiting:
            number, name = self.waiting[0]
            if name == "Sync":
                self.is_skipping = False
                return
            self.waiting.popleft()
            if name in STATEMENTS:
                self.skipped.add(number)

    def backend(self, length, name, fields):
        if name == "BackendKeyData":
            self.key = fields.split()[0]
        if not self.is_logged_in:
            self.is_logged_in = name == "ReadyForQuery"
            return
        if name in ("DataRow", "CopyData", "FunctionCallResponse"):
            self.bytes += length - 4
            self.rows += name == "DataRow"
        if name in ("CopyInResponse", "CopyOutResponse", "CopyBothResponse"):
            self.copy = name[4:-8].lower()
            self.copy_begun()
        elif name == "CommandComplete":
            tag = fields[1:-1]
            rows = re.search(r" (\d+)$", tag)
            self.end(tag=tag, rows=int(rows.group(1)) if rows else None)
        elif name in ("EmptyQueryResponse", "FunctionCallResponse"):
            self.end()
        elif name == "PortalSuspended":
            self.end(tag="PortalSuspended", rows=self.rows)
        elif name == "ErrorResponse":
            self.error(re.search(r' C "(\w{5})"', f" {fields}").group(1), ' V "FATAL"' in fields)
        elif name in ("ParseComplete", "BindComplete", "CloseComplete", "RowDescription", "NoData", "ReadyForQuery"):
            # A Query's own RowDescription ends nothing.
            if self.waiting and (self.waiting[0][1] not in ("Query", "FunctionCall") or name == "ReadyForQuery"):
                self.waiting.popleft()

    def copy_begun(self):
        """COPY IN takes in, without an answer, each Sync ahead of its end."""
        if self.copy == "out":
            return
        asked = self.waiting.popleft()
        while self.waiting and self.waiting[0][1] == "Sync":
            self.waiting.popleft()
        self.waiting.appendleft(asked)

    def error(self, sqlstate, is_fatal):
        if not self.waiting:
            if not is_fatal:
                self.end(sqlstate=sqlstate)
            return
        number, name = self.waiting[0]
        self.failed.add(number)
        self.end(sqlstate=sqlstate, is_over=True)
        if name not in ("Query", "FunctionCall"):
            self.waiting.popleft()
            self.is_skipping = True
            self.skip()

    def end(self, tag=None, rows=None, sqlstate=None, is_over=False):
        number, name = self.waiting[0] if self.waiting else (0, None)
        if self.copy:
            came = self.copied if self.copy in ("in", "both") else 0
            self.ends.append(("copy", number, self.copy, came + (self.bytes if self.copy != "in" else 0)))
            self.copied = 0
            # CopyDone and CopyFail get no answer of their own.
            self.waiting = collections.deque(
                one for one in self.waiting if one[1] not in ("CopyDone", "CopyFail"))
        self.ends.append(("outcome", number, self.indexes[number], tag, rows, self.bytes, sqlstate))
        self.indexes[number] += 1
        self.rows = self.bytes = 0
        self.copy = None
        if name == "Execute" and not is_over:
            self.waiting.popleft()


def of_trace(text):
    connections = collections.defaultdict(Connection)
    cancels = []
    current = None
    for line in text.splitlines():
        begun = re.match(r"# connection (\d+): ", line)
        if begun:
            current = begun.group(1)
        elif line.startswith("#"):
            if line == "# backend closes" or line.endswith("resets the connection"):
                connections[current].is_over = True
            if CUT.search(line):
                # Of a packet it is said before its connection is.
                for connection in [connections[current]] if current else connections.values():
                    connection.is_whole = False
        else:
            side, length, name, fields = (line.split("\t", 3) + [""])[:4]
            fields = fields.strip(" ") if name != "Query" else fields[1:]
            if name == "CancelRequest":
                cancels.append(fields.split()[2])
            (connections[current].frontend if side == "F" else connections[current].backend)(
                int(length), name, fields)
    targets = [number for pid in cancels for number, one in connections.items() if one.key == pid]
    return {number: one for number, one in connections.items() if one.is_logged_in}, targets


def escaped(data):
    return "".join(chr(byte) if 0x20 <= byte <= 0x7e else f"\\x{byte:02x}" for byte in data)


def content(record, key):
    if f"{key}_base64" in record:
        return base64.b64decode(record[f"{key}_base64"])
    return None if record[key] is None else record[key].encode()


def values(record):
    """The parameters as a trace writes them; of those of which only a digest was kept, the length."""
    for parameter in record.get("parameters", []):
        if "digest" in parameter:
            yield f"{parameter['bytes']} "
            continue
        value = content(parameter, "value")
        yield "-1" if value is None else f"{len(value)} '{escaped(value)}'"


def fits(record, name, length, fields, texts):
    """Whether the message is the one that the record speaks of."""
    if record["type"] != STATEMENTS[name]:
        return False
    if record.get("reason") == "malformed":
        return record["bytes"] == length - 4
    if name in ("Query", "Parse"):
        sql = content(record, "sql") + b"".join(content(part, "sql") for part in texts)
        if name == "Query":
            return fields == f'"{escaped(sql)}"' and length == len(sql) + 5
        types = record.get("parameter_types", [])
        return fields == " ".join([f'"{record["statement_name"]}"', f'"{escaped(sql)}"', str(len(types)),
                                   *map(str, types)])
    if name == "Execute":
        return fields == f'"{record["portal"]}" {record["max_rows"]}'
    start = (f'"{record["portal"]}" "{record["statement_name"]}" ' if name == "Bind"
             else f'{record["function_oid"]} ')
    if not fields.startswith(start):
        return False
    formats, rest = fields[len(start):].split(" ", 1)
    rest = f"{rest} ".split(" ", int(formats))[-1]
    parameters = list(values(record))
    return rest.startswith(" ".join([str(len(parameters)), *parameters]))


def names_its_parse(record, connection, spoken):
    """Whether `statement` is the last Parse of the name, or the last one that went well: which it was to be was not
    known where others were still to be answered. Of an Execute: what the last Bind of the portal says."""
    before = [one for one in spoken if one["message"] < record["message"] and one["type"] == (
        "parse" if record["type"] == "bind" else "bind")]
    if record["type"] == "execute":
        binds = [one for one in before if one["portal"] == record["portal"]]
        return not binds or record.get("statement") in [one.get("statement") for one in binds[-1:]]
    parses = [one["message"] for one in before if one["statement_name"] == record["statement_name"]]
    well = [number for number in parses if number not in connection.failed | connection.skipped]
    return record.get("statement") in {*parses[-1:], *well[-1:], *([] if parses else [None])}


def of_connection(connection, records):
    """What is wrong with the records of a connection."""
    spoken = [record for record in records if "message" in record]
    numbers = [record["message"] for record in spoken]
    if numbers != sorted(set(numbers)):
        return f"messages {numbers} are not in order, each once"
    texts = collections.defaultdict(list)
    for record in records:
        if record["type"] == "text":
            texts[record["of"]].append(record)
    for record in spoken:
        if record["message"] not in connection.sent or not fits(
                record, *connection.sent[record["message"]], texts[record["message"]]):
            return f"{record} is not of message {connection.sent.get(record['message'])}"
        if record["type"] in ("bind", "execute") and not names_its_parse(record, connection, spoken):
            return f"{record} names another's SQL"
    ends = [("copy", record["of"], record["direction"], record["bytes"]) if record["type"] == "copy" else
            ("outcome", record["of"], record["index"], record.get("tag"), record.get("rows"), record["bytes"],
             record.get("sqlstate"))
            for record in records if record["type"] in ("copy", "outcome") and "reason" not in record]
    unrun = collections.defaultdict(list)
    for record in records:
        if record["type"] == "outcome" and "reason" in record:
            unrun[record["reason"]].append(record["of"])
    wanted = connection.ends if connection.is_whole else connection.ends[:len(ends)]
    if ends != wanted:
        return f"ends {ends}, where the trace has {wanted}"
    if not connection.is_whole:
        return None
    if sorted(unrun["skipped"]) != sorted(connection.skipped):
        return f"skipped are {unrun['skipped']}, and by the trace {connection.skipped}"
    if numbers != sorted(connection.sent):
        return f"there are records of messages {numbers}, and statements sent as {sorted(connection.sent)}"
    lost = [number for number, name in connection.waiting if name in STATEMENTS] if connection.is_over else []
    if sorted(unrun["lost"]) != lost or unrun.keys() - {"skipped", "lost"}:
        return f"without an answer are {dict(unrun)}, and by the trace {lost}"
    return None


def contradiction(trace, lines):
    """Where the records contradict the trace; None where they nowhere do."""
    connections, targets = of_trace(trace)
    records = [json.loads(line) for line in lines.splitlines()]
    if sorted(record["target"] for record in records if record["type"] == "cancel") != sorted(targets):
        return f"cancel requests for {targets}, other records"
    for number in {record["session"] for record in records} - set(connections):
        return f"records of connection {number}, which is not logged in"
    for number, connection in connections.items():
        problem = of_connection(connection, [record for record in records if record["session"] == number
                                             and record["type"] != "cancel"])
        if problem:
            return f"connection {number}: {problem}"
    return None
