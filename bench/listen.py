#!/usr/bin/env python3
"""Recognition against faster-whisper, one table: python3 bench/listen.py BUILD/ptah MODEL_FOLDER WAV_OR_FOLDER … [--threads N] [--language en]

Needs faster-whisper (PyPI). MODEL_FOLDER is what `ptah pull whisper-tiny.en` leaves, with faster-whisper's tokenizer.json beside it. Both write the likeliest token
each time in f32, without the text before as a prompt. A file NAME.txt beside NAME.wav is what was said: then word errors are counted, too.
"""
import argparse
import json
import re
import subprocess
import time
import wave
from pathlib import Path

import numpy as np
from faster_whisper import WhisperModel


def sounds(places):
    for place in map(Path, places):
        yield from sorted(place.glob("*.wav")) if place.is_dir() else [place]


def samples(file):
    """Of a file of one channel and 16,000 samples a second, so that no resampling differs."""
    with wave.open(str(file)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (16000, 1, 2), f"{file}: not 16 bits, 16,000 a second, one channel"
        return np.frombuffer(sound.readframes(sound.getnframes()), np.int16).astype(np.float32) / 32768


def words(text):
    return re.sub(r"[^a-z0-9' ]+", " ", text.lower().replace("-", " ")).split()


def errors(said, heard):
    """Insertions, deletions and replacements between two lists of words."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(said, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ptah")
    parser.add_argument("folder")
    parser.add_argument("sounds", nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--language", default="en")
    o = parser.parse_args()
    peer = WhisperModel(o.folder, device="cpu", compute_type="float32", cpu_threads=o.threads)
    totals = {"Ptah": [0.0, 0, 0], "faster-whisper": [0.0, 0, 0]}  # wall seconds, word errors, words
    equal = seconds = count = 0
    for file in sounds(o.sounds):
        sound = samples(file)
        count, seconds = count + 1, seconds + sound.size / 16000
        begun = time.perf_counter()
        done = subprocess.run([o.ptah, "transcribe", file, "--model", o.folder, "--language", o.language, "--threads", str(o.threads), "--json"], capture_output=True, text=True, check=True)
        totals["Ptah"][0] += time.perf_counter() - begun
        ours = json.loads(done.stdout)["text"]
        begun = time.perf_counter()
        parts, _ = peer.transcribe(sound, language=o.language, beam_size=1, temperature=0, condition_on_previous_text=False)
        theirs = "".join(part.text for part in parts).strip()
        totals["faster-whisper"][0] += time.perf_counter() - begun
        equal += ours == theirs
        if ours != theirs:
            print(f"{file.name}\n  Ptah           {ours}\n  faster-whisper {theirs}")
        truth = file.with_suffix(".txt")
        for name, text in (("Ptah", ours), ("faster-whisper", theirs)):
            if truth.exists():
                said = words(truth.read_text())
                totals[name][1] += errors(said, words(text))
                totals[name][2] += len(said)
    print(f"\n{count} sounds, {seconds:.1f} s; texts equal on {equal}\n")
    print("| | real-time factor | word errors |\n|---|---|---|")
    for name, (wall, wrong, said) in totals.items():
        print(f"| {name}{' (loads the model each time)' if name == 'Ptah' else ''} | {wall / seconds:.3f} | {f'{wrong} of {said} ({100 * wrong / said:.2f} %)' if said else '-'} |")


if __name__ == "__main__":
    main()
