#!/usr/bin/env python3
"""Makes tests/golden/*.safetensors: results and gradients of every op and of five whole networks, by PyTorch in f32 (f64 inside).

    tools/reference/golden.py [tests/golden]          (made with torch 2.15.0, safetensors, numpy)

Per case: in0, in1 … (inputs), cotangent, out, grad0, grad1 … Pictures are NHWC here as in Ptah; the reference turns them.
"""
import math
import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.manual_seed(5)
D = torch.float64


def nchw(x):
    return x.permute(0, 3, 1, 2)


def nhwc(x):
    return x.permute(0, 2, 3, 1)


def conv(x, w, b=None, **kw):
    return nhwc(F.conv2d(nchw(x), w, b, **kw))


def heads(x, n):
    return x.reshape(x.shape[0], x.shape[1], n, -1).transpose(1, 2)


def attend(q, k, v, n, mask=None):
    out = F.scaled_dot_product_attention(heads(q, n), heads(k, n), heads(v, n), attn_mask=mask)
    return out.transpose(1, 2).reshape(q.shape)


def length_mask(lengths, keys):
    return (torch.arange(keys)[None, :] < torch.tensor(lengths)[:, None])[:, None, None, :]


def causal_mask(queries, keys):
    return (torch.arange(keys)[None, :] <= torch.arange(queries)[:, None] + keys - queries)


def resized(x, h, w, mode):
    kw = {} if mode == "nearest" else {"antialias": True, "align_corners": False}
    return nhwc(F.interpolate(nchw(x), size=(h, w), mode=mode, **kw))


def modulated(x, shift, scale, eps=1e-6):
    return F.layer_norm(x, x.shape[-1:], eps=eps) * (1 + scale[:, None]) + shift[:, None]


def gelu(x):
    return F.gelu(x, approximate="tanh")


def uniform(shape, low=-1.0, high=1.0):
    return (torch.rand(shape, dtype=D) * (high - low) + low).float().to(D)


