#!/usr/bin/env python3
"""Generates the table of sizes, and compares it with the committed one.

    table.py image TARGET SHA IMAGE EMPTY   prints the figures of an ELF file, with those of EMPTY subtracted, and the
                                            largest frame of its functions, which are built with -Z emit-stack-sizes
    table.py compare SIZES_MD COMPILER      reads figures from standard input; with the compiler of the committed
                                            table, every difference is a failure, but for alignment; with another it
                                            is only printed
    table.py write SIZES_MD COMPILER        writes the measured table to SIZES_MD

A figure is a line of words, the last of them a number of bytes.
"""

import difflib
import pathlib
import re
import struct
import sys

TITLES = {
    "sign": "(a) sign",
    "imds": "(b) instance credentials",
    "chain": "(c) all",
    "imds-nal": "(b) over sockets",
    "chain-nal": "(c) over sockets",
    "send-nal": "(d) send",
    "imds-async": "(b) async",
    "chain-async": "(c) async",
}
# Parts that are linked only where they are used, and the feature that each needs.
PARTS = {
    "sign-root": ("signing in headers, of requests for `/` without a query alone", "none"),
    "verify": ("verification of a request signed in headers", "none"),
    "chunks": ("signing in headers, and a body in chunks", "none"),
    "chunks-crc": ("the same with CRC-32C in the trailer", "`checksums`"),
    "sign-regions": ("signing in headers for a set of regions (SigV4a)", "`sigv4a`"),
}
TARGETS = ("thumbv6m-none-eabi", "thumbv7em-none-eabihf", "riscv32imc-unknown-none-elf")
SHA = ("compact", "default")
KINDS = {"flash": (".text", ".rodata", ".srodata"), "ram": (".data", ".sdata", ".bss", ".sbss")}


def sections(elf):
    """Yields name, place and size of each section of a 32-bit little-endian ELF file."""
    (start,) = struct.unpack_from("<I", elf, 32)
    size, count, names = struct.unpack_from("<HHH", elf, 46)
    headers = [struct.unpack_from("<10I", elf, start + size * i) for i in range(count)]
    strings = headers[names][4]
    for name, *_, place, length in (header[:6] for header in headers):
        at = strings + name
        yield elf[at : elf.index(0, at)].decode(), place, length


def occupied(elf, *kinds):
    return sum(size for name, _, size in sections(elf) if name.startswith(kinds))


def frames(elf):
    """Yields the frame of each function, but for the entry, which has the memory that is lent."""
    (entry,) = struct.unpack_from("<I", elf, 24)
    for place, length in ((place, length) for name, place, length in sections(elf) if name == ".stack_sizes"):
        end = place + length
        while place < end:
            (function,) = struct.unpack_from("<I", elf, place)
            place += 4
            # An LEB128.
            frame = shift = 0
            while True:
                byte = elf[place]
                place += 1
                frame |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    break
            # The last bit is that of Thumb code.
            if function & ~1 != entry & ~1:
                yield frame


def image(target, sha, path, empty):
    elf, base = pathlib.Path(path).read_bytes(), pathlib.Path(empty).read_bytes()
    name = pathlib.Path(path).name
    for what, kinds in KINDS.items():
        print(what, target, sha, name, occupied(elf, *kinds) - occupied(base, *kinds))
    print("frame", target, sha, name, max(frames(elf)))


def row(*cells):
    return "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else cell for cell in cells) + " |"


