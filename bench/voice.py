#!/usr/bin/env python3
"""Speech against onnxruntime, one table: python3 bench/voice.py BUILD/bench/ptah_bench_voice MODEL_FOLDER [--threads N] [--sentences N]

Needs numpy, onnx, onnxruntime and safetensors (PyPI). MODEL_FOLDER is what `ptah pull kokoro` leaves. All say the same phonemes (tests/golden/voice/sentences.txt)
with the same voice, each in a process of its own. onnxruntime runs the published graph in 8 bits, and the same dequantised to f32, which is what Ptah is compared
with: durations, and the correlation of the waves.
"""
import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "voice"
sys.path.insert(0, str(ROOT / "tools" / "reference"))


def sentences(count):
    return [line for line in (GOLDEN / "sentences.txt").read_text().splitlines() if line][:count]


def onnxruntime_run(graph, folder, count, threads, out):
    """The peer: prints the same JSON as Ptah's program."""
    import onnxruntime

    from kokoro import TAPS, styles

    begun = time.perf_counter()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    voice = styles(Path(folder), "af_heart")
    loaded = time.perf_counter()
    vocabulary = json.loads((GOLDEN / "vocabulary.json").read_text())
    names = [session.get_outputs()[0].name] + [o.name for o in session.get_outputs() if o.name == TAPS["durations"]]
    row = {"load_seconds": loaded - begun, "audio_seconds": 0, "wall_seconds": 0, "cpu_seconds": 0}
    for number, text in [(0, sentences(1)[0])] + list(enumerate(sentences(count))):
        ids = [vocabulary[c] for c in text]
        feed = {"tokens": np.array([[0, *ids, 0]], np.int64), "style": voice[len(ids) - 1][None], "speed": np.array([1], np.float32)}
        wall, cpu = time.perf_counter(), time.process_time()
        found = session.run(names, feed)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        if "first_sound_seconds" not in row:
            row["first_sound_seconds"] = wall
            continue
        row["wall_seconds"] += wall
        row["cpu_seconds"] += cpu
        row["audio_seconds"] += found[0].size / 24000
        if len(found) > 1:
            found[0].astype(np.float32).tofile(f"{out}/{number}.sound")
            found[1].astype(np.int32).tofile(f"{out}/{number}.durations")
    row["peak_kilobytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(row))


def measured(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def likeness(ours, theirs, count):
    """How many sentences have equal durations, and the correlations of the waves of those."""
    equal, found = 0, []
    for i in range(count):
        a, b = (np.fromfile(f"{folder}/{i}.durations", np.int32) for folder in (ours, theirs))
        if not np.array_equal(a, b):
            continue
        equal += 1
        x, y = (np.fromfile(f"{folder}/{i}.sound", np.float32).astype(np.float64) for folder in (ours, theirs))
        found.append(float(np.dot(x, y) / np.sqrt(np.dot(x, x) * np.dot(y, y))))
    return equal, np.array(found or [np.nan])


def log_mel(sound):
    """Decibels in 80 mel bands, 1,024 samples every 256."""
    window = np.hanning(1025)[:-1]
    frames = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::256] * window
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = 700 * (10 ** (np.linspace(0, 2595 * np.log10(1 + 12000 / 700), 82) / 2595) - 1)
    hertz = np.linspace(0, 12000, 513)
    bands = np.maximum(0, np.minimum((hertz - edges[:-2, None]) / np.diff(edges)[:-1, None], (edges[2:, None] - hertz) / np.diff(edges)[1:, None]))
    return 10 * np.log10(np.maximum(power @ bands.T, 1e-6))


def log_mel_distance(ours, theirs, count):
    """Mean difference in decibels over all sentences of the same length, and of the bands within 60 dB of a sentence's loudest alone."""
    found, loud = [], []
    for i in range(count):
        x, y = (np.fromfile(f"{folder}/{i}.sound", np.float32).astype(np.float64) for folder in (ours, theirs))
        if x.size == y.size:
            a, b = log_mel(x), log_mel(y)
            found.append(np.abs(a - b).mean())
            loud.append(np.abs(a - b)[b > b.max() - 60].mean())
    return np.mean(found), np.mean(loud)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--sentences", type=int, default=40)
    parser.add_argument("--peer", nargs=2, metavar=("GRAPH", "OUT"), help="what this program calls itself with")
    o = parser.parse_args()
    if o.peer:
        return onnxruntime_run(o.peer[0], o.folder, o.sentences, o.threads, o.peer[1])

    import onnx

    from kokoro import TAPS, dequantised

    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        published = Path(o.folder) / "kokoro-v1.0.int8.onnx"
        plain = scratch / "f32.onnx"
        onnx.save(dequantised(onnx.load(published), {"durations": TAPS["durations"]}), plain)
        texts = scratch / "sentences.txt"
        texts.write_text("\n".join(sentences(o.sentences)) + "\n")
        rows, folders = {}, {}
        for name in ("Ptah f32", "Ptah bf16", "onnxruntime f32", "onnxruntime int8"):
            folders[name] = scratch / name.replace(" ", "-")
            folders[name].mkdir()
            if name.startswith("Ptah"):
                rows[name] = measured([o.program, o.folder, texts, "--precision", name.split()[1], "--threads", str(o.threads), "--out", folders[name]])
            else:
                rows[name] = measured([sys.executable, __file__, o.program, o.folder, "--threads", str(o.threads), "--sentences", str(o.sentences), "--peer",
                                       str(plain if name.endswith("f32") else published), str(folders[name])])
        print("| | loaded s | first sound s | real-time factor | CPU s a second | peak MB |")
        print("|---|---|---|---|---|---|")
        for name, row in rows.items():
            print(f"| {name} | {row['load_seconds']:.2f} | {row['first_sound_seconds']:.2f} | {row['wall_seconds'] / row['audio_seconds']:.3f} | "
                  f"{row['cpu_seconds'] / row['audio_seconds']:.3f} | {row['peak_kilobytes'] / 1024:.0f} |")
        for name in ("Ptah f32", "Ptah bf16"):
            equal, waves = likeness(folders[name], folders["onnxruntime f32"], o.sentences)
            print(f"\n{name} and onnxruntime f32: durations equal on {equal} of {o.sentences}; wave correlation of these at least {waves.min():.4f}, "
                  f"median {np.median(waves):.4f}, {np.sum(waves >= 0.99)} at 0.99 or more")
        whole, loud = log_mel_distance(folders["Ptah bf16"], folders["Ptah f32"], o.sentences)
        print(f"\nPtah bf16 and Ptah f32: log mel {whole:.2f} dB apart, {loud:.2f} dB where a band is within 60 dB of the loudest")


if __name__ == "__main__":
    main()
