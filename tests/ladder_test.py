#!/usr/bin/env python3
"""Fails if a source includes a folder that stands above its own or beside it on the ladder, and if the table of docs/architecture.md is another one."""
import pathlib
import re
import sys

# Rung by rung; folders of one rung do not include each other, except the pairs.
RUNGS = [["base", "schema"], ["tensor", "net"], ["weights", "media", "geometry", "pixels"], ["models", "nn", "work", "render"], ["text", "image", "shape", "scene", "voice", "face", "own"],
         ["pipelines", "contract"], ["train", "jobs"], ["chain"], ["apps"], ["api"], ["serve"], ["cli"]]
PAIRS = {("schema", "base"), ("media", "geometry"), ("pixels", "media"), ("scene", "shape"), ("pipelines", "contract")}
LEVEL = {folder: level for level, folders in enumerate(RUNGS) for folder in folders}
CRAFTS_WITHOUT_NETWORKS = ("own", "chain")  # ownership needs works, not the networks that made them
NETWORKS = ("tensor", "weights", "nn", "text", "image", "shape", "scene", "voice", "face", "pipelines", "train")


def climbs(path, folder, included):
    if included == folder or (folder, included) in PAIRS:
        return None
    if included not in LEVEL:
        return f"{path}: includes the unknown folder '{included}'"
    if LEVEL[included] > LEVEL[folder]:
        return f"{path}: {folder} (rung {LEVEL[folder]}) includes {included} (rung {LEVEL[included]})"
    if LEVEL[included] == LEVEL[folder]:
        return f"{path}: {folder} includes {included}, which stands on the same rung"
    if folder in CRAFTS_WITHOUT_NETWORKS and included in NETWORKS:
        return f"{path}: {folder} includes {included}, but needs no neural network"
    return None


def table(page):
    """The rungs as the page has them: rows | number | `folder/` … |."""
    rungs = {}
    for number, folders in re.findall(r"^\| (\d+) \| ([^|]+) \|", page, re.M):
        rungs.setdefault(int(number), []).extend(re.findall(r"`([a-z_]+)/`", folders))
    return [sorted(rungs[number]) for number in sorted(rungs)]


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
    folders = {path.name for path in source.iterdir() if path.is_dir()}
    problems += [f"{name}/ stands on no rung" for name in sorted(folders - set(LEVEL))]
    problems += [f"the ladder has {name}/, which does not exist" for name in sorted(set(LEVEL) - folders)]
    page = (source.parent / "docs" / "architecture.md").read_text()
    if table(page) != [sorted(rung) for rung in RUNGS]:
        problems.append(f"docs/architecture.md has other rungs: {table(page)}")
    assert climbs("x", "tensor", "nn") and climbs("x", "text", "image") and climbs("x", "own", "tensor") and not climbs("x", "pipelines", "image")
    assert seen > 50, f"only {seen} includes found: is the path right?"
    print("\n".join(problems) or f"{seen} includes, none climbs")
    sys.exit(bool(problems))


main()
