"""What a fault is: how it is made and mended, and what must be seen of it."""

import ctypes
import dataclasses
import threading
import typing

from ground import FALL, INTERVAL, TIMEOUT, Failure

# Beyond fall × interval + timeout: a poll's 50 ms, and that a busy machine is late.
ALLOWANCE = 0.4
BOUND = FALL * INTERVAL + TIMEOUT
# A probe that fails again and again waits at most this long (eight intervals), and then its timeout.
LONGEST_BACK_OFF = 8 * INTERVAL
RECOVERY = LONGEST_BACK_OFF + TIMEOUT + 2.0
AT_ONCE = 1.0


@dataclasses.dataclass
class Fault:
    """One fault. Times are seconds; `may` and `ends` are by executor."""

    name: str
    title: str
    # Makes it; returns the moment from which on it could be seen.
    inject: typing.Callable
    # Undoes it; returns the moment from which on all was well again but for the gateway's knowledge.
    mend: typing.Callable
    # Of a sample of /metrics: that it is known. None: only executors' logins can tell.
    is_known: typing.Callable | None = None
    # How long it lasts at least.
    lasts: float = 3.0
    # In what time it must be known; and mended, known as well.
    bound: float = BOUND
    recovery: float = RECOVERY
    # SQLSTATEs that an executor may see, and those that it must; of others not one.
    may: dict = dataclasses.field(default_factory=dict)
    must: dict = dataclasses.field(default_factory=dict)
    # Live sessions that must end, with one of these SQLSTATEs, at once where `at_once`; others may not end unless in `may_end`.
    ends: dict = dataclasses.field(default_factory=dict)
    may_end: set = dataclasses.field(default_factory=set)
    at_once: bool = False
    # What the DETAIL of some refusal must say: the fault is told apart from others.
    says: str = ""
    # {replica: why its probes fail meanwhile}, as /metrics counts them. A question that is under way may time out first.
    failures: dict = dataclasses.field(default_factory=dict)
    # What is known of a replica at the latest before it is mended (of a sample).
    is_named: typing.Callable | None = None
    # Where an executor must have been served while it lasted.
    served: dict = dataclasses.field(default_factory=dict)
    # Executors that must not have been served from the moment on when it was made.
    unserved: tuple = ()


class Crowd:
    """libpq connections that take every slot a server has, and each that becomes free, until they leave."""

    PAUSE = 0.01
    PATIENCE = 10

    def __init__(self, conninfo):
        library = ctypes.CDLL("libpq.so.5")
        library.PQconnectdb.restype = ctypes.c_void_p
        library.PQconnectdb.argtypes = [ctypes.c_char_p]
        library.PQstatus.argtypes = library.PQfinish.argtypes = [ctypes.c_void_p]
        self.library = library
        self.conninfo = conninfo.encode()
        self.is_full = threading.Event()
        self.leaving = threading.Event()
        self.thread = None

    def fill(self):
        """Returns when the first of them was turned away."""
        self.thread = threading.Thread(target=self.take, daemon=True)
        self.thread.start()
        if not self.is_full.wait(self.PATIENCE):
            raise Failure("the server is not full")

    def take(self):
        connections = []
        while not self.leaving.is_set():
            connection = self.library.PQconnectdb(self.conninfo)
            if self.library.PQstatus(connection) == 0:
                connections.append(connection)
                continue
            self.library.PQfinish(connection)
            self.is_full.set()
            self.leaving.wait(self.PAUSE)
        for connection in connections:
            self.library.PQfinish(connection)

    def leave(self):
        self.leaving.set()
        self.thread.join()
