#!/usr/bin/env python3
"""Makes chains of servers' certificates in pairs: one that must be accepted, and its opposites, which must be refused.

    chains.py FOLDER

FOLDER/chains lists them, a line each: pair, `ok` or the reason of the refusal, host, date in seconds since 1970, the
server's key (PKCS#8), the roots that are trusted, and the certificates that the server sends, the last two with commas
between the names of files. What the opposite does wrong is the one thing in which it differs.
"""

import hashlib
import ipaddress
import pathlib
import sys
import time

from asn1 import *

HOST = "c2example.credentials.iot.eu-west-1.amazonaws.com"
DOMAIN = HOST.split(".", 1)[1]
ADDRESS = "127.0.0.1"
# When certificates are valid unless a case says otherwise, in days from now.
VALID = (-30, 60)
AUTHORITY, SERVER = "root", "server"


# Extensions.


def extension(arc, value, critical=False):
    return sequence(oid(arc), *([boolean()] if critical else []), octets(value))


def constraints(ca=True, path=None, critical=True):
    fields = [boolean()] if ca else []
    return extension("2.5.29.19", sequence(*fields, *([] if path is None else [integer(path)])), critical)


DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, CERT_SIGN, CRL_SIGN = 0, 2, 5, 6


def usage(*positions):
    byte = sum(0x80 >> position for position in positions)
    unused = 7 - max(positions) if positions else 0
    return extension("2.5.29.15", bits(bytes([byte]) if positions else b"", unused), True)


SERVER_AUTH, CLIENT_AUTH, ANY = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"


def purposes(*arcs):
    return extension("2.5.29.37", sequence(*map(oid, arcs)))


def dns(text):
    return tlv(0x82, text if isinstance(text, bytes) else text.encode())


def mail(text):
    return tlv(0x81, text.encode())


def uri(text):
    return tlv(0x86, text.encode())


def ip(text):
    return tlv(0x87, ipaddress.ip_address(text).packed)


def network(text):
    found = ipaddress.ip_network(text)
    return tlv(0x87, found.network_address.packed, found.netmask.packed)


def names(*general, critical=False):
    return extension("2.5.29.17", sequence(*general), critical)


def subtrees(permitted=(), excluded=()):
    parts = [(0xA0, permitted), (0xA1, excluded)]
    return extension("2.5.29.30", sequence(*(tlv(t, *map(sequence, g)) for t, g in parts if g)), True)


# Certificates.


def named(text):
    return text if isinstance(text, bytes) else common_name(text)


ISSUES = (constraints(), usage(CERT_SIGN, CRL_SIGN))


def certificate(
    subject,
    key,
    issuer,
    signer,
    extensions,
    valid=VALID,
    serial=integer(0x1234567890),
    version=2,
    algorithm=None,
    inner=None,
    outer=None,
    info=None,
    dates=None,
    extra=b"",
    damage=lambda signature: signature,
    unused=0,
):
    algorithm = algorithm or signer.default
    identifier = outer or signer.identifier(algorithm)
    tbs = sequence(
        b"" if version == 0 else tlv(0xA0, integer(version)),
        serial,
        inner or identifier,
        named(issuer),
        dates or sequence(*(utc(NOW + days * DAY) for days in valid)),
        named(subject),
        info or key.info(),
        tlv(0xA3, sequence(*extensions)) if extensions else b"",
        extra,
    )
    return sequence(tbs, identifier, bits(damage(signer.sign(algorithm, tbs)), unused))


class Authority:
    """A name and a key that issue; a root, unless it is issued by another."""

    def __init__(self, name, key, above=None, extensions=ISSUES, **how):
        self.name, self.key = name, key
        above = above or self
        self.der = certificate(name, key, above.name, above.key, extensions, **how)

    def leaf(self, general=None, key=None, extensions=None, more=(), without=(), subject=SERVER, **how):
        """A server's certificate; `without` leaves out some of the usual extensions."""
        if extensions is None:
            usual = {
                "usage": usage(DIGITAL_SIGNATURE),
                "purposes": purposes(SERVER_AUTH),
                "names": names(*(general or [dns(HOST)])),
            }
            extensions = [one for label, one in usual.items() if label not in without] + list(more)
        return certificate(subject, key or KEYS["server"], self.name, self.key, extensions, **how)

    def below(self, name="intermediate", key=None, extensions=ISSUES, **how):
        return Authority(name, key or KEYS["intermediate"], self, extensions, **how)


