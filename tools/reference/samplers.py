#!/usr/bin/env python3
"""Makes tests/golden/diffusion/samplers.json: noise levels, schedules and the paths of k-diffusion's samplers on a denoiser that is known in closed form.

    tools/reference/samplers.py [tests/golden]      (made with k-diffusion 0.1.1.post1, diffusers 0.42.1, torch 2.15.0, scipy 1.17.1)

The denoiser is that of numbers drawn from a normal distribution of mean 0.7 and deviation 0.4. Fresh noise, where a sampler asks for it, is cos(1 + draw + 3·index).
"""
import importlib.util
import json
import pathlib
import sys
import types

import scipy.stats
import torch
from diffusers import UniPCMultistepScheduler
from diffusers.schedulers.scheduling_utils import AysSchedules

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


def noise_levels():
    """The 1,000 levels σ a latent diffusion model was trained with."""
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = torch.cumprod(1 - betas, 0)
    return ((1 - kept) / kept) ** 0.5


def of_scheduler(scheduler, x, sigmas):
    """The path of one of diffusers' schedulers on the same levels, in the scale of σ (theirs keep the variance: x / √(1 + σ²))."""
    scheduler.set_timesteps(len(sigmas) - 1)
    scheduler.sigmas = sigmas.clone()
    times = torch.arange(len(sigmas) - 1, 0, -1)  # only names here: the levels decide
    scheduler.timesteps, scheduler._step_index, scheduler._begin_index = times, None, None
    shrink = lambda s: 1 / (1 + s * s) ** 0.5
    path, at = [], x * shrink(sigmas[0])
    for i, t in enumerate(times):
        path.append((at / shrink(sigmas[i]))[0].tolist())
        wide = at / shrink(sigmas[i])
        noise = (wide - denoise(wide, sigmas[i : i + 1])) / sigmas[i]
        at = scheduler.step(noise, t, at).prev_sample
    return path + [at[0].tolist()]


def of_ddpm(x, sigmas):
    """Ho et al. 2020, equation 6 and 7, step by step between these levels."""
    kept = 1 / (1 + sigmas**2)
    path, at, noise = [], x * kept[0] ** 0.5, Noise()
    for i in range(len(sigmas) - 1):
        path.append((at / kept[i] ** 0.5)[0].tolist())
        alpha = kept[i] / kept[i + 1]
        seen = denoise(at / kept[i] ** 0.5, sigmas[i : i + 1])
        at = kept[i + 1] ** 0.5 * (1 - alpha) / (1 - kept[i]) * seen + alpha**0.5 * (1 - kept[i + 1]) / (1 - kept[i]) * at
        if sigmas[i + 1] > 0:
            at = at + ((1 - alpha) * (1 - kept[i + 1]) / (1 - kept[i])) ** 0.5 * noise()
    return path + [at[0].tolist()]


def of_restart(x, steps):
    """Xu et al. 2023 with the WebUI's choice of where: k-diffusion's Heun step by step, and noise between."""
    again, times = (steps // 4, 2) if steps >= 36 else (9, 1)
    karras = lambda n, low, high: sampling.get_sigmas_karras(n, low, high).double()
    plain = karras(steps - again * times, LOW, HIGH)
    low, high = int((plain - 0.1).abs().argmin()), int((plain - 2).abs().argmin())
    below = karras(again + 1, float(plain[low]), float(plain[high]))[:-1]
    pairs = [(plain[i], plain[i + 1]) for i in range(low)] + times * [(below[i], below[i + 1]) for i in range(again)] + [(plain[i], plain[i + 1]) for i in range(low, len(plain) - 1)]
    path, noise, last = [], Noise(), None
    for start, end in pairs:
        if last is not None and last < start:
            x = x + noise() * (start**2 - last**2) ** 0.5
        path.append(x[0].tolist())
        x = sampling.sample_heun(denoise, x, torch.stack([start, end]), disable=True)
        last = end
    return path + [x[0].tolist()]


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden") / "diffusion"
    levels = noise_levels()
    schedules = {"karras": sampling.get_sigmas_karras(9, float(levels[0]), float(levels[-1])), "exponential": sampling.get_sigmas_exponential(9, float(levels[0]), float(levels[-1]))}
    log = levels.log()
    at = lambda t: float((log[int(t)] * (1 - t % 1) + log[min(int(t) + 1, 999)] * (t % 1)).exp())
    schedules["normal"] = torch.tensor([at(float(t)) for t in torch.linspace(999, 0, 9, dtype=torch.float64)] + [0.0])
    # Lee et al. 2024: quantiles of Beta(0.6, 0.6), at whole steps; Sabour et al. 2024: ten steps as published, here from diffusers.
    schedules["beta"] = torch.tensor([at(float(t)) for t in (scipy.stats.beta.ppf(1 - torch.linspace(0, 1, 10)[:-1].double().numpy(), 0.6, 0.6) * 999).round()] + [0.0])
    ten = {name: torch.tensor(AysSchedules[key], dtype=torch.float64) for name, key in (("ays", "StableDiffusionSigmas"), ("ays_xl", "StableDiffusionXLSigmas"))}
    x = torch.tensor([[1.0, -2.0, 0.3, 0.0, 1.7, -0.4]], dtype=torch.float64) * levels[-1]
    sigmas = schedules["karras"].double()
    made = {"levels": [float(levels[i]) for i in (0, 1, 500, 998, 999)], "schedules": {k: [float(s) for s in v] for k, v in schedules.items()}, "x": x[0].tolist(), "ten": {k: v.tolist() for k, v in ten.items()},
            "sigmas": sigmas.tolist(), "paths": {}}
    for name, run in {"euler": sampling.sample_euler, "ddim": sampling.sample_euler, "euler_a": sampling.sample_euler_ancestral, "heun": sampling.sample_heun, "dpm2": sampling.sample_dpm_2,
                      "dpm2_a": sampling.sample_dpm_2_ancestral, "dpmpp_2m_sde": sampling.sample_dpmpp_2m_sde, "dpmpp_3m_sde": sampling.sample_dpmpp_3m_sde,
                      "dpmpp_2m": sampling.sample_dpmpp_2m, "dpmpp_2s_a": sampling.sample_dpmpp_2s_ancestral}.items():
        path = []
        extra = {"noise_sampler": Noise()} if name.endswith(("_a", "_sde")) else {}
        last = run(denoise, x, sigmas, disable=True, callback=lambda info: path.append(info["x"][0].tolist()), **extra)
        made["paths"][name] = path + [last[0].tolist()]
    made["paths"]["uni_pc"] = of_scheduler(UniPCMultistepScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012), x, sigmas)
    made["paths"]["ddpm"] = of_ddpm(x, sigmas)
    LOW, HIGH = float(levels[0]), float(levels[-1])
    made["restart"] = {str(n): of_restart(x, n) for n in (20, 40)}
    (out / "samplers.json").write_text(json.dumps(made) + "\n")
