#!/usr/bin/env python3
"""Writes a GGUF file with random bf16 weights in the shape of Llama 3.2 1B, and the vocabulary of another GGUF file.

    random_llama.py FROM.gguf TO.gguf      (gguf, numpy)
"""
import sys

import gguf
import numpy as np

WIDTH, LAYERS, HEADS, KEYS, FORWARD, CONTEXT = 2048, 16, 32, 8, 8192, 8192


def main(source, to):
    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(to, "llama")
    for key, field in reader.fields.items():
        if key.startswith("tokenizer."):
            kind = field.types[0]
            writer.add_key_value(key, field.contents(), kind, sub_type=field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    vocabulary = len(reader.fields["tokenizer.ggml.tokens"].contents())
    writer.add_name("random 1B")
    for add, value in [(writer.add_context_length, CONTEXT), (writer.add_embedding_length, WIDTH), (writer.add_block_count, LAYERS), (writer.add_feed_forward_length, FORWARD),
                       (writer.add_head_count, HEADS), (writer.add_head_count_kv, KEYS), (writer.add_layer_norm_rms_eps, 1e-5), (writer.add_rope_freq_base, 500000.0),
                       (writer.add_rope_dimension_count, WIDTH // HEADS), (writer.add_vocab_size, vocabulary), (writer.add_file_type, 32)]:
        add(value)
    rng = np.random.default_rng(1)

    def put(name, rows, columns):
        values = rng.standard_normal((rows, columns), dtype=np.float32) * (0.7 / columns**0.5)
        writer.add_tensor(name, (values.view(np.uint32) >> 16).astype(np.uint16), raw_dtype=gguf.GGMLQuantizationType.BF16)

    put("token_embd.weight", vocabulary, WIDTH)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    keys = WIDTH // HEADS * KEYS
    for i in range(LAYERS):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{i}.{norm}.weight", np.ones(WIDTH, np.float32))
        for name, rows, columns in [("attn_q", WIDTH, WIDTH), ("attn_k", keys, WIDTH), ("attn_v", keys, WIDTH), ("attn_output", WIDTH, WIDTH), ("ffn_gate", FORWARD, WIDTH), ("ffn_up", FORWARD, WIDTH), ("ffn_down", WIDTH, FORWARD)]:
            put(f"blk.{i}.{name}.weight", rows, columns)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


main(*sys.argv[1:3])
