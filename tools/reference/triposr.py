#!/usr/bin/env python3
"""Objects from one picture, in the layout of TripoSR: the network as modules of PyTorch, random models, and what they make of a picture.

    tools/reference/triposr.py [tests/golden/triposr]      a small model and its results (made with torch 2.15.0)
    tools/reference/triposr.py --full FOLDER               one of the published model's size, for tests/shape/reconstruction_test.cpp and bench/peer_triposr.py
    tools/reference/triposr.py --public REPOSITORY FOLDER  compares these modules with the public code, on the model in FOLDER
                                                           (a checkout of VAST-AI-Research/TripoSR; transformers 4.35, omegaconf)
"""
import math
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

PUBLISHED = dict(picture=512, patch=16, grid=14, vision=768, vision_layers=12, vision_hidden=3072, plane=32, channels=1024, heads=16, head=64, layers=16, groups=32,
                 features=40, neurons=64, field_layers=9, radius=0.87)
SMALL = dict(picture=24, patch=4, grid=4, vision=128, vision_layers=1, vision_hidden=16, plane=4, channels=16, heads=2, head=8, layers=2, groups=4, features=6,
             neurons=16, field_layers=3, radius=0.87)


class Named(nn.Module):
    """A module of other modules by their names."""

    def __init__(self, **parts):
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)


class VisionLayer(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.attention = Named(attention=Named(query=nn.Linear(width, width), key=nn.Linear(width, width), value=nn.Linear(width, width)),
                               output=Named(dense=nn.Linear(width, width)))
        self.intermediate, self.output = Named(dense=nn.Linear(width, hidden)), Named(dense=nn.Linear(hidden, width))
        self.layernorm_before, self.layernorm_after = nn.LayerNorm(width, eps=1e-12), nn.LayerNorm(width, eps=1e-12)

    def forward(self, x):
        y, a = self.layernorm_before(x), self.attention.attention
        split = lambda t: t.unflatten(-1, (-1, 64)).transpose(1, 2)
        seen = F.scaled_dot_product_attention(split(a.query(y)), split(a.key(y)), split(a.value(y))).transpose(1, 2).flatten(2)
        x = x + self.attention.output.dense(seen)
        return x + self.output.dense(F.gelu(self.intermediate.dense(self.layernorm_after(x))))


class Vision(nn.Module):
    def __init__(self, c):
        super().__init__()
        width = c["vision"]
        self.embeddings = Named(patch_embeddings=Named(projection=nn.Conv2d(3, width, c["patch"], c["patch"])))
        self.embeddings.cls_token = nn.Parameter(torch.randn(1, 1, width))
        self.embeddings.position_embeddings = nn.Parameter(torch.randn(1, c["grid"] ** 2 + 1, width))
        self.encoder = Named(layer=nn.ModuleList(VisionLayer(width, c["vision_hidden"]) for _ in range(c["vision_layers"])))
        self.layernorm, self.pooler = nn.LayerNorm(width, eps=1e-12), Named(dense=nn.Linear(width, width))

    def positions(self, h, w):
        learnt = self.embeddings.position_embeddings
        n = math.isqrt(learnt.shape[1] - 1)
        if (h, w) == (n, n):
            return learnt
        grid = learnt[:, 1:].unflatten(1, (n, n)).permute(0, 3, 1, 2)
        made = F.interpolate(grid, scale_factor=((h + 0.1) / n, (w + 0.1) / n), mode="bicubic", align_corners=False)
        return torch.cat([learnt[:, :1], made.flatten(2).transpose(1, 2)], 1)

    def forward(self, pictures):
        mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
        x = self.embeddings.patch_embeddings.projection(((pictures - mean) / deviation).permute(0, 3, 1, 2))
        positions = self.positions(*x.shape[2:])
        x = torch.cat([self.embeddings.cls_token, x.flatten(2).transpose(1, 2)], 1) + positions
        for layer in self.encoder.layer:
            x = layer(x)
        return self.layernorm(x)


class Attention(nn.Module):
    def __init__(self, width, heads, seen):
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = nn.Linear(width, width, False), nn.Linear(seen, width, False), nn.Linear(seen, width, False)
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, x, seen=None):
        seen = x if seen is None else seen
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        made = F.scaled_dot_product_attention(split(self.to_q(x)), split(self.to_k(seen)), split(self.to_v(seen)))
        return self.to_out[0](made.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads, seen):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn1, self.attn2 = Attention(width, heads, width), Attention(width, heads, seen)
        self.ff = Named(net=nn.ModuleList([Named(proj=nn.Linear(width, 8 * width)), nn.Identity(), nn.Linear(4 * width, width)]))

    def forward(self, x, seen):
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x), seen)
        value, gate = self.ff.net[0].proj(self.norm3(x)).chunk(2, -1)
        return x + self.ff.net[2](value * F.gelu(gate))


