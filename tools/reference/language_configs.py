#!/usr/bin/env python3
"""Makes tests/golden/language_configs.safetensors: logits of the tiny models under other configurations, by `transformers` in f32.

    tools/reference/language_configs.py [tests/golden]      (made with torch, transformers, tokenizers, safetensors)

The weights are those of tests/golden/language/FAMILY, after language.py. The metadata hold the cases: family, changed keys; and ids of texts by
`tokenizers` with normalizers and added tokens."""
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers
from transformers import AutoConfig, AutoModelForCausalLM

SLIDING, FULL = "sliding_attention", "full_attention"
CASES = [
    ("llama", {"hidden_act": "gelu_pytorch_tanh"}),
    ("llama", {"tie_word_embeddings": True}),
    ("llama", {"rms_norm_eps": 1e-2}),
    ("llama", {"rope_parameters": {"rope_type": "linear", "rope_theta": 500.0, "factor": 4.0}}),
    ("mistral", {"sliding_window": None}),
    ("mistral", {"sliding_window": 48, "hidden_act": "gelu_new"}),
    ("qwen2", {"use_sliding_window": True, "sliding_window": 32, "max_window_layers": 1, "layer_types": [FULL, SLIDING]}),
    ("qwen3", {"use_sliding_window": True, "sliding_window": 24, "layer_types": [SLIDING, FULL]}),
    ("gemma3", {"layer_types": [FULL, SLIDING, SLIDING, FULL, FULL, SLIDING, FULL]}),
    ("gemma3", {"hidden_activation": "silu", "query_pre_attn_scalar": 64, "sliding_window": 16}),
    ("gpt2", {"activation_function": "silu"}),
    ("gpt2", {"scale_attn_by_inverse_layer_idx": True}),
    ("gpt2", {"scale_attn_weights": False, "layer_norm_epsilon": 1e-2}),
]
TEXTS = ["e\u0301te\u0301 caf\u00e9", "\ufb01ne \u2460 \u00bd", "\uff21\uff22 ABC \u0130x", "a<x>b <x> c", "word word<w> <w>word (<w>) <w>", "  <l>  <r>  z", "\u1e9b\u0323 \uac00\u1100\u1161",
         "A\u030a \u212b", "", " ", "<N\u0301>x<\u0143>"]


def logits(root):
    out, cases = {}, []
    for i, (family, changes) in enumerate(CASES):
        folder = root / "language" / family
        config = AutoConfig.from_pretrained(folder)
        plain = json.loads((folder / "config.json").read_text()) | changes
        config = type(config)(**{k: v for k, v in plain.items() if k not in ("model_type", "transformers_version")})
        config._attn_implementation = "eager"
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
        weights = {k: v.float() for k, v in load_file(folder / "model.safetensors").items()}
        if config.tie_word_embeddings:
            weights.pop("lm_head.weight", None)
        missing, unexpected = model.load_state_dict(weights, strict=False)
        assert not unexpected and all("lm_head" in m for m in missing), (missing, unexpected)
        model.tie_weights()
        golden = load_file(folder / "logits.safetensors")
        with torch.no_grad():
            made = model(golden["tokens"][None].long()).logits[0][golden["kept"].long()].float().contiguous()
        assert (made - golden["logits"]).abs().max() > 1e-3, (family, changes)
        out[str(i)] = made
        cases.append({"family": family, "changes": changes})
    return out, cases


def tokens():
    """Byte-level tokenizers without merges: an id a byte, and added tokens."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    cases = []
    for name, normalizer in {"none": None, "NFC": normalizers.NFC(), "NFD": normalizers.NFD(), "NFKC": normalizers.NFKC(), "NFKD": normalizers.NFKD(),
                             "lower": normalizers.Sequence([normalizers.NFD(), normalizers.Lowercase(), normalizers.StripAccents()]), "replace": normalizers.Replace("a", "bb")}.items():
        tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        if normalizer is not None:
            tokenizer.normalizer = normalizer
        tokenizer.add_tokens([AddedToken("<x>", normalized=False), AddedToken("<w>", single_word=True, normalized=False), AddedToken("<l>", lstrip=True, normalized=False),
                              AddedToken("<r>", rstrip=True, normalized=False), AddedToken("word", single_word=True, normalized=True), AddedToken("<\u0143>", normalized=True)])
        cases.append({"name": name, "file": json.loads(tokenizer.to_str()), "ids": [tokenizer.encode(text).ids for text in TEXTS]})
    return {"texts": TEXTS, "tokenizers": cases}


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden")
    made, cases = logits(root)
    save_file(made, root / "language_configs.safetensors", metadata={"cases": json.dumps(cases), "tokens": json.dumps(tokens())})


main()
