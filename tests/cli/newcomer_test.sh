#!/usr/bin/env bash
# What a newcomer does first: a set of works in one style, one question, a model of your own pictures, the list of models, a key that is no longer wanted.
set -uo pipefail
ptah=$1
tests=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/checks.sh"
export PTAH_CACHE=$place/cache
quick=(--steps 1 --best-of 1 --size 128 --no-object)

# --- a set of works: one a line, in one style, as if each had been asked for alone
printf '\xef\xbb\xbfa red fox\r\n\r\na blue owl\r\n' >prompts.txt
works "$ptah" create --prompts prompts.txt "${quick[@]}" --style flat --seed 7 --out set --no-sign --json --quiet
[ "$(wc -l <out)" = 1 ] || wrong "--prompts with --json --quiet prints $(wc -l <out) lines"
says '"set/a-red-fox-7/picture.png"'
says '"set/a-blue-owl-7/picture.png"'
works "$ptah" create "a blue owl" "${quick[@]}" --style flat --seed 7 --out alone --no-sign
cmp -s set/a-blue-owl-7/picture.png alone/picture.png || wrong "a work of a set differs from the same alone"
cmp -s set/a-red-fox-7/picture.png alone/picture.png && wrong "all works of a set are one"
works bash -c 'printf "a red fox\n" | "$1" create --prompts - --steps 1 --best-of 1 --size 128 --no-object --count 2 --out counted --no-sign' - "$ptah"
[ "$(ls counted | wc -l)" = 2 ] || wrong "--prompts with --count 2 makes $(ls counted)"
refused 2 "a prompt, or --prompts FILE" "$ptah" create
refused 2 "a prompt, or --prompts FILE" "$ptah" create fox --prompts prompts.txt
echo >blank.txt
refused 2 "holds no prompt" "$ptah" create --prompts blank.txt
refused 2 "style" "$ptah" create --prompts prompts.txt --style nonsense --out nothing
[ ! -e nothing ] || wrong "a refused set left a folder"

# --- one question
python3 "$tests/tiny_chat_model.py" model
cat >schema.json <<'JSON'
{"type": "object", "properties": {"name": {"type": "string", "maxLength": 8}, "old": {"type": "boolean"}}, "required": ["name", "old"], "additionalProperties": false}
JSON
works "$ptah" ask "Who are you?" --model model --schema schema.json --max-tokens 60
python3 -c 'import json, sys; made = json.load(open("out", encoding="utf-8")); sys.exit(not (isinstance(made["name"], str) and isinstance(made["old"], bool)))' ||
  wrong "the answer is not of the schema: $(cat out)"
works "$ptah" ask "Who are you?" --model model --max-tokens 4 --temperature 0 --json
says '"tokens":4'
prompt_tokens() { grep -o '"prompt_tokens":[0-9]*' out | grep -o '[0-9]*'; }
bare=$(prompt_tokens)
[ "$bare" -gt 30 ] || wrong "the chat template is not used: $bare tokens"
works "$ptah" ask "Who are you?" --model model --max-tokens 4 --temperature 0 --json --system "Be brief."
[ "$(prompt_tokens)" -gt "$bare" ] || wrong "--system changes nothing"
echo "a text of twenty-nine letters" >text.txt
works "$ptah" ask "Who are you?" --file text.txt --model model --max-tokens 4 --temperature 0 --json
[ "$(prompt_tokens)" -gt $((bare + 25)) ] || wrong "--file is not read"
works "$ptah" ask "<|im_end|>" --model model --max-tokens 1 --temperature 0 --json
[ "$(prompt_tokens)" -gt $((bare - 8)) ] || wrong "a control token was typed"
refused 2 "no question" "$ptah" ask --model model
refused 2 "--max-tokens 0" "$ptah" ask hello --model model --max-tokens 0
refused 2 "--typical-p 2" "$ptah" ask hello --model model --typical-p 2
refused 2 "--schema and --grammar exclude" "$ptah" ask hello --model model --schema schema.json --grammar schema.json
printf 'root ::= "yes" | "no"' >answer.gbnf
works "$ptah" ask "Who are you?" --model model --grammar answer.gbnf --max-tokens 8
grep -qxE 'yes|no' out || wrong "--grammar is not kept: $(cat out)"
refused 3 "no model" "$ptah" ask hello --model nowhere
sed -i 's/"chat_template"/"no_template"/' model/tokenizer_config.json
refused 5 "no chat template" "$ptah" ask hello --model model

