#!/usr/bin/env python3
"""Makes CSV files for `ptah train encoder` of GoEmotions (Demszky et al. 2020): 54,263 comments with 27 emotions and neutral.

    tools/data/goemotions.py --out data/goemotions [--from FOLDER]

FOLDER holds {train,dev,test}.tsv and labels.txt as the data's authors share them (Apache-2.0); without it they are fetched from the repository
monologg/GoEmotions-pytorch. The comments are what people wrote in public: some are rude.
"""
import argparse
import csv
import pathlib
import subprocess
import tempfile

REPOSITORY = "https://github.com/monologg/GoEmotions-pytorch"
ROWS = {"train": 43410, "dev": 5426, "test": 5427}


def convert(source, out):
    labels = (source / "labels.txt").read_text().split()
    out.mkdir(parents=True, exist_ok=True)
    for name, count in ROWS.items():
        rows = [line.rstrip("\n").split("\t") for line in open(source / f"{name}.tsv", encoding="utf-8", newline="\n")]
        assert len(rows) == count, f"{name}.tsv has {len(rows)} rows, not {count}"
        with open(out / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["text", "labels"])
            for text, numbers, _ in rows:
                writer.writerow([text, "|".join(labels[int(n)] for n in numbers.split(","))])
        print(f"{out / name}.csv: {count} texts")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--from", dest="source", type=pathlib.Path)
    args = parser.parse_args()
    if args.source:
        return convert(args.source, args.out)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", REPOSITORY, folder], check=True)
        convert(pathlib.Path(folder) / "data" / "original", args.out)


if __name__ == "__main__":
    main()
