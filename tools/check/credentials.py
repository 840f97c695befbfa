"""Content credentials as the official library sees them (c2pa-python), with a trust list: python3 credentials.py AUTHORITY.pem [--stamped] FILE …
--stamped: their time-stamps have to be trusted too."""
import io
import json
import os
import sys

from c2pa import Context, Reader

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".wav": "audio/wav", ".glb": "model/gltf-binary"}


def state(context, kind, data, beside):
    try:
        told = json.loads(Reader(kind, io.BytesIO(data), beside, context=context).json())
        codes = [code["code"] for code in told["validation_results"]["activeManifest"]["success"]]
        return told["validation_state"] + (" and stamped" if "timeStamp.trusted" in codes else "")
    except Exception as problem:  # the library says what it refuses by raising
        return f"refused ({problem})"


authority, *files = sys.argv[1:]
wanted = "Trusted"
if files[0] == "--stamped":
    wanted, files = "Trusted and stamped", files[1:]
context = Context.from_dict({"trust": {"trust_anchors": open(authority).read()}, "verify": {"verify_trust": True}})
bad = 0
for file in files:
    data = bytearray(open(file, "rb").read())
    kind = TYPES[file[file.rindex("."):]]
    beside = open(file + ".c2pa", "rb").read() if os.path.exists(file + ".c2pa") else None
    whole = state(context, kind, data, beside)
    data[-40] ^= 1
    changed = state(context, kind, data, beside)
    print(f"{file}: c2pa-python: {whole}; changed: {changed}")
    bad += whole != wanted or changed.startswith(("Trusted", "Valid"))
sys.exit(bad > 0)
