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

# --- rewards and answers that are scored
printf '{"data": "pairs.jsonl", "out": "judge", "start_from": "whole", "steps": 3, "batch": 2, "lora": {"rank": 2}}' >reward.json
works "$ptah" train reward --config reward.json
printf '{"prompt": "the cat ", "instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}\n%.0s' $(seq 8) >requests.jsonl
for reward in instructions judge; do
  printf '{"data": "requests.jsonl", "out": "by-%s", "reward": "%s", "start_from": "whole", "steps": 2, "batch": 2, "group": 2, "max_tokens": 6, "lora": {"rank": 2}}' $reward $reward >reinforce.json
  works "$ptah" train reinforce --config reinforce.json
  works "$ptah" generate "the cat" --model whole --adapter by-$reward --max-tokens 5
done
sed -i 's/"reward": "judge"/"reward": "nowhere"/; s/by-judge/other/' reinforce.json
refused 3 "nowhere" "$ptah" train reinforce --config reinforce.json
sed -i 's/no_comma/no_coma/' requests.jsonl
sed -i 's/"reward": "nowhere"/"loss": "dapo"/' reinforce.json
refused 2 "no_comma" "$ptah" train reinforce --config reinforce.json

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

# --- letters into letters
for word in ab ba abc cab bca acb bac cba aab abb bba baa; do printf '%s\t%s\n' $word $word; done >copy.tsv
printf '{"data": "copy.tsv", "out": "copier", "kind": "lstm", "source_units": "characters", "target_units": "characters", "width": 16, "layers": 1, "batch": 4, "steps": 4, "held_out": 0.2}' >translate.json
works "$ptah" train translate --config translate.json
for file in translation.json model.safetensors scores.json attention.svg curve.png; do [ -s "copier/$file" ] || wrong "no copier/$file"; done
works "$ptah" translate abc --model copier --beams 2 --attention where.svg
[ -s where.svg ] || wrong "no where.svg"
works "$ptah" translate abc ba --model copier --json
says '"translation"'
refused 3 "translation.json" "$ptah" translate abc --model whole
refused 2 "nothing to translate" "$ptah" translate --model copier
refused 2 "one text" "$ptah" translate a b --model copier --attention other.svg
refused 2 "a tab between" "$ptah" train translate

# --- pictures against a discriminator
python3 - <<'END'
import os, struct, zlib
os.makedirs("squares")
chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
for i in range(20):
    rows = b"".join(b"\0" + bytes(10 * i if 2 <= x + i % 3 < 6 and 2 <= y < 6 else 255 for x in range(8)) for y in range(8))
    open(f"squares/{i}.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
END
printf '{"data": "squares", "out": "gan", "size": 8, "widths": [8, 8], "latent": 4, "batch": 4, "steps": 4, "film_frames": 2, "probe_steps": 2, "held_out": 0.3}' >gan.json
works "$ptah" train gan --config gan.json
for file in generator.safetensors film.webp equilibrium.json samples.png; do [ -s "gan/$file" ] || wrong "no gan/$file"; done
works "$ptah" draw gan --count 3 --seed 5 --out drawn
works "$ptah" draw gan --count 3 --seed 5 --out drawn
[ "$(digest drawn/000002.png)" = "$(digest drawn-2/000002.png)" ] || wrong "the same seed drew another picture"
refused 3 "generator.safetensors" "$ptah" draw whole
refused 2 "a folder of pictures" "$ptah" train gan

# --- what somebody thinks of answers
python3 "$(dirname "$0")/tiny_chat_model.py" tiny
printf 'hi\n/prefer\n/good\n/better Hello!\n/regenerate\n/bad\n' >said.txt
PTAH_DATA=data works "$ptah" chat --model tiny --no-memory --no-principles --max-tokens 4 <said.txt
[ "$(wc -l <data/feedback.jsonl)" = 3 ] || wrong "$(wc -l <data/feedback.jsonl) rows of feedback, not 3"
for i in $(seq 40); do printf '{"prompt": "the cat %s ", "chosen": "sat", "rejected": "no"}\n' $i; done >rows.jsonl
works "$ptah" learn rows.jsonl --model whole --out learnt --epochs 1 --no-sign
head -3 rows.jsonl >few.jsonl
refused 2 "held out" "$ptah" learn few.jsonl --model whole --out few
refused 3 "" "$ptah" learn nowhere.jsonl --model whole --out nowhere

report
