"""Compares what a driver is answered through the gateway with what it is answered direct, frame by frame."""

import re
import struct

MOST_DIFFERENCES = 6
# What the server makes anew for each session or run and what drivers make of addresses.
VARYING = re.compile(rb"pg_temp_\d+|_PLAN0x[0-9a-f]+|dbdpg_p\d+|c_[0-9a-f]{12}_|[0-9A-F]{8}-[0-9A-F]{8}-\d+")


def comparable(kind, body):
    if kind == "T":
        return kind, without_tables(body)
    if kind == "A":
        return kind, body[4:]
    return kind, VARYING.sub(b"*", body)


def without_tables(body):
    """A RowDescription without its columns' table OIDs: temporary tables have others in each run."""
    found, at = [], 2
    for _ in range(struct.unpack_from("!h", body)[0]):
        end = body.index(b"\0", at) + 1
        found.append((body[at:end], body[end + 4:end + 18]))
        at = end + 18
    return found


def notifications_last(frames):
    """Notifications and notices come when they come: their own order, behind the others."""
    return [one for one in frames if one[0] not in "AN"] + [one for one in frames if one[0] in "AN"]


def answers(trace):
    return notifications_last([comparable(kind, body) for side, kind, body in trace.events if side == "B"])


def differences(direct, through):
    if len(direct) != len(through):
        yield f"{len(direct)} sessions direct, {len(through)} through the gateway"
    for number, (one, other) in enumerate(zip(direct, through), 1):
        if [entry[:2] for entry in one.login] != [entry[:2] for entry in other.login]:
            yield f"session {number}: logs in with {show_login(other)}, direct: {show_login(one)}"
        for (kind, body), (kind_there, body_there) in zip(one.login, other.login):
            if kind == kind_there == "S" and body != body_there:
                yield f"session {number}: ParameterStatus {body_there!r}, direct: {body!r}"
        yield from frames_differ(number, answers(one), answers(other))


def frames_differ(number, here, there):
    found = 0
    for at in range(max(len(here), len(there))):
        one = here[at] if at < len(here) else ("nothing", b"")
        other = there[at] if at < len(there) else ("nothing", b"")
        if one != other:
            found += 1
            if found <= MOST_DIFFERENCES:
                yield f"session {number}: frame {at} is {other[0]} {str(other[1])[:120]}, direct: {one[0]} {str(one[1])[:120]}"
    if found > MOST_DIFFERENCES:
        yield f"session {number}: {found - MOST_DIFFERENCES} more frames differ"


def show_login(trace):
    return " ".join(kind for kind, _ in trace.login)
