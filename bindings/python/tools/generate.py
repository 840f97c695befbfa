#!/usr/bin/env python3
"""Writes src/ptah/_recipes.py, a typed function for each recipe, from the schemas: generate.py [--check] [--library build/release/libptah.so].

With --check it writes nothing, and says whether the file is current."""
import argparse
import ctypes
import json
import keyword
import pathlib
import sys
import textwrap

TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "array": "Sequence[Any]", "object": "Mapping[str, Any]"}
HEAD = '''"""A function for each kind of work. Made by tools/generate.py from the schemas of the requests; do not edit."""
from __future__ import annotations

from typing import Any, Callable, Mapping, Optional, Sequence, Union

from ._engine import shared_engine
from ._work import Progress, Work

'''


def recipes(library):
    """From the C interface: the package itself needs what is written here."""
    engine = ctypes.CDLL(str(library))
    engine.ptah_recipes.restype = ctypes.c_char_p
    return json.loads(engine.ptah_recipes())


def type_of(schema, is_file):
    if is_file:
        return "Any" if schema.get("type") != "array" else "Sequence[Any]"
    if "anyOf" in schema or isinstance(schema.get("type"), list) or "type" not in schema:
        kinds = []
        for one in schema.get("anyOf", [{"type": kind} for kind in schema.get("type", [])]):
            constant = one.get("const")
            kind = one.get("type") or {bool: "boolean", int: "integer", float: "number", str: "string"}.get(type(constant))
            for name in kind if isinstance(kind, list) else [kind]:
                if TYPES.get(name) and TYPES[name] not in kinds:
                    kinds.append(TYPES[name])
        return kinds[0] if len(kinds) == 1 else f"Union[{', '.join(kinds)}]" if kinds else "Any"
    return TYPES[schema["type"]]


def function(recipe):
    schema = recipe["schema"]
    required = [name for name in schema.get("required", []) if name in schema["properties"]]
    rest = [name for name in schema["properties"] if name not in required]
    # What is usually said without a name comes first: the prompt, the picture, the text.
    required.sort(key=lambda name: schema["properties"][name].get("type") == "object")
    plain = lambda name: name + "_" if keyword.iskeyword(name) else name
    parameters = []
    for name in required:
        parameters.append(f"{plain(name)}: {type_of(schema['properties'][name], name in recipe['files'])}")
    first_free = [name for name in ("prompt", "text") if name in rest][:1] if not required else []
    for name in first_free:
        parameters.append(f"{plain(name)}: Optional[{type_of(schema['properties'][name], False)}] = None")
    parameters.append("*")
    for name in rest:
        if name not in first_free:
            parameters.append(f"{plain(name)}: Optional[{type_of(schema['properties'][name], name in recipe['files'])}] = None")
    parameters += ["progress: Optional[Callable[[Progress], Any]] = None", "budget_bytes: int = 0"]
    together = [parameter.replace(" ", "\0") for parameter in parameters]  # a parameter stays on a line
    wrapped = textwrap.wrap(f"def\0{recipe['name']}({', '.join(together)})\0->\0Work:", 155, subsequent_indent=" " * (len(recipe["name"]) + 5), break_long_words=False, break_on_hyphens=False)
    out = [line.replace("\0", " ") for line in wrapped] + [f'    """{recipe["purpose"]}.', ""]
    for name in required + rest:
        about = schema["properties"][name]
        text = " ".join(about.get("description", "").split()) or ", ".join(about.get("properties", {}))
        if "enum" in about:
            text += f" ({', '.join(map(str, about['enum']))})"
        if "default" in about and name not in required:
            text += f"; default {json.dumps(about['default'], ensure_ascii=False)}"
        out += textwrap.wrap(f"{plain(name)}: {text}".replace("\\", "\\\\").replace('"""', "'''"), 150, initial_indent="    ", subsequent_indent="        ")
    out += ['    """', f'    return shared_engine().make({recipe["name"]!r}, progress=progress, budget_bytes=budget_bytes,']
    arguments = ", ".join(f"{plain(name)}={plain(name)}" for name in required + rest) + ")"
    out += textwrap.wrap(arguments, 145, initial_indent=" " * 31, subsequent_indent=" " * 31, break_long_words=False)
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":", 1)[0])
    parser.add_argument("--check", action="store_true", help="say whether it is current")
    parser.add_argument("--library", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[3] / "build" / "release" / "libptah.so")
    o = parser.parse_args()
    table = recipes(o.library)
    text = HEAD + f"__all__ = {json.dumps([recipe['name'] for recipe in table])}\n\n\n" + "\n\n\n".join(map(function, table)) + "\n"
    place = pathlib.Path(__file__).parent.parent / "src" / "ptah" / "_recipes.py"
    if o.check:
        if place.read_text() != text:
            sys.exit(f"{place} is not what the schemas say: build the target ptah_shared and run {__file__}")
        return
    place.write_text(text)


main()
