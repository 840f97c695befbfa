#!/usr/bin/env python3
"""Writes models/index.json: size and digest of every model listed in MODELS.   tools/index_models.py [models folder]"""
import hashlib
import json
import pathlib
import sys

MODELS = [{
    "name": "picture",
    "file": "picture/picture.safetensors",
    "licence": "Apache-2.0; trained on MIT, Apache-2.0 and CC-BY-4.0 pictures (attribution: models/picture/README.md)",
    "summary": "words to 128 x 128 pictures with transparent ground: text encoder, latent denoiser, autoencoder",
}, {
    "name": "judge",
    "file": "picture/judge.safetensors",
    "licence": "Apache-2.0; trained on the pictures of 'picture'",
    "summary": "which of several pictures fits the words best: --best-of",
}, {
    "name": "measure",
    "file": "picture/measure.safetensors",
    "licence": "Apache-2.0; trained on the pictures of 'picture'",
    "summary": "a judge trained apart that only measures: ptah evaluate",
}, {
    "name": "upscaler",
    "file": "picture/upscaler.safetensors",
    "licence": "Apache-2.0; trained on the pictures of 'picture'",
    "summary": "pictures four times as large each way: create above 128 pixels, ptah upscale",
}]

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "models")
for model in MODELS:
    data = (folder / model["file"]).read_bytes()
    model |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
(folder / "index.json").write_text(json.dumps({"models": MODELS}, indent=2) + "\n")
