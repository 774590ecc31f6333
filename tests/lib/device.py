#!/usr/bin/env python3
"""The services that give a device credentials for its certificate, over the TLS of OpenSSL.

    device.py iot FOLDER [--server NAME]       the credential provider of AWS IoT: requires a certificate
    device.py anywhere FOLDER                  IAM Roles Anywhere: verifies each signature
    device.py flip FOLDER < REQUEST            changes one bit of each byte of a request to IAM Roles Anywhere, verifies
                                               it each time, and prints what is still accepted

    device.py proxy FOLDER                     a proxy by TLS, which asks for a certificate of the client and makes tunnels
    device.py mqtt SECRET < URL                verifies a URL for MQTT over WebSocket, and prints its region

FOLDER is from certificates.py. A service prints its port, then a line of JSON for each request. Credentials are those of
ROLECALL_MINISTACK_ROLE_ARN if ministack runs, else invented ones. The role aliases of `iot`: gateways, and denied, no-role,
too-long, busy, half, which answer as the names say; the thing is gateway-7.
"""

import argparse
import base64
import contextlib
import datetime
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import socket
import ssl
import sys
import threading
import urllib.parse
import warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

ANCHOR = "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/5cf2ae0b-7a33-4e29-9d0b-cd0f5ac2b1d6"
PROFILE = "arn:aws:rolesanywhere:eu-west-1:123456789012:profile/0d9ae7e8-5a26-4ba1-a4c2-7ad2c6b9f26a"


