#!/usr/bin/env python3
"""Runs a command together with third-party servers that verify AWS signatures.

    servers.py [--logs DIRECTORY] -- COMMAND...

Starts ministack, moto and SeaweedFS on free loopback ports, creates test resources in each, and describes them to
COMMAND in environment variables, with NAME one of MINISTACK, MOTO, SEAWEEDFS:

    ROLECALL_NAME_URL                                 endpoint of all services of the server
    ROLECALL_NAME_REGION
    ROLECALL_NAME_ACCESS_KEY_ID, _SECRET_ACCESS_KEY   a user with permissions for all of the below
    ROLECALL_NAME_BUCKET                              an empty bucket

and for those with STS, that is, not for SeaweedFS:

    ROLECALL_NAME_ACCOUNT_ID, ROLECALL_NAME_USER_ARN
    ROLECALL_NAME_ROLE_ARN                            a role the user may assume, allowed everything on S3
    ROLECALL_NAME_EXTERNAL_ID_ROLE_ARN, _EXTERNAL_ID  one that requires this external id
    ROLECALL_NAME_TAGS_ROLE_ARN                       one whose trust policy allows sts:TagSession
    ROLECALL_NAME_INSTANCE_ID                         an EC2 instance without an instance profile

The user has all permissions in the services of SERVICES. For ministack only, because moto's clusters need container
instances to run a task:

    ROLECALL_NAME_CLUSTER                             name of an empty ECS cluster

For ministack and MOTO_OPEN, a moto that checks no signatures and has no other variables:

    ROLECALL_NAME_WEB_IDENTITY_ROLE_ARN               a role that trusts the tokens of its user pool
    ROLECALL_NAME_WEB_IDENTITY_TOKEN_FILE             such a token (moto accepts any)
    ROLECALL_NAME_OTHER_TOKEN_FILE                    one for another client of the pool (ministack only)

ROLECALL_PYTHON is the interpreter of this script, which has boto3.

ministack serves IMDSv2 below the same URL, and rejects requests without a token. The exit code is that of COMMAND;
all processes started here are killed when this script exits.
"""

import argparse
import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

import boto3
from botocore.config import Config

REGION = "us-east-1"
EXTERNAL_ID = "rolecall-external-id"
SERVICES = ["sts", "s3", "iam", "ec2", "ecs", "cognito-idp", "cognito-identity"]
START_SECONDS = 90
BIN = pathlib.Path(sys.executable).parent


class StartError(Exception):
    pass