class Folder:
    """The cases, and the files that they name."""

    def __init__(self, path):
        self.path, self.lines, self.known, self.pairs = path, [], {}, set()
        path.mkdir(parents=True, exist_ok=True)

    def file(self, content, kind="der"):
        digest = hashlib.sha256(content).digest()
        if digest not in self.known:
            self.known[digest] = f"{len(self.known):03}.{kind}"
            (self.path / self.known[digest]).write_bytes(content)
        return self.known[digest]

    def pair(self, label, good, *bad):
        assert label not in self.pairs and bad, label
        self.pairs.add(label)
        self.case(label, "ok", **good)
        for reason, one in bad:
            self.case(label, reason, **one)

    def case(self, label, expected, chain, roots=None, host=HOST, key=None, days=0):
        roots = roots if roots is not None else [ROOT]
        files = [[self.file(getattr(one, "der", one)) for one in some] for some in (roots, chain)]
        date = int((NOW + days * DAY).timestamp())
        own = self.file(pkcs8(key or KEYS["server"]), "key")
        self.lines.append(
            " ".join([label, expected, host, str(date), own, ",".join(files[0]), ",".join(files[1])])
        )


def of(*chain, **more):
    return dict(chain=chain, **more)


def make_keys():
    KEYS.update(
        {label: Curve() for label in ["root", "server", "intermediate", "second", "third", "forger", "other"]}
    )
    KEYS.update({curve: Curve(curve) for curve in ["p384", "p521"]})
    KEYS.update({f"rsa{size}": Rsa(size) for size in [1024, 2047, 2048, 2049, 2056, 3072, 4096, 4104]})
    KEYS["ed25519"] = Edwards()


KEYS = {}
ROOT = None


# Paths.


def paths(folder):
    pair = folder.pair
    forger = Authority(AUTHORITY, KEYS["forger"])
    other = Authority("another root", KEYS["other"])
    pair("root-key", of(ROOT.leaf()), ("BadSignature", of(forger.leaf())))
    pair("root-name", of(ROOT.leaf()), ("UnknownIssuer", of(other.leaf())))
    roots = [Authority(f"root {number}", KEYS["other"]) for number in range(5)]
    pair(
        "one-of-many-roots",
        of(ROOT.leaf(), roots=[*roots, ROOT]),
        ("UnknownIssuer", of(ROOT.leaf(), roots=roots)),
    )
    pair(
        "two-roots-of-one-name",
        of(ROOT.leaf(), roots=[forger, ROOT]),
        ("BadSignature", of(ROOT.leaf(), roots=[forger])),
    )
    printable = Authority(common_name(AUTHORITY, 19), KEYS["root"])
    pair(
        "name-in-another-encoding",
        of(printable.leaf(), roots=[printable]),
        ("UnknownIssuer", of(printable.leaf())),
    )

    first = ROOT.below()
    second = first.below("second", KEYS["second"])
    third = second.below("third", KEYS["third"])
    pair("intermediate-sent", of(first.leaf(), first), ("UnknownIssuer", of(first.leaf())))
    pair(
        "two-intermediates",
        of(second.leaf(), second, first),
        ("UnknownIssuer", of(second.leaf(), second)),
        ("UnknownIssuer", of(second.leaf(), first)),
    )
    pair(
        "any-order-behind-the-leaf",
        of(third.leaf(), first, third, second),
        ("CaUsedAsEndEntity", of(third, third.leaf(), second, first)),
    )
    pair(
        "unneeded-certificates",
        of(first.leaf(), other, second, first, third, other.leaf()),
        ("UnknownIssuer", of(first.leaf(), other, second, third, other.leaf())),
    )
    pair("root-sent-along", of(ROOT.leaf(), ROOT), ("UnknownIssuer", of(ROOT.leaf(), ROOT, roots=[other])))
    deep = [ROOT]
    for number in range(7):
        deep.append(deep[-1].below(f"level {number}", Curve()))
    deep = deep[:0:-1]
    pair(
        "six-intermediates",
        of(deep[1].leaf(), *deep[1:]),
        ("MaximumPathDepthExceeded", of(deep[0].leaf(), *deep)),
    )
    alone = Authority(SERVER, KEYS["server"])
    pair(
        "self-signed",
        of(ROOT.leaf()),
        ("UnknownIssuer", of(alone.leaf())),
        ("BadSignature", of(Authority(AUTHORITY, KEYS["server"]).leaf(subject=AUTHORITY))),
    )
    again = other.below()
    pair(
        "cross-signed",
        of(first.leaf(), again, first),
        ("UnknownIssuer", of(first.leaf(), again)),
    )
    looped = second.below()
    pair(
        "loop",
        of(second.leaf(), second, looped, first),
        ("UnknownIssuer", of(second.leaf(), second, looped)),
    )
    twin = ROOT.below(key=KEYS["other"])
    pair(
        "intermediates-of-one-name",
        of(first.leaf(), twin, first),
        ("BadSignature", of(first.leaf(), twin)),
    )
    device = Authority("device", KEYS["forger"], ROOT, [constraints(False), usage(DIGITAL_SIGNATURE)])
    issuer = ROOT.below("device", KEYS["forger"])
    pair("leaf-as-issuer", of(issuer.leaf(), issuer), ("EndEntityUsedAsCa", of(device.leaf(), device)))
    pair(
        "leaf-that-may-issue",
        of(ROOT.leaf(more=[constraints(False)])),
        ("CaUsedAsEndEntity", of(ROOT.leaf(more=[constraints()]))),
    )
    pair(
        "servers-key",
        of(ROOT.leaf()),
        ("BadSignature", of(ROOT.leaf(), key=KEYS["other"])),
    )


