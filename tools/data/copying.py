#!/usr/bin/env python3
"""Makes pairs for `ptah train translate` that show what a network retains: strings of random letters that have to come out as they went in, or reversed.

    tools/data/copying.py --out data/copying [--longest 64] [--task copy|reverse] [--pairs 20000] [--seed 1]

Lengths are even from 1 to the longest. `test.tsv` has 100 strings in each range of lengths of scores.json, none of them in `train.tsv`.
"""
import argparse
import pathlib
import random

LETTERS = "abcdefghijklmnopqrstuvwxyz"
BOUNDS = [1, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--longest", type=int, default=64)
    parser.add_argument("--task", choices=["copy", "reverse"], default="copy")
    parser.add_argument("--pairs", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    draw = random.Random(args.seed)
    made = lambda n: "".join(draw.choice(LETTERS) for _ in range(n))
    pair = lambda s: f"{s}\t{s if args.task == 'copy' else s[::-1]}\n"
    test = {made(draw.randint(low, min(high - 1, args.longest))) for low, high in zip(BOUNDS, BOUNDS[1:]) if low <= args.longest for _ in range(100)}
    train = [s for s in (made(draw.randint(1, args.longest)) for _ in range(args.pairs)) if s not in test]
    args.out.mkdir(parents=True, exist_ok=True)
    for name, some in (("train", train), ("test", sorted(test))):
        (args.out / f"{name}.tsv").write_text("".join(map(pair, some)))
        print(f"{args.out / name}.tsv: {len(some)} pairs")


if __name__ == "__main__":
    main()
