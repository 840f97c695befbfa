#!/usr/bin/env python3
"""Fetches and renders the pictures that the background-removal network is trained on, and packs them.

    tools/data/matting.py --out DIR [--models FOLDER] [--cache DIR] [--views 1] [--packages DIR]

Writes DIR/foregrounds.safetensors and DIR/cutouts.safetensors (u8, [count, 256, 256, 4], straight alpha) and DIR/backgrounds.safetensors (u8,
[count, 320, 320, 3]), each with the tensors "train" and "test", and DIR/sources.jsonl (a line a picture: set, split, name, licence). A tenth of the things and of the photographs is "test", chosen by name,
so that no view of a test thing is trained on. Foregrounds: glossy emoji with their own alpha, and, with --models, renders of a folder of CC0 models
(models.bin, read_models.py). Cut-outs: photographs of animals, plants, food and things, and painted people, with the alpha that their authors cut by hand.
Backgrounds: photographs, views of panoramas, textures. Test photographs of scikit-image (astronaut, chelsea, coffee, rocket) are
left out. Needs npm, apt-get download, pip, and Python with numpy, Pillow and OpenEXR.
"""
import argparse
import base64
import hashlib
import io
import json
import math
import pathlib
import re
import struct
import subprocess
import sys
import tarfile
import zipfile

import numpy
from PIL import Image

Image.MAX_IMAGE_PIXELS = None
FOREGROUND, BACKGROUND = 256, 320
DEBIAN = {  # package, licence of its pictures
    "lomiri-wallpapers-16.04": "CC-BY-4.0 and CC-BY-SA",
    "lomiri-wallpapers-20.04": "CC-BY-4.0 and CC-BY-SA",
    "mate-backgrounds": "GPL-2+ and CC-BY-SA-4.0",
    "gnome-backgrounds": "CC-BY-SA-3.0",
    "ukui-wallpapers": "CC-BY-SA-3.0",
    "plasma-workspace-wallpapers": "GPL-2+ and CC-BY-SA-4.0",
    "sweethome3d": "GPL-2+ and CC-BY-4.0",
}
CUTOUTS = {  # package, part of its paths, part of the paths that are left out, licence
    "tuxpaint-stamps-default": ("/stamps/", "/symbols/", "GPL-2"),
    "wesnoth-1.16-data": ("/images/portraits/", "/icons/", "GPL-2+ and CC-BY-SA-4.0"),
}
PANORAMAS = ("@pmndrs/assets@1.7.0", "CC0-1.0")
EMOJI = ("@lobehub/fluent-emoji-3d@1.1.0", "MIT")
PYPI = {"miniworld==2.1.0": "Apache-2.0", "scikit-image==0.16.2": "CC0-1.0 and public domain"}
SKIMAGE = ["brick.png", "grass.png", "gravel.png", "motorcycle_left.png", "moon.png", "hubble_deep_field.jpg", "retina.jpg", "ihc.png", "coins.png", "page.png"]


def held_out(name):
    return hashlib.sha256(name.encode()).digest()[0] < 26  # a tenth


def random_of(name):
    return numpy.random.default_rng(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little"))


def fetch_npm(package, cache):
    folder = cache / re.sub(r"[^a-z0-9.]+", "-", package.strip("@"))
    if not folder.exists():
        made = subprocess.run(["npm", "pack", "--silent", package], cwd=cache, check=True, capture_output=True, text=True)
        with tarfile.open(cache / made.stdout.strip().splitlines()[-1]) as tar:
            tar.extractall(folder, filter="data")
    return folder


def fetch_debian(package, cache):
    folder = cache / package
    if not folder.exists():
        subprocess.run(["apt-get", "download", "-q", package], cwd=cache, check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "-x", next(cache.glob(package + "_*.deb")).name, package], cwd=cache, check=True)
    return folder


def fetch_pypi(package, cache):
    folder = cache / package.split("==")[0]
    if not folder.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "-d", str(cache), package]
        if package.startswith("scikit-image"):  # the last ones that carry their pictures are for older Pythons
            command += ["--python-version", "3.7"]
        subprocess.run(command, check=True)
        wheel = next(cache.glob(package.split("==")[0].replace("-", "_") + "-*.whl"))
        zipfile.ZipFile(wheel).extractall(folder)
    return folder


