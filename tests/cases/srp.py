#!/usr/bin/env python3
"""Computes srp.json: SRP sign-ins from the server's point of view.

    srp.py           writes srp.json
    srp.py --check   fails if srp.json differs from the output of this script

Each case has the client's inputs (`pool`, `user`, `password`, `random`), its first message (`srp_a`), the challenge
that it receives, and the proof that it must answer with. The proof is computed from the verifier, as the server
does, and not from the password, as the client does. The group is computed from its formula (RFC 3526, section 4).
"""

import base64
import hashlib
import hmac

from generate import keep


def inverse_tangent(x, one):
    term = total = one // x
    odd, sign = 3, -1
    while term:
        term //= x * x
        total += sign * (term // odd)
        odd, sign = odd + 2, -sign
    return total


BITS = 3400
PI = 4 * (4 * inverse_tangent(5, 1 << BITS) - inverse_tangent(239, 1 << BITS))
N = 2**3072 - 2**3008 - 1 + 2**64 * ((PI >> (BITS - 2942)) + 1690314)
G = 2


def padded(number):
    """Encodes a number for hashing, with a zero byte before a set top bit."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def integer(*parts):
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


def cases():
    for number, (user, password, salt, short) in enumerate(
        [
            ("ada", "Rolecall-1-password", bytes.fromhex("1f69d23660bea4e753f544619a7c679e"), False),
            ("ada", "Rolecall-1-password", bytes.fromhex("ff69d23660bea4e753f544619a7c679e"), False),
            ("8b1c6a4e-0000-4000-8000-0123456789ab", "pass: wörd 密码", bytes.fromhex("000102030405060708090a0b0c0d0e0f"), False),
            ("ada", "~", b"\x80", False),
            ("ada", "y" * 256, bytes(range(32)), True),
        ]
    ):
        yield case(f"sign-in {number}", user, password, salt, short)


def case(name, user, password, salt, short):
    pool, random = "aBcDeFgHi", hashlib.sha256(name.encode()).digest()
    # The number that the client computes from its random bytes in the first round.
    a = int.from_bytes(hmac.digest(random, (1).to_bytes(4, "big"), "sha256"), "big")
    A = pow(G, a, N)
    k = integer(padded(N), padded(G))
    identity = hashlib.sha256(f"{pool}{user}:{password}".encode()).digest()
    verifier = pow(G, integer(padded(int.from_bytes(salt, "big")), identity), N)
    b = integer(name.encode(), b"server")
    power = pow(G, b, N)
    # A number whose hexadecimal form is shorter than the group's.
    while short and (k * verifier + power) % N >> 3064:
        b, power = b + 1, power * G % N
    B = (k * verifier + power) % N
    u = integer(padded(A), padded(B))
    S = pow(A * pow(verifier, u, N), b, N)
    pseudorandom = hmac.digest(padded(u), padded(S), "sha256")
    key = hmac.digest(pseudorandom, b"Caldera Derived Key\x01", "sha256")[:16]
    block, time = hashlib.shake_256(name.encode()).digest(1100), "Fri Jan 2 03:04:05 UTC 2026"
    proof = hmac.digest(key, pool.encode() + user.encode() + block + time.encode(), "sha256")
    return {
        "name": name,
        "group": f"{N:x}",
        "pool": f"eu-west-1_{pool}",
        "user": user,
        "password": password,
        "random": random.hex(),
        "srp_a": f"{A:x}",
        "salt": salt.hex(),
        "srp_b": f"{B:x}",
        "secret_block": base64.b64encode(block).decode(),
        "timestamp": time,
        "proof": base64.b64encode(proof).decode(),
    }


if __name__ == "__main__":
    keep("srp.json", list(cases()))
