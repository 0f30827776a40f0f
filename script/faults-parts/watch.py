"""The gateway's own word, asked for often: when it knew what of which replica."""

import http.client
import re
import threading
import time

PAUSE = 0.05
SERIES = re.compile(r'domicile_replica_(\w+)\{database="([^"]+)",replica="([^"]+)",region="[^"]+"\} (\S+)')
FAILURES = re.compile(
    r'domicile_replica_probe_failures_total\{database="[^"]+",replica="([^"]+)",region="[^"]+",failure="([^"]+)"\} (\S+)')
RELOADS = re.compile(r"^domicile_config_reloads_total (\S+)", re.MULTILINE)


class Sample:
    """What /metrics said at one moment."""

    def __init__(self, at, body):
        self.at = at
        self.values = {(what, replica): float(value) for what, _, replica, value in SERIES.findall(body)}
        # {(replica, why): how many probes have failed}
        self.failures = {(replica, why): float(value) for replica, why, value in FAILURES.findall(body)}
        self.counts_failures = "domicile_replica_probe_failures_total" in body
        self.reloads = float((RELOADS.findall(body) or [0])[0])

    def get(self, what, replica):
        return self.values.get((what, replica))

    def quarantined(self):
        return [replica for (what, replica), value in self.values.items() if what == "quarantined" and value == 1]

    def failed(self, replica, before):
        """Why probes of it have failed since an earlier sample."""
        return {why for (name, why), count in self.failures.items()
                if name == replica and count > before.failures.get((name, why), 0)}

    def usable(self, replica):
        """Whether a session may be sent there."""
        return self.get("up", replica) == 1 and self.get("attested", replica) == 1

    def whole(self):
        return bool(self.values) and all(
            value == (0 if what == "quarantined" else 1) for (what, _), value in self.values.items()
            if what in ("up", "attested", "quarantined", "catalog_up"))


class Watch(threading.Thread):
    """Polls /metrics every 50 ms and keeps what it said since `forget`."""

    def __init__(self, port):
        super().__init__(name="watch", daemon=True)
        self.port = port
        self.samples = []
        self.stopping = threading.Event()
        self.failures = 0

    def run(self):
        connection = None
        while not self.stopping.wait(PAUSE):
            at = time.monotonic()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/metrics")
                self.samples.append(Sample(at, connection.getresponse().read().decode()))
            except (OSError, http.client.HTTPException):
                self.failures += 1
                connection = None

    def forget(self):
        self.samples = self.samples[-1:]

    def stop(self):
        self.stopping.set()
        self.join(6)

    @property
    def last(self):
        samples = self.samples
        return samples[-1] if samples else Sample(0.0, "")

    def first(self, condition, since):
        """When it was first so, from that moment on; None: never."""
        return next((sample.at for sample in list(self.samples) if sample.at >= since and condition(sample)), None)