def restrictions(folder):
    pair = folder.pair

    def below(*extensions, **how):
        return ROOT.below(extensions=extensions, **how)

    def both(label, good, reason, *bad):
        """Intermediates with these extensions."""
        bad = [(reason, of(one.leaf(), one)) for one in bad]
        pair(label, of(good.leaf(), good), *bad)

    signs = usage(CERT_SIGN)
    both("basic-constraints", below(constraints(), signs), "EndEntityUsedAsCa", below(signs), below())
    both(
        "basic-constraints-false",
        below(constraints(critical=False), signs),
        "EndEntityUsedAsCa",
        below(constraints(False), signs),
    )
    both(
        "basic-constraints-encoding",
        below(constraints(), signs),
        "BadEncoding",
        below(extension("2.5.29.19", sequence(tlv(1, b"\1")), True), signs),
    )
    none, one = below(constraints(path=0), signs), below(constraints(path=1), signs)
    under = [top.below("second", KEYS["second"]) for top in (none, one)]
    third = under[1].below("third", KEYS["third"])
    pair(
        "path-length-0",
        of(none.leaf(), none),
        ("PathLenConstraintViolated", of(under[0].leaf(), under[0], none)),
    )
    pair(
        "path-length-1",
        of(under[1].leaf(), under[1], one),
        ("PathLenConstraintViolated", of(third.leaf(), third, under[1], one)),
    )
    both(
        "issuer-key-usage",
        below(constraints(), usage(CERT_SIGN)),
        "UnknownIssuer",
        below(constraints(), usage(CRL_SIGN)),
        below(constraints(), usage(DIGITAL_SIGNATURE, KEY_ENCIPHERMENT, CRL_SIGN)),
    )
    both(
        "issuer-key-usage-absent", below(constraints()), "UnknownIssuer", below(constraints(), usage())
    )
    pair(
        "server-key-usage",
        of(ROOT.leaf(without=["usage"], more=[usage(DIGITAL_SIGNATURE, KEY_ENCIPHERMENT)])),
        ("InvalidPurpose", of(ROOT.leaf(without=["usage"], more=[usage(KEY_ENCIPHERMENT)]))),
    )
    pair(
        "server-key-usage-absent",
        of(ROOT.leaf(without=["usage"])),
        ("InvalidPurpose", of(ROOT.leaf(without=["usage"], more=[usage()]))),
    )

    def used(*arcs):
        return of(ROOT.leaf(without=["purposes"], more=[purposes(*arcs)]))

    wrong = "InvalidPurposeContext"
    pair("purpose", used(SERVER_AUTH), (wrong, used(CLIENT_AUTH)))
    pair("purposes", used(CLIENT_AUTH, SERVER_AUTH), (wrong, used(CLIENT_AUTH, ANY)), (wrong, used(ANY)))
    pair("purpose-absent", of(ROOT.leaf(without=["purposes"])), ("EmptyEkuExtension", used()))
    both(
        "issuer-purpose",
        below(*ISSUES, purposes(SERVER_AUTH, CLIENT_AUTH)),
        wrong,
        below(*ISSUES, purposes(CLIENT_AUTH)),
    )

    def limited(*general, **how):
        top = below(*ISSUES, subtrees(**how))
        return of(top.leaf(general or None), top)

    broken = "NameConstraintViolation"
    amazon, iot = dns("amazonaws.com"), dns("iot.eu-west-1.amazonaws.com")
    elsewhere = dns("example.com")
    pair(
        "permitted-dns",
        limited(permitted=[elsewhere, amazon]),
        (broken, limited(permitted=[elsewhere])),
        (broken, limited(dns(HOST), elsewhere, permitted=[amazon])),
    )
    pair(
        "permitted-dns-itself",
        limited(permitted=[dns(HOST)]),
        (broken, limited(permitted=[dns("." + HOST)])),
        (broken, limited(permitted=[dns("x." + HOST)])),
    )
    pair(
        "permitted-dns-whole-labels",
        limited(permitted=[dns("eu-west-1.amazonaws.com")]),
        (broken, limited(permitted=[dns("west-1.amazonaws.com")])),
    )
    pair("excluded-dns", limited(excluded=[elsewhere]), (broken, limited(excluded=[amazon])))
    pair(
        "excluded-dns-case",
        limited(excluded=[dns("EXAMPLE.COM")]),
        (broken, limited(excluded=[dns("AmazonAWS.com")])),
    )
    pair(
        "excluded-by-wildcard",
        limited(dns("*." + DOMAIN), excluded=[dns("x." + HOST)]),
        (broken, limited(dns("*." + DOMAIN), excluded=[dns("secret." + DOMAIN)])),
    )
    pair(
        "permitted-but-excluded",
        limited(permitted=[amazon], excluded=[elsewhere]),
        (broken, limited(permitted=[amazon], excluded=[iot])),
    )
    here = [dns(HOST), ip(ADDRESS)]
    pair(
        "permitted-ip",
        limited(*here, permitted=[amazon, network("127.0.0.0/8")]),
        (broken, limited(*here, permitted=[amazon, network("10.0.0.0/8")])),
    )
    pair(
        "excluded-ip",
        limited(*here, excluded=[network("10.0.0.0/8")]),
        (broken, limited(*here, excluded=[network("127.0.0.1/32")])),
    )
    pair(
        "permitted-ip-mask",
        limited(*here, permitted=[network("127.0.0.0/30")]),
        ("InvalidNetworkMaskConstraint", limited(*here, permitted=[tlv(0x87, bytes([127, 0, 0, 0, 255, 0, 255, 0]))])),
    )
    pair(
        "constraint-on-directories",
        limited(excluded=[elsewhere]),
        (broken, limited(excluded=[elsewhere, tlv(0xA4, common_name("somewhere"))])),
        (broken, limited(permitted=[tlv(0xA4, common_name(SERVER))])),
    )
    pair(
        "constraint-on-mail",
        limited(excluded=[mail("example.com")]),
        (broken, limited(dns(HOST), mail("a@example.com"), excluded=[mail("example.com")])),
    )
    tops = [
        Authority(AUTHORITY, KEYS["root"], extensions=[*ISSUES, subtrees(permitted=[one])])
        for one in (amazon, elsewhere)
    ]
    pair(
        "constraint-of-the-root",
        of(ROOT.leaf(), roots=[tops[0]]),
        (broken, of(ROOT.leaf(), roots=[tops[1]])),
    )
    strict = below(*ISSUES, subtrees(permitted=[amazon]))
    loose = [strict.below("second", KEYS["second"], [*ISSUES, subtrees(permitted=[one])]) for one in (iot, elsewhere)]
    pair(
        "constraint-of-two-issuers",
        of(loose[0].leaf(), loose[0], strict),
        (broken, of(loose[1].leaf(), loose[1], strict)),
        (broken, of(loose[1].leaf([elsewhere]), loose[1], strict)),
    )


