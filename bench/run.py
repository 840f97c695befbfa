#!/usr/bin/env python3
"""Runs Ptah and its peer in turn on the same input and prints both, the ratio, the share of the ceiling and the machine.

    bench/run.py ceiling | shapes | step | create | scene     (Python with torch for shapes and step; nothing else may run beside)
    bench/run.py busy                                 (the headline commands with one core taken by another process, and several at once)
    bench/run.py language | first | batch | greedy [MODEL.gguf ...] ; bench/run.py perplexity TEXT [MODEL.gguf ...]
    bench/run.py field [SECONDS …]                    (eight scenes of bench/fields: PSNR of 20 held-out pictures after 20 and 60 seconds of two cores)
    bench/run.py paint FOLDER SIZE [BATCH]            (diffusers, torch; bench/random_diffusion.py makes a folder; openvino if it is there)
    bench/run.py pictures FOLDER [SIZE …]             (the same; whole pictures and their memory)
    bench/run.py sdcpp FOLDER SIZE                    (the same folder; stable-diffusion-cpp-python built with CMAKE_ARGS=-DGGML_NATIVE=ON)
                                                      (the language ones: Python with llama-cpp-python built with CMAKE_ARGS=-DGGML_NATIVE=ON; default: SmolLM2 and Gemma 3 if they are pulled)
"""
import json
import os
import pathlib
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"


def build():
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DPTAH_BENCH=ON"], check=True, capture_output=True)
    subprocess.run(["ninja", "-C", BUILD, "ptah_bench", "ptah_bench_batch", "ptah_bench_paint", "ptah_cli"], check=True, capture_output=True)


def lines(command):
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    return {item["case"]: item for item in map(json.loads, (l for l in made.stdout.splitlines() if l.startswith("{")))}


def machine():
    model = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.processor())
    flags = open("/proc/cpuinfo").read()
    kinds = [k for k in ("amx_bf16", "avx512_bf16", "avx512f", "avx2") if k in flags]
    return f"{model}, {os.cpu_count()} cores, {kinds[0]}"


def timed(command):
    """Seconds and peak MiB of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    problem = process.stderr.read()
    _, process.returncode, usage = os.wait4(process.pid, 0)
    if process.returncode:
        sys.exit(problem.decode())
    return time.perf_counter() - start, usage.ru_maxrss / 1024


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
            taken, peak = timed([BUILD / "ptah", "create", "a red fox", "--seed", str(i), "--quiet", "--out", f"{folder}/work"])
            seconds.append(taken)
            peaks.append(peak)
    plan = lines_of_plan()
    print(f"cold create, words to PNG + GLB + receipt: median {statistics.median(seconds):.2f} s (worst {max(seconds):.2f}), peak {max(peaks):.0f} MiB, planned {plan / 2**20:.0f} MiB")


def scene():
    """Rooms of sentences: the shipped ones each, and one of 30 things. Goals: placing 30 things in 1 s, with making them in 10 s."""
    made = subprocess.run([BUILD / "ptah", "evaluate", "scene", "--json"], check=True, capture_output=True, text=True)
    report = json.loads(made.stdout)
    thirty, each = report["thirty"], report["milliseconds"]
    print(f"a scene of a sentence: median {each['median'] / 1e3:.2f} s (worst {each['most'] / 1e3:.2f})")
    print(f"{thirty['objects']} objects: placed in {thirty['placing'] / 1e3:.2f} s, made in {thirty['making'] / 1e3:.2f} s, "
          f"with the GLB and its textures {thirty['all'] / 1e3:.2f} s")


def busy():
    """What another program that computes costs, and several requests at once. Goals: 1.6 times the quiet time; throughput 0.9 times that of one after the other."""
    models = pulled_models()
    smollm2 = next((m for m in models if "smollm2" in m.lower()), None)
    with tempfile.TemporaryDirectory() as folder:
        def create(i):
            return [BUILD / "ptah", "create", "a red fox", "--seed", str(i), "--quiet", "--out", f"{folder}/{time.time_ns()}-{i}"]

        def generate(i):
            return [BUILD / "ptah", "generate", "--model", smollm2, "--temperature", "0", "--max-tokens", "200", "Once upon a time, there was"]

        for name, command in {"create": create, "scene": scene, **({"SmolLM2, 200 tokens": generate} if smollm2 else {})}.items():
            def at_once(count):
                start = time.perf_counter()
                running = [subprocess.Popen(command(i), stdout=subprocess.DEVNULL) for i in range(count)]
                if any(process.wait() for process in running):
                    sys.exit(f"{name} failed")
                return time.perf_counter() - start

            at_once(1)
            quiet = statistics.median(at_once(1) for _ in range(7))
            other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            taken = [at_once(1) for _ in range(7)]
            other.kill()
            other.wait()
            print(f"{name}: alone {quiet:.2f} s, with one core taken {statistics.median(taken):.2f} s (worst {max(taken):.2f}), {statistics.median(taken) / quiet:.2f} times", flush=True)
            for count in (2, 4, 8):
                seconds = statistics.median(at_once(count) for _ in range(3))
                print(f"    {count} at once {seconds:.2f} s, throughput {count * quiet / seconds:.2f} times that of one after the other", flush=True)


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


def llama(*arguments):
    """llama.cpp's half; its JSON lines by case."""
    return lines([sys.executable, ROOT / "bench" / "peer_language.py", *map(str, arguments)])


