#!/usr/bin/env bash
# ptah convert and ptah measure: files come out in the format that their ending names, what is wrong is refused before anything is written.
set -uo pipefail
ptah=$1
. "$(dirname "$0")/checks.sh"

cat >box.obj <<'EOF'
mtllib box.mtl
usemtl red
v 0 0 0
v 1 0 0
v 0 1 0
v 0 0 1
f 1 3 2
f 1 2 4
f 1 4 3
f 2 3 4
EOF
printf 'newmtl red\nKd 1 0 0\nmap_Bump no.png\n' >box.mtl

# --- every format, read again and compared
for format in glb obj ply stl 3mf; do
  works "$ptah" convert box.obj "made.$format" --compare
  says "F-score                    1.0000"
  says "IoU of the volumes         1.0000"
  [ -s "made.$format" ] || wrong "no made.$format"
done
says "note: box.obj: 'map_Bump' of materials is left out" err
works "$ptah" convert box.obj made.usdz
[ "$(head -c 4 made.usdz)" = "$(printf 'PK\003\004')" ] || wrong "made.usdz is no archive"
works "$ptah" convert box.obj points.ply --points 300 --json
says '"triangles":4'
says '"vertices":4'
says '"points.ply"'
works "$ptah" convert box.obj compared.glb --json --compare
says '"f_score":1.0'
works "$ptah" convert box.obj loud.glb
says "loud.glb"
works "$ptah" convert made.stl inches.glb --unit inch --up y --quiet
[ ! -s out ] || wrong "--quiet printed $(cat out)"
works "$ptah" measure inches.glb
says "25.4 × 25.4 × 25.4 m" # 1000 inches
says "closed yes, two-manifold yes, oriented yes"
works "$ptah" measure box.obj points.ply --threshold 0.001 --json
says '"iou":null'
says '"is_point_cloud":true'
works "$ptah" measure box.obj inches.glb
says "F-score                    0.0"

for line in "Chamfer distance " "A to B, mean " "B to A, mean " "largest " "normal consistency " "IoU of the volumes " "inches.glb: 25.4 × 25.4 × 25.4 m" "box.obj: 1 × 1 × 1 m" "4 triangles in 1 parts of 1 materials, 1 bodies" \
  "at 1 % of the diagonal"; do says "$line"; done
works "$ptah" measure box.obj inches.glb --json --threshold 2
python3 -c '
import json
said = json.loads(open("out", encoding="utf-8").read().splitlines()[-1])
errors = said["errors"]
assert said["a"]["size"] == [1, 1, 1] and said["a"]["triangles"] == 4 and said["a"]["materials"] == 1 and said["a"]["bodies"] == 1, said
assert said["a"]["closed"] and said["a"]["manifold"] and said["a"]["oriented"] and said["a"]["parts"] == 1 and said["a"]["points"] == 4, said
assert abs(said["a"]["volume"] - 1 / 6) < 1e-6 and not said["a"]["is_point_cloud"], said
assert errors["chamfer"] > 1 and errors["largest"] > errors["b_to_a"] > errors["a_to_b"] > 0 and abs(errors["diagonal"] - 3 ** 0.5) < 1e-3, errors
assert errors["iou"] < 0.01 and 0 < errors["normal_consistency"] <= 1 and errors["precision"] >= 0 and errors["recall"] >= 0 and errors["f_score"] < 0.5, errors
' || wrong "measure --json: $(head -c 600 out)"
refused 2 "--samples 99" "$ptah" measure box.obj made.glb --samples 99
refused 2 "--samples 10000001" "$ptah" measure box.obj made.glb --samples 10000001
refused 3 "none.glb" "$ptah" measure box.obj none.glb

# --- a program of a shape, and a pipe
printf 'shape post\npart post = cylinder(r = 0.1, h = 1, n = 12)\n' >post.shape
works "$ptah" convert post.shape post.stl --compare
says "normal consistency         1.0000"
timeout 60 "$ptah" convert - piped.glb <made.stl >out 2>err || wrong "no mesh from standard input: $(cat err)"

# --- refused first
refused 2 "exists already" "$ptah" convert box.obj made.glb
refused 5 "nothing to compare" "$ptah" convert box.obj other.usdz --compare
[ ! -e other.usdz ] || wrong "other.usdz was written"
refused 2 "--points are written as PLY" "$ptah" convert box.obj other.stl --points 10
refused 2 "mesh format" "$ptah" convert box.obj other.fbx
refused 2 "say --format" "$ptah" convert box.obj other
refused 3 "none.obj" "$ptah" convert none.obj other.glb
touch taken.mtl
refused 2 "taken.mtl exists already" "$ptah" convert box.obj taken.obj
[ ! -e taken.obj ] || wrong "taken.obj was written"
refused 2 "--threshold 0" "$ptah" measure box.obj made.glb --threshold 0