# Names.


def hosts(folder):
    pair = folder.pair
    wrong = "NotValidForNameContext"

    def named(*general, host=HOST):
        return of(ROOT.leaf(general), host=host)

    pair(
        "name",
        named(dns(HOST)),
        (wrong, named(dns("x" + HOST))),
        (wrong, named(dns(DOMAIN))),
        (wrong, named(dns("x." + HOST))),
        (wrong, named(dns(HOST + ".example.com"))),
    )
    pair("name-case", named(dns(HOST.upper())), (wrong, named(dns(HOST.upper().replace("C2", "C3")))))
    pair(
        "host-case", named(dns(HOST), host=HOST.upper()), (wrong, named(dns(HOST), host="X" + HOST.upper()))
    )
    pair("wildcard", named(dns("*." + DOMAIN)), (wrong, named(dns("*." + DOMAIN.split(".", 1)[1]))))
    pair("wildcard-parent", named(dns("*." + DOMAIN)), (wrong, named(dns("*." + HOST))))
    pair(
        "wildcard-whole-label",
        named(dns("*." + DOMAIN)),
        (wrong, named(dns("c2*." + DOMAIN))),
        (wrong, named(dns("*example." + DOMAIN))),
        (wrong, named(dns("c2example.*." + DOMAIN.split(".", 1)[1]))),
        (wrong, named(dns("*.*." + DOMAIN.split(".", 1)[1]))),
    )
    pair(
        "wildcard-of-top",
        named(dns("*.example.com"), host="a.example.com"),
        (wrong, named(dns("*.com"), host="example.com")),
        (wrong, named(dns("*"), host="localhost")),
        (wrong, named(dns("*."), host="localhost")),
    )
    pair(
        "wildcard-address",
        named(ip(ADDRESS), host=ADDRESS),
        (wrong, named(dns("*.0.0.1"), host=ADDRESS)),
    )
    pair(
        "address",
        named(ip(ADDRESS), host=ADDRESS),
        (wrong, named(dns(ADDRESS), host=ADDRESS)),
        (wrong, named(ip("127.0.0.2"), host=ADDRESS)),
        (wrong, named(ip("::ffff:127.0.0.1"), host=ADDRESS)),
        (wrong, named(tlv(0x87, bytes([127, 0, 0, 1, 255, 255, 255, 255])), host=ADDRESS)),
    )
    pair("address-among-names", named(dns(HOST), ip(ADDRESS), host=ADDRESS), (wrong, named(dns(HOST), host=ADDRESS)))
    for count in (1, 3, 4, 100):
        others = [dns(f"{number}.{HOST}") for number in range(count)]
        pair(f"names-{count}", named(*others[1:], dns(HOST)), (wrong, named(*others)))
    for length in (64, 65, 253):
        # Labels of 63 at most.
        start = "a" * (length - 4) + ".net"
        letters = list(start)
        for position in range(60, length - 5, 60):
            letters[position] = "."
        host = "".join(letters)
        assert len(host) == length
        pair(f"name-of-{length}", named(dns(host), host=host), (wrong, named(dns("b" + host[1:]), host=host)))
    label = "a" * 63 + ".net"
    pair("label-of-63", named(dns(label), host=label), (wrong, named(dns("a" + label), host=label)))
    pair(
        "common-name",
        of(ROOT.leaf(subject=HOST)),
        (wrong, of(ROOT.leaf(subject=HOST, without=["names"]))),
        (wrong, of(ROOT.leaf([mail("a@example.com")], subject=HOST))),
    )
    pair(
        "punycode",
        named(dns("xn--mnchen-3ya.example"), host="xn--mnchen-3ya.example"),
        (wrong, named(dns("xn--mnchen-3yb.example"), host="xn--mnchen-3ya.example")),
        (wrong, named(dns("münchen.example"), host="xn--mnchen-3ya.example")),
    )
    pair(
        "last-dot",
        named(dns(HOST), host=HOST + "."),
        (wrong, named(dns(HOST + "."), host=HOST + ".")),
        (wrong, named(dns(HOST + "."))),
    )
    pair(
        "underscore",
        named(dns("a_b.example"), host="a_b.example"),
        (wrong, named(dns("a-b.example"), host="a_b.example")),
    )
    pair(
        "kind-of-name",
        named(dns(HOST)),
        (wrong, named(uri("https://" + HOST))),
        (wrong, named(mail(HOST))),
        (wrong, named(tlv(0xA4, common_name(HOST)))),
        (wrong, named(tlv(0x88, HOST.encode()))),
    )
    pair(
        "zero-in-name",
        named(dns(HOST)),
        (wrong, named(dns(HOST.encode() + b"\0.example.com"))),
        (wrong, named(dns(HOST.encode() + b"\0"))),
        (wrong, named(dns(b" " + HOST.encode()))),
    )
    pair("first-dot", named(dns(HOST)), (wrong, named(dns("." + HOST))), (wrong, named(dns("." + DOMAIN))))
    pair(
        "no-names",
        named(dns(HOST)),
        (wrong, of(ROOT.leaf(without=["names"], more=[names()]))),
        (wrong, named(dns(""))),
    )
    pair(
        "empty-subject",
        of(ROOT.leaf(subject=sequence(), without=["names"], more=[names(dns(HOST), critical=True)])),
        (wrong, of(ROOT.leaf(subject=sequence(), without=["names"]))),
    )


