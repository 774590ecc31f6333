#!/usr/bin/env python3
"""Makes the certificates of servers, devices and authorities that the tests of mutual TLS need.

    certificates.py FOLDER

NAME.pem has a certificate, NAME.key its private key in PKCS#8. All are issued by `root` unless the name says otherwise:

    server, server-named         for localhost and 127.0.0.1; for gateway.example
    server-expired, server-early, server-other, server-forged (issued by a device), server-ca (an authority's own)
    p256, p384, rsa2048, rsa4096 devices; also NAME.old.key (SEC1 or PKCS#1) and NAME.encrypted.key (PASSPHRASE)
    serial                       a device whose serial number is 1
    expired, early, other, revoked (in root.crl), chain (issued by intermediate.pem)
"""

import datetime
import ipaddress
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PASSPHRASE = b"correct horse battery staple"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


def ec_key(curve=ec.SECP256R1):
    return ec.generate_private_key(curve())


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


class Authority:
    """A certificate that issues others."""

    def __init__(self, text, issuer=None, ca=True, key=None, more=()):
        self.key = key or ec_key()
        self.certificate = issue(issuer or self, text, self.key, ca=ca, more=more)


def issue(issuer, text, key, days=(-1, 30), ca=False, names=None, serial=None, more=()):
    """Issues a certificate; `more` are further extensions, and whether they are critical."""
    own = issuer.certificate.subject if hasattr(issuer, "certificate") else name(text)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(text))
        .issuer_name(own)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(NOW + days[0] * DAY)
        .not_valid_after(NOW + days[1] * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    for extension, critical in more:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer.key, hashes.SHA256())


def write(folder, label, certificate, key):
    (folder / f"{label}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    forms = {
        "": (serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        ".old": (serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()),
        ".encrypted": (serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(PASSPHRASE)),
    }
    for suffix, (form, encryption) in forms.items():
        path = folder / f"{label}{suffix}.key"
        path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, encryption))
        path.chmod(0o600)


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    root, other = Authority("root"), Authority("other root")
    intermediate = Authority("intermediate", root)
    forger = Authority("device that issues", root, ca=False)
    for label, authority in [("root", root), ("other-root", other), ("intermediate", intermediate)]:
        pem = authority.certificate.public_bytes(serialization.Encoding.PEM)
        (folder / f"{label}.pem").write_bytes(pem)

    here = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    elsewhere = [x509.DNSName("gateway.example")]
    servers = {
        "server": issue_for(root, here),
        "server-named": issue_for(root, elsewhere),
        "server-expired": issue_for(root, here, days=(-9, -2)),
        "server-early": issue_for(root, here, days=(5, 9)),
        "server-other": issue_for(other, here),
        "server-forged": issue_for(forger, here),
        "server-ca": issue_for(root, here, ca=True),
    }
    for label, (certificate, key) in servers.items():
        write(folder, label, certificate, key)
    with (folder / "server-forged.pem").open("ab") as chain:
        chain.write(forger.certificate.public_bytes(serialization.Encoding.PEM))

    kinds = {
        "p256": ec_key(),
        "p384": ec_key(ec.SECP384R1),
        "rsa2048": rsa.generate_private_key(65537, 2048),
        "rsa4096": rsa.generate_private_key(65537, 4096),
    }
    for label, key in kinds.items():
        write(folder, label, issue(root, label, key), key)
    devices = {
        "serial": dict(serial=1),
        "expired": dict(days=(-9, -2)),
        "early": dict(days=(5, 9)),
        "revoked": {},
    }
    for label, more in devices.items():
        key = ec_key()
        write(folder, label, issue(root, label, key, **more), key)
    for label, issuer in [("other", other), ("chain", intermediate)]:
        key = ec_key()
        write(folder, label, issue(issuer, label, key), key)

    revoked = x509.load_pem_x509_certificate((folder / "revoked.pem").read_bytes())
    entry = x509.RevokedCertificateBuilder().serial_number(revoked.serial_number).revocation_date(NOW - DAY)
    for label, authority, entries in [("root", root, [entry.build()]), ("intermediate", intermediate, [])]:
        crl = x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.subject)
        crl = crl.last_update(NOW - DAY).next_update(NOW + 30 * DAY)
        for one in entries:
            crl = crl.add_revoked_certificate(one)
        signed = crl.sign(authority.key, hashes.SHA256())
        (folder / f"{label}.crl").write_bytes(signed.public_bytes(serialization.Encoding.PEM))


def issue_for(issuer, names, **more):
    key = ec_key()
    return issue(issuer, "server", key, names=names, **more), key


if __name__ == "__main__":
    main()
