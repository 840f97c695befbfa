#!/usr/bin/env python3
"""Makes tests/golden/diffusion/samplers.json: noise levels, schedules and the paths of k-diffusion's samplers on a denoiser that is known in closed form.

    tools/reference/samplers.py [tests/golden]      (made with k-diffusion 0.1.1.post1, torch 2.15.0)

The denoiser is that of numbers drawn from a normal distribution of mean 0.7 and deviation 0.4. Fresh noise, where a sampler asks for it, is cos(1 + draw + 3·index).
"""
import importlib.util
import json
import pathlib
import sys
import types

import torch

folder = pathlib.Path(next(p for p in importlib.util.find_spec("k_diffusion").submodule_search_locations))
package = types.ModuleType("kd")  # the package itself asks for much that sampling does not need
package.__path__ = [str(folder)]
utils = types.ModuleType("kd.utils")
utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
package.utils = utils
sys.modules.update({"kd": package, "kd.utils": utils})
spec = importlib.util.spec_from_file_location("kd.sampling", folder / "sampling.py")
sampling = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sampling)

MEAN, DEVIATION, N = 0.7, 0.4, 6


def denoise(x, sigma, **_):
    s = sigma.reshape(-1)[0]
    return (DEVIATION**2 * x + s**2 * MEAN) / (DEVIATION**2 + s**2)


class Noise:
    def __init__(self):
        self.draws = 0

    def __call__(self, *_):
        made = torch.cos(1 + self.draws + 3 * torch.arange(N, dtype=torch.float64))[None]
        self.draws += 1
        return made


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden") / "diffusion"
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = torch.cumprod(1 - betas, 0)
    levels = ((1 - kept) / kept) ** 0.5
    schedules = {"karras": sampling.get_sigmas_karras(9, float(levels[0]), float(levels[-1])), "exponential": sampling.get_sigmas_exponential(9, float(levels[0]), float(levels[-1]))}
    log = levels.log()
    at = lambda t: float((log[int(t)] * (1 - t % 1) + log[min(int(t) + 1, 999)] * (t % 1)).exp())
    schedules["normal"] = torch.tensor([at(float(t)) for t in torch.linspace(999, 0, 9, dtype=torch.float64)] + [0.0])
    x = torch.tensor([[1.0, -2.0, 0.3, 0.0, 1.7, -0.4]], dtype=torch.float64) * levels[-1]
    sigmas = schedules["karras"].double()
    made = {"levels": [float(levels[i]) for i in (0, 1, 500, 998, 999)], "schedules": {k: [float(s) for s in v] for k, v in schedules.items()}, "x": x[0].tolist(),
            "sigmas": sigmas.tolist(), "paths": {}}
    for name, run in {"euler": sampling.sample_euler, "ddim": sampling.sample_euler, "euler_a": sampling.sample_euler_ancestral, "heun": sampling.sample_heun, "dpm2": sampling.sample_dpm_2,
                      "dpm2_a": sampling.sample_dpm_2_ancestral, "dpmpp_2m_sde": sampling.sample_dpmpp_2m_sde, "dpmpp_3m_sde": sampling.sample_dpmpp_3m_sde,
                      "dpmpp_2m": sampling.sample_dpmpp_2m, "dpmpp_2s_a": sampling.sample_dpmpp_2s_ancestral}.items():
        path = []
        extra = {"noise_sampler": Noise()} if name.endswith(("_a", "_sde")) else {}
        last = run(denoise, x, sigmas, disable=True, callback=lambda info: path.append(info["x"][0].tolist()), **extra)
        made["paths"][name] = path + [last[0].tolist()]
    (out / "samplers.json").write_text(json.dumps(made) + "\n")
