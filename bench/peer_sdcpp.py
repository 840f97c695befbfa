"""stable-diffusion.cpp's half of the benchmark `sdcpp`: `python peer_sdcpp.py FILE SIZE [FLAG …]`, a step and a decoding with these flags of the library."""
import json
import sys
import time

from stable_diffusion_cpp import StableDiffusion


def main(file, size, *flags):
    model, ends = StableDiffusion(model_path=file, n_threads=2, verbose=False, **{flag: True for flag in flags}), []
    model.generate_image(prompt="a red fox", width=int(size), height=int(size), sample_steps=3, cfg_scale=1.0, sample_method="euler", progress_callback=lambda *_: ends.append(time.perf_counter()))
    done = time.perf_counter()
    steps = [b - a for a, b in zip(ends, ends[1:])]
    for case, seconds in (("U-Net", min(steps)), ("decode", done - ends[-1])):
        print(json.dumps({"case": case, "seconds": seconds}), flush=True)


main(*sys.argv[1:])
