#!/usr/bin/env python3
"""Makes tests/golden/diffusion/enlarge_*.safetensors: networks of Real-ESRGAN's kinds with random weights, a picture, and what spandrel's implementations make of it.

    tools/reference/upscaling.py [tests/golden]                        (made with spandrel 0.4, torch 2.15.0)
    tools/reference/upscaling.py --compare FILE.pth PICTURE.png MINE.png   (a network of yours: how near `ptah upscale PICTURE.png --model FILE.pth --out MINE.png` is)
"""
import pathlib
import sys
from unittest import mock

import torch
from safetensors.torch import save_file

for name in ("", ".transforms", ".transforms.functional", ".models", ".ops", ".utils"):  # other networks of spandrel's want it; nothing used here does
    sys.modules.setdefault("torchvision" + name, mock.MagicMock())
from spandrel import ModelLoader  # noqa: E402


@torch.no_grad()
def main(out):
    generator = torch.Generator().manual_seed(4)
    draw = lambda *shape: (torch.randn(shape, generator=generator) * 0.12).bfloat16().float()
    compact, dense = {}, {}
    for i in range(4):
        compact[f"body.{2 * i}.weight"], compact[f"body.{2 * i}.bias"] = draw(12 if i == 3 else 8, 3 if i == 0 else 8, 3, 3), draw(12 if i == 3 else 8)
        if i < 3:
            compact[f"body.{2 * i + 1}.weight"] = draw(8).abs()

    def conv(name, rows, columns):
        dense[name + ".weight"], dense[name + ".bias"] = draw(rows, columns, 3, 3), draw(rows)

    conv("conv_first", 8, 3)
    for r in range(1, 4):
        for k in range(1, 6):
            conv(f"body.0.rdb{r}.conv{k}", 8 if k == 5 else 32, 8 + 32 * (k - 1))  # spandrel knows growth by 32 only
    for name in ("conv_body", "conv_up1", "conv_up2", "conv_hr", "conv_last"):
        conv(name, 3 if name == "conv_last" else 8, 8)
    # For pictures that are folded first only the first convolution is another.
    shuffled = dense | {"conv_first.weight": draw(8, 12, 3, 3), "conv_first.bias": draw(8)}
    picture = torch.rand((1, 3, 12, 16), generator=generator)
    for kind, state in (("compact", compact), ("dense", dense), ("shuffled", shuffled)):
        made = ModelLoader().load_from_state_dict(dict(state)).model.eval()(picture)
        kept = {k: v for k, v in state.items() if kind != "shuffled" or k.startswith("conv_first")}
        save_file({**{"model." + k: v.bfloat16() for k, v in kept.items()}, "picture": picture.permute(0, 2, 3, 1).contiguous(), "made": made.permute(0, 2, 3, 1).contiguous()},
                  out / f"enlarge_{kind}.safetensors")


@torch.no_grad()
def compare(network, picture, mine):
    import numpy as np
    from PIL import Image
    model = ModelLoader().load_from_file(network).model.eval()
    x = torch.from_numpy(np.asarray(Image.open(picture).convert("RGB"))).float().permute(2, 0, 1)[None] / 255
    theirs = (model(x).clamp(0, 1)[0].permute(1, 2, 0) * 255).round()
    ours = torch.from_numpy(np.asarray(Image.open(mine).convert("RGB"))).float()
    error = ((theirs - ours) ** 2).mean()
    print(f"{tuple(theirs.shape)}: {10 * torch.log10(255**2 / error):.1f} dB, largest difference {(theirs - ours).abs().max():.0f} of 255")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--compare"]:
        compare(*sys.argv[2:5])
    else:
        main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden") / "diffusion")
