"""Signs requests with botocore and records each step: the reference for this project's signer."""

import dataclasses
import types

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


@dataclasses.dataclass
class Signed:
    canonical_request: str
    string_to_sign: str
    signature: str
    url: str
    headers: list  # every header to send except `host`, in order
    added: dict  # the headers that signing added


def sign(method, url, headers, body, credentials, region, service, at, expires=None, unsigned=False, s3=None):
    """Signs in headers, or presigns if `expires` (seconds) is set.

    `headers` is a list of pairs, `credentials` an (access key id, secret, token or None), `at` a datetime
    in UTC. The service `s3` uses the rules of S3, unless `s3` overrides it. `unsigned` excludes the body from an
    S3 signature. The service `s3express` signs with the token of a session of S3 Express One Zone.
    """
    # botocore would turn the body of a presigned request into query parameters.
    assert not (expires and body)
    s3 = service in ("s3", "s3express") if s3 is None else s3
    auth = signer(Credentials(*credentials), region, service, expires, s3)
    steps = record(auth)
    request = AWSRequest(method=method, url=url, data=body)
    if unsigned:
        request.context["client_config"] = types.SimpleNamespace(s3={"payload_signing_enabled": False})
    for name, value in headers:
        request.headers.add_header(name, value)

    clock = botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = lambda: at
    try:
        auth.add_auth(request)
    finally:
        botocore.auth.get_current_datetime = clock

    given = {name.lower() for name, _ in headers}
    sent = list(request.headers.items())
    added = {name.lower(): value for name, value in sent if name.lower() not in given}
    return Signed(**steps, url=request.url, headers=sent, added=added)


def signer(credentials, region, service, expires, s3):
    if service == "s3express":
        # The cache would call CreateSession, which has been done: the credentials are those of a session.
        if expires is None:
            return botocore.auth.S3ExpressAuth(credentials, service, region, identity_cache=None)
        auth = botocore.auth.S3ExpressQueryAuth
        return auth(credentials, service, region, identity_cache=None, expires=expires)
    if expires is None:
        return (botocore.auth.S3SigV4Auth if s3 else botocore.auth.SigV4Auth)(credentials, service, region)
    auth = botocore.auth.S3SigV4QueryAuth if s3 else botocore.auth.SigV4QueryAuth
    return auth(credentials, service, region, expires=expires)


def record(auth):
    """Records the result of each step of `auth`."""
    steps = {}

    def keep(name, step):
        def kept(*arguments):
            steps[name] = step(*arguments)
            return steps[name]

        return kept

    for name in ("canonical_request", "string_to_sign", "signature"):
        setattr(auth, name, keep(name, getattr(auth, name)))
    return steps
