#!/usr/bin/env python3
"""Runs the firmware of tests/firmware/device under QEMU, against servers that it reaches by TCP.

    emulated.py --image ELF --simulator PROGRAM --logs DIRECTORY

Needs root and a separate network namespace. There it creates a TAP device, and assigns the addresses of a cloud:
169.254.169.254 and 169.254.170.2 are the simulator's, ministack is at 10.0.2.2:4566, and the board is 10.0.2.15.
ministack checks signatures and their dates (AUTH=true); the simulator serves keys of a ministack user.
"""

import argparse
import contextlib
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import servers

HOST, BOARD = "10.0.2.2", "10.0.2.15"
METADATA, CONTAINER = "169.254.169.254", "169.254.170.2"
STS = f"{HOST}:4566"
TOKEN = "Basic/of+the=test"
LIFETIME = 90
YEARS_AGO = 1_577_836_800
GREETING = "hello, board"
ROLE_SESSION = "arn:aws:sts::000000000000:assumed-role/rolecall/device"
USER = "arn:aws:iam::000000000000:user/rolecall"


class Failure(Exception):
    pass


def network():
    for command in (
        "link set lo up",
        "tuntap add tap0 mode tap",
        f"addr add {HOST}/24 dev tap0",
        "link set tap0 up",
        f"addr add {METADATA}/32 dev lo",
        f"addr add {CONTAINER}/32 dev lo",
    ):
        subprocess.run(["ip", *command.split()], check=True)


def ministack(logs, data):
    """Starts ministack with a role, an object, and a user with two sessions."""
    server = servers.spawn(
        "ministack",
        logs,
        data,
        4566,
        [sys.executable, servers.BIN / "ministack"],
        BIND_HOST=HOST,
        GATEWAY_PORT="4566",
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
        AUTH="true",
        MINISTACK_REGION=servers.REGION,
    )
    server.url = f"http://{STS}"
    server.wait(lambda: server.client("sts", "test", "test").get_caller_identity())
    made = servers.account(server, "test", "test")
    user = made["ACCESS_KEY_ID"], made["SECRET_ACCESS_KEY"]
    server.client("s3", *user).put_object(Bucket="rolecall", Key="greeting", Body=GREETING.encode())
    sessions = [server.client("sts", *user).get_session_token()["Credentials"] for _ in range(2)]
    keys = [(s["AccessKeyId"], s["SecretAccessKey"], s["SessionToken"]) for s in sessions]
    return server, keys


@contextlib.contextmanager
def cloud(logs):
    """Makes the network of the board, with ministack in it; yields a folder for data, and the keys."""
    servers.quit_on_signals()
    servers.isolate()
    logs.mkdir(parents=True, exist_ok=True)
    network()
    data = pathlib.Path(tempfile.mkdtemp(prefix="data-", dir=logs))
    server, keys = ministack(logs, data)
    try:
        yield data, keys
    finally:
        servers.end(server.process, signal.SIGKILL)
        shutil.rmtree(data, ignore_errors=True)


def boot(image, machine, nic, arguments, log, seconds, *more, **options):
    """Runs an image until the board exits; returns its status, or that it had to be ended."""
    qemu = ["qemu-system-arm", "-M", machine, "-display", "none", "-monitor", "none"]
    qemu += ["-serial", "stdio", "-kernel", image, "-semihosting-config"]
    qemu += ["enable=on,target=native," + ",".join(f"arg={word}" for word in arguments)]
    qemu += ["-netdev", "tap,id=n,ifname=tap0,script=no,downscript=no"]
    qemu += ["-net", f"nic,netdev=n,model={nic}", *more]
    with log.open("wb") as output:
        process = servers.start(qemu, None, stdout=output, stderr=output, **options)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return f"still running after {seconds} s"
    finally:
        servers.end(process, signal.SIGKILL)


