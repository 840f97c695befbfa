#!/usr/bin/env python3
"""The denoiser of renderings beside Intel's Open Image Denoise (pip install pyoidn numpy), on kinds of shapes that it never saw.

    bench/peer_denoise.py [--ptah build/release/bench/ptah_bench_denoise] [--views 12] [--size 256] [--samples 4 16 64] [--reference 1024]

Both get the same noisy light, albedo and normals. Prints the mean PSNR of the sRGB pictures against a picture of many samples, and the seconds of a picture (the
best of three). Nothing else may run beside, if the seconds are to mean something.
"""
import argparse
import importlib.metadata
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import pyoidn

ROOT = pathlib.Path(__file__).resolve().parent.parent


def read(folder, name, size):
    return np.fromfile(folder / f"{name}.f32", np.float32).reshape(size, size, 3)


def srgb(light):
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def psnr(light, truth):
    return -10 * np.log10(max(np.mean((srgb(light) - srgb(truth)) ** 2), 1e-10))


def by_peer(light, albedo, normal):
    """The light that the peer leaves, and the best seconds of three."""
    best = 1e9
    for _ in range(3):
        begin = time.perf_counter()
        out = pyoidn.denoise(light, albedo=albedo, normal=normal, hdr=True)
        best = min(best, time.perf_counter() - begin)
    return out, best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ptah", default=ROOT / "build/release/bench/ptah_bench_denoise")
    parser.add_argument("--views", type=int, default=12)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--samples", type=int, nargs="+", default=[4, 16, 64])
    parser.add_argument("--reference", type=int, default=1024)
    given = parser.parse_args()
    print(f"{given.views} views of {given.size} x {given.size}; truth {given.reference} samples; pyoidn {importlib.metadata.version('pyoidn')}")
    for samples in given.samples:
        rows = []
        with tempfile.TemporaryDirectory() as scratch:
            done = subprocess.run([given.ptah, scratch, str(given.views), str(given.size), str(samples), str(given.reference)], check=True, capture_output=True, text=True)
            for line in map(json.loads, done.stdout.splitlines()):
                folder = pathlib.Path(scratch) / line["case"]
                light, albedo, normal, found, truth = (read(folder, name, given.size) for name in ("light", "albedo", "normal", "found", "truth"))
                peer, seconds = by_peer(light, albedo, normal)
                rows.append((psnr(light, truth), psnr(found, truth), psnr(peer, truth), line["seconds"], seconds))
        noisy, mine, other, my_seconds, other_seconds = np.mean(rows, axis=0)
        print(f"{samples:5} samples: noisy {noisy:.1f} dB, Ptah {mine:.1f} dB in {my_seconds:.3f} s, Open Image Denoise {other:.1f} dB in {other_seconds:.3f} s, "
              f"Ptah ahead in {sum(r[1] > r[2] for r in rows)} of {len(rows)}", flush=True)


main()
