#!/usr/bin/env bash
# Training by commands, on a tiny model: a run that was cut goes on in its folder, nothing that is there is written over, `create` draws with what was made.
set -uo pipefail
ptah=$1
. "$(dirname "$0")/checks.sh"
# config NAME OUT DENOISER [MORE]: writes NAME.json
config() {
  cat >"$1.json" <<JSON
{"data": "pictures", "out": "$2",
 "autoencoder_model": {"size": 32, "latent_channels": 8, "encoder_widths": [16, 16], "encoder_blocks": [1, 1], "decoder_widths": [16, 16], "decoder_blocks": [1, 1]},
 "autoencoder": {"batch": 4, "steps": 4, "warmup": 1},
 "denoiser": {"batch": 4, "steps": 5, "warmup": 1, "width": 32, "blocks": 1, "heads": 2, "text_width": 32, "text_layers": 1$3}${4:-}}
JSON
}
digest() { sha256sum <"$1"; }

python3 - <<'PY'
import pathlib, struct, zlib
folder = pathlib.Path("pictures")
folder.mkdir()
for i, name in enumerate(["red ball", "green box", "blue ball", "red box"]):
    rows = b""
    for y in range(32):
        rows += b"\0"
        for x in range(32):
            inside = 6 < x < 26 and 6 < y < 26 if i % 2 else (x - 16) ** 2 + (y - 16) ** 2 < 120
            rows += bytes(220 if c == i % 3 else 0 for c in range(3)) + bytes([255 if inside else 0])
    part = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    png = b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 32, 32, 8, 6, 0, 0, 0)) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    (folder / f"{i}.png").write_bytes(png)
    (folder / f"{i}.txt").write_text(f"a {name}\nown {name}\n")
PY

# --- a run that was cut goes on in its folder, to the same bytes
config whole whole ''
works "$ptah" train picture --config whole.json
config cut cut ', "stop_at": 2'
works "$ptah" train picture --config cut.json
config cut cut ', "log_every": 1'
works "$ptah" train picture --config cut.json
[ "$(digest whole/picture.safetensors)" = "$(digest cut/picture.safetensors)" ] || wrong "a run that was cut ends in other bytes"
works "$ptah" train picture --config cut.json
[ "$(digest whole/picture.safetensors)" = "$(digest cut/picture.safetensors)" ] || wrong "a run that is at its end changed its model"

# --- another training does not write over it
before=$(find whole -type f -exec sha256sum {} + | sort)
kept() { [ "$before" = "$(find whole -type f -exec sha256sum {} + | sort)" ] || wrong "$1 changed what was there"; }
for other in ', "weight_decay": 0.5' ', "seed": 7'; do
  config other whole "$other"
  refused 2 "whole/denoiser is there already" "$ptah" train picture --config other.json
  kept "the same folder with $other"
done
sed 's/"data": "pictures"/"data": "pictures\/"/' whole.json >other.json
refused 2 "whole/autoencoder is there already" "$ptah" train picture --config other.json
printf 'sphere ball\n' >synonyms.txt
printf '{"out": "whole", "start_from": "whole/picture.safetensors", "synonyms": "synonyms.txt"}' >other.json
refused 2 "whole/picture.safetensors is there already" "$ptah" train picture --config other.json
kept "synonyms"
mkdir strange && cp whole/picture.safetensors strange/
config other strange ''
refused 2 "training.json does not say of which training" "$ptah" train picture --config other.json
# what a later stage needs is looked for before the first one runs
config other late '' ', "synonyms": "nowhere.txt"'
refused 3 "nowhere.txt is not there" "$ptah" train picture --config other.json
[ ! -e late ] || wrong "a training without its synonyms began"
# a stage that is new to the folder may be added
judge='{"batch": 4, "steps": 3, "warmup": 1, "group_weights": {}}'
printf '{"data": "pictures", "out": "whole", "judges": {"judge": %s}}' "$judge" >judge.json
works "$ptah" train picture --config judge.json
[ -s whole/judge/judge.safetensors ] || wrong "no judge was added"
printf '{"data": "pictures", "out": "whole", "judges": {"judge": {"seed": 3}}}' >other.json
refused 2 "whole/judge is there already" "$ptah" train picture --config other.json

# --- create draws with it, in its own styles
quick=(--steps 2 --size 128 --no-object --no-sign)
works "$ptah" create "a red ball" --model whole --style own "${quick[@]}" --out drawn
works "$ptah" create "a red ball" --model whole/picture.safetensors --style own --best-of 1 "${quick[@]}" --out by-file
works "$ptah" create "a red ball" --style glossy --best-of 1 "${quick[@]}" --out shipped
cmp -s drawn/picture.png shipped/picture.png && wrong "--model changed nothing"
says "$(sha256sum <whole/picture.safetensors | cut -d' ' -f1)" drawn/receipt.json
says "$(sha256sum <whole/judge/judge.safetensors | cut -d' ' -f1)" drawn/receipt.json
refused 2 "glossy" "$ptah" create "a red ball" --model whole --style glossy "${quick[@]}" --out nothing
[ ! -e nothing ] || wrong "a work in a style the model does not have"
works "$ptah" replay drawn --checkpoints whole
says "picture.png: the same bytes"
refused 3 "" "$ptah" replay drawn
refused 3 "" "$ptah" create "a red ball" --model nowhere "${quick[@]}"
mkdir hollow
refused 3 "" "$ptah" create "a red ball" --model hollow "${quick[@]}"

# --- sheets of an evaluation go into a new folder
evaluate=("$ptah" evaluate picture --data pictures --model whole/picture.safetensors --judge whole/judge/judge.safetensors --steps 1 --parts frechet --count 2)
works "${evaluate[@]}" --out sheets
[ -s sheets/frechet.png ] || wrong "no sheet"
sheet=$(digest sheets/frechet.png)
refused 2 "sheets exists already" "${evaluate[@]}" --seed 3 --out sheets
[ "$sheet" = "$(digest sheets/frechet.png)" ] || wrong "a sheet was written over"
works "${evaluate[@]}" --seed 3 --out more-sheets

report
