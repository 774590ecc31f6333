#!/usr/bin/env python3
"""Runs a command in a pseudo-terminal, types an answer at each prompt, and prints the content of the terminal.

    terminal.py ANSWER... -- COMMAND...

A prompt is output of the command that ends with ": ". The exit code is the command's.
"""

import os
import pty
import select
import sys

SECONDS = 20


def main():
    split = sys.argv.index("--")
    answers, command = sys.argv[1:split], sys.argv[split + 1 :]
    process, terminal = pty.fork()
    if process == 0:
        os.execv(command[0], command)
    shown, answered = b"", 0
    while select.select([terminal], [], [], SECONDS)[0]:
        try:
            some = os.read(terminal, 4096)
        except OSError:
            some = b""
        if not some:
            break
        shown += some
        if answers and shown[answered:].endswith(b": "):
            answered = len(shown)
            os.write(terminal, answers.pop(0).encode() + b"\n")
    else:
        sys.exit(f"terminal.py: no output for {SECONDS} s after {shown!r}")
    print(shown.decode(errors="replace"), end="")
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))


if __name__ == "__main__":
    main()
