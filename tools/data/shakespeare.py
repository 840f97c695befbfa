#!/usr/bin/env python3
"""Fetches the text that small language models are compared on: 1.1 MB of Shakespeare's plays (Karpathy 2015, "tinyshakespeare"; the plays are in the public
domain).

    tools/data/shakespeare.py --out data/shakespeare.txt [--repository URL]

The repository is a URL or a folder that git can clone; the file's SHA-256 is checked.
"""
import argparse
import hashlib
import pathlib
import subprocess
import sys
import tempfile

REPOSITORY = "https://github.com/karpathy/char-rnn"
FILE = "data/tinyshakespeare/input.txt"
SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--repository", default=REPOSITORY)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["git", "clone", "--quiet", "--bare", "--depth", "1", args.repository, folder], check=True)
        text = subprocess.run(["git", "-C", folder, "show", f"HEAD:{FILE}"], check=True, capture_output=True).stdout
    if hashlib.sha256(text).hexdigest() != SHA256:
        sys.exit(f"{FILE} is another file than the one expected")
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_bytes(text)
    print(f"{args.out}: {len(text)} bytes")


if __name__ == "__main__":
    main()