class Model(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c, width = c, c["heads"] * c["head"]
        self.image_tokenizer = Named(model=Vision(c))
        self.tokenizer = Named()
        self.tokenizer.embeddings = nn.Parameter(torch.randn(3, c["channels"], c["plane"], c["plane"]) / math.sqrt(c["channels"]))
        self.backbone = Named(norm=nn.GroupNorm(c["groups"], c["channels"], eps=1e-6), proj_in=nn.Linear(c["channels"], width),
                              transformer_blocks=nn.ModuleList(Block(width, c["heads"], c["vision"]) for _ in range(c["layers"])),
                              proj_out=nn.Linear(width, c["channels"]))
        self.post_processor = Named(upsample=nn.ConvTranspose2d(c["channels"], c["features"], 2, 2))
        widths = [3 * c["features"]] + [c["neurons"]] * c["field_layers"]
        layers = [part for a, b in zip(widths, widths[1:]) for part in (nn.Linear(a, b), nn.SiLU())]
        self.decoder = Named(layers=nn.Sequential(*layers, nn.Linear(c["neurons"], 4)))

    def tokens(self, picture):
        return self.image_tokenizer.model(picture)

    def planes(self, tokens):
        """[3, features, h, w]"""
        learnt, b = self.tokenizer.embeddings.permute(1, 0, 2, 3).flatten(1)[None], self.backbone
        x = b.proj_in(b.norm(learnt).transpose(1, 2))
        for block in b.transformer_blocks:
            x = block(x, tokens)
        made = (b.proj_out(x).transpose(1, 2) + learnt)[0].unflatten(1, (3, self.c["plane"], self.c["plane"])).transpose(0, 1)
        return self.post_processor.upsample(made)

    def field(self, planes, points):
        """Density and colour before bias and activations: [n, 4]."""
        p = points / self.c["radius"]
        pairs = torch.stack([p[:, [0, 1]], p[:, [0, 2]], p[:, [1, 2]]])[:, None]
        read = F.grid_sample(planes, pairs, align_corners=False, mode="bilinear")[:, :, 0]
        return self.decoder.layers(read.permute(2, 0, 1).flatten(1))


def prepared(rgba, size, ratio=0.85):
    """The public code's steps from a cut-out picture (uint8 [h, w, 4]) to what the model sees, f32 [1, size, size, 3]."""
    rows, columns = np.nonzero(rgba[..., 3] > 0)
    part = rgba[rows.min() : rows.max(), columns.min() : columns.max()]
    inner = max(part.shape[:2])
    edge = int(inner / ratio)
    padded = np.zeros((edge, edge, 4), np.uint8)
    top, left = ((edge - inner) // 2 + (inner - part.shape[0]) // 2, (edge - inner) // 2 + (inner - part.shape[1]) // 2)
    padded[top : top + part.shape[0], left : left + part.shape[1]] = part
    x = padded.astype(np.float32) / 255
    grey = ((x[..., :3] * x[..., 3:] + (1 - x[..., 3:]) * 0.5) * 255).astype(np.uint8)
    picture = torch.from_numpy(grey.astype(np.float32) / 255)[None].permute(0, 3, 1, 2)
    return F.interpolate(picture, (size, size), mode="bilinear", align_corners=False, antialias=True).permute(0, 2, 3, 1)


def random_model(c, seed):
    """Random weights that keep what passes through them of about one size, and a field with a surface."""
    torch.manual_seed(seed)
    model = Model(c)
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() == 1:
                p.copy_(torch.randn_like(p) * 0.1 + (1 if "norm" in name and name.endswith("weight") else 0))
            elif p.dim() == 2:
                p.copy_(torch.randn_like(p) * (1.4 if name.startswith("decoder") else 1) / math.sqrt(p.shape[1]))
            elif "upsample" in name:
                p.copy_(torch.randn_like(p) * 0.6 / math.sqrt(p.shape[0]))
            elif "projection" in name:
                p.copy_(torch.randn_like(p) / math.sqrt(p[0].numel()))
        # Tokens that change slowly over a plane, so that the field has bodies and no dust.
        coarse = torch.randn(3, c["channels"], max(2, c["plane"] // 8), max(2, c["plane"] // 8))
        model.backbone.proj_out.weight.mul_(0.3)
        model.tokenizer.embeddings.copy_(F.interpolate(coarse, (c["plane"], c["plane"]), mode="bicubic", align_corners=True))
        picture = torch.rand(1, c["picture"], c["picture"], 3)
        points = (torch.rand(4000, 3) * 2 - 1) * c["radius"]
        numbers, last = model.field(model.planes(model.tokens(picture)), points), model.decoder.layers[-1]
        scale = torch.tensor([5.0, 1.5, 1.5, 1.5]) / numbers.std(0)
        last.weight *= scale[:, None]
        numbers = (numbers - last.bias) * scale
        last.bias.copy_(-numbers.mean(0))
        last.bias[0] = math.log(25) + 1 - torch.quantile(numbers[:, 0], 0.9)
    return model.eval()


def config(c):
    return f"""cond_image_size: {c["picture"]}

image_tokenizer_cls: tsr.models.tokenizers.image.DINOSingleImageTokenizer
image_tokenizer:
  pretrained_model_name_or_path: "facebook/dino-vitb16"

tokenizer_cls: tsr.models.tokenizers.triplane.Triplane1DTokenizer
tokenizer:
  plane_size: {c["plane"]}
  num_channels: {c["channels"]}

backbone_cls: tsr.models.transformer.transformer_1d.Transformer1D
backbone:
  in_channels: ${{tokenizer.num_channels}}
  num_attention_heads: {c["heads"]}
  attention_head_dim: {c["head"]}
  num_layers: {c["layers"]}
  norm_num_groups: {c["groups"]}
  cross_attention_dim: {c["vision"]}

post_processor_cls: tsr.models.network_utils.TriplaneUpsampleNetwork
post_processor:
  in_channels: {c["channels"]}
  out_channels: {c["features"]}

decoder_cls: tsr.models.network_utils.NeRFMLP
decoder:
  in_channels: {3 * c["features"]} # three planes
  n_neurons: {c["neurons"]}
  n_hidden_layers: {c["field_layers"]}
  activation: silu

renderer_cls: tsr.models.nerf_renderer.TriplaneNeRFRenderer
renderer:
  radius: {c["radius"]}
  feature_reduction: concat
  density_activation: exp
  density_bias: -1.0
  num_samples_per_ray: 128
"""


def photo(generator):
    """A cut-out picture with a soft edge, uint8 [40, 48, 4]."""
    y, x = np.mgrid[0:40, 0:48]
    away = np.hypot((x - 22) / 15, (y - 21) / 12)
    rgba = np.zeros((40, 48, 4), np.uint8)
    rgba[..., :3] = generator.integers(0, 256, (40, 48, 3)) // 4 + np.stack([x * 4, y * 4, (x + y) * 2], -1).clip(0, 190)
    rgba[..., 3] = ((1.1 - away) * 900).clip(0, 255)
    return rgba


@torch.no_grad()
def results(model, rgba, points):
    picture = prepared(rgba, model.c["picture"])
    tokens = model.tokens(picture)
    planes = model.planes(tokens)
    return {"rgba": torch.from_numpy(rgba), "picture": picture, "tokens": tokens, "planes": planes.permute(0, 2, 3, 1), "points": points,
            "field": model.field(planes, points)}


def write(model, out, kind):
    out.mkdir(parents=True, exist_ok=True)
    torch.save({name: p.detach().to(kind) for name, p in model.state_dict().items()}, out / "model.ckpt")
    (out / "config.yaml").write_text(config(model.c))


@torch.no_grad()
def main(out, c, seed, kind):
    model = random_model(c, seed)
    for p in model.parameters():
        p.copy_(p.to(kind).float())
    write(model, out, kind)
    points = (torch.rand(200, 3, generator=torch.Generator().manual_seed(7)) * 2 - 1) * c["radius"]
    made = results(model, photo(np.random.default_rng(5)), points)
    save_file({name: t.contiguous() for name, t in made.items()}, out / "results.safetensors")
    density = torch.exp(made["field"][:, 0] - 1)
    print(f"tokens {made['tokens'].std():.2f}, planes {made['planes'].std():.2f}, field {made['field'][:, 0].mean():.2f} ± {made['field'][:, 0].std():.2f}, "
          f"inside {(density > 25).float().mean():.2f}")


@torch.no_grad()
def compare_public(repository, folder):
    from unittest import mock

    for name in ("rembg", "torchmcubes", "trimesh", "imageio"):
        sys.modules.setdefault(name, mock.MagicMock())
    sys.path.insert(0, str(repository))
    import tsr.models.tokenizers.image as image
    import transformers
    from omegaconf import OmegaConf
    from tsr.system import TSR

    state = torch.load(folder / "model.ckpt", map_location="cpu")
    state = {name: t.float() for name, t in state.items()}
    cfg = OmegaConf.load(folder / "config.yaml")
    OmegaConf.resolve(cfg)
    vision = "image_tokenizer.model."
    width = state[vision + "embeddings.cls_token"].shape[2]
    patch, grid = state[vision + "embeddings.patch_embeddings.projection.weight"].shape[3], math.isqrt(state[vision + "embeddings.position_embeddings"].shape[1] - 1)
    layers = len({name.split(".")[4] for name in state if name.startswith(vision + "encoder")})
    settings = transformers.ViTConfig(hidden_size=width, num_hidden_layers=layers, num_attention_heads=width // 64, layer_norm_eps=1e-12, patch_size=patch,
                                      image_size=patch * grid, intermediate_size=state[vision + "encoder.layer.0.intermediate.dense.weight"].shape[0])
    image.hf_hub_download = lambda **_: None
    image.ViTModel.config_class = mock.MagicMock(from_pretrained=lambda _: settings)
    public = TSR(cfg)
    public.load_state_dict(state)
    public.eval()
    from safetensors.torch import load_file

    mine = load_file(folder / "results.safetensors")
    import PIL.Image
    from tsr.utils import resize_foreground

    rgba = resize_foreground(PIL.Image.fromarray(mine["rgba"].numpy().astype(np.uint8)), 0.85)
    rgba = np.array(rgba).astype(np.float32) / 255.0
    seen = PIL.Image.fromarray(((rgba[:, :, :3] * rgba[:, :, 3:4] + (1 - rgba[:, :, 3:4]) * 0.5) * 255.0).astype(np.uint8))
    codes = public([seen], device="cpu")[0]
    tokens = public.image_tokenizer(public.image_processor(seen, cfg.cond_image_size)[:, None].permute(0, 1, 4, 2, 3))[0, 0].T
    found = public.renderer.query_triplane(public.decoder, mine["points"], codes)
    relative = lambda a, b: float(((a - b) ** 2).mean().sqrt() / (b**2).mean().sqrt())
    print(f"picture {relative(mine['picture'], public.image_processor(seen, cfg.cond_image_size)):.1e}, tokens {relative(mine['tokens'][0], tokens):.1e}, "
          f"planes {relative(mine['planes'].permute(0, 3, 1, 2), codes):.1e}, density {relative(torch.exp(mine['field'][:, :1] - 1), found['density_act']):.1e}, "
          f"colour {relative(torch.sigmoid(mine['field'][:, 1:]), found['color']):.1e}  (relative RMS)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--full"]:
        main(pathlib.Path(sys.argv[2]), PUBLISHED, 3, torch.float32)
    elif sys.argv[1:2] == ["--public"]:
        compare_public(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]))
    else:
        main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden/triposr"), SMALL, 1, torch.bfloat16)
