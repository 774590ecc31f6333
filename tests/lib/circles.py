#!/usr/bin/env python3
"""Fails if files of a crate import each other in a cycle, and names the files and the imported items.

    circles.py FOLDER...      directories with a lib.rs or a main.rs
    circles.py --self-test    checks that planted cycles of every kind are found

A file depends on another if it names an item that the other defines, by `use` or by a path in its code. Re-exports
are followed to the definition, and are not dependencies themselves; neither is `mod`. Methods are not detected,
because no path names their file. Comments, strings and test-only code do not count.
"""

import contextlib
import io
import re
import sys
import tempfile
from pathlib import Path

TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<comment>/\*)
    |(?P<raw>(?:br|cr|r)(?P<hashes>\#*)"(?s:.*?)"(?P=hashes))
    |(?P<text>[bc]?"(?:\\(?s:.)|[^"\\])*"|b?'(?:\\[^']+|\\'|[^\\'])')
    |(?P<lifetime>'\w+)
    |(?P<number>\d\w*(?:\.\d\w*)?)
    |(?P<word>(?:r\#)?[^\W\d]\w*)
    |(?P<mark>::|.)""",
    re.VERBOSE,
)
OPENING = "([{"
ITEMS = {"fn", "struct", "enum", "union", "trait", "type", "const", "static"}


def tokens(text):
    """Splits source text into words and punctuation; a literal is a single token."""
    found, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        at = match.end()
        if match["comment"]:
            depth = 1
            while depth:
                edge = re.compile(r"/\*|\*/").search(text, at)
                depth += 1 if edge[0] == "/*" else -1
                at = edge.end()
        elif match["word"]:
            found.append(match["word"].removeprefix("r#"))
        elif match["mark"]:
            found.append(match["mark"])
        elif match["raw"] or match["text"] or match["number"]:
            found.append('"')
    return found


def group_end(code, at):
    """Returns the position after the bracket that closes the one at `at`."""
    depth = 0
    while at < len(code):
        depth += (code[at] in OPENING) - (code[at] in ")]}")
        at += 1
        if depth == 0:
            break
    return at


def item_end(code, at):
    """Returns the position after the item at `at`: after its block or semicolon, or at the end of its parent."""
    while at < len(code) and code[at] != ";":
        if code[at] in ")]}":
            return at
        if code[at] in OPENING:
            block = code[at] == "{"
            at = group_end(code, at)
            if block:
                return at
        else:
            at += 1
    return at + 1


def for_programs(code):
    """Removes attributes and test-only code from the tokens."""
    kept, at = [], 0
    while at < len(code):
        if code[at] != "#":
            kept.append(code[at])
            at += 1
            continue
        tests = False
        while at < len(code) and code[at] == "#":
            start = at + 1 + (code[at + 1 : at + 2] == ["!"])
            if code[start : start + 1] != ["["]:
                break  # a `#` within a macro
            end = group_end(code, start)
            tests |= code[start:end] == ["[", "cfg", "(", "test", ")", "]"]
            at = end
        else:
            if tests:
                at = item_end(code, at)
            continue
        kept.append(code[at])
        at += 1
    return kept


class Item:
    """An item defined in a file."""

    def __init__(self, file, name):
        self.file, self.name = file, name


class Module:
    """A file, or an inline module in a file."""

    def __init__(self, file, folder, parent=None):
        self.file, self.folder, self.parent = file, folder, parent
        self.root = parent.root if parent else self
        self.defined = {}  # name: items and modules
        self.bound = {}  # name: the paths that `use` binds to it
        self.reexported = set()  # the names that `pub use` binds
        self.imports = []  # the paths of private `use` declarations
        self.globs = []
        self.code = []

    def define(self, name, what):
        self.defined.setdefault(name, []).append(what)


def read(file, folder, parent=None):
    module = Module(file, folder, parent)
    yield module
    yield from parse(module, for_programs(tokens(file.read_text())))


def parse(module, code):
    """Parses the code of `module`, and yields its child modules."""
    at, public = 0, False
    while at < len(code):
        word, after = code[at], code[at + 1 : at + 3]
        if word == "pub":
            public = True
            at += 1
            if after[:1] == ["("]:
                at = group_end(code, at)
            continue
        if word == "use":
            at = use(module, code, at + 1, public)
        elif word == "mod" and after[1:] == [";"]:
            yield from read_child(module, after[0])
            at += 3
        elif word == "mod" and after[1:] == ["{"]:
            end = group_end(code, at + 2)
            child = Module(module.file, module.folder / after[0], module)
            module.define(after[0], child)
            yield child
            yield from parse(child, code[at + 3 : end - 1])
            at = end
        elif word == "const" and after[:1] == ["fn"] or word in {"unsafe", "async", "extern", "default"}:
            at += 1
            continue
        else:
            named = code[at + 2] if word == "static" and after[0] == "mut" else after[0] if after else ""
            if word == "macro_rules":
                module.define(code[at + 2], Item(module.file, code[at + 2]))
            elif word in ITEMS and named.isidentifier():
                module.define(named, Item(module.file, named))
            end = item_end(code, at)
            body(module, code[at:end], word == "enum")
            at = end
        public = False


def read_child(module, name):
    for file in (module.folder / f"{name}.rs", module.folder / name / "mod.rs"):
        if file.exists():
            children = read(file, module.folder / name, module)
            child = next(children)
            module.define(name, child)
            yield child
            yield from children
            return
    sys.exit(f"{module.file}: the file of `mod {name}` was not found")


def body(module, code, is_enum):
    """Adds the code of an item, without variant names; a `use` in a function counts like one outside."""
    at, depth = 0, 0
    while at < len(code):
        if code[at] == "use" and code[at + 1 : at + 2] != ["<"]:
            at = use(module, code, at + 1, False)
            continue
        depth += (code[at] in OPENING) - (code[at] in ")]}")
        is_variant = is_enum and depth == 1 and code[at - 1] in ("{", ",") and code[at].isidentifier()
        module.code.append("," if is_variant else code[at])
        at += 1
    module.code.append(";")


def use(module, code, at, public):
    """Parses the use tree at `at`; returns its end."""
    end = code.index(";", at) if ";" in code[at:] else len(code)
    tree(module, code[at:end], [], public)
    return end + 1


def tree(module, code, path, public):
    path, at = list(path), 0
    while at < len(code):
        word = code[at]
        if word == "::":
            if at == 0 and not path:
                return  # a path of another crate
        elif word == "{":
            start, depth = at + 1, 0
            for end in range(start, len(code)):
                depth += (code[end] == "{") - (code[end] == "}")
                if depth < 0 or (code[end] == "," and depth == 0):
                    tree(module, code[start:end], path, public)
                    start = end + 1
            return
        elif word == "*":
            module.globs.append(path)
            return
        elif word == "as":
            bind(module, code[at + 1], path, public)
            return
        elif word == "self" and path and at == len(code) - 1:
            break
        else:
            path.append(word)
        at += 1
    # For `self as name`, the name was bound above.
    if path:
        bind(module, path[-1], path, public)


def bind(module, name, path, public):
    path = path[:-1] if path[-1] == "self" and len(path) > 1 else path
    if name != "_":
        module.bound.setdefault(name, []).append(path)
    if public:
        module.reexported.add(name)
    else:
        module.imports.append(path)


def look_up(module, name, seen):
    """Finds the items and modules that `name` refers to in `module`."""
    if (module, name) in seen:
        return []
    found = list(module.defined.get(name, []))
    # Lookups can be cyclic: `use name` for a macro, and globs of each other.
    seen = seen | {(module, name)}
    for path in module.bound.get(name, []):
        found += resolve(module, path, seen)
    if not found:
        for path in module.globs:
            for of in resolve(module, path, seen):
                if isinstance(of, Module):
                    found += look_up(of, name, seen)
    return found


def resolve(module, path, seen=frozenset()):
    """Finds the items and modules that a path refers to; segments after an item are ignored."""
    first = path[0]
    if first == "crate":
        reached = [module.root]
    elif first == "self":
        reached = [module]
    elif first == "super":
        reached = [module.parent] if module.parent else []
    else:
        reached = look_up(module, first, seen)
    for name in path[1:]:
        modules = [each for each in reached if isinstance(each, Module)]
        if not modules:
            break
        if name == "super":
            reached = [each.parent for each in modules if each.parent]
        else:
            reached = [found for each in modules for found in look_up(each, name, seen)]
    return reached


def paths(module):
    """Yields the paths in a module's code, and single words that may refer to a re-export or a glob import."""
    code, at = module.code, 0
    while at < len(code):
        before = code[at - 1] if at else ""
        if not code[at].isidentifier() or before in ("::", ".") or (before == "$" and code[at] != "crate"):
            at += 1
            continue
        path = [code[at]]
        while code[at + 1 : at + 2] == ["::"] and at + 2 < len(code) and code[at + 2].isidentifier():
            path.append(code[at + 2])
            at += 2
        after = code[at + 1] if at + 1 < len(code) else ""
        at += 1
        if len(path) > 1:
            yield path
            continue
        name = path[0]
        is_free = name in module.reexported or (module.globs and name not in module.bound)
        # A lower-case word may be a variable: it counts as a function only if it is called.
        is_use = after in ("(", "!") if name.islower() else after != ":"
        if is_free and is_use and before not in ("fn", "mod", "let") and name not in module.defined:
            yield path


def dependencies(folder):
    """Maps each file to the files that it depends on, with the names of the items."""
    found = {}
    for root in ("lib.rs", "main.rs"):
        if not (folder / root).exists():
            continue
        for module in list(read(folder / root, folder)):
            for path in [*module.imports, *paths(module)]:
                for item in resolve(module, path):
                    if isinstance(item, Item) and item.file != module.file:
                        found.setdefault(module.file, {}).setdefault(item.file, set()).add(item.name)
            found.setdefault(module.file, {})
    if not found:
        sys.exit(f"{folder}: neither lib.rs nor main.rs")
    return found


def find_cycles(found):
    """Finds the sets of files that can all be reached from one another."""

    def reached(start):
        seen, left = set(), [start]
        while left:
            for file in found.get(left.pop(), {}):
                if file not in seen:
                    seen.add(file)
                    left.append(file)
        return seen

    reach = {file: reached(file) for file in found}
    sets = {frozenset(other for other in reach[file] if file in reach[other]) for file in found if file in reach[file]}
    return sorted(sorted(files) for files in sets)


def check(folders):
    """Prints the findings; returns whether there is no cycle."""
    good = True
    for folder in map(Path, folders):
        found = dependencies(folder)
        cycles = find_cycles(found)
        print(f"{folder}: {len(found)} files, {len(cycles)} cycles")
        for files in cycles:
            good = False
            print(f"  a cycle of {len(files)} files: {', '.join(map(str, files))}")
            for file in files:
                for other in sorted(set(found[file]) & set(files)):
                    print(f"    {file} imports from {other}: {', '.join(sorted(found[file][other]))}")
    return good


CYCLES = {
    "use": {"a.rs": "use crate::b::B;\npub struct A(B);", "b.rs": "use crate::a::A;\npub struct B(Box<A>);"},
    "a use tree, and a renamed item": {
        "a.rs": "use crate::{b::{self, inner::{B as Other}}, c::C};\nstruct A(Other, C); pub fn f() {}",
        "b.rs": "pub mod inner { use super::super::a::f; pub struct B; fn g() { f(); } }",
        "c.rs": "pub struct C;",
    },
    "a renamed module": {
        "a.rs": "use crate::b as other;\npub fn f() { other::g() }",
        "b.rs": "use super::a;\npub fn g() { a::f() }",
    },
    "super::": {"a.rs": "pub fn f() { super::b::g() }", "b.rs": "use super::a::f;\npub fn g() { f() }"},
    "crate:: in code": {
        "a.rs": "pub struct A; impl A { fn f() -> u8 { crate::b::B::new(1) } }",
        "b.rs": "pub struct B; impl B { fn new(of: u8) -> crate::a::A { todo!() } }",
    },
    "self:: and a glob": {
        "a.rs": "use super::b::*;\npub struct A; fn f(b: B) {}",
        "b.rs": "pub struct B(self::inner::C);\nmod inner { pub struct C(super::super::a::A); }",
    },
    "a re-export": {
        "a.rs": "use crate::c::B;\npub struct A(B);",
        "b.rs": "use crate::A;\npub struct B(A);",
        "c.rs": "pub(crate) use crate::b::B;",
        "lib.rs": "mod a; mod b; mod c; pub use a::A;",
    },
    "a re-export by a glob": {
        "a.rs": "use crate::c::B;\npub struct A(B);",
        "b.rs": "pub struct B(crate::a::A);",
        "c.rs": "pub use crate::b::*;",
    },
    "a use in a function": {
        "a.rs": "pub fn f() { use crate::b; b::g(); }",
        "b.rs": "pub fn g() { use crate::a::f; f(); }",
    },
    "a parent that calls its child": {
        "a.rs": "mod b; pub struct A; pub fn f() { b::g(A) }",
        "a/b.rs": "use super::A;\npub fn g(a: A) {}",
        "lib.rs": "mod a;",
    },
    "a parent that uses what it re-exports": {
        "a/mod.rs": "mod b; pub use b::B; pub struct A; fn f(b: B) {}",
        "a/b.rs": "pub struct B(super::A);",
        "lib.rs": "mod a;",
    },
    "a macro and its expansion": {
        "a.rs": "macro_rules! m { () => { $crate::b::g() } } pub(crate) use m; pub struct A;",
        "b.rs": "use crate::a::A;\npub fn g() -> A { A }",
    },
    "the crate's root": {
        "a.rs": "pub fn f() { crate::lock() }",
        "main.rs": "mod a;\nfn lock() {}\nfn main() { a::f() }",
    },
}
NONE = {
    "comments, strings and tests": {
        "a.rs": "use crate::b::B;\npub struct A(B); /* /* */ crate::b */ const C: char = '\"';",
        "b.rs": '//! [`crate::a::A`]\n/// crate::a::A\npub struct B; const T: &str = "crate::a::A";\n'
        'const R: &str = r#"" crate::a::A"#;\n#[cfg(test)]\nmod tests { use crate::a::A; fn f(a: A) { super::g(a) } }\n'
        "#[cfg(test)]\nuse crate::a::A;\nfn lives<'a>(of: &'a u8) {}",
    },
    "a parent that declares and re-exports": {
        "a/mod.rs": "mod b; pub use b::{B, g}; pub struct A { g: u8 }\n"
        "impl A { fn f(&self) { self.g() } } enum E { B(u8) }",
        "a/b.rs": "use super::A;\npub struct B(A); pub fn g() {} impl A { fn g(&self) {} }",
        "lib.rs": "mod a; pub use a::B;",
    },
    "a chain": {
        "a.rs": "use crate::b::B;\nuse crate::c;\npub struct A(B); fn f() { c::g() }",
        "b.rs": "use crate::c::C;\npub struct B(C);",
        "c.rs": "use std::fmt;\npub struct C; pub fn g() {}",
    },
    "names of other crates": {
        "a.rs": "use other::b::B;\nuse ::b::C;\npub struct A(B, C);",
        "b.rs": "use crate::a::A;\npub struct B(A);",
    },
}


def self_test():
    for name, files in {**CYCLES, **NONE}.items():
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as output:
            root = {"lib.rs": "".join(f"mod {file.removesuffix('.rs')};" for file in files)}
            if "main.rs" in files or "lib.rs" in files:
                root = {}
            for file, text in {**root, **files}.items():
                path = Path(folder, file)
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
            good = check([folder])
        printed = output.getvalue()
        # The first two files of each case form the cycle.
        tied = [file for file in files if file not in ("c.rs", "lib.rs")]
        if good != (name in NONE) or (not good and not all(f"{folder}/{file}" in printed for file in tied)):
            sys.exit(f"{name}: planted {'a cycle' if name in CYCLES else 'no cycle'}, but found\n{printed}")
    print(f"{len(CYCLES)} planted cycles found, and none in {len(NONE)} trees without one")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
    elif not sys.argv[1:] or not check(sys.argv[1:]):
        sys.exit(__doc__ if not sys.argv[1:] else "files that import each other in a cycle")


if __name__ == "__main__":
    main()
