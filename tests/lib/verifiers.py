#!/usr/bin/env python3
"""Measures which server detects which kind of tampering: the tables below "Results" in tests/e2e/VERIFIERS.md.

    servers.py -- python verifiers.py [NAME...] > TABLES

Every request is signed by botocore, with temporary credentials if the server issues them, and then changed in one
place. A further server is measured too if its name is given as an argument and its ROLECALL_NAME_* variables (see
servers.py) are set.
"""

import dataclasses
import datetime
import hashlib
import http.client
import os
import re
import sys
import urllib.parse

import boto3
from signing import sign

FORM = ("Content-Type", "application/x-www-form-urlencoded")
IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15&a=1"
HOUR = datetime.timedelta(hours=1)


@dataclasses.dataclass(frozen=True)
class Request:
    """A request to sign; without a change, the server accepts it."""

    server: str
    form: str
    method: str
    path: str
    query: str
    service: str
    body: bytes = b""
    headers: tuple = (("X-Amz-Meta-Note", "one"),)
    expires: int | None = None
    age: datetime.timedelta = datetime.timedelta()
    credentials: tuple = ()
    region: str = "us-east-1"
    scope_service: str | None = None


def requests_of(server):
    credentials = temporary(server) or long_lived(server)
    bucket = f"/{variable(server, 'BUCKET')}"
    s3 = {"service": "s3", "credentials": credentials}
    if variable(server, "ROLE_ARN"):
        yield Request(
            server, "STS POST", "POST", "/", "x=1", "sts", IDENTITY, (FORM, ("X-Note", "one")), credentials=credentials
        )
    yield Request(server, "S3 GET", "GET", f"{bucket}/key1", "x=1", **s3)
    yield Request(server, "S3 PUT", "PUT", f"{bucket}/put1", "x=1", body=b"body 1", **s3)
    yield Request(server, "S3 presigned GET", "GET", f"{bucket}/key1", "x=1", expires=900, **s3)


def variable(server, name):
    return os.environ.get(f"ROLECALL_{server.upper()}_{name}")


def long_lived(server):
    return variable(server, "ACCESS_KEY_ID"), variable(server, "SECRET_ACCESS_KEY"), None


def temporary(server):
    if not variable(server, "ROLE_ARN"):
        return None
    key_id, secret, _ = long_lived(server)
    sts = boto3.client(
        "sts",
        endpoint_url=variable(server, "URL"),
        region_name="us-east-1",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
    )
    given = sts.assume_role(RoleArn=variable(server, "ROLE_ARN"), RoleSessionName="verifiers")["Credentials"]
    return given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]


@dataclasses.dataclass
class Wire:
    """A signed request as sent, which can be tampered with."""

    target: str
    headers: list
    body: bytes

    def header(self, name, change):
        before = list(self.headers)
        self.headers = [(n, change(v) if n.lower() == name else v) for n, v in before]
        return self.headers != before

    def query(self, name, change):
        """Changes the encoded value of one query parameter."""
        before = self.target
        self.target = re.sub(f"(?<=[?&]{name}=)[^&]*", lambda m: change(m[0]), before)
        return self.target != before


def flip(text):
    """Changes one byte in the middle to another valid one."""
    at = len(text) // 2
    while text[at] in "%/+=-" or text[at - 1] == "%" or text[at - 2] == "%":
        at += 1
    return text[:at] + ("b" if text[at] == "a" else "a") + text[at + 1 :]


def signed(request):
    url = f"{variable(request.server, 'URL')}{request.path}?{request.query}"
    now = datetime.datetime.now(datetime.timezone.utc) + request.age
    result = sign(
        request.method,
        url,
        list(request.headers),
        request.body,
        request.credentials,
        request.region,
        request.scope_service or request.service,
        now,
        request.expires,
        s3=request.service == "s3",
    )
    parts = urllib.parse.urlsplit(result.url)
    return Wire(f"{parts.path}?{parts.query}", result.headers, request.body)


# Each kind of tampering is given a request and returns what to send, or the reason why it does not apply.


def wire(change):
    """Tampers after signing."""

    def tamper(request):
        sent = signed(request)
        reason = change(request, sent)
        return reason if isinstance(reason, str) else sent

    return tamper


def before(**changes):
    """Changes the request before signing, so that the signature is valid for the changed request."""
    return lambda request: signed(dataclasses.replace(request, **changes))


def change_path(request, sent):
    # Both objects exist, so that only the signature check can reject the request.
    sent.target = sent.target.replace("1?", "2?", 1) if "1?" in sent.target else f"/2{sent.target}"