def credentials(lifetime=3600):
    if "ROLECALL_MINISTACK_URL" in os.environ:
        import boto3

        settings = {key: os.environ[f"ROLECALL_MINISTACK_{key}"] for key in ["URL", "REGION", "ROLE_ARN"]}
        sts = boto3.client(
            "sts",
            endpoint_url=settings["URL"],
            region_name=settings["REGION"],
            aws_access_key_id=os.environ["ROLECALL_MINISTACK_ACCESS_KEY_ID"],
            aws_secret_access_key=os.environ["ROLECALL_MINISTACK_SECRET_ACCESS_KEY"],
        )
        found = sts.assume_role(RoleArn=settings["ROLE_ARN"], RoleSessionName="device")["Credentials"]
        key, secret, token = found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"]
    else:
        key, secret, token = "ASIADEVICE", "device-secret", "device-token"
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=lifetime)
    return {
        "accessKeyId": key,
        "secretAccessKey": secret,
        "sessionToken": token,
        "expiration": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


class Refused(Exception):
    """A request that is not accepted: status, type and message."""


def iot(request):
    """What the credential provider says about a role alias and a thing."""
    found = re.fullmatch(r"/role-aliases/([^/]+)/credentials", request["target"])
    if request["method"] != "GET" or not found:
        raise Refused(404, "ResourceNotFoundException", "no such path")
    if request["headers"].get("x-amzn-iot-thingname", "gateway-7") != "gateway-7":
        raise Refused(403, "AccessDeniedException", "Invalid thing name passed")
    refusals = {
        "denied": (403, "AccessDeniedException", "Access Denied"),
        "no-role": (
            400,
            "InvalidRequestException",
            "Unable to assume the role, or the role to assume does not exist",
        ),
        "too-long": (
            400,
            "InvalidRequestException",
            "The requested CredentialDurationSeconds exceeds the MaxSessionDuration set for the role",
        ),
        "busy": (503, "ServiceUnavailableException", "busy"),
    }
    alias = found[1]
    if alias in refusals:
        raise Refused(*refusals[alias])
    if alias == "half":
        return 200, json.dumps({"credentials": credentials()})[:60]
    if alias != "gateways":
        raise Refused(404, "ResourceNotFoundException", "Role alias does not exist")
    return 200, json.dumps({"credentials": credentials()})


def require(holds, message):
    if not holds:
        raise Refused(403, "AccessDeniedException", message)


def anywhere(request, root):
    """Verifies a request to CreateSession as the documentation describes it."""
    headers, (path, _, query) = request["headers"], request["target"].partition("?")
    require(request["method"] == "POST" and path == "/sessions", "no such operation")
    pattern = r"(AWS4-X509-(?:ECDSA|RSA)-SHA256) Credential=(\d+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, " \
        r"SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]+)"
    found = re.fullmatch(pattern, headers.get("authorization", ""))
    require(found, "not an authorization")
    algorithm, serial, day, region, service, signed, signature = found.groups()
    leaf = x509.load_der_x509_certificate(base64.b64decode(headers["x-amz-x509"], validate=True))
    chain = [text for text in headers.get("x-amz-x509-chain", "").split(",") if text]
    issuers = [x509.load_der_x509_certificate(base64.b64decode(text, validate=True)) for text in chain]
    require(int(serial) == leaf.serial_number and str(int(serial)) == serial, "another serial number")
    require((region, service) == ("eu-west-1", "rolesanywhere"), "another scope")
    names = signed.split(";")
    needed = {"content-type", "host", "x-amz-date", "x-amz-x509"} | ({"x-amz-x509-chain"} if chain else set())
    require(names == sorted(set(names)) and needed <= set(names), "headers that are not signed")
    time = datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
    now = datetime.datetime.now(datetime.timezone.utc)
    require(day == headers["x-amz-date"][:8] and abs((now - time).total_seconds()) < 300, "Signature expired")

    pairs = [part.partition("=")[::2] for part in query.split("&")]
    quoted = sorted(tuple(urllib.parse.quote(urllib.parse.unquote(t), safe="-_.~") for t in pair) for pair in pairs)
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in names]
    payload = hashlib.sha256(request["body"]).hexdigest()
    canonical = "\n".join(
        ["POST", path, "&".join("=".join(pair) for pair in quoted), *lines, "", signed, payload]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    message = "\n".join([algorithm, headers["x-amz-date"], scope, digest]).encode()
    key = leaf.public_key()
    try:
        if algorithm == "AWS4-X509-ECDSA-SHA256":
            key.verify(bytes.fromhex(signature), message, ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(bytes.fromhex(signature), message, padding.PKCS1v15(), hashes.SHA256())
        for certificate, issuer in zip([leaf, *issuers], [*issuers, root]):
            certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, AttributeError, TypeError, ValueError) as error:
        raise Refused(403, "AccessDeniedException", f"Untrusted signing certificate or signature: {error}") from error
    require(leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc, "the certificate is not valid now")

    parameters = {name: urllib.parse.unquote(value) for name, value in pairs}
    require(parameters.get("trustAnchorArn") == ANCHOR, "no such trust anchor")
    require(parameters.get("profileArn") == PROFILE, "no such profile")
    role, asked = parameters["roleArn"], json.loads(request["body"])
    require(role.endswith(":role/gateway"), f"Unable to assume role for {role}")
    require(set(asked) <= {"durationSeconds", "roleSessionName"}, "no such parameter")
    member = {"credentials": credentials(asked.get("durationSeconds", 3600)), "assumedRoleUser": {"arn": role}}
    return 201, json.dumps({"credentialSet": [{**member, "packedPolicySize": 0}], "subjectArn": role})


def serve(folder, answer, server, presents):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{server}.pem", folder / f"{server}.key")
    asked = []
    context.sni_callback = lambda _, name, __: asked.append(name)
    if presents:
        context.verify_mode = ssl.CERT_REQUIRED
        for name in ["root.pem", "root.crl", "intermediate.crl"]:
            context.load_verify_locations(folder / name)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            self.request.settimeout(10)
            super().setup()

        def do_GET(self):
            length = int(self.headers.get("content-length", 0))
            request = {
                "method": self.command,
                "target": self.path,
                "headers": {name.lower(): value for name, value in self.headers.items()},
                "body": self.rfile.read(length),
            }
            code = ""
            try:
                status, body = answer(request)
            except Refused as refused:
                status, code, message = refused.args
                body = json.dumps({"message": message})
            subject = (self.connection.getpeercert() or {}).get("subject")
            shown = {**request, "body": request["body"].decode(), "status": status, "subject": subject}
            lines = [f"{name}: {value}" for name, value in self.headers.items()]
            shown |= {"sni": asked[-1] if asked else None, "raw": "\r\n".join([self.requestline, *lines, "", ""])}
            print(json.dumps(shown), flush=True)
            self.send_response(status)
            if code:
                self.send_header("x-amzn-ErrorType", code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        do_POST = do_GET

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def finish_request(self, request, address):
            # The handshake, which may be refused.
            with context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, address)

        def handle_error(self, *_):
            pass

    service = Server(("127.0.0.1", 0), Handler)
    print(service.server_port, flush=True)
    service.serve_forever()


def tunnel(folder):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    context.verify_mode = ssl.CERT_OPTIONAL
    context.load_verify_locations(folder / "root.pem")
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        with context.wrap_socket(listener.accept()[0], server_side=True) as client:
            head = b""
            while b"\r\n\r\n" not in head:
                head += client.recv(4096)
            port = int(head.split(b" ")[1].rsplit(b":", 1)[1])
            print(json.dumps({"head": head.decode(), "presented": bool(client.getpeercert())}), flush=True)
            with socket.create_connection(("127.0.0.1", port)) as server:
                client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                back = threading.Thread(target=copy, args=(server, client), daemon=True)
                back.start()
                copy(client, server)
                back.join(5)


def copy(source, target):
    with contextlib.suppress(OSError):
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)


