#!/usr/bin/env python3
"""Computes sts.json with botocore: the bodies of STS requests.

    sts.py           writes sts.json
    sts.py --check   fails if sts.json differs from the output of this script

Each case has the `operation`, its `arguments` with the names of the AWS STS API reference, in the order in which
this project sends them, and the `body` that botocore's serializer makes of them. No local server supports
AssumeRoleWithSAML, AssumeRoot, or calls that verify an MFA code: these are only tested by this.
"""

from urllib.parse import urlencode

import botocore.session
from botocore.serialize import create_serializer

from generate import keep

ROLE = "arn:aws:iam::123456789012:role/service-role/device+1"
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
ARNS = [{"arn": f"arn:aws:iam::aws:policy/Policy{number}"} for number in range(1, 11)]
TAGS = [{"Key": "team", "Value": "edge"}, {"Key": "Straße 1:=+-@", "Value": "%20 +"}, {"Key": "k" * 128, "Value": "v" * 256}]


def cases():
    assume = {"RoleArn": ROLE, "RoleSessionName": "job=1,2.3@x+y_z-w"}
    yield case("assume-role", "AssumeRole", assume)
    yield case(
        "assume-role-everything",
        "AssumeRole",
        {
            **assume,
            "DurationSeconds": 43200,
            "ExternalId": "partner/1:2@a+b=c,d.e-f_g",
            "PolicyArns": ARNS,
            "Policy": POLICY,
            "Tags": TAGS,
            "TransitiveTagKeys": ["team", "Straße 1:=+-@"],
            "SerialNumber": "arn:aws:iam::123456789012:mfa/alice",
            "TokenCode": "012345",
            "SourceIdentity": "alice@example.com",
            "ProvidedContexts": [
                {"ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter", "ContextAssertion": "a.b~c"}
            ],
        },
    )
    yield case("assume-role-hardware-mfa", "AssumeRole", {**assume, "SerialNumber": "GAHT12345678", "TokenCode": "999999"})
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln-_bmF0dXJl"
    web = {**assume, "WebIdentityToken": token}
    yield case("web-identity", "AssumeRoleWithWebIdentity", web)
    yield case(
        "web-identity-everything",
        "AssumeRoleWithWebIdentity",
        {**web, "ProviderId": "www.amazon.com", "PolicyArns": ARNS[:2], "Policy": POLICY, "DurationSeconds": 900},
    )
    saml = {
        "RoleArn": ROLE,
        "PrincipalArn": "arn:aws:iam::123456789012:saml-provider/corp",
        "SAMLAssertion": "PHNhbWxwOlJlc3BvbnNl+/8=" * 40,
    }
    yield case("saml", "AssumeRoleWithSAML", saml)
    yield case(
        "saml-everything",
        "AssumeRoleWithSAML",
        {**saml, "PolicyArns": ARNS[:1], "Policy": POLICY, "DurationSeconds": 3600},
    )
    yield case("session-token", "GetSessionToken", {})
    yield case(
        "session-token-mfa",
        "GetSessionToken",
        {"DurationSeconds": 129600, "SerialNumber": "arn:aws:iam::123456789012:mfa/alice", "TokenCode": "123456"},
    )
    yield case("federation-token", "GetFederationToken", {"Name": "bob"})
    yield case(
        "federation-token-everything",
        "GetFederationToken",
        {"Name": "bob", "Policy": POLICY, "PolicyArns": ARNS[:3], "DurationSeconds": 900, "Tags": TAGS},
    )
    root = {
        "TargetPrincipal": "210987654321",
        "TaskPolicyArn": {"arn": "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"},
    }
    yield case("assume-root", "AssumeRoot", root)
    yield case("assume-root-duration", "AssumeRoot", {**root, "DurationSeconds": 900})
    yield case("caller-identity", "GetCallerIdentity", {})


def case(name, operation, arguments):
    model = botocore.session.get_session().get_service_model("sts").operation_model(operation)
    request = create_serializer("query", include_validation=True).serialize_to_request(arguments, model)
    body = request["body"]
    assert "Action" in body
    return {"name": name, "operation": operation, "arguments": arguments, "body": urlencode(body)}


if __name__ == "__main__":
    keep("sts.json", list(cases()))
