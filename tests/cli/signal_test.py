#!/usr/bin/env python3
"""A command that takes long ends soon after SIGTERM, and leaves nothing half done.

    tests/cli/signal_test.py build/release/ptah
"""
import math
import os
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

ptah = str(pathlib.Path(sys.argv[1]).absolute())
MAX_SECONDS = 15  # of a command after the signal; the machine may be busy
STEP_SECONDS = 30  # of a training, which ends after its step
CANCELLED = 130  # other statuses mean that the work was done before
failures = []


def png(path, size):
    """A picture of many edges, so that nothing is quick about it."""
    rows = b"".join(b"\0" + bytes((x * y * 7 + c * 50) % 251 for x in range(size) for c in range(3)) for y in range(size))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def ply(path, around):
    """A wavy ball of 2 · around² triangles."""
    lines = ["ply", "format ascii 1.0", f"element vertex {around * around}", "property float x", "property float y", "property float z",
             f"element face {2 * around * (around - 1)}", "property list uchar int vertex_indices", "end_header"]
    for i in range(around):
        for j in range(around):
            t, p = math.pi * (i + 0.5) / around, 2 * math.pi * j / around
            r = 1 + 0.1 * math.sin(9 * t) * math.cos(7 * p)
            lines.append(f"{r * math.sin(t) * math.cos(p):.5f} {r * math.cos(t):.5f} {r * math.sin(t) * math.sin(p):.5f}")
    for i in range(around - 1):
        for j in range(around):
            a, b = i * around + j, i * around + (j + 1) % around
            lines += [f"3 {a} {b} {a + around}", f"3 {b} {b + around} {a + around}"]
    path.write_text("\n".join(lines) + "\n")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        place = pathlib.Path(scratch)
        png(place / "large.png", 1024)
        ply(place / "ball.ply", 300)
        ply(place / "other.ply", 301)
        subjects = ["A baker", "The old miller", "Her sister", "A sailor"]
        (place / "article.md").write_text("# Bread\n\n" + "\n\n".join(
            f"## Part {i}\n\n" + " ".join(f"{subjects[(i + j) % 4]} sold {i * j + 3} loaves in {1700 + i + j}, because the harvest of {1690 + j} was poor." for j in range(12))
            for i in range(60)))
        (place / "pictures").mkdir()
        for i in range(4):
            png(place / "pictures" / f"{i}.png", 128)
            (place / "pictures" / f"{i}.txt").write_text("a pattern of dots")
        with open(place / "huge.bin", "wb") as file:
            file.truncate(6 << 30)
        (place / "batch.jsonl").write_text("\n".join(f'{{"recipe": "create", "request": {{"prompt": "a red fox", "seed": {i}, "steps": 200, "size": 512}}}}' for i in range(20)) + "\n")
        (place / "words.txt").write_text("\n".join(f"a text about {i} foxes, {i + 1} owls and a lake" for i in range(40000)) + "\n")
        commands = {
            "create": ["create", "a red fox", "--steps", "200", "--best-of", "8", "--size", "512"],
            "create --prompts": ["create", "--prompts", "words.txt"],
            "object": ["object", "large.png"],
            "upscale": ["upscale", "large.png"],
            "render --samples": ["render", "crate", "--samples", "16384", "--size", "1024"],
            "render --turntable": ["render", "crate", "--turntable", "360", "--size", "1024"],
            "shape --texture": ["shape", "crate", "--texture", "4096"],
            "texture": ["texture", "ball.ply", "rusty bronze", "--texels", "4096", "--unwrap"],
            "convert --compare": ["convert", "ball.ply", "out.glb", "--compare"],
            "convert --low-poly": ["convert", "ball.ply", "low.glb", "--low-poly", "500"],
            "measure": ["measure", "ball.ply", "other.ply"],
            "batch": ["batch", "batch.jsonl"],
            "train picture": ["train", "picture", "pictures", "--minutes", "5"],
            "evaluate object": ["evaluate", "object"],
            "evaluate denoiser": ["evaluate", "denoiser"],
            "read odds": ["read", "odds", "article.md", "--models", "none"],
            "scene, measured": ["evaluate", "scene"],
            "embed": ["embed", "--file", "words.txt"],
            "similar": ["similar", "a small cat", "--file", "words.txt"],
            "cid": ["cid", "huge.bin"],
            "car": ["car", "out.car", "huge.bin"],
        }
        only = sys.argv[2:]
        for name, arguments in commands.items():
            if only and name not in only:
                continue
            check(place, name, arguments)
    print("\n".join(failures))
    sys.exit(bool(failures))


def check(place, name, arguments):
    before = {str(p) for p in place.rglob("*")}
    process = subprocess.Popen([ptah, *arguments], cwd=place, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                               env={**os.environ, "PTAH_KEYS": str(place / "no-keys"), "PTAH_WORKS": str(place / "works")})
    try:
        out, _ = process.communicate(timeout=1.5)
        print(f"{name}: ended by itself with {process.returncode}: {out.decode(errors='replace')[-200:]}")
        return
    except subprocess.TimeoutExpired:
        pass
    process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    try:
        out, _ = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
        failures.append(f"{name}: did not end within 30 s")
        return
    seconds = time.monotonic() - begin
    print(f"{name}: {process.returncode} after {seconds:.1f} s")
    if process.returncode not in (0, CANCELLED):
        failures.append(f"{name}: status {process.returncode}: {out.decode(errors='replace')[-300:]}")
    if seconds > (STEP_SECONDS if name.startswith("train") else MAX_SECONDS):
        failures.append(f"{name}: took {seconds:.1f} s to end")
    left = [p for p in place.rglob("*") if str(p) not in before and p.is_file() and (".part" in p.name or p.name.startswith("."))]
    if left:
        failures.append(f"{name}: left {[str(p.relative_to(place)) for p in left]}")


main()
