#!/usr/bin/env python3
"""Runs the static command as in a container, and measures it.

    contained.py --simulator PROGRAM --logs DIRECTORY --programs DIRECTORY FEATURES...

DIRECTORY holds ARCHITECTURE-FEATURES and x86_64-empty. Each program is copied alone into a directory; a program for
another processor together with its emulator. That directory is the read-only root of the file system; the command
is process 1, without privileges, and has only the environment variables of the test. Needs root for that.

The servers are the project's simulator, which verifies signatures, and a TLS proxy for its STS, with a certificate
of an authority created here. Prints the figures of tests/static/SIZES.md, one per line, among other output.
"""

import argparse
import contextlib
import fcntl
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import servers
import trustme

ROLE = "arn:aws:iam::444455556666:role/rolecall-cross-account"
USER = 65532
PAGE = 4096
# The limits: size of the program file, memory, and system calls.
MOST_BYTES = {"bare": 855_000, "whole": 2_460_000}
# Nine tenths of the memory are the program file, which the kernel maps in windows of 64 KiB: the placement of a
# function by the linker decides about one of them. The memory that is written to is the same in each run.
MOST_MEMORY = {"bare": 1024 * 1024, "whole": 2352 * 1024}
MOST_WRITTEN = 148 * 1024
MOST_CALLS = 42


class Failure(Exception):
    pass


def require(holds, otherwise):
    if not holds:
        raise Failure(otherwise)


class Front:
    """A proxy for `port`, with TLS if it has a `certificate`; without a port, it accepts connections and never
    responds."""

    def __init__(self, port=None, certificate=None):
        self.port, self.context = port, None
        if certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(self.context)
        self.accepted, self.refusals = 0, []
        self.connected = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            self.accepted += 1
            self.connected.set()
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def heard(self, alert):
        """Whether a client reported this TLS alert, waiting a little for it."""
        return eventually(lambda: any(map(alert.search, self.refusals)))

    def counts(self, connections):
        """Whether there were exactly this many connections; the last one may be accepted a little later."""
        return eventually(lambda: self.accepted >= connections) and self.accepted == connections

    def serve(self, client):
        if self.context:
            try:
                client = self.context.wrap_socket(client, server_side=True)
            except (ssl.SSLError, OSError) as error:
                self.refusals.append(str(error))
                return
        if self.port is None:
            with contextlib.suppress(OSError):
                while client.recv(4096):
                    pass
            return
        server = socket.create_connection(("127.0.0.1", self.port))
        back = threading.Thread(target=pour, args=(server, client), daemon=True)
        back.start()
        pour(client, server)
        back.join()


def eventually(holds, seconds=2):
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def pour(source, sink):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    for end in (source, sink):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def simulator(program):
    """Runs the simulator; yields its variables and, filled in once it has exited, its events."""
    process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        variables, events = {}, []
        for line in process.stdout:
            if line == "ready\n":
                break
            name, value = line.rstrip().split("=", 1)
            variables[name] = value
        else:
            raise Failure("the simulator did not start")
        yield variables, events
        output, _ = process.communicate(timeout=20)
        events += output.splitlines()
    finally:
        process.kill()
        process.wait()


def port(url):
    return int(re.search(r":(\d+)", url.removeprefix("http:")).group(1))


# $0 is the directory, and "$@" the command to run. Fails if the root is writable.
CONTAIN = """
set -e
mount --bind "$0" "$0"
mount -o remount,bind,ro "$0"
! touch "$0/file" 2>/dev/null
exec "$@"
"""


