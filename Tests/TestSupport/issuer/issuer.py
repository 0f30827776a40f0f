#!/usr/bin/python3
"""The tests' own OpenID issuer: signs whatever it is asked to, honest or not.

It serves discovery and its keys over plain HTTP on loopback, and mints tokens with any claims, header, expiry and
signature. It shares no code with the gateway. Its keys live in a folder, so that the command line and the HTTP
server sign with the same ones. See README.md beside this file.
"""

import argparse
import base64
import hashlib
import hmac
import http.server
import ipaddress
import json
import os
import pathlib
import socket
import sys
import threading
import time
import urllib.parse
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ALGORITHMS = ("RS256", "ES256", "EdDSA")
REQUEST_LIMIT = 1 << 20


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, width=None):
    return base64url(value.to_bytes(width or (value.bit_length() + 7) // 8, "big"))


def compact_json(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class Key:
    """One signing key: private half in KID.pem, algorithm from the name's first part."""

    def __init__(self, kid, algorithm, private):
        self.kid, self.algorithm, self.private = kid, algorithm, private

    @classmethod
    def make(cls, kid, algorithm):
        if algorithm == "RS256":
            private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        elif algorithm == "ES256":
            private = ec.generate_private_key(ec.SECP256R1())
        elif algorithm == "EdDSA":
            private = ed25519.Ed25519PrivateKey.generate()
        else:
            raise ValueError(f"algorithm {algorithm}: expected one of {', '.join(ALGORITHMS)}")
        return cls(kid, algorithm, private)

    def pem(self):
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    def public_pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def jwk(self):
        common = {"kid": self.kid, "alg": self.algorithm, "use": "sig"}
        public = self.private.public_key()
        if self.algorithm == "RS256":
            numbers = public.public_numbers()
            return {"kty": "RSA", **common, "n": number(numbers.n), "e": number(numbers.e)}
        if self.algorithm == "ES256":
            numbers = public.public_numbers()
            return {"kty": "EC", **common, "crv": "P-256", "x": number(numbers.x, 32), "y": number(numbers.y, 32)}
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", **common, "crv": "Ed25519", "x": base64url(raw)}

    def sign(self, data):
        if self.algorithm == "RS256":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        if self.algorithm == "ES256":
            r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        return self.private.sign(data)


class KeyFolder:
    """The issuer's keys, and which of them its JWKS shows, in one folder."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.index = self.folder / "keys.json"
        self.keys = {}
        self.published = []

    def load_or_make(self):
        if self.index.exists():
            return self.load()
        self.folder.mkdir(parents=True, exist_ok=True)
        for kid, algorithm in (("rs-1", "RS256"), ("es-1", "ES256"), ("ed-1", "EdDSA")):
            self.add(kid, algorithm)
        return self

    def load(self):
        index = json.loads(self.index.read_text())
        for kid, algorithm in index["keys"].items():
            pem = (self.folder / f"{kid}.pem").read_bytes()
            self.keys[kid] = Key(kid, algorithm, serialization.load_pem_private_key(pem, None))
        self.published = index["published"]
        return self

    def add(self, kid, algorithm, publish=True):
        if not kid.replace("-", "").isalnum():
            raise ValueError(f"kid {kid!r}: expected letters, digits and -")
        key = Key.make(kid, algorithm)
        descriptor = os.open(self.folder / f"{kid}.pem", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.pem())
        self.keys[kid] = key
        self.publish(kid, publish)

    def publish(self, kid, shown=True):
        if kid not in self.keys:
            raise ValueError(f"there is no key {kid}")
        self.published = [name for name in self.published if name != kid] + ([kid] if shown else [])
        index = {"keys": {kid: key.algorithm for kid, key in self.keys.items()}, "published": self.published}
        fresh = self.index.with_suffix(".new")
        fresh.write_text(json.dumps(index))
        fresh.replace(self.index)

    def pick(self, algorithm=None, kid=None):
        if kid is not None and kid in self.keys:
            return self.keys[kid]
        for key in self.keys.values():
            if key.algorithm == (algorithm or "RS256"):
                return key
        raise ValueError(f"there is no key for {algorithm or kid}")

    def jwks(self):
        return {"keys": [self.keys[kid].jwk() for kid in self.published]}


def mint(keys, issuer, claims, header=None, signature="honest", key=None, without=()):
    """A compact JWS. `header` overrides typ, alg, kid; `key` names the signing key; `without` drops claims.

    signature: `honest`; `none` (empty); `broken` (one bit flipped); `hmac` (HS256 keyed with the public key's PEM,
    RFC 8725 section 2.1).
    """
    header = dict(header or {})
    signer = keys.pick(header.get("alg"), key or header.get("kid")) if signature == "honest" or key else keys.pick()
    now = int(time.time())
    body = {"iss": issuer, "iat": now, "nbf": now, "exp": now + 3600, "jti": str(uuid.uuid4()), **claims}
    for name in without:
        body.pop(name, None)
    algorithm = {"none": "none", "hmac": "HS256"}.get(signature, signer.algorithm)
    full = {"typ": "JWT", "alg": algorithm, "kid": signer.kid, **header}
    full = {name: value for name, value in full.items() if value is not None}
    signed = f"{base64url(compact_json(full))}.{base64url(compact_json(body))}".encode()
    if signature == "none":
        proof = b""
    elif signature == "hmac":
        proof = hmac.new(signer.public_pem(), signed, hashlib.sha256).digest()
    else:
        proof = bytearray(signer.sign(signed))
        if signature == "broken":
            proof[len(proof) // 2] ^= 1
    return f"{signed.decode()}.{base64url(bytes(proof))}"


class Handler(http.server.BaseHTTPRequestHandler):
    """GET discovery and keys; POST /introspect for gateways; POST /mint, /keys, /inactive and /answers for tests."""

    protocol_version = "HTTP/1.1"
    server_version = "tests-issuer"

    def do_GET(self):
        server = self.server
        if self.path == "/.well-known/openid-configuration":
            self.document("discovery", {
                "issuer": server.issuer, "jwks_uri": server.issuer + "/jwks",
                "authorization_endpoint": server.issuer + "/authorize", "token_endpoint": server.issuer + "/token",
                "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": list(ALGORITHMS)})
        elif self.path == "/jwks":
            self.document("jwks", server.keys.jwks())
        elif self.path == "/requests":
            self.answer(200, server.requests)
        else:
            self.answer(404, {"error": f"no {self.path}"})

    def do_POST(self):
        if not ipaddress.ip_address(self.client_address[0]).is_loopback:
            return self.answer(403, {"error": "loopback only"})
        try:
            length = int(self.headers.get("content-length", "0"))
            if not 0 <= length <= REQUEST_LIMIT:
                raise ValueError("request too long")
            body = self.rfile.read(length)
            if self.path == "/introspect":
                return self.introspect(urllib.parse.parse_qs(body.decode(), strict_parsing=True))
            asked = json.loads(body or b"{}")
            with self.server.lock:
                return self.answer(200, self.perform(asked))
        except (ValueError, KeyError, TypeError) as problem:
            return self.answer(400, {"error": str(problem)})

    def introspect(self, form):
        """RFC 7662, for the client `gateway` with the secret `secret`: every token is active unless /inactive said not."""
        name = "Basic " + base64.b64encode(b"gateway:secret").decode()
        if self.headers.get("authorization") != name:
            return self.answer(401, {"error": "invalid_client"})
        [token] = form["token"]
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        with self.server.lock:
            active = claims["jti"] not in self.server.inactive
        return self.document("introspect", {"active": True, "exp": claims["exp"]} if active else {"active": False})

    def perform(self, asked):
        server = self.server
        if self.path == "/mint":
            return {"token": mint(server.keys, asked.pop("issuer", server.issuer), asked.pop("claims", {}), **asked)}
        if self.path == "/keys":
            kid = asked["kid"]
            if kid in server.keys.keys:
                server.keys.publish(kid, asked.get("publish", True))
            else:
                server.keys.add(kid, asked.get("alg", "RS256"), asked.get("publish", True))
            return server.keys.jwks()
        if self.path == "/inactive":
            server.inactive.add(asked["jti"])
            return asked
        if self.path == "/answers":
            server.answers = asked
            return asked
        raise ValueError(f"no {self.path}")

    def document(self, name, value):
        """What `POST /answers` said for this document, or the document itself."""
        with self.server.lock:
            self.server.requests[name] = self.server.requests.get(name, 0) + 1
            special = self.server.answers.get(name, {})
        time.sleep(min(float(special.get("delay", 0)), 60))
        body = special.get("body", value)
        self.answer(special.get("status", 200), body, special.get("type", "application/json"))

    def answer(self, status, value, kind="application/json"):
        body = value.encode() if isinstance(value, str) else compact_json(value)
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        sys.stderr.write("%s %s\n" % (time.strftime("%H:%M:%S"), format % arguments))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address, keys, issuer):
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        super().__init__(address, Handler)
        self.keys = keys
        self.issuer = issuer or f"http://{address[0]}:{self.server_address[1]}"
        self.lock = threading.Lock()
        self.answers = {}
        self.inactive = set()
        self.requests = {}


def main():
    parser = argparse.ArgumentParser(description="The tests' own OpenID issuer. It signs anything: loopback only.")
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve discovery and keys")
    serve.add_argument("--state", required=True, help="folder of the keys; made where there is none")
    serve.add_argument("--port", type=int, required=True)
    serve.add_argument("--issuer", help="its URL; default http://127.0.0.1:PORT")
    one = commands.add_parser("mint", help="print a token")
    one.add_argument("--state", required=True)
    one.add_argument("--issuer", required=True)
    one.add_argument("--claims", default="{}", help="a JSON object; iss, iat, nbf, exp and jti have defaults")
    one.add_argument("--header", default="{}", help="a JSON object over typ, alg, kid; null drops one")
    one.add_argument("--without", action="append", default=[], metavar="CLAIM", help="leave a claim out")
    one.add_argument("--signature", default="honest", choices=("honest", "none", "broken", "hmac"))
    one.add_argument("--key", metavar="KID", help="sign with this key whatever the header says")
    options = parser.parse_args()
    keys = KeyFolder(options.state).load_or_make()
    if options.command == "mint":
        print(mint(keys, options.issuer, json.loads(options.claims), json.loads(options.header),
                   options.signature, options.key, options.without))
        return
    Server(("127.0.0.1", options.port), keys, options.issuer).serve_forever()


if __name__ == "__main__":
    main()
