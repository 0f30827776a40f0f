"""The testbed's real issuer: glewlwyd, Debian's package of an OpenID provider, with its users and its client."""

import gzip
import http.client
import http.cookiejar
import json
import signal
import sqlite3
import urllib.error
import urllib.parse
import urllib.request

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import processes
from state import Failure

SCHEMA = "/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz"
# The schema's initial administrator.
ADMINISTRATOR = {"username": "admin", "password": "password"}
TOKEN_SECONDS = 14 * 3600
CLIENT = "domicile"
START_TIMEOUT = 20

CONFIGURATION = """\
port={port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:{port}"
api_prefix="api"
log_mode="console"
log_level="WARNING"
cookie_secure=0
cookie_domain="127.0.0.1"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
static_files_path="/usr/share/glewlwyd/webapp/"
hash_algorithm="SHA512"
database = {{ type = "sqlite3"; path = "{database}"; }};
"""


class Interface:
    """glewlwyd's HTTP interface, with the administrator's cookie."""

    def __init__(self, testbed):
        self.base = f"http://127.0.0.1:{testbed.port('issuer')}/api"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.base + path, data=data, method=method, headers={"content-type": "application/json"})
        return self.perform(request)

    def perform(self, request):
        try:
            with self.opener.open(request, timeout=10) as answer:
                text = answer.read()
        except urllib.error.HTTPError as problem:
            detail = problem.read().decode(errors="replace")
            raise Failure(f"glewlwyd answered {problem.code} to {request.method} {request.selector}: {detail}") \
                from problem
        return json.loads(text) if text else None

    def is_up(self):
        try:
            with self.opener.open(self.base + "/", timeout=2):
                return True
        except urllib.error.HTTPError:
            return True
        except (urllib.error.URLError, ConnectionError, http.client.HTTPException, TimeoutError):
            return False


def start(testbed):
    if testbed.pid("issuer") is not None and Interface(testbed).is_up():
        return False
    process = testbed.start(
        "issuer", ["glewlwyd", f"--config-file={testbed.folder / 'glewlwyd.conf'}"], processes.plain_environment())
    interface = Interface(testbed)
    ready = processes.wait_until(lambda: interface.is_up() or process.poll() is not None, START_TIMEOUT)
    if not ready or process.poll() is not None:
        raise Failure("the issuer (glewlwyd) did not start", testbed.log("issuer"))
    return True


def make(testbed, personas):
    database = testbed.folder / "glewlwyd.db"
    with gzip.open(SCHEMA, "rt", encoding="utf-8") as schema:
        store = sqlite3.connect(database)
        store.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + schema.read())
        store.close()
    database.chmod(0o600)
    (testbed.folder / "glewlwyd.conf").write_text(
        CONFIGURATION.format(port=testbed.port("issuer"), database=database))
    start(testbed)
    interface = Interface(testbed)
    interface.call("POST", "/auth/", ADMINISTRATOR)
    interface.call("POST", "/mod/plugin/", provider(testbed))
    add_user_properties(interface)
    interface.call("POST", "/scope/", {
        "name": "domicile", "display_name": "Domicile", "password_required": False, "scheme": {}})
    interface.call("POST", "/client/", {
        "client_id": CLIENT, "name": CLIENT, "password": testbed.secret("issuer_client"), "enabled": True,
        "confidential": True, "authorization_type": ["code", "password", "client_credentials", "refresh_token"],
        "redirect_uri": ["http://127.0.0.1/callback"], "scope": ["domicile"],
        "token_endpoint_auth_method": ["client_secret_basic"]})
    for name, persona in personas.items():
        interface.call("POST", "/user/", {
            "username": name, "name": name, "password": testbed.secret("issuer_user"),
            "email": f"{name}@example.test", "enabled": True, "scope": ["openid", "domicile"],
            "groups": persona["groups"], "planner": persona["planner"], "task_id": persona["task_id"]})


def provider(testbed):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = ("groups", "planner", "task_id")
    return {"module": "oidc", "name": "oidc", "display_name": "oidc", "parameters": {
        "iss": testbed.issuer, "issuer": testbed.issuer, "jwt-type": "rsa", "jwt-key-size": "256",
        "key": private.decode(), "cert": public.decode(), "access-token-duration": TOKEN_SECONDS,
        "refresh-token-duration": TOKEN_SECONDS, "code-duration": 60, "allow-non-oidc": True,
        "auth-type-code-enabled": True, "auth-type-token-enabled": True, "auth-type-id-token-enabled": True,
        "auth-type-password-enabled": True, "auth-type-client-enabled": True, "auth-type-refresh-enabled": True,
        "introspection-revocation-allowed": True, "introspection-revocation-auth-scope": [],
        "introspection-revocation-allow-target-client": True,
        "jwks-show": True, "subject-type": "public", "allowed-scope": ["openid", "domicile"], "scope": [],
        "additional-parameters": [
            {"user-parameter": name, "token-parameter": name, "token-changed": True} for name in claims],
        "claims": [
            {"name": name, "user-property": name, "type": "string", "mandatory": True, "scope": []}
            for name in claims]}}


def add_user_properties(interface):
    module = interface.call("GET", "/mod/user/database")
    shown = {"read": True, "write": True, "profile-read": True, "profile-write": False}
    formats = module["parameters"].setdefault("data-format", {})
    formats["groups"] = {"multiple": True, **shown}
    formats["planner"] = {"multiple": False, **shown}
    formats["task_id"] = {"multiple": False, **shown}
    interface.call("PUT", "/mod/user/database", module)
    interface.call("PUT", "/mod/user/database/reset")


def id_token(testbed, user):
    """An ID token by the resource owner password grant (RFC 6749 section 4.3)."""
    interface = Interface(testbed)
    form = urllib.parse.urlencode({
        "grant_type": "password", "username": user, "password": testbed.secret("issuer_user"), "scope": "openid"})
    request = urllib.request.Request(interface.base + "/oidc/token", data=form.encode(), method="POST")
    password = urllib.request.HTTPPasswordMgrWithPriorAuth()
    password.add_password(None, interface.base, CLIENT, testbed.secret("issuer_client"), is_authenticated=True)
    interface.opener.add_handler(urllib.request.HTTPBasicAuthHandler(password))
    answer = interface.perform(request)
    if "id_token" not in answer:
        raise Failure(f"glewlwyd gave no ID token for {user}")
    return answer["id_token"]


def stop(testbed):
    testbed.stop("issuer", signal.SIGTERM, 3)
