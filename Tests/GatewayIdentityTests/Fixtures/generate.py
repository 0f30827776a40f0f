#!/usr/bin/env python3
"""Writes tokens.json: key sets, tokens signed with throw-away keys, and what a verifier must say of each.

Usage: python3 generate.py            (needs the Python packages cryptography and joserfc)

The signatures are made by pyca/cryptography; joserfc, an independent JOSE library, then judges every token that is
meant to be accepted, and that the ordinary ones among those meant to be refused have a good signature.
Every run makes new keys. Times are relative to NOW, which the tests pass as the time.
"""
import base64
import hashlib
import hmac
import json
import os
import warnings

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from joserfc import jws
from joserfc.jwk import KeySet

warnings.simplefilter("ignore")  # joserfc advises against "EdDSA" as a name
NOW = 1_900_000_000
ISSUER = "https://id.example.com"
OTHER = "https://other.example.com/tenant"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def rsa_jwk(key, **more):
    n = key.public_key().public_numbers()
    return {"kty": "RSA", "n": number(n.n), "e": number(n.e), **more}


CURVES = {"P-256": (ec.SECP256R1(), 32), "P-384": (ec.SECP384R1(), 48), "P-521": (ec.SECP521R1(), 66)}
ORDER = {  # SEC 2, the orders of the base points
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}


def ec_jwk(key, curve, **more):
    n = key.public_key().public_numbers()
    size = CURVES[curve][1]
    return {"kty": "EC", "crv": curve, "x": number(n.x, size), "y": number(n.y, size), **more}


def ed_jwk(key, **more):
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": b64(raw), **more}


HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def sign(algorithm, key, data):
    if algorithm.startswith("RS"):
        return key.sign(data, padding.PKCS1v15(), HASHES[algorithm[2:]])
    if algorithm.startswith("PS"):
        digest = HASHES[algorithm[2:]]
        return key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    if algorithm.startswith("ES"):
        size = (key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(HASHES[algorithm[2:]])))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    return key.sign(data)


def raw_token(header, payload, signer):
    """header and payload: bytes, or what json.dumps takes; signer: bytes -> signature."""
    parts = [p if isinstance(p, bytes) else json.dumps(p, separators=(",", ":")).encode() for p in (header, payload)]
    data = (b64(parts[0]) + "." + b64(parts[1])).encode()
    return data.decode() + "." + b64(signer(data))


R1 = rsa.generate_private_key(65537, 2048)
R2 = rsa.generate_private_key(65537, 3072)
STRANGER = rsa.generate_private_key(65537, 2048)
WEAK = rsa.generate_private_key(65537, 1024)
OTHER_RSA = rsa.generate_private_key(65537, 2048)
E1 = ec.generate_private_key(ec.SECP256R1())
E3 = ec.generate_private_key(ec.SECP384R1())
E5 = ec.generate_private_key(ec.SECP521R1())
D1 = ed25519.Ed25519PrivateKey.generate()

MAIN_KEYS = [
    rsa_jwk(R1, kid="r1", use="sig"),
    rsa_jwk(R2, kid="ps-only", alg="PS256"),
    ec_jwk(E1, "P-256", kid="e1"),
    ec_jwk(E3, "P-384", kid="e3"),
    ec_jwk(E5, "P-521", kid="e5"),
    ed_jwk(D1, kid="d1"),
    # Two types under one name (F-ID-05).
    rsa_jwk(R2, kid="twin"),
    ec_jwk(E1, "P-256", kid="twin"),
    # Two of one type under one name.
    ec_jwk(E1, "P-256", kid="clash"),
    ec_jwk(ec.generate_private_key(ec.SECP256R1()), "P-256", kid="clash"),
    # Not for signatures, too short, or unsound: as if they were not there.
    rsa_jwk(R1, kid="enc", use="enc"),
    rsa_jwk(R1, kid="wrap", key_ops=["wrapKey"]),
    rsa_jwk(WEAK, kid="weak"),
    {**rsa_jwk(R1, kid="even"), "e": number(65536)},
    {**rsa_jwk(R1, kid="one"), "e": number(1)},
    {"kty": "OKP", "crv": "Ed25519", "x": b64(bytes(32)), "kid": "small-order"},
    {**ec_jwk(E1, "P-256", kid="off-curve"), "y": number(1, 32)},
    {"kty": "oct", "k": b64(b"shared secret shared secret"), "kid": "shared"},
]

