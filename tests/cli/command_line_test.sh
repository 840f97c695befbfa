#!/usr/bin/env bash
# What holds for every command line: what cannot end well is refused first, standard output is checked, lines that are wrong are explained.
set -uo pipefail
ptah=$1
. "$(dirname "$0")/checks.sh"
quick=(--steps 1 --best-of 1 --size 128 --no-object)

# --- seeds: one rule
for command in "create fox" "paint fox --model none" "generate hello" "plan fox" "chat" "evaluate picture --data none"; do
  for seed in -2 18446744073709551616 1.5 abc; do refused 2 "0 to 18446744073709551615" "$ptah" $command --seed $seed; done
done
works "$ptah" create "a red fox" "${quick[@]}" --seed 18446744073709551615 --out most --no-sign
works "$ptah" replay most
says "picture.png: the same bytes"
works "$ptah" recall most
says "--seed 18446744073709551615"
works "$ptah" create "a red fox" "${quick[@]}" --seed -1 --out random --no-sign
grep -Eq '^seed [0-9]+$' err || wrong "the random seed is not said: $(cat err)"
says "\"seed\":$(grep -Eo '[0-9]+' err | head -1)," random/receipt.json
refused 2 "end at 2^64 - 1" "$ptah" create fox "${quick[@]}" --seed 18446744073709551615 --count 2

# --- what cannot end well is refused before the work begins
mkdir full && touch full/notes
refused 2 "exists already" "$ptah" create fox --out full
refused 2 "exists already" "$ptah" object nothing.png --out full
refused 2 "exists already" "$ptah" paint fox --model none --out full
refused 2 "exists already" "$ptah" generate hello --out full
refused 2 "exists already" "$ptah" replay most --out full
for out in /proc/none/work full/notes/work; do
  timeout 60 "$ptah" create fox --out $out >out 2>err && wrong "create --out $out"
  says "cannot write" err
done
touch grid.png
refused 2 "exists already" "$ptah" paint fox --model none --grid grid.png
refused 3 "cannot write nowhere/grid.png" "$ptah" paint fox --model none --grid nowhere/grid.png
refused 3 "cannot write nowhere/preview.png" "$ptah" paint fox --model none --preview nowhere/preview.png
refused 3 "cannot write nowhere/edges.png" "$ptah" edges most/picture.png --out nowhere/edges.png
[ -z "$(find . -name '*.part')" ] || wrong "probes are left: $(find . -name '*.part')"

# --- standard output is checked
for command in "version" "help" "--help" "create --help" "completion" "recall most" "verify most" "cid most/picture.png" "models" "plan fox --json" "create fox ${quick[*]} --no-sign --out to-full"; do
  timeout 60 "$ptah" $command >/dev/full 2>err </dev/null
  status=$?
  [ $status = 9 ] || wrong "ptah $command > /dev/full: status $status"
  says "standard output cannot be written: No space left on device" err
done
timeout 300 "$ptah" create fox "${quick[@]}" --no-sign --seed 100 --count 500 2>/dev/null | head -1 >/dev/null
[ "$(ls ptah-works | wc -l)" -lt 100 ] || wrong "$(ls ptah-works | wc -l) works were made for nobody"
"$ptah" version >&- 2>/dev/null && wrong "a closed standard output is no success"
"$ptah" nonsense 2>/dev/full
[ $? = 2 ] || wrong "a full standard error changes the status"

# --- options that may be repeated take one value each time
refused 2 "nothing to embed" "$ptah" embed
refused 3 "no model in 'none'" "$ptah" generate --model none --stop end --stop fin "the prompt"
for option in lora embedding control control-picture; do
  timeout 60 "$ptah" paint --model none --$option a.safetensors "the prompt" >out 2>err </dev/null
  grep -q "prompt is required" err && wrong "--$option swallows the prompt"
done

# --- mistyped commands, options and values
refused 2 "did you mean create?" "$ptah" crate "a red fox"
refused 2 "did you mean --seed?" "$ptah" create fox --sed 7
refused 2 "did you mean --seed?" "$ptah" plan "a castle" --sed 7
refused 2 "did you mean --steps?" "$ptah" paint fox --model x --step 7
refused 2 "did you mean add?" "$ptah" memory ad text
refused 2 "did you mean 'euler'?" "$ptah" create fox --sampler eulr
refused 2 "did you mean 'flat-back'?" "$ptah" create fox --solid flatback
refused 2 "did you mean 'glossy'?" "$ptah" create fox --style glosy
refused 2 "did you mean 'stl'?" "$ptah" create fox --format png,slt
refused 2 "did you mean 'transparent'?" "$ptah" create fox --background tranparent
works "$ptah" help
says "create"
works "$ptah" help memory add
says "remember a fact"
refused 2 "did you mean create?" "$ptah" help creat
works "$ptah" version
[ "$(cat out)" = "$("$ptah" --version)" ] || wrong "version: $(cat out)"
works "$ptah" create fox "${quick[@]}" --format PNG,Glb --out cases --no-sign

