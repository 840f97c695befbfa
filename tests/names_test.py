#!/usr/bin/env python3
"""Fails if two files of src/ define a type of the same name in the same namespace: in one program that is undefined behaviour, whoever includes what.

Fails also if two sources of a target that are compiled as one (PTAH_UNITY) have a name in common in their anonymous namespaces: the compiler finds most of
these, but of two functions with different parameters it might silently take the other file's.
"""
import collections
import pathlib
import re
import sys

NAMESPACE = re.compile(r"^(?:inline )?namespace ?([\w:]*) ?\{$")
SEPARATE = re.compile(r"^ptah_rung\((\w+) SEPARATE(?: FOLDER ([\w/]+))? LINK ", re.MULTILINE)
ALONE = re.compile(r'^ +file\(STRINGS \$\{source\} \w+ REGEX "([^"]+)"', re.MULTILINE)
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


def local_names(text):
    """(name, what it stands for) of what is defined in anonymous namespaces."""
    inside = False
    for line in text.split("\n"):
        if line == "namespace {":
            inside = True
        elif line == "}  // namespace":
            inside = False
        elif inside and line and line[0] not in " /#}":
            line = re.sub(r"\[\[.*?\]\] |^template <[^<>]*> ", "", line)
            if found := re.match(r"(?:struct|class|enum class|enum) (\w+)", line):
                yield found.group(1), ""
            elif found := re.match(r"using (\w+) = (.*);", line):
                yield found.group(1), found.group(2)
            elif re.match(r"(?:inline |static )?(?:constexpr|const) ", line) and "(" not in line.split("=")[0]:
                for name in re.findall(r"\b(k[A-Z]\w*)\b(?=\s*(?:\[[^\]]*\])*\s*[={])", line):
                    yield name, ""
            elif (found := re.match(r"[\w:<>,&*\s\[\]()]*?\b([A-Za-z_]\w*)\(", line)) and found.group(1) not in ("decltype", "template", "requires"):
                yield found.group(1), ""


def compiled_alone(source):
    """Whether src/CMakeLists.txt compiles a source alone: by its rung (SEPARATE), or by a line in it (ptah_unity)."""
    rules = (source / "CMakeLists.txt").read_text()
    folders = [folder or name for name, folder in SEPARATE.findall(rules)]
    [line] = ALONE.findall(rules)
    return lambda path, text: any(path.is_relative_to(folder) for folder in folders) or re.search(line, text)


def shared_local_names(source):
    """The names that two sources of one target have in their anonymous namespaces; the same alias for the same type is none."""
    targets = collections.defaultdict(lambda: collections.defaultdict(dict))
    alone = compiled_alone(source)
    for file in sorted(source.rglob("*.cpp")):
        path, text = file.relative_to(source), file.read_text()
        if not alone(path, text):
            for name, alias in local_names(text):
                targets[path.parts[:2] if path.parts[0] == "apps" else path.parts[0]][name].setdefault(str(path), alias)
    for names in targets.values():
        for name, files in sorted(names.items()):
            if len(files) > 1 and (len(set(files.values())) > 1 or "" in files.values()):
                yield f"{name} stands in the anonymous namespaces of {' and '.join(files)}, which are compiled as one"


def main():
    source = pathlib.Path(sys.argv[1])
    places = {}
    for path in sorted(source.rglob("*")):
        if path.suffix in (".h", ".cpp"):
            for name, number in types(path.read_text()):
                places.setdefault(name, []).append(f"{path.relative_to(source)}:{number}")
    problems = [f"{name} is defined in {' and '.join(found)}" for name, found in sorted(places.items()) if len({place.split(':')[0] for place in found}) > 1]
    problems += shared_local_names(source)
    locals_ = "namespace {\n\nint a(int b) {\n  return c(b);\n}\ntemplate <class T>\nT d(T x) {\n}\nconstexpr int kE = 1, kF[2] = {3};\nusing G = int;\n\n}  // namespace\nint h() {\n"
    assert list(local_names(locals_)) == [("a", ""), ("d", ""), ("kE", ""), ("kF", ""), ("G", "int")], list(local_names(locals_))
    sample = "namespace ptah {\n\nstruct A {\n};\nnamespace {\n\nclass B : public A {\n}\n\n}  // namespace\n}  // namespace ptah\nnamespace ptah::x {\nenum class C {\n"
    assert [name for name, _ in types(sample)] == ["ptah::A", "ptah::x::C"]
    assert len(places) > 300, f"only {len(places)} types found"
    print("\n".join(problems) or f"{len(places)} types, each once")
    sys.exit(bool(problems))


main()
