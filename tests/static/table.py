#!/usr/bin/env python3
"""Makes the table of sizes of static programs, and compares it with the one that is kept.

    table.py compare SIZES_MD COMPILER      reads figures from standard input; with that compiler a size or
                                            count that is more than a percent off fails, with another it is told
    table.py write SIZES_MD COMPILER        keeps what was measured

A figure is a line of words, the last of them a number: `size ARCHITECTURE FEATURES BYTES`,
`memory FEATURES BYTES`, `calls FEATURES COUNT`. Other lines are passed over.
"""

import pathlib
import re
import sys

FEATURES = {"bare": "(none)", "tls": "`tls`", "sso": "`tls`, `sso`", "whole": "`tls`, `sso`, `srp`, `setup`"}
# Less than any dependency brings, more than a week's commits.
PERCENT = 1
# This column depends on how a kernel maps files, and is told only; its limit is in tests/lib/contained.py.
MEMORY = 3


def table(figures, compiler):
    lines = [
        "# Sizes of the static command",
        "",
        f"Measured by `tests/run static` with {compiler}.",
        "",
        "Profile `static` (`opt-level` z, fat LTO, abort on panic), `std` built along and for size, musl. Memory and",
        "system calls are those of `rolecall credentials` with an instance's metadata, on x86-64: the most memory that",
        "is resident, program included, and the calls beyond those of `fn main() {}` built alike.",
        "",
        "| features | x86-64, bytes | aarch64, bytes | memory, KiB | system calls |",
        "|---|--:|--:|--:|--:|",
    ]
    for features, name in FEATURES.items():
        sizes = [figures["size", architecture, features] for architecture in ("x86_64", "aarch64")]
        memory, calls = figures["memory", features] // 1024, figures["calls", features]
        lines.append(f"| {name} | {sizes[0]:,} | {sizes[1]:,} | {memory:,} | {calls} |")
    return "\n".join(lines) + "\n"


def numbers(text):
    """Those of the table's rows, by their place."""
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("|")][2:]
    return {
        (row[0].strip(), column): int(cell.replace(",", ""))
        for row in rows
        for column, cell in enumerate(row)
        if re.fullmatch(r" [\d,]+ ", cell)
    }


def main():
    command, path, compiler = sys.argv[1:]
    kept = pathlib.Path(path)
    words = [line.split() for line in sys.stdin if re.match(r"(size|memory|calls) ", line)]
    measured = table({tuple(name): int(number) for *name, number in words}, compiler)
    print(measured)
    if command == "write":
        kept.write_text(measured)
        return
    before, now = numbers(kept.read_text()), numbers(measured)
    off = [
        f"{place}: kept {before.get(place)}, measured {number}"
        for place, number in now.items()
        if place[1] != MEMORY and abs(number - before.get(place, 0)) * 100 > PERCENT * number
    ]
    if before.keys() != now.keys():
        off.append("the tables have other rows")
    if not off:
        print(f"Sizes and calls are within {PERCENT} % of the table that is kept.")
        return
    print("\n".join(off))
    if f" with {compiler}.\n" in kept.read_text():
        sys.exit(f"The sizes have changed; `SIZES=write tests/run static` keeps the new ones in {kept.name}.")
    print("The table that is kept is of another compiler: the differences are told, and are no failure.")


main()
