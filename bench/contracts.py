#!/usr/bin/env python3
"""Contracts from words, measured.

    bench/contracts.py words [FILE]            kind and numbers of the sentences in tests/data/contract_words.jsonl (or FILE), and what is asked
    bench/contracts.py checks [N] [FILE]       writes every Nth contract, compiles it, runs its tests and slither, looks at its code
    bench/contracts.py mutants [N] [--most 40] plants faults into a contract of every kind, each in a copy of its own, and counts those that the generated tests find
    bench/contracts.py alone MODEL [N]         what a language model writes of the same sentences without help: how many compile

Needs a built `ptah` (build/release), node and npm; slither in $PTAH_PROGRAMS. One after the other, so that two cores are enough."""
import json
import os
import pathlib
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
PTAH = ROOT / "build/release/ptah"
WORDS = ROOT / "tests/data/contract_words.jsonl"
CACHE = pathlib.Path(os.environ.get("PTAH_CACHE") or pathlib.Path.home() / ".cache/ptah") / "contracts"
FORGE = next(iter(CACHE.glob("node_modules/@foundry-rs/*/bin/forge")), None)
SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2592000, "year": 31536000}


def write(words, folder, *more):
    """The specification that was written, or what was asked."""
    ran = subprocess.run([PTAH, "contract", "write", words, "--out", folder, "--json", "--no-sign", *more], capture_output=True, text=True)
    if ran.returncode == 0:
        return json.loads((folder / "specification.json").read_text()), []
    said = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    asked = next((line for line in said if "questions" in line), None)
    return (asked["understood"], asked["questions"]) if asked else ({}, [{"about": "error", "question": ran.stderr.strip()}])


def value(spec, name):
    if name in spec.get("terms", {}):
        return spec["terms"][name]
    key = {"shares": "share"}.get(name, name)
    return ", ".join(item.get(key) or item.get("part", "") for item in spec.get("items", []))


def same(a, b):
    if a == b or a in (f"{b}, {b}", f"{b}, {b}, {b}"):
        return True
    x, y = re.match(r"^([\d.]+) (\w+?)s?$", a), re.match(r"^([\d.]+) (\w+?)s?$", b)
    return bool(x and y and x[2] in SECONDS and y[2] in SECONDS and float(x[1]) * SECONDS[x[2]] == float(y[1]) * SECONDS[y[2]])


def rows(file):
    return [json.loads(line) for line in pathlib.Path(file).read_text().splitlines()]


def words(file=WORDS):
    for name in sorted({row.get("set", "all") for row in rows(file)}):
        right = clear = count = kinds = 0
        for row in rows(file):
            if row.get("set", "all") != name:
                continue
            count += 1
            with tempfile.TemporaryDirectory() as scratch:
                spec, asked = write(row["words"], pathlib.Path(scratch) / "c")
            kinds += spec.get("kind") == row["kind"]
            right += spec.get("kind") == row["kind"] and all(same(value(spec, n), v) for n, v in row["values"].items())
            clear += not asked
        print(f"{name}: kind right {kinds}/{count}, kind and all numbers {right}/{count}, written without a question {clear}/{count}")


def checks(every=1, file=WORDS):
    results = {"written": 0, "compiled": 0, "tests green": 0, "findings": 0, "forbidden": 0, "tests": 0, "analysed": 0, "proofs": 0}
    began = time.time()
    for row in rows(file)[::every]:
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch) / "c"
            _, asked = write(row["words"], folder)
            if asked:
                print("asked:", row["words"], asked)
                continue
            results["written"] += 1
            ran = subprocess.run([PTAH, "contract", "check", folder, "--json", "--no-sign"], capture_output=True, text=True)
            lines = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
            report = next((line for line in lines if "good" in line), None)
            if not report:
                print("no build:", row["words"], ran.stderr[-600:])
                continue
            results["compiled"] += 1
            results["tests"] += report["tests"]
            results["tests green"] += not report["failures"]
            results["analysed"] += report["findings"] is not None
            results["proofs"] += report["proofs"] or 0
            results["findings"] += len(report["findings"] or [])
            results["forbidden"] += len(report["forbidden"])
            for line in report["failures"] + (report["findings"] or []) + report["forbidden"]:
                print(f"{row['words'][:60]}: {line[:300]}", flush=True)
    print(results, f"{time.time() - began:.0f} s", flush=True)


# Faults as people make them: another operator, a bound moved by one, a statement or check left out, a condition turned round.
SWAPS = [(r" \+ ", " - "), (r" - ", " + "), (r" \* ", " / "), (r" / ", " * "), (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" == ", " != "), (r" != ", " == "),
         (r" && ", " || "), (r" \|\| ", " && "), (r" \+= ", " -= "), (r" -= ", " += "), (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r" onlyOwner\b", ""), (r"\+\+", "--")]


def mutants_of(source):
    """(line number, what, changed source) of every fault in the bodies of functions."""
    lines = source.split("\n")
    out, inside = [], False
    for number, line in enumerate(lines):
        if re.match(r"^    (function|constructor|receive|modifier)\b", line):
            inside = True
        code = line.strip()
        body = inside and not code.startswith(("//", "import", "error ", "event ", "*", "function _queueOperations"))
        if body:
            for pattern, other in SWAPS:
                for match in re.finditer(pattern, line):
                    out.append((number, f"{match.group().strip()} → {other.strip() or 'nothing'}", line[:match.start()] + other + line[match.end():]))
            statement = code.endswith(";") and not code.startswith(("return", "uint256 ", "address ", "bool ", "Proposal ", "Subscription ", "Entry ", "Terms ", "bytes")) and "super." not in code and not code.startswith("_;") and line.startswith("        ")
            if statement:
                out.append((number, "left out", re.match(r"\s*", line).group() + ";" if False else ""))
            for match in re.finditer(r"\bif \((.*)\) (revert|return|continue)", line):
                out.append((number, "condition turned round", line.replace(f"if ({match[1]})", f"if (!({match[1]}))", 1)))
        if line == "    }":
            inside = False
    return [(n, what, "\n".join(lines[:n] + [changed] + lines[n + 1:])) for n, what, changed in out]


