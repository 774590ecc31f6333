#!/usr/bin/env python3
"""Computes tokens.json with botocore: tokens for databases, caches, brokers and clusters.

    tokens.py           writes tokens.json
    tokens.py --check   fails if tokens.json differs from the output of this script

RDS and DSQL have functions in botocore. The tokens of the others are made of its presigned URLs as the AWS CLI (`eks
get-token`), aws-msk-iam-sasl-signer and the guides of ElastiCache and MemoryDB do. Each case has the `kind`, its
`arguments`, the credentials and the `token`; all are made at the same time.
"""

import base64
import datetime

import botocore.auth
import botocore.session
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.model import ServiceId
from botocore.signers import RequestSigner

from generate import keep

AT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
KEYS = ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
SESSION = "IQoJb3JpZ2luX2VjEXAMPLE//////token+with/slashes=="


def cases():
    for token in (None, SESSION):
        ending = "" if token is None else "-session"
        session = botocore.session.get_session()
        session.set_credentials(*KEYS, token)

        def case(name, kind, arguments, region, made):
            return {
                "name": name + ending,
                "kind": kind,
                "arguments": arguments,
                "region": region,
                "session_token": token,
                "token": made,
            }

        rds = session.create_client("rds", region_name="eu-west-1")
        for host, port, user in [
            ("orders.abc123.eu-west-1.rds.amazonaws.com", 5432, "reports"),
            ("orders.internal.example", 3306, "first last/+&=é"),
        ]:
            made = rds.generate_db_auth_token(host, port, user, Region="eu-west-1")
            yield case(f"rds-{port}", "rds", {"host": host, "port": port, "user": user}, "eu-west-1", made)
        dsql = session.create_client("dsql", region_name="us-east-1")
        host = "foo0bar1baz2quux3quuux4.dsql.us-east-1.on.aws"
        made = dsql.generate_db_connect_auth_token(host, "us-east-1")
        yield case("dsql", "dsql", {"host": host}, "us-east-1", made)
        made = dsql.generate_db_connect_admin_auth_token(host, "us-east-1", 3600)
        yield case("dsql-admin", "dsql-admin", {"host": host, "lifetime": 3600}, "us-east-1", made)

        for kind, service, more in [
            ("elasticache", "elasticache", {}),
            ("elasticache-serverless", "elasticache", {"ResourceType": "ServerlessCache"}),
            ("memorydb", "memorydb", {}),
        ]:
            signer = RequestSigner(
                ServiceId(service), "eu-west-1", service, "v4", session.get_credentials(), session.get_component("event_emitter")
            )
            request = {
                "method": "GET",
                "url": "http://my-cache/",
                "body": {"Action": "connect", "User": "iam-user-01", **more},
                "headers": {},
                "context": {},
                "query_string": "",
            }
            made = signer.generate_presigned_url(request, operation_name="connect", expires_in=900, region_name="eu-west-1")
            arguments = {"name": "my-cache", "user": "iam-user-01"}
            yield case(kind, kind, arguments, "eu-west-1", made.removeprefix("http://"))

        for region in ("eu-west-1", "us-gov-west-1"):
            request = AWSRequest(
                method="GET", url=f"https://kafka.{region}.amazonaws.com/", params={"Action": "kafka-cluster:Connect"}
            )
            credentials = Credentials(*KEYS, token)
            botocore.auth.SigV4QueryAuth(credentials, "kafka-cluster", region, expires=900).add_auth(request)
            # The name of the client follows, which is not signed.
            yield case(f"msk-{region}", "msk", {}, region, request.url)

        sts = session.create_client("sts", region_name="eu-west-1")
        sts.meta.events.register(
            "before-sign.sts.GetCallerIdentity",
            lambda request, **_: request.headers.add_header("x-k8s-aws-id", "my-cluster_1"),
        )
        url = sts.generate_presigned_url("get_caller_identity", ExpiresIn=60, HttpMethod="GET")
        made = "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")
        yield case("eks", "eks", {"cluster": "my-cluster_1"}, "eu-west-1", made)


if __name__ == "__main__":
    botocore.auth.get_current_datetime = lambda: AT
    keep("tokens.json", list(cases()))
