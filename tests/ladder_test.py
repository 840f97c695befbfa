#!/usr/bin/env python3
"""Fails if a source includes a folder that stands above its own on the ladder (docs/architecture.md)."""
import pathlib
import re
import sys

RUNGS = [["base"], ["tensor"], ["weights", "media"], ["nn"], ["text", "image", "shape", "voice"], ["train", "create"], ["api", "own"],
         ["chain"], ["apps"], ["serve"], ["cli"]]
LEVEL = {folder: level for level, folders in enumerate(RUNGS) for folder in folders}


def climbs(path, folder, included):
    if included == folder:
        return None
    if included not in LEVEL:
        return f"{path}: includes unknown folder '{included}'"
    if LEVEL[included] > LEVEL[folder]:
        return f"{path}: {folder} (rung {LEVEL[folder]}) includes {included} (rung {LEVEL[included]})"
    if LEVEL[included] == LEVEL[folder] and folder in ("text", "image", "shape", "voice"):
        return f"{path}: the craft {folder} includes the craft {included}"
    return None


def main():
    source = pathlib.Path(sys.argv[1])
    problems, seen = [], 0
    for path in sorted(source.rglob("*")):
        if path.suffix not in (".h", ".cpp"):
            continue
        folder = path.relative_to(source).parts[0]
        for included in re.findall(r'^#include "([a-z0-9_]+)/', path.read_text(), re.M):
            seen += 1
            if included == "ptah":
                continue
            problem = climbs(path, folder, included)
            if problem:
                problems.append(problem)
    assert climbs("x", "tensor", "nn") and climbs("x", "text", "image") and not climbs("x", "create", "image")
    assert seen > 50, f"only {seen} includes found: is the path right?"
    print("\n".join(problems) or f"{seen} includes, none climbs")
    sys.exit(bool(problems))


main()