def llama_version():
    import importlib.metadata
    import llama_cpp
    return f"llama.cpp of llama-cpp-python {importlib.metadata.version('llama-cpp-python')}: {llama_cpp.llama_print_system_info().decode()}"


def language():
    """Reading and writing speed, and how many greedy tokens are the same."""
    tokens, rounds = 128, 3
    print(llama_version())
    print(f"{'model, prompt':52} {'read tok/s':>10} {'llama.cpp':>10} {'ratio':>6}   {'decode':>7} {'llama.cpp':>10} {'ratio':>6}   same greedy tokens")
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
                                                           item["tokens"], item["prompt_tokens"]))
                for item in llama("speed", model, tokens, *files).values():
                    other.setdefault(item["case"], []).append((item["prompt_rate"], item["decode_rate"], item["made"], item["prompt_tokens"]))
            for case in mine:
                a, b = [[statistics.median(run[i] for run in runs[case]) for i in (0, 1)] for runs in (mine, other)]
                same = os.path.commonprefix([mine[case][0][2], other[case][0][2]])
                label = f"{pathlib.Path(model).name[:30]}, {mine[case][0][3]} tokens"
                print(f"{label:52} {a[0]:10.0f} {b[0]:10.0f} {a[0] / b[0]:6.2f}   {a[1]:7.1f} {b[1]:10.1f} {a[1] / b[1]:6.2f}   {len(same)} of {len(mine[case][0][2])}"
                      f"{'' if mine[case][0][3] == other[case][0][3] else f' (llama.cpp: {other[case][0][3]} tokens)'}", flush=True)


def first():
    """A cold process to its first token: Ptah's whole process against llama.cpp from the beginning of loading, in a process that runs already."""
    print(llama_version())
    with tempfile.TemporaryDirectory() as folder:
        path = list(prompts(folder))[0]
        for model in sys.argv[2:] or pulled_models():
            seconds, peaks, others, grown = [], [], [], []
            for _ in range(7):
                taken, peak = timed([BUILD / "ptah", "generate", "--model", model, "--temperature", "0", "--max-tokens", "1", path.read_text()])
                seconds.append(taken)
                peaks.append(peak)
                item = llama("first", model, path)["first"]
                others.append(item["seconds"])
                grown.append(item["mebibytes"])
            a, b = statistics.median(seconds), statistics.median(others)
            print(f"{pathlib.Path(model).name:44} first token {a * 1e3:6.0f} ms, llama.cpp {b * 1e3:6.0f} ms, ratio {b / a:5.2f}; peak {statistics.median(peaks):5.0f} MiB, llama.cpp grew by "
                  f"{statistics.median(grown):5.0f} MiB", flush=True)


def batch():
    """Several sequences at once: 64 tokens of prompt and 128 of answer each, everything counted."""
    print(llama_version())
    with tempfile.TemporaryDirectory() as folder:
        path = list(prompts(folder))[2]
        for model in sys.argv[2:] or pulled_models():
            for count in (1, 4, 16):
                runs = [(lines([BUILD / "bench" / "ptah_bench_batch", model, str(count), "128", path]), llama("batch", model, count, 128, path)) for _ in range(3)]
                a, b = [statistics.median(next(iter(run[i].values()))["tokens"] / next(iter(run[i].values()))["seconds"] for run in runs) for i in (0, 1)]
                print(f"{pathlib.Path(model).name:44} {count:3} at once: {a:7.1f} tokens/s, llama.cpp {b:7.1f}, ratio {a / b:5.2f}", flush=True)


