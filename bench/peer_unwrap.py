#!/usr/bin/env python3
"""UV unwrap against xatlas, one table: python3 bench/peer_unwrap.py BUILD/bench/ptah_bench_unwrap FILE.obj …

Needs numpy and xatlas (PyPI). Both unwrap the same triangles for 2048 texels with a margin of 4 and are measured by the same program. xatlas chooses the
size of its atlas itself: its packing is of that size.
"""
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import xatlas

TEXELS, MARGIN = 2048, 4


def read_obj(file):
    """Positions and triangles; vertices at one place are one, as Ptah joins them."""
    positions, triangles = [], []
    for line in Path(file).read_text().splitlines():
        words = line.split()
        if words[:1] == ["v"]:
            positions.append([float(v) for v in words[1:4]])
        elif words[:1] == ["f"]:
            face = [int(w.split("/")[0]) - 1 for w in words[1:]]
            triangles += [[face[0], face[i - 1], face[i]] for i in range(2, len(face))]
    places, index = np.unique(np.array(positions, np.float32), axis=0, return_inverse=True)
    return places, index.reshape(-1)[np.array(triangles)].astype(np.uint32)


def measured(program, *arguments):
    done = subprocess.run([program, "--texels", str(TEXELS), *arguments], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def peer(program, file):
    positions, triangles = read_obj(file)
    atlas = xatlas.Atlas()
    atlas.add_mesh(positions, triangles)
    options = xatlas.PackOptions()
    options.resolution, options.padding, options.create_image = TEXELS, MARGIN, False
    wall, cpu = time.perf_counter(), time.process_time()
    atlas.generate(pack_options=options)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    vertices, corners, uvs = atlas[0]
    longest = max(atlas.width, atlas.height)
    uvs = uvs * [atlas.width / longest, atlas.height / longest]
    with tempfile.NamedTemporaryFile("w", suffix=".obj") as out:
        out.writelines(f"v {x:.9g} {y:.9g} {z:.9g}\n" for x, y, z in positions[vertices])
        out.writelines(f"vt {u:.9g} {1 - v:.9g}\n" for u, v in uvs)
        out.writelines("f " + " ".join(f"{i + 1}/{i + 1}" for i in t) + "\n" for t in corners)
        out.flush()
        row = measured(program, "--given", out.name)
    row.update(charts=atlas.chart_count, packing=row["packing"] * longest**2 / (atlas.width * atlas.height), seconds=wall, cpu_seconds=cpu)
    return row


def main():
    program, *files = sys.argv[1:]
    print("| mesh | triangles | | charts | L2 stretch | L∞ 95 % | packing | overlaps | mirrored | seams | wall s | CPU s |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|")
    ours, theirs = [], []
    for file in files:
        for name, row, all_rows in (("Ptah", measured(program, file), ours), ("xatlas", peer(program, file), theirs)):
            all_rows.append(row)
            print(f"| {Path(file).stem} | {row['triangles']} | {name} | {row['charts']} | {row['stretch']:.3f} | {row['worst']:.2f} | {row['packing'] * 100:.0f} % | "
                  f"{row['overlapping']} | {row['mirrored']} | {row['seams'] * 100:.1f} % | {row['seconds']:.2f} | {row['cpu_seconds']:.2f} |", flush=True)
    half = sum(a["charts"] <= b["charts"] / 2 for a, b in zip(ours, theirs))
    print(f"\n{len(ours)} meshes: charts at most half of xatlas's on {half}; packing {np.mean([r['packing'] for r in ours]) * 100:.1f} % "
          f"(xatlas {np.mean([r['packing'] for r in theirs]) * 100:.1f} %); L2 stretch at most {max(r['stretch'] for r in ours):.3f} "
          f"({max(r['stretch'] for r in theirs):.3f}); overlapping texels {sum(r['overlapping'] for r in ours)} ({sum(r['overlapping'] for r in theirs)}); "
          f"CPU {sum(r['cpu_seconds'] for r in ours):.2f} s ({sum(r['cpu_seconds'] for r in theirs):.2f} s)")


if __name__ == "__main__":
    main()
