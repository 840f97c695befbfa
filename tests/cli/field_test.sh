#!/usr/bin/env bash
# ptah field: pictures of an object, a field of them, and what is made of it.
set -uo pipefail
ptah=$1 test=$(realpath "$0")
. "$(dirname "$0")/checks.sh"
export PTAH_CACHE=$place/cache

printf 'shape block\npart block = box(1, 0.6, 0.4) is red\npart top = box(0.3, 0.3, 0.3) on block is blue\n' >block.shape
works "$ptah" field views block.shape captures/block --views 16 --held-out 3 --size 48 --texture 0
[ "$(ls captures/block/pictures | wc -l)" = 19 ] || wrong "views: $(ls captures/block/pictures | wc -l)"
refused 2 "captures/block" "$ptah" field views block.shape captures/block
refused 2 "1 views" "$ptah" field views block.shape other --views 1

works "$ptah" field fit captures/block --steps 120 --resolution 48 --out field --no-sign
for file in field.safetensors picture.png receipt.json from-pictures.zip; do
  [ -s "field/$file" ] || wrong "field fit made no $file"
done
python3 -c '
import json
receipt = json.load(open("field/receipt.json"))
assert receipt["kind"] == "radiance field" and sum(receipt["steps"]) == 120 and receipt["psnr"] > 20, receipt
' || wrong "receipt: $(head -c 400 field/receipt.json)"
works "$ptah" replay field
says "the same bytes"
OMP_NUM_THREADS=1 works "$ptah" replay field
says "the same bytes"
works "$ptah" recall field
says "ptah field fit --steps 120 --resolution 48"
works "$ptah" field fit captures/block --seconds 0.5 --resolution 32 --out timed --no-sign --quiet
works "$ptah" replay timed
says "the same bytes"
works "$ptah" field measure field captures/block --json
says '"held_out"'
works "$ptah" field render field front.png --size 64 --azimuth 0
works "$ptah" field render field turning.webp --size 32 --frames 3
works "$ptah" field mesh field block.glb --triangles 2000
works "$ptah" measure block.glb
says "closed yes"
works "$ptah" field splats field block.ply --count 500
works "$ptah" field splats field/field.safetensors splats.glb --count 500
refused 2 "front.png" "$ptah" field render field front.png
refused 2 ".png" "$ptah" field render field front.bmp
refused 2 "--size 8" "$ptah" field render field small.png --size 8
works "$ptah" field splats field splats.spz --count 500
python3 "$(dirname "$test")/splats_test.py" block.ply splats.spz splats.glb || wrong "the formats of splats differ"
refused 2 ".glb or .spz" "$ptah" field splats field splats.splat
refused 2 "--resolution 50" "$ptah" field fit captures/block --resolution 50 --out over
refused 3 "none" "$ptah" field fit none --out over
refused 3 "transforms.json" "$ptah" field fit field --out over
refused 3 "none" "$ptah" field mesh none other.glb
refused 7 "budget is 1 MiB" "$ptah" field fit captures/block --budget 1M --out over
[ ! -e over ] || wrong "a refused request left a folder"

report
