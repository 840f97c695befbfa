#!/usr/bin/env python3
"""Makes the golden gradients of the language models.

    tools/reference/language_gradients.py [tests/golden] [SMOLLM2.gguf]      (made with torch, transformers, gguf, safetensors)

tests/golden/language/FAMILY/gradients.safetensors   of the tiny models that language.py made: the loss of the next token over BATCH texts of LENGTH tokens, by
                                                     `transformers` in f32, and its gradient for every weight, by Hugging Face's names
tests/golden/lora.safetensors                        adapters of RANK on the quantised (Q8_0) weights of the tiny Llama, with the loss and their gradients
tests/golden/smollm2_gradients.safetensors           the same of SmolLM2's embedding, first LAYERS layers and head, widened to f32: of every weight KEPT numbers,
                                                     evenly spaced
"""
import pathlib
import sys

import gguf
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

BATCH, LENGTH = 2, 72
LAYERS, KEPT = 4, 512
RANK, ALPHA = 3, 12


def loss_of(model, tokens):
    logits = model(tokens).logits[:, :-1]
    return torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), tokens[:, 1:].reshape(-1))


def gradients(model, tokens):
    model.zero_grad()
    loss = loss_of(model, tokens)
    loss.backward()
    found = {name: p.grad for name, p in model.named_parameters()}
    assert all(g is not None for g in found.values())
    return loss.detach(), found


def tiny_models(out):
    for folder in sorted((out / "language").iterdir()):
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        tokens = load_file(folder / "logits.safetensors")["tokens"][:BATCH * LENGTH].reshape(BATCH, LENGTH).long()
        loss, found = gradients(model, tokens)
        save_file({"tokens": tokens.to(torch.int32), "loss": loss.reshape(1)} | {"grad." + n: g.contiguous() for n, g in found.items()},
                  folder / "gradients.safetensors")
        print(folder.name, float(loss), len(found))


class Adapted(torch.nn.Module):
    def __init__(self, layer, generator):
        super().__init__()
        self.layer = layer
        self.a = torch.nn.Parameter(torch.randn(RANK, layer.in_features, generator=generator) * 0.1)
        self.b = torch.nn.Parameter(torch.randn(layer.out_features, RANK, generator=generator) * 0.1)

    def forward(self, x):
        return self.layer(x) + ALPHA / RANK * (x @ self.a.T @ self.b.T)


def lora(out):
    folder = out / "language" / "llama"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    kind = gguf.GGMLQuantizationType.Q8_0
    for p in model.parameters():
        p.requires_grad_(False)
        if p.dim() == 2:
            p.copy_(torch.from_numpy(gguf.quants.dequantize(gguf.quants.quantize(p.numpy().astype(np.float32), kind), kind)))
    generator, adapters = torch.Generator().manual_seed(3), {}
    for l, layer in enumerate(model.model.layers):
        for holder, name, ours in [(layer.self_attn, "q_proj", "attn_q"), (layer.self_attn, "v_proj", "attn_v"), (layer.mlp, "down_proj", "ffn_down")]:
            adapted = Adapted(getattr(holder, name), generator)
            setattr(holder, name, adapted)
            adapters[f"blk.{l}.{ours}"] = adapted
    tokens = load_file(folder / "logits.safetensors")["tokens"][:BATCH * LENGTH].reshape(BATCH, LENGTH).long()
    loss = loss_of(model, tokens)
    loss.backward()
    made = {"tokens": tokens.to(torch.int32), "loss": loss.detach().reshape(1)}
    for name, adapted in adapters.items():
        for part, p in (("a", adapted.a), ("b", adapted.b)):
            made[f"{name}.lora_{part}"] = p.detach().clone()
            made[f"grad.{name}.lora_{part}"] = p.grad.contiguous()
    save_file(made, out / "lora.safetensors")
    print("lora", float(loss), len(made))


def smollm2(out, path):
    path = pathlib.Path(path)
    model = AutoModelForCausalLM.from_pretrained(str(path.parent), gguf_file=path.name, dtype=torch.float32, attn_implementation="eager").eval()
    model.model.layers = model.model.layers[:LAYERS]
    model.config.num_hidden_layers = LAYERS
    tokens = torch.randint(0, 49152, (BATCH, LENGTH), generator=torch.Generator().manual_seed(11))
    loss, found = gradients(model, tokens)
    kept = {"grad." + n: g.reshape(-1)[::max(1, g.numel() // KEPT)].contiguous().clone() for n, g in found.items()}
    save_file({"tokens": tokens.to(torch.int32), "loss": loss.reshape(1)} | kept, out / "smollm2_gradients.safetensors")
    print("smollm2", float(loss), len(found))


if __name__ == "__main__":
    golden = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden")
    tiny_models(golden)
    lora(golden)
    if len(sys.argv) > 2:
        smollm2(golden, sys.argv[2])
