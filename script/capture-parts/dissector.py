"""The messages of a capture as Wireshark's PostgreSQL dissector finds them, beside those of `domicile replay`."""

import collections
import json
import subprocess

# Wireshark's name of a message → ours. All authentication requests have one name there, and Close has Wireshark's own.
NAMES = {
    "Authentication request": "Authentication", "Backend key data": "BackendKeyData", "Bind": "Bind",
    "Bind completion": "BindComplete", "CancelRequest": "CancelRequest", "Cancel request": "CancelRequest",
    "Close": "Close", "Close completion": "CloseComplete", "Command completion": "CommandComplete",
    "Copy completion": "CopyDone", "Copy data": "CopyData", "Copy failure": "CopyFail",
    "CopyBoth response": "CopyBothResponse", "Copy both response": "CopyBothResponse",
    "CopyIn response": "CopyInResponse", "Copy in response": "CopyInResponse", "CopyOut response": "CopyOutResponse",
    "Copy out response": "CopyOutResponse", "Data row": "DataRow", "Describe": "Describe",
    "Empty query": "EmptyQueryResponse", "Error": "ErrorResponse", "Execute": "Execute", "Flush": "Flush",
    "Function call": "FunctionCall", "Function call response": "FunctionCallResponse",
    "GSS encrypt request": "GSSENCRequest", "Negotiate protocol version": "NegotiateProtocolVersion",
    "No data": "NoData", "Notice": "NoticeResponse", "Notification": "NotificationResponse",
    "Parameter description": "ParameterDescription", "Parameter status": "ParameterStatus", "Parse": "Parse",
    "Parse completion": "ParseComplete", "Password message": "PasswordMessage", "Portal suspended": "PortalSuspended",
    "Ready for query": "ReadyForQuery", "Row description": "RowDescription",
    "SASLInitialResponse message": "SASLInitialResponse", "SASLResponse message": "SASLResponse",
    "GSSResponse message": "GSSResponse", "SSL request": "SSLRequest", "SSL response": "SSLResponse",
    "Simple query": "Query", "Startup message": "StartupMessage", "Sync": "Sync", "Termination": "Terminate",
}
# A README may say, in a paragraph that begins so, why Wireshark finds something else.
EXPLAINED = "Beside tshark:"


def of_tshark(capture, port):
    """(stream, side) → [(name, length)], in the order of each side."""
    fields = ["tcp.stream", "tcp.srcport", "pgsql.type", "pgsql.length"]
    command = ["tshark", "-r", capture, "-d", f"tcp.port=={port},pgsql", "-Y", "pgsql", "-T", "fields",
               "-o", "tcp.reassemble_out_of_order:TRUE",
               "-E", "aggregator=|", *[word for field in fields for word in ("-e", field)]]
    answer = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    found = collections.defaultdict(list)
    for row in answer.stdout.decode().splitlines():
        stream, source, types, lengths = (row.split("\t") + ["", "", "", ""])[:4]
        side = "backend" if int(source.split("|")[0]) == port else "frontend"
        for name, length in zip(types.split("|"), lengths.split("|")):
            if name:
                found[int(stream.split("|")[0]), side].append((NAMES.get(name, name), int(length or 0)))
    return found


def of_replay(binary, capture):
    answer = subprocess.run([binary, "replay", "--json", capture], stdout=subprocess.PIPE, check=True)
    found = collections.defaultdict(list)
    port = None
    for line in answer.stdout.decode().splitlines():
        record = json.loads(line)
        if "frontend" in record:
            port = int(record["backend"].rsplit(":", 1)[1])
        if "type" in record:
            name = "Authentication" if record["type"].startswith("Authentication") else record["type"]
            found[record["connection"] - 1, record["side"]].append((name, record["length"]))
    return found, port


def difference(ours, theirs):
    for key in sorted({*ours, *theirs}):
        pairs = list(zip(ours[key] + [None], theirs[key] + [None]))
        for number, (mine, other) in enumerate(pairs, 1):
            if mine != other:
                return f"connection {key[0] + 1}, {key[1]}, message {number}: {mine}, tshark {other}"
    return None


def compare(binary, capture):
    """What is wrong; None where both find the same messages, or the README says why not."""
    ours, port = of_replay(binary, capture)
    theirs = of_tshark(capture, port)
    # One byte in answer to a request for encryption: Wireshark shows it in some versions.
    if not any(name == "SSLResponse" for messages in theirs.values() for name, _ in messages):
        for key, messages in ours.items():
            ours[key] = [message for message in messages if message[0] not in ("SSLResponse", "GSSENCResponse")]
    found = difference(ours, theirs)
    explained = EXPLAINED in (capture.parent / "README.md").read_text()
    if found and explained:
        print(f"{capture.parent.name}: explained: {found}")
        return None
    if explained:
        return "the README explains a difference, and there is none"
    return found
