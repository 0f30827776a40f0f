"""What the audit log must say of a session, worked out from what was seen on the wire.

Written from docs/audit-log.md and PostgreSQL's protocol, not from the gateway: a second opinion of which answer belongs
to which message.
"""

import re

import wire

EXTENDED = "PBDCE"
RECORDED = "QPBEF"


class Expectation:
    """`records` are those of what the driver sent, `ends` those of how it ended, each in its own order."""

    def __init__(self, trace):
        self.trace = trace
        self.records = []
        self.ends = []
        self.number = 0
        self.queue = []
        self.is_skipping = False
        self.copied = 0
        self.takes_copy_data = False
        self.statements = {}
        self.portals = {}
        self.is_terminated = False
        self.statement_count = 0
        self.begin_statement()
        for at, (side, kind, body) in enumerate(trace.events):
            try:
                self.sent(kind, body) if side == "F" else self.answered(kind, body)
            except (ValueError, IndexError) as problem:
                near = " ".join(one[0] + one[1] for one in trace.events[max(0, at - 30):at + 3])
                raise ValueError(f"{problem}; near event {at}: {near}") from problem

    def begin_statement(self, index=0):
        self.index = index
        self.bytes = 0
        self.rows = 0
        self.copy = None
        self.has_failed = False

    # What the driver sent

    def sent(self, kind, body):
        self.number += 1
        if kind in RECORDED:
            self.records.append({"message": self.number, **getattr(self, "sent_" + kind)(wire.Body(body))})
        if kind == "X":
            self.is_terminated = True
        elif kind == "d":
            self.copied += len(body)
        elif kind in "cf":
            if not self.takes_copy_data and self.queue:
                # Some drivers send all of a COPY before they are told that it has begun.
                self.queue.append((self.number, "c", body))
            self.takes_copy_data = False
        elif kind == "S" and self.takes_copy_data:
            pass  # COPY takes it in
        elif kind in EXTENDED + "QFS":
            if kind == "S":
                self.is_skipping = False
            if self.is_skipping:
                self.skip(self.number, kind)
            else:
                self.queue.append((self.number, kind, body))

    def sent_Q(self, body):
        return {"type": "query", "sql": body.text()}

    def sent_P(self, body):
        name = body.text()
        found = {"type": "parse", "sql": body.text(), "statement_name": name.decode()}
        types = [entry & 0xFFFFFFFF for entry in body.integers("i")]
        self.statements[name] = self.number
        return {**found, "parameter_types": types} if types else found

    def sent_B(self, body):
        portal, name = body.text(), body.text()
        formats = body.integers("h")
        values = body.values()
        found = {"type": "bind", "statement_name": name.decode(), "portal": portal.decode()}
        if self.statements.get(name):
            found["statement"] = self.statements[name]
        self.portals[portal] = self.statements.get(name)
        if values:
            found["parameters"] = parameters(formats, values)
        return found

    def sent_E(self, body):
        portal = body.text()
        found = {"type": "execute", "portal": portal.decode(), "max_rows": body.integer("i")}
        if self.portals.get(portal):
            found["statement"] = self.portals[portal]
        return found

    def sent_F(self, body):
        found = {"type": "function_call", "function_oid": body.integer("I")}
        formats = body.integers("h")
        values = body.values()
        return {**found, "parameters": parameters(formats, values)} if values else found

    # What it was answered

    def answered(self, kind, body):
        head = self.queue[0][1] if self.queue else None
        if kind == "D":
            self.bytes += len(body)
            self.rows += 1
        elif kind == "d":
            self.bytes += len(body)
            self.copied += len(body)
        elif kind in "GHW":
            self.copy = {"G": "in", "H": "out", "W": "both"}[kind]
            if kind == "G":
                self.copy_in_began()
        elif kind in "CIs":
            tag = {"I": None, "s": "PortalSuspended"}.get(kind, body[:-1].decode())
            self.ended(tag=tag)
        elif kind == "E":
            self.failed(wire.sqlstate(body))
        elif kind == "V":
            self.bytes = len(body)
        elif kind == "Z":
            if head == "F" and not self.has_failed:
                self.ended(tag=None)
            self.pop("QFS")
        elif kind == "1":
            self.pop("P")
        elif kind == "2":
            self.pop("B")
        elif kind == "3":
            self.pop("C")
        elif kind in "Tn" and head == "D":
            self.pop("D")

    def copy_in_began(self):
        """COPY takes in what was sent ahead, Syncs too, up to its end where that has come."""
        self.takes_copy_data = True
        while len(self.queue) > 1 and self.queue[1][1] in "Sc" and self.takes_copy_data:
            self.takes_copy_data = self.queue.pop(1)[1] == "S"

    def pop(self, kinds):
        if not self.queue or self.queue[0][1] not in kinds:
            raise ValueError(f"an answer that fits no message: one of {kinds} was expected, the queue is "
                             f"{[entry[:2] for entry in self.queue[:4]]}")
        self.begin_statement()
        first = self.queue.pop(0)
        while self.queue and self.queue[0][1] == "c":
            self.queue.pop(0)
        return first

    def note_end(self, tag, sqlstate=None):
        of = self.queue[0][0]
        if self.copy:
            self.ends.append({"type": "copy", "of": of, "direction": self.copy, "bytes": self.copied})
            self.copied = 0
        found = {"type": "outcome", "of": of, "index": self.index, "bytes": self.bytes}
        if tag is not None:
            found["tag"] = tag
            number = re.search(r" (\d+)$", tag)
            if tag == "PortalSuspended":
                found["rows"] = self.rows
            elif number:
                found["rows"] = int(number.group(1))
        if sqlstate:
            found["sqlstate"] = sqlstate
        self.ends.append(found)

    def ended(self, tag):
        self.note_end(tag)
        self.statement_count += 1
        if self.queue[0][1] == "E":
            self.pop("E")
        else:
            self.begin_statement(self.index + 1)

    def failed(self, sqlstate):
        if not self.queue:
            return
        number, kind, body = self.queue[0]
        self.note_end(None, sqlstate)
        self.copy = None
        self.takes_copy_data = False
        if kind not in EXTENDED:
            self.has_failed = True
            return
        if kind == "P":
            self.statements.pop(wire.Body(body).text(), None)
        self.pop(EXTENDED)
        while self.queue and self.queue[0][1] != "S":
            number, kind, _ = self.queue.pop(0)
            self.skip(number, kind)
        self.is_skipping = not self.queue

    def skip(self, number, kind):
        if kind in RECORDED:
            self.ends.append({"type": "outcome", "of": number, "index": 0, "reason": "skipped"})


def parameters(formats, values):
    """(format, value) of each; the log has digests of the values."""
    return [(formats[at] if len(formats) > 1 else formats[0] if formats else 0, value)
            for at, value in enumerate(values)]