# --- no home, and keys that are broken
works env -u HOME -u XDG_DATA_HOME -u XDG_CACHE_HOME -u PTAH_KEYS "$ptah" create fox "${quick[@]}" --out homeless
works env -u HOME -u XDG_DATA_HOME -u XDG_CACHE_HOME -u PTAH_KEYS "$ptah" models
refused 3 "no home folder" env -u HOME -u XDG_DATA_HOME -u PTAH_KEYS "$ptah" create fox --key maker
works "$ptah" key new --no-passphrase
echo "no key" >keys/broken.json
works "$ptah" create fox "${quick[@]}" --out signed
works "$ptah" key list
says "maker"
says "broken.json" err
works "$ptah" verify signed
says "your key 'maker'"
works "$ptah" key certificate
cp out me.pem
works "$ptah" verify --trust me.pem --trust me.pem signed

# --- JSON: one event at the end, names that are not UTF-8
works "$ptah" create fox "${quick[@]}" --json --quiet --out one --no-sign
[ "$(wc -l <out)" = 1 ] || wrong "--json --quiet prints $(wc -l <out) lines"
says '"files":["one/picture.png","one/receipt.json"]'
[ ! -s err ] || wrong "--quiet says $(cat err)"
works "$ptah" create fox "${quick[@]}" --json --quiet --count 2 --out two --no-sign
[ "$(wc -l <out)" = 1 ] || wrong "--json --quiet --count 2 prints $(wc -l <out) lines"
[ "$(grep -o 'picture.png"' out | wc -l)" -ge 4 ] || wrong "not all files are named: $(cat out)"
odd=$'caf\xe9'
works "$ptah" create fox "${quick[@]}" --json --quiet --out "$odd" --no-sign
says '/caf%E9/picture.png"'
[ -f "$odd/picture.png" ] || wrong "nothing in $odd"
works "$ptah" edges most/picture.png --out "$odd/edges.png" --json

# --- pipes and standard input
works "$ptah" object most/picture.png --format stl --height-mm 30 --target-tris 500 --out stl --no-sign --json --quiet
works bash -c '"$1" object - --format stl --height-mm 30 --target-tris 500 --out piped --no-sign <most/picture.png' - "$ptah"
cmp -s stl/object.stl piped/object.stl || wrong "another object from standard input"
works bash -c '"$1" edges <(cat most/picture.png) --out from-pipe.png' - "$ptah"
python3 - stl/object.stl <<'PY' || wrong "the STL does not stand 30 mm high on zero"
import struct, sys
data = open(sys.argv[1], "rb").read()
z = [struct.unpack_from("<f", data, 84 + 50 * t + 12 + 12 * c + 8)[0] for t in range(struct.unpack_from("<I", data, 80)[0]) for c in range(3)]
sys.exit(not (min(z) == 0 and abs(max(z) - 30) < 0.01))
PY
works "$ptah" replay stl
says "object.stl: the same bytes"
works "$ptah" recall stl
says "ptah object --target-tris 500 --height-mm 30 --cut-by colour --format stl -- stl/from.png"
works "$ptah" recall one
says "--no-object --picture drawn --best-of 1 -- fox"
works "$ptah" create "it's a \"fox\"" "${quick[@]}" --watermark --background '#12ab9F' --from one/picture.png --strength 0.3 --seed 18446744073709551615 --out recalled --no-sign
works "$ptah" recall recalled
again=$(cat out)
works bash -c "ptah() { '$ptah' \"\$@\"; }; ${again/ptah create/ptah create --out again --no-sign}"
cmp -s recalled/receipt.json again/receipt.json || wrong "recalled another work: $again"

# --- what is wrong with a field is said as its option
refused 2 "--steps 0; 1 to 200 are possible" "$ptah" create fox --steps 0
refused 2 "--target-tris 5; 100 to 500000 are possible" "$ptah" create fox --target-tris 5
refused 2 "--strength needs --from" "$ptah" create fox --strength 0.3
refused 2 "--mask needs --from" "$ptah" paint fox --model x --mask y
refused 2 "the prompt has a control character" "$ptah" create $'f\x01x'
refused 2 "--perpendicular 20; 0 to 10 are possible" "$ptah" paint fox --model x --x perpendicular=0,20
refused 2 "--refine-from 2; 0 to 1 are possible" "$ptah" paint fox --model x --y refine-from=2
refused 2 "did you mean 'steps'?" "$ptah" paint fox --model x --x step=2
refused 2 "--steps 'a' is no whole number" "$ptah" paint fox --model x --x steps=a
printf '{}' >any.json
refused 2 "--schema and --grammar exclude each other" "$ptah" generate a --schema any.json --grammar any.json
works "$ptah" schema create
says '"maximum": 512'
refused 2 "did you mean 'create'?" "$ptah" schema crate
refused 2 "ptah has no command 'xylophone'; \`ptah --help\` lists what there is" "$ptah" xylophone
refused 2 "ptah has no option --xylophone; \`ptah --help\` lists what there is" "$ptah" --xylophone
refused 2 "was not expected: extra; \`ptah models --help\` lists what there is" "$ptah" models extra

# --- tables have a line for each row
works "$ptah" read odds "$PTAH_MODELS/../tests/data/articles/howto.md" --models none --details
awk '/^howto.md/ {found = $2 > 200 && $3 > 20 && $3 < 100 && $(NF - 1) > 90} END {exit !found}' out || wrong "made, kept, and an honest reader's chance: $(head -c 600 out)"
[ "$(grep -c '^    string search  ' out)" -gt 2 ] || wrong "--details in one line: $(head -c 600 out)"
printf 'One sentence.\n' >short.md
refused 2 "short.md: the article has" "$ptah" read odds short.md --models none

# --- batches: every recipe, the bytes of the single commands, broken lines, stopped and gone on with
cat >works.jsonl <<'END'
{"recipe": "create", "request": {"prompt": "a red fox", "steps": 1, "best_of": 1, "size": 128, "object": false, "seed": 4}, "out": "of-batch/fox"}

{"recipe": "object", "request": {"picture": "most/picture.png", "target_triangles": 500}}
{"recipe": "upscale", "request": {"picture": "most/picture.png"}, "out": "of-batch/large"}
{"recipe": "create", "request": {"prompt": "a red fox", "steps": 1, "best_of": 1, "size": 128, "object": false, "seed": 4}}
END
rm -rf ptah-works
works "$ptah" batch works.jsonl --no-sign
says "    1  create    done"
says "    3  object    done"
says "    4  upscale   done"
says "ptah-works/a-red-fox-4"
works "$ptah" create "a red fox" "${quick[@]}" --seed 4 --out single --no-sign
for folder in of-batch/fox ptah-works/a-red-fox-4; do diff -r single $folder || wrong "$folder is not what create makes"; done
works "$ptah" object most/picture.png --target-tris 500 --out one-object --no-sign
diff -r one-object ptah-works/picture || wrong "the batch's object is not what object makes"
works "$ptah" upscale most/picture.png --out large.png
cmp -s large.png of-batch/large/picture.png || wrong "the batch's large picture is not what upscale makes"
for folder in of-batch/fox of-batch/large ptah-works/picture; do works "$ptah" replay $folder; done
refused 2 "go on with --resume" "$ptah" batch works.jsonl --no-sign
works "$ptah" batch --resume works.jsonl --no-sign --json
says '"event":"batch"'
says '"done":4'
[ "$(ls ptah-works | tr '\n' ' ')" = "a-red-fox-4 picture " ] || wrong "made twice: $(ls ptah-works)"
printf '%s\n' '{"recipe": "create", "request": {"prompt": "x", "steps": 900}}' '{"recipe": "create", "request": {"promt": "x"}}' >broken.jsonl
refused 2 "broken.jsonl:1: steps 900; 1 to 200 are possible" "$ptah" batch broken.jsonl --no-sign
says "broken.jsonl:2: " err
says "promt" err
[ ! -e broken.jsonl.jobs ] || wrong "a broken file was begun"
refused 3 "was not begun yet" "$ptah" batch --resume broken.jsonl
echo '{"recipe": "create", "request": {"prompt": "x", "size": 512}}' >large.jsonl
refused 7 "of 1 could not be made" "$ptah" batch large.jsonl --no-sign --budget 50M
says "the budget is 50 MiB" err
# Ctrl-C, then kill -9, then to its end.
for i in 1 2 3 4 5 6; do
  echo "{\"recipe\": \"create\", \"request\": {\"prompt\": \"owl $i\", \"steps\": 12, \"best_of\": 1, \"size\": 128, \"object\": false}}"
done >owls.jsonl
rm -rf ptah-works
"$ptah" batch owls.jsonl --no-sign --workers 2 --quiet 2>err &
batch=$!
for i in $(seq 600); do [ -e ptah-works ] && break; sleep 0.1; done
kill -INT $batch
wait $batch
[ $? = 130 ] || wrong "a stopped batch ends with another status"
says "ptah batch --resume owls.jsonl" err
"$ptah" batch --resume owls.jsonl --no-sign --workers 2 --quiet 2>err &
batch=$!
sleep 1
kill -9 $batch
wait $batch 2>err
works "$ptah" batch --resume owls.jsonl --no-sign --workers 2
[ "$(ls ptah-works | tr '\n' ' ')" = "owl-1-0 owl-2-0 owl-3-0 owl-4-0 owl-5-0 owl-6-0 " ] || wrong "lost or twice: $(ls ptah-works)"
for i in 1 2 3 4 5 6; do
  "$ptah" verify ptah-works/owl-$i-0 >out 2>&1
  [ $? = 11 ] || wrong "owl $i is not whole: $(cat out)"
done

# --- files of one's own, signed as one work
printf 'The clock of Varn runs on water.\n' >clock.md
printf 'notes' >notes.bin
PTAH_KEYS=$place/no-keys refused 3 "there is no key to sign with" "$ptah" sign clock.md --out nobody
[ ! -e nobody ] || wrong "a work that nobody signed was written"
[ -e keys/maker.json ] || works "$ptah" key new maker --no-passphrase
works "$ptah" sign clock.md notes.bin --title "The clock of Varn" --out clock
cmp -s clock.md clock/clock.md || wrong "a signed file is not what it was"
says '"prompt":"The clock of Varn"' clock/receipt.json
works "$ptah" verify clock
says "AUTHENTIC: whole, signed by 0x"
refused 2 "exists already" "$ptah" sign clock.md --out clock
refused 2 "another file called 'clock.md'" "$ptah" sign clock.md clock/clock.md --out twice
refused 2 "cannot be called '../out.md'" "$ptah" sign ../out.md=clock.md --out outside
works "$ptah" sign clock.md second.md=clock/clock.md --out named
cmp -s clock.md named/second.md || wrong "a file has not the name it was given"
refused 2 "cannot be called 'receipt.json'" "$ptah" sign clock/receipt.json --out receipt
refused 3 "nowhere.md" "$ptah" sign clock.md nowhere.md --out half
[ ! -e half ] || wrong "half of a work was written"
refused 5 "which this version cannot make" "$ptah" replay clock
works "$ptah" sign notes.bin
works "$ptah" verify ptah-works/notes
sed -i 's/water/steam/' clock/clock.md
"$ptah" verify clock >out
[ $? = 6 ] || wrong "a changed file passed"
says "NOT AUTHENTIC: clock.md changed since it was signed"

# --- what is no work, what is no training
mkdir empty
refused 3 "is no work: there is no receipt.json in it" "$ptah" verify empty
refused 3 "e.g. ./" "$ptah" verify .
train() {
  printf '\xef\xbb\xbf%s' "$1" >config.json
  refused 2 "$2" "$ptah" train picture --config config.json
  [ ! -e picture-model ] || wrong "a refused training began: $1"
}
train '{}' "nothing is to be trained"
train '{"data": "pictures"}' "nothing is to be trained"
train '{"autoencoder": {"steps": 2}, "denoizer": {}}' "unknown key 'denoizer'; nearest: 'denoiser'"
train '{"autoencoder": {"steps": 2}, "denoiser": {"stpes": 3}}' "unknown key 'denoiser.stpes'; nearest: 'steps'"
train '{"autoencoder": {"steps": 2}, "judges": {"judge": {"sed": 3}}}' "unknown key 'judge.sed'; nearest: 'seed'"
train '{"autoencoder": {"steps": 2}, "denoiser": {"distil": {"text": "x"}}}' "unknown key 'denoiser.distil.text'"
train '{"autoencoder": {"steps": 2}, "autoencoder_model": {"sise": 32}}' "unknown key 'autoencoder_model.sise'; nearest: 'size'"
train '{"autoencoder": {"seed": -2}}' "0 to 18446744073709551615"

# --- one chain, not two
mkdir minted
refused 3 "neither a minted work nor CONTRACT/TOKEN" "$ptah" show minted --rpc http://127.0.0.1:1
printf '{"contract": "no address"}' >minted/token.json
refused 2 "no address" "$ptah" show minted --rpc http://127.0.0.1:1
refused 2 "two chains" "$ptah" show 0x0000000000000000000000000000000000000001/1 --rpc http://127.0.0.1:1 --dev-chain

report
