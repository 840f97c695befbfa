#!/usr/bin/env python3
"""Writes what each fuzz target begins with: FOLDER/TARGET/0, 1, … Small files of the tests, and a few lines made here.

    fuzz/seeds.py FOLDER
"""
import io
import json
import pathlib
import pickle
import struct
import sys
import zipfile
import zlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
MAX_BYTES = 20_000


def files(*patterns):
    return [path.read_bytes() for pattern in patterns for path in sorted(ROOT.glob(pattern)) if path.stat().st_size <= MAX_BYTES]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(colour=6, bits=8, more=b"", interlace=0):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    rows = (b"\0" + bytes(range(channels * bits * 8 // 8))) * 8
    palette = chunk(b"PLTE", bytes(range(48))) if colour == 3 else b""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, bits, colour, 0, 0, interlace))
    return b"\x89PNG\r\n\x1a\n" + head + palette + more + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def pngs():
    texts = chunk(b"tEXt", b"parameters\0a fox\nSteps: 20") + chunk(b"zTXt", b"prompt\0\0" + zlib.compress(b"{}"))
    texts += chunk(b"iTXt", b"ptah-receipt\0\0\0\0\0{}") + chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"tRNS", bytes(6))
    exif = chunk(b"eXIf", b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0")
    return [png(), png(2, 8, exif), png(0, 16, texts), png(3), png(4, 8, texts), png(6, 16, exif), png(0, 1)]


def gguf(tensors, values):
    def text(t):
        return struct.pack("<Q", len(t)) + t.encode()

    def value(v):
        if isinstance(v, bool):
            return struct.pack("<I?", 7, v)
        if isinstance(v, int):
            return struct.pack("<II", 4, v)
        if isinstance(v, float):
            return struct.pack("<If", 6, v)
        if isinstance(v, str):
            return struct.pack("<I", 8) + text(v)
        kind = 8 if isinstance(v[0], str) else 6 if isinstance(v[0], float) else 5
        return struct.pack("<IIQ", 9, kind, len(v)) + b"".join(text(x) if kind == 8 else struct.pack("<f" if kind == 6 else "<i", x) for x in v)

    out = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values)) + b"".join(text(k) + value(v) for k, v in values.items())
    data = b""
    for name, shape, kind, block, size in tensors:
        out += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", x) for x in shape) + struct.pack("<IQ", kind, len(data))
        count = 1
        for x in shape:
            count *= x
        data += bytes(count // block * size)
        data += bytes(-len(data) % 32)
    return out + bytes(-len(out) % 32) + data


def ggufs():
    model = {"general.architecture": "llama", "llama.context_length": 64, "llama.embedding_length": 32, "llama.block_count": 1, "llama.feed_forward_length": 32,
             "llama.attention.head_count": 2, "llama.attention.head_count_kv": 1, "llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.rope.dimension_count": 16}
    words = {"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": ["<s>", "</s>", "a", "b", "ab", "\u0120"],
             "tokenizer.ggml.token_type": [3, 3, 1, 1, 1, 1], "tokenizer.ggml.merges": ["a b"], "tokenizer.ggml.bos_token_id": 0,
             "tokenizer.ggml.eos_token_id": 1, "tokenizer.chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}"}
    spm = {"tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": ["<unk>", "<s>", "</s>", "<0x0A>", "a", "\u2581"],
           "tokenizer.ggml.scores": [0.0, 0.0, 0.0, 0.0, -1.0, -2.0], "tokenizer.ggml.token_type": [2, 3, 3, 6, 1, 1]}
    f32, q8, q4k = (0, 1, 4), (8, 32, 34), (12, 256, 144)
    layers = [("token_embd.weight", (32, 6), *f32), ("output_norm.weight", (32,), *f32), ("blk.0.attn_norm.weight", (32,), *f32),
              ("blk.0.ffn_norm.weight", (32,), *f32), ("blk.0.attn_q.weight", (32, 32), *q8), ("blk.0.attn_k.weight", (32, 16), *f32),
              ("blk.0.attn_v.weight", (32, 16), *f32), ("blk.0.attn_output.weight", (32, 32), *q8), ("blk.0.ffn_gate.weight", (32, 32), *q8),
              ("blk.0.ffn_up.weight", (32, 32), *q8), ("blk.0.ffn_down.weight", (32, 32), *q8)]
    return [gguf([("a", (256,), *q4k), ("b", (2, 3), *f32)], {"general.alignment": 32, "flag": True}), gguf(layers, {**model, **words}), gguf([], spm)]


def torch_files():
    out = files("tests/golden/diffusion/*.pth", "tests/golden/diffusion/*.pt", "tests/golden/diffusion/*.ckpt")
    for protocol in (2, 4):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps({"a": [1, 2.5, "text", None, True, (1, 2)], "b": {"c": b"bytes"}}, protocol))
            archive.writestr("archive/data/0", bytes(64))
            archive.writestr("archive/version", "3")
        out.append(packed.getvalue())
    return out


