"""Checks the dependencies of published packages, on every system and with every feature, as resolved by cargo.

    dependencies.py rust PACKAGE...    no dependency requires a newer Rust version than the packages
    dependencies.py chosen PACKAGE...  the crates that the design names are dependencies outside of tests
    dependencies.py direct PACKAGE...  prints the names of the direct dependencies
"""

import json
import subprocess
import sys

# For collections, JSON, hashes, sockets and streams of a device, HTTP, and logs of a device.
CHOSEN = ["heapless", "serde-json-core", "hmac", "sha2", "embedded-nal", "embedded-io", "ureq", "defmt"]


def main():
    question, *names = sys.argv[1:]
    command = ["cargo", "metadata", "--format-version", "1", "--all-features", "--locked"]
    metadata = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    members = [package for package in metadata["packages"] if package["source"] is None]
    published = [package for package in members if package["name"] in names]
    if len(published) != len(names) or not names:
        sys.exit(f"of {names} only these exist: {[package['name'] for package in published]}")
    {"rust": rust, "chosen": chosen, "direct": direct}[question](metadata, published)


def rust(metadata, published):
    supported = min(version(package["rust_version"]) for package in published)
    packages = {package["id"]: package for package in metadata["packages"]}
    stated = [packages[id] for id in reached(metadata, published) if packages[id]["rust_version"]]
    if len(stated) <= len(published):
        sys.exit("no dependency has a Rust version: nothing was checked")
    newest = max(stated, key=lambda package: version(package["rust_version"]))
    print(f"{len(stated)} packages have a Rust version, at most {label(newest)}")
    late = [package for package in stated if version(package["rust_version"]) > supported]
    if late:
        sys.exit("newer than the packages' own: " + ", ".join(map(label, late)))


def reached(metadata, published):
    """Returns the ids of the packages and of their transitive dependencies, without those of tests."""
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    found, left = set(), [package["id"] for package in published]
    while left:
        id = left.pop()
        if id not in found:
            found.add(id)
            left += [to["pkg"] for to in nodes[id]["deps"] if any(kind["kind"] != "dev" for kind in to["dep_kinds"])]
    return found


def version(text):
    return tuple(map(int, (text.split(".") + ["0", "0"])[:3]))


def label(package):
    return f"{package['rust_version']} ({package['name']} {package['version']})"


def chosen(metadata, published):
    missing = []
    for name in CHOSEN:
        users = [package["name"] for package in published if name in normal_dependencies(package)]
        print(f"{name:<16} {', '.join(users) or 'unused'}")
        missing += [name] * (not users)
    if missing:
        sys.exit(f"not a dependency outside of tests: {', '.join(missing)}")


def direct(metadata, published):
    members = [package["name"] for package in metadata["packages"] if package["source"] is None]
    names = {name for package in published for name in normal_dependencies(package)}
    print(*sorted(names - set(members)))


def normal_dependencies(package):
    return {dependency["name"] for dependency in package["dependencies"] if dependency["kind"] is None}


if __name__ == "__main__":
    main()