def change_query(_, sent):
    assert sent.query("x", lambda _: "2")


def change_header(_, sent):
    assert sent.header("x-amz-meta-note", lambda _: "two") or sent.header("x-note", lambda _: "two")


def change_body(request, sent):
    if not sent.body:
        return "no body"
    sent.body = sent.body.replace(b"1", b"2")


def change_declared_hash(request, sent):
    if request.service != "s3" or request.expires:
        return "declares no hash"
    other = sent.body.replace(b"1", b"2") or b"other"
    if sent.body:
        sent.body = other
    assert sent.header("x-amz-content-sha256", lambda _: hashlib.sha256(other).hexdigest())


def change_token(request, sent):
    if not request.credentials[2]:
        return "no temporary credentials"
    assert sent.header("x-amz-security-token", flip) or sent.query("X-Amz-Security-Token", flip)


def change_date(_, sent):
    def later(date):
        return date[:9] + f"{(int(date[9:11]) + 1) % 24:02}" + date[11:]

    assert sent.header("x-amz-date", later) or sent.query("X-Amz-Date", later)


def change_expiry(request, sent):
    if not request.expires:
        return "not presigned"
    assert sent.query("X-Amz-Expires", lambda _: "901")


def sign_other_secret(request):
    key_id, secret, token = request.credentials
    return signed(dataclasses.replace(request, credentials=(key_id, flip(secret), token)))


def sign_other_token(request):
    key_id, secret, token = request.credentials
    if not token:
        return "no temporary credentials"
    return signed(dataclasses.replace(request, credentials=(key_id, secret, flip(token))))


def sign_no_token(request):
    key_id, secret, token = request.credentials
    if not token:
        return "no temporary credentials"
    return signed(dataclasses.replace(request, credentials=(key_id, secret, None)))


def sign_expired(request):
    if not request.expires:
        return "not presigned"
    return signed(dataclasses.replace(request, expires=60, age=datetime.timedelta(minutes=-2)))


def sign_old(request):
    return "presigned requests are meant to be used later" if request.expires else before(age=-HOUR)(request)


def sign_other_service(request):
    return signed(dataclasses.replace(request, scope_service="sts" if request.service == "s3" else "s3"))


TAMPERING = [
    ("nothing (control)", before()),
    ("path, one byte", wire(change_path)),
    ("query, one byte", wire(change_query)),
    ("value of a signed header", wire(change_header)),
    ("body, declared hash unchanged", wire(change_body)),
    ("declared payload hash, and body", wire(change_declared_hash)),
    ("secret, one byte", sign_other_secret),
    ("session token, one byte, after signing", wire(change_token)),
    ("session token, one byte, before signing", sign_other_token),
    ("session token omitted before signing", sign_no_token),
    ("date moved by an hour after signing", wire(change_date)),
    ("date: signed an hour ago", sign_old),
    ("date: signed an hour ahead", before(age=HOUR)),
    ("presign: expired a minute ago", sign_expired),
    ("presign: expiry changed after signing", wire(change_expiry)),
    ("signed for another region", before(region="eu-west-1")),
    ("signed for another service", sign_other_service),
]


def send(server, method, sent):
    url = urllib.parse.urlsplit(variable(server, "URL"))
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=20)
    try:
        connection.putrequest(method, sent.target, skip_accept_encoding=True)
        for name, value in sent.headers:
            connection.putheader(name, value)
        if sent.body:
            connection.putheader("Content-Length", str(len(sent.body)))
        connection.endheaders(sent.body or None)
        response = connection.getresponse()
        return response.status, response.read().decode(errors="replace")
    finally:
        connection.close()


def code_of(body):
    code = re.search(r"<Code>(\w+)</Code>", body) or re.search(r'"(?:__type|Code)": ?"(\w+)"', body)
    return code[1] if code else ""


# Errors of a check of the signature, the credentials or the time; other errors have other causes.
CHECKED = {
    "SignatureDoesNotMatch",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "AccessDenied",
    "PermanentRedirect",
}


def outcome(request, tamper):
    sent = tamper(request)
    if isinstance(sent, str):
        return f"– {sent}"
    status, body = send(request.server, request.method, sent)
    code = code_of(body)
    if status < 300:
        return f"**accepted** {status}"
    if code in CHECKED:
        return f"refused {status} {code}"
    return f"– unchecked: fails with {status} {code}".strip()


