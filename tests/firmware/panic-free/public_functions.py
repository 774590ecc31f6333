#!/usr/bin/env python3
"""Lists the public functions of rolecall-core that the probe does not call.

    public_functions.py RUSTDOC_JSON SOURCE...

Reads rustdoc's JSON of the crate and the probe's sources. A function counts as called if its full path below the
crate occurs in the code: `wire::json::Reader::next`, and for functions of traits `<sources::Imds as Flow>::poll`.
The argument of the probe's `action!` counts as called in all required functions. Excluded are derived functions,
`Drop::drop`, and `Debug::fmt`, because the language's own `{:?}`, for a `str` for example, contains panic paths.
"""

import json
import pathlib
import re
import sys


def public_functions(crate):
    """Returns the paths below the crate of all public functions."""
    index = crate["index"]
    local = lambda id: index.get(str(id))
    paths = set()

    def functions(ids):
        return [item["name"] for item in map(local, ids) if item and "function" in item["inner"]]

    def public(ids):
        return [id for id in ids if (item := local(id)) and item["visibility"] == "public"]

    def source(of):
        """Returns the ids of a type and of `S` in `Sequence<S>`, if that is one of the crate's types."""
        path = of.get("resolved_path") or {}
        arguments = ((path.get("args") or {}).get("angle_bracketed") or {}).get("args", [])
        types = [argument["type"].get("resolved_path") for argument in arguments if "type" in argument]
        return path.get("id"), types[0]["id"] if types and types[0] else None

    def implementation(of, id):
        item = local(id)
        block = item and item["inner"]["impl"]
        if not block or block["is_synthetic"] or block["blanket_impl"]:
            return
        # Functions of an aliased type are called by the name of the alias.
        of = aliases.get(source(block["for"]), of)
        if "automatically_derived" in str(item["attrs"]):
            return
        if block["trait"] is None:
            paths.update(f"{of}::{name}" for name in functions(public(block["items"])))
        elif (trait := block["trait"]["path"]) == "Source":
            # `Sequence` calls these when the flow that is named after the source is polled.
            walked.add(block["for"]["resolved_path"]["id"])
        elif trait not in ("Drop", "Debug"):
            paths.update(f"<{of} as {trait}>::{name}" for name in functions(block["items"]))

    def visit(id, below, name):
        item = local(id)
        if not item:
            return
        kind, inner = next(iter(item["inner"].items()))
        path = "::".join([*below, name])
        if kind == "module":
            for child in inner["items"]:
                # A re-export has no name.
                visit(child, [*below, name], local(child)["name"] or "")
        elif kind == "use":
            if inner["is_glob"]:
                sys.exit(f"a glob import in {'::'.join(below)}: not understood")
            visit(inner["id"], below, inner["name"])
        elif kind == "function":
            paths.add(path)
        elif kind in ("struct", "enum", "union"):
            for block in inner["impls"]:
                # Implementations that only mention the type, such as `From` for another one, belong to the other.
                of = (local(block) or {"inner": {}})["inner"].get("impl", {}).get("for", {})
                if of.get("resolved_path", {}).get("id") == id:
                    implementation(path, block)
        elif kind == "trait":
            provided = [id for id in inner["items"] if local(id)["inner"].get("function", {}).get("has_body")]
            paths.update(f"{path}::{name}" for name in functions(provided))
            for id in inner["implementations"]:
                lent = local(id) and local(id)["inner"]["impl"]["for"].get("borrowed_ref")
                if lent:
                    implementation("&mut _" if lent["is_mutable"] else "&_", id)

    def each_child(visitor):
        for child in index[str(crate["root"])]["inner"]["module"]["items"]:
            if item := local(child):
                visitor(child, [], item["name"])

    def find_alias(id, below, name):
        item = local(id)
        kind, inner = next(iter(item["inner"].items())) if item else ("", {})
        if kind == "module":
            for child in inner["items"]:
                find_alias(child, [*below, name], local(child)["name"] or "")
        elif kind == "use" and not inner["is_glob"]:
            find_alias(inner["id"], below, inner["name"])
        elif kind == "type_alias" and (of := source(inner["type"]))[1] is not None:
            aliases[of] = "::".join([*below, name])

    aliases, walked = {}, set()
    each_child(find_alias)
    each_child(visit)
    paths.update(f"<{alias} as Flow>::poll" for (_, id), alias in aliases.items() if id in walked)
    return paths


def calls(source):
    """Returns every path in the code, without generic arguments."""
    code = re.sub(r"//.*", "", source)
    code = re.sub(r"<(?:'?\w+(?:, )?)+>", "", code)
    qualified = {f"<{of} as {trait}>::{name}" for of, trait, name in re.findall(
        r"<((?:&(?:mut )?)?[\w:]+) as (\w+)>::(\w+)", code)}
    for action in re.findall(r"action!\(([\w:]+)", code):
        qualified |= {f"<{action} as Action>::{name}" for name in ("check", "members", "secrets", "output")}
    return qualified | set(re.findall(r"\b[a-z]\w*(?:::\w+)+", code))


def main():
    document, *sources = map(pathlib.Path, sys.argv[1:])
    public = public_functions(json.loads(document.read_text()))
    called = set().union(*(calls(source.read_text()) for source in sources))
    missing = sorted(public - called)
    print(f"{len(public)} public functions, {len(public) - len(missing)} called by the probe")
    for path in missing:
        print(f"not called: {path}")
    sys.exit(bool(missing) or not public)


main()
