#!/usr/bin/env python3
"""Fetches the captioned pictures the default model is trained on and packs them into two files.

    tools/data/pictures.py --out DIR [--size 128] [--jobs 2] [--every N] [--packages DIR]

Writes DIR/pictures.safetensors (tensor "pictures", u8, [count, size, size, 4], straight-alpha sRGB) and DIR/captions.jsonl
(one line a picture: concept, group, style, split, captions). With --every N only each N-th concept is drawn (large pictures for the upscaler). Sets and versions are pinned in SETS; all are MIT, Apache-2.0 or
CC-BY-4.0. Needs npm, rsvg-convert (librsvg2-bin) and Python with numpy and Pillow.
"""
import argparse
import colorsys
import concurrent.futures
import io
import json
import pathlib
import random
import re
import struct
import subprocess
import sys
import tarfile

import numpy
from PIL import Image

SETS = {  # package, licence, style word, file kind
    "@lobehub/fluent-emoji-3d@1.1.0": ("MIT", "glossy", "webp"),
    "@iconify-json/fluent-emoji-flat@1.2.6": ("MIT", "flat", "svg"),
    "@iconify-json/noto@1.2.9": ("Apache-2.0", "cartoon", "svg"),
    "@iconify-json/noto-v1@1.2.5": ("Apache-2.0", "blob", "svg"),
    "@iconify-json/twemoji@1.2.5": ("CC-BY-4.0", "sticker", "svg"),
    "@iconify-json/emojione@1.2.3": ("CC-BY-4.0", "badge", "svg"),
    "@iconify-json/fxemoji@1.2.2": ("Apache-2.0", "plain", "svg"),
}
NAMES = ["unicode-emoji-json@0.9.0", "emojilib@4.0.3"]
RECOLOURED = {"glossy", "flat", "cartoon"}
HUES = {"red": 0.0, "orange": 0.075, "yellow": 0.145, "green": 0.34, "blue": 0.6, "purple": 0.76, "pink": 0.91}


def fetch(package, cache):
    """Unpacks one npm package below cache and returns its folder."""
    folder = cache / re.sub(r"[^a-z0-9.]+", "-", package.strip("@"))
    if not folder.exists():
        made = subprocess.run(["npm", "pack", "--silent", package], cwd=cache, check=True, capture_output=True, text=True)
        part = folder.with_suffix(".part")
        with tarfile.open(cache / made.stdout.strip().splitlines()[-1]) as tar:
            tar.extractall(part, filter="data")
        (part / next(p.name for p in part.iterdir() if p.is_dir())).rename(folder)
    return folder


def slug(name):
    return re.sub(r"[^a-z0-9]+", "-", name.lower().replace("’", "").replace("'", "")).strip("-")


def concepts(folder_names, folder_words):
    """slug → (name, keywords, code points, group) for every emoji that is neither a flag nor a skin-tone variant."""
    names = json.loads((folder_names / "data-by-emoji.json").read_text())
    words = json.loads((folder_words / "dist/emoji-en-US.json").read_text())
    out = {}
    for char, info in names.items():
        if info["group"] == "Flags" or "skin tone" in info["name"] or "keycap" in info["name"]:
            continue
        own = info["name"].lower()
        keys = []
        for word in words.get(char, []):
            word = word.replace("_", " ").lower()
            if re.fullmatch(r"[a-z][a-z ]+", word) and word != own and word not in keys:
                keys.append(word)
        points = "-".join(f"{ord(c):04x}" for c in char)
        out[slug(own)] = (own, keys, points, info["group"])
    return out


def draw_svg(icon, width, height, size):
    body = (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{icon.get("left", 0)} {icon.get("top", 0)} {icon.get("width", width)} {icon.get("height", height)}">'
            f'{icon["body"]}</svg>')
    made = subprocess.run(["rsvg-convert", "-a", "-w", str(size), "-h", str(size)], input=body.encode(), check=True,
                          capture_output=True)
    return fit(Image.open(io.BytesIO(made.stdout)), size)