ALL = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
MAPPING = {"subject": ["sub"], "planner": ["azp"], "task": ["task_id"], "groups": ["groups"]}


def issuer(name, audience, keys, algorithms, **more):
    return {"issuer": name, "audience": audience, "jwks": {"keys": keys}, "algorithms": algorithms, "claims": MAPPING, **more}


ISSUERS = {
    "main": issuer(ISSUER, ["domicile"], MAIN_KEYS, ALL),
    "rs256-only": issuer(ISSUER, ["domicile"], MAIN_KEYS, ["RS256"]),
    "one-key": issuer(ISSUER, ["domicile"], [rsa_jwk(R1, kid="r1")], ["RS256"]),
    "one-key-of-each": issuer(ISSUER, ["domicile"], [rsa_jwk(R1, kid="r1"), ec_jwk(E1, "P-256", kid="e1")], ["RS256", "ES256"]),
    "odd-set": issuer(ISSUER, ["domicile"], [{"kty": "XYZ", "kid": "r1"}, 7, rsa_jwk(R1, kid="r1")], ["RS256"]),
    "typed": issuer(ISSUER, ["domicile"], MAIN_KEYS, ALL, types=["at+jwt"]),
    "nested-subject": issuer(ISSUER, ["domicile"], MAIN_KEYS, ALL, claims={**MAPPING, "subject": ["realm", "user"]}),
    "other": issuer(OTHER, ["domicile-other"], [rsa_jwk(OTHER_RSA, kid="o1")], ["RS256"]),
    "unreachable": {**issuer(ISSUER, ["domicile"], [], ["RS256"]), "jwks": None},
    "small-order": issuer(ISSUER, ["domicile"], [MAIN_KEYS[15], rsa_jwk(R1, kid="r1")], ALL),
}

CASES = []


def case(name, token, expect, covers=(), issuers=("main",), judge=None, **more):
    """expect: "accept" or the name of the check that refuses; judge: let joserfc check the signature."""
    if judge if judge is not None else expect == "accept":
        keys = KeySet.import_key_set({"keys": [
            {k: v for k, v in j.items() if k != "alg"} for j in MAIN_KEYS[:6]]})
        header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
        key = keys if header.get("kid") in ("r1", "e1", "e3", "e5", "d1", "ps-only") else keys.keys[0]
        if header.get("kid") == "twin":
            key = keys.keys[1] if header["alg"][0] in "RP" else keys.keys[2]
        registry = jws.JWSRegistry(algorithms=ALL, strict_check_header=False)
        registry.max_payload_length = 65536
        jws.deserialize_compact(token, key, registry=registry)
    entry = {"name": name, "token": token, "expect": expect, "covers": list(covers), "issuers": list(issuers), **more}
    if expect == "accept":
        entry.setdefault("subject", "exec-1")
        entry.setdefault("expires", NOW + 3600)
    CASES.append(entry)


def claims(**changes):
    base = {"iss": ISSUER, "sub": "exec-1", "aud": "domicile", "iat": NOW, "exp": NOW + 3600, "groups": ["eu-analysts"]}
    base.update(changes)
    return {k: v for k, v in base.items() if v is not ...}


def head(algorithm="RS256", **changes):
    base = {"alg": algorithm, "typ": "JWT", "kid": "r1"}
    base.update(changes)
    return {k: v for k, v in base.items() if v is not ...}


def make(header=None, payload=None, key=None, algorithm=None):
    header = head() if header is None else header
    algorithm = algorithm or (header["alg"] if isinstance(header, dict) else "RS256")
    return raw_token(header, claims() if payload is None else payload, lambda d: sign(algorithm, key or R1, d))


def text(payload):
    """The default claims as JSON text with further members put in front, as they are written."""
    return ("{" + payload + "," + json.dumps(claims())[1:]).encode()


