#!/usr/bin/env python3
"""Writes the matrices of a safetensors file in q8_0 blocks (ggml's: 32 numbers of 8 bits with one f16 scale), which Ptah reads as they lie; vectors stay f32.

    python3 tools/models/q8_0.py [--dense [--least N]] model.safetensors out.safetensors

Needs numpy. A matrix whose rows are no multiple of 32 stays as it is, in f16. With --dense every weight of N (4,096) numbers or more is stored so, kernels of
convolutions too, and becomes bf16 again when it is read: for small networks whose layers want dense weights.
"""
import argparse
import json
import struct
import sys

import numpy as np

DTYPES = {"F32": np.float32, "F16": np.float16}


def open_file(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        return header, file.read()


def tensors_of(header, data):
    for name, entry in sorted(header.items()):
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        if entry["dtype"] == "BF16":
            wide = np.frombuffer(data[begin:end], np.uint16).astype(np.uint32) << 16
            yield name, wide.view(np.float32).reshape(entry["shape"])
        elif entry["dtype"] in DTYPES:
            yield name, np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).astype(np.float32).reshape(entry["shape"])


def q8_0(matrix):
    """[rows, columns] → bytes [rows, columns / 32 * 34]."""
    blocks = matrix.reshape(matrix.shape[0], -1, 32)
    scale = np.abs(blocks).max(axis=2) / 127
    inverse = np.where(scale > 0, 1 / np.maximum(scale, 1e-30), 0)
    numbers = np.floor(np.abs(blocks * inverse[..., None]) + 0.5) * np.sign(blocks)
    out = np.empty((matrix.shape[0], blocks.shape[1], 34), np.uint8)
    out[..., :2] = scale.astype(np.float16)[..., None].view(np.uint8)
    out[..., 2:] = numbers.astype(np.int8).view(np.uint8)
    return out.reshape(matrix.shape[0], -1)


def main():
    tensors, kinds = {}, {}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dense", action="store_true")
    parser.add_argument("--least", type=int, default=4096)
    parser.add_argument("source")
    parser.add_argument("out")
    args = parser.parse_args()
    dense, source_name, out_name = args.dense, args.source, args.out
    source, data = open_file(source_name)
    for name, values in tensors_of(source, data):
        if name.endswith("position_ids"):
            continue
        if dense and values.size >= args.least and values.size % 32 == 0:
            row = values.size // values.shape[0]
            tensors[name] = q8_0(values.reshape(values.shape[0], row) if row % 32 == 0 else values.reshape(-1, 32))
            kinds[name] = {"kind": "q8_0", "shape": list(values.shape)}
        elif values.ndim == 2 and values.shape[1] % 32 == 0 and values.size > 4096:
            tensors[name], kinds[name] = q8_0(values), "q8_0"
        elif values.ndim == 2:
            tensors[name] = values.astype(np.float16)
        else:
            tensors[name] = values.astype(np.float32)
    names = {np.dtype(np.float32): "F32", np.dtype(np.float16): "F16", np.dtype(np.uint8): "U8"}
    order = sorted(tensors, key=lambda name: (-tensors[name].itemsize if tensors[name].dtype != np.uint8 else 0, name))
    header, at = {"__metadata__": source.get("__metadata__", {}) | {"ptah.blocks": json.dumps(kinds, sort_keys=True)}}, 0
    for name in order:
        size = tensors[name].nbytes
        header[name] = {"dtype": names[tensors[name].dtype], "shape": list(tensors[name].shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(len(text) + 8) % 64)
    with open(out_name, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in order:
            file.write(np.ascontiguousarray(tensors[name]).tobytes())


main()