def fit(picture, size):
    picture = picture.convert("RGBA")
    if picture.size != (size, size):
        scale = size / max(picture.size)
        small = picture.resize([max(1, round(s * scale)) for s in picture.size], Image.LANCZOS)
        picture = Image.new("RGBA", (size, size))
        picture.paste(small, ((size - small.width) // 2, (size - small.height) // 2))
    pixels = numpy.array(picture)
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def main_colour(pixels):
    """The colour word of a picture's main hue, or None when it has none."""
    seen = pixels[pixels[..., 3] > 128][:, :3].astype(numpy.float32) / 255
    if len(seen) < 50:
        return None
    high, low = seen.max(1), seen.min(1)
    vivid = (high - low > 0.25) & (high > 0.25)
    if vivid.mean() < 0.35:
        if (high < 0.3).mean() > 0.6:
            return "black"
        if (low > 0.8).mean() > 0.6:
            return "white"
        return "gray" if vivid.mean() < 0.1 else None
    hues = numpy.array([colorsys.rgb_to_hsv(*p)[0] for p in seen[vivid][:: max(1, int(vivid.sum()) // 400)]])
    votes = {}
    for hue in hues:
        word = min(HUES, key=lambda w: min(abs(hue - HUES[w]), 1 - abs(hue - HUES[w])))
        votes[word] = votes.get(word, 0) + 1
    word, count = max(votes.items(), key=lambda item: item[1])
    if count < 0.6 * len(hues):
        return None
    if word in ("orange", "red") and numpy.median(high[vivid]) < 0.62:
        return "brown"
    return word


def recolour(pixels, source, target):
    """Turns the hues of a picture so that its main colour becomes the target's."""
    alpha = pixels[..., 3:]
    turned = Image.fromarray(pixels[..., :3]).convert("HSV")
    hsv = numpy.array(turned)
    start = HUES["orange"] if source == "brown" else HUES[source]
    hsv[..., 0] = (hsv[..., 0].astype(int) + round((HUES[target] - start) * 256)) % 256
    rgb = numpy.array(Image.fromarray(hsv, "HSV").convert("RGB"))
    out = numpy.concatenate([rgb, alpha], -1)
    out[out[..., 3] == 0] = 0
    return out


def article(words):
    return ("an " if words[0] in "aeiou" else "a ") + words


def captions(name, keys, style, colour, rng, recoloured=False):
    if recoloured:
        both = f"{colour} {name}"
        return [both, article(both), f"{style} {both}", article(f"{style} {both}"), f"{name} in {colour}"]
    out = [name, article(name), f"{style} {name}", article(f"{style} {name}")]
    short = re.sub(r" face$", "", name)
    if short != name:
        out += [short, article(short)]
    if keys:
        out.append(f"{name}, {rng.choice(keys)}")
        out.append(f"{style} {rng.choice(keys)}")
    if colour:
        out.append(f"{colour} {short}")
        out.append(article(f"{style} {colour} {short}"))
    return out


def icon_index(folder, known):
    """concept slug → icon id of one iconify set, by code point where the set tells it, else by name."""
    icons = json.loads((folder / "icons.json").read_text())
    by_points = {}
    if (folder / "chars.json").exists():
        by_points = json.loads((folder / "chars.json").read_text())
    flat = {icon.replace("-", ""): icon for icon in icons["icons"]}
    found = {}
    for concept, (_, _, points, _) in known.items():
        icon = by_points.get(points) or by_points.get(points.replace("-fe0f", ""))
        if icon is None and concept in icons["icons"]:
            icon = concept
        if icon is None:
            icon = flat.get(concept.replace("-", ""))
        if icon in icons["icons"]:
            found[concept] = icons["icons"][icon]
    return found, icons.get("width", 16), icons.get("height", 16)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--packages", type=pathlib.Path, help="where the sets are unpacked (default: DIR/packages)")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    cache = args.packages or args.out / "packages"
    cache.mkdir(parents=True, exist_ok=True)
    known = concepts(*(fetch(p, cache) for p in NAMES))
    known = {concept: known[concept] for concept in list(known)[:: args.every]}
    rng = random.Random(7)
    pictures, lines = [], []
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for package, (_, style, kind) in SETS.items():
            folder = fetch(package, cache)
            jobs = {}
            if kind == "webp":
                for concept, (_, _, points, _) in known.items():
                    for stem in (points, points.replace("-fe0f", "")):
                        file = folder / "assets" / f"{stem}.webp"
                        if file.exists():
                            jobs[concept] = pool.submit(lambda f: fit(Image.open(f), args.size), file)
                            break
            else:
                found, width, height = icon_index(folder, known)
                for concept, icon in found.items():
                    jobs[concept] = pool.submit(draw_svg, icon, width, height, args.size)
            drawn = 0
            for concept, job in jobs.items():
                try:
                    pixels = job.result()
                except subprocess.CalledProcessError as problem:
                    print(f"{package}: {concept}: {problem.stderr.decode()[:120]}", file=sys.stderr)
                    continue
                if (pixels[..., 3] > 128).mean() < 0.01:
                    continue
                name, keys, _, group = known[concept]
                colour = main_colour(pixels)
                split = "test" if rng.random() < 0.02 else "train"
                pictures.append(pixels)
                lines.append({"concept": concept, "group": group, "style": style, "split": split,
                              "captions": captions(name, keys, style, colour, rng)})
                drawn += 1
                if style in RECOLOURED and colour in (*HUES, "brown") and split == "train":
                    start = "orange" if colour == "brown" else colour
                    target = rng.choice([w for w in HUES if w != start])
                    plain = re.sub(r" face$", "", name)
                    plain = re.sub(r"^(red|orange|yellow|green|blue|purple|pink|brown) ", "", plain)
                    pictures.append(recolour(pixels, colour, target))
                    lines.append({"concept": concept, "group": group, "style": style, "split": "train", "recoloured": True,
                                  "captions": captions(plain, keys, style, target, rng, True)})
            print(f"{package}: {drawn} pictures", flush=True)
    data = numpy.stack(pictures)
    header = json.dumps({"pictures": {"dtype": "U8", "shape": list(data.shape), "data_offsets": [0, data.nbytes]}}).encode()
    header += b" " * (-len(header) % 8)
    part = args.out / "pictures.safetensors.part"
    with open(part, "wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.write(data.tobytes())
    part.rename(args.out / "pictures.safetensors")
    (args.out / "captions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    print(f"{len(lines)} pictures, {len({line['concept'] for line in lines})} concepts")


if __name__ == "__main__":
    main()
