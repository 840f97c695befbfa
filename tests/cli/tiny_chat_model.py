#!/usr/bin/env python3
"""Writes a tiny chat model with random weights, in Hugging Face's layout: python3 tiny_chat_model.py FOLDER."""
import json
import random
import struct
import sys
from pathlib import Path

WIDTH, HEADS, FORWARD, CONTEXT = 32, 2, 64, 1024
folder = Path(sys.argv[1])
folder.mkdir(parents=True)

# GPT-2's letters for bytes, and nothing that is merged.
plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
letters = {byte: chr(byte) for byte in plain}
for byte in range(256):
    letters.setdefault(byte, chr(256 + len(letters) - len(plain)))
vocabulary = {letter: byte for byte, letter in sorted(letters.items())}
special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
tokens = len(vocabulary) + len(special)
added = [{"id": len(vocabulary) + i, "content": name, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for i, name in enumerate(special)]
byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
(folder / "tokenizer.json").write_text(json.dumps({
    "version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None, "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level,
    "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False, "vocab": vocabulary, "merges": []}}))
(folder / "tokenizer_config.json").write_text(json.dumps({
    "tokenizer_class": "GPT2Tokenizer", "eos_token": "<|im_end|>", "bos_token": "<|endoftext|>",
    "chat_template": "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"}))
(folder / "config.json").write_text(json.dumps({
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": WIDTH, "num_hidden_layers": 1, "num_attention_heads": HEADS, "num_key_value_heads": HEADS,
    "intermediate_size": FORWARD, "vocab_size": tokens, "max_position_embeddings": CONTEXT, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
    "tie_word_embeddings": True, "torch_dtype": "float32", "bos_token_id": 256, "eos_token_id": 258}))

random.seed(7)
shapes = {"model.embed_tokens.weight": (tokens, WIDTH), "model.norm.weight": (WIDTH,)}
for name, shape in {"self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (WIDTH, WIDTH), "self_attn.v_proj": (WIDTH, WIDTH), "self_attn.o_proj": (WIDTH, WIDTH),
                    "mlp.gate_proj": (FORWARD, WIDTH), "mlp.up_proj": (FORWARD, WIDTH), "mlp.down_proj": (WIDTH, FORWARD), "input_layernorm": (WIDTH,),
                    "post_attention_layernorm": (WIDTH,)}.items():
    shapes[f"model.layers.0.{name}.weight"] = shape
header, data = {}, b""
for name, shape in shapes.items():
    count = shape[0] * (shape[1] if len(shape) > 1 else 1)
    values = struct.pack(f"<{count}f", *(1.0 if len(shape) == 1 else random.gauss(0, 0.3) for _ in range(count)))
    header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [len(data), len(data) + len(values)]}
    data += values
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
(folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