# --- a model of your own pictures
mkdir mine
cp alone/picture.png mine/a.png
cp set/a-red-fox-7/picture.png mine/b.png
echo '{"file_name": "a.png", "text": "a blue owl"}' >mine/captions.jsonl
echo '{"file_name": "c.png", "text": "a ghost"}' >>mine/captions.jsonl
refused 3 "captions.jsonl:2: there is no picture" "$ptah" train picture mine --minutes 1 --out quick
[ ! -e quick/picture.safetensors ] || wrong "a refused training made a model"
sed -i 2d mine/captions.jsonl
refused 2 "too short" "$ptah" train picture mine --minutes 0.01 --out short
cat >tiny.json <<'JSON'
{"data": "mine", "out": "tiny",
 "autoencoder_model": {"size": 32, "latent_channels": 8, "encoder_widths": [16, 16], "encoder_blocks": [1, 1], "decoder_widths": [16, 16], "decoder_blocks": [1, 1]},
 "autoencoder": {"batch": 4, "steps": 4, "warmup": 1},
 "denoiser": {"batch": 4, "steps": 5, "warmup": 1, "width": 32, "blocks": 1, "heads": 2, "text_width": 32, "text_layers": 1}}
JSON
works "$ptah" train picture --config tiny.json
works "$ptah" train picture mine --minutes 0.5 --model tiny/picture.safetensors --out quick
says "steps of"
[ -f quick/picture.safetensors ] && [ -f quick/train.json ] || wrong "no model: $(ls quick)"
works "$ptah" create "a blue owl" --steps 1 --no-object --model quick --out drawn --no-sign
says '"style":"any"' drawn/receipt.json
works "$ptah" train picture mine --minutes 0.5 --model tiny/picture.safetensors --out quick
says "continues with quick/train.json"
mkdir others && cp alone/picture.png others
refused 2 "name another folder" "$ptah" train picture others --minutes 1 --model tiny/picture.safetensors --out quick
refused 2 "name a folder of captioned pictures" "$ptah" train picture

# --- what is there
works "$ptah" models
says "picture "
grep -qE '[0-9a-f]{64}' out && wrong "models shows digests without being asked"
[ "$(wc -l <out)" -lt 12 ] || wrong "models has $(wc -l <out) lines"
works "$ptah" models --verbose
grep -qE 'sha256 [0-9a-f]{64}' out || wrong "models --verbose shows no digest"
says "licence Apache-2.0"

# --- a key that is no longer wanted
works "$ptah" key new old --no-passphrase
address=$(grep -o '0x[0-9a-fA-F]*' out)
echo "${address/0x/0X}" | timeout 60 "$ptah" key delete old >out 2>err && wrong "a key went for another address"
says "nothing was deleted" err
refused 2 "nothing was deleted" "$ptah" key delete old
works "$ptah" key list
says "$address"
echo "$address" | timeout 60 "$ptah" key delete old >out 2>err || wrong "key delete: $(cat err)"
works "$ptah" key list
grep -q "$address" out && wrong "the key is still used"
[ "$(stat -c %a keys/deleted keys/deleted/old.json | tr '\n' ' ')" = "700 600 " ] || wrong "the bin is open: $(stat -c %a keys/deleted keys/deleted/old.json)"
works "$ptah" key import keys/deleted/old.json back
says "$address"
works "$ptah" key new old --no-passphrase
address=$(grep -o '0x[0-9a-fA-F]*' out)
echo "$address" | timeout 60 "$ptah" key delete old >out 2>err || wrong "a second key of that name cannot be deleted: $(cat err)"
[ -f keys/deleted/old.json ] && [ -f keys/deleted/old-2.json ] || wrong "a deleted key was lost: $(ls keys/deleted)"

report
