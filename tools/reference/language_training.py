#!/usr/bin/env python3
"""What PyTorch's training of a GPT gives, step by step.

    tools/reference/language_training.py [tests/golden]                  (made with torch, transformers, safetensors)
    tools/reference/language_training.py --text FILE --out FOLDER        nanoGPT's configuration for processors, 100 steps

The first writes tests/golden/language_training.safetensors: the weights that a tiny GPT-2 begins with (Hugging Face's names), tokens, where each sequence of
each step begins, and the losses of STEPS steps and the norms of their gradients.
The second writes what `ptah train language` needs to take the same steps: FOLDER/start (a model in Hugging Face's layout, with characters as tokens),
FOLDER/batches.safetensors, FOLDER/config.json, and FOLDER/losses.csv.

As nanoGPT: no biases, no dropout, AdamW (0.9, 0.99), decay 0.1 of matrices and tables, gradients clipped at norm 1, linear warm-up and cosine to a tenth.
"""
import argparse
import json
import math
import pathlib

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

RATE, WARMUP, STEPS = 1e-3, 5, 20


def network(vocabulary, layers, heads, width, context, seed):
    torch.manual_seed(seed)
    config = GPT2Config(vocab_size=vocabulary, n_layer=layers, n_head=heads, n_embd=width, n_positions=context, resid_pdrop=0, embd_pdrop=0, attn_pdrop=0,
                        activation_function="gelu_new", bos_token_id=None, eos_token_id=None, attn_implementation="eager")
    return GPT2LMHeadModel(config).train()


def train(model, tokens, starts, context, steps, warmup):
    named = [(n, p) for n, p in model.named_parameters()]
    for name, p in named:
        p.requires_grad_(not name.endswith("bias"))
    trained = [p for _, p in named if p.requires_grad]
    groups = [{"params": [p for p in trained if p.dim() >= 2], "weight_decay": 0.1}, {"params": [p for p in trained if p.dim() < 2], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.99), eps=1e-8)
    losses, norms = [], []
    for step in range(starts.shape[0]):
        if step < warmup:
            factor = (step + 1) / warmup
        else:
            factor = 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, steps - warmup))))
        for group in optimizer.param_groups:
            group["lr"] = RATE * factor
        ids = torch.stack([tokens[s:s + context] for s in starts[step].tolist()]).long()
        targets = torch.stack([tokens[s + 1:s + 1 + context] for s in starts[step].tolist()]).long()
        logits = model(ids).logits
        loss = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norms.append(float(torch.nn.utils.clip_grad_norm_(trained, 1.0)))
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses, norms


def golden(out):
    vocabulary, context, batch = 29, 16, 4
    model = network(vocabulary, 2, 2, 32, context, 1)
    begin = {"weight." + n: p.detach().clone() for n, p in model.named_parameters()}
    generator = torch.Generator().manual_seed(2)
    tokens = torch.randint(0, 5, (600,), generator=generator).cumsum(0).remainder(vocabulary).to(torch.int32)
    starts = torch.randint(0, len(tokens) - context - 1, (STEPS, batch), generator=generator).to(torch.int32)
    losses, norms = train(model, tokens, starts, context, STEPS, WARMUP)
    print(losses[0], losses[-1])
    save_file(begin | {"tokens": tokens, "starts": starts, "losses": torch.tensor(losses), "norms": torch.tensor(norms)},
              out / "language_training.safetensors")


def comparison(text, out):
    context, batch, count, steps, warmup = 64, 12, 100, 2000, 100
    data = text.read_text()
    characters = sorted(set(data))
    number = {c: i for i, c in enumerate(characters)}
    model = network(len(characters), 4, 4, 128, context, 1337)
    out.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(out / "start")
    # GPT-2's printable stand-ins for bytes, of those that a text in ASCII has
    printed = {c: c if 33 <= ord(c) <= 126 else chr(256 + ord(c)) for c in characters}
    bytes_of = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    tokenizer = {"version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": bytes_of, "post_processor": None, "decoder": bytes_of,
                 "model": {"type": "BPE", "vocab": {printed[c]: number[c] for c in characters}, "merges": []}}
    (out / "start" / "tokenizer.json").write_text(json.dumps(tokenizer))
    tokens = torch.tensor([number[c] for c in data[:int(0.9 * len(data))]], dtype=torch.int32)
    starts = torch.randint(0, len(tokens) - context - 1, (count, batch), generator=torch.Generator().manual_seed(5)).to(torch.int32)
    save_file({"starts": starts}, out / "batches.safetensors")
    config = {"data": str(text.resolve()), "out": "trained", "start_from": str((out / "start").resolve()), "batches": "batches.safetensors", "bias": False,
              "context": context, "batch": batch, "steps": steps, "stop_at": count, "warmup": warmup, "learning_rate": RATE, "weight_decay": 0.1,
              "dtype": "f32", "save_as": "f32", "log_every": 1}
    (out / "config.json").write_text(json.dumps(config, indent=1))
    losses, norms = train(model, tokens, starts, context, steps, warmup)
    (out / "losses.csv").write_text("step,loss,norm\n" + "".join(f"{i + 1},{a:.7f},{b:.7f}\n" for i, (a, b) in enumerate(zip(losses, norms))))
    print(losses[0], losses[-1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("golden", nargs="?", type=pathlib.Path, default=pathlib.Path("tests/golden"))
    parser.add_argument("--text", type=pathlib.Path)
    parser.add_argument("--out", type=pathlib.Path)
    args = parser.parse_args()
    if args.text:
        comparison(args.text, args.out)
    else:
        golden(args.golden)
