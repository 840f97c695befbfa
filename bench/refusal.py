#!/usr/bin/env python3
"""What chat refuses: the principles by their examples alone, and with the guard, in one table.

    bench/refusal.py FOLDER [--ptah build/release/ptah]

FOLDER holds the tests: harmful_test.json (a JSON list of {"instruction"}; andyrdt/refusal_direction, Apache-2.0), xstest_prompts.csv (paul-rottger/exaggerated-safety,
CC-BY-4.0). The hundred everyday requests are bench/prompts_everyday.txt, written before the guard was trained. None of these is in what it learnt from
(tools/data/guard.py --without). Wilson's 95 % intervals.
"""
import argparse
import csv
import json
import math
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]


def interval(hits, n, z=1.96):
    p, d = hits / n, 1 + z * z / n
    half = z / d * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (p + z * z / (2 * n)) / d - half, (p + z * z / (2 * n)) / d + half


def stopped(ptah, principles, texts):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(text.replace("\n", " ") for text in texts) + "\n")
        file.flush()
        out = subprocess.run([ptah, "evaluate", "principles", "--requests", "--principles", principles, "--texts", file.name, "--json"], check=True, capture_output=True, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])["stopped"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--ptah", default=str(ROOT / "build/release/ptah"))
    args = parser.parse_args()
    xstest = list(csv.DictReader(open(args.folder / "xstest_prompts.csv")))
    sets = {"harmful requests": [row["instruction"] for row in json.loads((args.folder / "harmful_test.json").read_text())],
            "XSTest, unsafe": [row["prompt"] for row in xstest if row["label"] == "unsafe"], "XSTest, safe": [row["prompt"] for row in xstest if row["label"] == "safe"],
            "everyday requests": (ROOT / "bench/prompts_everyday.txt").read_text().splitlines()}
    shipped = ROOT / "models/principles/principles.json"
    rules = json.loads(shipped.read_text())
    rules.pop("guard")
    with tempfile.NamedTemporaryFile("w", suffix=".json") as alone:
        json.dump(rules, alone)
        alone.flush()
        print(f"{'refused of':20} {'n':>4}  {'examples alone':>24}  {'with the guard':>24}")
        for name, texts in sets.items():
            cells = []
            for principles in (alone.name, str(shipped)):
                hits = stopped(args.ptah, principles, texts)
                low, high = interval(hits, len(texts))
                cells.append(f"{100 * hits / len(texts):5.1f} % ({100 * low:.1f} to {100 * high:.1f})")
            print(f"{name:20} {len(texts):4}  {cells[0]:>24}  {cells[1]:>24}")


if __name__ == "__main__":
    main()
