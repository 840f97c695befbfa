#!/usr/bin/env bash
# What holds for every command line: what cannot end well is refused first, standard output is checked, lines that are wrong are explained.
set -uo pipefail
ptah=$1
place=$(mktemp -d)
trap 'chmod -R u+w "$place"; rm -rf "$place"' EXIT
cd "$place" || exit 1
export PTAH_KEYS=$place/keys
quick=(--steps 1 --best-of 1 --size 128 --no-object)
failures=0
wrong() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}
# refused STATUS TEXT COMMAND …: ends with that status, TEXT on standard error, within ten seconds
refused() {
  local wanted=$1 text=$2 status
  shift 2
  timeout 60 "$@" >out 2>err </dev/null
  status=$?
  [ "$status" = "$wanted" ] || wrong "$*: status $status, expected $wanted ($(head -c 300 err))"
  grep -qF -- "$text" err || wrong "$*: '$(head -c 300 err)' does not say '$text'"
}
# works COMMAND …: ends with 0; standard output in out
works() {
  timeout 120 "$@" >out 2>err </dev/null || wrong "$*: status $? ($(head -c 300 err))"
}
says() { grep -qF -- "$1" "${2:-out}" || wrong "no '$1' in '$(head -c 300 "${2:-out}")'"; }

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
says "remembers a fact"
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
says "ptah object --solid round --target-tris 500 --size-mm 100 --height-mm 30 --format stl -- stl/from.png"
works "$ptah" recall one
says "--no-object -- fox"

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

[ $failures = 0 ] || { echo "$failures failures"; exit 1; }