class Test:
    def __init__(self, image, program, keys, logs):
        self.image, self.program, self.keys, self.logs = image, program, keys, logs
        self.passed = 0

    @contextlib.contextmanager
    def simulator(self, faults):
        """Runs a new simulator; yields its variables and, filled in once it has exited, its events."""
        command = [self.program, "--imds", f"{METADATA}:80", "--container", f"{CONTAINER}:80"]
        command += ["--container-token", TOKEN, "--lifetime", str(LIFETIME)]
        for key in self.keys:
            command += ["--key", ":".join(key)]
        for fault in faults:
            command += ["--fault", fault]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            variables, events = {}, []
            for line in process.stdout:
                if line == "ready\n":
                    break
                name, value = line.rstrip().split("=", 1)
                variables[name] = value
            else:
                raise Failure("the simulator did not start")
            url = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
            variables["CONTAINER_PATH"] = url.removeprefix(f"http://{CONTAINER}:80")
            yield variables, events
            output, _ = process.communicate(timeout=20)
            events += output.splitlines()
        finally:
            process.kill()
            process.wait()

    def run(
        self,
        name,
        run,
        *extra,
        faults=(),
        seconds=60,
        succeeds=True,
        prints=(),
        not_prints=(),
        asks=(),
    ):
        """Boots the image, and checks its output and its requests."""
        started = time.monotonic()
        with self.simulator(faults) as (variables, events):
            seed = time.time_ns() % 1_000_000_007
            extra = [word.format(**variables) for word in extra]
            arguments = ["device", f"run={run}", f"seed={seed}", *extra]
            log = self.logs / f"{name}.log"
            status = boot(self.image, "lm3s6965evb", "stellaris", arguments, log, seconds)
        printed = log.read_text(errors="replace")
        with log.open("a") as output:
            output.write("--- requests to the simulator\n" + "".join(f"{event}\n" for event in events))
        wrong = []
        if (status == 0) != succeeds:
            wrong.append(f"the board exited with {status}")
        wrong += [f"the board did not print: {text}" for text in prints if not re.search(text, printed)]
        wrong += [f"the board printed: {text}" for text in not_prints if re.search(text, printed)]
        requests = "\n".join(events)
        wrong += [f"no request: {text}" for text in asks if not re.search(text, requests, re.MULTILINE)]
        if wrong:
            raise Failure("\n".join([f"{name}:", *wrong, f"{log}:", log.read_text(errors="replace")]))
        peers = sorted(set(re.findall(r"connecting to (\S+)", printed)))
        print(f"{name}: passed after {time.monotonic() - started:.1f} s; connected to {', '.join(peers)}")
        for line in printed.splitlines():
            if not line.startswith(("connecting to", "Timer with period zero")):
                print(f"    {line}")
        sys.stdout.flush()
        self.passed += 1


def scenarios(test):
    connects = lambda *peers: [f"connecting to {re.escape(peer)}" for peer in peers]
    imds, container = f"{METADATA}:80", f"{CONTAINER}:80"
    first, second = (key[0] for key in test.keys)

    test.run(
        "container",
        "container",
        "path={CONTAINER_PATH}",
        f"token={TOKEN}",
        prints=[*connects(container, STS), f"I am {USER}"],
        asks=["^container GetCredentials 200 OK"],
    )
    test.run(
        "container, wrong token",
        "container",
        "path={CONTAINER_PATH}",
        "token=another",
        succeeds=False,
        prints=connects(container),
        asks=["^container GetCredentials 401 AccessDenied"],
        not_prints=["I am"],
    )
    # The negative cases for the runs below: the same image, but the time cannot be learned.
    test.run(
        "no clock, and none learned",
        "chain",
        "clock=fixed",
        succeeds=False,
        prints=[*connects(imds), "AssumeRole: the time is not known"],
        asks=["^imds GetRoleCredentials 200 OK"],
        not_prints=["I am"],
    )
    test.run(
        "wrong clock, and not corrected",
        "chain",
        "clock=fixed",
        f"boot={YEARS_AGO}",
        succeeds=False,
        prints=[*connects(imds, STS), "AssumeRole: refused .HTTP status 403"],
        not_prints=["I am"],
    )
    test.run(
        "wrong clock, corrected",
        "metadata",
        f"boot={YEARS_AGO}",
        prints=[*connects(imds, STS), f"I am {USER}"],
    )
    for fault, count in (("reset", 1), ("stall", 1), ("drip", 3), ("500", 3), ("megabyte", 1)):
        code = {"500": "InternalError"}.get(fault, fault.capitalize())
        test.run(
            f"metadata, {fault}",
            "metadata",
            faults=[fault] * count,
            prints=[*connects(imds, STS), f"I am {USER}"],
            asks=[f"^imds Fault 0 {code}$", "^imds GetRoleCredentials 200 OK"],
        )
    test.run(
        "chain",
        "chain",
        seconds=LIFETIME + 60,
        prints=[
            *connects(imds, STS),
            f"I am {ROLE_SESSION}",
            f"object: {GREETING}",
            f"instance key {first} ends",
            f"instance key {second} ends",
            "the first credentials have expired",
        ],
        asks=[f"GetRoleCredentials 200 OK {first}", f"GetRoleCredentials 200 OK {second}"],
    )


def main():
    parser = argparse.ArgumentParser(usage="emulated.py --image ELF --simulator PROGRAM --logs DIRECTORY")
    parser.add_argument("--image", type=pathlib.Path, required=True)
    parser.add_argument("--simulator", type=pathlib.Path, required=True)
    parser.add_argument("--logs", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    print(f"the board is {BOARD}; its network has {METADATA}, {CONTAINER} and {HOST}")
    with cloud(arguments.logs) as (_, keys):
        test = Test(arguments.image, arguments.simulator, keys, arguments.logs)
        scenarios(test)
        print(f"{test.passed} runs passed")


if __name__ == "__main__":
    try:
        main()
    except (Failure, servers.StartError) as error:
        sys.exit(f"emulated.py: {error}")
