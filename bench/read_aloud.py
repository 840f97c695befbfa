#!/usr/bin/env python3
"""Sentences said by Ptah, for bench/listen.py: python3 bench/read_aloud.py BUILD/ptah OUT_FOLDER [TEXTS] [--voice af_heart]

Needs numpy. Each line of TEXTS (default: 40 Harvard sentences, tests/golden/voice/harvard.txt) becomes N.wav, 16,000 samples a second, and N.txt.
"""
import argparse
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent


def two_thirds(sound):
    """24,000 samples a second to 16,000: a windowed sinc, every third of twice as many."""
    taps = np.arange(-96, 97)
    low = np.sinc(taps / 3) / 3 * np.hanning(taps.size)
    twice = np.zeros(2 * sound.size)
    twice[::2] = sound * 2
    return np.convolve(twice, low, mode="same")[::3]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("ptah")
    parser.add_argument("out")
    parser.add_argument("texts", nargs="?", default=ROOT / "tests" / "golden" / "voice" / "harvard.txt")
    parser.add_argument("--voice", default="af_heart")
    o = parser.parse_args()
    out = Path(o.out)
    out.mkdir(parents=True, exist_ok=True)
    texts = [line for line in Path(o.texts).read_text().splitlines() if line]
    for number, text in enumerate(texts):
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run([o.ptah, "say", text, "--voice", o.voice, "--out", Path(scratch) / "spoken", "--no-sign", "--quiet"], check=True)
            with wave.open(str(Path(scratch) / "spoken" / "speech.wav")) as file:
                sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
        with wave.open(str(out / f"{number:02}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(np.clip(np.round(two_thirds(sound)), -32768, 32767).astype(np.int16).tobytes())
        (out / f"{number:02}.txt").write_text(text + "\n")
    print(f"{len(texts)} sentences in {out}")


if __name__ == "__main__":
    main()