# The corpus, line by line.
case("good-rs256", make(), "accept", ["corpus"])
case("good-es256", make(head("ES256", kid="e1"), key=E1), "accept", ["corpus"])
case("good-eddsa", make(head("EdDSA", kid="d1"), key=D1), "accept", ["corpus"])
case("good-at-jwt", make(head(typ="at+jwt")), "accept", ["corpus", "F-ID-17"])
case("good-without-kid-one-key", make(head(kid=...)), "accept", ["corpus"], ["one-key"])
case("good-audience-array", make(payload=claims(aud=["else", "domicile"])), "accept", ["corpus"])
case("good-exp-float", make(payload=claims(exp=NOW + 3600.75)), "accept", ["corpus"])
case("good-unknown-header", make(head(**{"x-team": "blue"})), "accept", ["corpus"])
case("good-unknown-key-in-set", make(), "accept", ["corpus"], ["odd-set"])
none = raw_token(head("none"), claims(), lambda d: b"")
case("alg-none", none, "alg", ["corpus", "F-ID-01"])
for spelling in ("None", "NONE", "nOnE", ""):
    case("alg-none-case " + spelling, raw_token(head(spelling), claims(), lambda d: b""), "alg", ["corpus", "F-ID-01"])
PEM = R1.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
DER = R1.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
JWK = json.dumps(MAIN_KEYS[0]).encode()
for how, secret in (("public-key", PEM), ("der", DER), ("jwk", JWK), ("nothing", b"")):
    mac = raw_token(head("HS256"), claims(), lambda d, s=secret: hmac.new(s, d, hashlib.sha256).digest())
    case("hs256-with-" + how, mac, "alg", ["corpus", "F-ID-02"] if how == "public-key" else ["F-ID-02"])
case("alg-not-configured", make(head("RS512")), "alg", ["corpus"], ["rs256-only"], judge=True)
good = make()
first = good.rsplit(".", 1)[1][0]
changed = good.rsplit(".", 1)[0] + "." + ("B" if first != "B" else "C") + good.rsplit(".", 1)[1][1:]
case("signature-changed", changed, "signature", ["corpus"])
case("embedded-jwk", make(head(jwk=rsa_jwk(STRANGER)), key=STRANGER), "signature", ["corpus", "F-ID-04"])
case("crit-unknown", make(head(crit=["x-new"], **{"x-new": 1})), "crit", ["corpus"])
case("exp-past", make(payload=claims(exp=NOW - 301)), "exp", ["corpus"], judge=True)
case("exp-missing", make(payload=claims(exp=...)), "exp", ["corpus"], judge=True)
case("exp-string", make(payload=claims(exp=str(NOW + 3600))), "exp", ["corpus"], judge=True)
case("exp-1e400", make(payload=json.dumps(claims(exp=...))[:-1].encode() + b',"exp":1e400}'), "form", ["corpus", "F-ID-18"])
case("nbf-future", make(payload=claims(nbf=NOW + 301)), "nbf", ["corpus"], judge=True)
case("aud-prefix", make(payload=claims(aud="domicil")), "aud", ["corpus"], judge=True)
case("iss-trailing-slash", make(payload=claims(iss=ISSUER + "/")), "iss", ["corpus"], judge=True)
case("iss-of-another-configured-issuer", make(payload=claims(iss=OTHER, aud="domicile-other")), "kid", ["corpus"],
     ["main", "other"], judge=True)
case("iss-of-another, its kid", make(head(kid="o1"), claims(iss=OTHER, aud="domicile-other")), "signature", [],
     ["main", "other"])
case("keys-unreachable", make(), "keys", ["corpus"], ["unreachable"], judge=True)

# Every algorithm, and every key for the one it is for.
for algorithm, kid, key in (
    ("RS384", "r1", R1), ("RS512", "r1", R1), ("PS256", "ps-only", R2), ("PS384", "r1", R1), ("PS512", "r1", R1),
    ("ES384", "e3", E3), ("ES512", "e5", E5),
):
    case("good-" + algorithm.lower(), make(head(algorithm, kid=kid), key=key), "accept")
case("rs256 by a key for ps256", make(head(kid="ps-only"), key=R2), "key", ["F-ID-02"])
case("es256 by a p-384 key", make(head("ES256", kid="e3"), key=E3), "key", ["F-ID-02"])
case("es384 by a p-256 key", raw_token(head("ES384", kid="e1"), claims(), lambda d: sign("ES256", E1, d) + bytes(32)),
     "key", ["F-ID-02"])
