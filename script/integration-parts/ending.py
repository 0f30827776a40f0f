"""How a command ends that started servers: its status, what it says of a failure, and that nothing is left behind."""

import signal
import sys

# Lines of a log that a failure names.
TAIL = 20


def run_and_close(work, close, say, failure):
    """The status of `work`, which answers with it; `close` is called whatever happens. `failure` is what a person must
    see: its text, and the end of its `log` where it has one."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return work()
    except (failure, OSError) as problem:
        log = getattr(problem, "log", None)
        if log is not None and log.exists():
            say("\n".join([f"the end of {log}:", *log.read_text(errors="replace").splitlines()[-TAIL:]]))
        say(problem)
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    finally:
        # A second Ctrl-C must not leave servers behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        close()
