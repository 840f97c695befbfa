#!/usr/bin/env bash
# Objects of shape programs from the command line: a program that is printed can be run, words become programs, a work says its route and is made again.
set -uo pipefail
ptah=$1
. "$(dirname "$0")/checks.sh"

# --- what is printed is the program, line by line, and can be run and changed
works "$ptah" shape chair --print
cp out chair.shape
[ "$(wc -l <chair.shape)" -gt 5 ] || wrong "the printed program has $(wc -l <chair.shape) lines"
works "$ptah" shape chair.shape --set back=solid --print
works "$ptah" shape - --no-sign --out piped --format glb <chair.shape
[ -s piped/object.glb ] || wrong "no object of a program from standard input: $(ls piped)"
works "$ptah" shape chair --no-sign --out named --format glb
cmp -s piped/object.glb named/object.glb || wrong "a printed program makes another object"
refused 2 "legz" "$ptah" shape chair --set legz=square
refused 2 "pedestal" "$ptah" shape stool --set legs=five
refused 2 "true or false" "$ptah" shape stool --set footrest=maybe
refused 2 "--set 'height=('" "$ptah" shape stool --set "height=("
printf 'shape gone\npart a = box(0.1, 0.1, 0.1)\ncut part b = box(0.2, 0.2, 0.2)\n' >gone.shape
refused 2 "the cuts leave nothing" "$ptah" shape gone.shape --no-sign --out gone
works "$ptah" shape --prompt "a bottle 30 cm high" --print
refused 3 "no-such-thing" "$ptah" shape no-such-thing

# --- a work says what was asked for of its files, and how it was made
works "$ptah" shape cup --no-sign --out small --format glb,3mf,stl --low-poly 900 --lod --collider box --pivot base --print-colours 2 --split 60,60,60 </dev/null
for file in object.glb object.3mf object-1.stl object.shape receipt.json; do [ -s small/$file ] || wrong "no $file: $(ls small)"; done
works "$ptah" measure small/object.glb --json
[ "$(python3 -c 'import json; print(json.loads(open("out").read().splitlines()[-1])["a"]["triangles"])')" -le 900 ] || wrong "--low-poly 900: $(head -c 300 out)"
works "$ptah" replay small </dev/null
says "object-1.stl: the same bytes"
works "$ptah" recall small </dev/null
for option in "--low-poly 900" --lod "--collider box" "--pivot base" "--print-colours 2" "--split 60,60,60" "--format glb,stl,3mf" object.shape; do says "$option"; done
cp out command
sed -i "s|^ptah|'$ptah'|; s| -- | --no-sign --out again -- |" command
works bash command </dev/null
cmp -s small/object.3mf again/object.3mf || wrong "the recalled command makes another object: $(cat command)"
refused 2 "--lod has a meaning for GLB alone" "$ptah" shape cup --format obj --lod

# --- USDZ, and a request that names a shape in place of its text
works "$ptah" shape chair --format usdz --texture 64 --no-sign --out usd
unzip -l usd/object.usdz >out 2>&1 || python3 -m zipfile -l usd/object.usdz >out
says ".usd"
printf '{"recipe": "shape", "request": {"program": "stool", "formats": "stl"}, "out": "stool"}\n' >named.jsonl
works "$ptah" batch named.jsonl --no-sign
[ -s stool/object.stl ] || wrong "no object.stl: $(ls stool)"
printf '{"recipe": "shape", "request": {"program": "stol"}}\n' >misnamed.jsonl
refused 3 "did you mean 'stool'" "$ptah" batch misnamed.jsonl --no-sign
printf '{"recipe": "shape", "request": {"program": "my/chair.shape"}}\n' >misnamed.jsonl
refused 2 "the text of a shape belongs here" "$ptah" batch misnamed.jsonl --no-sign

works "$ptah" shape --list --json
says '"name":"chair"'
says "chair.shape"

# --- words become a program
works "$ptah" shape --prompt "a wooden chair with a red cushion" --print
says "cushion = true"
says "accent = red"
refused 3 "--list" "$ptah" shape --prompt "a photon" --print

# --- create takes the program's route, says it, and makes the work again without asking the writer
works "$ptah" create "a wooden chair" --steps 1 --best-of 1 --size 128 --no-sign --out work
for file in picture.png object.glb object.shape preview.png receipt.json; do [ -s work/$file ] || wrong "no $file: $(ls work)"; done
grep -q '"route":"program"' work/receipt.json || wrong "the receipt does not say the route"
works "$ptah" replay work
says "object.glb: the same bytes"
works "$ptah" create "a wooden chair" --route picture --steps 1 --best-of 1 --size 128 --no-sign --out inflated
[ ! -e inflated/object.shape ] || wrong "an inflated picture has a program"
refused 3 "no kind of the library" "$ptah" create "a photon" --route program --steps 1 --best-of 1 --size 128 --no-sign --out none
[ ! -e none ] || wrong "a refused request left a folder"

report
