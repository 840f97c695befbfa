#!/usr/bin/env python3
"""Makes rows for `ptah train preference` of pairs of answers that people chose from (Bai et al. 2022, hh-rlhf, "harmless", MIT).

    tools/data/preferences.py FILE.jsonl.gz --out pairs.jsonl [--unpaired]

FILE is harmless-base/test.jsonl.gz of the repository anthropics/hh-rlhf: conversations as texts that differ in their last answer. With --unpaired each answer
becomes a row of its own, with a label. Many of these texts are offensive: they are for training and testing only.
"""
import argparse
import gzip
import json
import pathlib
import re

ROLES = {"Human": "user", "Assistant": "assistant"}


def messages(text):
    parts = re.split(r"\n\n(Human|Assistant): ?", text)[1:]
    return [{"role": ROLES[role], "content": said.strip()} for role, said in zip(parts[::2], parts[1::2])]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--unpaired", action="store_true")
    args = parser.parse_args()
    rows = skipped = 0
    with open(args.out, "w", encoding="utf-8") as out:
        for line in gzip.open(args.file, "rt", encoding="utf-8"):
            pair = {key: messages(text) for key, text in json.loads(line).items()}
            chosen, rejected = pair["chosen"], pair["rejected"]
            alternate = all(m["role"] == ("user", "assistant")[i % 2] and m["content"] for i, m in enumerate(chosen))
            if chosen[:-1] != rejected[:-1] or not alternate or len(chosen) % 2 or rejected[-1]["role"] != "assistant" or not rejected[-1]["content"]:
                skipped += 1
                continue
            if args.unpaired:
                made = [{"prompt": chosen[:-1], "completion": [answer[-1]], "label": liked} for answer, liked in ((chosen, True), (rejected, False))]
            else:
                made = [{"prompt": chosen[:-1], "chosen": [chosen[-1]], "rejected": [rejected[-1]]}]
            for row in made:
                out.write(json.dumps(row, ensure_ascii=False) + "\n")
            rows += len(made)
    print(f"{args.out}: {rows} rows; {skipped} pairs left out that differ in more than the last answer, or whose turns do not alternate")


if __name__ == "__main__":
    main()