def json_texts():
    return [b'{"a": [1, -2.5e3, "t\\u00e9xt", null, true, {}], "b": {"c": []}}', b"[]", b'"text"', b"1e400", b"[[[[[[]]]]]]"] + files("tests/golden/*/*.json", "tests/golden/*.json", "models/picture/train.json")


def lines(*texts):
    return [text.encode().replace("\xff".encode(), b"\xff") for text in texts]


def templates():
    cases = [case["template"] if isinstance(case, dict) else case[0] for case in json.loads((ROOT / "tests/golden/jinja.json").read_text())["cases"]]
    return lines(*cases, "{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' + m.content | trim }}{%- endfor %}{% if add_generation_prompt %}x{% endif %}",
                 "{% macro f(a, b=2) %}{{ a ~ b }}{% endmacro %}{{ f(1) }}{% set ns = namespace(x=1) %}{% set ns.x = ns.x + 1 %}{{ ns.x }}",
                 "{{ tools | tojson(indent=2) }}{{ messages[1:] | length }}{{ 'a,b'.split(',') | join('-') | upper }}{{ raise_exception('no') if n > 5 }}")


def grammars():
    return lines('root ::= "yes" | "no"\xffyes', 'root ::= item ("," item)*\nitem ::= [a-z]+ | "é" .? | [^x]{2,4}\xffab,cd',
                 'root ::= a a a "x"\na ::= "" | "y" | "(" root ")"\xffyx', 'root ::= "\\x41" [\\u00e9-\\u00ff]+ # words\n')


def schemas():
    return lines('{"type": "object", "properties": {"a": {"type": "integer", "minimum": -3, "maximum": 99}, "b": {"enum": ["x", null]}}, "required": ["a"]}\xff{"a"',
                 '{"$defs": {"t": {"anyOf": [{"const": 1}, {"type": "array", "items": {"$ref": "#/$defs/t"}, "maxItems": 3}]}}, "$ref": "#/$defs/t"}\xff[1',
                 '{"type": "string", "minLength": 1, "maxLength": 5}\xff"ab', '{"type": "array", "prefixItems": [{"type": "number", "exclusiveMinimum": 0.5}, true], "items": false}')


def recalls():
    comfy = {"3": {"class_type": "KSampler", "inputs": {"seed": 8, "steps": 20, "cfg": 7, "sampler_name": "euler", "scheduler": "normal", "denoise": 1, "model": ["4", 0],
                                                        "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}},
             "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}}, "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768}},
             "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a (fox:1.2)", "clip": ["4", 1]}}, "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "bad"}},
             "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}}, "9": {"class_type": "SaveImage", "inputs": {"images": ["8", 0]}}}
    webui = ("a fox, <lora:x:0.8> [red:blue:0.5] BREAK (sky:1.3)\nNegative prompt: bad\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 5, Size: 512x768, "
             "Model hash: abc, Denoising strength: 0.5, Hires upscale: 2, Lora hashes: \"x: 12\", Version: v1.9")
    others = ['{"positive_prompt": "a fox++", "width": 768, "height": 512, "seed": 42, "steps": 20, "cfg_scale": 7, "scheduler": "euler"}',
              '{"sui_image_params": {"prompt": "a fox", "seed": 8, "steps": 20, "cfgscale": 6.5, "width": 1024, "height": 1024}}',
              '{"prompt": "{{a fox}}, [dim]", "uc": "bad", "steps": 28, "scale": 5.0, "seed": 99, "width": 832, "height": 1216, "sampler": "k_euler_ancestral"}',
              '"a fox [bad]" -s 50 -S 42 -W 512 -H 640 -C 7.5 -A k_dpm_2_a', '{"Prompt": "a fox", "Seed": 5, "Resolution": "(1152, 896)", "Styles": "[]"}']
    return lines(json.dumps(comfy), webui, *others)