case("rs256 by an ec key", raw_token(head(kid="e1"), claims(), lambda d: bytes(256)), "key", ["F-ID-02"])
case("rs256 said, pss made", raw_token(head(), claims(), lambda d: sign("PS256", R1, d)), "signature", ["F-ID-02"])
case("rs256 said, sha-512 signed", raw_token(head(), claims(), lambda d: sign("RS512", R1, d)), "signature")
pss = padding.PSS(padding.MGF1(hashes.SHA256()), 20)
case("ps256 with a salt of 20 bytes", raw_token(head("PS256"), claims(), lambda d: R1.sign(d, pss, hashes.SHA256())),
     "signature")

# F-ID-01: alg missing, null, array, number; named by another of the same text.
case("alg missing", raw_token(head(alg=...), claims(), lambda d: b""), "alg", ["F-ID-01"])
for value in (None, ["RS256"], 256, {"RS256": 1}, "RS256 ", "rs256", "RS256\0"):
    case("alg " + json.dumps(value), make(head(value), algorithm="RS256"), "alg", ["F-ID-01"])

# F-ID-03: values of r and s that a broken verifier takes, wrong lengths, DER.
n = ORDER["P-256"]
good_pair = sign("ES256", E1, b"anything")


def pair(r, s):
    return raw_token(head("ES256", kid="e1"), claims(), lambda d: r.to_bytes(32, "big") + s.to_bytes(32, "big"))


for name, r, s in (("zero", 0, 0), ("r zero", 0, 1), ("s zero", 1, 0), ("n", n, n), ("n + 1", n + 1, n + 1), ("one", 1, 1),
                   ("all ones", 2**256 - 1, 2**256 - 1)):
    case("ecdsa " + name, pair(r, s), "signature", ["F-ID-03"])
n3 = ORDER["P-384"]
case("ecdsa p-384 n", raw_token(head("ES384", kid="e3"), claims(), lambda d: n3.to_bytes(48, "big") * 2), "signature", ["F-ID-03"])


def shifted(d):
    """A good signature with s + n, where it still fits."""
    raw = sign("ES256", E1, d)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    return raw[:32] + ((s + n) % 2**256).to_bytes(32, "big")


case("ecdsa s + n", raw_token(head("ES256", kid="e1"), claims(), shifted), "signature", ["F-ID-03"])
case("ecdsa 63 bytes", raw_token(head("ES256", kid="e1"), claims(), lambda d: sign("ES256", E1, d)[:63]), "truncated",
     ["F-ID-03", "F-ID-20"], truncation=True)
case("ecdsa 65 bytes", raw_token(head("ES256", kid="e1"), claims(), lambda d: sign("ES256", E1, d) + b"\0"), "signature",
     ["F-ID-03"])


def der(d):
    raw = sign("ES256", E1, d)
    return encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))


case("ecdsa as der", raw_token(head("ES256", kid="e1"), claims(), der), "signature", ["F-ID-03"])

# F-ID-04: whatever names a key in the header is not read.
for parameter, value in (("jku", "http://127.0.0.1:1/jwks"), ("x5u", "http://127.0.0.1:1/cert"), ("x5c", ["MIIB"]), ("jwk", 7)):
    case("stranger with " + parameter, make(head(**{parameter: value}), key=STRANGER), "signature", ["F-ID-04"])
    case("good with " + parameter, make(head(**{parameter: value})), "accept", ["F-ID-04"], judge=False)
case("crit empty", make(head(crit=[])), "crit", ["F-ID-04"])
case("b64 false", make(head(b64=False)), "form", ["F-ID-04"])
case("zip", make(head(zip="DEF")), "form", ["F-ID-04"])

# F-ID-05: kid is a map key and nothing else.
for kid in ("../../dev/null", "r1' or '1'='1", "r1\0", "R1", "", "k" * 256):
    case("kid " + json.dumps(kid)[:24], make(head(kid=kid)), "kid", ["F-ID-05"])
case("kid of 257 bytes", make(head(kid="k" * 257)), "form", ["F-ID-05"])
case("kid of 12 kB", make(head(kid="k" * 9000)), "form", ["F-ID-05"])
for kid in (1, None, ["r1"], {"r1": 1}):
    case("kid " + json.dumps(kid), make(head(kid=kid)), "form", ["F-ID-05"])
