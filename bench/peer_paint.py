"""PyTorch's half of the painting benchmark, bf16 and channels-last: `python peer_paint.py FOLDER SIZE [BATCH]`."""
import json
import pathlib
import sys
import time

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel


def report(name, body):
    seconds = []
    for i in range(4):
        start = time.perf_counter()
        body()
        if i:
            seconds.append(time.perf_counter() - start)
    print(json.dumps({"case": name, "seconds": sorted(seconds)[1]}), flush=True)


@torch.inference_mode()
def main(folder, size, batch="1"):
    edge, n = int(size) // 8, int(batch)
    layout = dict(memory_format=torch.channels_last)
    latents = torch.randn(n, 4, edge, edge).bfloat16().to(**layout)
    unet = UNet2DConditionModel.from_pretrained(pathlib.Path(folder) / "unet", torch_dtype=torch.bfloat16).eval().to(**layout)
    context = torch.randn(n, 77, unet.config.cross_attention_dim).bfloat16()
    more = {}
    if unet.config.addition_embed_type:
        more["added_cond_kwargs"] = {"text_embeds": torch.randn(n, 1280).bfloat16(), "time_ids": torch.zeros(n, 6).bfloat16()}
    report("U-Net", lambda: unet(latents, 500, context, **more))
    del unet
    vae = AutoencoderKL.from_pretrained(pathlib.Path(folder) / "vae", torch_dtype=torch.bfloat16).eval().to(**layout)
    report("decode", lambda: vae.decode(latents))


main(*sys.argv[1:])