def requests():
    return lines("GET / HTTP/1.1\r\nHost: localhost:8080\r\n\r\n", "POST /answer?x=%20 HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 5\r\nX-Forwarded-For: 1.2.3.4, 5.6.7.8\r\n\r\nhello",
                 "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")


def prompts():
    return lines("a (red:1.2) fox, [dim] ((bright)) BREAK and \\(so\\)", "<lora:name:0.8> [a:b:0.5] [a|b] AND c", "(((((a)))))", "(a:b:c) : ) ( [", "a:1.5)")


def transforms():
    rows = [[1, 0, 0, 0], [0, 0, -1, -3], [0, 1, 0, 0.5], [0, 0, 0, 1]]
    frame = {"file_path": "./train/r_0", "rotation": 0.01, "transform_matrix": rows}
    own = {**frame, "file_path": "images/b.jpg", "fl_x": 60, "fl_y": 61.5, "cx": 30, "cy": 24.5, "w": 64, "h": 48}
    lens = {"camera_model": "OPENCV", "fl_x": 70.5, "w": 64, "h": 48, "k1": 0.03, "k2": -0.01, "p1": 1e-3, "p2": -2e-3, "aabb_scale": 4}
    return lines(json.dumps({"camera_angle_x": 0.69, "frames": [frame]}), json.dumps({**lens, "frames": [frame, own], "test_filenames": ["train/r_0"]}),
                 json.dumps({"camera_model": "OPENCV_FISHEYE", "frames": [own]}))


def meshes():
    corners, faces = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
    head = ("ply\nformat {} 1.0\ncomment TextureFile a.png\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\nproperty uchar red\n"
            "property uchar green\nproperty uchar blue\nproperty float u\nproperty float v\nelement face 4\nproperty list uchar int vertex_indices\nend_header\n")
    rows = "".join("{} {} {} 255 0 9 0 1\n".format(*c) for c in corners) + "".join("3 {} {} {}\n".format(*f) for f in faces)
    binary = b"".join(struct.pack("<3f3B2f", *c, 255, 0, 9, 0, 1) for c in corners) + b"".join(struct.pack("<B3i", 3, *f) for f in faces)
    facet = "facet normal 0 0 1\nouter loop\n" + "".join("vertex {} {} {}\n".format(*c) for c in corners[:3]) + "endloop\nendfacet\n"
    stl = bytes(80) + struct.pack("<I", 4) + b"".join(struct.pack("<12fH", 0, 0, 1, *(x for i in f for x in corners[i]), 0) for f in faces)
    mesh = ("<mesh><vertices>" + "".join("<vertex x='{}' y='{}' z='{}'/>".format(*c) for c in corners) + "</vertices><triangles>" +
            "".join("<triangle v1='{}' v2='{}' v3='{}' pid='6' p1='0' p2='1'/>".format(*f) for f in faces) + "</triangles></mesh>")
    model = ("<model unit='inch' xmlns:m='x'><resources><basematerials id='5'><base name='a' displaycolor='#FF000080'/></basematerials><m:colorgroup id='6'>"
             "<m:color color='#0000FF'/><m:color color='#00FF00'/></m:colorgroup><m:texture2d id='7' path='/a.png'/><m:texture2dgroup id='8' texid='7'>"
             f"<m:tex2coord u='0' v='1'/></m:texture2dgroup><object id='1' pid='5' pindex='0'>{mesh}</object><object id='2' name='b'><components>"
             "<component objectid='1' transform='-2 0 0 0 1 0 0 0 1 5 0 0'/></components></object></resources><build><item objectid='2'/></build></model>")
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("3D/3dmodel.model", model)
    obj = ("mtllib a.mtl\no a\nusemtl r\n" + "".join("v {} {} {} 1 0 0\n".format(*c) for c in corners) + "vt 0 1\nvn 0 0 1\nf 1/1/1 2/1/1 3/1/1 4/1/1\ng b\nf -1 -2 \\\n-3\n"
           "\xffnewmtl r\nKd 1 0 0\nd 0.5\nNs 98\nPm 1\nKe 0 0 1\nmap_Kd -s 2 2 -clamp on a.png\nnorm b.png\n")
    return lines(obj, head.format("ascii") + rows, "solid a\n" + facet + "endsolid\n", model) + [
        head.format("binary_little_endian").encode() + binary, stl, zipped.getvalue()]


