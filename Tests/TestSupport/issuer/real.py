#!/usr/bin/python3
"""Real OpenID issuers of a test's own, whose keys it changes: glewlwyd (Debian) and oidc-provider-mock (PyPI).

`serve` becomes the issuer and ends by SIGTERM; `keys` and `token` speak to it. See README.md beside this file.
"""

import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys
import urllib.parse
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "script/testbed-parts"))

import glewlwyd
import processes
from issuer import Key, base64url, number
from cryptography.hazmat.primitives import serialization

MOCK = "oidc-provider-mock==0.3.4"
SECRET = "client-secret"


class Ground:
    """What the testbed's own set-up of glewlwyd wants to know, for a folder and a port."""

    def __init__(self, folder, port):
        self.folder = pathlib.Path(folder)
        self.given = port
        self.issuer = f"http://127.0.0.1:{port}/api/oidc"
        self.process = None

    def port(self, _name):
        return self.given

    def secret(self, _name):
        return SECRET

    def log(self, name):
        return self.folder / f"{name}.log"

    def pid(self, _name):
        return None

    def start(self, _name, command, environment):
        self.process = processes.start(command, environment, self.log("issuer"), cwd=self.folder)
        return self.process


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def serve_glewlwyd(options):
    """Sets it up, ends it, and takes its place: whoever started this program ends glewlwyd by ending it.

    It is set up at another port: who waits for this one must not meet an issuer that is about to end."""
    ground = Ground(options.folder, options.port)
    ground.folder.mkdir(parents=True, exist_ok=True)
    if not (ground.folder / "glewlwyd.db").exists():
        ground.given = free_port()
        glewlwyd.make(ground, {})
        ground.process.terminate()
        ground.process.wait(timeout=10)
        configuration = ground.folder / "glewlwyd.conf"
        configuration.write_text(configuration.read_text().replace(str(ground.given), str(options.port)))
    os.execvp("glewlwyd", ["glewlwyd", f"--config-file={ground.folder / 'glewlwyd.conf'}"])


def private_jwk(key):
    numbers = key.private.private_numbers()
    public = numbers.public_numbers
    return {"kty": "RSA", "kid": key.kid, "alg": "RS256", "use": "sig", "n": number(public.n), "e": number(public.e),
            "d": number(numbers.d), "p": number(numbers.p), "q": number(numbers.q), "dp": number(numbers.dmp1),
            "dq": number(numbers.dmq1), "qi": number(numbers.iqmp)}


def keys_glewlwyd(options):
    """Has it publish exactly these keys; the first one signs."""
    ground = Ground(options.folder, options.port)
    chosen = []
    for kid in options.kid:
        file = ground.folder / f"{kid}.pem"
        if not file.exists():
            file.write_bytes(Key.make(kid, "RS256").pem())
        chosen.append(Key(kid, "RS256", serialization.load_pem_private_key(file.read_bytes(), None)))
    interface = glewlwyd.Interface(ground)
    interface.call("POST", "/auth/", glewlwyd.ADMINISTRATOR)
    module = interface.call("GET", "/mod/plugin/oidc")
    for name in ("key", "cert", "jwt-type", "jwt-key-size"):
        module["parameters"].pop(name, None)
    module["parameters"]["jwks-private"] = json.dumps({"keys": [private_jwk(key) for key in chosen]})
    interface.call("PUT", "/mod/plugin/oidc", module)
    interface.call("PUT", "/mod/plugin/oidc/reset")


def post(address, form, user):
    request = urllib.request.Request(address, data=urllib.parse.urlencode(form).encode())
    request.add_header("authorization", "Basic " + base64_of(user))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as answer:
        return json.loads(answer.read())


def base64_of(text):
    plain = base64url(text.encode()).replace("-", "+").replace("_", "/")
    return plain + "=" * (-len(plain) % 4)


def token_glewlwyd(options):
    """An access token (RFC 9068) by the client credentials grant, as an executor gets one."""
    answer = post(f"http://127.0.0.1:{options.port}/api/oidc/token",
                  {"grant_type": "client_credentials", "scope": "domicile"}, f"{glewlwyd.CLIENT}:{SECRET}")
    print(answer["access_token"])


def mock_program():
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return cache / "domicile-issuers/venv/bin/oidc-provider-mock"


def prepare_mock(_options):
    """Installs it from PyPI where it is not there yet."""
    program = mock_program()
    if program.exists():
        return
    subprocess.run(["/usr/bin/python3", "-m", "venv", program.parents[1]], check=True)
    subprocess.run([program.parent / "pip", "-q", "--disable-pip-version-check", "install", MOCK], check=True)


def serve_mock(options):
    user = json.dumps({"sub": "exec-1", "groups": ["eu-analysts"]})
    os.execv(mock_program(), ["oidc-provider-mock", "-p", str(options.port), "--user-claims", user])


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments):
        return None


def token_mock(options):
    """An ID token by the authorization code flow: this issuer has no client credentials."""
    base = f"http://localhost:{options.port}/oauth2"
    question = urllib.parse.urlencode({
        "client_id": "domicile", "response_type": "code", "redirect_uri": "http://localhost/cb", "scope": "openid",
        "state": "x"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect())
    try:
        with opener.open(f"{base}/authorize?{question}", data=b"sub=exec-1", timeout=10) as answer:
            sys.exit(f"no redirect but {answer.status}")
    except urllib.error.HTTPError as answer:
        location = answer.headers["location"]
    code = urllib.parse.parse_qs(urllib.parse.urlparse(location).query)["code"][0]
    answer = post(f"{base}/token", {"grant_type": "authorization_code", "code": code,
                                    "redirect_uri": "http://localhost/cb"}, "domicile:any")
    print(answer["id_token"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    issuers = parser.add_subparsers(dest="issuer", required=True)
    for name, actions in (("glewlwyd", {"serve": serve_glewlwyd, "keys": keys_glewlwyd, "token": token_glewlwyd}),
                          ("mock", {"prepare": prepare_mock, "serve": serve_mock, "token": token_mock})):
        commands = issuers.add_parser(name).add_subparsers(dest="command", required=True)
        for word, action in actions.items():
            command = commands.add_parser(word)
            command.set_defaults(action=action)
            if word != "prepare":
                command.add_argument("--folder", required=True)
                command.add_argument("--port", type=int, required=True)
            if word == "keys":
                command.add_argument("kid", nargs="+")
    options = parser.parse_args()
    options.action(options)


if __name__ == "__main__":
    main()
