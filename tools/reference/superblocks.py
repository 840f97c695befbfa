#!/usr/bin/env python3
"""Makes tests/golden/superblocks.safetensors: rows of 256 numbers and the blocks that ggml rounds them to.

    tools/reference/superblocks.py [tests/golden]      (made with numpy, safetensors, gguf 0.19.0, xllamacpp 2026.10.11549)
"""
import ctypes
import pathlib
import sys

import gguf
import numpy as np
import xllamacpp
from safetensors.numpy import save_file


def superblocks(out):
    """What ggml_quantize_chunk makes without an importance matrix; ggml is the one in xllamacpp's shared library."""
    library = ctypes.CDLL(str(next(pathlib.Path(xllamacpp.__file__).parent.glob("xllamacpp*.so"))))
    library.ggml_quantize_chunk.restype = ctypes.c_size_t
    library.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p] + [ctypes.c_int64] * 3 + [ctypes.c_void_p]
    rng = np.random.default_rng(6)
    rows = [rng.normal(0, 1, 256), rng.normal(0, 0.02, 256), rng.standard_t(2, 256) * 0.03, rng.uniform(0.2, 1, 256), -rng.uniform(0.2, 1, 256), rng.normal(0, 1e-6, 256), np.zeros(256),
            np.where(rng.random(256) < 0.05, rng.normal(0, 3, 256), 0), np.repeat(rng.normal(0, 1, 16), 16), np.concatenate([np.zeros(128), rng.normal(0, 0.1, 128)]),
            np.full(256, 0.37), np.round(rng.normal(0, 2, 256)), rng.normal(0, 1, 256) * np.repeat(10.0 ** rng.integers(-6, 3, 16), 16)]
    rows += [rng.normal(rng.normal(0, 0.3), 10.0 ** rng.uniform(-3, 1), 256) for _ in range(50)]
    values = np.stack(rows).astype(np.float32)
    made = {"input": values}
    for name in ["Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "IQ4_XS"]:
        kind = gguf.GGMLQuantizationType[name]
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        blocks = np.zeros(values.size // elements * size, np.uint8)
        assert library.ggml_quantize_chunk(int(kind), values.ctypes.data, blocks.ctypes.data, 0, len(values), 256, None) == blocks.size
        made[name.lower() + ".quantized"] = blocks
    save_file(made, out / "superblocks.safetensors")


if __name__ == "__main__":
    superblocks(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden"))
