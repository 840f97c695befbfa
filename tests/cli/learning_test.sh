#!/usr/bin/env bash
# Training on texts by commands: a language model that generate goes on with, a classifier that classify uses, an adapter of preferences; what is there is not
# written over.
set -uo pipefail
ptah=$1
. "$(dirname "$0")/checks.sh"
digest() { sha256sum <"$1"; }

for i in $(seq 200); do printf 'the cat sat on a mat.\nno cat, no mat!\n'; done >text.txt
config() {  # NAME KEYS
  printf '{"data": "text.txt", "batch": 2, "steps": 6, "warmup": 1, "learning_rate": 0.01, "eval_tokens": 64, %s}' "$2" >"$1.json"
}
model='"model": {"family": "mistral", "layers": 1, "heads": 2, "width": 32, "context": 16}'

# --- a language model: cut and continued, read by generate
config whole "\"out\": \"whole\", $model"
works "$ptah" train language --config whole.json
config cut "\"out\": \"cut\", \"stop_at\": 2, $model"
works "$ptah" train language --config cut.json
config cut "\"out\": \"cut\", $model"
works "$ptah" train language --config cut.json
[ "$(digest whole/model.safetensors)" = "$(digest cut/model.safetensors)" ] || wrong "a run that was cut ends in other bytes"
works "$ptah" train language --config cut.json --threads 1
[ "$(digest whole/model.safetensors)" = "$(digest cut/model.safetensors)" ] || wrong "a run that is at its end changed its model"
for file in samples.txt curve.csv curve.png log.csv config.json tokenizer.json; do [ -s "whole/$file" ] || wrong "no $file"; done
works "$ptah" generate "the cat" --model whole --max-tokens 20
config other "\"out\": \"whole\", \"seed\": 7, $model"
refused 2 "another 'seed'" "$ptah" train language --config other.json
config other "\"out\": \"other\", \"widht\": 7"
refused 2 "widht" "$ptah" train language --config other.json
refused 2 "name a text file" "$ptah" train language
refused 2 "name a text file" "$ptah" train language text.txt --config whole.json
refused 3 "" "$ptah" train language nowhere.txt --out nowhere

# --- an adapter of it
config lora "\"out\": \"lora\", \"start_from\": \"whole\", \"context\": 16, \"lora\": {\"rank\": 2}"
works "$ptah" train language --config lora.json
works "$ptah" generate "the cat" --model whole --temperature 0 --max-tokens 30 --out plain --no-sign --quiet
works "$ptah" generate "the cat" --model whole --adapter lora --temperature 0 --max-tokens 30 --out adapted --no-sign --quiet
says '"adapter":"lora"' adapted/receipt.json
works "$ptah" replay adapted
says "text.txt: the same bytes"
mv lora elsewhere
refused 3 "adapter_config.json" "$ptah" replay adapted
mv elsewhere lora
cp lora/adapter_config.json kept.json
sed 's/"r": 2/"r": 3/' kept.json >lora/adapter_config.json
refused 6 "lora_a" "$ptah" generate "the cat" --model whole --adapter lora
cp kept.json lora/adapter_config.json
refused 3 "no adapter" "$ptah" generate "the cat" --model whole --adapter plain

# --- preferences
printf '{"prompt": "the cat ", "chosen": "sat", "rejected": "no"}\n%.0s' $(seq 8) >pairs.jsonl
printf '{"data": "pairs.jsonl", "out": "liked", "start_from": "whole", "steps": 3, "batch": 2, "lora": {"rank": 2}}' >preference.json
works "$ptah" train preference --config preference.json
works "$ptah" generate "the cat" --model whole --adapter liked --max-tokens 5
printf '{"data": "pairs.jsonl", "out": "liked", "start_from": "whole", "loss": "dpo"}' >preference.json
refused 2 "sigmoid" "$ptah" train preference --config preference.json

# --- a classifier
{
  printf 'text,label\n'
  for thing in film book play song meal trip; do printf 'a wonderful %s,praise\n"what a terrible, dull %s",blame\nI loved the %s,praise\nI hated the %s,blame\n' $thing $thing $thing $thing; done
} >labelled.csv
printf '{"data": "labelled.csv", "out": "classifier", "held_out": "labelled.csv", "batch": 8, "steps": 12, "learning_rate": 5e-4}' >encoder.json
works "$ptah" train encoder --config encoder.json
works "$ptah" classify "a wonderful day" "what a terrible day" --model classifier
says "praise"
says "blame"
works "$ptah" classify "a wonderful day" --model classifier --json
says '"labels":["praise"]'
works "$ptah" embed "a day" --model classifier
refused 3 "no classifier" "$ptah" classify "a day" --model minilm
refused 2 "nothing to classify" "$ptah" classify --model classifier
refused 2 "the columns" "$ptah" train encoder

report