# Dates.


def dates(folder):
    pair = folder.pair
    early, late = "NotValidYetContext", "ExpiredContext"
    short = (-5, 5)
    leaf = ROOT.leaf(valid=short)
    pair("leaf-expired", of(leaf, days=4), (late, of(leaf, days=6)))
    pair("leaf-early", of(leaf, days=-4), (early, of(leaf, days=-6)))
    hour = 1 / 24
    pair(
        "leaf-expired-an-hour-ago",
        of(ROOT.leaf(valid=(-5, hour))),
        (late, of(ROOT.leaf(valid=(-5, -hour)))),
    )
    pair("leaf-valid-from-now", of(ROOT.leaf(valid=(0, 5))), (early, of(ROOT.leaf(valid=(hour, 5)))))
    top = ROOT.below(valid=short)
    pair("issuer-expired", of(top.leaf(), top, days=4), (late, of(top.leaf(), top, days=6)))
    pair("issuer-early", of(top.leaf(), top, days=-4), (early, of(top.leaf(), top, days=-6)))
    deep = top.below("second", KEYS["second"])
    pair(
        "second-issuer-expired",
        of(deep.leaf(), deep, top, days=4),
        (late, of(deep.leaf(), deep, top, days=6)),
    )
    renewed = ROOT.below(valid=(4, 60))
    pair(
        "issuer-renewed",
        of(top.leaf(), top, renewed, days=6),
        (late, of(top.leaf(), top, days=6)),
    )
    # A root that is trusted has a name and a key and no dates (RFC 5280, section 6.1.1); below another it has dates.
    for label, valid, reason in [("expired", (-9, -1), late), ("early", (1, 9), early)]:
        old = Authority("old root", KEYS["other"], valid=valid)
        crossed = ROOT.below("old root", KEYS["other"], valid=valid)
        pair(f"root-{label}", of(old.leaf(), roots=[old]), (reason, of(old.leaf(), crossed)))
    before = generalized(NOW - DAY)
    pair(
        "generalized-time",
        of(ROOT.leaf(dates=sequence(utc(NOW - DAY), tlv(0x18, b"99991231235959Z")))),
        (late, of(ROOT.leaf(dates=sequence(utc(NOW - 2 * DAY), before)))),
    )
    pair(
        "time-encoding",
        of(ROOT.leaf(dates=sequence(utc(NOW - DAY), utc(NOW + DAY)))),
        ("BadEncoding", of(ROOT.leaf(dates=sequence(utc(NOW - DAY), tlv(0x17, b"991332000000Z"))))),
        ("BadEncoding", of(ROOT.leaf(dates=sequence(utc(NOW - DAY), tlv(0x17, b"4901010000Z"))))),
        ("BadEncoding", of(ROOT.leaf(dates=sequence(utc(NOW - DAY), tlv(0x17, b"490101000000+0000"))))),
        ("BadEncoding", of(ROOT.leaf(dates=sequence(utc(NOW - DAY))))),
    )
    pair("reversed-dates", of(ROOT.leaf(valid=(-9, 9))), ("Expired", of(ROOT.leaf(valid=(9, -9)))))


