#!/usr/bin/env python3
"""Fails if a file, function or folder of src/ has grown beyond what one can read at a sitting; the exceptions below may only shrink."""
import pathlib
import re
import sys

MAX_FILE, MAX_FUNCTION, MAX_FOLDER = 600, 80, 20
# What is still larger, with its size today. Cut it, or take it off here.
EXCEPTIONS = {}
NO_FUNCTION = re.compile(r"^\s*((namespace|struct|class|enum|union|extern|if|for|while|switch|else|do|return|try|catch)\b|})")


def functions(text):
    """(name, lines) of every function whose head begins at column 0 or 2: clang-format puts them there."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        begin = at
        while begin > 0 and lines[at].endswith("{") and lines[begin].startswith("    ") and not lines[begin - 1].endswith((";", "}", "{")):
            begin -= 1
        head = lines[begin]
        indent = len(head) - len(head.lstrip(" "))
        if lines[at].endswith("{") and indent in (0, 2) and "(" in head and not NO_FUNCTION.match(head) and "= {" not in head:
            end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith(" " * indent + "}")), len(lines))
            yield (re.search(r"([~\w:]+|operator\S+)\(", head) or re.match(r"(.*)", head.strip())).group(1), end - begin + 1
            if indent == 0:
                at = end
        at += 1


def main():
    source = pathlib.Path(sys.argv[1])
    found = {}
    folders = {}
    count = 0
    for path in sorted(source.rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        text, name = path.read_text(), str(path.relative_to(source))
        lines = text.count("\n")
        if lines > MAX_FILE:
            found[name] = lines
        for function, size in functions(text):
            count += 1
            if size > MAX_FUNCTION:
                found[f"{name}:{function}"] = size
        if path.suffix == ".cpp":
            folder = str(path.parent.relative_to(source))
            folders[folder] = folders.get(folder, 0) + 1
    found.update({f"{folder}/": sources for folder, sources in folders.items() if sources > MAX_FOLDER})
    problems = [f"{name}: {size} (exception: {EXCEPTIONS.get(name, 'none')})" for name, size in sorted(found.items()) if size > EXCEPTIONS.get(name, 0)]
    problems += [f"{name} is {found.get(name, 'small enough')} now: lower its exception of {size}" for name, size in sorted(EXCEPTIONS.items())
                 if found.get(name, 0) < size]
    assert count > 1000, f"only {count} functions found"
    assert list(functions("void f(int a) {\n" + "  g();\n" * 90 + "}\n")) == [("f", 92)]
    print("\n".join(problems) or f"{count} functions, none too long")
    sys.exit(bool(problems))


main()
