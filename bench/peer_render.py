#!/usr/bin/env python3
"""Path tracing beside Mitsuba 3: `python bench/peer_render.py [--ptah build/release/bench/ptah_bench_render] equal|speed [SCENE …]` (pip install mitsuba; its LLVM mode needs
libllvm19, DRJIT_LIBLLVM_PATH=/usr/lib/x86_64-linux-gnu/libLLVM.so.19.1; nothing else may run beside `speed`).

equal: both draw the same scenes twice with other random numbers. What differs between the two renderers must be no more than what differs between two pictures of one
renderer. Walls are Mitsuba's own `diffuse`; metal and plastic are Ptah's formula written once more on Mitsuba's microfacets, as none of its materials is the same.
speed: seconds of both in turn, the best of three after one to warm up, Mitsuba with its own materials (diffuse, roughconductor, principled) in the mode llvm_ad_rgb.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
THREADS = len(os.sched_getaffinity(0))
EQUAL = dict(size=128, samples=512, seeds=2)
SPEED = dict(size=256, samples=64, seeds=3)


def run_ptah(program, folder, size, samples, seeds, scenes):
    found = {}
    for scene in scenes:
        done = subprocess.run([program, folder, str(size), str(samples), str(seeds), scene], check=True, capture_output=True, text=True)
        found |= {line["case"]: line for line in map(json.loads, done.stdout.splitlines())}
    return found


def materials(mi, dr):
    """Ptah's metallic-roughness material on Mitsuba's microfacets."""

    class Metallic(mi.BSDF):
        def __init__(self, props):
            mi.BSDF.__init__(self, props)
            self.albedo, self.roughness, self.metallic = (mi.Color3f(props["albedo"].numpy() if hasattr(props["albedo"], "numpy") else props["albedo"]), props["roughness"], props["metallic"])
            self.compensate = props["compensate"]
            table = np.fromfile(props["table"], np.float32).reshape(64, 64, 2)
            # One row of the table: the roughness is the same all over the surface.
            at = self.roughness * 63
            low = min(int(at), 62)
            row = table[low] * (1 - (at - low)) + table[low + 1] * (at - low)
            self.scale, self.bias = mi.Float(row[:, 0].copy()), mi.Float(row[:, 1].copy())
            self.f0 = mi.Color3f(0.04 * (1 - self.metallic)) + self.albedo * self.metallic
            self.m_components = [mi.BSDFFlags.GlossyReflection | mi.BSDFFlags.FrontSide, mi.BSDFFlags.DiffuseReflection | mi.BSDFFlags.FrontSide]
            self.m_flags = self.m_components[0] | self.m_components[1]

        def facets(self):
            return mi.MicrofacetDistribution(mi.MicrofacetType.GGX, self.roughness**2, True)

        def shares(self, cosine):
            """Gain of the mirror, what it reflects in all, what the surface below it does."""
            at = dr.sqrt(dr.clip(cosine, 0, 1)) * 63
            low = dr.minimum(mi.UInt32(at), 62)
            part = at - mi.Float(low)
            look = lambda row: dr.gather(mi.Float, row, low) * (1 - part) + dr.gather(mi.Float, row, low + 1) * part
            scale, bias = look(self.scale), look(self.bias)
            single = scale + bias
            gain = 1 + self.f0 * (1 - single) / single if self.compensate else mi.Color3f(1)
            mirror = dr.minimum(1, (self.f0 * scale + bias) * gain)
            return gain, mirror, self.albedo * (1 - mirror) * (1 - self.metallic)

        def chance(self, cosine):
            _, mirror, diffuse = self.shares(cosine)
            return mi.luminance(mirror) / (mi.luminance(mirror) + mi.luminance(diffuse))

        def eval_pdf(self, ctx, si, wo, active=True):
            cos_i, cos_o = mi.Frame3f.cos_theta(si.wi), mi.Frame3f.cos_theta(wo)
            active = active & (cos_i > 0) & (cos_o > 0)
            facets, half = self.facets(), dr.normalize(si.wi + wo)
            gain, mirror, diffuse = self.shares(cos_i)
            # Both maskings depend on each other (Heitz 2014); Mitsuba multiplies them.
            masking = 1 / (1 / facets.smith_g1(si.wi, half) + 1 / facets.smith_g1(wo, half) - 1)
            fresnel = self.f0 + (1 - self.f0) * dr.clip(1 - dr.dot(si.wi, half), 0, 1) ** 5
            value = fresnel * gain * (facets.eval(half) * masking / (4 * cos_i)) + diffuse * (cos_o / dr.pi)
            chance = mi.luminance(mirror) / (mi.luminance(mirror) + mi.luminance(diffuse))
            pdf = chance * facets.pdf(si.wi, half) / (4 * dr.dot(wo, half)) + (1 - chance) * cos_o / dr.pi
            return dr.select(active, value, 0), dr.select(active, pdf, 0)

        def eval(self, ctx, si, wo, active=True):
            return self.eval_pdf(ctx, si, wo, active)[0]

        def pdf(self, ctx, si, wo, active=True):
            return self.eval_pdf(ctx, si, wo, active)[1]

        def sample(self, ctx, si, sample1, sample2, active=True):
            half, _ = self.facets().sample(si.wi, sample2)
            mirror = sample1 < self.chance(mi.Frame3f.cos_theta(si.wi))
            out = mi.BSDFSample3f()
            out.wo = dr.select(mirror, mi.reflect(si.wi, half), mi.warp.square_to_cosine_hemisphere(sample2))
            out.eta = 1
            out.sampled_component = dr.select(mirror, mi.UInt32(0), mi.UInt32(1))
            out.sampled_type = dr.select(mirror, mi.UInt32(+mi.BSDFFlags.GlossyReflection), mi.UInt32(+mi.BSDFFlags.DiffuseReflection))
            value, out.pdf = self.eval_pdf(ctx, si, out.wo, active)
            good = active & (out.pdf > 0)
            return out, dr.select(good, value / out.pdf, 0)

        def to_string(self):
            return "Metallic[]"

    mi.register_bsdf("ptah_metallic", lambda props: Metallic(props))


def material_of(mesh, folder, compensate, own):
    color = lambda value: {"type": "rgb", "value": value}
    if mesh["specular"] == 0:
        return {"type": "diffuse", "reflectance": color(mesh["albedo"])}
    if not own:
        return {"type": "ptah_metallic", "albedo": color(mesh["albedo"]), "roughness": mesh["roughness"], "metallic": mesh["metallic"], "compensate": compensate, "table": str(folder / "table.f32")}
    if mesh["metallic"] == 1:
        return {"type": "roughconductor", "material": "none", "distribution": "ggx", "alpha": mesh["roughness"] ** 2, "specular_reflectance": color(mesh["albedo"])}
    return {"type": "principled", "base_color": color(mesh["albedo"]), "metallic": mesh["metallic"], "roughness": mesh["roughness"], "specular": 0.5}


def write_ply(folder, name):
    """A mesh of ptah_bench_render as a file that Mitsuba reads."""
    positions = np.fromfile(folder / f"{name}.positions.f32", np.float32).reshape(-1, 3)
    normals = np.fromfile(folder / f"{name}.normals.f32", np.float32).reshape(-1, 3)
    triangles = np.fromfile(folder / f"{name}.triangles.u32", np.uint32).reshape(-1, 3)
    faces = np.empty(len(triangles), [("count", "u1"), ("corners", "<u4", 3)])
    faces["count"], faces["corners"] = 3, triangles
    head = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(positions)}\n" + "".join(f"property float {n}\n" for n in ("x", "y", "z", "nx", "ny", "nz"))
    head += f"element face {len(faces)}\nproperty list uchar uint vertex_indices\nend_header\n"
    file = folder / f"{name}.ply"
    file.write_bytes(head.encode() + np.hstack([positions, normals]).astype("<f4").tobytes() + faces.tobytes())
    return str(file)


def finer(pixels, width, height):
    """A map of the surroundings, bilinear between the middles of its pixels, on Mitsuba's grid, whose first and last rows are the poles."""
    rows, columns = pixels.shape[:2]
    y = np.clip(np.linspace(0, rows, height) - 0.5, 0, rows - 1)
    x = (np.arange(width) + 0.5) / width * columns - 0.5
    y0, x0 = np.minimum(y.astype(int), rows - 2), np.floor(x).astype(int)
    v, u = (y - y0)[:, None, None], (x - x0)[None, :, None]
    tap = lambda dy, dx: pixels[(y0 + dy)[:, None], ((x0 + dx) % columns)[None, :]]
    return (tap(0, 0) * (1 - u) + tap(0, 1) * u) * (1 - v) + (tap(1, 0) * (1 - u) + tap(1, 1) * u) * v