# ---- backgrounds

def photographs(cache):
    """(name, licence, PIL picture) of every photograph and texture."""
    for package, licence in DEBIAN.items():
        folder = fetch_debian(package, cache)
        files = [f for f in sorted(folder.rglob("*")) if f.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp") and f.is_file() and not f.is_symlink()]
        seen = set()
        for file in sorted(files, key=lambda f: -f.stat().st_size):
            wallpaper = file.parents[2].name if file.parent.name in ("images", "images_dark") else file.stem  # a folder of sizes, or one file
            if wallpaper in seen or file.stat().st_size < 60000 or "screenshot" in file.name:  # one size of each
                continue
            seen.add(wallpaper)
            yield f"{package}/{wallpaper}", licence, lambda file=file: Image.open(file).convert("RGB")
        for jar in folder.rglob("sweethome3d.jar"):
            with zipfile.ZipFile(jar) as inside:
                for name in inside.namelist():
                    if re.search(r"/resources/textures?/.*\.(jpg|png)$|/Textures?/.*\.(jpg|png)$", name, re.I):
                        data = inside.read(name)
                        yield f"{package}/{name}", licence, lambda data=data: Image.open(io.BytesIO(data)).convert("RGB")
    for package, licence in PYPI.items():
        folder = fetch_pypi(package, cache)
        files = sorted((folder / "miniworld/textures").glob("*.*g")) if package.startswith("miniworld") else [folder / "skimage/data" / n for n in SKIMAGE]
        for file in files:
            yield f"{package}/{file.stem}", licence, lambda file=file: Image.open(file).convert("RGB")


def panorama_views(cache, count):
    """Views into the panoramas: (name, licence, picture maker)."""
    import OpenEXR
    folder = fetch_npm(PANORAMAS[0], cache) / "package/hdri"
    for file in sorted(folder.glob("*.exr.js")):
        data = base64.b64decode(re.search(rb"base64,([A-Za-z0-9+/=]+)", file.read_bytes()).group(1))
        part = cache / (file.stem + ".tmp.exr")
        part.write_bytes(data)
        with OpenEXR.File(str(part)) as exr:
            channels = exr.channels()
            pixels = channels["RGB"].pixels if "RGB" in channels else channels["RGBA"].pixels[..., :3] if "RGBA" in channels else numpy.stack(
                [channels[c].pixels for c in "RGB"], -1)
        part.unlink()
        pixels = numpy.nan_to_num(pixels.astype(numpy.float32), posinf=1e4).clip(0, 1e4)
        for view in range(count):
            yield f"panorama/{file.stem}", f"panorama/{file.stem}#{view}", PANORAMAS[1], lambda p=pixels, n=f"{file.stem}#{view}": panorama_view(p, random_of(n))


def panorama_view(pixels, random):
    height, width = pixels.shape[:2]
    yaw, pitch, field = random.uniform(0, 2 * math.pi), math.radians(random.uniform(-35, 20)), math.radians(random.uniform(45, 85))
    x, y = numpy.meshgrid(numpy.linspace(-1, 1, BACKGROUND), numpy.linspace(1, -1, BACKGROUND))
    ray = numpy.stack([x * math.tan(field / 2), y * math.tan(field / 2), numpy.ones_like(x)], -1)
    ray /= numpy.linalg.norm(ray, axis=-1, keepdims=True)
    up = ray[..., 1] * math.cos(pitch) + ray[..., 2] * math.sin(pitch)
    forward = -ray[..., 1] * math.sin(pitch) + ray[..., 2] * math.cos(pitch)
    u = ((numpy.arctan2(ray[..., 0], forward) + yaw) / (2 * math.pi) % 1) * width - 0.5
    v = numpy.clip((0.5 - numpy.arcsin(up.clip(-1, 1)) / math.pi) * height - 0.5, 0, height - 1.001)
    u0, v0 = numpy.floor(u).astype(int), numpy.floor(v).astype(int)
    fu, fv = (u - u0)[..., None], (v - v0)[..., None]
    at = lambda a, b: pixels[numpy.minimum(b, height - 1), a % width]
    light = (at(u0, v0) * (1 - fu) + at(u0 + 1, v0) * fu) * (1 - fv) + (at(u0, v0 + 1) * (1 - fu) + at(u0 + 1, v0 + 1) * fu) * fv
    light = light * (0.35 * 2 ** random.uniform(-0.7, 0.9) / (numpy.median(light) + 1e-3))
    shown = (light / (1 + 0.35 * light)).clip(0, 1)
    return Image.fromarray((255 * shown ** (1 / 2.2)).astype(numpy.uint8))


def crop_of(picture, random):
    """A square part between a third and all of the shorter edge, at BACKGROUND pixels."""
    short = min(picture.size)
    edge = max(min(short, 160), int(short * random.uniform(0.35, 1.0)))
    left, top = (int(random.integers(0, size - edge + 1)) for size in picture.size)
    return picture.resize((BACKGROUND, BACKGROUND), Image.LANCZOS, box=(left, top, left + edge, top + edge))


def backgrounds(cache, crops, views):
    for name, licence, make in photographs(cache):
        picture = make()
        if min(picture.size) < 64:
            continue
        picture.thumbnail((1600, 1600))
        large = min(picture.size) >= 600
        for k in range(crops if large else 1 + crops // 4):
            yield name, licence, numpy.asarray(crop_of(picture, random_of(f"{name}#{k}")))
    for origin, _, licence, make in panorama_views(cache, views):
        yield origin, licence, numpy.asarray(make())


# ---- foregrounds

def emoji(cache):
    folder = fetch_npm(EMOJI[0], cache)
    for file in sorted(folder.rglob("*.webp")):
        yield "emoji/" + re.sub(r"-1f3f[b-f]", "", file.stem), EMOJI[1], fitted(Image.open(file).convert("RGBA"))


def cutouts(cache):
    for package, (folder, without, licence) in CUTOUTS.items():
        for file in sorted(fetch_debian(package, cache).rglob("*")):
            if folder not in str(file) or without in str(file) or file.suffix not in (".png", ".webp") or file.is_symlink():
                continue
            picture = Image.open(file).convert("RGBA")
            opaque = (numpy.asarray(picture.getchannel("A")) > 127).mean()
            if min(picture.size) >= 80 and 0.02 < opaque < 0.97:  # an opaque rectangle is no cut-out
                yield f"{package}/{file.stem}", licence, fitted(picture)


def fitted(picture):
    """The part that shows something, as large as a FOREGROUND square allows."""
    box = picture.getchannel("A").point(lambda a: 255 if a > 8 else 0).getbbox()
    if box is None:
        return None
    picture = picture.crop(box)
    scale = (FOREGROUND - 4) / max(picture.size)
    size = [max(1, round(s * scale)) for s in picture.size]
    picture = picture.convert("RGBa").resize(size, Image.LANCZOS).convert("RGBA")
    out = Image.new("RGBA", (FOREGROUND, FOREGROUND))
    out.paste(picture, ((FOREGROUND - size[0]) // 2, (FOREGROUND - size[1]) // 2))
    return numpy.asarray(out)


def rotation(random):
    yaw, pitch, roll = random.uniform(0, 2 * math.pi), math.radians(random.uniform(-8, 45)), math.radians(random.normal(0, 6))
    cy, sy, cp, sp, cr, sr = math.cos(yaw), math.sin(yaw), math.cos(pitch), math.sin(pitch), math.cos(roll), math.sin(roll)
    turn = numpy.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    tilt = numpy.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    return numpy.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]]) @ tilt @ turn


def visible_triangles(points, triangles, edge):
    """A depth buffer of triangle numbers, -1 where there is none; points in pixels with depth (nearer is larger)."""
    depth = numpy.full((edge, edge), -numpy.inf)
    number = numpy.full((edge, edge), -1, numpy.int32)
    corners = points[triangles]
    for k, (a, b, c) in enumerate(corners):
        area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
        if abs(area) < 1e-6:
            continue
        x0, x1 = max(0, int(min(a[0], b[0], c[0]))), min(edge - 1, int(max(a[0], b[0], c[0])) + 1)
        y0, y1 = max(0, int(min(a[1], b[1], c[1]))), min(edge - 1, int(max(a[1], b[1], c[1])) + 1)
        x, y = numpy.arange(x0, x1 + 1) + 0.5, (numpy.arange(y0, y1 + 1) + 0.5)[:, None]
        wb = ((x - a[0]) * (c[1] - a[1]) - (y - a[1]) * (c[0] - a[0])) / area
        wc = ((b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])) / area
        wa = 1 - wb - wc
        z = wa * a[2] + wb * b[2] + wc * c[2]
        window = depth[y0:y1 + 1, x0:x1 + 1]
        nearer = (wa >= 0) & (wb >= 0) & (wc >= 0) & (z > window)
        window[nearer] = z[nearer]
        number[y0:y1 + 1, x0:x1 + 1][nearer] = k
    return number