def op_cases():
    s = (5, 33)
    yield "relu", F.relu, [s]
    yield "leaky_relu", lambda x: F.leaky_relu(x, 0.2), [s]
    yield "silu", F.silu, [s]
    yield "gelu", gelu, [s]
    yield "gelu_erf", F.gelu, [s]
    yield "tanh", torch.tanh, [s]
    yield "sigmoid", torch.sigmoid, [s]
    yield "exp", torch.exp, [s]
    yield "log", torch.log, [(s, 0.5, 2)]
    yield "sqrt", torch.sqrt, [(s, 0.5, 2)]
    yield "abs", torch.abs, [s]
    yield "square", torch.square, [s]
    yield "affine", lambda x: 3 * x - 1, [s]
    for name, f in [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div), ("maximum", torch.maximum), ("minimum", torch.minimum)]:
        yield name, f, [((3, 1, 17), 0.5, 2), ((5, 17), 0.5, 2)]
    yield "sum", lambda x: x.sum(1, keepdim=True), [(3, 65, 17)]
    yield "mean", lambda x: x.mean(2, keepdim=True), [(3, 65, 17)]
    yield "max", lambda x: x.max(1, keepdim=True).values, [(3, 5, 17)]
    yield "sum_all", lambda x: x.sum(), [(3, 65)]
    yield "mean_all", lambda x: x.mean(), [(3, 65)]
    yield "permute", lambda x: x.permute(2, 0, 1), [(3, 5, 7)]
    yield "concat", lambda a, b: torch.cat([a, b], 1), [(2, 3, 5), (2, 1, 5)]
    yield "slice", lambda x: x[:, 2:7], [(2, 9, 3)]
    yield "pad", lambda x: F.pad(x, (0, 0, 2, 1), value=0.5), [(2, 3, 3)]
    yield "pixel_shuffle", lambda x: nhwc(F.pixel_shuffle(nchw(x), 2)), [(2, 3, 2, 12)]
    yield "pixel_unshuffle", lambda x: nhwc(F.pixel_unshuffle(nchw(x), 2)), [(2, 4, 6, 3)]
    yield "matmul", torch.matmul, [(2, 17, 63), (2, 63, 65)]
    yield "linear", lambda x, w, b, r: gelu(F.linear(x, w, b)) + r, [(17, 63), (65, 63), (65,), (17, 65)]
    yield "conv2d", lambda x, w, b: conv(x, w, b, padding=1), [(2, 9, 8, 3), (17, 3, 3, 3), (17,)]
    yield "conv2d_stride", lambda x, w, b: conv(x, w, b, padding=1, stride=2), [(5, 8, 7, 16), (32, 16, 3, 3), (32,)]
    yield "conv2d_groups", lambda x, w, b: conv(x, w, b, padding=2, stride=3, groups=2), [(2, 11, 9, 4), (6, 2, 5, 5), (6,)]
    yield "resize_nearest", lambda x: resized(x, 3, 17, "nearest"), [(2, 7, 9, 3)]
    yield "resize_bilinear", lambda x: resized(x, 13, 5, "bilinear"), [(2, 7, 9, 3)]
    yield "avg_pool2d", lambda x: nhwc(F.avg_pool2d(nchw(x), 3, 2, 1)), [(2, 7, 9, 3)]
    yield "max_pool2d", lambda x: nhwc(F.max_pool2d(nchw(x), 2)), [(2, 6, 8, 3)]
    yield "layer_norm", lambda x, w, b: F.layer_norm(x, (63,), w, b), [(5, 63), (63,), (63,)]
    yield "rms_norm", lambda x, w: F.rms_norm(x, (63,), w, 1e-5), [(5, 63), (63,)]
    yield "group_norm", lambda x, w, b: nhwc(F.group_norm(nchw(x), 3, w, b)), [(2, 5, 4, 12), (12,), (12,)]
    yield "modulated_norm", modulated, [(2, 9, 65), (2, 65), (2, 65)]
    yield "gated_add", lambda x, y, g: x + g[:, None] * y, [(2, 9, 65), (2, 9, 65), (2, 65)]
    yield "softmax", lambda x: F.softmax(x, -1), [s]
    yield "log_softmax", lambda x: F.log_softmax(x, -1), [s]
    qkv = [((2, 65, 80), -2, 2), ((2, 130, 80), -2, 2), ((2, 130, 80), -2, 2)]
    yield "attention", lambda q, k, v: attend(q, k, v, 2), qkv
    yield "attention_causal", lambda q, k, v: attend(q, k, v, 2, causal_mask(65, 130)), qkv
    yield "attention_lengths", lambda q, k, v: attend(q, k, v, 2, length_mask([130, 7], 130)), qkv
    yield "self_attention", lambda x: attend(*x.chunk(3, -1), 2), [((2, 17, 96), -2, 2)]
    yield "cross_attention", lambda q, kv: attend(q, *kv.chunk(2, -1), 2), [((2, 17, 32), -2, 2), ((2, 9, 64), -2, 2)]
    yield "gather", lambda x: x[[3, 0, 3, 6]], [(7, 5)]
    yield "embedding", lambda x: F.embedding(torch.tensor([[3, 0], [3, 6]]), x), [(7, 65)]
    yield "cross_entropy", lambda x: F.cross_entropy(x, torch.tensor([3, 0, -1, 16]), ignore_index=-1), [(4, 17)]
    yield "mse_loss", F.mse_loss, [s, s]
    yield "l1_loss", F.l1_loss, [s, s]


