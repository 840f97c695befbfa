#!/usr/bin/env python3
"""Makes the golden files of diffusers' configurations: the weights of tools/reference/diffusion.py under configurations that are not the published ones, and the pictures that diffusers'
own pipelines paint with them in f32.

    tools/reference/diffusers_configs.py [tests/golden]      (made with torch 2.15.0, diffusers 0.42.1, transformers 5.24.0, safetensors)

tests/golden/diffusion/configs.json          for each case its files (as save_pretrained writes them) and what was asked
tests/golden/diffusion/configs.safetensors   every second row of pictures of 64 × 64, [32, 64, 3] u8, and the network of the case "scale_shift" in bf16
"""
import json
import pathlib
import sys
import tempfile

import diffusers
import numpy as np
import torch
from diffusers import (AutoencoderKL, StableDiffusionImg2ImgPipeline, StableDiffusionInpaintPipeline, StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel)
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

UNET = dict(sample_size=16, in_channels=4, out_channels=4, block_out_channels=(16, 24), layers_per_block=2, cross_attention_dim=24, norm_num_groups=4, attention_head_dim=4,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
UNET_XL = dict(sample_size=16, in_channels=4, out_channels=4, block_out_channels=(16, 24), layers_per_block=1, cross_attention_dim=48, norm_num_groups=4, attention_head_dim=(2, 3),
               use_linear_projection=True, transformer_layers_per_block=(1, 2), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
               addition_embed_type="text_time", addition_time_embed_dim=2, projection_class_embeddings_input_dim=22)
VAE = dict(in_channels=3, out_channels=3, latent_channels=4, norm_num_groups=4, block_out_channels=(8, 16, 16), layers_per_block=1, down_block_types=("DownEncoderBlock2D",) * 3,
           up_block_types=("UpDecoderBlock2D",) * 3)
STABLE = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
# name → changes of U-Net, autoencoder, text encoder, scheduler, and what is asked
CASES = {
    "plain": dict(scheduler=("EulerDiscreteScheduler", dict(STABLE, timestep_spacing="leading", steps_offset=1))),
    "unet": dict(unet=dict(attention_head_dim=(2, 3), norm_num_groups=2, flip_sin_to_cos=False, freq_shift=1, norm_eps=1e-3), scheduler=("EulerDiscreteScheduler", STABLE)),
    "vae": dict(vae=dict(norm_num_groups=8, scaling_factor=0.6, shift_factor=0.3), scheduler=("EulerDiscreteScheduler", STABLE)),
    "clip": dict(text=dict(num_attention_heads=6, hidden_act="gelu", layer_norm_eps=1e-2), scheduler=("EulerDiscreteScheduler", STABLE)),
    "clip_new": dict(text=dict(hidden_act="gelu_new"), scheduler=("EulerDiscreteScheduler", STABLE)),
    "velocity": dict(scheduler=("EulerDiscreteScheduler", dict(STABLE, prediction_type="v_prediction", timestep_spacing="trailing"))),
    "zero_snr": dict(scheduler=("EulerDiscreteScheduler", dict(STABLE, prediction_type="v_prediction", timestep_spacing="trailing", rescale_betas_zero_snr=True))),
    "linear": dict(scheduler=("EulerDiscreteScheduler", dict(beta_start=0.001, beta_end=0.01, beta_schedule="linear", final_sigmas_type="sigma_min"))),
    "cosine": dict(scheduler=("HeunDiscreteScheduler", dict(beta_schedule="squaredcos_cap_v2", timestep_spacing="trailing"))),
    "ddim": dict(scheduler=("DDIMScheduler", dict(STABLE, set_alpha_to_one=False, steps_offset=1, clip_sample=False))),
    "dpm": dict(scheduler=("DPMSolverMultistepScheduler", dict(STABLE, timestep_spacing="linspace"))),
    "dpm_karras": dict(scheduler=("DPMSolverMultistepScheduler", dict(STABLE, use_karras_sigmas=True))),
    "unipc": dict(scheduler=("UniPCMultistepScheduler", dict(STABLE, timestep_spacing="leading", steps_offset=1))),
    "second": dict(second=True, scheduler=("DDIMScheduler", dict(STABLE, set_alpha_to_one=False, steps_offset=1, clip_sample=False, prediction_type="v_prediction"))),
    "scale_shift": dict(unet=dict(resnet_time_scale_shift="scale_shift"), scheduler=("EulerDiscreteScheduler", STABLE)),
    "xl": dict(xl=True, negative="", scheduler=("EulerDiscreteScheduler", dict(STABLE, timestep_spacing="leading", steps_offset=1))),
    "from": dict(strength=0.55, scheduler=("EulerDiscreteScheduler", dict(STABLE, timestep_spacing="leading", steps_offset=1))),
    "mask": dict(strength=1.0, mask=True, scheduler=("DDIMScheduler", dict(STABLE, set_alpha_to_one=False, steps_offset=1, clip_sample=False))),
}


def below(tensors, prefix="model."):
    return {k[len(prefix):]: v.float() for k, v in tensors.items() if k.startswith(prefix)}


def text_encoder(goldens, name, changes, tokens):
    large = name == "clip_g"
    config = CLIPTextConfig(**(dict(vocab_size=tokens, hidden_size=24, intermediate_size=48, num_hidden_layers=3, num_attention_heads=3, max_position_embeddings=77,
                                    hidden_act="gelu" if large else "quick_gelu", projection_dim=10, bos_token_id=tokens - 2, eos_token_id=tokens - 1, pad_token_id=tokens - 1) | changes))
    model = (CLIPTextModelWithProjection if large else CLIPTextModel)(config)
    state = {k: v.float() for k, v in load_file(goldens / f"{name}.safetensors").items()}
    model.load_state_dict({k: state[k] for k in model.state_dict()})
    return model.eval()


class MeanOfLatents(AutoencoderKL):
    """Ptah encodes to the mean; diffusers draws, which no other program can repeat."""

    def encode(self, x, return_dict=True):
        out = super().encode(x, return_dict=True)
        out.latent_dist.sample = lambda generator=None: out.latent_dist.mean
        return out


@torch.no_grad()
def main():
    goldens = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden") / "diffusion"
    words = json.loads((goldens / "words.json").read_text())
    tokens = len(words["merges"].split("\n")) - 1 + 512 + 2
    usable = [(s, i) for s, i in zip(words["strings"], words["ids"]) if 4 < len(i) < 60 and not set(s) & set("\t\n<>|()[]{}:\\_") and s.strip() == s]
    (prompt, ids), (negative, other) = usable[0], usable[1]
    y, x = np.mgrid[0:64, 0:64]
    picture = np.stack([x * 4, y * 4, (x * y) % 256], 2).astype(np.uint8)
    hole = (255 * ((abs(x - 30) < 14) & (abs(y - 34) < 20))).astype(np.uint8)
    listed, out = {}, {}
    generator = torch.Generator().manual_seed(21)
    for name, case in CASES.items():
        xl, second = case.get("xl", False), case.get("second", False)
        unet = UNet2DConditionModel(**((UNET_XL if xl else UNET) | case.get("unet", {})))
        state = below(load_file(goldens / ("unet_xl.safetensors" if xl else "unet_1.safetensors")))
        if name == "scale_shift":  # its layers of time are twice as wide
            for key in [k for k in state if "time_emb_proj" in k]:
                more = torch.randn(state[key].shape, generator=generator) * 0.15
                state[key] = torch.cat([state[key], more]).bfloat16().float()
                out[f"model.{key}"] = state[key].bfloat16()
        unet.load_state_dict(state)
        vae = (MeanOfLatents if "strength" in case else AutoencoderKL)(**(VAE | case.get("vae", {})))
        vae.load_state_dict(below(load_file(goldens / "autoencoder.safetensors")))
        texts = [text_encoder(goldens, "clip_g" if second else "clip_l", case.get("text", {}), tokens)]
        if xl:
            texts.append(text_encoder(goldens, "clip_g", {}, tokens))
        kind, config = case["scheduler"]
        scheduler = getattr(diffusers, kind)(**config)

        def states(text_ids):
            made, pooled = [], None
            for number, text in enumerate(texts):
                padding = 0 if second or number == 1 else tokens - 1
                row = [tokens - 2] + text_ids + [tokens - 1]
                result = text(torch.tensor([row + [padding] * (77 - len(row))]), output_hidden_states=True)
                made.append(result.hidden_states[-2] if xl else result.last_hidden_state)
                pooled = result.text_embeds if xl and number == 1 else pooled
            return torch.cat(made, 2), pooled

        (wanted, pooled), (unwanted, unwanted_pooled) = states(ids), states(other)
        settings = dict(num_inference_steps=6, guidance_scale=4.0, output_type="np", prompt_embeds=wanted)
        noise = torch.randn((1, 4, 16, 16), generator=torch.Generator().manual_seed(11))
        parts = dict(vae=vae.eval(), text_encoder=None, tokenizer=None, unet=unet.eval(), scheduler=scheduler)
        if xl:
            pipe = StableDiffusionXLPipeline(**parts, text_encoder_2=None, tokenizer_2=None, force_zeros_for_empty_prompt=True, add_watermarker=False)
            settings |= dict(pooled_prompt_embeds=pooled, latents=noise, height=64, width=64, negative_prompt_embeds=torch.zeros_like(wanted), negative_pooled_prompt_embeds=torch.zeros_like(pooled))
        else:
            rest = dict(safety_checker=None, feature_extractor=None, requires_safety_checker=False)
            settings |= dict(negative_prompt_embeds=unwanted)
            if case.get("mask"):
                pipe = StableDiffusionInpaintPipeline(**parts, **rest)
                settings |= dict(image=Image.fromarray(picture), mask_image=Image.fromarray(hole), strength=case["strength"], height=64, width=64, generator=torch.Generator().manual_seed(11))
            elif "strength" in case:
                pipe = StableDiffusionImg2ImgPipeline(**parts, **rest)
                settings |= dict(image=Image.fromarray(picture), strength=case["strength"], generator=torch.Generator().manual_seed(11))
            else:
                pipe = StableDiffusionPipeline(**parts, **rest)
                settings |= dict(latents=noise, height=64, width=64)
        pipe.set_progress_bar_config(disable=True)
        made = pipe(**settings).images[0]
        out[name] = torch.from_numpy((made[::2] * 255).round().clip(0, 255).astype(np.uint8))
        files = {}
        with tempfile.TemporaryDirectory() as folder:
            for model, where in [(unet, "unet"), (vae, "vae"), *zip(texts, ("text_encoder", "text_encoder_2"))]:
                model.save_pretrained(f"{folder}/{where}")
                files[f"{where}/config.json"] = (pathlib.Path(folder) / where / "config.json").read_text()
            getattr(diffusers, kind)(**config).save_pretrained(f"{folder}/scheduler")
            files["scheduler/scheduler_config.json"] = (pathlib.Path(folder) / "scheduler/scheduler_config.json").read_text()
        files["vae/config.json"] = files["vae/config.json"].replace("MeanOfLatents", "AutoencoderKL")
        files["tokenizer/special_tokens_map.json"] = json.dumps({"pad_token": "!" if second else "<|endoftext|>"})
        if xl:
            files["model_index.json"] = json.dumps({"_class_name": "StableDiffusionXLPipeline", "_diffusers_version": diffusers.__version__, "force_zeros_for_empty_prompt": True})
        listed[name] = {"files": files, "unet": "unet_xl" if xl else "unet_1", "texts": ["clip_l", "clip_g"] if xl else ["clip_g" if second else "clip_l"],
                        "strength": case.get("strength"), "mask": case.get("mask", False), "prompt": prompt, "negative": case.get("negative", negative)}
        print(name, made.min(), made.max(), made.std(), flush=True)
    save_file({k: v.contiguous() for k, v in out.items()}, goldens / "configs.safetensors")
    (goldens / "configs.json").write_text(json.dumps(listed, separators=(",", ":")) + "\n")


main()
