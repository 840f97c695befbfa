#!/usr/bin/env python3
"""Counts the modes that a generator of stacked digits draws (Metz et al. 2017): of how many of the 1,000 numbers from 000 to 999 is there a picture among 26,000,
and how far (KL, nats) are their shares from those of the true pictures.

    tools/data/stacked_digits.py --out data/stacked
    ptah train gan --config stacked.json
    bench/stacked_modes.py build/release/ptah gan-folder data/stacked [--count 26000]

The digits are read by a small convolutional network that is trained here on nine of ten of the true digits; its accuracy on the others is printed. Needs torch and
pillow.
"""
import argparse
import json
import pathlib
import struct
import subprocess
import tempfile

import numpy as np
import torch
from PIL import Image
from torch import nn


def tensors(path):
    raw = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    kinds = {"U8": np.uint8, "I32": np.int32}
    return {name: np.frombuffer(raw, kinds[t["dtype"]], offset=8 + size + t["data_offsets"][0], count=int(np.prod(t["shape"]))).reshape(t["shape"])
            for name, t in json.loads(raw[8:8 + size]).items() if name != "__metadata__"}


def classifier(digits, labels, seed=1):
    torch.manual_seed(seed)
    x = torch.from_numpy(np.pad(digits, ((0, 0), (2, 2), (2, 2)))).float()[:, None] / 255
    y = torch.from_numpy(labels.astype(np.int64))
    order = torch.randperm(len(x))
    test, train = order[:len(x) // 10], order[len(x) // 10:]
    net = nn.Sequential(nn.Conv2d(1, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 64, 3, 2, 1), nn.ReLU(), nn.Flatten(),
                        nn.Dropout(0.3), nn.Linear(64 * 16, 10))
    optimizer = torch.optim.AdamW(net.parameters(), 2e-3)
    for epoch in range(6):
        for at in torch.randperm(len(train)).split(128):
            rows = train[at]
            loss = nn.functional.cross_entropy(net(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    net.eval()
    with torch.no_grad():
        print(f"the classifier reads {100 * (net(x[test]).argmax(1) == y[test]).float().mean():.2f} % of {len(test)} true digits right")
    return net


def modes_of(net, pictures):
    found = []
    with torch.no_grad():
        for some in np.array_split(pictures, max(1, len(pictures) // 1000)):
            x = torch.from_numpy(some.astype(np.float32) / 255)
            found.append(sum(net(x[..., c][:, None]).argmax(1) * f for c, f in ((0, 100), (1, 10), (2, 1))))
    return torch.cat(found).numpy()


def divergence(found, true):
    p, q = np.bincount(found, minlength=1000) / len(found), np.bincount(true, minlength=1000) / len(true)
    some = p > 0
    return float((p[some] * np.log(p[some] / np.maximum(q[some], 1e-9))).sum())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ptah")
    parser.add_argument("model")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--count", type=int, default=26000)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    digits = tensors(args.data / "digits.safetensors")
    net = classifier(digits["digits"], digits["labels"])
    true = modes_of(net, tensors(args.data / "pictures.safetensors")["pictures"][:args.count])
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([args.ptah, "draw", args.model, "--count", str(args.count), "--seed", str(args.seed), "--out", folder + "/drawn", "--threads", "1"], check=True,
                       stdout=subprocess.DEVNULL)
        drawn = np.stack([np.asarray(Image.open(f"{folder}/drawn/{i:06}.png").convert("RGB")) for i in range(args.count)])
    made = modes_of(net, drawn)
    print(f"{len(np.unique(made))} of 1,000 modes in {args.count} pictures, KL {divergence(made, true):.3f} nats "
          f"(the true pictures: {len(np.unique(true))}, two halves of them {divergence(true[::2], true[1::2]):.3f})")


if __name__ == "__main__":
    main()
