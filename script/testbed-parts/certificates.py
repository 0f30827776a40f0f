"""The testbed's certificates, made on the spot: an authority each for the servers, the gateway and the roles."""

import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = datetime.timedelta(days=30)
SERVERS = ("orders-eu-a", "orders-eu-b", "orders-us-a")


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def key_usage(**allowed):
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{usage: allowed.get(usage, False) for usage in every})


def builder(subject, issuer, public_key):
    now = datetime.datetime.utcnow()
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(minutes=5))
            .not_valid_after(now + LIFETIME)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False))


class Authority:
    """A certificate authority. Its key lives as long as `make` runs, unless that writes it."""

    def __init__(self, common_name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = name(common_name)
        self.certificate = (
            builder(self.name, self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(key_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .sign(self.key, hashes.SHA256()))

    def issue(self, common_name, addresses, names):
        alternatives = [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        alternatives += [x509.DNSName(host) for host in names]
        return self.sign(common_name, ExtendedKeyUsageOID.SERVER_AUTH, x509.SubjectAlternativeName(alternatives))

    def issue_role(self, role):
        """A client certificate, for those who log in past the gateway."""
        return self.sign(role, ExtendedKeyUsageOID.CLIENT_AUTH)

    def revocations(self, *certificates):
        """A list of those that it takes back, in PEM."""
        now = datetime.datetime.utcnow()
        revoked = (x509.CertificateRevocationListBuilder().issuer_name(self.name)
                   .last_update(now - datetime.timedelta(minutes=5)).next_update(now + LIFETIME))
        for certificate in certificates:
            revoked = revoked.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(certificate.serial_number)
                .revocation_date(now - datetime.timedelta(minutes=1)).build())
        return revoked.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def sign(self, common_name, usage, *extensions):
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = (
            builder(name(common_name), self.name, key.public_key())
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(key_usage(digital_signature=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False))
        for extension in extensions:
            certificate = certificate.add_extension(extension, critical=False)
        return certificate.sign(self.key, hashes.SHA256()), key


def write(path, text, mode=0o644):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)


def write_pair(folder, stem, certificate, key):
    write(folder / f"{stem}.crt", certificate.public_bytes(serialization.Encoding.PEM))
    write(folder / f"{stem}.key", key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()), 0o600)


def make(testbed):
    """Writes all of them; the authority of the servers, for who needs another certificate of it."""
    folder = testbed.certificates
    upstream = Authority("Domicile testbed: servers")
    write(folder / "upstream-ca.crt", upstream.certificate.public_bytes(serialization.Encoding.PEM))
    for server in SERVERS:
        host = f"{server}.test"
        write_pair(folder, server, *upstream.issue(host, ["127.0.0.1"], ["localhost", host]))
    gateway = Authority("Domicile testbed: gateway")
    write(folder / "gateway-ca.crt", gateway.certificate.public_bytes(serialization.Encoding.PEM))
    write_pair(folder, "gateway", *gateway.issue("localhost", ["127.0.0.1", "::1"], ["localhost"]))
    # The gateway signs the certificates of roles with this one itself; those of the tests' own logins are made here.
    roles = Authority("Domicile testbed: roles")
    write_pair(folder, "role-ca", roles.certificate, roles.key)
    write_pair(folder, "writer", *roles.issue_role("writer"))
    return upstream