def print_tampering(form, requests):
    """Prints a table of the servers that support this form of request."""
    servers = [request.server for request in requests]
    # The simulator has its own tests for this, which also run without the other servers.
    ours = [] if "simulator" in servers else ["own tests"]
    rows = [["changed", *servers, *(["simulator"] if ours else [])]]
    for name, tamper in TAMPERING:
        rows.append([name, *(outcome(request, tamper) for request in requests), *ours])
    # A server that rejects the unchanged request as well verifies nothing.
    for at in range(1, len(requests) + 1):
        if "accepted" not in rows[1][at]:
            for row in rows[2:]:
                row[at] = "– the control fails, too"
    # A row that applies to no server is omitted.
    measured = slice(1, 1 + len(requests))
    applies = [row for row in rows if not all(cell in NOT_APPLICABLE for cell in row[measured])]
    print_table(f"### {form}", applies)


NOT_APPLICABLE = {
    f"– {reason}"
    for reason in (
        "no body",
        "declares no hash",
        "not presigned",
        "presigned requests are meant to be used later",
        "the control fails, too",
    )
}


# The same path or query in two encodings: the one that is sent, and the one that is signed.
ENCODINGS = [
    ("query `+`", "x=a+b", "x=a+b", ""),
    ("query `+`", "x=a+b", "x=a%2Bb", ""),
    ("query `+`", "x=a+b", "x=a%20b", ""),
    ("query `%7E`", "x=%7E", "x=%7E", ""),
    ("query `%7E`", "x=%7E", "x=~", ""),
    ("query `/`", "x=a/b", "x=a/b", ""),
    ("query `/`", "x=a/b", "x=a%2Fb", ""),
    ("path `%2F`", "a%2Fb", "a%2Fb", "path"),
    ("path `%2F`", "a%2Fb", "a/b", "path"),
    ("path `%7E`", "a%7Eb", "a%7Eb", "path"),
    ("path `%7E`", "a%7Eb", "a~b", "path"),
    ("path `=`", "a=b", "a=b", "path"),
    ("path `=`", "a=b", "a%3Db", "path"),
    ("path `'`", "a'b", "a'b", "path"),
    ("path `'`", "a'b", "a%27b", "path"),
    ("path `+`", "a+b", "a+b", "path"),
    ("path `+`", "a+b", "a%2Bb", "path"),
    ("path `//`", "a//b", "a//b", "path"),
    ("path `//`", "a//b", "a/b", "path"),
]


def print_encodings(servers):
    rows = [["S3 GET, sent", "signed as", *servers]]
    for what, sent, as_signed, place in ENCODINGS:
        cells = []
        for server in servers:
            bucket = f"/{variable(server, 'BUCKET')}"
            request = Request(server, "", "GET", "", "x=1", "s3", credentials=long_lived(server))
            if place == "path":
                request = dataclasses.replace(request, path=f"{bucket}/{as_signed}")
            else:
                request = dataclasses.replace(request, path=f"{bucket}/key1", query=as_signed)
            message = signed(request)
            message.target = f"{bucket}/{sent}?x=1" if place == "path" else f"{bucket}/key1?{sent}"
            status, body = send(server, "GET", message)
            # The key need not exist.
            fits = status < 300 or code_of(body) == "NoSuchKey"
            cells.append("matches" if fits else f"{status} {code_of(body)}")
        rows.append([f"{what}: `{sent}`", f"`{as_signed}`", *cells])
    print_table("### Encoding", rows)


def print_table(title, rows):
    print(f"{title}\n")
    for number, row in enumerate(rows):
        print("| " + " | ".join(row) + " |")
        if number == 0:
            print("|" + " --- |" * len(row))
    print()


def put_objects(server):
    """Creates both objects of the path test."""
    bucket = f"/{variable(server, 'BUCKET')}"
    for key in ("key1", "key2"):
        request = Request(
            server, "", "PUT", f"{bucket}/{key}", "x=1", "s3", key.encode(), credentials=long_lived(server)
        )
        status, body = send(server, "PUT", signed(request))
        if status >= 300:
            sys.exit(f"{server} did not store {key}: {status} {body}")


def main():
    servers = ["ministack", "moto", "seaweedfs", *sys.argv[1:]]
    forms = {}
    for server in servers:
        put_objects(server)
        for request in requests_of(server):
            forms.setdefault(request.form, []).append(request)
    for form, requests in forms.items():
        print_tampering(form, requests)
    print_encodings(servers)


if __name__ == "__main__":
    main()
