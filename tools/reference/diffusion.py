#!/usr/bin/env python3
"""Makes the golden files of latent diffusion: tiny random models in diffusers' naming, inputs and what diffusers and transformers make of them in f32.

    tools/reference/diffusion.py [tests/golden]      (made with torch 2.15.0, diffusers 0.42.1, transformers 5.24.0, safetensors)

tests/golden/diffusion/unet_*.safetensors   like Stable Diffusion 1 (convolutions as projections, heads given) and XL (linear projections, a label, deeper)
tests/golden/diffusion/autoencoder.safetensors, clip_*.safetensors (Hugging Face's naming), samplers.safetensors
Weights are rounded to bf16 before anything is computed.
"""
import math
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
def paintings(out, models, vae, clips, tokenizer, tokens):
    """Whole pictures of 64 × 64: prompts with weights, guidance, k-diffusion's samplers, decoded."""
    from samplers import sampling
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    kept = torch.cumprod(1 - betas, 0)
    log = (((1 - kept) / kept) ** 0.5).log()

    def step_of(sigma):
        low = int(torch.searchsorted(log, math.log(sigma), right=True)) - 1
        low = min(max(low, 0), 998)
        return low + float(min(max((math.log(sigma) - log[low]) / (log[low + 1] - log[low]), 0), 1))

    def states(clip, parts, padding, skip, normed):
        ids, by = [tokens - 2], [1.0]
        for text, weight in parts:
            more = tokenizer.encode(text).ids
            ids += more
            by += [weight] * len(more)
        ids.append(tokens - 1)
        ids += [padding] * (77 - len(ids))
        by += [1.0] * (77 - len(by))
        made = clip(torch.tensor([ids]), output_hidden_states=True)
        inner = getattr(clip, "text_model", clip)
        z = made.hidden_states[-1 - skip]
        z = inner.final_layer_norm(z) if normed else z
        weighted = z * torch.tensor(by)[None, :, None]
        return weighted * (z.double().mean() / weighted.double().mean()).float(), made

    results = {}
    for name, unet, parts, negative, guidance, steps, sampler, schedule in (
            ("sd1", models[0], [("a photo of ", 1.0), ("an astronaut", 1.3), (" riding", 1.0)], [("3.5", 1.0)], 5.0, 4, "dpmpp_2m", "karras"),
            ("sdxl", models[1], [("masterpiece, the horse's", 1.0)], [("", 1.0)], 3.0, 3, "euler_a", "exponential")):
        xl = name == "sdxl"
        context, label = [], []
        for p in (parts, negative):
            z, _ = states(clips[0], p, tokens - 1, 1 if xl else 0, not xl)
            if xl:
                g, made = states(clips[1], p, 0, 1, False)
                z = torch.cat([z, g], 2)
                label.append(made.text_embeds)
            context.append(z)
        context = torch.cat(context)
        extra = {"added_cond_kwargs": {"text_embeds": torch.cat(label), "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]] * 2)}} if xl else {}

        def denoise(x, sigma, **_):
            s = float(sigma.reshape(-1)[0])
            made = unet(torch.cat([x, x]) / math.sqrt(s * s + 1), torch.full((2,), step_of(s)), context, **extra).sample
            return x - s * (made[1:] + guidance * (made[:1] - made[1:]))

        sigmas = getattr(sampling, "get_sigmas_" + schedule)(steps, float(log[0].exp()), float(log[-1].exp()))
        draw = lambda stream: philox_normal(4 * 16 * 16, 11, stream).float().reshape(1, 16, 16, 4).permute(0, 3, 1, 2)
        count = iter(range(1, 100))
        more = {"noise_sampler": lambda *_: draw(next(count))} if sampler == "euler_a" else {}
        z = {"dpmpp_2m": sampling.sample_dpmpp_2m, "euler_a": sampling.sample_euler_ancestral}[sampler](denoise, draw(0) * sigmas[0], sigmas, disable=True, **more)
        picture = vae.decode(z / (0.13025 if xl else 0.18215)).sample
        results[name] = last(((picture + 1) * 127.5).clamp(0, 255).round().to(torch.uint8))
        results[name + "_exact"] = last(picture)
    save_file(results, out / "paintings.safetensors")


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden") / "diffusion"
    out.mkdir(parents=True, exist_ok=True)
    tokenizer, tokens = words(out)
    models = unets(out)
    vae = autoencoder(out)
    paintings(out, models, vae, clips(out, tokens), tokenizer, tokens)
