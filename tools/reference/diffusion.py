#!/usr/bin/env python3
"""Makes the golden files of latent diffusion: tiny random models in diffusers' naming, inputs and what diffusers and transformers make of them in f32.

    tools/reference/diffusion.py [tests/golden]      (made with torch 2.15.0, diffusers 0.42.1, transformers 5.24.0, peft, opencv-python-headless, safetensors)

tests/golden/diffusion/unet_*.safetensors   like Stable Diffusion 1 (convolutions as projections, heads given) and XL (linear projections, a label, deeper)
tests/golden/diffusion/autoencoder.safetensors, tiny.safetensors, control.safetensors, clip_*.safetensors (Hugging Face's naming), lora.safetensors, others.safetensors, noise.json,
edges.safetensors, trainer.ckpt, embedding.pt, and paintings.safetensors with whole pictures
Weights are rounded to bf16 before anything is computed.
"""
import math
import pathlib
import sys

import torch
from diffusers import (AutoencoderKL, AutoencoderTiny, ControlNetModel, FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusionPipeline,
                       UNet2DConditionModel)
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import rescale_noise_cfg
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from samplers import noise_levels, sampling

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
    """Returns both, for the paintings."""
    common = dict(sample_size=8, in_channels=4, out_channels=4, norm_num_groups=4, block_out_channels=(16, 24))
    first = randomized(UNet2DConditionModel(**common, layers_per_block=2, cross_attention_dim=24, attention_head_dim=4, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
                                            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D")))
    x, steps, context = normal(2, 4, 8, 12), torch.tensor([981.0, 3.5]), normal(2, 7, 24)
    save_file({**weights(first), "latents": last(x), "steps": steps, "context": context, "made": last(first(x, steps, context).sample)}, out / "unet_1.safetensors")
    larger = randomized(UNet2DConditionModel(**common, layers_per_block=1, cross_attention_dim=48, attention_head_dim=(2, 3), use_linear_projection=True, transformer_layers_per_block=(1, 2),
                                             down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
                                             addition_embed_type="text_time", addition_time_embed_dim=2, projection_class_embeddings_input_dim=22))
    context, pooled, sizes = normal(2, 7, 48), normal(2, 10), torch.tensor([[512, 512, 0, 0, 512, 512], [768, 512, 1, 2, 1024, 1024]], dtype=torch.float32)
    seen = {}
    larger.add_embedding.register_forward_pre_hook(lambda module, inputs: seen.update(label=inputs[0]))
    made = larger(x, steps, context, added_cond_kwargs={"text_embeds": pooled, "time_ids": sizes}).sample
    save_file({**weights(larger), "latents": last(x), "steps": steps, "context": context, "label": seen["label"].contiguous(), "made": last(made)}, out / "unet_xl.safetensors")
    return first, larger


@torch.no_grad()
def autoencoder(out):
    model = randomized(AutoencoderKL(in_channels=3, out_channels=3, latent_channels=4, norm_num_groups=4, block_out_channels=(8, 16, 16), layers_per_block=1,
                                     down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3))
    z, picture = normal(2, 4, 5, 6), normal(1, 3, 16, 24).clamp(-1, 1)
    moments = model.encode(picture).latent_dist
    save_file({**weights(model), "latents": last(z), "decoded": last(model.decode(z).sample), "picture": last(picture), "mean": last(moments.mean), "log_variance": last(moments.logvar)},
              out / "autoencoder.safetensors")
    return model


@torch.no_grad()
def clips(out, tokens):
    models = []
    for name, act, projected in (("clip_l", "quick_gelu", False), ("clip_g", "gelu", True)):
        config = CLIPTextConfig(vocab_size=tokens, hidden_size=24, intermediate_size=48, num_hidden_layers=3, num_attention_heads=3, max_position_embeddings=77, hidden_act=act, projection_dim=10,
                                bos_token_id=tokens - 2, eos_token_id=tokens - 1, pad_token_id=tokens - 1)
        model = randomized((CLIPTextModelWithProjection if projected else CLIPTextModel)(config))
        ids = torch.tensor([[tokens - 2, 3, 4, 9, tokens - 1, 0, 0, 0], [tokens - 2, 11, 12, 13, 14, 15, 16, tokens - 1]])
        made = model(ids, output_hidden_states=True)
        save_file({**weights(model, ""), "ids": ids.to(torch.int32), "last": made.last_hidden_state, "before_last": made.hidden_states[-2],
                   "pooled": made.text_embeds if projected else made.pooler_output}, out / f"{name}.safetensors")
        models.append(model)
    return models


SCRAPS = ["a photo of", "an astronaut", "riding", "the horse's", "don't", "we'll", "12", "3.5", "1990s", "masterpiece", ",", "!!", "...", "naïve", "Ångström", "中文", "Привет", "🦊", "e\u0301", "İ",
          "\u00a0", "\t", "\n", "C++20", "x_y", "<|endoftext|>", "---", "“q”", "ſ", "ǅ", "½", "②", "ALL CAPS", "   "]


def words(out):
    """CLIP's kind of BPE, trained on scraps; as transformers' CLIPTokenizerFast sets it up."""
    import json
    import random
    from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
    rng = random.Random(3)
    text = lambda: "".join(rng.choice(SCRAPS) + rng.choice(["", " ", " "]) for _ in range(rng.randrange(12)))
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.train_from_iterator([text() for _ in range(2000)], trainers.BpeTrainer(vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), end_of_word_suffix="</w>", show_progress=False))
    model = json.loads(tokenizer.to_str())["model"]
    alphabet = [chr(b) for b in range(33, 127)] + [chr(b) for b in range(0xA1, 0xAD)] + [chr(b) for b in range(0xAE, 0x100)]
    alphabet += [chr(256 + i) for i in range(256 - len(alphabet))]
    order = alphabet + [a + "</w>" for a in alphabet] + ["".join(m) for m in model["merges"]]
    ids = {t: i for i, t in enumerate(order)}
    assert len(ids) == len(order)
    tokenizer.model = models.BPE(ids, [tuple(m) for m in model["merges"]], end_of_word_suffix="</w>")
    cases = [text() for _ in range(400)]
    (out / "words.json").write_text(json.dumps({"merges": "#version\n" + "\n".join(" ".join(m) for m in model["merges"]), "strings": cases, "ids": [tokenizer.encode(c).ids for c in cases]},
                                               ensure_ascii=False, separators=(",", ":")))
    return tokenizer, len(order) + 2


def philox_normal(count, seed, stream):
    """As Tensor::normal draws."""
    out, mask = [], 2**32 - 1
    for index in range((count + 3) // 4):
        c, k = [index & mask, index >> 32, stream & mask, stream >> 32], [seed & mask, seed >> 32]
        for _ in range(10):
            a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
            c = [(b >> 32) ^ c[1] ^ k[0], b & mask, (a >> 32) ^ c[3] ^ k[1], a & mask]
            k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
        for u, v in ((c[0], c[1]), (c[2], c[3])):
            radius, angle = math.sqrt(-2 * math.log((u + 1) / 2**32)), 2 * math.pi * v / 2**32
            out += [radius * math.cos(angle), radius * math.sin(angle)]
    return torch.tensor(out[:count], dtype=torch.float64)


@torch.no_grad()
def small_autoencoder(out):
    global GENERATOR
    GENERATOR = torch.Generator().manual_seed(6)
    model = randomized(AutoencoderTiny(in_channels=3, out_channels=3, encoder_block_out_channels=(8, 8, 8), decoder_block_out_channels=(8, 8, 8), num_encoder_blocks=(1, 2, 1), num_decoder_blocks=(2, 1, 1),
                                       latent_channels=4))
    z, picture = normal(2, 4, 5, 6), normal(1, 3, 16, 24).clamp(-1, 1)
    save_file({**weights(model), "latents": last(z), "decoded": last(model.decode(z).sample), "picture": last(picture), "encoded": last(model.encode(picture).latents)}, out / "tiny.safetensors")


@torch.no_grad()
def control(out, unet):
    """A network that controls the first U-Net, and what the U-Net makes under it."""
    model = randomized(ControlNetModel(in_channels=4, block_out_channels=(16, 24), layers_per_block=2, cross_attention_dim=24, attention_head_dim=4, norm_num_groups=4, conditioning_embedding_out_channels=(4, 6, 8, 8),
                                       down_block_types=("CrossAttnDownBlock2D", "DownBlock2D")))
    x, steps, context, hint = normal(2, 4, 8, 12), torch.tensor([700.0, 12.0]), normal(2, 7, 24), torch.rand((2, 3, 64, 96), generator=GENERATOR)
    down, middle = model(x, steps, context, controlnet_cond=hint, conditioning_scale=0.7, return_dict=False)
    made = unet(x, steps, context, down_block_additional_residuals=down, mid_block_additional_residual=middle).sample
    save_file({**weights(model), "latents": last(x), "steps": steps, "context": context, "hint": last(hint), "middle": last(middle), "made": last(made)}, out / "control.safetensors")
    return model


@torch.no_grad()
def inpainting_unet(out):
    model = randomized(UNet2DConditionModel(sample_size=8, in_channels=9, out_channels=4, norm_num_groups=4, block_out_channels=(16, 24), layers_per_block=1, cross_attention_dim=24, attention_head_dim=4,
                                            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D")))
    x, steps, context = normal(1, 9, 8, 12), torch.tensor([300.0]), normal(1, 7, 24)
    save_file({**weights(model), "latents": last(x), "steps": steps, "context": context, "made": last(model(x, steps, context).sample)}, out / "unet_inpaint.safetensors")
    return model


def lora(out):
    """A LoRA of U-Net and text encoder in the naming of kohya's scripts; the same in diffusers'."""
    kohya = {}
    draw = lambda *shape: (normal(*shape) * 0.3).bfloat16()
    for name, rows, columns, kernel in (("unet_down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q", 16, 16, 0), ("unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k", 16, 24, 0),
                                        ("unet_mid_block_attentions_0_transformer_blocks_0_ff_net_0_proj", 192, 24, 0), ("unet_up_blocks_1_attentions_2_transformer_blocks_0_attn2_to_out_0", 16, 16, 0),
                                        ("unet_down_blocks_0_attentions_0_proj_in", 16, 16, 1), ("te_text_model_encoder_layers_1_self_attn_q_proj", 24, 24, 0), ("te_text_model_encoder_layers_0_mlp_fc1", 48, 24, 0)):
        kohya[f"lora_{name}.lora_down.weight"] = draw(2, columns, *((kernel, kernel) if kernel else ()))
        kohya[f"lora_{name}.lora_up.weight"] = draw(rows, 2, *((1, 1) if kernel else ()))
        kohya[f"lora_{name}.alpha"] = torch.tensor(1.5)
    save_file(kohya, out / "lora.safetensors")
    return kohya


@torch.no_grad()
def with_lora(unet, clip, kohya, strength):
    """diffusers' own reading of it for the U-Net; for the text encoder (which diffusers 0.42.1 cannot do with transformers 5) W + strength · alpha / rank · up · down."""
    import copy
    unet, clip = copy.deepcopy(unet), copy.deepcopy(clip)
    state, alphas = StableDiffusionPipeline.lora_state_dict({k: v.float() for k, v in kohya.items() if "_unet_" in k}, unet_config=unet.config)
    StableDiffusionPipeline.load_lora_into_unet(state, alphas, unet, adapter_name="one")
    unet.set_adapters(["one"], [strength])
    assert sum(hasattr(m, "lora_A") for m in unet.modules()) == 5
    layers = getattr(clip, "text_model", clip).encoder.layers
    for name, layer in (("layers_1_self_attn_q_proj", layers[1].self_attn.q_proj), ("layers_0_mlp_fc1", layers[0].mlp.fc1)):
        part = lambda end: kohya[f"lora_te_text_model_encoder_{name}.{end}"].float()
        layer.weight += strength * part("alpha") / 2 * part("lora_up.weight") @ part("lora_down.weight")
    return unet, clip


def parts_of_others(out):
    """LoHa and LoKr of one matrix, changed by their makers' formulas (peft's function, torch's Kronecker product), and a LoRA of a convolution."""
    from peft.tuners.loha.layer import make_weight
    draw = lambda *shape: normal(*shape) * 0.4
    results = {"linear": draw(12, 8), "conv": draw(6, 4, 3, 3)}
    h = {k: draw(*s) for k, s in {"hada_w1_a": (12, 2), "hada_w1_b": (2, 8), "hada_w2_a": (12, 2), "hada_w2_b": (2, 8)}.items()}
    results["linear_loha"] = results["linear"] + 0.5 * make_weight(h["hada_w1_a"], h["hada_w1_b"], h["hada_w2_a"], h["hada_w2_b"], torch.tensor(1.0 / 2))
    k = {"lokr_w1": draw(3, 2), "lokr_w2_a": draw(4, 2), "lokr_w2_b": draw(2, 4)}
    results["linear_lokr"] = results["linear"] + 0.5 * torch.kron(k["lokr_w1"], k["lokr_w2_a"] @ k["lokr_w2_b"]) * (1.0 / 2)
    c = {"lora_down.weight": draw(2, 4, 3, 3), "lora_up.weight": draw(6, 2, 1, 1)}
    eye = torch.eye(4 * 9).reshape(36, 4, 3, 3)  # the two convolutions of each unit picture
    through = torch.nn.functional.conv2d(torch.nn.functional.conv2d(eye, c["lora_down.weight"]), c["lora_up.weight"])
    results["conv_lora"] = results["conv"] + 0.5 * through.reshape(36, 6).T.reshape(6, 4, 3, 3)
    w = {"lokr_w1": draw(2, 2), "lokr_w2": draw(3, 2, 3, 3)}
    results["conv_lokr"] = results["conv"] + 0.5 * torch.kron(w["lokr_w1"].reshape(2, 2, 1, 1), w["lokr_w2"])
    for name, part in (("loha", h), ("lokr", k), ("conv_lora", c), ("conv_lokr", w)):
        results |= {f"part.{name}.{key}": value for key, value in part.items()}
    save_file({n: t.contiguous() for n, t in results.items()}, out / "others.safetensors")


@torch.no_grad()
def third(out, clips, tokenizer, tokens):
    """Transformers like those of Stable Diffusion 3 and 3.5 medium, an autoencoder of 16 channels, and a whole picture by FlowMatchEulerDiscreteScheduler."""
    global GENERATOR
    GENERATOR = torch.Generator().manual_seed(8)
    common = dict(sample_size=16, patch_size=2, in_channels=16, out_channels=16, num_layers=2, attention_head_dim=8, num_attention_heads=3, joint_attention_dim=56, caption_projection_dim=24, pooled_projection_dim=34,
                  pos_embed_max_size=12)
    models = {}
    for name, more in (("joint_3", {}), ("joint_35", dict(qk_norm="rms_norm", dual_attention_layers=(0,)))):
        model = models[name] = randomized(SD3Transformer2DModel(**common, **more))
        model.pos_embed.pos_embed.copy_(model.pos_embed.pos_embed.bfloat16())
        x, times, context, pooled = normal(2, 16, 8, 12), torch.tensor([0.9, 0.25]), normal(2, 9, 56), normal(2, 34)
        made = model(x, encoder_hidden_states=context, pooled_projections=pooled, timestep=times * 1000).sample
        save_file({**weights(model), "latents": last(x), "times": times, "context": context, "pooled": pooled, "made": last(made)}, out / f"{name}.safetensors")
    vae = randomized(AutoencoderKL(in_channels=3, out_channels=3, latent_channels=16, norm_num_groups=4, block_out_channels=(8, 16, 16), layers_per_block=1, use_quant_conv=False, use_post_quant_conv=False,
                                   down_block_types=("DownEncoderBlock2D",) * 3, up_block_types=("UpDecoderBlock2D",) * 3))
    save_file(weights(vae), out / "autoencoder_16.safetensors")
    paint, context, pooled = Painter(vae, tokenizer, tokens), [], []
    for parts in ([("a photo of ", 1.0), ("an astronaut", 1.3)], [("3.5", 1.0)]):
        states = [paint.states(clip, parts, padding, 1, False) for clip, padding in zip(clips, (tokens - 1, 0))]
        z = torch.cat([z for z, _ in states], 2)
        context.append(torch.nn.functional.pad(z, (0, 56 - z.shape[2], 0, 77)))
        pooled.append(torch.cat([states[0][1].pooler_output, states[1][1].text_embeds], 1))

    def picture(context):
        scheduler = FlowMatchEulerDiscreteScheduler(shift=3.0)
        scheduler.set_timesteps(4)
        z = philox_normal(16 * 16 * 16, 11, 0).float().reshape(1, 16, 16, 16).permute(0, 3, 1, 2)
        for t in scheduler.timesteps:
            made = models["joint_35"](torch.cat([z, z]), encoder_hidden_states=torch.cat(context), pooled_projections=torch.cat(pooled), timestep=t.expand(2)).sample
            z = scheduler.step(made[1:] + 4.0 * (made[:1] - made[1:]), t, z).prev_sample
        return vae.decode(z / 1.5305 + 0.0609).sample

    t5, words = fifth(out)
    more = []
    for text, z in zip(("a photo of an astronaut", "3.5"), context):
        ids = words.encode(text).ids + [1]
        more.append(torch.cat([z[:, :77], t5(torch.tensor([ids + [0] * (77 - len(ids))])).last_hidden_state], 1))
    return picture(context), picture(more)


def refiner(out):
    """A U-Net like that of SDXL's refiner: it looks at the second encoder's texts, and its label tells how much the picture should please."""
    global GENERATOR
    GENERATOR = torch.Generator().manual_seed(10)
    model = randomized(UNet2DConditionModel(sample_size=8, in_channels=4, out_channels=4, norm_num_groups=4, block_out_channels=(8, 24, 24), layers_per_block=1, cross_attention_dim=24, attention_head_dim=(1, 3, 3),
                                            use_linear_projection=True, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
                                            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"), addition_embed_type="text_time", addition_time_embed_dim=4, projection_class_embeddings_input_dim=30))
    save_file(weights(model), out / "refiner.safetensors")
    return model


def fifth(out):
    """T5's encoder in its version 1.1, and a tokenizer of its kind."""
    import json
    import tokenizers
    from transformers import T5Config, T5EncoderModel
    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581a", -2.0), ("\u2581", -2.5), ("\u2581photo", -4.0), ("\u2581of", -3.0), ("\u2581an", -3.5), ("astro", -5.0), ("naut", -5.5)] + [(c, -6.0 - i / 10) for i, c in enumerate("abcdefghijklmnopqrstuvwxyz.,0123456789")]
    words = tokenizers.Tokenizer(tokenizers.models.Unigram(pieces, 2))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace("\u2581", "always")
    words.decoder = tokenizers.decoders.Metaspace("\u2581", "always")
    words.add_special_tokens(["<pad>", "</s>", "<unk>"])
    (out / "t5_words.json").write_text(json.dumps(json.loads(words.to_str()), ensure_ascii=False) + "\n")
    model = randomized(T5EncoderModel(T5Config(vocab_size=len(pieces) + 4, d_model=56, d_kv=8, num_heads=3, d_ff=72, num_layers=2, feed_forward_proj="gated-gelu", dropout_rate=0)))
    ids = torch.tensor([[3, 5, 6, 7, 8, 9, 1] + [0] * 193, list(range(3, 43)) * 5])
    save_file({**weights(model), "ids": ids.int(), "states": model(ids).last_hidden_state}, out / "t5.safetensors")
    return model, words


def noise_of_torch(out):
    import json
    first = torch.randn((1, 4, 6, 5), generator=torch.Generator().manual_seed(1234567))
    g = torch.Generator().manual_seed(2**40 + 7)
    again = [torch.randn((1, 4, 8, 8), generator=g) for _ in range(3)][-1]
    (out / "noise.json").write_text(json.dumps({"first": first.flatten().tolist(), "third": again.flatten().tolist()}) + "\n")


def edges(out):
    import cv2
    import numpy as np
    rng = np.random.default_rng(4)
    y, x = np.mgrid[0:48, 0:56]
    picture = np.stack([128 + 100 * np.sin(x / 5) * np.cos(y / 7), 255.0 * ((x - 25) ** 2 + (y - 20) ** 2 < 200), 128 + 60 * np.sin((x + y) / 3)], 2) + rng.normal(0, 12, (48, 56, 3))
    picture = picture.clip(0, 255).astype(np.uint8)
    save_file({"picture": torch.from_numpy(picture), "edges": torch.from_numpy(cv2.Canny(picture, 100, 200)), "fine": torch.from_numpy(cv2.Canny(picture, 40, 90))}, out / "edges.safetensors")


def old_files(out):
    """What torch.save writes: a checkpoint as trainers leave it, an embedding, views that are not dense, and numbers in many dtypes."""
    numbers = torch.arange(24, dtype=torch.float32).reshape(4, 6)
    torch.save({"state_dict": {"a.weight": numbers, "a.half": numbers.half(), "b": numbers.bfloat16(), "turned": numbers.t(), "part": numbers[1:3, 2:5], "ids": torch.arange(5), "small": torch.arange(5, dtype=torch.int32),
                               "none": torch.empty(0, 3), "one": torch.tensor(2.5)}, "epoch": 3, "callbacks": {("x", 1): [None, True, 1.5, b"bytes"]}, "loss": 0.25}, out / "trainer.ckpt")
    torch.save({"a.weight": numbers, "half": numbers.half(), "part": numbers[1:3, 2:5], "ids": torch.arange(5)}, out / "old.pth", _use_new_zipfile_serialization=False)
    torch.save({"string_to_token": {"*": 265}, "string_to_param": torch.nn.ParameterDict({"*": torch.nn.Parameter(numbers[:2])}), "name": "x", "step": 10}, out / "embedding.pt")


class Painter:
    """Whole pictures of 64 × 64: prompts with weights, guidance, k-diffusion's samplers, decoded; pictures to start from, masks and control as Ptah describes them."""

    def __init__(self, vae, tokenizer, tokens):
        self.vae, self.tokenizer, self.tokens = vae, tokenizer, tokens
        self.log = noise_levels().log()

    def step_of(self, sigma):
        low = int(torch.searchsorted(self.log, math.log(sigma), right=True)) - 1
        low = min(max(low, 0), 998)
        return low + float(min(max((math.log(sigma) - self.log[low]) / (self.log[low + 1] - self.log[low]), 0), 1))

    def states(self, clip, parts, padding, skip, normed):
        ids, by = [self.tokens - 2], [1.0]
        for text, weight in parts:
            more = text if isinstance(text, list) else self.tokenizer.encode(text).ids
            ids += more
            by += [weight] * len(more)
        ids.append(self.tokens - 1)
        ids += [padding] * (77 - len(ids))
        by += [1.0] * (77 - len(by))
        made = clip(torch.tensor([ids]), output_hidden_states=True)
        inner = getattr(clip, "text_model", clip)
        z = made.hidden_states[-1 - skip]
        z = inner.final_layer_norm(z) if normed else z
        weighted = z * torch.tensor(by)[None, :, None]
        return weighted * (z.double().mean() / weighted.double().mean()).float(), made

    def __call__(self, unet, clips, parts, negative, guidance, steps, sampler, schedule, xl=False, seed=11, noise="philox", rescale=0, start=None, mask=None, strength=1, control=None, refiner=None):
        context, label = [], []
        for p in (parts, negative):
            z, _ = self.states(clips[0], p, self.tokens - 1, 1 if xl else 0, not xl)
            if xl:
                g, made = self.states(clips[1], p, 0, 1, False)
                z = torch.cat([z, g], 2)
                label.append(made.text_embeds)
            context.append(z)
        context = torch.cat(context)
        extra = {"added_cond_kwargs": {"text_embeds": torch.cat(label), "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]] * 2)}} if xl else {}
        if refiner is not None:
            alone = torch.cat([self.states(clips[1], p, 0, 1, False)[0] for p in (parts, negative)])
            pleasing = {"added_cond_kwargs": {"text_embeds": torch.cat(label), "time_ids": torch.tensor([[64.0, 64, 0, 0, 6], [64, 64, 0, 0, 2.5]])}}
        scale = 0.13025 if xl else 0.18215
        generator = torch.Generator().manual_seed(seed)
        count = iter(range(100))
        philox = lambda: philox_normal(4 * 16 * 16, seed, next(count)).float().reshape(1, 16, 16, 4).permute(0, 3, 1, 2)
        draw = philox if noise == "philox" else lambda: torch.randn((1, 4, 16, 16), generator=generator)
        first = draw()
        begun = scale * self.vae.encode(start).latent_dist.mean if start is not None else None
        small = torch.nn.functional.interpolate(mask, (16, 16), mode="bilinear", antialias=True) if mask is not None else None
        seen = None
        if unet.config.in_channels == 9:
            masked = scale * self.vae.encode(start * (mask < 0.5)).latent_dist.mean
            seen = torch.cat([(torch.nn.functional.interpolate(mask, (16, 16)) >= 0.5).float(), masked], 1)

        def denoise(x, sigma, **_):
            s = float(sigma.reshape(-1)[0])
            if small is not None:
                x = x * small + (begun + first * s) * (1 - small)
            bare = x / math.sqrt(s * s + 1)
            bare = torch.cat([bare, bare])
            step = torch.full((2,), self.step_of(s))
            more = dict(extra)
            if control is not None:
                net, hint, by = control
                down, middle = net(bare, step, context, controlnet_cond=torch.cat([hint, hint]), conditioning_scale=by, return_dict=False)
                more |= {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
            if refiner is not None and s <= float(sigmas[round(0.8 * steps)]):
                made = refiner(bare, step, alone, **pleasing).sample
            else:
                made = unet(bare if seen is None else torch.cat([bare, torch.cat([seen, seen])], 1), step, context, **more).sample
            both = made[1:] + guidance * (made[:1] - made[1:])
            if rescale:
                both = rescale_noise_cfg(both, made[:1], guidance_rescale=rescale)
            picture = x - s * both
            return picture if small is None else picture * small + begun * (1 - small)

        sigmas = getattr(sampling, "get_sigmas_" + schedule)(steps, float(self.log[0].exp()), float(self.log[-1].exp()))
        sigmas = sigmas[steps - max(1, round(steps * strength)):]
        more = {"noise_sampler": lambda *_: draw()} if sampler == "euler_a" else {}
        z = {"dpmpp_2m": sampling.sample_dpmpp_2m, "euler_a": sampling.sample_euler_ancestral, "euler": sampling.sample_euler}[sampler](
            denoise, first * sigmas[0] + (0 if begun is None else begun), sigmas, disable=True, **more)
        picture = self.vae.decode(z / scale).sample
        if mask is not None:
            picture = picture * mask + start * (1 - mask)
        return picture


@torch.no_grad()
def paintings(out, models, vae, clips, tokenizer, tokens):
    import copy
    paint, results = Painter(vae, tokenizer, tokens), {}
    sd1 = ([("a photo of ", 1.0), ("an astronaut", 1.3), (" riding", 1.0)], [("3.5", 1.0)], 5.0, 4)
    results["sd1"] = paint(models[0], clips, *sd1, "dpmpp_2m", "karras")
    results["sdxl"] = paint(models[1], clips, [("masterpiece, the horse's", 1.0)], [("", 1.0)], 3.0, 3, "euler_a", "exponential", xl=True)
    small_autoencoder(out)
    net = control(out, models[0])
    nine = inpainting_unet(out)
    kohya = lora(out)
    parts_of_others(out)
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    start = ((torch.stack([x * 4, y * 4, (x * y) % 256]).round().clamp(0, 255)) / 127.5 - 1)[None]
    mask = ((((x - 30).abs() < 14) & ((y - 34).abs() < 20)).float() * 255).round()[None, None] / 255
    hint = (((x // 8 + y // 8) % 2) * 255)[None, None].expand(1, 3, 64, 64) / 255
    # The tiny autoencoder halves twice, a network that controls expects three times: its picture is twice as large.
    larger = torch.nn.functional.interpolate(hint, (128, 128), mode="bilinear")
    results["from"] = paint(models[0], clips, *sd1, "euler", "karras", start=start, strength=0.5)
    results["masked"] = paint(models[0], clips, *sd1, "dpmpp_2m", "karras", start=start, mask=mask)
    results["inpainted"] = paint(nine, clips, *sd1, "euler", "karras", start=start, mask=mask)
    results["controlled"] = paint(models[0], clips, *sd1, "dpmpp_2m", "karras", control=(net, larger, 0.8))
    results["torch"] = paint(models[0], clips, *sd1, "euler_a", "karras", noise="torch", seed=2024)
    results["rescaled"] = paint(models[0], clips, *sd1, "dpmpp_2m", "karras", rescale=0.7)
    unet, clip = with_lora(models[0], clips[0], kohya, 0.8)
    results["lora"] = paint(unet, [clip], *sd1, "dpmpp_2m", "karras")
    # A word of two vectors.
    vectors, clip = (normal(2, 24)).bfloat16().float(), copy.deepcopy(clips[0])
    table = getattr(clip, "text_model", clip).embeddings.token_embedding
    table.weight = torch.nn.Parameter(torch.cat([table.weight, vectors]))
    table.num_embeddings += 2
    save_file({"emb_params": vectors.contiguous()}, out / "word.safetensors")
    results["word"] = paint(models[0], [clip], [("a photo of ", 1.0), ([tokens, tokens + 1], 1.0), (" riding", 1.0)], [("3.5", 1.0)], 5.0, 4, "dpmpp_2m", "karras")
    results["sd3"], results["sd3_t5"] = third(out, clips, tokenizer, tokens)
    results["refined"] = paint(models[1], clips, [("masterpiece, the horse's", 1.0)], [("", 1.0)], 3.0, 10, "euler", "karras", xl=True, refiner=refiner(out))
    results["sd1_20"] = paint(models[0], clips, *sd1[:3], 20, "euler", "karras")
    results["sdxl_20"] = paint(models[1], clips, [("masterpiece, the horse's", 1.0)], [("", 1.0)], 3.0, 20, "dpmpp_2m", "karras", xl=True)
    results = {name: last(((p + 1) * 127.5).clamp(0, 255).round().to(torch.uint8)) for name, p in results.items()} | {name + "_exact": last(results[name]) for name in ("sd1", "sdxl")}
    save_file(results, out / "paintings.safetensors")


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden") / "diffusion"
    out.mkdir(parents=True, exist_ok=True)
    tokenizer, tokens = words(out)
    models = unets(out)
    vae = autoencoder(out)
    paintings(out, models, vae, clips(out, tokens), tokenizer, tokens)
    noise_of_torch(out)
    edges(out)
    old_files(out)
