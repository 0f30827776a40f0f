"""System calls of a running gateway that are made to fail, to wait, or to be its last: strace(1), attached and detached again."""

import pathlib
import re
import signal
import subprocess
import tempfile

import processes
from place import Failure

ATTACH_SECONDS = 5


class Strace:
    """strace on some threads. `faults` are strace's own expressions, such as `fsync:error=EIO:when=2`; each thread's calls are
    counted by themselves, from when it is attached. `follows`: the first is a process, and all that it has and begins is meant."""

    def __init__(self, threads, calls, faults=(), path=None, follows=False):
        self.threads = threads
        self.folder = tempfile.TemporaryDirectory(prefix="domicile-strace.")
        self.output = pathlib.Path(self.folder.name) / "calls"
        self.output.touch()
        self.command = ["strace", "-qq", "-y", "-s", "40", "-o", self.output,
                        "-e", "trace=" + ",".join(sorted(calls)), "-e", "signal=none"]
        self.command += [word for fault in faults for word in ("-e", f"inject={fault}")]
        # Beside the path itself nothing is traced, and nothing is made to fail.
        self.command += ["-P", path] if path else []
        self.command += ["-f", "-p", threads[0]] if follows else [word for thread in threads for word in ("-p", thread)]
        self.errors = tempfile.TemporaryFile()
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen([str(word) for word in self.command], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.errors, start_new_session=True)
        processes.wait_until(lambda: self.process.poll() is not None or self.is_attached(), ATTACH_SECONDS)
        # Where the first call is the process's last one, strace has ended with it.
        if not self.is_attached() and any(is_alive(thread) for thread in self.threads):
            self.errors.seek(0)
            said = self.errors.read().decode(errors="replace")[-500:]
            self.detach()
            self.folder.cleanup()
            raise Failure(f"strace cannot attach (it needs root, or CAP_SYS_PTRACE): {said}")
        return self

    def is_attached(self):
        return all(status(thread, "TracerPid") in (str(self.process.pid), None) for thread in self.threads)

    def __exit__(self, *_):
        self.detach()
        self.errors.close()
        self.folder.cleanup()

    def detach(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            if not processes.wait_until(lambda: self.process.poll() is not None, ATTACH_SECONDS):
                self.process.kill()
        self.process.wait()

    def lines(self):
        return self.output.read_text(errors="replace").splitlines()

    def made(self, call):
        return sum(re.search(rf"\b{call}\(", line) is not None for line in self.hits())

    def hits(self):
        """The calls that were tampered with, as strace shows them."""
        return [line for line in self.lines() if "(INJECTED)" in line or "(DELAYED)" in line]


def status(thread, field):
    """A line of /proc/ID/status; None where there is no such thread."""
    try:
        text = pathlib.Path(f"/proc/{thread}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return re.search(rf"^{field}:\s*(\S+)", text, re.MULTILINE).group(1)


def is_alive(thread):
    return status(thread, "State") not in (None, "Z", "X")


def file_of(lines):
    """Which file the first of these calls was about."""
    for line in lines:
        quoted = re.findall(r'"(/[^"]*)"', line) or re.findall(r"<(/[^>]*)>", line)
        if quoted:
            return "/".join(quoted[-1].split("/")[-2:])
    return "no file"
