#!/usr/bin/env bash
# ptah texture and ptah render: every option of their lines does what it says, and works are made again.
set -uo pipefail
ptah=$1
. "$(dirname "$0")/checks.sh"
export PTAH_CACHE=$place/cache

printf 'v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n' >box.obj
works "$ptah" key new --no-passphrase

# --- materials by words
works "$ptah" texture --list
says "Materials: "
says "All words: "
says "bronze"
works "$ptah" texture --list --json
python3 -c '
import json
said = json.load(open("out", encoding="utf-8"))
assert "bronze" in said["materials"] and set(said["materials"]) <= set(said["words"]) and "rusty" in said["words"], said
' || wrong "texture --list --json: $(head -c 300 out)"
refused 2 "mesh" "$ptah" texture
refused 2 "material" "$ptah" texture box.obj
for command in "texture box.obj bronze --texels 64" "render box.obj --size 32"; do
  name=${command%% *}
  # shellcheck disable=SC2086
  {
    works "$ptah" $command --out "$name" --no-sign
    [ -s out ] || wrong "$command says nothing"
    grep -q '"signature"' "$name/receipt.json" && wrong "$command --no-sign signs"
    works "$ptah" replay "$name"
    says "the same bytes"
    # The command that recall prints, with the mesh that the work keeps, makes the same work.
    works "$ptah" recall "$name"
    again=$(cat out)
    works bash -c "ptah() { '$ptah' \"\$@\"; }; ${again/ptah $name/ptah $name --out $name-again --no-sign}"
    cmp -s "$name/receipt.json" "$name-again/receipt.json" || wrong "recalled another work: $again"
    refused 2 "$name" "$ptah" $command --out "$name"
    works "$ptah" $command --out "$name" --replace --quiet
    [ ! -s out ] || wrong "$command --quiet prints $(cat out)"
    says '"signature"' "$name/receipt.json"
    works "$ptah" $command --out "$name-json" --json
    says "\"$name-json"
    works "$ptah" $command
    [ -d ptah-works/box ] || wrong "$command without --out made $(ls ptah-works)"
    rm -r ptah-works
    refused 7 "budget is 1 MiB" "$ptah" $command --out over --budget 1M
    refused 2 "--key" "$ptah" $command --out over --key
    refused 3 "nobody" "$ptah" $command --out over --key nobody
    refused 3 "none.obj" "$ptah" ${command/box.obj/none.obj} --out over
  }
done
refused 2 "--texels 63" "$ptah" texture box.obj bronze --texels 63 --out over
refused 2 "--size 15" "$ptah" render box.obj --size 15 --out over
refused 2 "--texels 63" "$ptah" texture box.obj bronze --texels 63 --out texture # though the folder is taken, too
refused 2 "--size 15" "$ptah" render box.obj --size 15 --out render
refused 2 "threads" "$ptah" render box.obj --threads 2000 --out over
[ ! -e over ] || wrong "a refused request left a folder"

report