def record(store, name, f, inputs):
    leaves = [x.clone().requires_grad_() for x in inputs]
    out = f(*leaves)
    cotangent = uniform(out.shape)
    grads = torch.autograd.grad(out, leaves, cotangent, allow_unused=True)
    store[f"{name}/out"] = out.detach().float()
    store[f"{name}/cotangent"] = cotangent.float()
    for i, (x, g) in enumerate(zip(leaves, grads)):
        store[f"{name}/in{i}"] = x.detach().float()
        store[f"{name}/grad{i}"] = g.float()


def ops(path):
    store = {}
    for name, f, shapes in op_cases():
        inputs = [uniform(*shape) if isinstance(shape[0], tuple) else uniform(shape) for shape in shapes]
        record(store, name, f, inputs)
    save_file({k: v.contiguous() for k, v in store.items()}, path)


class Names:
    """Weights by name, made when asked for."""

    def __init__(self):
        self.all = {}

    def __call__(self, name, *shape, scale=None):
        if name not in self.all:
            fan = math.prod(shape[1:]) if len(shape) > 1 else 25
            self.all[name] = (torch.randn(shape, dtype=D) * (scale or 1 / math.sqrt(fan))).float().to(D).requires_grad_()
        return self.all[name]


def linear(w, name, x, n):
    return F.linear(x, w(name + ".weight", n, x.shape[-1]), w(name + ".bias", n))


def conv3(w, name, x, n):
    return conv(x, w(name + ".weight", n, x.shape[-1], 3, 3), w(name + ".bias", n), padding=1)


def residual(w, name, x):
    c = x.shape[-1]
    return x + conv3(w, name + ".second", F.silu(conv3(w, name + ".first", F.silu(x), c)), c)


