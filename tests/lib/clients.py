#!/usr/bin/env python3
"""Asks `rolecall serve` on many connections at the same time.

    clients.py URI TOKEN COUNT [SLOW]

Opens all connections first, then sends a request on each, then reads. Prints one JSON document: how many answers of
each status there were, the access key ids in them, and the seconds until the last one. SLOW other connections are
opened before, each with half of a request.
"""

import collections
import json
import resource
import socket
import sys
import time
import urllib.parse


def main():
    uri, token, count = urllib.parse.urlsplit(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    request = f"GET {uri.path} HTTP/1.1\r\nHost: {uri.netloc}\r\nAuthorization: {token}\r\n\r\n".encode()
    slow = [half_a_request(uri) for _ in range(int(sys.argv[4]) if sys.argv[4:] else 0)]
    start = time.monotonic()
    clients = [socket.create_connection((uri.hostname, uri.port), timeout=20) for _ in range(count)]
    for client in clients:
        client.sendall(request)
    statuses, keys = collections.Counter(), set()
    for client in clients:
        status, body = read(client.makefile("rb"))
        statuses[status] += 1
        keys.add(body.get("AccessKeyId", body.get("message")))
    print(json.dumps({"statuses": statuses, "keys": sorted(keys), "seconds": time.monotonic() - start}))
    for client in slow:
        client.close()


def half_a_request(uri):
    """Returns a connection that has sent the beginning of a head, or will when it is let in."""
    client = socket.create_connection((uri.hostname, uri.port), timeout=20)
    client.sendall(f"GET {uri.path} HTTP/1.1\r\nHost: ".encode())
    return client


def read(stream):
    """Returns the status of an answer and its document."""
    status, length = int(stream.readline().split()[1]), 0
    while (line := stream.readline()) != b"\r\n":
        name, value = line.split(b":", 1)
        if name.lower() == b"content-length":
            length = int(value)
    return status, json.loads(stream.read(length))


if __name__ == "__main__":
    main()
