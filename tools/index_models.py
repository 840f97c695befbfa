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
    "summary": "makes images of 128 x 128 pixels with a transparent background from texts",
}, {
    "name": "judge",
    "file": "picture/judge.safetensors",
    "licence": "Apache-2.0; trained on the pictures of 'picture'",
    "summary": "chooses the image that fits the prompt best (create --best-of)",
}, {
    "name": "measure",
    "file": "picture/measure.safetensors",
    "licence": "Apache-2.0; trained on the pictures of 'picture'",
    "summary": "independent judge of ptah evaluate",
}, {
    "name": "upscaler",
    "file": "picture/upscaler.safetensors",
    "licence": "Apache-2.0; trained on the pictures of 'picture'",
    "summary": "enlarges images four times each way (create --size above 128, upscale)",
}, {
    "name": "minilm",
    "folder": "minilm",
    "licence": "Apache-2.0",
    "summary": "sentence encoder (all-MiniLM-L6-v2, 8-bit rows): search, memory, shapes from sentences",
}, {
    "name": "shape-writer",
    "file": "shape/writer.safetensors",
    "licence": "Apache-2.0; trained on sentences made by rule",
    "summary": "writes the program of an object from a sentence (create, shape --prompt)",
}, {
    "name": "matting",
    "file": "matting/matting.safetensors",
    "licence": "Apache-2.0; trained on CC0, MIT, CC-BY, CC-BY-SA and GPL pictures (attribution: models/matting/README.md)",
    "summary": "cuts things out of photographs (object, paint --cut)",
    "optional": True,  # listed where it is there
}, {
    "name": "emotion",
    "folder": "emotion",
    "licence": "Apache-2.0; trained on GoEmotions (Apache-2.0)",
    "summary": "guesses the emotions that words express (emotion, say --follow-emotion); an adapter of 'minilm'",
    "optional": True,
}, {
    "name": "denoiser",
    "file": "denoiser/denoiser.safetensors",
    "licence": "Apache-2.0; trained on renderings of the shapes that come along",
    "summary": "takes the noise off renderings (render --samples)",
    "optional": True,
}]

folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "models")
MODELS = [model for model in MODELS if not model.pop("optional", False) or (folder / model.get("file", model.get("folder"))).exists()]
for model in MODELS:
    if "folder" in model:
        files = {str(f.relative_to(folder / model["folder"])): f.read_bytes() for f in sorted((folder / model["folder"]).rglob("*"))
                 if f.is_file() and f.suffix in (".json", ".txt", ".safetensors")}
        model |= {"bytes": sum(map(len, files.values())), "files": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}}
        continue
    data = (folder / model["file"]).read_bytes()
    model |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
(folder / "index.json").write_text(json.dumps({"models": MODELS}, indent=2) + "\n")
