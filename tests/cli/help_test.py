#!/usr/bin/env python3
"""What help looks like for every command: python3 help_test.py PTAH [--write].

tests/data/options.txt holds the options of every command, so that none vanishes unseen; --write makes it again."""
import pathlib
import re
import subprocess
import sys

ptah = sys.argv[1]
faults = []


def run(*words):
    return subprocess.run([ptah, *words], capture_output=True, text=True, timeout=60)


def expect(what, holds):
    if not holds:
        faults.append(what)


def names_in(text):
    return re.findall(r"^  ([a-z][a-z-]*)(?:\s|$)", text, re.M)


# --- the list of commands: grouped, one line each
top = run("--help").stdout
groups = re.findall(r"^([A-Z]\w*):$", top, re.M)
expect(f"groups: {groups}", groups[:7] == ["Create", "Language", "Train", "Models", "Own", "Community", "Help"])
for line in top.splitlines():
    expect(f"a purpose of more than a line: {line}", not re.match(r"^ {24}\S", line))
expect("help without a command is the same", run("help").stdout == top)
expect("where more is said", "`ptah help COMMAND` explains a command. Exit status: 0 done, 2 wrong arguments, 3 not found" in top)

# --- every command and every command below it
leaves = []
options = {}  # of each command


def visit(path):
    text = run(*path, "--help").stdout
    name = " ".join(("ptah", *path))
    below = names_in(text.split("\nCommands:\n")[1].split("\n\n")[0]) if "\nCommands:\n" in text else []
    expect(f"{name}: help and --help differ", run("help", *path).stdout == text)
    expect(f"{name}: no usage", f"\nUsage: {name}" in text)
    purpose = text.split("\n\n")[0]
    expect(f"{name}: the purpose is not one line: {purpose}", "\n" not in purpose and 0 < len(purpose) <= 100)
    for line in text.split("\nExamples:\n")[0].splitlines():
        expect(f"{name}: a line of {len(line)} columns: {line}", len(line) <= 100)
    expect(f"{name}: no example", "\nExamples:\n" in text)
    examples = text.split("\nExamples:\n")[-1].split("\n\n")[0].splitlines()
    for line in examples:
        expect(f"{name}: example of another command: {line}", name in line)
    expect(f"{name}: a raw type in {text}", not re.search(r"\b(INT|UINT|FLOAT|REQUIRED)\b", text))
    if below and path not in (("plan",), ("serve",)):  # which plan a work and serve by themselves
        alone = run(*path)
        expect(f"{name}: alone it ends with {alone.returncode}: {alone.stderr[:200]}", alone.returncode == 2 and alone.stderr)
    for one in below:
        visit((*path, one))
    if not below:
        leaves.append(path)
        options[name] = re.findall(r"^  (?:-\w,\s*)?(--[\w-]+|[A-Z][A-Z_-]*)(?: .*)?$", text.split("\nExamples:\n")[0].split("\nUsage:")[1], re.M)


for name in re.findall(r"^  ([a-z][a-z-]*) ", top.split("\nOptions:")[0], re.M):
    visit((name,))
expect(f"only {len(leaves)} commands", len(leaves) > 60)

# --- what a command can be told
kept = pathlib.Path(__file__).parent.parent / "data" / "options.txt"
found = "".join(f"{name}: {' '.join(said)}\n" for name, said in options.items())
if "--write" in sys.argv:
    kept.write_text(found)
for line in set(kept.read_text().splitlines()) ^ set(found.splitlines()):
    faults.append(f"other options than in tests/data/options.txt (--write makes it again): {line}")

# --- units, ranges and defaults
for command, texts in {
    ("mint",): ["hundredths of a percent", "0 to 1000; default 500", "default Works", "default WORKS"],
    ("voucher",): ["default 30", "1 to 3650"],
    ("ask",): ["default 512", "default chat", "default 0.2"],
    ("chat",): ["default 512", "default 0.2", "f32, bf16, q8", "--no-memory", "--no-principles"],
    ("plan", "chat"): ["default 200", "default 256", "f32, bf16, q8", "default chat"],
    ("create",): ["default glossy", "default 256", "default 12", "default png,glb"],
    ("read", "publish"): ["default 6", "one of all, minilm, none"],
    ("dao", "found"): ["default 3d", "required"],
    ("train", "picture"): ["default 5", "default picture-model"],
}.items():
    text = re.sub(r"\s+", " ", run(*command, "--help").stdout)
    for one in texts:
        expect(f"ptah {' '.join(command)} --help does not say '{one}'", one in text)

# --- suggestions, the version, and options under their old names
expect("no suggestion for crate", "did you mean create?" in run("crate", "fox").stderr)
expect("version", run("version").stdout == run("--version").stdout and run("version").stdout.startswith("ptah "))
for before in ("--seamless", "--t5-words=x"):
    said = run("paint", "fox", "--model", "nowhere", before).stderr
    expect(f"paint {before}: {said}", said and "has no option" not in said)
    expect(f"paint --help still lists {before}", before.split("=")[0] not in run("paint", "--help").stdout)

if faults:
    sys.exit("\n".join(faults))
print(f"{len(leaves)} commands")