@dataclasses.dataclass
class Server:
    name: str
    process: subprocess.Popen
    log: pathlib.Path
    url: str
    leftovers: list = dataclasses.field(default_factory=list)

    def wait(self, ready):
        """Calls `ready` until it succeeds, and returns its result."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                return ready()
            except Exception as error:
                if self.process.poll() is not None:
                    reason = f"it exited with {self.process.returncode}"
                elif time.monotonic() > deadline:
                    reason = f"not ready after {START_SECONDS} s: {error}"
                else:
                    time.sleep(0.2)
                    continue
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])
            raise StartError(f"{self.name} did not start: {reason}\n{self.log} ends:\n{tail}")

    def client(self, service, key_id, secret, token=None):
        return connect(self.url, REGION, service, key_id, secret, token)


def connect(url, region, service, key_id, secret, token=None):
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(
            connect_timeout=2,
            read_timeout=10,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )


@contextlib.contextmanager
def running(logs):
    """Starts every server and yields the variables that describe them."""
    logs.mkdir(parents=True, exist_ok=True)
    started = []
    data = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=logs))
    try:
        prepare = []
        for start in (ministack, moto, moto_open, seaweedfs):
            server, prepared = start(logs, data)
            started.append(server)
            prepare.append((server, prepared))
        environment = {"ROLECALL_PYTHON": sys.executable}
        for server, prepared in prepare:
            variables = {"URL": server.url, "REGION": REGION, **prepared()}
            for name, value in variables.items():
                environment[f"ROLECALL_{server.name.upper()}_{name}"] = value
        yield environment
    finally:
        for server in started:
            end(server.process, signal.SIGKILL)
            for path in server.leftovers:
                path.unlink(missing_ok=True)
        shutil.rmtree(data, ignore_errors=True)


def ministack(logs, data):
    port = free_port()
    server = spawn(
        "ministack",
        logs,
        data,
        port,
        [sys.executable, BIN / "ministack"],
        # The default is to listen on every address; the MQTT and SFTP ports always do.
        BIND_HOST="127.0.0.1",
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        GATEWAY_PORT=str(port),
        AUTH="true",
        MINISTACK_IMDS_V2_REQUIRED="1",
        MINISTACK_REGION=REGION,
    )

    def prepare():
        # The root key is accepted before any user exists, and is not checked on S3.
        server.wait(lambda: server.client("sts", "test", "test").get_caller_identity())
        ecs = server.client("ecs", "test", "test")
        cluster = ecs.create_cluster(clusterName="rolecall")["cluster"]["clusterName"]
        return {**account(server, "test", "test"), **web_identity(server, data), "CLUSTER": cluster}

    return server, prepare


def moto(logs, data):
    port = free_port()
    command = [sys.executable, BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
    # Without this, moto knows no AWS managed policies and cannot attach them.
    server = spawn("moto", logs, data, port, command, MOTO_IAM_LOAD_MANAGED_POLICIES="true")

    def prepare():
        server.wait(lambda: server.client("sts", "test", "test").get_caller_identity())
        variables = account(server, "test", "test")
        # From here on every request must be signed by a known key.
        plain = {"Content-Type": "text/plain"}
        reset = urllib.request.Request(f"{server.url}/moto-api/reset-auth", b"0", plain, method="POST")
        urllib.request.urlopen(reset, timeout=10).close()
        return variables

    return server, prepare


def moto_open(logs, data):
    """Starts a moto without signature checks: the auth mode requires a signature on every request."""
    port = free_port()
    command = [sys.executable, BIN / "moto_server", "-H", "127.0.0.1", "-p", str(port)]
    server = spawn("moto_open", logs, data, port, command)

    def prepare():
        server.wait(lambda: server.client("sts", "test", "test").get_caller_identity())
        token = data / "moto-token"
        token.write_text("any.web.token\n")
        role = "arn:aws:iam::123456789012:role/web-identity"
        return {"WEB_IDENTITY_ROLE_ARN": role, "WEB_IDENTITY_TOKEN_FILE": str(token)}

    return server, prepare


def seaweedfs(logs, data):
    key_id, secret, bucket = "AKIAROLECALLSEAWEEDS", "seaweed/secret+of=the/tests", "rolecall"
    identity = {
        "name": "rolecall",
        "credentials": [{"accessKey": key_id, "secretKey": secret}],
        "actions": ["Admin", "Read", "Write", "List", "Tagging"],
    }
    config = data / "s3.json"
    config.write_text(json.dumps({"identities": [identity]}))
    port = free_port()
    command = [BIN / "weed", "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += ["-master.telemetry=false", "-volume.max=64", "-master.volumeSizeLimitMB=64"]
    command += ["-s3", f"-s3.config={config}", f"-s3.port={port}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    for part in ("s3", "filer"):
        command += [f"-{part}.localSocket={data / part}.sock"]
    for part in ("master", "volume", "filer"):
        command += [f"-{part}.port={free_port()}"]
    sockets = []
    for part in ("s3", "master", "volume", "filer"):
        grpc = free_port()
        command += [f"-{part}.port.grpc={grpc}"]
        # Their location is fixed, and the server never removes them.
        sockets.append(pathlib.Path(f"/tmp/seaweedfs-{part}-grpc-{grpc}.sock"))
    server = spawn("seaweedfs", logs, data, port, command)
    server.leftovers = sockets

    def prepare():
        s3 = server.client("s3", key_id, secret)
        server.wait(s3.list_buckets)
        s3.create_bucket(Bucket=bucket)
        # The volume server may register after the gateway answers, and makes room at the first byte.
        server.wait(lambda: s3.put_object(Bucket=bucket, Key="ready", Body=b"ready"))
        s3.delete_object(Bucket=bucket, Key="ready")
        return {"ACCESS_KEY_ID": key_id, "SECRET_ACCESS_KEY": secret, "BUCKET": bucket}

    return server, prepare


def account(server, root_id, root_secret):
    """Creates a user with a key, roles it may assume, a bucket, and an instance."""
    iam = server.client("iam", root_id, root_secret)
    user = iam.create_user(UserName="rolecall")["User"]["Arn"]
    key = iam.create_access_key(UserName="rolecall")["AccessKey"]
    allow = lambda *actions: json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}],
        }
    )
    rights = allow(*(f"{service}:*" for service in SERVICES))
    iam.put_user_policy(UserName="rolecall", PolicyName="use", PolicyDocument=rights)

    def role(name, *actions, **condition):
        actions = ["sts:AssumeRole", *actions]
        trust = {"Effect": "Allow", "Principal": {"AWS": user}, "Action": actions, **condition}
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="use", PolicyDocument=allow("s3:*"))
        return arn

    # No server validates the image.
    ec2 = server.client("ec2", root_id, root_secret)
    instance = ec2.run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    # Created by the user, because a bucket belongs to its creator.
    user_keys = key["AccessKeyId"], key["SecretAccessKey"]
    server.client("s3", *user_keys).create_bucket(Bucket="rolecall")
    return {
        "ACCESS_KEY_ID": user_keys[0],
        "SECRET_ACCESS_KEY": user_keys[1],
        "ACCOUNT_ID": user.split(":")[4],
        "USER_ARN": user,
        "ROLE_ARN": role("rolecall"),
        "TAGS_ROLE_ARN": role("rolecall-tags", "sts:TagSession"),
        "EXTERNAL_ID": EXTERNAL_ID,
        "EXTERNAL_ID_ROLE_ARN": role(
            "rolecall-external-id", Condition={"StringEquals": {"sts:ExternalId": EXTERNAL_ID}}
        ),
        "BUCKET": "rolecall",
        "INSTANCE_ID": instance,
    }


def web_identity(server, data):
    """Creates a user pool with a user, a role for one of its two clients, and a token for each client."""
    idp, iam = server.client("cognito-idp", "test", "test"), server.client("iam", "test", "test")
    pool = idp.create_user_pool(PoolName="rolecall")["UserPool"]["Id"]
    password = "Rolecall-1-password"
    idp.admin_create_user(UserPoolId=pool, Username="alice", MessageAction="SUPPRESS")
    idp.admin_set_user_password(UserPoolId=pool, Username="alice", Password=password, Permanent=True)

    def client(name):
        flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        made = idp.create_user_pool_client(UserPoolId=pool, ClientName=name, ExplicitAuthFlows=flows)
        return made["UserPoolClient"]["ClientId"]

    def token(client):
        given = {"USERNAME": "alice", "PASSWORD": password}
        signed_in = idp.initiate_auth(ClientId=client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)
        file = data / f"token-{client}"
        file.write_text(signed_in["AuthenticationResult"]["IdToken"] + "\n")
        return str(file)

    client, other = client("devices"), client("others")
    provider = f"cognito-idp.{REGION}.amazonaws.com/{pool}"
    federated = iam.create_open_id_connect_provider(
        Url=f"https://{provider}", ClientIDList=[client], ThumbprintList=["0" * 40]
    )["OpenIDConnectProviderArn"]
    trust = {
        "Effect": "Allow",
        "Principal": {"Federated": federated},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{provider}:aud": client}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName="rolecall-web-identity", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    return {
        "WEB_IDENTITY_ROLE_ARN": role,
        "WEB_IDENTITY_TOKEN_FILE": token(client),
        "OTHER_TOKEN_FILE": token(other),
    }


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def spawn(name, logs, data, port, command, **environment):
    log = logs / f"{name}.log"
    # With TMPDIR, every file that a server writes is in the directory that is removed at the end.
    environment = {**os.environ, **environment, "TMPDIR": str(data), "HOME": str(data)}
    with log.open("wb") as output:
        process = start(command, environment, stdout=output, stderr=output, cwd=data)
    return Server(name, process, log, f"http://127.0.0.1:{port}")


def start(command, environment, **options):
    """Starts a process in a new process group, which `end` kills as a whole."""
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent if sys.platform == "linux" else None,
        **options,
    )


def die_with_parent():
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end(process, *numbers):
    """Sends each signal to the process group, which may outlive its leader."""
    for number in numbers:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)


def quit_on_signals():
    """Turns signals into an exception, so that `running` cleans up."""

    def leave(number, _):
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


def isolate():
    """Hides the AWS and proxy settings of the user from the servers and from this script."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            del os.environ[name]
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"


def main():
    parser = argparse.ArgumentParser(usage="servers.py [--logs DIRECTORY] -- COMMAND...")
    parser.add_argument("--logs", type=pathlib.Path, default=pathlib.Path("target/servers"))
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    quit_on_signals()
    isolate()
    tests = dict(os.environ)
    # boto3 in this script must not read the user's profiles.
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    with running(arguments.logs.resolve()) as description:
        command = start(arguments.command, {**tests, **description})
        try:
            return command.wait()
        finally:
            end(command, signal.SIGTERM, signal.SIGKILL)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StartError as error:
        sys.exit(f"servers.py: {error}")