# Signatures.


def signatures(folder):
    pair = folder.pair

    def signed(key, algorithm=None, **how):
        root = Authority(AUTHORITY, key)
        return of(root.leaf(algorithm=algorithm, **how), roots=[root])

    unknown, bad = "UnsupportedSignatureAlgorithmContext", "BadSignature"
    other_key = "UnsupportedSignatureAlgorithmForPublicKeyContext"
    rsa, p256 = KEYS["rsa2048"], KEYS["root"]

    def flip(position, bit=0):
        def damage(signature):
            changed = bytearray(signature)
            changed[position] ^= 1 << bit
            return bytes(changed)

        return damage

    def weak(name):
        """Signed as its identifier says."""
        outer = sequence(oid(f"1.2.840.113549.1.1.{PKCS1[name]}"), NULL)
        return signed(rsa, f"pkcs1-{name}", outer=outer)

    pair("pkcs1-sha256", signed(rsa, "pkcs1-sha256"), (unknown, weak("sha1")), (unknown, weak("md5")))
    pair("pkcs1-sha384", signed(rsa, "pkcs1-sha384"), (unknown, weak("sha224")))
    # Another hash than the identifier says.
    pair(
        "pkcs1-sha512",
        signed(rsa, "pkcs1-sha512"),
        (bad, signed(rsa, "pkcs1-sha512", outer=rsa.identifier("pkcs1-sha256"))),
        (bad, signed(rsa, "pkcs1-sha256", outer=rsa.identifier("pkcs1-sha512"))),
        (bad, signed(rsa, "pss-sha512", outer=rsa.identifier("pkcs1-sha512"))),
    )
    for name, salt in [("sha256", 32), ("sha384", 48), ("sha512", 64)]:
        pair(
            f"pss-{name}",
            signed(rsa, f"pss-{name}"),
            # Another salt, without and with an identifier that says so.
            (bad, signed(Salted(rsa, name, salt - 1), f"pss-{name}")),
            (bad, signed(Salted(rsa, name, 0), f"pss-{name}")),
            (unknown, signed(Salted(rsa, name, 20), f"pss-{name}", outer=pss_identifier(name, 20))),
            (bad, signed(rsa, f"pkcs1-{name}", outer=pss_identifier(name, salt))),
        )
    pair(
        "ecdsa-sha256",
        signed(p256, "ecdsa-sha256"),
        (unknown, signed(p256, "ecdsa-sha1")),
        (bad, signed(p256, "ecdsa-sha384", outer=p256.identifier("ecdsa-sha256"))),
    )
    pair("ecdsa-sha384", signed(p256, "ecdsa-sha384"), (unknown, signed(p256, "ecdsa-sha512")))
    pair("rsa-2048", signed(rsa), (bad, signed(KEYS["rsa1024"])))
    pair("rsa-of-2048-bits", signed(rsa), (bad, signed(KEYS["rsa2047"])))
    for size in (2049, 2056, 3072, 4096):
        key = KEYS[f"rsa{size}"]
        pair(
            f"rsa-{size}",
            signed(key),
            (bad, signed(key, damage=flip(0))),
            (bad, signed(key, damage=flip(-1))),
            (bad, signed(key, damage=flip(len(key.public()) // 3, 5))),
        )
    pair("rsa-of-4096-bits", signed(KEYS["rsa4096"]), (bad, signed(KEYS["rsa4104"])))
    one, even = Rsa(exponent=1), Rsa()
    even.e = 65536
    pair("exponent-3", signed(Rsa(exponent=3)), (bad, signed(one)), (bad, signed(even)))
    pair(
        "exponent-of-33-bits",
        signed(Rsa(exponent=(1 << 33) - 9)),
        (bad, signed(Rsa(exponent=(1 << 33) + 17))),
    )
    pair(
        "signature-length",
        signed(rsa),
        (bad, signed(rsa, damage=lambda signature: b"\0" + signature)),
        (bad, signed(rsa, damage=lambda signature: signature[:-1])),
        (bad, signed(rsa, damage=lambda signature: signature + b"\0")),
        (bad, signed(rsa, damage=lambda signature: b"")),
    )
    pair(
        "ecdsa-signature",
        signed(p256),
        (bad, signed(p256, damage=flip(-1))),
        (bad, signed(p256, damage=flip(10))),
        (bad, signed(p256, damage=lambda signature: signature + b"\0")),
        (bad, signed(p256, damage=lambda signature: sequence(integer(0), integer(0)))),
        (bad, signed(p256, damage=lambda signature: b"")),
    )
    pair(
        "signed-content",
        of(ROOT.leaf()),
        (bad, of(ROOT.leaf([dns("attacker.example")]).replace(b"attacker.example", b"attacked.example"))),
        (bad, of(ROOT.leaf([dns("a" * len(HOST))]).replace(b"a" * len(HOST), HOST.encode()))),
    )
    pair(
        "algorithm-of-the-key",
        signed(rsa),
        (other_key, signed(p256, outer=rsa.identifier("pkcs1-sha256"))),
        (other_key, signed(rsa, outer=p256.identifier("ecdsa-sha256"))),
    )
    pair(
        "both-identifiers",
        signed(rsa),
        ("SignatureAlgorithmMismatch", signed(rsa, inner=rsa.identifier("pkcs1-sha512"))),
        ("SignatureAlgorithmMismatch", signed(rsa, inner=p256.identifier("ecdsa-sha256"))),
    )
    absent = sequence(oid("1.2.840.113549.1.1.11"))
    pair("rsa-parameters", signed(rsa), (unknown, signed(rsa, outer=absent)))
    wild = sequence(oid("1.2.840.10045.4.3.2"), NULL)
    pair("ecdsa-parameters", signed(p256), (unknown, signed(p256, outer=wild)))

    def keyed(key, info):
        root = Authority(AUTHORITY, key, info=info)
        return of(root.leaf(), roots=[root])

    pair(
        "rsa-key-parameters",
        keyed(rsa, rsa.info()),
        (other_key, keyed(rsa, rsa.info(b""))),
    )
    pss_key = sequence(sequence(oid("1.2.840.113549.1.1.10")), bits(rsa.public()))
    pair("rsa-key-kind", keyed(rsa, rsa.info()), (other_key, keyed(rsa, pss_key)))

    def numbers(*parts):
        return keyed(rsa, sequence(sequence(oid("1.2.840.113549.1.1.1"), NULL), bits(b"".join(parts))))

    n, e = integer(rsa.n), integer(rsa.e)
    bare = tlv(2, rsa.n.to_bytes(256, "big"))
    pair(
        "rsa-key-encoding",
        numbers(sequence(n, e)),
        (bad, numbers(sequence(bare, e))),
        (bad, numbers(sequence(tlv(2, bytes(2), bare[-256:]), e))),
        (bad, numbers(sequence(n, tlv(2, b"\0\1\0\1")))),
        (bad, numbers(sequence(n, e, integer(1)))),
        (bad, numbers(sequence(n, e), b"\0")),
        (bad, numbers(sequence(n))),
        (bad, numbers(sequence(integer(-rsa.n), e))),
        (bad, numbers(sequence(n, integer(-rsa.e)))),
        (bad, numbers(sequence(integer(rsa.n + 1), e))),
    )
    point = p256.point()
    off = point[:-1] + bytes([point[-1] ^ 1])
    pair(
        "point",
        keyed(p256, p256.info()),
        (bad, keyed(p256, p256.info(off))),
        (bad, keyed(p256, p256.info(b"\0"))),
        (bad, keyed(p256, p256.info(point[:-1]))),
        (bad, keyed(p256, p256.info(point + b"\0"))),
    )
    pair(
        "point-form",
        keyed(p256, p256.info()),
        (bad, keyed(p256, p256.info(p256.point(True)))),
        (bad, keyed(p256, p256.info(bytes([6 | point[-1] & 1]) + point[1:]))),
        (bad, keyed(p256, p256.info(b"\5" + point[1:33]))),
    )
    another = Rsa()
    for size in (2048, 3072, 4096):
        key = KEYS[f"rsa{size}"]
        leaf = ROOT.leaf(key=key)
        pair(f"server-rsa-{size}", of(leaf, key=key), (bad, of(leaf, key=another)))

    # What the device has no algorithm for.
    p384, ed25519 = KEYS["p384"], KEYS["ed25519"]
    # ECDSA with SHA-384 is known, on another curve.
    pair("p384-root", signed(p256), (other_key, signed(p384)))
    pair("p384-root-sha256", signed(p256), (other_key, signed(p384, "ecdsa-sha256")))
    top = [ROOT.below(key=key) for key in (KEYS["intermediate"], p384)]
    pair("p384-issuer", of(top[0].leaf(), top[0]), (other_key, of(top[1].leaf(), top[1])))
    refused = "AlertReceived(HandshakeFailure)"
    pair("p384-server", of(ROOT.leaf()), (refused, of(ROOT.leaf(key=p384), key=p384)))
    pair("p521-root", signed(p256), (unknown, signed(KEYS["p521"])))
    pair("ed25519-root", signed(p256), (unknown, signed(ed25519)))
    pair("ed25519-server", of(ROOT.leaf()), (refused, of(ROOT.leaf(key=ed25519), key=ed25519)))


class Salted(Rsa):
    """Signs with a salt of this length, whatever the identifier says."""

    def __init__(self, key, name, salt):
        self.__dict__.update(key.__dict__)
        self.name, self.salt = name, salt

    def sign(self, algorithm, message):
        if algorithm.startswith("pss"):
            return self.pss(self.name, message, bytes(self.salt))
        return super().sign(algorithm, message)


# The form of certificates.


def forms(folder):
    pair = folder.pair
    leaf = ROOT.leaf()
    broken = "BadEncoding"
    pair("whole", of(leaf), (broken, of(leaf + b"\0")), (broken, of(leaf[:-1])), (broken, of(leaf[1:])))
    tbs_end = ROOT.leaf(extra=b"\5\0")
    pair("nothing-behind-extensions", of(leaf), (broken, of(tbs_end)))
    usual = [usage(DIGITAL_SIGNATURE), purposes(SERVER_AUTH), names(dns(HOST))]
    unique = tlv(0x81, b"\0\1") + tlv(0xA3, sequence(*usual))
    pair("unique-ids", of(leaf), (broken, of(ROOT.leaf(extensions=[], extra=unique))))
    pair("unused-bits", of(leaf), (broken, of(ROOT.leaf(unused=1))), (broken, of(ROOT.leaf(unused=8))))
    inner = leaf[4:]
    pair(
        "length-encoding",
        of(leaf),
        (broken, of(b"\x30\x83\0" + leaf[2:4] + inner)),
        (broken, of(b"\x30\x80" + inner + b"\0\0")),
        (broken, of(b"\x30\x84\0\0" + leaf[2:4] + inner)),
    )
    old = "UnsupportedCertVersion"
    pair("version", of(leaf), *((old, of(ROOT.leaf(version=version))) for version in (0, 1, 3)))
    first = Authority(AUTHORITY, KEYS["root"], extensions=[], version=0)
    top = ROOT.below(extensions=[], version=0)
    pair("version-1-root", of(leaf, roots=[first]), (old, of(top.leaf(), top)))
    private = "1.3.6.1.4.1.99999.1"
    critical = "UnsupportedCriticalExtension"
    pair(
        "unknown-extension",
        of(ROOT.leaf(more=[extension(private, NULL)])),
        (critical, of(ROOT.leaf(more=[extension(private, NULL, True)]))),
    )
    tops = [ROOT.below(extensions=[*ISSUES, extension(private, NULL, flag)]) for flag in (False, True)]
    pair("unknown-extension-of-issuer", of(tops[0].leaf(), tops[0]), (critical, of(tops[1].leaf(), tops[1])))
    policy = sequence(tlv(0x80, b"\0"))
    pair(
        "policy-constraints",
        of(ROOT.leaf(more=[extension("2.5.29.36", policy)])),
        (critical, of(ROOT.leaf(more=[extension("2.5.29.36", policy, True)]))),
    )
    pair(
        "extension-once",
        of(leaf),
        *(
            ("ExtensionValueInvalid", of(ROOT.leaf(more=[one])))
            for one in (names(dns(HOST)), purposes(SERVER_AUTH), usage(DIGITAL_SIGNATURE))
        ),
        ("ExtensionValueInvalid", of(ROOT.leaf(more=[constraints(False), constraints(False)]))),
    )
    pair(
        "extension-encoding",
        of(leaf),
        (broken, of(ROOT.leaf(without=["names"], more=[extension("2.5.29.17", names(dns(HOST))[1:])]))),
        (broken, of(ROOT.leaf(more=[sequence(oid(private), tlv(1, b"\1"), octets(NULL))]))),
        (broken, of(ROOT.leaf(more=[sequence(oid(private), NULL)]))),
    )
    # Numbers that no authority should give; verifiers take them, as RFC 5280 (section 4.1.2.2) recommends.
    long = integer((1 << 167) + 1)
    for label, serial in [("zero", integer(0)), ("negative", integer(-5)), ("of-21-bytes", long)]:
        pair(f"serial-{label}", of(ROOT.leaf(serial=serial)), (broken, of(ROOT.leaf(serial=octets(serial)))))
    pair(
        "serial-of-20-bytes",
        of(ROOT.leaf(serial=integer((1 << 158) + 1))),
        (broken, of(ROOT.leaf(serial=b""))),
    )
    top = ROOT.below()
    pair(
        "issuer-whole",
        of(top.leaf(), top),
        (broken, of(top.leaf(), top.der + b"\0")),
        (broken, of(top.leaf(), top.der[:-1])),
        (broken, of(top.leaf(), b"\x30\0")),
    )


def main():
    global ROOT
    folder = Folder(pathlib.Path(sys.argv[1]))
    begun = time.monotonic()
    make_keys()
    ROOT = Authority(AUTHORITY, KEYS["root"])
    for cases in (paths, restrictions, hosts, dates, signatures, forms):
        cases(folder)
    (folder.path / "chains").write_text("\n".join(folder.lines) + "\n")
    took = time.monotonic() - begun
    print(f"{len(folder.pairs)} pairs, {len(folder.lines)} chains in {took:.1f} s")


if __name__ == "__main__":
    main()
