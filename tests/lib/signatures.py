#!/usr/bin/env python3
"""Makes signatures of RSA and ECDSA: good ones, and such as a verifier may take for good.

    signatures.py FOLDER

FOLDER/signatures lists them, a line each: label, `ok` or `refused`, algorithm, and in hexadecimal the key (as in the
bit string of SubjectPublicKeyInfo), the message and the signature.
"""

import hashlib
import pathlib
import random
import secrets
import sys
import time

from asn1 import *
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

SALTS = {"sha256": 32, "sha384": 48, "sha512": 64}
# The order of P-256.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class List:
    def __init__(self):
        self.lines = []

    def add(self, label, expected, algorithm, key, message, signature):
        fields = [label, expected, algorithm, *(bytes(part).hex() or "-" for part in (key, message, signature))]
        self.lines.append(" ".join(fields))


def some():
    return secrets.token_bytes(random.randrange(200))


def good(out, key):
    for name, salt in SALTS.items():
        for _ in range(2):
            message = some()
            out.add(f"rsa-{key.bit_length}", "ok", f"pkcs1-{name}", key.public(), message, key.pkcs1(name, message))
            signature = key.pss(name, message, secrets.token_bytes(salt))
            out.add(f"rsa-{key.bit_length}", "ok", f"pss-{name}", key.public(), message, signature)


def numbers(out, key):
    """Signatures that are other numbers, or have another length."""
    public, size = key.public(), key.size

    def refused(label, algorithm, message, signature):
        out.add(f"rsa-{key.bit_length}-{label}", "refused", algorithm, public, message, signature)

    for algorithm, sign in [
        ("pkcs1-sha256", lambda message: key.pkcs1("sha256", message)),
        ("pss-sha256", lambda message: key.pss("sha256", message, secrets.token_bytes(32))),
    ]:
        message = some()
        signature = sign(message)
        refused("zero-before", algorithm, message, b"\0" + signature)
        refused("zero-behind", algorithm, message, signature + b"\0")
        refused("shorter", algorithm, message, signature[:-1])
        refused("without-first", algorithm, message, signature[1:])
        refused("none", algorithm, message, b"")
        refused("other-message", algorithm, message + b"x", signature)
        refused("twice", algorithm, message, signature * 2)
        for label, number in [("0", 0), ("1", 1), ("n-1", key.n - 1), ("n", key.n), ("most", (1 << 8 * size) - 1)]:
            refused(label, algorithm, message, number.to_bytes(size, "big"))
        refused("negated", algorithm, message, (key.n - int.from_bytes(signature, "big")).to_bytes(size, "big"))
        # The same number modulo n, where it has as many bytes.
        for _ in range(40):
            raised = int.from_bytes(signature, "big") + key.n
            if raised < 1 << 8 * size:
                refused("plus-n", algorithm, message, raised.to_bytes(size, "big"))
                break
            message = some()
            signature = sign(message)
        # Without the zero that a number of this size may begin with.
        for _ in range(20 if key.bit_length % 8 == 1 else 0):
            message = some()
            signature = sign(message)
            if signature[0] == 0:
                out.add(f"rsa-{key.bit_length}-first-zero", "ok", algorithm, public, message, signature)
                refused("first-zero-removed", algorithm, message, signature[1:])
                break


