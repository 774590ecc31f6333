#!/usr/bin/env python3
"""Generates the table of static program sizes, and compares it with the committed one.

    table.py compare SIZES_MD COMPILER      reads figures from standard input; with the compiler of the committed
                                            table, a size or count that is more than a percent off is a failure;
                                            with another compiler it is only reported
    table.py write SIZES_MD COMPILER        writes the measured table to SIZES_MD

A figure is a line of words, the last of them a number: `size ARCHITECTURE FEATURES BYTES`,
`memory FEATURES BYTES`, `calls FEATURES COUNT`, `instructions FEATURES COUNT`. Other lines are skipped.
"""

import pathlib
import re
import sys

FEATURES = {"bare": "(none)", "whole": "`tls`, `sso`, `login`, `srp`, `setup`, `iot`, `roles-anywhere`, `serve`, `sigv4a`, `tokens`, `sessions`, `upload`, `verify`, `profiles`, `generate`"}
# Less than the effect of any new dependency, more than that of a week's commits.
PERCENT = 1
# Of instructions, which depend on the length of numbers in replies, too.
INSTRUCTIONS, INSTRUCTIONS_PERCENT = 5, 2
# This column depends on how the kernel maps files, and is only reported; tests/lib/contained.py has its limit.
MEMORY = 3


def table(figures, compiler):
    lines = [
        "# Sizes of the static command",
        "",
        f"Measured by `tests/run static` with {compiler}.",
        "",
        "Profile `static` (`opt-level` z, fat LTO, abort on panic), `std` rebuilt and optimized for size, musl. Memory",
        "and system calls are those of `rolecall credentials` with instance metadata, on x86-64: the peak resident",
        "memory, program included, and the calls and instructions in addition to those of `fn main() {}` built the same",
        "way, the calls without those for memory.",
        "",
        "| features | x86-64, bytes | aarch64, bytes | memory, KiB | system calls | instructions |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for features, name in FEATURES.items():
        sizes = [figures["size", architecture, features] for architecture in ("x86_64", "aarch64")]
        memory, calls = figures["memory", features] // 1024, figures["calls", features]
        executed = figures["instructions", features]
        lines.append(f"| {name} | {sizes[0]:,} | {sizes[1]:,} | {memory:,} | {calls} | {executed:,} |")
    return "\n".join(lines) + "\n"


def numbers(text):
    """The numbers in the table's rows, by row and column."""
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")][2:]
    return {
        (row[0].strip(), column): int(cell.replace(",", ""))
        for row in rows
        for column, cell in enumerate(row)
        if re.fullmatch(r" [\d,]+ ", cell)
    }


def allowed(column):
    return INSTRUCTIONS_PERCENT if column == INSTRUCTIONS else PERCENT


def main():
    command, path, compiler = sys.argv[1:]
    committed = pathlib.Path(path)
    words = [line.split() for line in sys.stdin if re.match(r"(size|memory|calls|instructions) ", line)]
    measured = table({tuple(name): int(number) for *name, number in words}, compiler)
    print(measured)
    if command == "write":
        committed.write_text(measured)
        return
    before, now = numbers(committed.read_text()), numbers(measured)
    off = [
        f"{place}: committed {before.get(place)}, measured {number}"
        for place, number in now.items()
        if place[1] != MEMORY and abs(number - before.get(place, 0)) * 100 > allowed(place[1]) * number
    ]
    if before.keys() != now.keys():
        off.append("the tables have different rows")
    if not off:
        print(f"Sizes and calls are within {PERCENT} % of the committed table, instructions within {INSTRUCTIONS_PERCENT} %.")
        return
    print("\n".join(off))
    if f" with {compiler}.\n" in committed.read_text():
        sys.exit(f"The sizes have changed; `SIZES=write tests/run static` writes the new ones to {committed.name}.")
    print("The committed table is of another compiler: the differences are reported and are not a failure.")


main()
