#!/usr/bin/env python3
"""The same requests give the same pixels on the numeric path avx2-f32-3, whoever made the processor.

    tests/cli/numeric_path_test.py build/release/ptah [--write]

tests/data/numeric_path.json holds what came out on an Intel Xeon; an AMD EPYC (Zen 5) gave the same.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ptah = str(pathlib.Path(sys.argv[1]).absolute())
data = pathlib.Path(__file__).parent.parent / "data" / "numeric_path.json"
requests = [["a red fox", "--size", "128", "--steps", "4"], ["a green tree", "--size", "128", "--steps", "6", "--sampler", "heun", "--style", "flat"],
            ["a castle", "--size", "160", "--steps", "4", "--best-of", "2", "--seed", "5"], ["two mushrooms", "--size", "128", "--steps", "4", "--guidance", "5"]]
found = {}
with tempfile.TemporaryDirectory() as scratch:
    for i, request in enumerate(requests):
        out = pathlib.Path(scratch) / str(i)
        done = subprocess.run([ptah, "create", *request, "--isa", "avx2", "--no-object", "--quiet", "--no-sign", "--out", out], capture_output=True, text=True,
                              env={**os.environ, "PTAH_KEYS": "/nonexistent"})
        if done.returncode:
            sys.exit(f"{request}: {done.returncode}: {done.stderr}")
        receipt = json.loads((out / "receipt.json").read_text())
        if receipt["numeric_path"] != "avx2-f32-3":
            sys.exit(f"{request}: numeric path {receipt['numeric_path']}")
        found[" ".join(request)] = receipt["pixels"]
if "--write" in sys.argv:
    data.write_text(json.dumps(found, indent=1) + "\n")
wanted = json.loads(data.read_text())
if set(wanted) != set(found):
    sys.exit("tests/data/numeric_path.json is of other requests; --write makes it again")
other = [request for request in wanted if wanted[request] != found[request]]
for request in other:
    print(f"{request}: {found[request]} where {wanted[request]} is expected")
sys.exit(1 if other else 0)
