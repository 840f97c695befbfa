#!/usr/bin/env python3
"""Makes the maps of models/environment/ from the CC0 ones of Debian's package blender-data: 256 × 128 pixels, areas averaged, Radiance RGBE, turned so that
most light comes from the front on the left.

    apt-get download blender-data && dpkg -x blender-data_*.deb there
    pip install mitsuba numpy        # reads the compressed OpenEXR files
    tools/environment_maps.py there/usr/share/blender/datafiles/studiolights/world models/environment
"""
import pathlib
import sys

import mitsuba
import numpy

mitsuba.set_variant("scalar_rgb")
NAMES = ["city", "interior", "sunset"]
WIDTH, HEIGHT = 256, 128
FRONT_LEFT = 0.12  # the middle of a map is seen from the front, its edges lie behind the camera


def rgbe(pixels):
    largest = pixels.max(axis=-1)
    exponent = numpy.frexp(largest)[1]
    exponent += numpy.floor(pixels.max(axis=-1) * numpy.exp2(8.0 - exponent) + 0.5) > 255
    scale = numpy.exp2(8.0 - exponent)
    out = numpy.zeros(pixels.shape[:2] + (4,), numpy.uint8)
    out[..., :3] = numpy.clip(numpy.floor(pixels * scale[..., None] + 0.5), 0, 255)
    out[..., 3] = exponent + 128
    out[largest < 1e-32] = 0
    return out


def runs(channel):
    """One channel of a row: bytes above 128 repeat, others copy."""
    out, at = bytearray(), 0
    def run_at(i):
        end = i + 1
        while end < len(channel) and end - i < 127 and channel[end] == channel[i]:
            end += 1
        return end - i
    while at < len(channel):
        plain = at
        while plain < len(channel) and plain - at < 128 and run_at(plain) < 4:
            plain += 1
        if plain > at:
            out.append(plain - at)
            out += bytes(channel[at:plain])
            at = plain
        else:
            count = run_at(at)
            out += bytes([128 + count, channel[at]])
            at += count
    return out


def main():
    source, target = map(pathlib.Path, sys.argv[1:])
    target.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        picture = mitsuba.Bitmap(str(source / f"{name}.exr")).convert(mitsuba.Bitmap.PixelFormat.RGB, mitsuba.Struct.Type.Float32, False)
        pixels = numpy.array(picture, dtype=numpy.float64)
        high, wide = pixels.shape[0] // HEIGHT, pixels.shape[1] // WIDTH
        pixels = numpy.maximum(0, pixels.reshape(HEIGHT, high, WIDTH, wide, 3).mean(axis=(1, 3)))
        columns = pixels.sum(axis=(0, 2))
        angles = numpy.arange(WIDTH) * 2 * numpy.pi / WIDTH
        brightest = numpy.arctan2((columns * numpy.sin(angles)).sum(), (columns * numpy.cos(angles)).sum()) / (2 * numpy.pi)
        pixels = numpy.roll(pixels, round((FRONT_LEFT - brightest) * WIDTH), axis=1)
        data = bytearray(f"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y {HEIGHT} +X {WIDTH}\n".encode())
        for row in rgbe(pixels):
            data += bytes([2, 2, WIDTH >> 8, WIDTH & 255])
            for channel in range(4):
                data += runs(list(row[:, channel]))
        (target / f"{name}.hdr").write_bytes(data)
        print(f"{name}: {len(data)} bytes, mean {pixels.mean():.3f}, brightest {pixels.max():.1f}")


main()
