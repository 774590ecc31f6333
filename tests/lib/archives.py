"""Reads what a release is published as (tests/lib/dist.sh), as a user has it.

    archives.py check FOLDER VERSION TIME FEATURES    unpacks the archives in empty folders, and checks them
    archives.py planted FOLDER VERSION TIME FEATURES  plants faults in copies of them, and expects each to be found
    archives.py image FOLDER VERSION TIME FEATURES    checks the image: one file for each architecture, and no more
    archives.py licences TARGET FEATURES              prints the licences of the crates in the program
"""

import copy
import functools
import gzip
import hashlib
import io
import json
import pathlib
import platform
import re
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import tomllib
import zlib

import ziglang

# The number of the processor in an ELF header, and its name in images.
MACHINES = {"x86_64": (62, "amd64"), "aarch64": (183, "arm64")}
SYSTEM = "unknown-linux-musl"
PROGRAM = "rolecall"
FILES = [
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "LICENSES-THIRD-PARTY",
    "README.md",
    "completions/_rolecall",
    "completions/rolecall.bash",
    "completions/rolecall.fish",
    "completions/rolecall.ps1",
    PROGRAM,
    "rolecall.1",
]
# The files that `rolecall generate` prints.
GENERATED = {
    "bash": "completions/rolecall.bash",
    "zsh": "completions/_rolecall",
    "fish": "completions/rolecall.fish",
    "powershell": "completions/rolecall.ps1",
    "man": "rolecall.1",
}
# The section that `cargo auditable` adds.
SECTION = b".dep-v0"


def main():
    question, *arguments = sys.argv[1:]
    if question == "licences":
        return licences(*arguments)
    release = Release(*arguments)
    sys.exit({"check": check, "planted": planted, "image": image}[question](release))


class Release:
    """Files, and what is expected of them."""

    def __init__(self, folder, version, time, features):
        self.folder = pathlib.Path(folder)
        self.version, self.time, self.features = version, int(time), features
        self.manifest = tomllib.loads(pathlib.Path("adapters/cli/Cargo.toml").read_text())
        self.recipe = pathlib.Path("dist/Containerfile").read_text()

    def name(self, architecture):
        return f"{PROGRAM}-{self.version}-{architecture}-{SYSTEM}"

    def file(self, architecture, suffix):
        return self.folder / (self.name(architecture) + suffix)


def check(release):
    found = faults(release)
    print("\n".join(found) or f"{len(MACHINES)} archives, as they should be")
    return 1 if found else 0


def faults(release):
    return [fault for architecture in MACHINES for fault in of_archive(release, architecture)] + of_recipe(release)


def of_archive(release, architecture):
    """What is wrong with the archive for an architecture and with the files beside it."""
    archive, listed = release.file(architecture, ".tar.gz"), release.file(architecture, ".cdx.json")
    found = []
    for file in (archive, listed):
        command = ["sha256sum", "--check", "--strict", f"{file.name}.sha256"]
        if run(command, cwd=release.folder).returncode:
            found.append(f"checksum: {file.name}.sha256 is not that of the file")
    try:
        found += of_members(release, architecture, archive)
        with tempfile.TemporaryDirectory() as empty:
            run(["tar", "-xzf", archive.resolve()], cwd=empty).check_returncode()
            found += of_program(release, architecture, pathlib.Path(empty) / release.name(architecture))
            found += of_lists(release, architecture, pathlib.Path(empty) / release.name(architecture) / PROGRAM, listed)
    except (OSError, EOFError, ValueError, subprocess.SubprocessError, tarfile.TarError, zlib.error) as error:
        found.append(f"unpacking: {archive.name}: {error}")
    return found


def of_members(release, architecture, archive):
    """Names, times, owners and permissions; and whether cargo-binstall finds the archive and the program in it."""
    found, top = [], release.name(architecture)
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
    names = [member.name for member in members]
    if sorted(name.removeprefix(f"{top}/") for name in names) != sorted([top, "completions", *FILES]):
        found.append(f"names: {archive.name} has {names}")
    if names != sorted(names):
        found.append(f"order: {archive.name} has {names}")
    for member in members:
        mode = 0o755 if member.isdir() or member.name == f"{top}/{PROGRAM}" else 0o644
        if (member.uid, member.gid, member.mtime, member.mode) != (0, 0, release.time, mode):
            found.append(f"owner, time or mode: {member.name}: {member.get_info()}")
    install = release.manifest["package"]["metadata"]["binstall"]
    values = {
        "repo": "REPOSITORY",
        "version": release.version,
        "target": f"{architecture}-{SYSTEM}",
        "bin": PROGRAM,
        "binary-ext": "",
    }
    address = rendered(install["pkg-url"], values)
    wanted = f"REPOSITORY/releases/download/v{release.version}/{archive.name}"
    if address != wanted or install["pkg-fmt"] != "tgz":
        found.append(f"binstall: pkg-url is {address}, the archive {wanted}")
    if rendered(install["bin-dir"], values) not in names:
        found.append(f"binstall: bin-dir is {install['bin-dir']}, and there is no such program")
    return found


