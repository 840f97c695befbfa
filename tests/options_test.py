#!/usr/bin/env python3
"""Fails if a text outside cli/ and schema/ names an option: the library speaks of fields (between backquotes), and each front end says them in its own words."""
import pathlib
import re
import sys

# Arguments of other programs that these start: literals that are an option and nothing else.
STARTS_PROGRAMS = ("models/pull.cpp", "chain/dev_chain.cpp", "voice/foreign/espeak_reader.cpp", "apps/contract_writer/contract_build.cpp",
                   "apps/education/code_language.cpp")
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
OPTION = re.compile(r"(?<![-\w])--[a-z][a-z0-9-]*")


def options_in(path, text):
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(("//", "#include")):
            continue
        for literal in LITERAL.findall(line):
            if path.endswith(STARTS_PROGRAMS) and OPTION.fullmatch(literal.split("=")[0]):
                continue
            found += [f"{path}:{number}: {option} in \"{literal[:80]}\"" for option in OPTION.findall(literal)]
    return found


def main():
    source = pathlib.Path(sys.argv[1])
    problems, seen = [], 0
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.suffix in (".h", ".cpp") and not name.startswith(("cli/", "schema/")):
            seen += 1
            problems += options_in(name, path.read_text())
    assert options_in("x.cpp", 'fail("choose another --out")') and options_in("x.cpp", '"--out"') and not options_in("x.cpp", '"a -- b"; // "--out"'[:9])
    assert not options_in("models/pull.cpp", '{"--quiet"}') and options_in("models/pull.cpp", '"add --quiet"')
    assert seen > 100, f"only {seen} files found: is the path right?"
    print("\n".join(problems) or f"{seen} files, none names an option")
    sys.exit(bool(problems))


main()