def panoramas():
    """Radiance, flat and with run lengths; OpenEXR without compression and with ZIP."""
    head = b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\nEXPOSURE=2\n\n"
    flat = head + b"-Y 2 +X 3\n" + bytes([10, 20, 30, 128]) * 6
    old_runs = head + b"+Y 2 +X 4\n" + bytes([10, 20, 30, 128, 1, 1, 1, 7])
    row = bytes([2, 2, 0, 8]) + bytes([128 + 8, 9]) * 3 + bytes([8, *range(120, 128)])
    found = [flat, old_runs, head + b"-Y 2 +X 8\n" + row * 2]
    attribute = lambda name, kind, value: name + b"\0" + kind + b"\0" + struct.pack("<I", len(value)) + value
    for compression in (0, 3):
        channels = b"".join(n + b"\0" + struct.pack("<IIII", 1, 0, 1, 1) for n in (b"B", b"G", b"R")) + b"\0"
        box = struct.pack("<iiii", 0, 0, 3, 1)
        header = b"\x76\x2f\x31\x01" + struct.pack("<I", 2) + attribute(b"channels", b"chlist", channels) + attribute(b"compression", b"compression", bytes([compression]))
        header += attribute(b"dataWindow", b"box2i", box) + attribute(b"displayWindow", b"box2i", box) + attribute(b"lineOrder", b"lineOrder", b"\0")
        header += attribute(b"pixelAspectRatio", b"float", struct.pack("<f", 1)) + attribute(b"screenWindowCenter", b"v2f", bytes(8)) + attribute(b"screenWindowWidth", b"float", struct.pack("<f", 1)) + b"\0"
        line = struct.pack("<e", 0.5) * 12  # four pixels of three channels
        blocks = [(0, line), (1, line)] if compression == 0 else [(0, zlib.compress(bytes(48)))]
        at, offsets, body = len(header) + 8 * len(blocks), b"", b""
        for y, data in blocks:
            offsets += struct.pack("<Q", at + len(body))
            body += struct.pack("<ii", y, len(data)) + data
        found.append(header + offsets + body)
    return found


def shapes():
    """Small programs of the library, and one for each word that few of them have."""
    rare = ["part a = sphere(0.5) noise(0.05, 0.3, 2, n = 8) at (0, 1, 0) is red", "part a = box(1, 1, 1, wall = 0.1) noise(height = 2 cm, scale = 0.5, n = 8) rotate(y, 30)",
            "part a = box(1, 0.2, 1)\nblend(3 cm) part b = cylinder(0.1, 0.4) on a sink(0.01)", "part a = metaballs((0, 0, 0, 0.2), (0.3, 0, 0, 0.2), n = 8)",
            'part a = algebraic("x^2 + y^2 = z", 0.5, h = 1, n = 8)', "part a = terrain(2, 2, 0.5, base = 0.1, n = 4, seed = 3)",
            "part a = lathe((0.1, 0), (0.2, 0.3), (0, 0.4)) bend(30) twist(20) taper(0.5, 0.5)", "part a = sweep((0, 0, 0), (0, 1, 0), (1, 1, 0), r = 0.1, smooth = true) shell(0.02)",
            "part a = extrude((0, 0), (1, 0), (0, 1), d = 0.1) mirror(x) grid(2, 2, 1, 1)", "param a = 3 of (3, 4)\nif a == 3 { part b = box(1) } else { part c = sphere(1) }",
            "let a = 2\nfor i = 1 to a {\n  group g {\n    part b = box(i) corners(0.1)\n    cut part c = box(0.1) from b\n  } ring(3, 1)\n}",
            "material m = oak(brown, roughness = 0.4, opacity = 0.5, glow = 1)\npart a = superquadric(1, 1, 1, 0.5, 0.5, n = 8) is m"]
    return lines(*("shape a\n" + text + "\n" for text in rare)) + files("shapes/[abc]*.shape")


def shape_jsons():
    call = {"call": "box", "args": [1, {"call": "+", "args": ["a", 0.5]}]}
    part = {"kind": "part", "name": "b", "is": "box", "args": [{"value": 1}, {"name": "r", "value": 0.1}], "modifiers": [{"is": "noise", "args": [{"value": 0.05}, {"value": 0.3}]}]}
    return lines(json.dumps({"shape": "s", "title": "t", "statements": [{"kind": "let", "name": "a", "value": call["args"][1]}, part]}),
                 json.dumps({"shape": "s", "statements": [{"kind": "group", "name": "g", "op": "cut", "body": [part]}, {"kind": "if", "value": True, "body": [part], "else": [part]}]}))


