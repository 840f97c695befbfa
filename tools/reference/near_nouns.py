#!/usr/bin/env python3
"""How near the name of a kind has to be to an unknown noun (kNearNoun in src/pipelines/scene/scene_library.h).

    tools/reference/near_nouns.py          (Python with torch, transformers and safetensors)

Each name in shapes/captions.json is taken out in turn and looked for among the others, with the shipped sentence encoder in PyTorch; things of
shapes/negatives.txt are looked for among all. Prints, for thresholds of the cosine, the shares that are right, wrong, and accepted though nothing is right.
"""
import json
import pathlib
import re

import torch
from safetensors.torch import load_file
from transformers import BertConfig, BertModel, BertTokenizer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODEL = ROOT / "models" / "minilm"


def numbers(stored):
    """A tensor, or the rows of blocks (a half, then 32 bytes) that it is stored as."""
    if stored.element_size() > 1 or stored.dim() != 2 or stored.shape[1] % 34:
        return stored.float()
    blocks = stored.view(torch.uint8).reshape(stored.shape[0], -1, 34)
    scales = blocks[:, :, :2].contiguous().view(torch.float16).float()
    return (blocks[:, :, 2:].contiguous().view(torch.int8).float() * scales).reshape(stored.shape[0], -1)


def encoder():
    model = BertModel(BertConfig(**json.loads((MODEL / "config.json").read_text())), add_pooling_layer=False)
    model.load_state_dict({name: numbers(value) for name, value in load_file(MODEL / "model.safetensors").items()}, strict=False)
    model.eval()
    words = BertTokenizer(str(MODEL / "vocab.txt"), do_lower_case=True)

    def embed(texts):
        out = []
        for i in range(0, len(texts), 64):
            batch = words(texts[i:i + 64], padding=True, return_tensors="pt")
            with torch.no_grad():
                states = model(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"])[0]
            mask = batch["attention_mask"].unsqueeze(-1).float()
            out.append(torch.nn.functional.normalize((states * mask).sum(1) / mask.sum(1), dim=-1))
        return torch.cat(out)
    return embed


def says_of_what(asked, name):
    """As in scene_library.cpp: a king is not a king's crown."""
    asked, name = asked.replace("'s", "").split(), name.replace("'s", "").split()
    return asked[-1] in name[:-1] and asked[-1] != name[-1]


def main():
    kinds = json.loads((ROOT / "shapes" / "captions.json").read_text())["kinds"]
    names = [(name, kind) for kind, entry in kinds.items() for name in dict.fromkeys([entry["noun"]] + entry["synonyms"])]
    unknown = set()
    for line in (ROOT / "shapes" / "negatives.txt").read_text().splitlines():
        if line.startswith("a 3d model of"):
            noun = re.sub(r"^a 3d model of (a |an |the )?", "", line.strip())
            if len(noun.split()) <= 2:
                unknown.add(noun)
    unknown = sorted(unknown - {name for name, _ in names})
    embed = encoder()
    known = embed([name for name, _ in names])

    def nearest(vector, asked):
        best = (-1.0, "")
        for cosine, (name, kind) in zip((known @ vector).tolist(), names):
            if cosine > best[0] and name != asked and not says_of_what(asked, name):
                best = (cosine, kind)
        return best
    inside = [(nearest(known[i], name), kind) for i, (name, kind) in enumerate(names)]
    outside = [nearest(vector, noun)[0] for vector, noun in zip(embed(unknown), unknown)]
    print(f"{len(inside)} names, {len(outside)} unknown things")
    for step in range(50, 82, 2):
        limit = step / 100
        right = sum(cosine > limit and found == kind for (cosine, found), kind in inside) / len(inside)
        wrong = sum(cosine > limit and found != kind for (cosine, found), kind in inside) / len(inside)
        print(f"{limit:.2f}: right {right:.3f}, wrong {wrong:.3f}, unknown accepted {sum(c > limit for c in outside) / len(outside):.3f}")


main()
