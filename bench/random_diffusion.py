#!/usr/bin/env python3
"""Writes a folder in diffusers' layout with random f16 weights of the shapes of Stable Diffusion 1.5 (or XL base), for measuring.

    random_diffusion.py FOLDER [xl]      (diffusers, transformers, torch)
"""
import pathlib
import sys

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection


def main(folder, xl):
    torch.manual_seed(1)
    torch.set_default_dtype(torch.float16)
    folder = pathlib.Path(folder)
    if xl:
        unet = UNet2DConditionModel(sample_size=128, block_out_channels=(320, 640, 1280), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
                                    up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), cross_attention_dim=2048, attention_head_dim=(5, 10, 20),
                                    transformer_layers_per_block=(1, 2, 10), use_linear_projection=True, addition_embed_type="text_time", addition_time_embed_dim=256,
                                    projection_class_embeddings_input_dim=2816)
    else:
        unet = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
    unet.save_pretrained(folder / "unet")
    del unet
    blocks = 4
    AutoencoderKL(block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4, down_block_types=("DownEncoderBlock2D",) * blocks,
                  up_block_types=("UpDecoderBlock2D",) * blocks).save_pretrained(folder / "vae")
    CLIPTextModel(CLIPTextConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, bos_token_id=49406, eos_token_id=49407)).save_pretrained(folder / "text_encoder")
    if xl:
        CLIPTextModelWithProjection(CLIPTextConfig(hidden_size=1280, intermediate_size=5120, num_hidden_layers=32, num_attention_heads=20, hidden_act="gelu", projection_dim=1280,
                                                   bos_token_id=49406, eos_token_id=49407)).save_pretrained(folder / "text_encoder_2")


main(sys.argv[1], len(sys.argv) > 2)
