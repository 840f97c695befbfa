#!/usr/bin/env python3
"""What diffusers and transformers make, in f32, of a folder of random weights in the true widths of Stable Diffusion 1.5 or XL: inputs and results for the slow
test Diffusion.FullWidth.

    bench/random_diffusion.py FOLDER [xl] && tools/reference/full_width.py FOLDER      (torch, diffusers, transformers; writes FOLDER/full_width.safetensors)
    PTAH_FULL_WIDTH=FOLDER build/release/tests/diffusion_test --gtest_filter='*FullWidth*'
"""
import pathlib
import sys

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTextModelWithProjection

last = lambda x: x.permute(0, 2, 3, 1).contiguous()


@torch.no_grad()
def main(folder):
    torch.manual_seed(2)
    kind, out = dict(torch_dtype=torch.float32), {}
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", **kind).eval()
    latents, context = torch.randn(1, 4, 64, 48), torch.randn(1, 77, unet.config.cross_attention_dim)
    more = {}
    if unet.config.addition_embed_type:
        pooled, sizes = torch.randn(1, 1280), torch.tensor([[512.0, 384, 0, 0, 512, 384]])
        more["added_cond_kwargs"] = {"text_embeds": pooled, "time_ids": sizes}
        unet.add_embedding.register_forward_pre_hook(lambda _, inputs: out.update(label=inputs[0].float().contiguous()))
    made = unet(latents, 411, context, **more).sample
    out |= {"latents": last(latents), "context": context, "steps": torch.tensor([411.0]), "made": last(made)}
    del unet
    vae = AutoencoderKL.from_pretrained(folder / "vae", **kind).eval()
    z, picture = torch.randn(1, 4, 24, 32), torch.rand(1, 3, 128, 192) * 2 - 1
    out |= {"z": last(z), "decoded": last(vae.decode(z).sample), "picture": last(picture), "mean": last(vae.encode(picture).latent_dist.mean)}
    del vae
    ids = torch.randint(0, 49000, (1, 77), dtype=torch.int32)
    ids[0, 0], ids[0, 20:] = 49406, 49407
    out["ids"] = ids
    for number, (name, model) in enumerate((("text_encoder", CLIPTextModel), ("text_encoder_2", CLIPTextModelWithProjection))):
        if (folder / name).exists():
            made = model.from_pretrained(folder / name, **kind).eval()(ids.long(), output_hidden_states=True)
            out[f"text.{number}"] = made.last_hidden_state.contiguous()
            if number:
                out["pooled"] = made.text_embeds.contiguous()
    save_file(out, folder / "full_width.safetensors")


main(pathlib.Path(sys.argv[1]))
