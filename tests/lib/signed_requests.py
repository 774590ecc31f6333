"""Signs random requests with botocore, a JSON document on each line: signed_requests.py SEED COUNT

Headers or a presigned URL, the rules of S3, of a session of S3 Express or of other services, with and without a
session token. All are signed at
the same time with the same secret. What services read in two ways (a raw `+` in a query, for instance) is not made.
"""

import datetime
import json
import random
import string
import sys
from urllib.parse import quote

from signing import sign

AT = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
LETTERS = string.ascii_letters + string.digits + "-._~!*'()/:@$,;=+&% ?#[]äé→\u200b𝄞"


def request(choose):
    def text(most):
        return "".join(choose.choices(LETTERS, k=choose.randrange(most + 1)))

    s3 = choose.random() < 0.5
    segments = [choose.choice(["", ".", "..", text(8), text(8), text(30)]) for _ in range(choose.randrange(6))]
    if s3:
        # Clients of S3 send no dot segments, which any proxy would resolve.
        segments = [segment for segment in segments if segment not in (".", "..")]
    path = "/" + "/".join(quote(segment, safe="-._~") for segment in segments)
    parameters = []
    for _ in range(choose.randrange(8)):
        name = quote("p" + text(10), safe="-._~")
        parameters.append(choose.choice([f"{name}={quote(text(20), safe='-._~')}", f"{name}="]))
    url = f"https://example{choose.randrange(9)}.com{path}" + ("?" + "&".join(parameters) if parameters else "")
    headers = []
    for _ in range(choose.randrange(6)):
        name = choose.choice(["X-Amz-Meta-A", "x-amz-meta-b", "Content-Type", "Range", "If-Match", "x-custom"])
        words = ["".join(choose.choices(string.ascii_letters + string.digits + "/+=,;:\"'", k=choose.randrange(1, 9)))]
        words += ["", "b" * choose.randrange(3)]
        headers.append((name, (" " * choose.randrange(1, 4)).join(words)))
    presigned = choose.random() < 0.4
    graphic = [letter for letter in text(40) if "!" <= letter <= "~"]
    token = "".join(["IQoJ//token+==", *graphic]) if choose.random() < 0.5 else None
    express = s3 and token is not None and choose.random() < 0.5
    service = "s3express" if express else "s3" if s3 else "service"
    body = "" if presigned else text(60)
    method = "GET" if presigned else choose.choice(["GET", "PUT", "POST", "DELETE"])
    signed = sign(
        method,
        url,
        headers,
        body.encode(),
        ("AKIDEXAMPLE", SECRET, token),
        "eu-west-1",
        service,
        AT,
        expires=choose.randrange(1, 604801) if presigned else None,
        unsigned=s3 and not presigned and choose.random() < 0.3,
    )
    host, target = signed.url.removeprefix("https://").split("/", 1)
    return {
        "method": method,
        "target": "/" + target,
        "headers": [["host", host]] + [[name, value] for name, value in signed.headers],
        "body": body,
        "service": service,
        "token": token,
    }


def main():
    choose = random.Random(int(sys.argv[1]))
    for _ in range(int(sys.argv[2])):
        print(json.dumps(request(choose)))


if __name__ == "__main__":
    main()
