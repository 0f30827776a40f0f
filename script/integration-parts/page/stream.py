"""The stream of records, as a program follows it."""

import http.client
import time


class Stream:
    """Somebody who follows the logs, and reads when asked to."""

    def __init__(self, ground):
        host, port = ground.admin.split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=10)
        self.connection.request("GET", "/api/live?region=eu-west-1", headers={"Authorization": f"Bearer {ground.operator}"})
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def finds(self, wanted):
        """Reads until it comes; False where the stream ends before."""
        rest = b""
        while True:
            try:
                piece = self.answer.read1(1 << 16)
            except (OSError, http.client.HTTPException):
                return False
            if not piece:
                return False
            if wanted in rest + piece:
                return True
            rest = (rest + piece)[-len(wanted):]

    def is_ended(self):
        """What is on its way is read first; a stream that goes on has its signs of life for longer than this waits."""
        end = time.monotonic() + 8
        try:
            while time.monotonic() < end:
                if not self.answer.read1(1 << 16):
                    return True
        except (OSError, http.client.HTTPException):
            return True
        return False

    def close(self):
        self.connection.close()