def load(mi, folder, own):
    given = json.loads((folder / "scene.json").read_text())
    at = mi.ScalarTransform4f()
    camera = given["camera"]
    scene = {"type": "scene", "integrator": {"type": "path", "max_depth": given["bounces"] + 1, "rr_depth": 4, "hide_emitters": given["map"] != ""},
             "sensor": {"type": "perspective", "fov": camera["field"], "fov_axis": "y", "near_clip": 0.001, "far_clip": 1000,
                        "to_world": at.look_at(origin=camera["eye"], target=[a + b for a, b in zip(camera["eye"], camera["forward"])], up=camera["up"]),
                        "film": {"type": "hdrfilm", "width": given["size"], "height": given["size"], "pixel_format": "rgb", "component_format": "float32", "rfilter": {"type": "box"}},
                        "sampler": {"type": "independent"}}}
    for i, mesh in enumerate(given["meshes"]):
        scene[f"mesh{i}"] = {"type": "ply", "filename": write_ply(folder, f"mesh{i}"), "bsdf": material_of(mesh, folder, given["compensate"], own)}
        if max(mesh["emission"]) > 0:
            scene[f"mesh{i}"]["emitter"] = {"type": "area", "radiance": {"type": "rgb", "value": mesh["emission"]}}
    if given["map"] == "white":
        scene["light"] = {"type": "constant", "radiance": {"type": "rgb", "value": 1}}
    elif given["map"]:
        width, height = given["map_size"]
        pixels = finer(np.fromfile(folder / "map.f32", np.float32).reshape(height, width, 3), 8 * width, 8 * height + 1)
        # Mitsuba sees the left edge of a map along −z, Ptah its middle.
        scene["light"] = {"type": "envmap", "bitmap": mi.Bitmap(pixels.astype(np.float32)), "to_world": at.rotate([0, 1, 0], 180)}
    return mi.load_dict(scene), given