# --- what is asked for of the files
cat >ball.shape <<'EOF'
shape ball
part all = sphere(0.5, n = 48) is red
part foot = box(0.4, 0.1, 0.4) is blue
EOF
works "$ptah" convert ball.shape coarse.glb --low-poly 200 --lod --collider hull --pivot base
works "$ptah" measure coarse.glb --json
for node in ball_LOD0 ball_LOD3 ball_collider; do grep -aq "\"$node\"" coarse.glb || wrong "no node $node"; done
printf 'GIMP Palette\n255 0 0 red\n0 0 0 black\n' >two.gpl
works "$ptah" convert ball.shape two.3mf --palette two.gpl
works "$ptah" convert ball.shape same.3mf --palette '#ff0000,#000000'
cmp -s two.3mf same.3mf || wrong "a palette's file is not its colours"
works "$ptah" convert ball.shape pieces.stl --split 300,300,300
[ -s pieces-1.stl ] && [ -s pieces-8.stl ] && [ ! -e pieces.stl ] || wrong "the pieces: $(ls pieces*)"
refused 2 "--palette" "$ptah" convert ball.shape none.3mf --palette '#ff0000,blue'
refused 3 "none.gpl" "$ptah" convert ball.shape none.3mf --palette none.gpl
refused 2 "--quads has a meaning for OBJ, PLY and USDZ alone" "$ptah" convert ball.shape none.glb --quads
refused 2 "--split" "$ptah" convert ball.shape none.stl --split 300,300
refused 2 "--low-poly 4" "$ptah" convert ball.shape none.stl --low-poly 4
[ -z "$(ls none* 2>/dev/null)" ] || wrong "a refused request wrote $(ls none*)"

# --- as a recipe: a work, and the work again
printf '{"recipe": "convert", "request": {"mesh": "box.obj", "format": "3mf"}, "out": "work"}\n' >requests.jsonl
works "$ptah" batch requests.jsonl --no-sign
[ -s work/object.3mf ] || wrong "no work/object.3mf"
mkdir -p scans
printf 'newmtl red\nKd 1 0 0\n' >scans/red.mtl
printf 'mtllib red.mtl\nusemtl red\nv 0 0 0\nv 9 0 0\nv 0 9 0\nv 0 0 9\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n' >"scans/a 'red' one.obj"
cat >more.jsonl <<'EOF'
{"recipe": "convert", "request": {"mesh": "scans/a 'red' one.obj", "format": "obj", "unit": "cm", "pivot": "base", "quads": true}, "out": "red"}
{"recipe": "convert", "request": {"mesh": "ball.shape", "format": "3mf", "parts": true, "split": "300,300,300"}, "out": "ball"}
EOF
works "$ptah" batch more.jsonl --no-sign
rm -r box.obj ball.shape scans
works "$ptah" replay work
grep -q source.zip work/receipt.json || wrong "the receipt does not name its source"

# --- the command that recall prints, with the mesh that the work keeps, makes the same files
for work in work red ball; do
  works "$ptah" recall $work
  says "$work/source.zip"
  again=$(cat out)
  works bash -c "ptah() { '$ptah' \"\$@\"; }; $again"
  for file in "$work"/object.*; do
    cmp -s "$file" "$(basename "$file")" || wrong "recalled another $file: $again"
    rm -f "$(basename "$file")"
  done
done
[ -e red/object.mtl ] || wrong "no materials: $(ls red)"
# --- a work's folder and a shape of the library stand for their files
works "$ptah" measure red
works "$ptah" convert red again.stl
works "$ptah" measure chair
refused 3 "did you mean 'chair'" "$ptah" measure chairr
# --- points become a surface, with normals of their own if the file has none
works "$ptah" convert chair chair.ply --points 8000
works "$ptah" convert chair.ply surface.glb --resolution 48
works "$ptah" measure surface.glb
says "closed yes"
python3 - <<'EOF'
head, body = open("chair.ply", "rb").read().split(b"end_header\n", 1)
size = len(body) // 8000
plain = b"".join(body[i * size:i * size + 12] for i in range(8000))
head = b"\n".join(line for line in head.split(b"\n") if not line.startswith(b"property") or line.split()[-1] in (b"x", b"y", b"z"))
open("plain.ply", "wb").write(head + b"end_header\n" + plain)
EOF
works "$ptah" convert plain.ply plain.stl --resolution 48
says "they were estimated" err
works "$ptah" measure plain.stl
says "closed yes"
refused 2 "resolution" "$ptah" convert chair.ply other.glb --resolution 5
refused 2 "ends as obj does" "$ptah" convert red other.obj --format glb
[ ! -e other.obj ] || wrong "other.obj was written"
rm red/source.zip
works "$ptah" recall red
says "# not here: red/source.zip"

report
