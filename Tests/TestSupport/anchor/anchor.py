#!/usr/bin/python3
"""An endpoint that keeps checkpoints: anchor.py MODE FOLDER

POST appends the body and an empty line to FOLDER/kept, GET answers with that file. Listens on a free port of 127.0.0.1, which is
the one line that it prints, and ends with its standard input.

MODE is how it behaves: `good`; `tls` (a certificate of its own, for `localhost`, in FOLDER/cert.pem); `fails` (500); `hangs` (no
answer); `drips` (an answer's head, then nothing); `redirects` (307 to /elsewhere, which would take it). FOLDER/mode, where it is
there, says otherwise for the next request.
"""

import http.server
import pathlib
import ssl
import subprocess
import sys
import threading
import time

MODE, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *words):
        with open(FOLDER / "requests", "a", encoding="utf-8") as requests:
            requests.write(f"{self.command} {self.path} {self.headers.get('content-type')} "
                           f"{self.headers.get('authorization')}\n")

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def mode(self):
        told = FOLDER / "mode"
        return told.read_text(encoding="utf-8").strip() if told.exists() else MODE

    def misbehaves(self):
        mode = self.mode()
        if mode == "fails":
            self.answer(500)
        elif mode == "hangs":
            time.sleep(3600)
        elif mode == "drips":
            self.send_response(200)
            self.send_header("content-length", "10")
            self.end_headers()
            time.sleep(3600)
        elif mode == "redirects" and self.path != "/elsewhere":
            self.answer(307, location="/elsewhere")
        else:
            return False
        return True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if not self.misbehaves():
            with open(FOLDER / "kept", "ab") as kept:
                kept.write(body + b"\n")
            self.answer(201)

    def do_GET(self):
        if not self.misbehaves():
            self.answer(200, (FOLDER / "kept").read_bytes())


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if MODE == "tls":
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-keyout", FOLDER / "key.pem", "-out", FOLDER / "cert.pem", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost"], check=True, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "cert.pem", FOLDER / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
