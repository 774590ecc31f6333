#!/usr/bin/env python3
"""Runs the firmware of tests/firmware/secure under QEMU, against servers that it must trust and that it must not.

    secured.py --image ELF --plain ELF --logs DIRECTORY

Needs root and a separate network namespace. The board is 10.0.2.15, and everything else 10.0.2.2: ministack, which
checks signatures (AUTH=true), STS and S3 as TLS before it, and an AWS IoT on a port for each case, which wants the
certificate of the board and serves keys of a ministack user.

What is measured is compared with adapters/tls/README.md; `--plain` is the same firmware without TLS, of which the size
alone is used.
"""

import argparse
import contextlib
import dataclasses
import datetime
import email.utils
import json
import pathlib
import re
import socket
import ssl
import sys
import threading
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

sys.path.append(str(pathlib.Path(__file__).parents[1] / "firmware/sizes"))

import certificates
import emulated
import servers
import table
from certificates import DAY, NOW, Authority, issue
from emulated import GREETING, HOST, Failure

IOT = "c2example.credentials.iot.us-east-1.amazonaws.com"
SERVICES = ["sts.us-east-1.amazonaws.com", "s3.us-east-1.amazonaws.com"]
FIRST_PORT = 4431
ROOT = pathlib.Path(__file__).parents[2]
README = ROOT / "adapters/tls/README.md"
# A figure of the README may be wrong by this part: sessions, signatures and compilers differ a little.
TOLERANCE = 0.05
# The date of the firmware, in days from now.
BUILT = -2
# The most milliseconds that credentials may take: what the attempts of the flow have together, and a little more.
LONGEST = 10_500
# The emulator executes an instruction in 2^SHIFT nanoseconds, so that what it measures is the same everywhere.
SHIFT = 4
WELCOME = rf"I am {re.escape(emulated.ROLE_SESSION)}, object: {GREETING}"


def dns(*names):
    return [x509.DNSName(name) for name in names]


def rsa_key(bits=2048):
    return rsa.generate_private_key(65537, bits)


def der(certificate):
    return certificate.public_bytes(serialization.Encoding.DER)


class Certificates:
    """The authorities, and how a server presents a certificate."""

    def __init__(self, folder):
        self.folder, self.made = folder, 0
        self.root, self.rsa_root = Authority("root"), Authority("RSA root", key=rsa_key())
        self.between = Authority("between", self.root)
        self.rsa_between = Authority("RSA between", self.rsa_root, key=rsa_key())
        self.rsa_4096 = Authority("RSA of 4096 bits", self.rsa_root, key=rsa_key(4096))
        device = certificates.ec_key()
        pkcs8 = serialization.PrivateFormat.PKCS8
        plain = serialization.Encoding.DER, pkcs8, serialization.NoEncryption()
        for name, content in {
            "root.der": der(self.root.certificate),
            "rsa.der": der(self.rsa_root.certificate),
            "device.der": der(issue(self.root, "gateway-7", device)),
            "device.key": device.private_bytes(*plain),
        }.items():
            (folder / name).write_bytes(content)
        (folder / "clients.pem").write_bytes(pem(self.root.certificate))

    def server(self, issuer=None, names=(IOT,), key=None, change=None, **more):
        """The TLS of a server with a certificate of `issuer`, and that one's behind it."""
        key, issuer = key or certificates.ec_key(), issuer or self.between
        leaf = pem(issue(issuer, names[0], key, names=dns(*names), **more))
        leaf = change(leaf) if change else leaf
        self.made += 1
        path = self.folder / f"server-{self.made}.pem"
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        private = key.private_bytes(serialization.Encoding.PEM, *form)
        path.write_bytes(private + leaf + pem(issuer.certificate))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        # For the certificates that OpenSSL itself finds too weak to present.
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.load_cert_chain(path)
        return context

    def forged(self):
        """By the holder of a certificate for another name."""
        forger = Authority("attacker.example", self.root, ca=False)
        return self.server(forger)

    def constrained(self):
        """By an authority for other names."""
        other = x509.NameConstraints(permitted_subtrees=dns("example.com"), excluded_subtrees=None)
        return self.server(Authority("constrained", self.root, more=[(other, True)]))

    def critical(self):
        """With an extension that has to be understood, and is not."""
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\x05\x00")
        return self.server(more=[(unknown, True)])

    def sha1(self):
        """Signed with RSA and SHA-1. Such certificates are not made any more, so that one of SHA-256 is changed."""

        def change(leaf):
            made = x509.load_pem_x509_certificate(leaf)
            sha256, sha1 = bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105")
            signed = made.tbs_certificate_bytes.replace(sha256, sha1)
            signature = self.rsa_between.key.sign(signed, padding.PKCS1v15(), hashes.SHA1())
            whole = der(made).replace(made.tbs_certificate_bytes, signed).replace(sha256, sha1)
            return pem(x509.load_der_x509_certificate(whole.replace(made.signature, signature)))

        return self.server(self.rsa_between, change=change)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclasses.dataclass
