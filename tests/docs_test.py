#!/usr/bin/env python3
"""Checks the documentation: python3 docs_test.py ROOT PTAH.

Lines fit into 100 columns (tables and what stands in quotation of the program excepted), relative links lead somewhere, every `ptah …` command line names
commands and options that the program has (its --help is asked), *Use* comes before *How it works*, and programs in C++ are examples.
"""
import functools
import re
import shlex
import subprocess
import sys
from pathlib import Path

COLUMNS = 100
AHEAD = set()  # commands that a page describes and the program does not have yet


def pages(root):
    return sorted([*(root / "docs").rglob("*.md"), root / "README.md", root / "CONTRIBUTING.md"])


def long_lines(text):
    return [f"{n}: {len(line)} columns" for n, line in enumerate(text.splitlines(), 1) if len(line) > COLUMNS and not line.lstrip().startswith("|")]


def dead_links(page, text):
    prose = re.sub(r"```.*?```", "", text, flags=re.S)
    faults = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"[a-z]+:|#", target):
            continue
        if not (page.parent / target.split("#")[0]).exists():
            faults.append(f"no {target}")
    return faults


def order(text):
    use, how = (re.search(rf"^#+ {title}$", text, re.M) for title in ("Use", "How it works"))
    return ["'How it works' stands before 'Use'"] if use and how and use.start() > how.start() else []


def untried_programs(root, text):
    """Whole programs in C++ are examples, which are built."""
    examples = [file.read_text() for file in (root / "examples").glob("*.cpp")]
    programs = [block for block in re.findall(r"^```cpp\n(.*?)^```", text, re.S | re.M) if "int main(" in block]
    return ["a program in C++ that is none of the examples" for program in programs if not any(program in example for example in examples)]


def command_lines(text):
    """The command lines of ptah in code blocks without a language or in sh, and in `code`."""
    out = []
    for language, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.S | re.M):
        if language in ("", "sh", "bash"):
            out += re.sub(r"\\\n\s*", "", block).splitlines()
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.S | re.M)
    out += [span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", prose)]
    return out


def commands_in(line):
    """The argument lists of the calls of ptah in a line of shell."""
    for part in re.split(r"<\(|\$\(|\)|;|\|(?!\w)|&&", re.sub(r"(^|\s)#.*$", "", line)):
        part = re.sub(r"\s[<>]\s*\S*|\s2>\S*", "", " " + part).strip()
        part = re.sub(r"^(! |source |do |if |[A-Z_]+=\S* )*", "", part)
        try:
            words = shlex.split(part)
        except ValueError:
            continue  # a piece of a larger expression
        if words and words[0] in ("ptah", "./ptah") and len(words) > 1:
            yield words[1:]


class Program:
    def __init__(self, path):
        self.path = path

    @functools.lru_cache(maxsize=None)
    def help(self, *command):
        done = subprocess.run([self.path, *command, "--help"], capture_output=True, text=True, timeout=60)
        return done.stdout if done.returncode == 0 else None

    def commands(self, *command):
        """The commands below a command, from its help."""
        text = self.help(*command)
        usage = re.search(r"^Usage: (.*?)\n\n", text, re.S | re.M).group(1)
        return set(re.findall(r"^  ([a-z][a-z-]*)(?:\s|$)", text, re.M)) if "COMMAND" in usage else set()

    def options(self, *command):
        return set(re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", "\n".join(re.findall(r"^  (-.*?)(?:  |$)", self.help(*command), re.M)))) | {"--help", "-h"}

    def faults(self, words):
        """What is wrong with a command line."""
        at = ()
        rest = list(words[1:] if words[0] == "help" else words)
        while rest and not rest[0].startswith("-"):
            below = self.commands(*at)
            if not below:
                break
            if rest[0] not in below:
                if " or ptah" in re.search(r"^Usage: (.*?)\n\n", self.help(*at), re.S | re.M).group(1):
                    break  # it is an argument
                if not at and rest[0] in {"COMMAND", "test", "…", *AHEAD}:
                    return []
                return [f"ptah {' '.join(at)} has no command '{rest[0]}'"]
            at += (rest.pop(0),)
        known = self.options(*at) if at else {"--help", "--version", "-h"}
        faults = []
        for word in rest:
            if word == "--":
                break
            if re.match(r"--?[a-z]", word) and word.split("=")[0] not in known:
                faults.append(f"ptah {' '.join(at)} has no option {word}")
        return faults


def main():
    root, program = Path(sys.argv[1]), Program(sys.argv[2])
    faults, seen = [], 0
    for page in pages(root):
        text = page.read_text()
        here = long_lines(text) + dead_links(page, text) + order(text) + untried_programs(root, text)
        for line in command_lines(text):
            for words in commands_in(line):
                seen += 1
                here += [f"`{line.strip()}`: {fault}" for fault in program.faults(words)]
        faults += [f"{page.relative_to(root)}: {fault}" for fault in here]
    for page in (root / "CHANGELOG.md", root / "SECURITY.md", *(root / "models").rglob("*.md")):
        faults += [f"{page.relative_to(root)}: {fault}" for fault in long_lines(page.read_text())]
    # What the check would miss without saying so.
    assert program.faults(["crate", "x"]) and program.faults(["create", "x", "--sed", "1"]) and program.faults(["memory", "ad", "x"])
    assert not program.faults(["create", "x", "--seed", "1"]) and not program.faults(["key", "list"])
    faults += [f"the program has '{command}' by now: take it off AHEAD" for command in AHEAD & program.commands()]
    if seen < 100:
        faults.append(f"only {seen} command lines were found")
    if faults:
        sys.exit("\n".join(faults))
    print(f"{seen} command lines, {len(pages(root))} pages")


main()
