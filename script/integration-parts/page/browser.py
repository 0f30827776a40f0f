"""Debian's Chromium without a window, driven by its DevTools protocol."""

import base64
import contextlib
import json
import pathlib
import shutil
import subprocess
import tempfile
import time
import urllib.request

PATIENCE = 15


class Wrong(Exception):
    """What the page did is not what it should have done."""


class Browser:
    """One tab. What scripts say, dialogs, and messages of the console are kept in `said`."""

    def __init__(self, program):
        import websocket
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="domicile-browser."))
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
             "--hide-scrollbars", f"--user-data-dir={self.folder}", "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.said = []
        self.events = []
        self.number = 0
        target = self.target()
        self.socket = websocket.create_connection(target, suppress_origin=True, timeout=PATIENCE)
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def target(self):
        def port():
            with contextlib.suppress(OSError, IndexError):
                return (self.folder / "DevToolsActivePort").read_text().split()[0]
            return None
        base = f"http://127.0.0.1:{until(port, 'Chromium to start')}"

        def page():
            with urllib.request.urlopen(f"{base}/json", timeout=PATIENCE) as answer:
                pages = [entry for entry in json.load(answer) if entry["type"] == "page"]
            return pages[0]["webSocketDebuggerUrl"] if pages else None
        return until(page, "Chromium's tab")

    def close(self):
        with contextlib.suppress(Exception):
            self.call("Browser.close")
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # The protocol

    def call(self, method, **parameters):
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self.socket.recv())
            if message.get("id") == self.number:
                if "error" in message:
                    raise Wrong(f"{method}: {message['error']['message']}")
                return message["result"]
            self.note(message)

    def note(self, message):
        name, values = message.get("method"), message.get("params", {})
        self.events.append(name)
        if name == "Page.javascriptDialogOpening":
            self.said.append(f"dialog: {values['message']}")
            self.socket.send(json.dumps({"id": 0, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}))
        elif name == "Runtime.exceptionThrown":
            self.said.append(f"exception: {values['exceptionDetails'].get('text')}")
        elif name == "Runtime.consoleAPICalled":
            self.said.append(f"console: {[entry.get('value') for entry in values['args']]}")
        elif name == "Log.entryAdded":
            self.said.append(f"{values['entry']['level']}: {values['entry']['text']}")

    # The tab

    def do(self, script):
        """What a script in the page comes to."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Wrong(f"{script[:80]}: {answer['exceptionDetails'].get('exception', {}).get('description')}")
        return answer["result"].get("value")

    def holds(self, script):
        """Whether it is so now: while one document gives way to another, nothing is."""
        try:
            return self.do(script)
        except Wrong:
            return False

    def ready(self):
        """Until what is asked for is there, scripts included."""
        until(lambda: self.holds("document.readyState === 'complete' && location.href !== 'about:blank'"), "the page")

    def replaced(self, what):
        """Until another document is there than the one that was marked as old."""
        until(lambda: self.holds("window.isOld === undefined && document.readyState === 'complete'"), what)

    def go(self, url):
        self.call("Page.navigate", url=url)
        time.sleep(0.05)
        self.ready()

    def submit(self, selector):
        """Clicks, and waits for the document that comes of it."""
        self.do("window.isOld = true")
        if not self.do(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (e) e.click(); return !!e; }})()"):
            raise Wrong(f"nothing to click: {selector}")
        self.replaced(f"what {selector} leads to")

    def fill(self, selector, text):
        if not self.do(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); if (e) e.value = {json.dumps(text)}; return !!e; }})()"):
            raise Wrong(f"no field: {selector}")

    def text(self, selector="main"):
        return self.do(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''")

    def count(self, selector):
        return self.do(f"document.querySelectorAll({json.dumps(selector)}).length")

    def path(self):
        return self.do("location.pathname + location.search")

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def picture(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))


def until(look, what, patience=PATIENCE):
    end = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise Wrong(f"waited in vain for {what}")
        time.sleep(0.05)
