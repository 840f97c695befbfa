#!/usr/bin/env python3
"""Works of an earlier version are still whole, and are made again byte for byte.

    tests/cli/old_works_test.py build/release/ptah
"""
import os
import pathlib
import subprocess
import sys

ptah = str(pathlib.Path(sys.argv[1]).absolute())
works = pathlib.Path(__file__).parent.parent / "data" / "works_of_d7458b5"
# The works of create were made on an AMD processor, on the path avx2-f32. Processors of other makers differ in single bytes by one there (docs/numerics.md).
same_maker = "AuthenticAMD" in pathlib.Path("/proc/cpuinfo").read_text()
failures, again = [], 0


def run(*arguments):
    return subprocess.run([ptah, *map(str, arguments)], capture_output=True, text=True, env={**os.environ, "PTAH_KEYS": "/nonexistent"})


for work in sorted(works.glob("*-*")):
    verified = run("verify", work)
    if verified.returncode != 11:  # whole, and nobody signed it
        failures.append(f"{work.name}: verify: {verified.returncode}: {verified.stdout[-300:]}{verified.stderr[-300:]}")
    made = run("replay", work)
    said = made.stdout + made.stderr
    if made.returncode == 0:
        again += 1
    elif "this processor offers" in said and not work.name.startswith("create"):
        print(f"{work.name}: not made again: {said.strip().splitlines()[-1]}")
    elif work.name.startswith("create") and made.returncode == 6 and "OTHER bytes" in said and not same_maker:
        print(f"{work.name}: other bytes than on the processor it was made on")
    elif work.name.startswith("text") and made.returncode == 3 and "models" not in os.environ.get("PTAH_REQUIRE", ""):
        print(f"{work.name}: not made again: its model is not here")
    else:
        failures.append(f"{work.name}: replay: {made.returncode}: {said[-300:]}")
print(f"{again} works were made again")
if again < 10:
    failures.append(f"only {again} works were made again")
print("\n".join(failures))
sys.exit(bool(failures))