def render(model, random, textures):
    """One view of a model in random light, sometimes with the texture of a photograph."""
    edge = 2 * FOREGROUND
    middle = (model.vertices.max(0) + model.vertices.min(0)) / 2
    points = (model.vertices - middle) @ rotation(random).T
    points /= numpy.abs(points).max() + 1e-9
    distance = random.uniform(3, 8)
    flat = points[:, :2] * (distance / (distance - points[:, 2:3]))
    low, high = flat.min(0), flat.max(0)
    scale = (edge - 12) / max(high - low)
    shown = numpy.concatenate([(flat - (low + high) / 2) * [scale, -scale] + edge / 2, points[:, 2:3]], 1)
    number = visible_triangles(shown, model.triangles, edge)
    seen = number >= 0
    if seen.mean() < 0.02:
        return None
    a, b, c = (points[model.triangles[:, i]] for i in range(3))
    normal = numpy.cross(b - a, c - a)
    if random.uniform() < 0.4:  # smooth shading
        at_vertex = numpy.zeros_like(points)
        for i in range(3):
            numpy.add.at(at_vertex, model.triangles[:, i], normal)
        normal = 0.6 * at_vertex[model.triangles].mean(1) / (numpy.linalg.norm(at_vertex[model.triangles].mean(1), axis=1, keepdims=True) + 1e-9) + 0.4 * normal / (
            numpy.linalg.norm(normal, axis=1, keepdims=True) + 1e-9)
    normal /= numpy.linalg.norm(normal, axis=1, keepdims=True) + 1e-9
    normal[normal[:, 2] < 0] *= -1
    light = random.normal(size=3) * [1, 0.7, 0.6] + [0, 0.8, 0.7]
    light /= numpy.linalg.norm(light)
    half = light + [0, 0, 1]
    half /= numpy.linalg.norm(half)
    tint = 1 + random.normal(size=3) * 0.08
    shade = random.uniform(0.2, 0.55) * (0.8 + 0.2 * normal[:, 1:2]) + random.uniform(0.5, 1.0) * numpy.clip(normal @ light, 0, None)[:, None] * tint
    gloss = random.uniform(0, 0.5) * numpy.clip(normal @ half, 0, None)[:, None] ** random.uniform(8, 60)
    albedo = ((model.palette[model.corner_colour[:, 0], :3] / 255.0) ** 2.2)[number[seen]]
    if random.uniform() < 0.5:
        texture = textures[random.integers(len(textures))] / 255.0
        texture = texture[::-1, ::-1] if random.uniform() < 0.5 else texture
        place = a[number[seen]]  # where the triangle lies, and where in it: the texture runs over the picture's plane
        rows, columns = numpy.nonzero(seen)
        texture = texture[(rows // 2 + int(40 * abs(place[0, 0]))) % BACKGROUND, columns // 2 % BACKGROUND] ** 2.2
        share = random.uniform(0.3, 1.0)
        albedo = albedo * (1 - share) + share * albedo.mean(0, keepdims=True) ** random.choice([0.0, 0.5, 1.0]) * texture * 1.5
    colour = numpy.zeros((edge, edge, 4))
    colour[seen, :3] = (albedo * shade[number[seen]] + gloss[number[seen]]).clip(0, 1)
    colour[seen, 3] = 1
    colour = colour.reshape(FOREGROUND, 2, FOREGROUND, 2, 4).mean((1, 3))
    colour[..., :3] = (colour[..., :3] / numpy.maximum(colour[..., 3:], 1e-6)).clip(0, 1) ** (1 / 2.2)
    return fitted(Image.fromarray((255 * colour + 0.5).astype(numpy.uint8), "RGBA"))


def renders(folder, views, textures):
    sys.path.insert(0, str(folder))
    from read_models import Models
    models = Models(str(folder))
    for meta in models.meta:
        if meta["triangles"] > 5000 or meta["category"] in ("building part", "terrain"):
            continue
        model = models.load(meta["row"])
        family = f"model/{meta['source']}/{meta['caption']}"
        for view in range(views):
            made = render(model, random_of(f"{meta['id']}#{view}"), textures)
            if made is not None:
                yield family, meta["licence"], made, meta["heldout"]


# ---- files

class Packed:
    """A safetensors file of the tensors "train" and "test" that grows picture by picture."""

    def __init__(self, path, shape):
        self.path, self.shape, self.parts = path, shape, {"train": [], "test": []}

    def add(self, picture, test):
        assert picture.shape == self.shape and picture.dtype == numpy.uint8, (picture.shape, picture.dtype)
        self.parts["test" if test else "train"].append(picture.tobytes())

    def write(self):
        header, at = {}, 0
        for name, pictures in sorted(self.parts.items()):
            size = len(pictures) * math.prod(self.shape)
            header[name] = {"dtype": "U8", "shape": [len(pictures), *self.shape], "data_offsets": [at, at + size]}
            at += size
        text = json.dumps(header).encode()
        text += b" " * (-(8 + len(text)) % 64)
        with open(self.path, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text)
            for _, pictures in sorted(self.parts.items()):
                for picture in pictures:
                    file.write(picture)
        return {name: len(pictures) for name, pictures in self.parts.items()}


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--out", type=pathlib.Path, required=True)
    options.add_argument("--models", type=pathlib.Path, help="a folder of CC0 models with read_models.py")
    options.add_argument("--packages", type=pathlib.Path, help="where fetched packages are kept (default: OUT/packages)")
    options.add_argument("--views", type=int, default=1, help="renders of each model")
    options.add_argument("--crops", type=int, default=8, help="parts of each large photograph")
    options.add_argument("--panorama-views", type=int, default=40)
    o = options.parse_args()
    cache = o.packages or o.out / "packages"
    cache.mkdir(parents=True, exist_ok=True)
    lines = []
    behind, before = Packed(o.out / "backgrounds.safetensors", (BACKGROUND, BACKGROUND, 3)), Packed(o.out / "foregrounds.safetensors", (FOREGROUND, FOREGROUND, 4))
    textures = []
    for name, licence, picture in backgrounds(cache, o.crops, o.panorama_views):
        behind.add(picture, held_out(name))
        if not held_out(name):
            textures.append(picture)
        lines.append({"set": "background", "split": "test" if held_out(name) else "train", "name": name, "licence": licence})
    print("backgrounds", behind.write(), flush=True)
    for name, licence, picture in emoji(cache):
        if picture is not None:
            before.add(picture, held_out(name))
            lines.append({"set": "foreground", "split": "test" if held_out(name) else "train", "name": name, "licence": licence})
    cut = Packed(o.out / "cutouts.safetensors", (FOREGROUND, FOREGROUND, 4))
    for name, licence, picture in cutouts(cache):
        cut.add(picture, held_out(name))
        lines.append({"set": "cutout", "split": "test" if held_out(name) else "train", "name": name, "licence": licence})
    print("cut-outs", cut.write(), flush=True)
    print("emoji", {k: len(v) for k, v in before.parts.items()}, flush=True)
    for name, licence, picture, test in renders(o.models, o.views, textures) if o.models else []:
        test = test or held_out(name)
        before.add(picture, test)
        lines.append({"set": "foreground", "split": "test" if test else "train", "name": name, "licence": licence})
    print("foregrounds", before.write(), flush=True)
    (o.out / "sources.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


if __name__ == "__main__":
    main()
