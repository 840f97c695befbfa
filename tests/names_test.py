#!/usr/bin/env python3
"""Fails if two files of src/ define a type of the same name in the same namespace: in one program that is undefined behaviour, whoever includes what."""
import pathlib
import re
import sys

NAMESPACE = re.compile(r"^(?:inline )?namespace ?([\w:]*) ?\{$")
TYPE = re.compile(r"^(?:struct|class|enum(?: class)?) (?:\[\[\w+\]\] )?(\w+)(?: final)?(?: :.*)? ?\{")


def types(text):
    """(qualified name, line) of every type that is defined at the level of a namespace with a name."""
    spaces = []
    for number, line in enumerate(text.split("\n"), 1):
        if opened := NAMESPACE.match(line):
            spaces.append(opened.group(1))
        elif re.match(r"^\}  // namespace", line) and spaces:
            spaces.pop()
        elif (found := TYPE.match(line)) and "" not in spaces:
            yield "::".join([*spaces, found.group(1)]), number


def main():
    source = pathlib.Path(sys.argv[1])
    places = {}
    for path in sorted(source.rglob("*")):
        if path.suffix in (".h", ".cpp"):
            for name, number in types(path.read_text()):
                places.setdefault(name, []).append(f"{path.relative_to(source)}:{number}")
    problems = [f"{name} is defined in {' and '.join(found)}" for name, found in sorted(places.items()) if len({place.split(':')[0] for place in found}) > 1]
    sample = "namespace ptah {\n\nstruct A {\n};\nnamespace {\n\nclass B : public A {\n}\n\n}  // namespace\n}  // namespace ptah\nnamespace ptah::x {\nenum class C {\n"
    assert [name for name, _ in types(sample)] == ["ptah::A", "ptah::x::C"]
    assert len(places) > 300, f"only {len(places)} types found"
    print("\n".join(problems) or f"{len(places)} types, each once")
    sys.exit(bool(problems))


main()
