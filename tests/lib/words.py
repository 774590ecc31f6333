"""Words that the project does not use, in any tracked text or file name, with better ones.

    words.py               checks the tree
    words.py --self-test   plants each word, and expects it to be found

An exception names a file, a part of its line, and the reason. One that no line needs any more is an error.
"""

import re
import subprocess
import sys

BETTER = {
    "whoever": "the actor: the caller, the service, the user, the driver",
    "somebody": "the actor: another user, another account",
    "nobody": "the actor, or a passive: not asked, not listening",
    "anew": "again",
    "tells": "says, returns, reports",
    "told": "said, returned, reported, printed",
    "blank": "space, or white space",
    "set-up": "provisioning, recipe, fixture",
}

# File, a part of the line, and why it stays.
EXCEPTIONS = []

# A word of an identifier counts, and so does a plural.
WORD = re.compile(r"(?<![a-z])(" + "|".join(BETTER) + r")s?(?![a-z])", re.IGNORECASE)


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    faults, used = [], set()
    for path in tracked():
        faults += [f"{path}: file name: {found}" for found in words(path)]
        for number, line in enumerate(lines(path), 1):
            for found in words(line):
                exception = next((e for e in EXCEPTIONS if e[0] == path and e[1] in line), None)
                if exception:
                    used.add(exception)
                else:
                    faults.append(f"{path}:{number}: {found}: {line.strip()[:100]}")
    faults += [f"an exception that no line needs: {e[0]}: {e[1]}" for e in EXCEPTIONS if e not in used]
    for fault in faults:
        print(fault)
    if faults:
        print("\nUse instead:")
        for word, better in BETTER.items():
            print(f"    {word:10} {better}")
    sys.exit(1 if faults else 0)


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, stdout=subprocess.PIPE).stdout
    # This file has the words in its list.
    return [path for path in listed.decode().split("\0") if path and path != "tests/lib/words.py"]


def lines(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except (UnicodeDecodeError, IsADirectoryError, FileNotFoundError):
        # Binary, such as a seed of the fuzz targets.
        return []


def words(text):
    # A hyphenated word may be one of several parts of an identifier.
    return [match.group(0) for match in WORD.finditer(text)]


def self_test():
    planted = list(BETTER) + ["Whoever", "is_blank", "blanks", "TOLD", "set-ups", "it_tells_twice"]
    missed = [word for word in planted if not words(f"// {word} here")]
    kept = ["toldot", "blanket", "setup", "kettles", "set up", "stella"]
    wrong = [word for word in kept if words(f"// {word} here")]
    print(f"{len(planted)} planted, missed: {missed}, wrongly found: {wrong}")
    sys.exit(1 if missed or wrong else 0)


main()
