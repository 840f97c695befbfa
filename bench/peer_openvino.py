"""OpenVINO's half of the painting benchmark, bf16: `python peer_openvino.py FOLDER SIZE [BATCH]`. The networks come from diffusers, traced and compiled."""
import json
import pathlib
import sys
import time

import openvino
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel


def report(name, model, inputs):
    compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "bf16", "PERFORMANCE_HINT": "LATENCY"})
    request, seconds = compiled.create_infer_request(), []
    for i in range(4):
        start = time.perf_counter()
        request.infer(inputs)
        if i:
            seconds.append(time.perf_counter() - start)
    print(json.dumps({"case": name, "seconds": sorted(seconds)[1]}), flush=True)


class Unet(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, latents, context, *more):
        conditions = {"text_embeds": more[0], "time_ids": more[1]} if more else None
        return self.inner(latents, torch.tensor(500.0), context, added_cond_kwargs=conditions).sample


class Decoder(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, latents):
        return self.inner.decode(latents).sample


@torch.inference_mode()
def main(folder, size, batch="1"):
    edge, folder, n = int(size) // 8, pathlib.Path(folder), int(batch)
    unet = UNet2DConditionModel.from_pretrained(folder / "unet", torch_dtype=torch.float32).eval()
    inputs = [torch.randn(n, 4, edge, edge), torch.randn(n, 77, unet.config.cross_attention_dim)]
    if unet.config.addition_embed_type:
        inputs += [torch.randn(n, 1280), torch.zeros(n, 6)]
    model = openvino.convert_model(Unet(unet), example_input=tuple(inputs))
    del unet
    report("U-Net", model, [x.numpy() for x in inputs])
    del model
    vae = AutoencoderKL.from_pretrained(folder / "vae", torch_dtype=torch.float32).eval()
    report("decode", openvino.convert_model(Decoder(vae), example_input=(inputs[0],)), [inputs[0].numpy()])


main(*sys.argv[1:])