def scenes():
    room = {"kind": "kitchen", "size": [4, 3], "height": 2.6, "floor": "oak", "openings": [{"is": "door"}, {"is": "window", "wall": "left", "at": 0.5, "width": 1.2}]}
    things = [{"id": "table", "kind": "table", "parameters": {"color": "red"}, "at": [1.25, 0, -0.5], "turn": 90, "on": "floor"}, {"id": "bowl", "kind": "bowl"}]
    return lines(json.dumps({"scene": 1, "title": "a kitchen", "seed": 3, "room": room, "objects": things,
                             "relations": [{"is": "on", "of": "bowl", "to": ["table"], "assumed": True}, {"is": "against_wall", "of": "table", "to": ["left"]}]}))


def sentences():
    said = [json.loads(line)["text"] for line in (ROOT / "shapes/scene_sentences.jsonl").read_text().splitlines()]
    edits = ["move the lamp to the left of the bed", "remove the rug", "add two chairs", "make the sofa red", "turn the table to the window"]
    return lines(*said[:40], *(text + "\xff" + edit for text, edit in zip(said, edits)))


def draco_buffers():
    """Sequential with plain numbers, and one of Draco's own encoder with its edgebreaker."""
    corners, faces = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)], [(0, 2, 1), (0, 1, 3), (0, 3, 2), (1, 2, 3)]
    plain = b"DRACO" + bytes([2, 2, 1, 0, 0, 0, 4, 4, 1]) + bytes(i for f in faces for i in f) + bytes([1, 1, 0, 9, 3, 0, 0, 0])
    packed = ("445241434f02020101000000040400030000012f01011001ff000001000903000002010101000303011001300300508224910400000000ff0000000000000000000000000000000000803f08")
    return [plain + b"".join(struct.pack("<3f", *c) for c in corners), bytes.fromhex(packed)]


