"""diffusers' half of the benchmark of whole pictures, bf16 and channels-last: `python peer_pictures.py FOLDER SIZE STEPS GUIDANCE SAMPLER COUNT`. Words are not
read (a folder of random weights has no tokenizer): the text encoder runs on token numbers."""
import pathlib
import sys

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, LCMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextModel


@torch.inference_mode()
def main(folder, size, steps, guidance, sampler, count):
    folder, size, count = pathlib.Path(folder), int(size), int(count)
    kind = dict(torch_dtype=torch.bfloat16)
    text = CLIPTextModel.from_pretrained(folder / "text_encoder", **kind)
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", **kind).to(memory_format=torch.channels_last)
    vae = AutoencoderKL.from_pretrained(folder / "vae", **kind).to(memory_format=torch.channels_last)
    scheduler = (LCMScheduler if sampler == "lcm" else EulerDiscreteScheduler)(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
    pipe = StableDiffusionPipeline(vae, text, None, unet, scheduler, None, None, requires_safety_checker=False)
    pipe.set_progress_bar_config(disable=True)
    embeds = [text(torch.full((1, 77), token))[0] for token in (320, 49407)]
    for seed in range(count):
        pipe(prompt_embeds=embeds[0], negative_prompt_embeds=embeds[1] if float(guidance) != 1 else None, width=size, height=size, num_inference_steps=int(steps), guidance_scale=float(guidance),
             generator=torch.Generator().manual_seed(seed)).images[0].save("/dev/null", "PNG")


main(*sys.argv[1:])
