#!/usr/bin/env python3
"""Performs requests of a test on a server with boto3, independently of this project, until its input is closed.

    boto.py --url URL --region REGION --key-id ID --secret SECRET

Each line of standard input is a JSON array, and is answered with a line of JSON on standard output:

    ["call", SERVICE, OPERATION, {PARAMETER: VALUE}]   the response of the operation
    ["read", WHAT, NAME...]                            the description by readback.py
    ["totp", SECRET]                                   the current code of an authenticator app

An operation that fails is answered with {"failed": MESSAGE}.
"""

import argparse
import base64
import functools
import hmac
import json
import os
import struct
import sys
import time

import readback
import servers


def totp(secret):
    """Computes an RFC 6238 code with the defaults: SHA-1, six digits, half a minute."""
    key, step = base64.b32decode(secret), struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(key, step, "sha1")
    offset = digest[-1] & 15
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def main():
    parser = argparse.ArgumentParser()
    for option in ("--url", "--region", "--key-id", "--secret"):
        parser.add_argument(option, required=True)
    given = parser.parse_args()
    servers.isolate()
    os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

    @functools.cache
    def aws(service):
        return servers.connect(given.url, given.region, service, given.key_id, given.secret)

    actions = {
        "call": lambda service, operation, parameters: getattr(aws(service), operation)(**parameters),
        "read": functools.partial(readback.read, aws),
        "totp": totp,
    }
    for line in sys.stdin:
        what, *about = json.loads(line)
        try:
            answer = actions[what](*about)
        except (Exception, SystemExit) as error:
            answer = {"failed": str(error)}
        print(json.dumps(answer, default=str), flush=True)


if __name__ == "__main__":
    main()
