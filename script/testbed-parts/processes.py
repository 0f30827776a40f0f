"""Starting processes that outlive their caller, and ending exactly those again."""

import os
import pathlib
import pwd
import signal as signals
import subprocess
import time

POLL = 0.02


def start(command, environment, log, user=None, cwd=None):
    """A process in a session of its own that holds none of the caller's files. Its output goes to the end of `log`."""
    identity_arguments = {}
    if user is not None:
        account = pwd.getpwnam(user)
        identity_arguments = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    with open(log, "ab") as output:
        return subprocess.Popen(
            [str(part) for part in command], env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output,
            stderr=output, start_new_session=True, **identity_arguments)


def run(command, environment, user=None, cwd="/", text=None):
    """Runs a command to its end; (exit status, output and errors together).

    It has a session of its own, so that Ctrl-C reaches the caller alone, who then cleans up in order.
    """
    identity_arguments = {}
    if user is not None:
        account = pwd.getpwnam(user)
        identity_arguments = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    done = subprocess.run(
        [str(part) for part in command], env=environment, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        check=False, text=True, start_new_session=True, **({"input": text} if text is not None else {"stdin": subprocess.DEVNULL}),
        **identity_arguments)
    return done.returncode, done.stdout


def status_fields(pid):
    """State letter and start time (clock ticks since boot) of /proc/PID/stat; None where there is no such process."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = text[text.rindex(")") + 2:].split()
    return fields[0], int(fields[19])


def identity(pid):
    fields = status_fields(pid)
    return {"pid": pid, "started": fields[1] if fields else -1}


def is_alive(known):
    fields = status_fields(known["pid"])
    return fields is not None and fields[0] not in "ZX" and fields[1] == known["started"]


def send(known, signal):
    if is_alive(known):
        try:
            os.kill(known["pid"], signal)
        except ProcessLookupError:
            pass


def stop(known, signal, patience):
    """Sends the signal (and wakes a stopped process), waits up to `patience` seconds, then kills."""
    send(known, signal)
    send(known, signals.SIGCONT)
    if not wait_for_end(known, patience):
        send(known, signals.SIGKILL)
        wait_for_end(known, 5)


def wait_for_end(known, seconds):
    deadline = time.monotonic() + seconds
    while is_alive(known):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def wait_until(condition, seconds):
    """Polls until `condition()` is true; whether it became so in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def plain_environment(**extra):
    """What servers and tools get: nothing of the caller's PG*, proxy or locale settings."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": "/nonexistent", "LANG": "C.UTF-8",
            "TZ": "UTC", **extra}
