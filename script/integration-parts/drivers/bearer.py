"""Gives libpq 18 its token by OAUTHBEARER: through the hook that an application installs (PQsetAuthDataHook)."""

import ctypes
import os
import pathlib

from steps import PASSWORD

BEARER_TOKEN = 1  # PGAUTHDATA_OAUTH_BEARER_TOKEN of libpq-fe.h


class Request(ctypes.Structure):
    """PGoauthBearerRequest of libpq-fe.h."""
    _fields_ = [("openid_configuration", ctypes.c_char_p), ("scope", ctypes.c_char_p), ("flow", ctypes.c_void_p),
                ("cleanup", ctypes.c_void_p), ("token", ctypes.c_char_p), ("user", ctypes.c_void_p)]


Hook = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Request))
asked = []
token = PASSWORD.encode()


@Hook
def give(kind, _, request):
    if kind != BEARER_TOKEN:
        return 0
    asked.append((request.contents.openid_configuration.decode(), (request.contents.scope or b"").decode()))
    request.contents.token = token
    return 1


def install():
    """The hook into the very library that psycopg has loaded."""
    import psycopg_binary
    folder = pathlib.Path(psycopg_binary.__file__).parent.parent / "psycopg_binary.libs"
    library = ctypes.CDLL(str(next(folder.glob("libpq-*.so*"))))
    library.PQsetAuthDataHook(give)


def login():
    """psycopg's keywords for the token. At the server itself, whose passwords are none, it is a password."""
    if not os.environ.get("BEARER") or PASSWORD.count(".") != 2:
        return {"password": PASSWORD}
    # The testbed's issuer has no TLS, which libpq would not take.
    os.environ["PGOAUTHDEBUG"] = "UNSAFE"
    install()
    return {"require_auth": "oauth", "options": "-c domicile.auth=oauthbearer", "oauth_client_id": "drivers",
            "oauth_issuer": os.environ["BEARER_ISSUER"]}


def check():
    """Where it was asked for: libpq was told, and told the hook, which issuer to go to."""
    if os.environ.get("BEARER") and PASSWORD.count(".") == 2:
        expected = (os.environ["BEARER_ISSUER"] + "/.well-known/openid-configuration", "openid")
        if not asked or set(asked) != {expected}:
            raise ValueError(f"the hook was asked {asked}, not {expected}")