def rendered(template, values):
    return re.sub(r"\{ ([a-z-]+) \}", lambda match: values[match.group(1)], template)


def of_program(release, architecture, folder):
    """The program starts, has the version of the manifest, and prints the pages that are beside it."""
    found, program = [], folder / PROGRAM
    # Class 64, little endian, and the processor.
    head = program.read_bytes()[:20]
    if head[:6] != b"\x7fELF\x02\x01" or struct.unpack("<H", head[18:])[0] != MACHINES[architecture][0]:
        return [f"processor: {program} is no program for {architecture}"]
    start = [] if platform.machine() == architecture else [f"qemu-{architecture}-static"]
    said = run([*start, program, "--version"]).stdout
    if said != f"rolecall {release.version}\n".encode():
        found.append(f"version: {program} --version prints {said}")
    for kind, name in GENERATED.items():
        if run([*start, program, "generate", kind]).stdout != (folder / name).read_bytes():
            found.append(f"generated: {name} is not what the program prints")
    for name in ("LICENSE-APACHE", "LICENSE-MIT"):
        if (folder / name).read_bytes() != pathlib.Path(name).read_bytes():
            found.append(f"licence: {name} is not that of the project")
    texts = (folder / "LICENSES-THIRD-PARTY").read_text()
    for crate in tree(architecture, release.features, "normal"):
        if not crate.startswith("rolecall") and f"\n{crate} (" not in texts:
            found.append(f"licence: of {crate} is not in the archive")
    return found


def of_lists(release, architecture, program, listed):
    """The list beside the archive and the one in the program are the same, and have every crate of `cargo tree`."""
    document = json.loads(listed.read_text())
    root = document["metadata"]["component"]
    if document["bomFormat"] != "CycloneDX" or root["name"] != "rolecall-cli":
        return [f"crates: {listed.name} is about {root['name']}"]
    beside = {f"{entry['name']} {entry['version']}" for entry in [root, *document["components"]]}
    within = {f"{entry['name']} {entry['version']}" for entry in embedded(program.read_bytes())}
    built, locked = tree(architecture, release.features, "normal,build"), lock_file()
    found = []
    for name, crates in ((listed.name, beside), ("the program", within)):
        for kind, some in (("missing in", built - crates), ("unknown, but in", crates - locked)):
            if some:
                found.append(f"crates: {kind} {name} for {architecture}: {', '.join(sorted(some))}")
    if beside != within:
        found.append(f"crates: {architecture}: only in one of two lists: {', '.join(sorted(beside ^ within))}")
    # Each is different on another machine, or in another run.
    paths = re.findall(r"file:///[^\"#]*", listed.read_text())
    if "serialNumber" in document or any(not path.startswith("file:///rolecall/") for path in paths):
        found.append(f"machine: {listed.name} has a serial number, or folders of this machine")
    return found


def embedded(program):
    """The packages in the section `.dep-v0` of an ELF file."""
    (start,) = struct.unpack_from("<Q", program, 0x28)
    size, count, names = struct.unpack_from("<HHH", program, 0x3A)
    sections = [struct.unpack_from("<IIQQQQ", program, start + size * index) for index in range(count)]
    for name, _, _, _, offset, length in sections:
        if program[sections[names][4] + name :].startswith(SECTION + b"\0"):
            return json.loads(zlib.decompress(program[offset : offset + length]))["packages"]
    return []


@functools.cache
def tree(architecture, features, edges):
    """The crates of the command, as `cargo tree` has them."""
    command = [*"cargo tree --locked --package rolecall-cli --no-default-features --prefix none --no-dedupe".split()]
    command += ["--format", "{p}", "--edges", edges, "--features", features, "--target", f"{architecture}-{SYSTEM}"]
    lines = run(command, check=True).stdout.decode().splitlines()
    return frozenset(re.sub(r" v(\S+).*", r" \1", line) for line in lines if line)


@functools.cache
def lock_file():
    packages = tomllib.loads(pathlib.Path("Cargo.lock").read_text())["package"]
    return frozenset(f"{package['name']} {package['version']}" for package in packages)