case("kid of two types, rs256", make(head(kid="twin"), key=R2), "accept", ["F-ID-05"])
case("kid of two types, es256", make(head("ES256", kid="twin"), key=E1), "accept", ["F-ID-05"])
case("kid of two keys of one type", make(head("ES256", kid="clash"), key=E1), "key", ["F-ID-05"])
for kid in ("enc", "wrap", "weak", "even", "one", "off-curve", "shared"):
    case("kid of an unfit entry, " + kid, make(head(kid=kid)), "kid", ["F-ID-05"])
case("kid of an rsa key of 1024 bits", raw_token(head(kid="weak"), claims(), lambda d: sign("RS256", WEAK, d)), "truncated",
     truncation=True)
case("small-order ed25519 key", raw_token(head("EdDSA", kid="small-order"), claims(), lambda d: b"\1" + bytes(63)), "kid",
     issuers=["small-order"])
case("no kid, one key of each type", make(head("ES256", kid=...), key=E1), "accept", issuers=["one-key-of-each"], judge=False)
case("no kid, several keys", make(head(kid=...)), "key")
case("no kid, none fits", make(head("EdDSA", kid=...), key=D1), "kid", issuers=["small-order"])
case("no kid, signed by a stranger", make(head(kid=...), key=STRANGER), "signature", issuers=["one-key"])

# F-ID-17: types of tokens.
for typ in ("jwt", "AT+JWT", "application/at+jwt", "application/JWT", "Application/At+Jwt"):
    case("typ " + typ, make(head(typ=typ)), "accept", ["F-ID-17"])
case("typ absent", make(head(typ=...)), "accept", ["F-ID-17"])
for typ in ("logout+jwt", "secevent+jwt", "dpop+jwt", "refresh+jwt", "JWE", "", "text/jwt", 1, None, ["JWT"]):
    case("typ " + json.dumps(typ), make(head(typ=typ)), "typ", ["F-ID-17"])
case("typ set by the issuer's entry", make(head(typ="AT+jwt")), "accept", ["F-ID-17"], ["typed"])
case("typ JWT where at+jwt is wanted", make(), "typ", ["F-ID-17"], ["typed"], judge=True)
case("typ absent where at+jwt is wanted", make(head(typ=...)), "typ", ["F-ID-17"], ["typed"], judge=True)
case("nested", make(head(cty="JWT")), "form", ["F-ID-17"])
case("nested, payload a token", make(payload=good.encode()), "form", ["F-ID-17"])
case("encrypted", ".".join([b64(b'{"alg":"dir","enc":"A256GCM"}'), "", "AAAA", "AAAA", "AAAA"]), "form", ["F-ID-17"])
case("logout token", make(payload=claims(events={"http://schemas.openid.net/event/backchannel-logout": {}})), "events",
     ["F-ID-17"], judge=True)

# F-ID-08 and F-ID-10: issuer, audience, times.
for value in (..., None, 1, [ISSUER], ISSUER.upper(), ISSUER[:-1], ISSUER + "\0", "https://id.example.com/other-tenant"):
    case("iss " + (json.dumps(value) if value is not ... else "absent"), make(payload=claims(iss=value)), "iss", ["F-ID-08"],
         judge=True)
for value in (..., None, 1, "", "Domicile", "domicile ", [], ["else"], ["domicile", 1], [["domicile"]], {"domicile": 1},
              "openid domicile"):
    case("aud " + (json.dumps(value) if value is not ... else "absent"), make(payload=claims(aud=value)), "aud", ["F-ID-08"],
         judge=True)
for offset, expect in ((-29, "accept"), (-30, "exp"), (-31, "exp")):
    case("exp %+d" % offset, make(payload=claims(exp=NOW + offset)), expect, ["F-ID-10"], judge=True, expires=NOW + offset)
for offset, expect in ((29, "accept"), (30, "accept"), (31, "refuse")):
    for claim in ("nbf", "iat"):
        case("%s %+d" % (claim, offset), make(payload=claims(**{claim: NOW + offset})),
             claim if expect == "refuse" else expect, ["F-ID-10"], judge=True)