def parsed(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, version = first.split(" ")
    require(version == "HTTP/1.1", "not HTTP")
    headers = dict(line.split(": ", 1) for line in lines)
    require(len(headers) == len(lines), "a header twice")
    return {"method": method, "target": target, "headers": {k.lower(): v for k, v in headers.items()}, "body": body}


def flip(raw, root):
    """Prints how many changes are refused, and the lines of the request in which one is accepted."""
    anywhere(parsed(raw), root)
    refused, accepted = 0, set()
    for index in range(len(raw)):
        changed = bytearray(raw)
        changed[index] ^= 1
        try:
            anywhere(parsed(bytes(changed)), root)
        except Exception:  # whatever stops a verifier
            refused += 1
        else:
            line = raw[raw.rfind(b"\n", 0, index) + 1 :]
            accepted.add(line.split(b":")[0].decode())
    print(json.dumps({"refused": refused, "accepted": sorted(accepted)}))


def mqtt(url, secret):
    """Returns the region of a URL, whose token is not signed."""
    parts = urllib.parse.urlsplit(url)
    require(parts.scheme == "wss" and parts.path == "/mqtt", "not a URL for MQTT")
    pairs = dict(pair.split("=") for pair in parts.query.split("&"))
    signature, credential = pairs.pop("X-Amz-Signature"), urllib.parse.unquote(pairs["X-Amz-Credential"])
    pairs.pop("X-Amz-Security-Token", None)
    _, day, region, service, end = credential.split("/")
    require((service, end) == ("iotdevicegateway", "aws4_request"), "another scope")
    query = "&".join(f"{name}={value}" for name, value in sorted(pairs.items()))
    nothing = hashlib.sha256(b"").hexdigest()
    canonical = f"GET\n/mqtt\n{query}\nhost:{parts.netloc}\n\nhost\n{nothing}"
    scope = f"{day}/{region}/{service}/{end}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    message = f"AWS4-HMAC-SHA256\n{pairs['X-Amz-Date']}\n{scope}\n{digest}"
    key = f"AWS4{secret}".encode()
    for part in [day, region, service, end, message]:
        key = hmac.digest(key, part.encode(), "sha256")
    require(key.hex() == signature, "another signature")
    return region


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["iot", "anywhere", "proxy", "flip", "mqtt"])
    parser.add_argument("folder", type=pathlib.Path, metavar="FOLDER|SECRET")
    parser.add_argument("--server", default="server")
    arguments = parser.parse_args()
    if arguments.mode == "mqtt":
        return print(mqtt(sys.stdin.read().strip(), str(arguments.folder)))
    root = x509.load_pem_x509_certificate((arguments.folder / "root.pem").read_bytes())
    match arguments.mode:
        case "iot":
            serve(arguments.folder, iot, arguments.server, presents=True)
        case "anywhere":
            serve(arguments.folder, lambda request: anywhere(request, root), arguments.server, presents=False)
        case "proxy":
            tunnel(arguments.folder)
        case "flip":
            # Of certificates that have become odd.
            warnings.simplefilter("ignore")
            flip(sys.stdin.buffer.read(), root)


if __name__ == "__main__":
    main()
