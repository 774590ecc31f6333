"""DER, keys and signatures from their parts, so that any part can be wrong; for chains.py and signatures.py."""

import datetime
import hashlib
import math

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, utils

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
DAY = datetime.timedelta(days=1)


def tlv(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        length = bytes([size])
    else:
        digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
        length = bytes([0x80 | len(digits)]) + digits
    return bytes([tag]) + length + content


def sequence(*parts):
    return tlv(0x30, *parts)


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def bits(content, unused=0):
    return tlv(3, bytes([unused]), content)


def octets(*parts):
    return tlv(4, *parts)


def boolean(value=True):
    return tlv(1, b"\xff" if value else b"\0")


NULL = tlv(5)


def oid(text):
    first, second, *rest = map(int, text.split("."))
    content = bytearray()
    for arc in [40 * first + second, *rest]:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        content += bytes(reversed(digits))
    return tlv(6, bytes(content))


def common_name(text, kind=12):
    """A name with one attribute; 12 is a UTF8String, 19 a PrintableString."""
    return sequence(tlv(0x31, sequence(oid("2.5.4.3"), tlv(kind, text.encode()))))


def utc(date):
    return tlv(0x17, date.strftime("%y%m%d%H%M%SZ").encode())


def generalized(date):
    return tlv(0x18, date.strftime("%Y%m%d%H%M%SZ").encode())


# The arcs of hashes, in DigestInfo and in parameters of PSS.
HASHES = {
    "md5": "1.2.840.113549.2.5",
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
PKCS1 = {"md5": 4, "sha1": 5, "sha224": 14, "sha256": 11, "sha384": 12, "sha512": 13}
ECDSA = {"sha224": 1, "sha256": 2, "sha384": 3, "sha512": 4}
CURVES = {
    "p256": (ec.SECP256R1, "1.2.840.10045.3.1.7"),
    "p384": (ec.SECP384R1, "1.3.132.0.34"),
    "p521": (ec.SECP521R1, "1.3.132.0.35"),
}


def digest_info(name, message):
    return sequence(
        sequence(oid(HASHES[name]), NULL), octets(hashlib.new(name, message, usedforsecurity=False).digest())
    )


def pkcs1_encoded(size, info, head=b"\0\1", filling=b"\xff", tail=b""):
    """EMSA-PKCS1-v1_5 (RFC 8017, section 9.2) of this many bytes."""
    return head + filling * (size - len(head) - 1 - len(info) - len(tail)) + b"\0" + info + tail


def mask(name, seed, size):
    made = b"".join(
        hashlib.new(name, seed + counter.to_bytes(4, "big"), usedforsecurity=False).digest()
        for counter in range(-(-size // hashlib.new(name, usedforsecurity=False).digest_size))
    )
    return made[:size]


def pss_encoded(bit_length, name, message, salt, trailer=b"\xbc", padding=0, one=b"\1", mgf=None):
    """EMSA-PSS (RFC 8017, section 9.1.1) for a modulus of this many bits; `padding` is put among its zeros."""
    size = (bit_length - 1 + 7) // 8
    hashed = hashlib.new(name, message, usedforsecurity=False).digest()
    seed = hashlib.new(name, bytes(8) + hashed + salt, usedforsecurity=False).digest()
    zeros = bytearray(size - len(salt) - len(seed) - 2)
    if padding:
        zeros[1] = padding
    block = bytes(zeros) + one + salt
    masked = bytearray(a ^ b for a, b in zip(block, mask(mgf or name, seed, len(block))))
    masked[0] &= 0xFF >> (8 * size - (bit_length - 1))
    return bytes(masked) + seed + trailer


class Rsa:
    """A key, whose signatures are computed here."""

    def __init__(self, size=2048, exponent=65537):
        # A library rounds odd sizes down: its primes for the two sizes beside it have a product of the one between.
        sizes = (size + 1, size - 1) if size % 2 else (size,)
        while True:
            keys = [rsa.generate_private_key(65537, one) for one in sizes]
            p, q = keys[0].private_numbers().p, keys[-1].private_numbers().q
            if (p * q).bit_length() == size and math.gcd(exponent, (p - 1) * (q - 1)) == 1:
                break
        self.key, self.n, self.e, self.primes = keys[0], p * q, exponent, (p, q)
        self.d = pow(exponent, -1, (p - 1) * (q - 1))
        self.bit_length, self.size = size, (size + 7) // 8

    def public(self):
        """RSAPublicKey."""
        return sequence(integer(self.n), integer(self.e))

    def info(self, parameters=NULL):
        return sequence(sequence(oid("1.2.840.113549.1.1.1"), parameters), bits(self.public()))

    def power(self, encoded):
        number = int.from_bytes(encoded, "big")
        # By the two primes, which takes a quarter of the time.
        parts = (pow(number % prime, self.d % (prime - 1), prime) for prime in self.primes)
        return self.combined(*parts).to_bytes(self.size, "big")

    def combined(self, of_p, of_q):
        """The number modulo n that is these modulo its primes."""
        p, q = self.primes
        return of_q + q * ((of_p - of_q) * pow(q, -1, p) % p)

    def pkcs1(self, name, message, **how):
        return self.power(pkcs1_encoded(self.size, digest_info(name, message), **how))

    def pss(self, name, message, salt, **how):
        return self.power(pss_encoded(self.bit_length, name, message, salt, **how))

    default = "pkcs1-sha256"

    def identifier(self, algorithm):
        kind, name = algorithm.split("-")
        if kind == "pkcs1":
            return sequence(oid(f"1.2.840.113549.1.1.{PKCS1[name]}"), NULL)
        return pss_identifier(name, hashlib.new(name).digest_size)

    def sign(self, algorithm, message):
        kind, name = algorithm.split("-")
        if kind == "pkcs1":
            return self.pkcs1(name, message)
        return self.pss(name, message, hashlib.new(name, message).digest())


def pss_identifier(name, salt):
    hashed = sequence(oid(HASHES[name]), NULL)
    generator = sequence(oid("1.2.840.113549.1.1.8"), hashed)
    parameters = [tlv(0xA0, hashed), tlv(0xA1, generator), tlv(0xA2, integer(salt))]
    return sequence(oid("1.2.840.113549.1.1.10"), sequence(*parameters))


class Curve:
    """A key on a curve."""

    def __init__(self, curve="p256"):
        kind, self.arc = CURVES[curve]
        self.key = ec.generate_private_key(kind())
        self.default = {"p256": "ecdsa-sha256", "p384": "ecdsa-sha384", "p521": "ecdsa-sha512"}[curve]

    def point(self, is_compressed=False):
        form = serialization.PublicFormat
        form = form.CompressedPoint if is_compressed else form.UncompressedPoint
        return self.key.public_key().public_bytes(serialization.Encoding.X962, form)

    def info(self, point=None):
        algorithm = sequence(oid("1.2.840.10045.2.1"), oid(self.arc))
        return sequence(algorithm, bits(point or self.point()))

    def identifier(self, algorithm):
        name = algorithm.split("-")[1]
        if name == "sha1":
            return sequence(oid("1.2.840.10045.4.1"))
        return sequence(oid(f"1.2.840.10045.4.3.{ECDSA[name]}"))

    def sign(self, algorithm, message):
        name = algorithm.split("-")[1]
        hashed = hashlib.new(name, message, usedforsecurity=False).digest()
        known = {20: hashes.SHA1, 32: hashes.SHA256, 48: hashes.SHA384, 64: hashes.SHA512}
        return self.key.sign(hashed, ec.ECDSA(utils.Prehashed(known[len(hashed)]())))


class Edwards:
    """A key on Ed25519."""

    default = "ed25519"

    def __init__(self):
        self.key = ed25519.Ed25519PrivateKey.generate()

    def info(self):
        return sequence(self.identifier(self.default), bits(self.key.public_key().public_bytes_raw()))

    def identifier(self, _):
        return sequence(oid("1.3.101.112"))

    def sign(self, _, message):
        return self.key.sign(message)


def pkcs8(key):
    return key.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
