#!/usr/bin/env python3
"""Objects from one picture against PyTorch: python3 bench/peer_triposr.py BUILD/bench/ptah_bench_reconstruct FOLDER [RESOLUTION]

Needs torch. FOLDER is one that tools/reference/triposr.py --full made: random weights of the published model's size. PyTorch runs the same network in f32 (and
in bf16 with --bf16, but for the field) and asks the field at every point of the grid, as the public code does; Ptah asks where the surface can be. Meshing,
decimation and texture are in Ptah's time and not in PyTorch's. Both run twice, in turn; the second times count.
"""
import json
import pathlib
import subprocess
import sys
import time

import numpy as np
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tools" / "reference"))
import triposr  # noqa: E402
from safetensors.torch import load_file  # noqa: E402


@torch.inference_mode()
def peer(model, rgba, resolution, kind):
    laps, start = {}, time.perf_counter()

    def lap(name):
        nonlocal start
        now = time.perf_counter()
        laps[name], start = now - start, now

    picture = triposr.prepared(rgba, model.c["picture"])
    lap("picture")
    with torch.autocast("cpu", torch.bfloat16, enabled=kind == torch.bfloat16):
        tokens = model.tokens(picture)
        lap("tokens")
        planes = model.planes(tokens)
        lap("planes")
    line = torch.linspace(-model.c["radius"], model.c["radius"], resolution)
    planes = planes.float()
    for x in line:  # a layer of the grid at once, 65,536 points at 256
        y, z = torch.meshgrid(line, line, indexing="ij")
        model.field(planes, torch.stack([torch.full_like(y, x.item()), y, z], -1).reshape(-1, 3))
    lap("field")
    laps["all"] = sum(laps.values())
    return laps


def main(program, folder, resolution="256", *options):
    torch.set_num_threads(2)
    folder = pathlib.Path(folder)
    model = triposr.Model(triposr.PUBLISHED).eval()
    model.load_state_dict(torch.load(folder / "model.ckpt", mmap=True), assign=True)
    rgba = load_file(folder / "results.safetensors")["rgba"].numpy().astype(np.uint8)
    kind = torch.bfloat16 if "--bf16" in options else torch.float32
    for turn in range(2):
        theirs = peer(model, rgba, int(resolution), kind)
        print("PyTorch", json.dumps({k: round(v, 3) for k, v in theirs.items()}), flush=True)
        done = subprocess.run([program, str(folder), resolution], capture_output=True, text=True, check=True)
        ours = json.loads(done.stdout)
        print("Ptah   ", json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in ours.items()}), flush=True)
    print(f"photo to mesh at {resolution}³: Ptah {ours['all']:.1f} s, PyTorch {theirs['all']:.1f} s without meshing")


main(*sys.argv[1:])