def compare(mine, other):
    """Ptah's pictures of two seeds, Mitsuba's of two: how far apart they are, as a share of what their noise alone would make."""
    noise = np.sqrt(sum(np.mean((pair[0] - pair[1]) ** 2) / 4 for pair in (mine, other)))
    a, b = (mine[0] + mine[1]) / 2, (other[0] + other[1]) / 2
    return {"mean": float(a.mean()), "mean of Mitsuba": float(b.mean()), "difference of means": float(a.mean() / b.mean() - 1), "RMSE": float(np.sqrt(np.mean((a - b) ** 2))),
            "noise": float(noise), "noise of Ptah": float(np.sqrt(np.mean((mine[0] - mine[1]) ** 2) / 2)), "noise of Mitsuba": float(np.sqrt(np.mean((other[0] - other[1]) ** 2) / 2))}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ptah", default=ROOT / "build" / "release" / "bench" / "ptah_bench_render")
    parser.add_argument("--keep", help="a folder for the scenes and pictures")
    parser.add_argument("--variant", default="llvm_ad_rgb")
    parser.add_argument("what", choices=["equal", "speed"])
    parser.add_argument("scenes", nargs="*", default=["cornell", "furnace", "spheres-studio", "spheres-city", "spheres-sunset"])
    asked = parser.parse_args()
    import drjit as dr
    import mitsuba as mi
    mi.set_variant(asked.variant)
    if "llvm" in asked.variant:
        dr.set_thread_count(THREADS)
    materials(mi, dr)
    kind = EQUAL if asked.what == "equal" else SPEED
    print(f"Mitsuba {mi.__version__} ({asked.variant}), {THREADS} threads, {kind['size']}², {kind['samples']} samples a pixel", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(asked.keep or scratch)
        for name in asked.scenes:
            mine = run_ptah(asked.ptah, folder, **kind, scenes=[name])[name]
            scene, given = load(mi, folder / name, own=asked.what == "speed")
            picture = lambda seed: np.array(mi.render(scene, spp=kind["samples"], seed=seed)).reshape(given["size"], given["size"], 3)
            if asked.what == "equal":
                read = lambda seed: np.fromfile(folder / name / f"light.{seed}.f32", np.float32).reshape(given["size"], given["size"], 3)
                theirs = [picture(seed) for seed in range(2)]
                for seed, one in enumerate(theirs):
                    one.astype(np.float32).tofile(folder / name / f"mitsuba.{seed}.f32")
                found = compare([read(0), read(1)], theirs)
                print(f"{name:15}", ", ".join(f"{key} {value:.5f}" for key, value in found.items()), f"→ {found['RMSE'] / found['noise']:.2f} × noise", flush=True)
                continue
            picture(9)
            seconds = []
            for seed in range(3):
                begin = time.perf_counter()
                picture(seed)
                seconds.append(time.perf_counter() - begin)
            again = run_ptah(asked.ptah, folder, **kind, scenes=[name])[name]
            own = min(mine["seconds"], again["seconds"])
            print(f"{name:15} Ptah {own:6.2f} s, Mitsuba {min(seconds):6.2f} s, ratio {min(seconds) / own:5.2f}", flush=True)


main()