SEEDS = {
    "hdr": panoramas(),
    "png": pngs() + files("examples/pictures/*.png"), "jpeg": [], "webp": [], "watermark": pngs()[:2], "manifest": pngs()[:2], "json": json_texts(),
    "chain_json": json_texts()[:4], "event": json_texts()[:4], "gguf": ggufs(), "template": templates(), "grammar": grammars(), "schema": schemas(),
    "torch_file": torch_files(), "recall": recalls(), "prompt": prompts(), "http_request": requests(), "safetensors": files("tests/golden/**/*.safetensors"),
    "tokenizer_json": lines('{"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}, "added_tokens": [{"id": 3, "content": "<s>", "special": true}]}\xffab'),
    "vocabulary": lines("fox\nred\nball\n\fsphere ball\n"), "wordpiece": [b"[PAD]\n[UNK]\n[CLS]\n[SEP]\nfox\n##es\n\xfffoxes"], "article": files("tests/*.md")[:1],
    "adapter": lines("lora_unet_a.lora_up.weight \x04\x02\nlora_unet_a.lora_down.weight \x02\x04"), "cbor": [b"\xa1\x61a\x83\x01\x02\x03"],
    "abi": [b"uint256,string\n" + bytes(96)], "revert": [bytes.fromhex("08c379a0") + bytes(64)], "tokenizer": lines("Hello, 12 w\u00f6rlds\n"), "glb": [], "mesh": meshes(),
    "shape": shapes(), "shape_json": shape_jsons(), "scene_json": scenes(), "scene_words": sentences(), "draco": draco_buffers(),
    "formula": lines("x^2 + y^2 + z^2 - 1", "sin(6*x)*cos(6*y) = max(abs(z), sqrt(2 - pi))", "-exp(log(x) / 2e3) - min(tan(y), 1)"),
    "palette": lines("#ffffff,#1a1a1a #c0392b", "GIMP Palette\nName: a\nColumns: 2\n# no colour\n255 0 9\tred\n  0   9 0\n", "#fff"),
    "instructions": [(json.dumps({"prompt": "p", "instruction_id_list": [kind], "kwargs": [given]}) + "\n" + answer).encode() for kind, given, answer, _ in
                     map(json.loads, (ROOT / "tests/golden/instructions.jsonl").read_text().splitlines()[::7])],
    "contract_words": [json.loads(line)["words"].encode() for line in (ROOT / "tests/data/contract_words.jsonl").read_text().splitlines()],
    "contract_spec": lines(json.dumps({"kind": "splitter", "name": "Band", "items": [{"title": "Ann", "share": "60 %"}, {"title": "Ben", "share": "40 %"}]}),
                           json.dumps({"kind": "vesting", "name": "V", "terms": {"total": "1000", "duration": "2 years"}, "flags": ["revocable"], "addresses": {"owner": "0x0"}, "token_decimals": 6})),
    "translation": [b'{"kind": "lstm", "width": 16, "layers": 1, "heads": 2, "feed_forward": 32, "source_units": "words", "target_units": "pieces", "source_vocabulary": ["a"], "target_vocabulary": ["b"], "max_units": 9}\xffEin Hund l\xc3\xa4uft, 3.5-mal!'],
    "yaml": files("tests/golden/triposr/*.yaml"), "transforms": transforms(),
    "tfjs": [b'[{"weights":[{"name":"a","shape":[2],"dtype":"float32","quantization":{"dtype":"uint8","scale":0.5,"min":-1}}]}]' + bytes([0xff, 1, 2])],
    "people": [b"v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\ng body\nf 1/1 2/1 3/1 4/1\n" + bytes([0xff]) + b"0 .1 0 0\n2 0 0 1\n1 0 0 0\n", b"an old woman without a beard, 72 years old"],
    "morphs": [],
    "consent": [b'{"kind":"ptah consent","version":1,"person":"Ann","pictures":["sha256:00"],"uses":["swap"],"from":1,"until":2,"signature":{"signer":"0x","scheme":"eip712","value":"0x"}}'],
    "onnx": [bytes([0x3a, 34, 0x0a, 14, 0x0a, 1]) + b"x\x0a\x01w\x12\x01y\x22\x03Mul" + bytes([0x2a, 16, 8, 1, 16, 1, 0x42, 1]) + b"w" + bytes([0x4a, 4]) + b"abcd"],
    "ctranslate2": [bytes([6, 0, 0, 0, 2, 0]) + b"W\0" + bytes([3, 0, 0, 0, 1, 0, 0, 0, 2, 0]) + b"w\0" + bytes([1, 1, 0, 0, 0, 0, 4, 0, 0, 0]) + b"abcd" + bytes(4)],
    "game": [(ROOT / "examples/characters" / name).read_bytes() + b"\xff" + said for name in ("tavern.json", "mira.json") for said in (b"serve_drink(drink=beer, count=2)", b"Two ales, please.")]
    + lines("learner,item,right,option\na,q,1,A\nb,q,0,B\n"),
    "speech": [text.encode() for text in ("On Dec. 25 at 10:30 pm Dr. Smith paid $3.50 for 5 kg, 1/2 off.", "Henry VIII: see example.org [x](/fɑks/)!", "A\n\nB2B",
                                             "<speak>a <break time='1s'/><prosody rate='slow'>b</prosody></speak>")]}


def photo_files():
    """JPEG and WebP need an encoder; without Pillow the targets begin with the heads alone."""
    jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xd9"
    webp = b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0"
    found = {"jpeg": [jpeg], "webp": [webp]}
    try:
        from PIL import Image
    except ImportError:
        return found
    for mode in ("RGB", "L", "CMYK", "RGBA"):
        picture = Image.new(mode, (17, 11), 120 if mode == "L" else tuple([200, 90, 20, 128][: len(mode)]))
        for kind in ("jpeg", "webp"):
            if mode not in {"jpeg": ("RGB", "L", "CMYK"), "webp": ("RGB", "RGBA")}[kind]:
                continue
            exif = Image.Exif()
            exif[0x0112] = 6
            for options in ({}, {"exif": exif}, {"progressive": True} if kind == "jpeg" else {"lossless": True}):
                packed = io.BytesIO()
                picture.save(packed, kind, **options)
                found[kind].append(packed.getvalue())
    return found


SEEDS.update(photo_files())
for target, inputs in SEEDS.items():
    folder = pathlib.Path(sys.argv[1]) / target
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(inputs):
        if len(data) <= MAX_BYTES:
            (folder / str(number)).write_bytes(data)
