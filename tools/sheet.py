#!/usr/bin/env python3
"""Draws every prompt of a list with `ptah create` and puts the pictures on one sheet, 8 to a row.

    tools/sheet.py PROMPTS.txt SHEET.png [--seed N]        (Python with Pillow)
"""
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent
EDGE = 128


def main():
    prompts = [line.strip() for line in open(sys.argv[1]) if line.strip()]
    seed = sys.argv[sys.argv.index("--seed") + 1] if "--seed" in sys.argv else "1"
    sheet = Image.new("RGB", (8 * EDGE, -(-len(prompts) // 8) * EDGE), "white")
    with tempfile.TemporaryDirectory() as folder:
        for i, prompt in enumerate(prompts):
            work = f"{folder}/{i}"
            subprocess.run([ROOT / "ptah", "create", prompt, "--seed", seed, "--size", str(EDGE), "--no-object", "--quiet", "--format", "png", "--out", work], check=True)
            picture = Image.open(f"{work}/picture.png")
            sheet.paste(picture, (i % 8 * EDGE, i // 8 * EDGE), picture)
    sheet.save(sys.argv[2])


main()
