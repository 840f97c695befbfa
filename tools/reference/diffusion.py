#!/usr/bin/env python3
"""Makes the golden files of latent diffusion: tiny random models in diffusers' naming, inputs and what diffusers and transformers make of them in f32.

    tools/reference/diffusion.py [tests/golden]      (made with torch 2.15.0, diffusers 0.42.1, transformers 5.24.0, safetensors)

tests/golden/diffusion/unet_*.safetensors   like Stable Diffusion 1 (convolutions as projections, heads given) and XL (linear projections, a label, deeper)
tests/golden/diffusion/autoencoder.safetensors, clip_*.safetensors (Hugging Face's naming), samplers.safetensors
Weights are rounded to bf16 before anything is computed.
"""
import pathlib
import sys

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

GENERATOR = torch.Generator().manual_seed(5)


def randomized(model):
    with torch.no_grad():
        for name, p in model.named_parameters():
            spread = 0.15 if p.dim() > 1 else 0.1
            p.copy_((torch.randn(p.shape, generator=GENERATOR) * spread + (1 if name.endswith("weight") and p.dim() == 1 else 0)).bfloat16().float())
    return model.eval()


def weights(model, prefix="model."):
    return {prefix + n: p.detach().bfloat16().contiguous() for n, p in model.state_dict().items() if p.is_floating_point()}


def normal(*shape):
    return torch.randn(shape, generator=GENERATOR)


def last(x):
    """[n, c, h, w] as [n, h, w, c]."""
    return x.permute(0, 2, 3, 1).contiguous()


@torch.no_grad()
def unets(out):
    common = dict(sample_size=8, in_channels=4, out_channels=4, norm_num_groups=4, block_out_channels=(16, 24))
    first = randomized(UNet2DConditionModel(**common, layers_per_block=2, cross_attention_dim=12, attention_head_dim=4, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
                                            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D")))
    x, steps, context = normal(2, 4, 8, 12), torch.tensor([981.0, 3.5]), normal(2, 7, 12)
    save_file({**weights(first), "latents": last(x), "steps": steps, "context": context, "made": last(first(x, steps, context).sample)}, out / "unet_1.safetensors")
    larger = randomized(UNet2DConditionModel(**common, layers_per_block=1, cross_attention_dim=12, attention_head_dim=(2, 3), use_linear_projection=True, transformer_layers_per_block=(1, 2),
                                             down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
                                             addition_embed_type="text_time", addition_time_embed_dim=2, projection_class_embeddings_input_dim=18))
    pooled, sizes = normal(2, 6), torch.tensor([[512, 512, 0, 0, 512, 512], [768, 512, 1, 2, 1024, 1024]], dtype=torch.float32)
    seen = {}
    larger.add_embedding.register_forward_pre_hook(lambda module, inputs: seen.update(label=inputs[0]))
    made = larger(x, steps, context, added_cond_kwargs={"text_embeds": pooled, "time_ids": sizes}).sample
    save_file({**weights(larger), "latents": last(x), "steps": steps, "context": context, "label": seen["label"].contiguous(), "made": last(made)}, out / "unet_xl.safetensors")


@torch.no_grad()
def autoencoder(out):
    model = randomized(AutoencoderKL(in_channels=3, out_channels=3, latent_channels=4, norm_num_groups=4, block_out_channels=(8, 16, 16), layers_per_block=1,
                                     down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3))
    z, picture = normal(2, 4, 5, 6), normal(1, 3, 16, 24).clamp(-1, 1)
    moments = model.encode(picture).latent_dist
    save_file({**weights(model), "latents": last(z), "decoded": last(model.decode(z).sample), "picture": last(picture), "mean": last(moments.mean), "log_variance": last(moments.logvar)},
              out / "autoencoder.safetensors")


@torch.no_grad()
def clips(out):
    for name, act, projected in (("clip_l", "quick_gelu", False), ("clip_g", "gelu", True)):
        config = CLIPTextConfig(vocab_size=60, hidden_size=24, intermediate_size=48, num_hidden_layers=3, num_attention_heads=3, max_position_embeddings=16, hidden_act=act, projection_dim=10,
                                bos_token_id=57, eos_token_id=58, pad_token_id=59)
        model = randomized((CLIPTextModelWithProjection if projected else CLIPTextModel)(config))
        ids = torch.tensor([[57, 3, 4, 9, 58, 59, 59, 59], [57, 11, 12, 13, 14, 15, 16, 58]])
        made = model(ids, output_hidden_states=True)
        save_file({**weights(model, ""), "ids": ids.to(torch.int32), "last": made.last_hidden_state, "before_last": made.hidden_states[-2],
                   "pooled": made.text_embeds if projected else made.pooler_output}, out / f"{name}.safetensors")


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden") / "diffusion"
    out.mkdir(parents=True, exist_ok=True)
    unets(out)
    autoencoder(out)
    clips(out)