def of_recipe(release):
    """dist/Containerfile is the README's, with a folder for each architecture, and copies only the program."""
    found = []
    block = re.search(r"```Dockerfile\n(.*?)```", pathlib.Path("README.md").read_text(), re.DOTALL).group(1)
    lines = [line for line in release.recipe.splitlines() if line and not line.startswith("#")]
    plain = [line.replace("${TARGETARCH}/", "") for line in lines if line != "ARG TARGETARCH"]
    if plain != block.splitlines():
        found.append(f"recipe: it has {plain}, README.md {block.splitlines()}")
    copied = [source for line in lines if line.startswith("COPY ") for source in line.split()[1:-1]]
    if copied != [f"${{TARGETARCH}}/{PROGRAM}"] or any(line.startswith("ADD ") for line in lines):
        found.append(f"recipe: it copies {copied}")
    return found


def image(release):
    """The image has both architectures; in each, the program of the archive and nothing else."""
    file = release.folder / f"{PROGRAM}-{release.version}-image.tar"
    run(["sha256sum", "--check", "--strict", f"{file.name}.sha256"], cwd=release.folder).check_returncode()
    with tarfile.open(file) as tar:

        def blob(entry):
            return tar.extractfile("blobs/" + entry["digest"].replace(":", "/")).read()

        (index,) = json.loads(tar.extractfile("index.json").read())["manifests"]
        seen = {}
        for entry in json.loads(blob(index))["manifests"]:
            manifest = json.loads(blob(entry))
            config = json.loads(blob(manifest["config"]))
            (layer,) = manifest["layers"]
            with tarfile.open(fileobj=io.BytesIO(blob(layer))) as files:
                content = {member.name: files.extractfile(member).read() for member in files if not member.isdir()}
            seen[entry["platform"]["architecture"]] = (content, config["config"]["Entrypoint"])
    wanted = {}
    for architecture, (_, name) in MACHINES.items():
        with tarfile.open(release.file(architecture, ".tar.gz")) as tar:
            program = tar.extractfile(f"{release.name(architecture)}/{PROGRAM}").read()
        wanted[name] = ({PROGRAM: program}, [f"/{PROGRAM}"])
    sizes = {name: {file: len(content) for file, content in files.items()} for name, (files, _) in seen.items()}
    print(f"the image has {sizes}")
    return 0 if seen == wanted else "the image has other files than the archives, or another start"


def planted(release):
    """Plants one fault at a time in a copy, and expects a check of it to be named."""
    if found := faults(release):
        return f"nothing is planted, and there are faults: {found}"
    kinds = (*in_files(release), *in_expectations())
    missed = 0
    for name, expected, plant in kinds:
        with tempfile.TemporaryDirectory() as folder:
            other = copy.deepcopy(release)
            other.folder = pathlib.Path(folder) / "release"
            shutil.copytree(release.folder, other.folder)
            plant(other)
            found = faults(other)
        seen = any(fault.startswith(f"{expected}: ") for fault in found)
        missed += not seen
        print(f"{'found ' if seen else 'MISSED'} {name}: {(found or ['no fault'])[0][:110]}")
    print(f"{len(kinds)} planted, {missed} missed")
    return 1 if missed else 0


