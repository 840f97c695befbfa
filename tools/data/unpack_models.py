#!/usr/bin/env python3
"""Unpacks a packed set of models (models.bin, models.jsonl, read_models.py) into a folder of OBJ files, as `ptah train two-sided` reads them.

    tools/data/unpack_models.py SET OUT [--all]

Writes OUT/ID.obj and OUT/ID.mtl for each model, and OUT/held_out.txt from the set's heldout.txt. Models without colours of their own are left out unless --all
is given. What is there stays. Needs Python with numpy.
"""
import argparse
import pathlib
import shutil
import sys

options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
options.add_argument("set", type=pathlib.Path)
options.add_argument("out", type=pathlib.Path)
options.add_argument("--all", action="store_true", help="models without colours of their own too")
o = options.parse_args()
sys.path.insert(0, str(o.set))
from read_models import Models, write_obj  # noqa: E402

models, written = Models(str(o.set)), 0
for meta in models.meta:
    target = o.out / (meta["id"] + ".obj")
    if target.exists() or not (o.all or meta["colour_known"]):
        continue
    target.parent.mkdir(parents=True, exist_ok=True)
    write_obj(models.load(meta["row"]), str(target))
    written += 1
shutil.copyfile(o.set / "heldout.txt", o.out / "held_out.txt")
print(f"{written} models written to {o.out}")
