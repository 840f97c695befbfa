#!/usr/bin/env python3
"""Runs Ptah and its peer in turn on the same input and prints both, the ratio, the share of the ceiling and the machine.

    bench/run.py ceiling | shapes | step | create     (Python with torch for shapes and step; nothing else may run beside)
    bench/run.py language [MODEL.gguf ...]            (Python with xllamacpp, a build of llama.cpp; SmolLM2 and Gemma 3 if they are pulled)
"""
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"


def build():
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DPTAH_BENCH=ON"], check=True, capture_output=True)
    subprocess.run(["ninja", "-C", BUILD, "ptah_bench", "ptah_cli"], check=True, capture_output=True)


def lines(command):
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    return {item["case"]: item for item in map(json.loads, (l for l in made.stdout.splitlines() if l.startswith("{")))}


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.processor())
    flags = open("/proc/cpuinfo").read()
    kinds = [k for k in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if k in flags]
    return f"{model}, {os.cpu_count()} cores, {kinds[0]}"


def ptah(name):
    return lines([BUILD / "bench" / "ptah_bench", name])


def peer(name):
    return lines([sys.executable, ROOT / "bench" / "peer.py", name])


def ceiling():
    values = ptah("ceiling")
    for item in values.values():
        print(f"{item['case']:24} {item.get('gflops', 0):8.0f} GFLOP/s" if "gflops" in item else f"{item['case']:24} {item['gbytes_per_second']:8.1f} GB/s")
    return max((v.get("gflops", 0) for k, v in values.items() if "bf16" in k), default=0) or max(v.get("gflops", 0) for v in values.values())


def compare(name):
    best = ceiling()
    mine, first = ptah(name), peer(name)
    again, second = ptah(name), peer(name)
    import torch
    print(f"\nPyTorch {torch.__version__}\n{'case':44} {'ptah ms':>9} {'torch ms':>9} {'ratio':>6} {'ceiling':>8}")
    for case in mine:
        seconds = min(mine[case]["seconds"], again[case]["seconds"])
        share = max(mine[case]["gflops"], again[case]["gflops"]) / best
        for kind in ("", ", eager", ", compiled"):
            key = case.replace(" with Muon", "") + kind
            if key in first and "seconds" in first[key]:
                other = min(first[key]["seconds"], second[key]["seconds"])
                print(f"{case + kind:44} {seconds * 1e3:9.2f} {other * 1e3:9.2f} {other / seconds:6.2f} {share:8.0%}")


def create():
    seconds, peaks = [], []
    for i in range(9):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            process = subprocess.Popen([BUILD / "ptah", "create", "a red fox", "--seed", str(i), "--quiet", "--out", f"{folder}/work"])
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = status
            assert status == 0
            seconds.append(time.perf_counter() - start)
            peaks.append(usage.ru_maxrss / 1024)
    plan = lines_of_plan()
    print(f"cold create, words to PNG + GLB + receipt: median {statistics.median(seconds):.2f} s (worst {max(seconds):.2f}), peak {max(peaks):.0f} MiB, planned {plan / 2**20:.0f} MiB")


def lines_of_plan():
    made = subprocess.run([BUILD / "ptah", "plan", "a red fox", "--json"], check=True, capture_output=True, text=True)
    return json.loads(made.stdout)["peak_bytes"]


def prompts(folder):
    """Three texts of about 60, 500 and 2,000 tokens."""
    facts = [pair["fact"] for pair in json.load(open(ROOT / "tests" / "golden" / "facts.json"))]
    words = " ".join(f"{i + 1}. {fact}" for i, fact in enumerate(facts * 3))
    for length in (230, 2000, 7600):
        path = pathlib.Path(folder) / f"{length}.txt"
        path.write_text(words[:length].rsplit(" ", 1)[0])
        yield path


def pulled_models():
    cache = os.environ.get("PTAH_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "ptah")
    return sorted(str(p) for p in pathlib.Path(cache).glob("models/*/*.gguf"))


def language():
    import importlib.metadata
    import xllamacpp
    print("xllamacpp", importlib.metadata.version("xllamacpp"), xllamacpp.get_system_info())
    tokens, rounds = 128, 3
    print(f"{'model, prompt':52} {'read tok/s':>10} {'llama.cpp':>10} {'ratio':>6}   {'decode':>7} {'llama.cpp':>10} {'ratio':>6}   same text")
    with tempfile.TemporaryDirectory() as folder:
        files = list(prompts(folder))
        for model in sys.argv[2:] or pulled_models():
            mine, other = {}, {}
            for _ in range(rounds):
                for path in files:
                    made = subprocess.run([BUILD / "ptah", "generate", "--model", model, "--temperature", "0", "--max-tokens", str(tokens), "--json", path.read_text()],
                                          check=True, capture_output=True, text=True)
                    item = json.loads(made.stdout)
                    mine.setdefault(path.name, []).append((item["prompt_tokens"] / item["prompt_seconds"], (len(item["tokens"]) - 1) / item["decode_seconds"],
                                                           item["text"], item["prompt_tokens"], len(item["tokens"])))
                for item in lines([sys.executable, ROOT / "bench" / "peer_language.py", model, str(tokens), *map(str, files)]).values():
                    other.setdefault(item["case"], []).append((item["prompt_rate"], item["decode_rate"], item["text"], item["prompt_tokens"], item["tokens"]))
            for case in mine:
                a, b = [[statistics.median(run[i] for run in runs[case]) for i in (0, 1)] for runs in (mine, other)]
                same = os.path.commonprefix([mine[case][0][2], other[case][0][2]])
                label = f"{pathlib.Path(model).name[:30]}, {mine[case][0][3]} tokens, then {mine[case][0][4]}"
                print(f"{label:52} {a[0]:10.0f} {b[0]:10.0f} {a[0] / b[0]:6.2f}   {a[1]:7.1f} {b[1]:10.1f} {a[1] / b[1]:6.2f}   {len(same)} of {len(mine[case][0][2])} characters"
                      f"{'' if mine[case][0][3:] == other[case][0][3:] else f' (llama.cpp: {other[case][0][3]} tokens, then {other[case][0][4]})'}", flush=True)


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in ("ceiling", "shapes", "step", "create", "language"):
        sys.exit(__doc__)
    build()
    print(machine())
    {"ceiling": ceiling, "create": create, "language": language}.get(name, lambda: compare(name))()


main()