def project(scratch, runs=64):
    (scratch / "src").mkdir(parents=True)
    (scratch / "node_modules").symlink_to(CACHE / "node_modules")
    (scratch / "foundry.toml").write_text(f'[profile.default]\nsrc="src"\ntest="src"\nlibs=["node_modules"]\nremappings=["@openzeppelin/=node_modules/@openzeppelin/"]\nsolc="{CACHE}/tools/solc"\noffline=true\n'
                                          f'optimizer=false\nevm_version="cancun"\n[fuzz]\nruns={runs}\nseed="0x70746168"\n[invariant]\nruns=8\ndepth=40\n[lint]\nlint_on_build=false\n')


def tested(folder, contract, sources, place):
    """For each of the sources, in a folder of its own in one project: whether its tests are green; None if it does not compile."""
    out = [True] * len(sources)
    scratch = pathlib.Path(place) / "p"
    project(scratch)
    for i, source in enumerate(sources):
        (scratch / f"src/m{i}").mkdir()
        (scratch / f"src/m{i}/{contract}.sol").write_text(source)
        for name in (f"{contract}.t.sol", "Base.sol"):
            shutil.copy(folder / name, scratch / f"src/m{i}" / name)
    while True:
        built = subprocess.run([FORGE, "build"], cwd=scratch, capture_output=True, text=True)
        broken = {int(n) for n in re.findall(r"src/m(\d+)/", built.stdout + built.stderr)} if built.returncode else set()
        if not built.returncode:
            break
        if not broken:
            raise SystemExit("forge build: " + (built.stdout + built.stderr)[-2000:])
        for i in broken:
            out[i] = None
            shutil.rmtree(scratch / f"src/m{i}", ignore_errors=True)
        if all(one is None for one in out):
            return out
    ran = subprocess.run([FORGE, "test", "--json"], cwd=scratch, capture_output=True, text=True)
    for suite, report in json.loads(ran.stdout[ran.stdout.index("{"):]).items():
        number = int(re.match(r"src/m(\d+)/", suite)[1])
        if any(test["status"] != "Success" for test in report["test_results"].values()):
            out[number] = False
    return out


def mutants(sample=99, most=40):
    random.seed(7)
    chosen, seen = [], set()
    for row in rows(WORDS):
        if row["kind"] not in seen:
            seen.add(row["kind"])
            chosen.append(row)
    total = dead = possible = 0
    for row in chosen[:sample]:
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place) / "c"
            _, asked = write(row["words"], folder)
            if asked:
                print("asked:", row["words"])
                continue
            contract = json.loads((folder / "receipt.json").read_text())["contract"]
            source = (folder / f"{contract}.sol").read_text()
            all_faults = mutants_of(source)
            faults = random.sample(all_faults, min(most, len(all_faults)))
            unchanged, *green = tested(folder, contract, [source] + [changed for _, _, changed in faults], place)
            if unchanged is not True:
                print(f"{row['kind']}: its tests fail without a fault")
                continue
            built = sum(one is not None for one in green)
            found = sum(one is False for one in green)
            for (number, what, _), one in zip(faults, green):
                if one:
                    print(f"  {row['kind']} line {number + 1} survives, {what}: {source.split(chr(10))[number].strip()}", flush=True)
            total, dead, possible = total + built, dead + found, possible + len(all_faults)
            print(f"{row['kind']}: {found} of {built} faults found ({len(all_faults)} can be planted)", flush=True)
    print(f"all: {dead} of {total}, {100 * dead / max(1, total):.1f} %; {possible} can be planted")


def alone(model, every=5):
    compiled = count = written = 0
    for row in rows(WORDS)[::every]:
        question = f"Write one complete Solidity contract (pragma ^0.8.28, no imports) for this: {row['words']} Answer with the code only."
        ran = subprocess.run([PTAH, "ask", question, "--model", model, "--max-tokens", "700", "--temperature", "0"], capture_output=True, text=True)
        count += 1
        code = re.search(r"```(?:solidity)?\n(.*?)(```|\Z)", ran.stdout, re.S)
        text = code[1] if code else ran.stdout
        written += "contract " in text
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place)
            (folder / "src").mkdir()
            (folder / "src/A.sol").write_text(text)
            (folder / "node_modules").symlink_to(CACHE / "node_modules")
            (folder / "foundry.toml").write_text(f'[profile.default]\nsrc="src"\nlibs=["node_modules"]\nsolc="{CACHE}/tools/solc"\noffline=true\n[lint]\nlint_on_build=false\n')
            built = subprocess.run([FORGE, "build"], cwd=folder, capture_output=True, text=True)
            good = built.returncode == 0 and re.search(r"\bcontract \w+", text)
            compiled += bool(good)
    print(f"{model} alone: {written} of {count} answers hold a contract, {compiled} compile")


if __name__ == "__main__":
    what, *rest = sys.argv[1:] or ["words"]
    if what == "words":
        words(*rest)
    elif what == "checks":
        checks(int(rest[0]) if rest else 1, *(rest[1:]))
    elif what == "mutants":
        most = int(rest[rest.index("--most") + 1]) if "--most" in rest else 40
        mutants(int(rest[0]) if rest and rest[0].isdigit() else 99, most)
    elif what == "alone":
        alone(rest[0] if rest else "smollm2", int(rest[1]) if len(rest) > 1 else 5)
    else:
        sys.exit(__doc__)
