"""PyTorch's half of the benchmarks: the same shapes and networks, one JSON line a case. `python peer.py NAME`."""
import json
import statistics
import sys
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

BF16 = torch.bfloat16


def median_seconds(runs, body):
    body()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        body()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def show(case, seconds, flops=0):
    print(json.dumps({"case": case, "seconds": seconds, "gflops": flops / seconds * 1e-9}), flush=True)


def both(case, forward, leaves, flops):
    with torch.no_grad():
        show(case, median_seconds(9, forward), flops)
    g = torch.randn_like(forward())

    def backward():
        for leaf in leaves:
            leaf.grad = None
        forward().backward(g)
    show(case + " + backward", median_seconds(9, backward), 3 * flops)


def shapes():
    for k, n in [(384, 1152), (384, 384), (384, 1536), (1536, 384)]:
        x, w = torch.randn(10240, k, dtype=BF16, requires_grad=True), (torch.randn(n, k) * 0.02).to(BF16).requires_grad_()
        both(f"linear 10240x{k}->{n}", lambda: F.linear(x, w), [x, w], 2 * 10240 * k * n)
    for size, c in [(64, 64), (32, 128), (16, 224), (8, 320)]:
        x = torch.randn(32, c, size, size, dtype=BF16).to(memory_format=torch.channels_last).requires_grad_()
        w = (torch.randn(c, c, 3, 3) * 0.02).to(BF16).to(memory_format=torch.channels_last).requires_grad_()
        both(f"conv 32x{size}^2x{c}", lambda: F.conv2d(x, w, padding=1), [x, w], 18 * 32 * size * size * c * c)
    qkv = torch.randn(128, 80, 3, 6, 64, dtype=BF16, requires_grad=True)

    def attend():
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        return F.scaled_dot_product_attention(q, k, v)
    both("attention 128x80x6x64", attend, [qkv], 4 * 128 * 6 * 80 * 80 * 64)
    x = torch.randn(128, 80, 384, dtype=BF16, requires_grad=True)
    shift, scale = torch.randn(128, 1, 384, dtype=BF16, requires_grad=True), torch.randn(128, 1, 384, dtype=BF16)

    def norm():
        x.grad = shift.grad = None
        y = F.layer_norm(x, (384,)) * (1 + scale) + shift
        y.backward(x.detach())
    show("modulated norm 128x80x384 + backward", median_seconds(9, norm))


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.first, self.second = nn.Conv2d(c, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)

    def forward(self, x):
        return x + self.second(F.silu(self.first(F.silu(x))))


class Autoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        wide, blocks, out = [32, 96, 192, 256], [1, 1, 2, 2], [64, 128, 224, 320]
        parts = [nn.PixelUnshuffle(2), nn.Conv2d(16, wide[0], 3, padding=1)]
        for i, w in enumerate(wide):
            if i:
                parts += [nn.PixelUnshuffle(2), nn.Conv2d(4 * wide[i - 1], w, 1)]
            parts += [Residual(w) for _ in range(blocks[i])]
        self.encoder = nn.Sequential(*parts, nn.SiLU(), nn.Conv2d(256, 24, 1))
        parts = [nn.Conv2d(24, 320, 3, padding=1)]
        for i in (3, 2, 1, 0):
            parts += [Residual(out[i]) for _ in range(2)]
            if i:
                parts += [nn.Conv2d(out[i], 4 * out[i - 1], 1), nn.PixelShuffle(2)]
        self.decoder = nn.Sequential(*parts, nn.SiLU(), nn.Conv2d(64, 16, 1), nn.PixelShuffle(2))

    def forward(self, x):
        z = 3 * torch.tanh(self.encoder(x) / 3)
        return z, self.decoder(z)


def picture_loss(made, target):
    d = made.float() - target
    loss = d.abs().mean() + d.square().mean()
    for scale in range(3):
        loss = loss + (d[..., 1:] - d[..., :-1]).abs().mean() + (d[..., 1:, :] - d[..., :-1, :]).abs().mean()
        d = F.avg_pool2d(d, 2)
    return loss


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x, mask):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return self.out(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(b, n, c))


