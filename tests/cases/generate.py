#!/usr/bin/env python3
"""Computes sigv4.json, this project's signing cases, with botocore.

    generate.py           writes sigv4.json
    generate.py --check   fails if sigv4.json differs from the output of this script

Each case has the inputs (`url` as on the request line, `headers` in the order sent, `body`, credentials, `region`,
`service`, `timestamp`, `expires` in seconds for the query form, `payload`: `signed` or `unsigned`) and the results
(`canonical_request`, `string_to_sign`, `signature`; for the header form `added_headers`, with lower-case names and
without `host`; for the query form `signed_url`).

Inputs that signers disagree on are excluded: a raw `+` in a query, repeated keys or a key without `=` in a
presigned URL, a path that ends in a dot segment.
"""

import argparse
import datetime
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
from signing import sign  # noqa: E402

KEY_ID = "AKIAROLECALLEXAMPLE0"
SECRET = "rolecall+signing/cases=made/by+botocore="
TOKEN = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJGMEQCIA+rolecall/session+token=="
# As long as the longest tokens in practice, and not periodic in the 64 bytes of a SHA-256 block.
LONG_TOKEN = "".join(f"{n * n % 9973:04d}/+x" for n in range(4096 // 7 + 1))[:4094] + "=="

STS = "https://sts.us-east-1.amazonaws.com/"
BUCKET = "https://rolecall.s3.eu-west-1.amazonaws.com"
API = "https://api.example.com"
FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"
ASSUME = (
    "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fdevice"
    "&RoleSessionName=rolecall&DurationSeconds=900"
)


def cases():
    yield from standard()
    yield from paths()
    yield from queries()
    yield from header_values()
    yield from hosts()
    yield from s3()
    yield from presigned()


def standard():
    yield case("get-minimal", "GET", STS)
    yield case("sts-get-caller-identity", "POST", STS, [FORM], IDENTITY)
    yield case("sts-get-caller-identity-token", "POST", STS, [FORM], IDENTITY, token=TOKEN)
    yield case("sts-assume-role-token", "POST", STS, [FORM], ASSUME, token=TOKEN)
    yield case("sts-assume-role-long-token", "POST", STS, [FORM], ASSUME, token=LONG_TOKEN)
    yield case(
        "dynamodb-json",
        "POST",
        "https://dynamodb.eu-central-1.amazonaws.com/",
        [("Content-Type", "application/x-amz-json-1.0"), ("X-Amz-Target", "DynamoDB_20120810.ListTables")],
        '{"Limit":10}',
        region="eu-central-1",
        service="dynamodb",
        at="20240229T235959Z",
    )
    yield case("body-utf-8", "PUT", f"{API}/notes/1", [], "grüße, 世界 \U0001f980\n", service="execute-api")
    yield case("body-long", "POST", f"{API}/bulk", [], "0123456789abcdef" * 512, service="execute-api")
    yield case("scope-china", "POST", "https://sts.cn-north-1.amazonaws.com.cn/", [FORM], IDENTITY, region="cn-north-1")
    yield case("date-first-second-of-year", "GET", STS, at="20270101T000000Z")


def paths():
    for name, path in [
        ("space", "/a%20b"),
        ("percent", "/100%25"),
        ("encoded-twice-already", "/a%252Fb"),
        ("utf-8", "/gr%C3%BC%C3%9Fe/%E4%B8%96%E7%95%8C"),
        ("encoded-slash", "/a%2Fb"),
        ("encoded-unreserved", "/%7Euser/%41"),
        ("unreserved", "/-._~/AZaz09"),
        ("reserved-raw", "/a:b@c/d=e,f;g/h(i)*!$&'+"),
        ("arn-encoded", "/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3Af"),
        ("dot-segments", "/a/./b/../c/"),
        ("dot-segments-above-root", "/../../a"),
        ("dots-that-are-not-segments", "/a/.../..b/c."),
        ("empty-segments", "//a///b//"),
    ]:
        yield case(f"path-{name}", "GET", API + path, service="execute-api")
    yield case("path-absent", "GET", API, service="execute-api")


def queries():
    for name, query in [
        ("order", "b=2&a=1&B=3&A=4"),
        ("order-prefix", "ab=1&a=2&a-b=3&a0=4"),
        ("repeated-keys", "a=2&a=1&a=10&a="),
        ("empty-values", "b=&a=&c"),
        ("key-only", "acl"),
        ("encoded", "k%20ey=a%20b%2Bc%2Fd%3De%26f%25"),
        ("utf-8", "%E1%88%B4=b%C3%A4r"),
        ("equals-in-value", "a=b%3D%3D&a%3D=c"),
        ("unreserved", "-._~0=AZaz-._~"),
    ]:
        yield case(f"query-{name}", "GET", f"{API}/q?{query}", service="execute-api")
    # Sorted in encoded form: `%` comes before every unreserved byte.
    yield case("query-order-of-encoded", "GET", f"{API}/q?a-=1&a%20=2&a=3", service="execute-api")


def header_values():
    for name, headers in [
        ("spaces", [("X-One", "  a   b \t c  "), ("X-Two", '"quoted   spaces"')]),
        ("empty", [("X-Empty", ""), ("X-Zed", "z")]),
        ("repeated", [("X-List", "b"), ("X-Other", "o"), ("X-List", " a  a "), ("x-list", "b")]),
        ("order", [("zoo", "1"), ("X-Amz-Meta-b", "2"), ("x-amz-meta-A", "3"), ("Accept", "*/*"), ("X-Amz", "4")]),
        (
            "never-signed",
            [
                ("User-Agent", "rolecall"),
                ("X-Amzn-Trace-Id", "Root=1-2-3"),
                ("Connection", "close"),
                ("Expect", "100-continue"),
                ("Transfer-Encoding", "identity"),
                ("TE", "trailers"),
                ("X-Signed", "yes"),
            ],
        ),
    ]:
        yield case(f"header-{name}", "GET", f"{API}/h", headers, service="execute-api", token=TOKEN)


def hosts():
    for name, url in [
        ("port", "http://127.0.0.1:4566/"),
        ("default-port-http", "http://sts.example.com:80/"),
        ("default-port-https", "https://sts.example.com:443/"),
        ("default-port-of-the-other-scheme", "http://sts.example.com:443/"),
        ("upper-case", "https://STS.Example.COM/"),
        ("ipv6-port", "http://[fd00:ec2::254]:8080/"),
    ]:
        yield case(f"host-{name}", "POST", url, [FORM], IDENTITY)


def s3():
    for name, method, path, options in [
        ("get", "GET", "/key", {}),
        ("get-token", "GET", "/key", {"token": TOKEN}),
        ("get-long-token", "GET", "/key", {"token": LONG_TOKEN}),
        ("put", "PUT", "/key", {"body": "hello\n", "headers": [("Content-Type", "text/plain")]}),
        ("put-unsigned-payload", "PUT", "/key", {"body": "hello\n", "unsigned": True, "token": TOKEN}),
        ("path-encoded", "GET", "/a%20b/100%25/gr%C3%BC%C3%9Fe", {}),
        ("path-encoded-slash-and-tilde", "GET", "/a%2Fb/%7Ec", {}),
        ("path-not-normalized", "GET", "/a/./b/../c//d/", {}),
        ("path-reserved-raw", "GET", "/a=b/c'd(e)!*", {}),
        ("list", "GET", "/?list-type=2&prefix=a%2Fb%20c&delimiter=%2F&continuation-token=1%2B%2F%3D", {}),
        ("subresource", "PUT", "/?tagging", {"body": "<Tagging/>"}),
        ("range", "GET", "/key", {"headers": [("Range", "bytes=0-99"), ("If-None-Match", '"etag"')]}),
        (
            "put-metadata",
            "PUT",
            "/key",
            {"body": "x", "headers": [("x-amz-meta-note", " two  words "), ("x-amz-acl", "private")]},
        ),
    ]:
        yield case(f"s3-{name}", method, BUCKET + path, region="eu-west-1", service="s3", **options)
    yield case("s3-port", "GET", "http://localhost:8333/bucket/key", region="eu-west-1", service="s3")


def presigned():
    for name, method, path, options in [
        ("s3-get", "GET", "/key", {}),
        ("s3-get-token", "GET", "/key", {"token": TOKEN}),
        ("s3-get-long-token", "GET", "/key", {"token": LONG_TOKEN}),
        ("s3-put", "PUT", "/key", {"headers": [("Content-Type", "text/plain"), ("x-amz-meta-a", "1")]}),
        ("s3-query", "GET", "/key?response-content-type=text%2Fplain&versionId=a%20b&X-Amz-A=", {}),
        ("s3-path", "GET", "/a%20b//../100%25/c%2Fd", {}),
        ("s3-one-second", "GET", "/key", {"expires": 1}),
        ("s3-one-week", "GET", "/key", {"expires": 604800}),
    ]:
        options = {"expires": 900, **options}
        yield case(f"presign-{name}", method, BUCKET + path, region="eu-west-1", service="s3", **options)
    yield case(
        "presign-sts-for-eks",
        "GET",
        f"{STS}?{IDENTITY}",
        [("x-k8s-aws-id", "cluster")],
        token=TOKEN,
        expires=60,
    )
    yield case("presign-path-encoded-twice", "GET", f"{API}/a%20b/./c", service="execute-api", expires=300)
    yield case("presign-port", "GET", "http://127.0.0.1:9000/b/k", region="us-west-2", service="s3", expires=300)


def case(
    name,
    method,
    url,
    headers=(),
    body="",
    *,
    region="us-east-1",
    service="sts",
    at="20150830T123600Z",
    token=None,
    expires=None,
    unsigned=False,
):
    time = datetime.datetime.strptime(at, "%Y%m%dT%H%M%SZ")
    credentials = (KEY_ID, SECRET, token)
    signed = sign(method, url, headers, body.encode(), credentials, region, service, time, expires, unsigned)
    outcome = {
        "canonical_request": signed.canonical_request,
        "string_to_sign": signed.string_to_sign,
        "signature": signed.signature,
    }
    if expires is None:
        outcome["added_headers"] = signed.added
    else:
        assert not signed.added
        outcome["signed_url"] = signed.url
    return {
        "name": name,
        "form": "header" if expires is None else "query",
        "method": method,
        "url": url,
        "headers": [list(pair) for pair in headers],
        "body": body,
        "access_key_id": KEY_ID,
        "secret_access_key": SECRET,
        "session_token": token,
        "region": region,
        "service": service,
        "timestamp": at,
        "expires": expires,
        "payload": "unsigned" if unsigned or (expires and service == "s3") else "signed",
        **outcome,
    }


def main():
    made = list(cases())
    keep("sigv4.json", made)


def keep(name, made):
    """Writes the cases to a file in this directory; with `--check`, fails if they differ from the file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    names = [each["name"] for each in made]
    assert len(names) == len(set(names)), "two cases have the same name"
    text = json.dumps(made, indent=1, ensure_ascii=False) + "\n"
    file = HERE / name
    if not check:
        file.write_text(text, encoding="utf-8")
        print(f"{name}: {len(made)} cases")
        return
    kept = {each["name"]: each for each in json.loads(file.read_text(encoding="utf-8"))} if file.exists() else {}
    drift = [each["name"] for each in made if each != kept.get(each["name"])] + sorted(set(kept) - set(names))
    if drift:
        sys.exit(f"{name} differs from the output of {sys.argv[0]} in: {', '.join(drift)}")
    print(f"{name}: {len(made)} cases match botocore")


if __name__ == "__main__":
    main()