class Container:
    def __init__(self, program, architecture, logs):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="root-", dir=logs))
        self.root.chmod(0o755)
        self.program, self.logs, self.command = program, logs, ["/rolecall"]
        self.put("rolecall", program, 0o555)
        self.native = architecture == platform.machine()
        if not self.native:
            emulator = f"qemu-{architecture}-static"
            self.put(emulator, shutil.which(emulator), 0o555)
            self.command = [f"/{emulator}", "/rolecall"]

    def put(self, name, source, mode=0o444):
        shutil.copyfile(source, self.root / name)
        (self.root / name).chmod(mode)

    def start(self, arguments, variables, before=(), **options):
        contained = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        contained += [shutil.which("chroot"), f"--userspec={USER}:{USER}", "--groups=", self.root]
        contained += [*self.command, *arguments]
        outside = [*before, "unshare", "--mount", "--pid", "--fork", "--kill-child"]
        return servers.start([*outside, "sh", "-c", CONTAIN, self.root, *contained], None, **options)

    def run(self, arguments, variables, before=(), seconds=30):
        """Returns exit status, standard output and standard error."""
        process = self.start(
            arguments, variables, before, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            output, errors = process.communicate(timeout=seconds)
        finally:
            servers.end(process, signal.SIGKILL)
        return process.returncode, output, errors

    def succeeds(self, arguments, variables):
        status, output, errors = self.run(arguments, variables)
        require(status == 0 and not errors, f"exit status {status}: {errors}")
        return json.loads(output)

    def fails(self, arguments, variables, text):
        status, output, errors = self.run(arguments, variables)
        require(
            status == 1 and not output and re.search(text, errors), f"exit status {status}: {output}{errors}"
        )

    def remove(self):
        shutil.rmtree(self.root)


def inner(process):
    """The outer id of process 1 of its namespace, once that is the command."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in children:
            # Before that, it is the shell or one of its commands.
            if pathlib.Path(f"/proc/{child}/cmdline").read_bytes().startswith((b"/rolecall", b"/qemu")):
                return int(child)
        time.sleep(0.01)
    raise Failure("the command did not start")


def test(container, features, program, authority, bundle):
    """Tests every credential source from inside."""
    with simulator(program) as (variables, events):
        imds, sts = variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"], variables["AWS_ENDPOINT_URL_STS"]
        counted = Front(port(imds))
        secure = Front(port(sts), authority.issue_cert("127.0.0.1"))
        instance = {"AWS_REGION": variables["AWS_REGION"], "AWS_EC2_METADATA_SERVICE_ENDPOINT": counted.url}
        task = {name: variables[name] for name in variables if name.startswith("AWS_CONTAINER")}
        role = ["credentials", "--role-arn", ROLE]
        https = {**instance, "AWS_ENDPOINT_URL_STS": secure.url}

        # A missing bundle is not an error for plain http, which does not need it.
        keys = container.succeeds(["credentials"], {**instance, "AWS_CA_BUNDLE": "/missing.pem"})
        require(counted.accepted == 1, f"{counted.accepted} connections for instance metadata")
        own = container.succeeds(["credentials"], task)
        plain = container.succeeds(role, {**instance, "AWS_ENDPOINT_URL_STS": sts})
        require(plain["AccountId"] == "444455556666", f"the role's account is {plain['AccountId']}")
        if features == "bare":
            container.fails(role, https, "not supported by this program")
            require(secure.accepted == 0, "an unusable connection was made")
        else:
            container.fails(role, https, "AssumeRole: .*certificate not trusted")
            require(
                secure.heard(re.compile("unknown.ca", re.IGNORECASE)), f"the server received {secure.refusals}"
            )
            require(secure.accepted == 1, f"{secure.accepted} attempts at an untrusted server")
            missing = {**https, "AWS_CA_BUNDLE": "/missing.pem"}
            container.fails(role, missing, "AWS_CA_BUNDLE: /missing.pem: reading the file: no such file")
            require(secure.counts(2), f"{secure.accepted - 1} attempts without a bundle")
            container.put("ca.pem", bundle)
            assumed = container.succeeds(role, {**https, "AWS_CA_BUNDLE": "/ca.pem"})
            require(assumed["AccountId"] == "444455556666", f"the role's account is {assumed['AccountId']}")
            require(secure.counts(3), f"{secure.accepted - 2} connections to STS")
            (container.root / "ca.pem").unlink()
    log = "\n".join(events)
    for operation, received in (("imds GetRoleCredentials", keys), ("container GetCredentials", own)):
        require(f"{operation} 200 OK {received['AccessKeyId']}" in log, f"{received['AccessKeyId']} is not in:\n{log}")
    calls = len(re.findall("^sts AssumeRole 200 OK", log, re.MULTILINE))
    require(calls == (1 if features == "bare" else 2), f"AssumeRole succeeded {calls} times:\n{log}")


def test_signals(container):
    """Process 1 exits immediately on a signal while it waits for a service, with the status of a shell."""
    for number in (signal.SIGTERM, signal.SIGINT):
        silent = Front()
        variables = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": silent.url, "AWS_METADATA_SERVICE_TIMEOUT": "30"}
        process = container.start(["credentials"], variables)
        try:
            require(silent.connected.wait(10), "the command did not connect")
            time.sleep(0.1)
            require(process.poll() is None, "the command did not wait for the service")
            os.kill(inner(process), number)
            status = process.wait(1)
        except subprocess.TimeoutExpired:
            raise Failure(f"still running a second after signal {number}") from None
        finally:
            servers.end(process, signal.SIGKILL)
        require(status == 128 + number, f"exit status {status} after signal {number}")


def memory(container, program):
    """Returns the peak resident memory of the command when it prints its output, in bytes, as the kernel reports it.

    A full pipe blocks the command at that point. The restrictions on the process are checked, too.
    """
    with simulator(program) as (variables, _):
        reader, writer = os.pipe()
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, PAGE)
        os.write(writer, b" " * PAGE)
        variables = {name: variables[name] for name in ("AWS_REGION", "AWS_EC2_METADATA_SERVICE_ENDPOINT")}
        process = container.start(["credentials"], variables, stdout=writer)
        os.close(writer)
        try:
            command = pathlib.Path(f"/proc/{inner(process)}")
            deadline = time.monotonic() + 10
            # The numbers of the system call and of the file: it is writing to standard output.
            while not command.joinpath("syscall").read_text().startswith("1 0x1 "):
                require(time.monotonic() < deadline, "the command prints nothing")
                time.sleep(0.01)
            status = command.joinpath("status").read_text()
            mounts = command.joinpath("mountinfo").read_text().split("\n")
            output = b""
            while data := os.read(reader, 65536):
                output += data
            require(process.wait(10) == 0 and b"AccessKeyId" in output, "the command failed")
        finally:
            os.close(reader)
            servers.end(process, signal.SIGKILL)
    field = lambda name: re.search(rf"^{name}:\s+(.*)$", status, re.MULTILINE).group(1).split()
    require(field("Uid") == [str(USER)] * 4 and field("CapEff") == ["0" * 16], status)
    require(field("NSpid")[-1] == "1" and field("Threads") == ["1"], status)
    root = [words for words in map(str.split, mounts) if words[4:5] == ["/"]]
    require(len(root) == 1 and "ro" in root[0][5].split(","), f"the root is mounted as {root}")
    written = int(field("RssAnon")[0]) * 1024
    require(written <= MOST_WRITTEN, f"{written:,} bytes of anonymous memory")
    return int(field("VmHWM")[0]) * 1024


def calls(container, variables):
    """Returns the system calls of a run, from the first instruction of the program on."""
    log = container.logs / f"{container.program.name}.strace"
    status, _, errors = container.run(
        ["credentials"], variables, ["strace", "-f", "-o", log, "-s", "80", "-e", "signal=none"]
    )
    require(status == 0, f"exit status {status} under strace: {errors}")
    lines = log.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if re.search(r'execve\("/rolecall".* = 0$', line))
    process = lines[start].split()[0]
    mine = [line.split(maxsplit=1)[1] for line in lines[start + 1 :] if line.split()[0] == process]
    made = [line for line in mine if re.match(r"\w+\(", line)]
    name = lambda line: line.split("(")[0]
    threads = [line for line in made if name(line) in ("clone", "clone3", "fork", "vfork")]
    require(not threads, "a thread was created:\n" + "\n".join(threads))
    return made


def instructions(program, arguments, variables):
    """Returns the number of instructions of a run, outside of the container, which has no emulator of processors."""
    counter = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, *arguments]
    ran = subprocess.run(counter, env=variables, capture_output=True, text=True, timeout=120)
    counted = re.search(r"Collected : (\d+)", ran.stderr)
    require(ran.returncode == 0 and counted, f"exit status {ran.returncode} under valgrind: {ran.stderr}")
    return int(counted[1])


def measure(container, empty, program, bundle):
    """Returns peak memory, system calls and instructions in addition to those of an empty program, and the large
    mappings."""
    peak = memory(container, program)
    container.put("ca.pem", bundle)
    with simulator(program) as (variables, _):
        variables = {name: variables[name] for name in ("AWS_REGION", "AWS_EC2_METADATA_SERVICE_ENDPOINT")}
        variables["AWS_CA_BUNDLE"] = "/ca.pem"
        # The minimum, because a response may arrive in two packets.
        made = min((calls(container, variables) for _ in range(3)), key=len)
        del variables["AWS_CA_BUNDLE"]
        executed = min(instructions(container.program, ["credentials"], variables) for _ in range(3))
    (container.root / "ca.pem").unlink()
    files = [line for line in made if re.match(r"open|stat|access|readlink|newfstat", line)]
    require(not files, "a file was accessed, although plain http needs none:\n" + "\n".join(files))
    connections = sum(line.startswith("connect(") for line in made)
    require(connections == 1, f"{connections} connections")
    # Where the allocator takes and returns a page depends on the sizes of everything before it.
    counted = lambda lines: sum(not re.match("(mmap|munmap|mremap|madvise|brk)\\(", line) for line in lines)
    lengths = sorted(int(match[1]) for line in made if (match := re.match(r"mmap\(NULL, (\d+)", line)))
    large = [length for length in lengths if length > 2 * PAGE]
    executed -= instructions(empty.program, [], {})
    return peak, counted(made) - counted(calls(empty, {})), executed, large


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--simulator", type=pathlib.Path, required=True)
    parser.add_argument("--logs", type=pathlib.Path, required=True)
    parser.add_argument("--programs", type=pathlib.Path, required=True)
    parser.add_argument("features", nargs="+")
    arguments = parser.parse_args()
    servers.quit_on_signals()
    servers.isolate()
    arguments.logs.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    bundle = arguments.logs / "ca.pem"
    authority.cert_pem.write_to_path(bundle)

    with contextlib.ExitStack() as stack:

        def container(program, architecture):
            made = Container(program, architecture, arguments.logs)
            stack.callback(made.remove)
            return made

        empty = container(arguments.programs / "x86_64-empty", "x86_64")
        pieces = None
        for features in arguments.features:
            for architecture in ("x86_64", "aarch64"):
                path = arguments.programs / f"{architecture}-{features}"
                size = path.stat().st_size
                require(size <= MOST_BYTES[features], f"{path.name}: {size:,} bytes")
                started = time.monotonic()
                contained = container(path, architecture)
                try:
                    test(contained, features, arguments.simulator, authority, bundle)
                    test_signals(contained)
                    print(f"{path.name}: passed after {time.monotonic() - started:.1f} s")
                    print("size", architecture, features, size)
                    if architecture == "x86_64":
                        peak, extra, executed, large = measure(contained, empty, arguments.simulator, bundle)
                        # The built-in certificates, over a hundred of them, would be such a mapping.
                        pieces = pieces or large
                        require(large == pieces, f"more memory, although plain http needs none: {large}, not {pieces}")
                        require(peak <= MOST_MEMORY[features], f"{peak:,} bytes of memory")
                        require(extra <= MOST_CALLS, f"{extra} system calls more than the empty program's")
                        print("memory", features, peak)
                        print("calls", features, extra)
                        print("instructions", features, executed)
                except Failure as failure:
                    raise Failure(f"{path.name}: {failure}") from failure
                sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except (Failure, servers.StartError) as error:
        sys.exit(f"contained.py: {error}")