case("exp 31.5 s ago as a fraction", make(payload=claims(exp=NOW - 31.5)), "exp", ["F-ID-10"])
case("exp 29.5 s ago as a fraction", make(payload=claims(exp=NOW - 29.5)), "accept", ["F-ID-10"], expires=NOW - 30)
for value in (None, True, [NOW + 3600], {}, -1, -1.5, 10**15, 253402300800, 2**63 - 1, 1e300):
    case("exp " + json.dumps(value), make(payload=claims(exp=value)), "exp", ["F-ID-18"], judge=True)
case("exp at the end of 9999", make(payload=claims(exp=253402300799)), "accept", expires=253402300799)
for claim in ("nbf", "iat"):
    case(claim + " as a string", make(payload=claims(**{claim: str(NOW)})), claim, ["F-ID-18"], judge=True)

# F-ID-18: JSON traps. Two parsers disagree on most of these.
base = json.dumps(claims())[1:-1]
for name, payload in (
    ("sub twice", text('"sub":"admin"')),
    ("sub twice, once escaped", text('"\\u0073ub":"admin"')),
    ("exp twice", text('"exp":%d' % (NOW + 1))),
    ("nested member twice", text('"x":{"a":1,"a":2}')),
    ("canonically equal names", text('"\u00e9":1,"e\u0301":2')),
    ("exp 2^63", ("{" + base.replace(str(NOW + 3600), "9223372036854775808") + "}").encode()),
    ("exp -1e400", ("{" + base.replace(str(NOW + 3600), "-1e400") + "}").encode()),
    ("number of 65 digits", text('"x":0.' + "1" * 63)),
    ("leading zero", text('"x":01')),
    ("plus sign", text('"x":+1')),
    ("no digit behind the point", text('"x":1.')),
    ("no digit before the point", text('"x":.5')),
    ("NaN", text('"x":NaN')),
    ("Infinity", text('"x":Infinity')),
    ("hexadecimal", text('"x":0x10')),
    ("single quotes", text("'x':1")),
    ("trailing comma", ("{" + base + ",}").encode()),
    ("comment", ("{/**/" + base + "}").encode()),
    ("byte order mark", b"\xef\xbb\xbf{" + base.encode() + b"}"),
    ("bytes behind", ("{" + base + "}x").encode()),
    ("second value behind", ("{" + base + "}{}").encode()),
    ("NUL behind", ("{" + base + "}\0").encode()),
    ("UTF-16", ("{" + base + "}").encode("utf-16")),
    ("overlong UTF-8", b'{"x":"\xc0\xaf",' + base.encode() + b"}"),
    ("UTF-8 surrogate", b'{"x":"\xed\xa0\x80",' + base.encode() + b"}"),
    ("byte ff", b'{"x":"\xff",' + base.encode() + b"}"),
    ("lone high surrogate", text('"x":"\\ud800"')),
    ("lone low surrogate", text('"x":"\\udc00"')),
    ("high surrogate before another", text('"x":"\\ud800\\ud800"')),
    ("unknown escape", text('"x":"\\x41"')),
    ("short escape", text('"x":"\\u004"')),
    ("raw newline in a string", text('"x":"a\nb"')),
    ("depth 17", text('"x":' + "[" * 16 + "]" * 16)),
    ("depth 4000", text('"x":' + "[" * 4000 + "]" * 4000)),
    ("unclosed", ("{" + base).encode()),
    ("array", b"[]"),
    ("string", b'"x"'),
    ("null", b"null"),
    ("empty", b""),
    ("capital True", text('"x":True')),
):
    case("json: " + name, make(payload=payload), "form", ["F-ID-18"])
case("json: header names alg twice", make(b'{"alg":"none","alg":"RS256","kid":"r1"}'), "form", ["F-ID-18"])
case("json: header an array", make(b'["RS256"]'), "form", ["F-ID-18"])
for name, payload in (
    ("depth 16", text('"x":' + "[" * 15 + "]" * 15)),
    ("surrogate pair", text('"x":"\\ud83d\\ude00"')),
    ("space everywhere", b" {\n\t" + base.encode() + b" \r\n} "),
    ("escaped names", ("{" + base.replace('"sub"', '"\\u0073\\u0075\\u0062"') + "}").encode()),
    ("empty containers, every literal", text('"a":{},"b":[],"c":true,"d":false,"e":null,"f":-0,"g":-1.5e-3')),
    ("largest integer", text('"x":9223372036854775807')),
):
    case("json good: " + name, make(payload=payload), "accept", ["F-ID-18"])