def paddings(out, key):
    public, size = key.public(), key.size

    def refused(label, algorithm, message, encoded):
        if int.from_bytes(encoded, "big") < key.n:
            signature = key.power(encoded)
            out.add(f"rsa-{key.bit_length}-{label}", "refused", algorithm, public, message, signature)

    for name in SALTS:
        message, algorithm = some(), f"pkcs1-{name}"
        hashed = hashlib.new(name, message).digest()
        info, identifier = digest_info(name, message), sequence(oid(HASHES[name]))
        with_null = sequence(oid(HASHES[name]), NULL)
        ways = {
            "type-0": pkcs1_encoded(size, info, head=b"\0\0", filling=b"\0"),
            "type-2": pkcs1_encoded(size, info, head=b"\0\2"),
            "first-byte": pkcs1_encoded(size, info, head=b"\1\1"),
            "filling": pkcs1_encoded(size, info, filling=b"\xfe"),
            "first-filling": pkcs1_encoded(size, info, head=b"\0\1\x7f"),
            "last-filling": pkcs1_encoded(size, b"\0" + info),
            "tail": pkcs1_encoded(size, info, tail=b"\0"),
            "long-tail": b"\0\1" + b"\xff" * 8 + b"\0" + info + secrets.token_bytes(size - 11 - len(info)),
            "no-filling": b"\0\1\0" + info + bytes(size - 3 - len(info)),
            "no-separator": b"\0\1" + b"\xff" * (size - 2 - len(info)) + info,
            "no-null": pkcs1_encoded(size, sequence(identifier, octets(hashed))),
            "no-info": pkcs1_encoded(size, hashed),
            "other-parameters": pkcs1_encoded(size, sequence(sequence(oid(HASHES[name]), octets()), octets(hashed))),
            "more-in-info": pkcs1_encoded(size, sequence(with_null, octets(hashed), NULL)),
            "long-length": pkcs1_encoded(size, b"\x30\x81" + bytes([len(info) - 2]) + info[2:]),
            "cut-digest": pkcs1_encoded(size, sequence(with_null, octets(hashed[:-1]))),
            "other-hash": pkcs1_encoded(size, digest_info("sha1", message)),
        }
        for label, encoded in ways.items():
            assert len(encoded) == size, label
            refused(label, algorithm, message, encoded)

    for name, salt in SALTS.items():
        algorithm, bit_length = f"pss-{name}", key.bit_length
        message, usual = some(), secrets.token_bytes(salt)

        def encode(salt=usual, **how):
            return pss_encoded(bit_length, name, message, salt, **how)

        for length in (0, 1, 20, salt - 1, salt + 1, (bit_length + 6) // 8 - salt - 2):
            if length != salt:
                refused(f"salt-{length}", algorithm, message, encode(secrets.token_bytes(length)))
        refused("trailer", algorithm, message, encode(trailer=b"\xcc"))
        refused("padding", algorithm, message, encode(padding=1))
        refused("one", algorithm, message, encode(one=b"\2"))
        refused("other-mask", algorithm, message, encode(mgf="sha1"))
        encoded = bytearray(encode())
        encoded[-2] ^= 1
        refused("seed", algorithm, message, encoded)
        other = pss_encoded(bit_length, "sha512" if name == "sha256" else "sha256", message, usual)
        refused("other-hash", algorithm, message, other)
        # Bits that have to be zero: in front of the block, or before it.
        for _ in range(40):
            number = int.from_bytes(encode(secrets.token_bytes(salt)), "big") | 1 << (bit_length - 1)
            if number < key.n:
                refused("unused-bit", algorithm, message, number.to_bytes(size, "big"))
                break


def cube_root(out):
    """A signature that needs no private key, where a verifier does not look behind the digest."""
    key, message = Rsa(exponent=3), some()
    good(out, key)
    start = b"\0\1" + b"\xff" * 8 + b"\0" + digest_info("sha256", message)
    least = int.from_bytes(start + bytes(key.size - len(start)), "big")
    low, high = 0, 1 << key.bit_length
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < least else (low, middle)
    assert (low**3).to_bytes(key.size, "big").startswith(start)
    out.add("cube-root", "refused", "pkcs1-sha256", key.public(), message, low.to_bytes(key.size, "big"))


def even_exponent(out):
    """A fourth root, which the holder of the primes can take of every fourth message or so."""
    # With such primes, a power is a square root, and a square itself.
    key = Rsa()
    while any(prime % 4 == 1 for prime in key.primes):
        key = Rsa()
    while True:
        message = some()
        number = int.from_bytes(pkcs1_encoded(key.size, digest_info("sha256", message)), "big")
        if all(pow(number, prime // 2, prime) == 1 for prime in key.primes):
            break
    of_p, of_q = (pow(number, ((prime + 1) // 4) ** 2, prime) for prime in key.primes)
    root = key.combined(of_p, of_q)
    assert pow(root, 4, key.n) == number
    key.e = 4
    out.add("exponent-4", "refused", "pkcs1-sha256", key.public(), message, root.to_bytes(key.size, "big"))


def elliptic(out):
    key, other = Curve(), Curve()
    point = key.point()

    def add(label, expected, message, signature, algorithm="ecdsa-sha256", point=point):
        out.add(f"ecdsa-{label}", expected, algorithm, point, message, signature)

    for algorithm in ("ecdsa-sha256", "ecdsa-sha384"):
        for _ in range(20):
            one = Curve()
            message = some()
            add("random", "ok", message, one.sign(algorithm, message), algorithm, one.point())
        message = some()
        signature = key.sign(algorithm, message)
        r, s = decode_dss_signature(signature)

        def form(label, expected, *parts):
            add(label, expected, message, b"".join(parts), algorithm)

        form("low-or-high-s", "ok", sequence(integer(r), integer(s)))
        form("the-other-s", "ok", sequence(integer(r), integer(ORDER - s)))
        bad = {
            "r-0": (0, s),
            "s-0": (r, 0),
            "both-0": (0, 0),
            "r-order": (ORDER, s),
            "s-order": (r, ORDER),
            "r-plus-order": (r + ORDER, s),
            "s-plus-order": (r, s + ORDER),
            "r-negative": (-r, s),
            "s-negative": (r, -s),
            "r-less-order": (r - ORDER, s),
            "s-less-order": (r, s - ORDER),
            "swapped": (s, r),
            "ones": (1, 1),
            "r-long": (r + (1 << 256), s),
            "s-much-longer": (r, s + (1 << 2000)),
        }
        for label, (one, two) in bad.items():
            form(label, "refused", sequence(integer(one), integer(two)))
        first, second = integer(r), integer(s)

        def padded(number):
            return tlv(2, b"\0", number.to_bytes(33, "big"))

        content = first + second
        # Without the zero that a positive number of 256 bits begins with, it is a negative one.
        while max(r, s) < 1 << 255:
            message = some()
            r, s = decode_dss_signature(key.sign(algorithm, message))
        first, second = integer(r), integer(s)
        content = first + second
        bare = b"".join(tlv(2, number.to_bytes(32, "big")) for number in (r, s))
        forms = {
            "zeros-before": [sequence(padded(r), padded(s))],
            "without-zero": [sequence(bare)],
            "long-length": [b"\x30\x81", bytes([len(content)]), content],
            "endless": [b"\x30\x80", content, b"\0\0"],
            "tail": [sequence(content), b"\0"],
            "more-inside": [sequence(content, NULL)],
            "one-number": [sequence(first)],
            "three-numbers": [sequence(content, first)],
            "other-tag": [tlv(0x31, content)],
            "other-tags-inside": [sequence(tlv(4, first[2:]), second)],
            "no-numbers": [sequence(tlv(2), tlv(2))],
            "fixed": [r.to_bytes(32, "big"), s.to_bytes(32, "big")],
            "none": [],
            "empty": [sequence()],
            "cut": [sequence(content)[:-1]],
        }
        form("before-forms", "ok", sequence(content))
        for label, parts in forms.items():
            form(label, "refused", *parts)
        add("other-message", "refused", message + b"x", sequence(content), algorithm)
        add("other-key", "refused", message, sequence(content), algorithm, other.point())
        for label, changed in {
            "compressed": key.point(True),
            "hybrid": bytes([6 | point[-1] & 1]) + point[1:],
            "compact": b"\5" + point[1:33],
            "infinity": b"\0",
            "zero": b"\4" + bytes(64),
            "off-curve": point[:-1] + bytes([point[-1] ^ 1]),
            "field": b"\4" + b"\xff" * 64,
            "shorter": point[:-1],
            "longer": point + b"\0",
            "no-form": point[1:],
            "nothing": b"",
        }.items():
            add(f"point-{label}", "refused", message, sequence(content), algorithm, changed)


def keys(out, key):
    """Other keys for one signature."""
    message = some()
    for algorithm, signature in [
        ("pkcs1-sha256", key.pkcs1("sha256", message)),
        ("pss-sha256", key.pss("sha256", message, secrets.token_bytes(32))),
    ]:
        n, e = integer(key.n), integer(key.e)
        bare = key.n.to_bytes(key.size, "big")
        for label, public in {
            "even": sequence(integer(key.n - 1), e),
            "0": sequence(integer(0), e),
            "1": sequence(integer(1), e),
            "negative": sequence(tlv(2, bare), e),
            "negated": sequence(integer(-key.n), e),
            "zeros": sequence(tlv(2, b"\0\0", bare), e),
            "exponent-0": sequence(n, integer(0)),
            "exponent-1": sequence(n, integer(1)),
            "exponent-2": sequence(n, integer(2)),
            "exponent-even": sequence(n, integer(key.e + 1)),
            "exponent-negative": sequence(n, integer(-key.e)),
            "exponent-zeros": sequence(n, tlv(2, b"\0", key.e.to_bytes(3, "big"))),
            "exponent-long": sequence(n, integer(key.e + (1 << 64))),
            "exponent-longer": sequence(n, integer(key.e + (1 << 128))),
            "swapped": sequence(e, n),
            "tail": sequence(n, e) + b"\0",
            "more": sequence(n, e, NULL),
            "one": sequence(n),
            "empty": sequence(),
            "nothing": b"",
            "other-tag": tlv(0x31, n, e),
            "endless": b"\x30\x80" + n + e + b"\0\0",
        }.items():
            out.add(f"key-{label}", "refused", algorithm, public, message, signature)


def main():
    folder, begun = pathlib.Path(sys.argv[1]), time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    out = List()
    for size in (2048, 2049, 2050, 2055, 2056, 3072, 4096):
        key = Rsa(size)
        good(out, key)
        if size < 3000:
            numbers(out, key)
            paddings(out, key)
        if size == 2048:
            keys(out, key)
    cube_root(out)
    even_exponent(out)
    for exponent in (5, 17, (1 << 32) + 15, (1 << 33) - 9):
        good(out, Rsa(exponent=exponent))
    # Smaller and larger than the board takes.
    for size in (1024, 2047, 4104):
        key, message = Rsa(size), some()
        signature = key.pkcs1("sha256", message)
        out.add(f"size-{size}", "refused", "pkcs1-sha256", key.public(), message, signature)
    elliptic(out)
    (folder / "signatures").write_text("\n".join(out.lines) + "\n")
    print(f"{len(out.lines)} signatures in {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()