def paint():
    """`paint FOLDER SIZE [BATCH]`: one evaluation of the U-Net and one decoding, against diffusers on PyTorch in bf16 and, where it is installed, OpenVINO."""
    import importlib.metadata
    import importlib.util
    best = ceiling()
    folder, size = sys.argv[2:4]
    batch = sys.argv[4] if len(sys.argv) > 4 else "1"
    flops = {"U-Net": {"512": 0.803e12}, "decode": {"512": 2.51e12}}  # of Stable Diffusion 1.5
    peers = {"PyTorch": "peer_paint.py"} | ({"OpenVINO": "peer_openvino.py"} if importlib.util.find_spec("openvino") else {})
    runs = [[lines([BUILD / "bench" / "ptah_bench_paint", folder, size, batch]), *(lines([sys.executable, ROOT / "bench" / peer, folder, size, batch]) for peer in peers.values())] for _ in range(2)]
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("diffusers", "torch", *(["openvino"] if len(peers) > 1 else []))) + ", bf16")
    for case in runs[0][0]:
        kind = case.split(" ")[0]  # peers are in bf16 whatever Ptah's weights are
        mine, *others = [min(run[i][kind if i else case]["seconds"] for run in runs) for i in range(1 + len(peers))]
        share = f", {int(batch) * flops[kind][size] / mine / best / 1e9:.0%} of the bf16 ceiling" if size in flops[kind] and "xl" not in folder else ""
        load = min(run[0][case]["load"] for run in runs)
        print(f"{case:13} {batch} at {size}: {mine:6.2f} s (weights read and packed in {load:.2f} s)" + "".join(f", {name} {other:6.2f} s, ratio {other / mine:5.2f}" for name, other in zip(peers, others)) + share, flush=True)


def pictures():
    """`pictures FOLDER [SIZE …]`: whole pictures from cold, reading the weights and writing the file included, against a pipeline of diffusers in bf16."""
    folder, sizes = sys.argv[2], sys.argv[3:] or ["512", "768"]
    with tempfile.TemporaryDirectory() as out:
        for size in sizes:
            for steps, guidance, sampler, count in (("4", "1", "lcm", "1"), ("4", "1", "lcm", "4"), ("20", "7", "euler", "1")):
                mine = [str(BUILD / "ptah"), "paint", "--model", folder, "--width", size, "--height", size, "--steps", steps, "--guidance", guidance, "--sampler", sampler, "--schedule", "karras", "--count", count, "--out", out + "/w", "a red fox"]
                other, peak = timed([sys.executable, ROOT / "bench" / "peer_pictures.py", folder, size, steps, guidance, sampler, count])
                print(f"{count} at {size}, {steps} steps of {sampler}: diffusers {other:6.1f} s, {peak:5.0f} MiB", flush=True)
                for quantize in ("", "w8a16", "w8a8"):
                    seconds, peak = timed(mine + (["--quantize", quantize] if quantize else []))
                    shutil.rmtree(out + "/w")
                    print(f"    Ptah {quantize or 'bf16':6} {seconds:6.1f} s, {peak:5.0f} MiB, ratio {other / seconds:5.2f}", flush=True)


def sdcpp():
    """`sdcpp FOLDER SIZE`: one step and one decoding of stable-diffusion.cpp in f16, beside Ptah's."""
    import importlib.metadata
    folder, size = sys.argv[2:4]
    print(f"stable-diffusion-cpp-python {importlib.metadata.version('stable-diffusion-cpp-python')}")
    with tempfile.TemporaryDirectory() as scratch:
        file = scratch + "/original.safetensors"
        subprocess.run([BUILD / "bench" / "ptah_bench_paint", "original", folder, file], check=True)
        mine, other = lines([BUILD / "bench" / "ptah_bench_paint", folder, size]), {}
        for flags in ([], ["diffusion_flash_attn"], ["vae_conv_direct"], ["diffusion_conv_direct"]):
            try:
                other[" ".join(flags) or "no flags"] = lines([sys.executable, ROOT / "bench" / "peer_sdcpp.py", file, size, *flags])
            except subprocess.CalledProcessError:
                print(f"stable-diffusion.cpp with {' '.join(flags)}: ended by a signal")
    for case, item in mine.items():
        theirs, flags = min((made[case.split(" ")[0]]["seconds"], flags) for flags, made in other.items())
        print(f"{case:13} at {size}: {item['seconds']:6.2f} s, stable-diffusion.cpp ({flags}) {theirs:6.2f} s, ratio {theirs / item['seconds']:5.1f}", flush=True)


