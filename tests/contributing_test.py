#!/usr/bin/env python3
"""Follows CONTRIBUTING.md: python3 contributing_test.py ROOT BUILD.

"Adding a command" is followed literally on a copy of src/cli: its files are written as the page says, compiled and linked by the build's own commands, and the
new program is asked. Of the other chapters the lists of files are checked.
"""
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

root, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
page = (root / "CONTRIBUTING.md").read_text()
NUMBERS = {"two": 2, "three": 3, "four": 4}
NEW = ("twice", "mymodel", "myrecipe", "hello")  # names of files that do not exist yet


def chapters():
    for head, body in re.findall(r"^## (Adding a[n]? \w+: \w+ files)\n(.*?)(?=^## |\Z)", page, re.S | re.M):
        yield head, body


def check_lists():
    found = []
    for head, body in chapters():
        kind, number = re.match(r"Adding an? (\w+): (\w+) files", head).groups()
        files = re.findall(r"^\d\. `([^`]+)`", body, re.M)
        if len(files) != NUMBERS[number] or len(re.findall(r"^\d\. ", body, re.M)) != len(files):
            sys.exit(f"{head}: lists {files}")
        for file in files:
            place = root / file
            if Path(file).stem.split("_")[0] in NEW:
                assert not place.exists() and place.parent.is_dir(), f"{head}: {file} should be a new file in a folder that exists"
            else:
                assert place.is_file(), f"{head}: there is no {file}"
        found.append(kind)
    assert found == ["op", "model", "recipe", "command"], found
    for folder in re.findall(r"`((?:src|include|tests|tools|contracts)/[\w/]*)`", page):
        assert (root / folder).is_dir(), f"the map names {folder}, which is not there"


def follow(scratch):
    """Writes the files of the chapter on commands; returns the two that are new or changed."""
    body = dict(chapters())["Adding a command: two files"]
    source, declaration, row = (re.sub(r"^   ", "", block, flags=re.M) for block in re.findall(r"^   ```cpp\n(.*?)^   ```", body, re.S | re.M))
    shutil.copytree(root / "src/cli", scratch / "src/cli")
    new, table = scratch / "src/cli/commands/hello.cpp", scratch / "src/cli/command_table.cpp"
    new.write_text(source)
    text = table.read_text()
    last = re.search(r"^Add .*?;\n", text, re.S | re.M)
    text = text[:last.end()] + declaration + text[last.end():]
    at = text.index("    {\"help\",")
    table.write_text(text[:at] + "    " + row + text[at:])
    return new, table


def build_it(scratch, new, table):
    """By the commands of the build, with the copies in place of their sources. Sources may be compiled as one: then the copy takes its place among them."""
    commands = subprocess.run(["ninja", "-C", build, "-t", "commands", "ptah_cli"], capture_output=True, text=True, check=True).stdout.splitlines()
    original = root / "src/cli/command_table.cpp"

    def compiles(line):
        unit = Path(shlex.split(line)[-1])
        return " -c " in line and (unit == original or (unit.parent.name == "Unity" and f'"{original}"' in unit.read_text()))

    compile_table = next(line for line in commands if compiles(line))
    link = next(line for line in reversed(commands) if " -o ptah " in line)
    words = shlex.split(compile_table)
    unit, was = Path(words[-1]), words[words.index("-o") + 1]
    if unit != original:
        together = scratch / "together.cpp"
        together.write_text(unit.read_text().replace(f'"{original}"', f'"{table}"'))
        table = together
    objects = []
    for source in (new, table):
        out = scratch / (source.stem + ".o")
        mine = [f"-I{scratch / 'src'}" if word == f"-I{root / 'src'}" else word for word in words]
        mine.insert(mine.index(f"-I{scratch / 'src'}") + 1, f"-I{root / 'src'}")
        mine[mine.index("-o") + 1], mine[mine.index("-MF") + 1], mine[-1] = str(out), str(out) + ".d", str(source)
        subprocess.run(mine, cwd=build, check=True)
        objects.append(str(out))
    program = scratch / "ptah"
    subprocess.run(link.replace(was, " ".join(objects)).replace(" -o ptah ", f" -o {program} "), shell=True, cwd=build, check=True)
    return program


def main():
    check_lists()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        program = build_it(scratch, *follow(scratch))

        def run(*words):
            return subprocess.run([program, *words], capture_output=True, text=True, timeout=60)

        assert run("hello", "Ann").stdout == "Hello, Ann!\n", run("hello", "Ann")
        assert run("hello").stdout == "Hello, world!\n"
        assert re.search(r"^  hello +greet somebody$", run("--help").stdout, re.M)
        assert "ptah hello Ann" in run("help", "hello").stdout and "default world" in run("help", "hello").stdout
        assert "did you mean hello?" in run("helo").stderr
        assert "hello" in run("completion").stdout
    print("CONTRIBUTING.md was followed")


main()
