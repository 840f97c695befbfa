#!/usr/bin/env python3
"""Runs two builds of Ptah in turn on the same requests, in one run: is the newer one slower?

    bench/paired.py OLD NEW [--folder SD_FOLDER] [--model MODEL.gguf] [--runs 9]

OLD and NEW are programs (build/release/ptah of two checkouts). Prints the median seconds of each, of wall clock and of processor, and the ratio new / old of the
medians and of the pairs. SD_FOLDER is a checkpoint in diffusers' layout (bench/random_diffusion.py makes one). Nothing else may run beside.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def timed(command):
    """Wall seconds, processor seconds and peak MiB of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    problem = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(map(str, command))}: {problem.decode(errors='replace')}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=pathlib.Path)
    parser.add_argument("new", type=pathlib.Path)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--runs", type=int, default=9)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        def out():
            return f"{scratch}/{time.time_ns()}"

        cases = {"create, picture only": lambda i: ["create", "a red fox", "--seed", i, "--no-object", "--quiet", "--out", out()],
                 "create, twelve steps, best of two": lambda i: ["create", "a red fox", "--seed", i, "--steps", 12, "--best-of", 2, "--no-object", "--quiet", "--out", out()]}
        if given.folder:
            cases["paint, 256 pixels, 4 steps"] = lambda i: ["paint", "a red fox", "--model", given.folder, "--width", 256, "--height", 256, "--steps", 4, "--seed", i, "--quiet", "--out", out()]
        if given.model:
            cases["generate, 200 tokens"] = lambda i: ["generate", "--model", given.model, "--temperature", 0, "--max-tokens", 200, "Once upon a time, there was"]
            text = " ".join(f"{i} is followed by {i + 1}." for i in range(150))
            cases["generate, long prompt"] = lambda i: ["generate", "--model", given.model, "--temperature", 0, "--max-tokens", 1, text]
        for name, command in cases.items():
            old, new = [], []
            for i in range(given.runs + 1):  # the first pair warms the files
                pair = [timed([program, *command(i)]) for program in ((given.old, given.new) if i % 2 else (given.new, given.old))]
                if i:
                    old.append(pair[0 if i % 2 else 1])
                    new.append(pair[1 if i % 2 else 0])
            wall = [statistics.median(run[0] for run in runs) for runs in (old, new)]
            work = [statistics.median(run[1] for run in runs) for runs in (old, new)]
            paired = statistics.median(b[0] / a[0] for a, b in zip(old, new))
            print(f"{name}: wall {wall[0]:.3f} -> {wall[1]:.3f} s ({wall[1] / wall[0]:.2f}; of the pairs {paired:.2f}), "
                  f"processor {work[0]:.3f} -> {work[1]:.3f} s ({work[1] / work[0]:.2f}), "
                  f"peak {max(r[2] for r in old):.0f} -> {max(r[2] for r in new):.0f} MiB", flush=True)


main()
