#!/usr/bin/env python3
"""Reads splats in the three formats by what is published of them, and holds the formats against each other.
    splats_test.py FILE.ply FILE.spz FILE.glb     (the same field, as many splats)"""
import gzip
import json
import math
import struct
import sys

SPZ_MAGIC = 0x5053474E


def read_ply(path):
    """The first implementation's layout; turned to +y up: y and z change their signs."""
    data = open(path, "rb").read()
    head, body = data.split(b"end_header\n", 1)
    names = [line.split()[2].decode() for line in head.split(b"\n") if line.startswith(b"property float ")]
    out = []
    for row in struct.iter_unpack(f"<{len(names)}f", body):
        value = dict(zip(names, row))
        w, x, y, z = (value[f"rot_{k}"] for k in range(4))
        rest = [[value[f"f_rest_{c * 3 + k}"] for c in range(3)] for k in range(3)]
        out.append({"at": (value["x"], -value["y"], -value["z"]),
                    # The turn by 180 degrees about x, (1, 0, 0, 0), times (x, y, z, w).
                    "turn": (w, -z, y, -x), "scale": [math.exp(value[f"scale_{k}"]) for k in range(3)], "opacity": 1 / (1 + math.exp(-value["opacity"])),
                    "harmonics": [[value[f"f_dc_{c}"] for c in range(3)], [-v for v in rest[0]], [-v for v in rest[1]], rest[2]]})
    return out


def read_spz(path):
    """Version 2: a header of 16 bytes, then all positions, opacities, colours, scales, rotations, harmonics; gzipped."""
    data = gzip.open(path).read()
    magic, version, count, degree, bits, flags, reserved = struct.unpack_from("<IIIBBBB", data)
    assert (magic, version, degree, flags, reserved) == (SPZ_MAGIC, 2, 1, 0, 0), (hex(magic), version, degree, flags, reserved)
    assert len(data) == 16 + count * (9 + 1 + 3 + 3 + 3 + 9), len(data)
    at = 16

    def take(size):
        nonlocal at
        at += count * size
        return [data[at - count * size + i * size:at - count * size + (i + 1) * size] for i in range(count)]

    positions = [[int.from_bytes(p[3 * k:3 * k + 3], "little", signed=True) / (1 << bits) for k in range(3)] for p in take(9)]
    opacities = [b[0] / 255 for b in take(1)]
    colours = [[(b / 255 - 0.5) / 0.15 for b in c] for c in take(3)]
    scales = [[math.exp(b / 16 - 10) for b in s] for s in take(3)]
    turns = [[b / 127.5 - 1 for b in t] for t in take(3)]
    rest = [[[(b - 128) / 128 for b in h[3 * k:3 * k + 3]] for k in range(3)] for h in take(9)]
    return [{"at": p, "turn": (*t, math.sqrt(max(0, 1 - sum(v * v for v in t)))), "scale": s, "opacity": o, "harmonics": [c, *h]}
            for p, o, c, s, t, h in zip(positions, opacities, colours, scales, turns, rest)]


def read_glb(path):
    data = open(path, "rb").read()
    magic, version, length, size, kind = struct.unpack_from("<IIIII", data)
    assert (magic, version, length, kind) == (0x46546C67, 2, len(data), 0x4E4F534A)
    gltf = json.loads(data[20:20 + size])
    body = data[28 + size:]
    primitive = gltf["meshes"][0]["primitives"][0]
    assert gltf["extensionsUsed"] == ["KHR_gaussian_splatting"] and "KHR_gaussian_splatting" in primitive["extensions"] and primitive["mode"] == 0

    def rows(name):
        accessor = gltf["accessors"][primitive["attributes"][name]]
        view = gltf["bufferViews"][accessor["bufferView"]]
        wide = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}[accessor["type"]]
        assert accessor["componentType"] == 5126 and view["byteOffset"] % 4 == 0 and view["byteLength"] == accessor["count"] * wide * 4
        return list(struct.iter_unpack(f"<{wide}f", body[view["byteOffset"]:view["byteOffset"] + view["byteLength"]]))

    own = "KHR_gaussian_splatting:"
    harmonics = [rows(f"{own}SH_DEGREE_0_COEF_0"), *(rows(f"{own}SH_DEGREE_1_COEF_{k}") for k in range(3))]
    return [{"at": p, "turn": t, "scale": s, "opacity": o[0], "harmonics": h}
            for p, t, s, o, *h in zip(rows("POSITION"), rows(f"{own}ROTATION"), rows(f"{own}SCALE"), rows(f"{own}OPACITY"), *harmonics)]


def apart(a, b):
    return max(abs(x - y) for x, y in zip(a, b))


def compare(name, splats, others, limits):
    """By how much positions (of the extent), rotations, scales (as a ratio), opacities and harmonics may be apart."""
    assert len(splats) == len(others) > 100, (name, len(splats), len(others))
    extent = max(max(s["at"][k] for s in splats) - min(s["at"][k] for s in splats) for k in range(3))
    for i, (a, b) in enumerate(zip(splats, others)):
        found = (apart(a["at"], b["at"]) / extent, 1 - abs(sum(x * y for x, y in zip(a["turn"], b["turn"]))),
                 max(abs(math.log(x / y)) for x, y in zip(a["scale"], b["scale"])), abs(a["opacity"] - b["opacity"]),
                 max(min(apart(x, y), 9) for x, y in zip(a["harmonics"], b["harmonics"])))
        assert all(f <= limit for f, limit in zip(found, limits)), f"{name}, splat {i}: {found} is more than {limits}"


def main():
    ply, spz, glb = read_ply(sys.argv[1]), read_spz(sys.argv[2]), read_glb(sys.argv[3])
    for splat in glb:
        assert abs(sum(v * v for v in splat["turn"]) - 1) < 1e-4 and all(v > 0 for v in splat["scale"]) and 0 < splat["opacity"] <= 1
    compare("ply", glb, ply, (1e-6, 1e-5, 1e-4, 1e-4, 1e-5))
    # Bytes: colours in steps of 1 / 38, harmonics of 1 / 16 and no further than 1, opacities of 1 / 255, sixteenths of logarithms.
    compare("spz", glb, spz, (1e-5, 1e-2, 0.5 / 16 + 1e-3, 0.5 / 255 + 1e-4, 0.5 / 16 + 1e-3))


main()