class Mlp(nn.Sequential):
    def __init__(self, width):
        super().__init__(nn.Linear(width, 4 * width), nn.GELU(approximate="tanh"), nn.Linear(4 * width, width))


class Denoiser(nn.Module):
    def __init__(self, w=384, t=256):
        super().__init__()
        self.embedding, self.text_positions = nn.Embedding(4609, t), nn.Parameter(torch.zeros(16, t))
        self.text = nn.ModuleList([nn.ModuleList([nn.LayerNorm(t), Attention(t, 4), nn.LayerNorm(t), Mlp(t)]) for _ in range(3)])
        self.text_norm = nn.LayerNorm(t)
        self.into, self.text_in, self.pooled_in = nn.Linear(24, w), nn.Linear(t, w), nn.Linear(t, w)
        self.time = nn.Sequential(nn.Linear(256, w), nn.SiLU(), nn.Linear(w, w))
        self.modulation, self.positions = nn.Linear(w, 6 * w), nn.Parameter(torch.randn(64, w))
        self.tables = nn.Parameter(torch.zeros(8, 6 * w))
        self.blocks = nn.ModuleList([nn.ModuleList([Attention(w, 6), Mlp(w)]) for _ in range(8)])
        self.final_table, self.out = nn.Parameter(torch.zeros(2 * w)), nn.Linear(w, 24)

    def forward(self, x, features, ids, text_mask, mask):
        s = self.embedding(ids) + self.text_positions
        for n1, a, n2, m in self.text:
            s = s + a(n1(s), text_mask)
            s = s + m(n2(s))
        s = self.text_norm(s)
        shared = self.modulation(F.silu(self.time(features) + self.pooled_in(s[:, 0])))
        h = torch.cat([self.into(x) + self.positions, self.text_in(s)], 1)

        def normed(h, shift, scale):
            return F.layer_norm(h, h.shape[-1:]) * (1 + scale[:, None]) + shift[:, None]
        for table, (a, m) in zip(self.tables, self.blocks):
            p = (shared + table).chunk(6, -1)
            h = h + (1 + p[2])[:, None] * a(normed(h, p[0], p[1]), mask)
            h = h + (1 + p[5])[:, None] * m(normed(h, p[3], p[4]))
        last = (shared[:, :768] + self.final_table).chunk(2, -1)
        return self.out(normed(h[:, :64], *last))


def train_step(name, model, loss_of, batch):
    optimizer = torch.optim.AdamW(model.parameters(), 4e-4, fused=True)
    ema = [p.detach().clone() for p in model.parameters()]

    def run(compiled):
        def step():
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", BF16):
                loss = loss_of(compiled)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            torch._foreach_lerp_(ema, list(model.parameters()), 0.001)
        return step
    show(f"{name}, eager", median_seconds(5, run(model)))
    try:
        show(f"{name}, compiled", median_seconds(5, run(torch.compile(model))))
    except Exception as problem:
        print(json.dumps({"case": f"{name}, compiled", "error": str(problem)[:200]}), flush=True)


def step():
    x = torch.tanh(torch.randn(32, 4, 128, 128)).to(memory_format=torch.channels_last)
    model = Autoencoder().to(memory_format=torch.channels_last)

    def autoencoder_loss(m):
        z, made = m(x)
        return picture_loss(made, x) + 1e-3 * z.float().square().mean()
    train_step("autoencoder step, batch 32", model, autoencoder_loss, 32)
    ids = torch.tensor([[1, 20, 30, 40, 50] + [0] * 11] * 128)
    seen = torch.tensor([True] * 5 + [False] * 11)
    text_mask, mask = seen.expand(128, 1, 1, 16), torch.cat([torch.ones(64, dtype=torch.bool), seen]).expand(128, 1, 1, 80)
    latents, target, features = torch.randn(128, 64, 24), torch.randn(128, 64, 24), torch.randn(128, 256)
    train_step("denoiser step, batch 128", Denoiser(), lambda m: F.mse_loss(m(latents, features, ids, text_mask, mask).float(), target), 128)


torch.manual_seed(0)
{"shapes": shapes, "step": step}[sys.argv[1]]()
