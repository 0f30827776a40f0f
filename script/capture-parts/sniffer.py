"""tcpdump or dumpcap around a command, with a filter that has a name."""

import os
import pathlib
import re
import select
import signal
import subprocess
import tempfile
import time

# What of the loopback's traffic is kept. `{port}` is the server's.
FILTERS = {
    # all packets of the sessions
    "session": "tcp port {port}",
    # without acknowledgements that carry nothing: half the packets of a long session (IPv4 alone)
    "data": "tcp port {port} and (tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0 or"
            " (ip[2:2] - ((ip[0] & 0xf) << 2) - ((tcp[12] & 0xf0) >> 2)) != 0)",
}
STARTED = 10
SETTLE = 0.4
# Of the kernel, in KiB: a burst on a busy machine has to fit.
BUFFER = 32_768


class Sniffer:
    """Captures from `start` to `stop`. The file's owner is who runs the script."""

    def __init__(self, path, port, filter_name="session", interface="lo", link=None, snap=0, pcapng=False,
                 packets=0):
        # tcpdump may not be allowed to write where the checkout is.
        self.path = pathlib.Path(path)
        self.folder = tempfile.TemporaryDirectory(prefix="domicile-capture.")
        self.raw = pathlib.Path(self.folder.name) / "capture"
        expression = FILTERS[filter_name].format(port=port)
        if pcapng:
            self.command = ["dumpcap", "-q", "-i", interface, "-w", self.raw, "-f", expression]
        else:
            self.command = ["tcpdump", "-i", interface, "-U", "--immediate-mode", "-s", str(snap), "-n",
                            "-B", BUFFER]
            self.command += ["-Z", "root"] if os.geteuid() == 0 else []
            self.command += ["-y", link] if link else []
            self.command += ["-c", packets] if packets else []
            self.command += ["-w", self.raw, expression]

    def start(self):
        self.process = subprocess.Popen(list(map(str, self.command)), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = b""
        deadline = time.monotonic() + STARTED
        while b"listening on" not in said and b"Capturing on" not in said:
            ready, _, _ = select.select([self.process.stderr], [], [], max(0, deadline - time.monotonic()))
            chunk = os.read(self.process.stderr.fileno(), 4096) if ready else b""
            if not chunk:
                raise RuntimeError(f"{self.command[0]} does not capture: {said.decode(errors='replace').strip()}")
            said += chunk
        # dumpcap says so a little before it is true.
        time.sleep(SETTLE)

    def stop(self):
        time.sleep(SETTLE)
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=STARTED)[1].decode(errors="replace")
        dropped = re.search(r"^(\d+) packets? dropped", said, re.MULTILINE)
        if dropped and int(dropped[1]):
            raise RuntimeError(f"{dropped[0]}: make it again on a machine with less to do")
        self.path.write_bytes(self.raw.read_bytes())
        self.folder.cleanup()