class Iot:
    """How an AWS IoT behaves: its TLS, its clock in days from now, and whether it comes so far."""

    context: ssl.SSLContext
    key: tuple = ()
    days: float | None = 0
    # What becomes of the first records that it sends, for one that gets no further.
    hello: object = None
    # Whether it sends its reply as records of one byte, one a second.
    drips: bool = False


class Front:
    """A server on a port, with a thread for each connection."""

    def __init__(self, port, serve):
        self.events = []
        self.serve = serve
        self.listener = socket.create_server((HOST, port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                stream, _ = self.listener.accept()
                threading.Thread(target=self.guarded, args=[stream], daemon=True).start()

    def guarded(self, stream):
        stream.settimeout(30)
        try:
            with stream:
                self.serve(stream, self.events)
        except OSError as error:
            self.events.append(f"ended: {error}")

    def close(self):
        # Wakes the thread that accepts.
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def exchange(iot):
    """An AWS IoT that exchanges certificates for credentials."""

    def serve(stream, events):
        if iot.hello:
            return iot.hello(stream, first_flight(stream, iot.context))
        with iot.context.wrap_socket(stream, server_side=True) as session:
            subject = dict(field for (field,) in session.getpeercert()["subject"])
            request = b""
            while b"\r\n\r\n" not in request:
                part = session.recv(4096)
                if not part:
                    return
                request += part
            lines = request.decode().split("\r\n")
            thing = next((line for line in lines if line.lower().startswith("x-amzn-iot-thingname:")), "")
            events.append(f"{lines[0]}, {thing}, by {subject['commonName']}, {session.version()}")
            names = ["accessKeyId", "secretAccessKey", "sessionToken"]
            expiration = (NOW + DAY / 2).strftime("%Y-%m-%dT%H:%M:%SZ")
            credentials = {**dict(zip(names, iot.key)), "expiration": expiration}
            body = json.dumps({"credentials": credentials})
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
            if iot.days is not None:
                now = datetime.datetime.now(datetime.timezone.utc) + iot.days * DAY
                head += f"Date: {email.utils.format_datetime(now, usegmt=True)}\r\n"
            reply = f"{head}\r\n{body}".encode()
            if iot.drips:
                return drip(session, reply)
            session.sendall(reply)
            session.recv(1)

    return serve


def first_flight(stream, context):
    """What a server sends as its first flight of a handshake."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(incoming, outgoing, server_side=True)
    while not outgoing.pending:
        part = stream.recv(4096)
        if not part:
            raise ConnectionError("closed before the first flight")
        incoming.write(part)
        with contextlib.suppress(ssl.SSLWantReadError):
            session.do_handshake()
    return outgoing.read()


def cut_off(stream, flight):
    stream.sendall(flight[: len(flight) // 2])


def drip(stream, flight):
    for byte in flight:
        stream.sendall(bytes([byte]))
        time.sleep(1)


def relay(context):
    """TLS before ministack."""

    def serve(stream, events):
        with (
            context.wrap_socket(stream, server_side=True) as session,
            socket.create_connection((HOST, 4566)) as plain,
        ):
            events.append(f"{session.version()} {session.cipher()[0]}")

            def back():
                with contextlib.suppress(OSError):
                    while part := plain.recv(4096):
                        session.sendall(part)

            answers = threading.Thread(target=back, daemon=True)
            answers.start()
            while part := session.recv(4096):
                plain.sendall(part)

    return serve


class Test:
    def __init__(self, image, folder, logs):
        self.image, self.folder, self.logs = image, folder, logs
        self.passed = 0

    def run(self, name, services, cases, seconds=60):
        """Boots the image, which meets the AWS IoT of each case; checks what it prints and what it asks for."""
        started = time.monotonic()
        fronts = [Front(443, relay(services))]
        for port, case in enumerate(cases, FIRST_PORT):
            fronts.append(Front(port, exchange(case.iot)))
        ports = [str(FIRST_PORT + number) for number in range(len(cases))]
        built = int((NOW + BUILT * DAY).timestamp())
        arguments = ["secure", f"seed={time.time_ns() % 1_000_000_007}", f"built={built}"]
        # A comma in an argument is doubled for the emulator.
        arguments.append(f"ports={',,'.join(ports)}")
        log = self.logs / f"{name}.log"
        # The clock of the board is that of its instructions.
        clock = ["-icount", f"shift={SHIFT}"]
        try:
            status = emulated.boot(
                self.image, "mps2-an385", "lan9118", arguments, log, seconds, *clock, cwd=self.folder
            )
        finally:
            for front in fronts:
                front.close()
        printed = log.read_text(errors="replace")
        events = [front.events for front in fronts]
        with log.open("a") as output:
            output.writelines(f"--- {event}\n" for front in events for event in front)
        wrong = [] if status == 0 else [f"the board exited with {status}"]
        rounds = re.split(r"^port \d+\n", printed, flags=re.MULTILINE)[1:]
        if len(rounds) != len(cases):
            wrong.append(f"{len(rounds)} of {len(cases)} ports were asked")
        for case, text, seen in zip(cases, rounds, events[1:]):
            wrong += [f"{case.name}: not printed: {part}" for part in case.prints if not re.search(part, text)]
            found = re.search(r"^(\d+) handshakes, heap (\d+), stack (\d+), (\d+) ms", text, re.MULTILINE)
            if not found or int(found[4]) > case.within:
                wrong.append(f"{case.name}: not done within {case.within} ms")
            asked = [event for event in seen if event.startswith("GET ")]
            if bool(asked) != case.asked:
                wrong.append(f"{case.name}: requests: {asked}")
        if wrong:
            raise Failure("\n".join([f"{name}:", *wrong, f"{log}:", log.read_text(errors="replace")]))
        print(f"{name}: passed after {time.monotonic() - started:.1f} s")
        for case, text in zip(cases, rounds):
            kept = [line for line in text.splitlines() if not line.startswith(("kind", "connecting", "held"))]
            print(f"    {case.name}")
            for line in kept:
                print(f"        {line}")
        sys.stdout.flush()
        self.passed += 1
        return printed


@dataclasses.dataclass
class Case:
    name: str
    iot: Iot
    prints: list
    # Whether the board sends a request.
    asked: bool = False
    # The most milliseconds that it may take.
    within: int = 30_000


def good(name, context, key):
    return Case(name, Iot(context, key), [WELCOME, f"held: {key[0]}"], asked=True)


def scenarios(test, made, keys):
    first, second = keys

    def iot(context, **more):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(test.folder / "clients.pem")
        return Iot(context, **more)

    def right():
        return iot(made.server()).context

    services = made.server(names=SERVICES)
    columns = [figures(test, "P-256", services, good("P-256", right(), first))]
    for bits, issuer in [(2048, made.rsa_between), (4096, made.rsa_4096)]:
        by_rsa = dict(issuer=issuer, key=rsa_key(bits))
        name, right_one = f"RSA of {bits} bits", iot(made.server(**by_rsa)).context
        case = good(name, right_one, first)
        columns.append(figures(test, name, made.server(names=SERVICES, **by_rsa), case))

    # Nothing of a refused server is used, and what the board holds stays.
    kept = f"held: {first[0]}"

    def refused(name, context, *prints, **more):
        return Case(name, iot(context, **more), [*prints, kept])

    def invalid(reason):
        return rf"kind: Tls.InvalidCertificate.{reason}"

    def no_path(reason):
        return rf"kind: NoPath.{reason}"

    old = made.server()
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2
    other = Authority("other root")
    stranger = refused("a board that is not known", made.server(), "fault: received fatal alert: UnknownCA")
    stranger.iot.context = made.server()
    stranger.iot.context.verify_mode = ssl.CERT_REQUIRED
    stranger.iot.context.load_verify_locations(cadata=pem(other.certificate).decode())
    drips = refused("a byte a second", made.server(), "error: .*timed out", hello=drip)
    drips.within = LONGEST
    reply_drips = refused("a byte of the reply a second", made.server(), "error: .*timed out", drips=True)
    reply_drips.asked, reply_drips.within = True, LONGEST
    test.run(
        "refused",
        services,
        [
            good("a right one", right(), first),
            refused("wrong CA", made.server(other), invalid("UnknownIssuer")),
            refused("wrong CA of the same name", made.server(Authority("root")), invalid("BadSignature")),
            refused("forged issuer", made.forged(), no_path("NotAnAuthority")),
            refused("wrong name", made.server(names=["c3example.com"]), invalid("NotValidForName.*c3example")),
            refused("unknown critical extension", made.critical(), no_path("CriticalExtension")),
            refused("name constraint", made.constrained(), no_path("NameConstraint")),
            refused("SHA-1", made.sha1(), invalid("UnsupportedSignatureAlgorithm")),
            refused("RSA of 1,024 bits", made.server(key=rsa_key(1024)), invalid("BadSignature")),
            refused("expired", made.server(days=(-90, -1)), invalid("ExpiredContext")),
            stranger,
            refused("TLS 1.2", old, "fault: received fatal alert: ProtocolVersion"),
            refused("handshake cut off", made.server(), "error: .*the peer closed", hello=cut_off),
            drips,
            reply_drips,
            good("a right one", right(), second),
        ],
        seconds=90,
    )

    # The date is only known once a reply was used. Until then nothing is held, and each reply is checked by its own.
    kept = "held: none"

    def after_the_reply(*arguments, **more):
        case = refused(*arguments, **more)
        case.asked = True
        return case

    ended, early = dict(days=(-90, -1)), dict(days=(1, 90))
    test.run(
        "without a date",
        services,
        [
            refused("expired before the firmware", made.server(days=(-90, -3)), invalid("ExpiredContext"), days=-4),
            after_the_reply("expired since", made.server(**ended), invalid("ExpiredContext")),
            after_the_reply("not yet valid", made.server(**early), invalid("NotValidYetContext")),
            after_the_reply("before the firmware", made.server(), invalid("NotValidYet"), days=-3),
            after_the_reply("no date", made.server(), "fault: the reply has no Date", days=None),
            good("a right one", right(), first),
        ],
    )
    return columns


def figures(test, name, services, case):
    """What a board measures that opens one session with its certificate, and two without. Its clock goes on while it waits
    for the server, so that the fastest of three runs is the one that counts."""
    runs = [test.run(name, services, [case]) for _ in range(3)]
    sessions = [list(map(int, re.findall(r"^session .* (\d+) ms", printed, re.MULTILINE))) for printed in runs]
    memory = [list(map(int, re.search(r"heap (\d+), stack (\d+)", printed).groups())) for printed in runs]
    heap, stack = map(max, zip(*memory))
    millions = lambda milliseconds: milliseconds / 2**SHIFT
    return {
        "heap": heap,
        "stack": stack,
        "a handshake with the board's certificate": millions(min(run[0] for run in sessions)),
        "one without": millions(min(min(run[1:]) for run in sessions)),
    }


def size(image, *sections):
    """The bytes of these sections of an image."""
    return sum(size for name, _, size in table.sections(image.read_bytes()) if name in sections)


def compare(measured):
    """Compares what was measured, by the first cell of its row, with the README."""
    rows = [line.strip("| ").split("|") for line in README.read_text().splitlines() if line.startswith("|")]
    rows = {row[0].strip(): [cell.strip().replace(",", "") for cell in row[1:]] for row in rows}
    wrong = []
    for label, values in measured.items():
        print(f"{label}: {', '.join(f'{value:,.0f}' for value in values)}")
        stated = rows.get(label, [])
        for number, value in enumerate(values):
            cell = stated[number] if number < len(stated) else ""
            if not cell.isdecimal() or abs(int(cell) - value) > max(TOLERANCE * value, 1):
                wrong.append(f"{label}: measured {value:,.0f}, and {README.relative_to(ROOT)} has {cell or 'nothing'}")
    if wrong:
        raise Failure("\n".join(wrong))


def main():
    parser = argparse.ArgumentParser(usage="secured.py --image ELF --plain ELF --logs DIRECTORY")
    parser.add_argument("--image", type=pathlib.Path, required=True)
    parser.add_argument("--plain", type=pathlib.Path, required=True)
    parser.add_argument("--logs", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    logs = arguments.logs.resolve()
    with emulated.cloud(logs) as (data, keys):
        folder = data / "certificates"
        folder.mkdir()
        test = Test(arguments.image.resolve(), folder, logs)
        columns = scenarios(test, Certificates(folder), keys)
        flash = ".vector_table", ".text", ".rodata", ".data"
        images = {"with TLS": test.image, "without": arguments.plain}
        measured = {f"flash, {name}": [size(image, *flash)] for name, image in images.items()}
        measured |= {label: [column[label] for column in columns] for label in columns[0]}
        compare(measured)
        print(f"{test.passed} runs passed")


if __name__ == "__main__":
    try:
        main()
    except (Failure, servers.StartError) as error:
        sys.exit(f"secured.py: {error}")
