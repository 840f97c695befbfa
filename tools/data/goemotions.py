#!/usr/bin/env python3
"""Makes CSV files for `ptah train encoder` of GoEmotions (Demszky et al. 2020): 54,263 comments with 27 emotions and neutral.

    tools/data/goemotions.py --out data/goemotions [--from FOLDER] [--groups]

FOLDER holds {train,dev,test}.tsv and labels.txt as the data's authors share them (Apache-2.0); without it they are fetched from the repository
monologg/GoEmotions-pytorch. The comments are what people wrote in public: some are rude. With --groups each text also has the labels ekman/NAME and
group/NAME that follow from its own, by the authors' tables: `ptah emotion` is trained on these (models/emotion/README.md).
"""
import argparse
import csv
import pathlib
import subprocess
import tempfile

REPOSITORY = "https://github.com/monologg/GoEmotions-pytorch"
EKMAN = {
    "anger": "anger annoyance disapproval",
    "disgust": "disgust",
    "fear": "fear nervousness",
    "joy": "joy amusement approval excitement gratitude love optimism relief pride admiration desire caring",
    "sadness": "sadness disappointment embarrassment grief remorse",
    "surprise": "surprise realization confusion curiosity",
    "neutral": "neutral",
}
GROUPS = {
    "positive": EKMAN["joy"],
    "negative": " ".join(EKMAN[name] for name in ("anger", "disgust", "fear", "sadness")),
    "ambiguous": EKMAN["surprise"],
    "neutral": "neutral",
}
ROWS = {"train": 43410, "dev": 5426, "test": 5427}


def groups_of(labels):
    """ekman/NAME and group/NAME of labels."""
    return [f"{kind}/{name}" for kind, table in (("ekman", EKMAN), ("group", GROUPS)) for name, members in table.items() if set(members.split()) & set(labels)]


def convert(source, out, groups):
    labels = (source / "labels.txt").read_text().split()
    out.mkdir(parents=True, exist_ok=True)
    for name, count in ROWS.items():
        rows = [line.rstrip("\n").split("\t") for line in open(source / f"{name}.tsv", encoding="utf-8", newline="\n")]
        assert len(rows) == count, f"{name}.tsv has {len(rows)} rows, not {count}"
        with open(out / f"{name}.csv", "w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["text", "labels"])
            for text, numbers, _ in rows:
                own = [labels[int(n)] for n in numbers.split(",")]
                writer.writerow([text, "|".join(own + (groups_of(own) if groups else []))])
        print(f"{out / name}.csv: {count} texts")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--from", dest="source", type=pathlib.Path)
    parser.add_argument("--groups", action="store_true")
    args = parser.parse_args()
    if args.source:
        return convert(args.source, args.out, args.groups)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", REPOSITORY, folder], check=True)
        convert(pathlib.Path(folder) / "data" / "original", args.out, args.groups)


if __name__ == "__main__":
    main()