def in_files(release):
    """Faults in files, with their checksums made right again except where those are the fault."""
    one, other = list(MACHINES)
    top = release.name(one)

    def a_digit(release):
        file = release.file(one, ".tar.gz.sha256")
        text = file.read_text()
        file.write_text(("1" if text[0] == "0" else "0") + text[1:])

    def a_byte(release):
        file = release.file(other, ".cdx.json")
        file.write_bytes(file.read_bytes() + b"\n")

    def cut_short(release):
        file = release.file(one, ".tar.gz")
        file.write_bytes(file.read_bytes()[:-1000])
        sign(file)

    def without(missing):
        name = f"{top}/{missing}"
        return lambda release: pack(release, one, lambda member, data: None if member.name == name else data)

    def with_data(changed, change):
        name = f"{top}/{changed}"
        return lambda release: pack(release, one, lambda member, data: change(data) if member.name == name else data)

    def with_member(attribute, value):
        return lambda release: pack(release, one, lambda member, data: setattr(member, attribute, value) or data)

    def other_program(release):
        with tarfile.open(release.file(other, ".tar.gz")) as tar:
            data = tar.extractfile(f"{release.name(other)}/{PROGRAM}").read()
        with_data(PROGRAM, lambda _: data)(release)

    def with_list(change):
        def plant(release):
            file = release.file(one, ".cdx.json")
            document = json.loads(file.read_text())
            change(document)
            file.write_text(json.dumps(document))
            sign(file)

        return plant

    def another_crate(crates):
        crates["metadata"]["component"]["name"] = "core"

    def a_folder(crates):
        crates["components"][0]["purl"] = "file:///tmp/core"

    return [
        ("a digit of a checksum", "checksum", a_digit),
        ("a byte after a list of crates", "checksum", a_byte),
        ("an archive cut short", "unpacking", cut_short),
        ("no manual page", "names", without("rolecall.1")),
        ("an owner", "owner, time or mode", with_member("uid", 1000)),
        ("another time", "owner, time or mode", with_member("mtime", 1)),
        ("a program that cannot be started", "owner, time or mode", with_member("mode", 0o644)),
        ("the program of the other processor", "processor", other_program),
        ("a program without a list", "crates", with_data(PROGRAM, lambda data: data.replace(SECTION, b".dep-v9"))),
        ("other completions", "generated", with_data("completions/_rolecall", lambda data: data + b"\n")),
        ("another licence", "licence", with_data("LICENSE-MIT", lambda data: data[1:])),
        ("no licence of a crate", "licence", with_data("LICENSES-THIRD-PARTY", lambda data: data[: len(data) // 2])),
        ("a crate that is not listed", "crates", with_list(lambda crates: crates["components"].pop())),
        ("a list of another crate", "crates", with_list(another_crate)),
        ("a folder of this machine", "machine", with_list(a_folder)),
    ]


def in_expectations():
    """A changed manifest or recipe, for which the files are wrong."""

    def version(release):
        for file in sorted(release.folder.iterdir()):
            file.rename(file.with_name(file.name.replace(release.version, "9.9.9")))
        release.version = "9.9.9"
        for architecture in MACHINES:
            pack(release, architecture, lambda member, data: data)
            sign(release.file(architecture, ".cdx.json"))

    address = "{ repo }/releases/download/v{ version }/rolecall-{ target }.tar.gz"

    def install(key, value):
        return lambda release: release.manifest["package"]["metadata"]["binstall"].update({key: value})

    def recipe(old, new):
        return lambda release: setattr(release, "recipe", release.recipe.replace(old, new))

    return [
        ("another version in the manifest", "version", version),
        ("another name in binstall", "binstall", install("pkg-url", address)),
        ("another folder in binstall", "binstall", install("bin-dir", "{ bin }{ binary-ext }")),
        ("a file that is not made in the recipe", "recipe", recipe("/rolecall /", "/certificates /")),
        ("another start in the recipe", "recipe", recipe('["/', '["/bin/')),
    ]


def pack(release, architecture, change):
    """Packs an archive again, under the name that the release has now, with what `change` makes of each file."""
    file, packed = release.file(architecture, ".tar.gz"), io.BytesIO()
    with tarfile.open(file) as old, tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as new:
        for member in old.getmembers():
            data = old.extractfile(member).read() if member.isfile() else b""
            data = change(member, data)
            if data is None:
                continue
            member.size = len(data)
            member.name = "/".join([release.name(architecture), *member.name.split("/")[1:]])
            new.addfile(member, io.BytesIO(data))
    file.write_bytes(gzip.compress(packed.getvalue(), 1))
    sign(file)


def sign(file):
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    file.with_name(f"{file.name}.sha256").write_text(f"{digest}  {file.name}\n")


def licences(target, features):
    """Each crate with its licence and the texts that it has, equal texts once; and that of the C library."""
    architecture = target.removesuffix(f"-{SYSTEM}")
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    packages = json.loads(run(command, check=True).stdout)["packages"]
    wanted = tree(architecture, features, "normal")
    print("The program rolecall has the following in it, beside the standard library of Rust (Apache-2.0 OR MIT).")
    texts = {}
    for package in sorted(packages, key=lambda package: (package["name"], package["version"])):
        crate = f"{package['name']} {package['version']}"
        if crate in wanted and package["source"]:
            folder = pathlib.Path(package["manifest_path"]).parent
            add(texts, f"{crate} ({package['license'] or 'see below'})", folder)
    add(texts, "musl (MIT)", pathlib.Path(ziglang.__file__).parent / "lib" / "libc" / "musl")
    for text, crates in texts.items():
        print("\n" + "=" * 100 + "\n" + "\n".join(crates) + "\n")
        print(text or "The texts of these licences are in LICENSE-APACHE and LICENSE-MIT.")


def add(texts, name, folder):
    named = re.compile(r"(?i)(un)?licen[cs]e|copying|copyright|notice")
    files = sorted(file for file in folder.rglob("*") if named.match(file.name) and file.is_file())
    for file in files:
        texts.setdefault(file.read_text(errors="replace").strip(), []).append(name)
    if not files:
        texts.setdefault("", []).append(name)


def run(command, cwd=None, check=False):
    # What is expected to work says why it does not.
    stderr = None if check else subprocess.DEVNULL
    return subprocess.run(command, cwd=cwd, check=check, stdout=subprocess.PIPE, stderr=stderr)


if __name__ == "__main__":
    main()
