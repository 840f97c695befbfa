#!/usr/bin/env python3
"""Surfaces of point clouds: ptah convert and MeshLab's screened Poisson reconstruction (PyMeshLab) in turn on the same points, in one run.

    bench/peer_poisson.py build/release/ptah [--points 60000] [--kinds teapot cow castle guitar] [--resolution 128]

Needs pymeshlab. Points are sampled on shapes of the library, whose parts are joined to one solid first; both get the true normals. MeshLab's
depth is the one whose grid has at least as many cells along the longest edge of its cube (1.1 times the cloud). Prints seconds, and how far each surface is
from the solid: Chamfer distance in percent of the diagonal, normal consistency and IoU, all by ptah measure.
"""
import argparse
import json
import math
import pathlib
import subprocess
import tempfile
import time

import pymeshlab


def run(*command):
    begin = time.perf_counter()
    out = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout
    return time.perf_counter() - begin, out


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ptah", type=pathlib.Path)
    parser.add_argument("--points", type=int, default=60000)
    parser.add_argument("--kinds", nargs="+", default=["teapot", "cow", "castle", "guitar"])
    parser.add_argument("--resolution", type=int, default=128)
    given = parser.parse_args()
    ptah = given.ptah.resolve()
    depth = math.ceil(math.log2(given.resolution * 1.1))
    print(f"PyMeshLab {pymeshlab.__version__ if hasattr(pymeshlab, '__version__') else ''}, depth {depth}; {given.points} points; grid of {given.resolution}")
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for kind in given.kinds:
            run(ptah, "shape", kind, "--format", "stl", "--no-sign", "--quiet", "--out", folder / kind)
            solid, points = folder / kind / "object.stl", folder / f"{kind}.ply"
            run(ptah, "convert", solid, points, "--points", given.points, "--quiet")
            seconds, found = {}, {}
            own = folder / f"{kind}-own.ply"
            seconds["ptah"], _ = run(ptah, "convert", points, own, "--resolution", given.resolution, "--quiet")
            begin = time.perf_counter()
            meshes = pymeshlab.MeshSet()
            meshes.load_new_mesh(str(points))
            meshes.generate_surface_reconstruction_screened_poisson(depth=depth, threads=2)
            peer = folder / f"{kind}-peer.ply"
            meshes.save_current_mesh(str(peer))
            seconds["meshlab"] = time.perf_counter() - begin
            for name, mesh in {"ptah": own, "meshlab": peer}.items():
                _, text = run(ptah, "measure", solid, mesh, "--json")
                found[name] = json.loads(text.strip().splitlines()[-1])
            for name, out in found.items():
                e = out["errors"]
                iou = "none (not closed)" if e["iou"] is None else f"{e['iou']:.4f}"
                print(f"{kind:10} {name:8} {seconds[name]:6.2f} s  Chamfer {100 * e['chamfer'] / e['diagonal']:.4f} %  normals {e['normal_consistency']:.4f}  "
                      f"IoU {iou}  {out['b']['triangles']} triangles")


main()