def perplexity():
    """`perplexity TEXTFILE MODEL…`: twenty windows of 512 tokens."""
    print(llama_version())
    text, windows = pathlib.Path(sys.argv[2]).read_text(), 20
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "text"
        for model in sys.argv[3:] or pulled_models():
            path.write_text(text[:windows * 512 * 8])
            a = [json.loads(l) for l in subprocess.run([BUILD / "ptah", "perplexity", "--model", model, "--file", path, "--json"], check=True, capture_output=True, text=True).stdout.splitlines()]
            a = a[windows - 1]["perplexity"]
            b = llama("perplexity", model, path, windows)["perplexity"]["perplexity"]
            print(f"{pathlib.Path(model).name:44} perplexity {a:9.4f}, llama.cpp {b:9.4f}, difference {(a / b - 1) * 100:+.3f} %", flush=True)


def greedy():
    """Greedy tokens on 50 prompts: where the two part, how far apart llama.cpp's two likeliest tokens are."""
    print(llama_version())
    texts, count = json.load(open(ROOT / "bench" / "prompts.json")), 40
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "prompts"
        path.write_text("".join(json.dumps(t) + "\n" for t in texts))
        for model in sys.argv[2:] or pulled_models():
            whole, gaps = 0, []
            other = [json.loads(l) for l in subprocess.run([sys.executable, ROOT / "bench" / "peer_language.py", "greedy", model, str(count), path], check=True, capture_output=True, text=True).stdout.splitlines()]
            for text, item in zip(texts, other):
                mine = json.loads(subprocess.run([BUILD / "ptah", "generate", "--model", model, "--temperature", "0", "--max-tokens", str(count), "--json", text], check=True, capture_output=True, text=True).stdout)["tokens"]
                same = len(os.path.commonprefix([mine, item["made"]]))
                if same == len(mine):
                    whole += 1
                else:
                    gaps.append((item["gaps"][same], same, text))
            print(f"{pathlib.Path(model).name}: {whole} of {len(texts)} answers are the same in all of {count} tokens (or to Ptah's end)")
            for gap, same, text in sorted(gaps, reverse=True):
                print(f"    parts after {same:2}, where llama.cpp's two likeliest are {gap:.3f} apart: {text[:60]!r}")


def fit_field(views, steps, out):
    """A field of so many steps: its receipt, and the processor seconds that all of it took."""
    began = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([BUILD / "ptah", "field", "fit", views, "--steps", str(steps), "--out", out, "--no-sign", "--quiet"], check=True)
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    receipt = json.loads((out / "receipt.json").read_text())
    shutil.rmtree(out)
    return receipt, ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime


def field():
    """`field [SECONDS …] [SCENE …]`: 200 pixels, 100 pictures to fit and 20 to measure by. Other programs may run beside it, so a second is one of two cores,
    two seconds of the processor; how many steps fit in is found by trial. Reading, measuring and writing count."""
    words = sys.argv[2:]
    budgets = [float(w) for w in words if w.replace(".", "").isdigit()] or [20, 60]
    names = [w for w in words if not w.replace(".", "").isdigit()]
    scenes = sorted(p for p in (ROOT / "bench" / "fields").glob("*.shape") if not names or p.stem in names)
    means = {budget: [] for budget in budgets}
    with tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(scratch) / "field"
        for scene in scenes:
            views = pathlib.Path(scratch) / scene.stem
            subprocess.run([BUILD / "ptah", "field", "views", scene, views, "--quiet"], check=True)
            nothing, little = (fit_field(views, steps, out)[1] for steps in (10, 90))
            for budget in budgets:
                each = (little - nothing) / 80
                for _ in range(4):
                    steps = max(10, round((2 * budget * 0.98 - nothing) / each))
                    receipt, processor = fit_field(views, steps, out)
                    if 0.94 < processor / (2 * budget) <= 1:
                        break
                    each = (processor - nothing) / steps
                means[budget].append(receipt["psnr"])
                print(f"{scene.stem:12} {budget:5.0f} s: {receipt['psnr']:6.2f} dB, {steps} steps, {processor:.1f} processor seconds in all", flush=True)
    for budget, values in means.items():
        print(f"mean of {len(values)} scenes after {budget:.0f} s of two cores: {statistics.mean(values):.2f} dB")


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    own = {"ceiling": ceiling, "create": create, "scene": scene, "busy": busy, "language": language, "first": first, "batch": batch, "perplexity": perplexity, "greedy": greedy, "paint": paint, "pictures": pictures, "sdcpp": sdcpp, "field": field}
    if name not in own and name not in ("shapes", "step"):
        sys.exit(__doc__)
    build()
    print(machine())
    own.get(name, lambda: compare(name))()


main()