for value in (..., None, "", 1, True, ["exec-1"], {}, "exec\0-1", "exec-1\n", "exec\u202e1", "exec\u200b1", "exec\u007f",
              "\u2028", "\ue000", "e\u0301xec", "x" * 257):
    case("sub " + (json.dumps(value)[:24] if value is not ... else "absent"), make(payload=claims(sub=value)), "subject",
         ["F-ID-18"], judge=True)
for value in ("x" * 256, "\u00e9xec", "exec 1", "auth0|1", "\u0435xec-1"):
    case("sub good " + json.dumps(value)[:24], make(payload=claims(sub=value)), "accept", ["F-ID-18"], subject=value)
case("sub by a path", make(payload=claims(realm={"user": "deep"})), "accept", issuers=["nested-subject"], subject="deep")
case("sub by a path, absent", make(), "subject", issuers=["nested-subject"], judge=True)
case("planner, task, jti", make(payload=claims(azp="planner-7", task_id="t-1", jti="id-1")), "accept",
     planner="planner-7", task="t-1", tokenID="id-1")
case("planner a number", make(payload=claims(azp=7)), "planner", judge=True)
case("task a list", make(payload=claims(task_id=["t"])), "task", judge=True)
case("jti a number", make(payload=claims(jti=7)), "jti", judge=True)
case("jti unprintable", make(payload=claims(jti="a\nb")), "jti", judge=True)

# F-ID-20: cut tokens, at the lengths that passwords are cut at, and form.
long = make(payload=claims(padding="p" * 6000))
for length in (990, 996, 1023, 4095, 100, 1):
    case("cut at %d" % length, long[:length], "truncated", ["F-ID-20"], truncation=True)
for lost in range(1, 5):
    case("signature less %d characters" % lost, good[:-lost], "truncated", ["F-ID-20"], truncation=True)
case("signature missing", good[: good.rindex(".") + 1], "truncated", ["F-ID-20"], truncation=True)
case("two parts", good[: good.rindex(".")], "truncated", ["F-ID-20"], truncation=True)
big = make(head(kid="r1"), claims(padding="p" * 11000))
case("of nearly 16 KiB", big, "accept")
case("of more than 16 KiB", make(payload=claims(padding="p" * 13000)), "length", ["F-ID-18"], judge=True)
case("empty", "", "missing")
h, p, s = good.split(".")
case("four parts", good + ".AAAA", "form")
case("six parts", good + ".A.A.A", "form")
case("padding", ".".join([h, p, s + "=="]), "form")
case("standard alphabet", ".".join([h, p, "+/" + s[2:]]), "form")
case("newline behind", good + "\n", "form")
case("space before", " " + good, "form")
case("Bearer before", "Bearer " + good, "form")
case("percent-encoded", ".".join([h, p, "%41" + s[1:]]), "form")
case("newline inside", ".".join([h, p[:50] + "\n" + p[50:], s]), "form")


def leftover(part, last_of):
    """The same bytes with bits left over that the decoder would drop."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return part[:-1] + alphabet[alphabet.index(part[-1]) | 1]


assert len(s) % 4 == 2
case("leftover bits in the signature", ".".join([h, p, leftover(s, 4)]), "truncated", truncation=True)
odd = make(payload=json.dumps(claims()).encode() + b" " * ((1 - len(json.dumps(claims()))) % 3))
ho, po, so = odd.split(".")
assert len(po) % 4 == 2
# Signed as it stands: only its spelling is wrong.
wrong = ho + "." + leftover(po, 4)
case("leftover bits in the payload, signed", wrong + "." + b64(sign("RS256", R1, wrong.encode())), "form")
case("header empty", "." + p + "." + s, "form")

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tokens.json"), "w") as out:
    json.dump({"now": NOW, "leeway": 30, "issuers": ISSUERS, "cases": CASES}, out, indent=1)
    out.write("\n")
print(len(CASES), "cases")