def to_depth(x, r=2):
    n, h, wd, c = x.shape
    return x.reshape(n, h // r, r, wd // r, r, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h // r, wd // r, r * r * c)


def to_space(x, r=2):
    n, h, wd, c = x.shape
    return x.reshape(n, h, wd, r, r, c // r // r).permute(0, 1, 3, 2, 4, 5).reshape(n, h * r, wd * r, c // r // r)


def autoencoder(w, x):
    h = conv3(w, "encoder.in", to_depth(x), 8)
    h = residual(w, "encoder.levels.0.0", h)
    h = linear(w, "encoder.levels.1.down", to_depth(h), 16)
    h = residual(w, "encoder.levels.1.0", h)
    z = torch.tanh(linear(w, "encoder.out", F.silu(h), 4) / 3) * 3
    h = conv3(w, "decoder.in", z, 24)
    h = residual(w, "decoder.levels.1.0", h)
    h = to_space(linear(w, "decoder.levels.1.up", h, 4 * 16))
    h = residual(w, "decoder.levels.0.0", h)
    return to_space(linear(w, "decoder.out", F.silu(h), 16))


def text_encoder(w, ids, lengths):
    x = F.embedding(ids, w("text.embedding", 20, 32, scale=0.5)) + w("text.positions", 16, 32)[: ids.shape[1]]
    norm = lambda name, x: F.layer_norm(x, (32,), w(name + ".weight", 32), w(name + ".bias", 32))
    for i in range(2):
        at = f"text.layers.{i}."
        q, k, v = linear(w, at + "qkv", norm(at + "norm1", x), 96).chunk(3, -1)
        x = x + linear(w, at + "out", attend(q, k, v, 2, length_mask(lengths, ids.shape[1])), 32)
        x = x + linear(w, at + "down", gelu(linear(w, at + "up", norm(at + "norm2", x), 128)), 32)
    return norm("text.norm", x)


def time_features(t, width=256):
    freq = torch.exp(-math.log(10000.0) * torch.arange(width // 2, dtype=D) / (width // 2))
    angle = 1000.0 * t[:, None] * freq[None]
    return torch.cat([angle.cos(), angle.sin()], 1)


def denoiser(w, x, text, pooled, t, lengths):
    c = 48
    moment = linear(w, "denoiser.time2", F.silu(linear(w, "denoiser.time1", time_features(t), c)), c) + linear(w, "denoiser.pooled_in", pooled, c)
    shared = linear(w, "denoiser.modulation", F.silu(moment), 6 * c)
    h = torch.cat([linear(w, "denoiser.in", x, c) + w("denoiser.positions", 16, c), linear(w, "denoiser.text_in", text, c)], 1)
    mask = length_mask([16 + n for n in lengths], h.shape[1])
    for i in range(2):
        at = f"denoiser.blocks.{i}."
        m = (shared + w(at + "table", 6 * c)).chunk(6, -1)
        q, k, v = linear(w, at + "qkv", modulated(h, m[0], m[1]), 3 * c).chunk(3, -1)
        h = h + (1 + m[2])[:, None] * linear(w, at + "out", attend(q, k, v, 2, mask), c)
        h = h + (1 + m[5])[:, None] * linear(w, at + "down", gelu(linear(w, at + "up", modulated(h, m[3], m[4]), 4 * c)), c)
    last = (shared[:, : 2 * c] + w("denoiser.final_table", 2 * c)).chunk(2, -1)
    return linear(w, "denoiser.out", modulated(h[:, :16], *last), 8)


def discriminator(w, x):
    n, h, wd, c = x.shape
    x = nhwc(F.pixel_unshuffle(nchw(x), 4))
    leaky = lambda x: F.leaky_relu(x, 0.2)
    x = leaky(conv3(w, "discriminator.in", x, 8))
    for i, width in enumerate([12, 16]):
        name = f"discriminator.down.{i}"
        x = leaky(conv(x, w(name + ".weight", width, x.shape[-1], 3, 3), w(name + ".bias", width), stride=2, padding=1))
    return conv3(w, "discriminator.out", x, 1)


def upscaler(w, x):
    reach = 6
    h = conv3(w, "upscaler.in", x, 8)
    for i in range(2):
        h = residual(w, f"upscaler.blocks.{i}", h)
    h = to_space(conv3(w, "upscaler.out", F.silu(h), 64), 4)
    whole = nhwc(F.interpolate(nchw(x), scale_factor=4, mode="bilinear", align_corners=False)) + h
    return whole[:, 4 * reach:-4 * reach, 4 * reach:-4 * reach]


def network(path, f, inputs, ids=None):
    w = Names()
    f(w, *inputs)
    leaves = [x.clone().requires_grad_() for x in inputs]
    out = f(w, *leaves)
    cotangent = uniform(out.shape)
    names = sorted(w.all)
    grads = torch.autograd.grad(out, leaves + [w.all[n] for n in names], cotangent)
    store = {"out": out, "cotangent": cotangent}
    for i, (x, g) in enumerate(zip(leaves, grads)):
        store[f"in{i}"], store[f"grad{i}"] = x, g
    for name, g in zip(names, grads[len(leaves):]):
        store["weight/" + name], store["grad/" + name] = w.all[name], g
    save_file({k: v.detach().float().contiguous() for k, v in store.items()}, path)


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden")
    folder.mkdir(parents=True, exist_ok=True)
    ops(folder / "ops.safetensors")
    network(folder / "autoencoder.safetensors", autoencoder, [uniform((2, 16, 16, 4))])
    ids = torch.tensor([[1, 5, 7, 19, 3], [1, 2, 0, 0, 0]])
    network(folder / "text.safetensors", lambda w: text_encoder(w, ids, [5, 2]), [])
    t = torch.tensor([0.25, 0.75], dtype=D)
    network(folder / "denoiser.safetensors", lambda w, x, text, pooled: denoiser(w, x, text, pooled, t, [5, 2]),
            [uniform((2, 16, 8)), uniform((2, 5, 32)), uniform((2, 32))])
    network(folder / "discriminator.safetensors", discriminator, [uniform((2, 32, 32, 4))])
    network(folder / "upscaler.safetensors", upscaler, [uniform((2, 15, 17, 4))])


main()
