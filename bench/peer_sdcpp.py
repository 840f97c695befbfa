"""stable-diffusion.cpp's half of the benchmark `sdcpp`: `python peer_sdcpp.py FOLDER SIZE`. The best of the flags that matter on a processor."""
import json
import sys
import time

from stable_diffusion_cpp import StableDiffusion


def main(folder, size):
    best = {}
    for flags in ({}, {"diffusion_conv_direct": True, "vae_conv_direct": True}, {"diffusion_flash_attn": True}):
        model = StableDiffusion(model_path=folder, n_threads=2, verbose=False, **flags)
        ends = []
        model.generate_image(prompt="a red fox", width=int(size), height=int(size), sample_steps=3, cfg_scale=1.0, sample_method="euler", progress_callback=lambda *_: ends.append(time.perf_counter()))
        done = time.perf_counter()
        steps = [b - a for a, b in zip(ends, ends[1:])]
        for case, seconds in (("U-Net", min(steps)), ("decode", done - ends[-1])):
            if case not in best or seconds < best[case][0]:
                best[case] = seconds, flags
        del model
    for case, (seconds, flags) in best.items():
        print(json.dumps({"case": case, "seconds": seconds, "flags": list(flags)}), flush=True)


main(*sys.argv[1:])