def table(figures, compiler):
    lines = [
        "# Sizes",
        "",
        f"Measured by `tests/run sizes` with {compiler}.",
        "",
        "In bytes, at `opt-level` z with fat LTO and one codegen unit, `core` as distributed by rustup. The size of",
        "an empty image with the same runtime is subtracted; it copies, fills and compares memory, as any firmware",
        "does, so that `memcpy` and related functions, half a kilobyte to two, are not counted. *Compact* is SHA-256",
        "with `--cfg sha2_backend=\"soft\" --cfg sha2_backend_soft=\"compact\"`; with the default one, what signs is",
        "larger by as much as the signer alone.",
        "The figures do not include a TCP stack.",
        "",
        "- (a) only the signer, with headers",
        "- (b) instance credentials from IMDS: flow, JSON, HTTP codec, refresh",
        "- (c) the same, AssumeRole with these credentials, refresh, and signing with the role's credentials",
        "- (b) and (c) over sockets: the same with the blocking loop of `rolecall-nal` and a socket that",
        "  does nothing",
        "- (d) instance credentials over sockets, and a request signed and sent with them",
        "- (b) and (c) async: those over sockets with the async driver of `rolecall-nal`, and a socket of",
        "  `embedded-nal-async` that does nothing",
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
                # With the default SHA-256, the others are larger by as much as the signer.
                names = TITLES if sha == "compact" else ["sign"]
                cells = [figures[what, target, sha, name] if name in names else "" for name in TITLES]
                lines.append(row(target, sha, *cells))
    triple = "thumbv7em-none-eabihf"
    lines += [
        "",
        "## Parts",
        "",
        f"Flash of images that have one thing alone, {triple}, compact SHA-256. None of it is in the images above:",
        "a program that does not call it does not link it. Features are off by default.",
        "",
        "| part | feature | flash |",
        "|---|---|--:|",
    ]
    for name, (what, feature) in PARTS.items():
        lines.append(row(what, feature, figures["flash", triple, "compact", name]))
    lines += [
        "",
        "## Stack",
        "",
        "The maximum per call, measured with a painted stack on a Cortex-M3 (thumbv7m-none-eabi) under QEMU, without",
        "lent memory and without the flow itself.",
        "",
        "| SHA-256 | one signature | (b) instance credentials | (c) all | (c) over sockets |",
        "|---|--:|--:|--:|--:|",
    ]
    for sha in SHA:
        cells = [figures["stack", sha, name] for name in ("sign", "instance", "chain", "chain-nal")]
        lines.append(row(sha, *cells))
    lines += [
        "",
        "## Async",
        "",
        "The future of `Driver::run_async`, which is in the task that awaits it, is measured on the same board, and so is",
        "the stack of all polls of (c), besides the future. The largest frame is that of any function of the image, by the",
        "compiler's account.",
        "",
        "| what | bytes |",
        "|---|--:|",
        row("future, over a socket that does nothing", figures["bytes", "future"]),
        row("future, over the types of embassy-net 0.9 with one socket", figures["bytes", "future-embassy"]),
        row("stack of the polls of (c)", figures["stack", "compact", "chain-async"]),
    ]
    for target in TARGETS:
        for name in ("imds-async", "chain-async"):
            lines.append(row(f"largest frame, {TITLES[name]}, {target}", figures["frame", target, "compact", name]))
    exchange, slot = figures["lent", "exchange"], figures["lent", "slot"]
    lines += [
        "",
        "## Lent memory and state",
        "",
        "For session tokens of up to 4 KB. The caller decides whether it is in static RAM or on the stack.",
        "",
        "| what | (b) instance credentials | (c) all |",
        "|---|--:|--:|",
        f"| exchange buffer | {exchange:,} | {exchange:,} |",
        f"| slots of {slot:,} | {2 * slot:,} | {3 * slot:,} |",
    ]
    rows = (
        ("flow with refresh", figures["bytes", "instance-flow"], figures["bytes", "role-flow"]),
        ("slot descriptors", 2 * figures["bytes", "slot"], 3 * figures["bytes", "slot"]),
        ("clock and report", *[figures["bytes", "clock-and-report"]] * 2),
    )
    lines += [row(*cells) for cells in rows]
    sums = [exchange + slots * slot + sum(cells[slots - 1] for cells in rows) for slots in (2, 3)]
    lines.append(f"| **total** | {sums[0]:,} | {sums[1]:,} |")
    lines += ["", f"A signing key that is kept for the day needs {figures['bytes', 'signing-key']:,}.", ""]
    return "\n".join(lines)


# The names of functions in crates outside of the workspace, and by them the order of functions, follow from the folder
# they are built in: as many bytes of flash are alignment.
ALIGNMENT = 8


def flash(text):
    """Splits a table into the figures of flash and the rest."""
    figures, rest = [], []
    for section in re.split(r"(?=^## )", text, flags=re.MULTILINE):
        if section.startswith(("## Flash", "## Parts")):
            figures += [int(figure.replace(",", "")) for figure in re.findall(r"(?<=\| )[\d,]+(?= \|)", section)]
            section = re.sub(r"(?<=\| )[\d,]+(?= \|)", "", section)
        rest.append(section)
    return figures, "".join(rest)


def only_alignment(before, after):
    """Whether two tables are the same but for the alignment of functions."""
    (old, rest), (new, other) = flash(before), flash(after)
    return rest == other and len(old) == len(new) and all(abs(a - b) <= ALIGNMENT for a, b in zip(old, new))


def main():
    command, *arguments = sys.argv[1:]
    if command == "image":
        return image(*arguments)
    committed, compiler = pathlib.Path(arguments[0]), arguments[1]
    figures = {tuple(words): int(bytes) for *words, bytes in map(str.split, sys.stdin) if words}
    measured = table(figures, compiler)
    if command == "write":
        committed.write_text(measured)
        return
    before = committed.read_text()
    same_compiler = f" with {compiler}.\n" in before
    print(measured)
    lines = before.splitlines(), measured.splitlines()
    difference = list(difflib.unified_diff(*lines, "committed", "measured", n=0, lineterm=""))
    if not difference:
        print("All sizes match the committed table exactly.")
        return
    print("\n".join(difference))
    if same_compiler and only_alignment(before, measured):
        print(f"The sizes match the committed table but for alignment, up to {ALIGNMENT} bytes.")
        return
    if same_compiler:
        sys.exit(f"The sizes have changed; `SIZES=write tests/run sizes` writes the new ones to {committed.name}.")
    print("The committed table is of another compiler: the differences are reported and are not a failure.")


if __name__ == "__main__":
    main()
