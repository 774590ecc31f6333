#!/usr/bin/env python3
"""Makes the table of sizes, and compares it with the one that is kept.

    table.py image TARGET SHA IMAGE EMPTY   prints the figures of an ELF file, those of EMPTY subtracted
    table.py compare SIZES_MD COMPILER      reads figures from standard input; with that compiler every
                                            difference fails, with another it is printed
    table.py write SIZES_MD COMPILER        keeps what was measured

A figure is a line of words, the last of them a number of bytes.
"""

import difflib
import pathlib
import struct
import sys

TITLES = {
    "sign": "(a) sign",
    "imds": "(b) instance credentials",
    "chain": "(c) all",
    "imds-nal": "(b) over sockets",
    "chain-nal": "(c) over sockets",
    "send-nal": "(d) send",
}
TARGETS = ("thumbv6m-none-eabi", "thumbv7em-none-eabihf", "riscv32imc-unknown-none-elf")
SHA = ("compact", "default")
KINDS = {"flash": (".text", ".rodata", ".srodata"), "ram": (".data", ".sdata", ".bss", ".sbss")}


def sections(path):
    """Name and size of each section of a 32-bit little-endian ELF file."""
    elf = pathlib.Path(path).read_bytes()
    (start,) = struct.unpack_from("<I", elf, 32)
    size, count, names = struct.unpack_from("<HHH", elf, 46)
    headers = [struct.unpack_from("<10I", elf, start + size * i) for i in range(count)]
    strings = headers[names][4]
    for name, *_, length in (header[:6] for header in headers):
        at = strings + name
        yield elf[at : elf.index(0, at)].decode(), length


def occupied(path, *kinds):
    return sum(size for name, size in sections(path) if name.startswith(kinds))


def image(target, sha, path, empty):
    for what, kinds in KINDS.items():
        bytes = occupied(path, *kinds) - occupied(empty, *kinds)
        print(what, target, sha, pathlib.Path(path).name, bytes)


def row(*cells):
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in cells) + " |"


def table(figures, compiler):
    lines = [
        "# Sizes",
        "",
        f"Measured by `tests/run sizes` with {compiler}.",
        "",
        "In bytes, at `opt-level` z with fat LTO and one codegen unit, `core` as rustup ships it; an empty image",
        "of the same runtime is subtracted, which copies, fills and compares memory, as any firmware does:",
        "`memcpy` and its kin, of half a kilobyte to two, are nobody's. *Compact* is SHA-256 with",
        "`--cfg sha2_backend=\"soft\" --cfg sha2_backend_soft=\"compact\"`.",
        "There is no TCP stack in the figures.",
        "",
        "- (a) the signer for headers alone",
        "- (b) instance credentials from IMDS: flow, JSON, HTTP codec, refresh",
        "- (c) the same, AssumeRole with them, refresh, and signing with what comes back",
        "- (b) and (c) over sockets: the same with the blocking loop of `rolecall-nal` and a socket that",
        "  does nothing",
        "- (d) instance credentials over sockets, and a signed request that is sent with them",
        "",
        "## Flash: .text and .rodata",
        "",
        "| target | SHA-256 | " + " | ".join(TITLES.values()) + " |",
        "|---|---|" + "--:|" * len(TITLES),
    ]
    for what in ("flash", "ram"):
        if what == "ram":
            lines += [
                "",
                "## RAM: .data and .bss",
                "",
                "| target | SHA-256 | " + " | ".join(TITLES.values()) + " |",
                "|---|---|" + "--:|" * len(TITLES),
            ]
        for target in TARGETS:
            for sha in SHA:
                cells = [figures[what, target, sha, name] for name in TITLES]
                lines.append(row(target, sha, *cells))
    lines += [
        "",
        "## Stack",
        "",
        "The most that a call takes, painted on a Cortex-M3 (thumbv7m-none-eabi) under QEMU, beyond lent memory",
        "and beyond the flow itself.",
        "",
        "| SHA-256 | one signature | (b) instance credentials | (c) all |",
        "|---|--:|--:|--:|",
    ]
    for sha in SHA:
        cells = [figures["stack", sha, name] for name in ("sign", "instance", "chain")]
        lines.append(row(sha, *cells))
    exchange, slot = figures["lent", "exchange"], figures["lent", "slot"]
    lines += [
        "",
        "## Lent memory and state",
        "",
        "For session tokens of up to 4 KB. Where it lies, in static RAM or on the stack, is the caller's choice.",
        "",
        "| what | (b) instance credentials | (c) all |",
        "|---|--:|--:|",
        f"| exchange buffer | {exchange:,} | {exchange:,} |",
        f"| slots of {slot:,} | {2 * slot:,} | {3 * slot:,} |",
    ]
    rows = (
        ("flow with refresh", figures["bytes", "instance-flow"], figures["bytes", "role-flow"]),
        ("what describes the slots", 2 * figures["bytes", "slot"], 3 * figures["bytes", "slot"]),
        ("clock and report", *[figures["bytes", "clock-and-report"]] * 2),
    )
    lines += [row(*cells) for cells in rows]
    sums = [exchange + slots * slot + sum(cells[slots - 1] for cells in rows) for slots in (2, 3)]
    lines.append(f"| **together** | {sums[0]:,} | {sums[1]:,} |")
    lines += ["", f"A signing key that is kept for the day takes {figures['bytes', 'signing-key']:,}.", ""]
    return "\n".join(lines)


def main():
    command, *arguments = sys.argv[1:]
    if command == "image":
        return image(*arguments)
    kept, compiler = pathlib.Path(arguments[0]), arguments[1]
    figures = {tuple(words): int(bytes) for *words, bytes in map(str.split, sys.stdin) if words}
    measured = table(figures, compiler)
    if command == "write":
        kept.write_text(measured)
        return
    before = kept.read_text()
    same_compiler = f" with {compiler}.\n" in before
    print(measured)
    lines = before.splitlines(), measured.splitlines()
    difference = list(difflib.unified_diff(*lines, "kept", "measured", n=0, lineterm=""))
    if not difference:
        print("Every byte is as in the table that is kept.")
        return
    print("\n".join(difference))
    if same_compiler:
        sys.exit(f"The sizes have changed; `SIZES=write tests/run sizes` keeps the new ones in {kept.name}.")
    print("The table that is kept is of another compiler: the differences are told, and are no failure.")


main()
