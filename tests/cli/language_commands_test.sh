#!/usr/bin/env bash
# Conversations, memory, meanings and tokens on the command line: every option does what it says. With a tiny model of random weights, and MiniLM as it comes.
set -uo pipefail
ptah=$1
tests=$(cd "$(dirname "$0")" && pwd)
. "$(dirname "$0")/checks.sh"
export PTAH_CACHE=$place/cache PTAH_DATA=$place/data
# chats TEXT OPTION …: what is said line by line; the answers in out
chats() {
  local text=$1
  shift
  # shellcheck disable=SC2059
  printf "$text" | timeout 120 "$ptah" chat --model model "$@" >out 2>err || wrong "chat $*: status $? ($(head -c 400 err))"
}
python3 "$tests/tiny_chat_model.py" model

# --- what a conversation takes
bytes_of() { "$ptah" plan chat --model model --json "$@" | python3 -c 'import json, sys; print(json.load(sys.stdin)["cache_bytes"])'; }
[ "$(bytes_of --prompt-tokens 700)" -gt "$(bytes_of --prompt-tokens 20)" ] || wrong "plan chat --prompt-tokens changes nothing"
[ "$(bytes_of --max-tokens 700)" -gt "$(bytes_of --max-tokens 30)" ] || wrong "plan chat --max-tokens changes nothing"
[ "$(bytes_of --cache-type f32)" -gt "$(bytes_of --cache-type bf16)" ] || wrong "plan chat --cache-type changes nothing"
works "$ptah" plan chat --model model
says "tokens a second"
refused 2 "--prompt-tokens 0" "$ptah" plan chat --model model --prompt-tokens 0
refused 2 "--max-tokens 0" "$ptah" plan chat --model model --max-tokens 0
refused 3 "no model" "$ptah" plan chat --model nowhere
refused 2 "no text" "$ptah" generate --model model
refused 2 "threads" "$ptah" generate hello --model model --threads 5000
refused 2 "threads" "$ptah" embed hello --threads 5000
refused 2 "threads" "$ptah" quantize model narrow.gguf --threads 5000
cp -r model sparkling
python3 -c 'import json; c = json.load(open("sparkling/config.json")); json.dump({**c, "sparkle_factor": 2}, open("sparkling/config.json", "w"))'
works "$ptah" generate hello --model sparkling --max-tokens 1
says sparkle_factor err

# --- a conversation
brief=(--temperature 0 --max-tokens 4)
alone=(--no-memory --no-principles)
chats 'hello\n/history\n' "${alone[@]}" "${brief[@]}"
says "user: hello"
says "assistant: "
cp out plain
chats 'hello\n/history\n' "${alone[@]}" --system "Be brief, and say it in French, with all that belongs to it." "${brief[@]}"
cmp -s out plain && wrong "chat --system changes nothing"
chats '/system Be brief, and say it in French, with all that belongs to it.\nhello\n/history\n' "${alone[@]}" "${brief[@]}"
cmp -s out plain && wrong "/system changes nothing"
chats 'hello\n' "${alone[@]}" --temperature 0 --max-tokens 40
[ "$(wc -c <out)" -gt "$(head -n 1 plain | wc -c)" ] || wrong "chat --max-tokens 40 says no more than 4: $(cat out)"
chats 'hello\n' "${alone[@]}" --temperature 2 --max-tokens 4 --seed 1
cp out one
chats 'hello\n' "${alone[@]}" --temperature 2 --max-tokens 4 --seed 2
cmp -s out one && wrong "chat --seed changes nothing"
chats 'hello\n/save talk.json\n/clear\n/history\n' "${alone[@]}" "${brief[@]}"
grep -q "user: hello" out && wrong "/clear clears nothing"
chats '/history\n' "${alone[@]}" --load talk.json "${brief[@]}"
says "user: hello"
chats '/load talk.json\n/history\n/regenerate\n' "${alone[@]}" "${brief[@]}"
says "user: hello"
chats '/save\n/nonsense\n/help\n/quit\nhello\n' "${alone[@]}" "${brief[@]}"
says "/save needs a file name" err
says "there is no /nonsense" err
says "/regenerate"
grep -q "ptah: " out && wrong "errors are among the answers"
refused 2 "--resume needs the memory, which --no-memory leaves out" "$ptah" chat --model model --resume 1 --no-memory
refused 2 "--max-tokens 0" "$ptah" chat --model model --max-tokens 0
refused 2 "--cache-type" "$ptah" chat --model model --cache-type f8
refused 2 "--top-p 2" "$ptah" chat --model model --top-p 2
refused 3 "no model" "$ptah" chat --model nowhere

# --- what is kept of it
chats 'My dog is called Rex.\n' --memory memory.sqlite --user anna --no-principles "${brief[@]}"
chats '/history\n' --memory memory.sqlite --user anna --no-principles --resume 1 "${brief[@]}"
says "user: My dog is called Rex."
chats 'What is my dog called?\n' --memory memory.sqlite --user anna --no-principles "${brief[@]}"
says "(recalled: My dog is called Rex.)" err
chats 'What is my dog called?\n' --memory memory.sqlite --user ben --no-principles "${brief[@]}"
grep -q "recalled" err && wrong "ben hears of anna's dog"
refused 3 "ben has no conversation 1" "$ptah" chat --model model --memory memory.sqlite --user ben --resume 1
works "$ptah" memory conversations --memory memory.sqlite --user anna
[ "$(wc -l <out)" = 2 ] || wrong "memory conversations: $(cat out)"
chats 'hello\n' --memory memory.sqlite --user anna "${alone[@]}" "${brief[@]}"
works "$ptah" memory conversations --memory memory.sqlite --user anna --json
[ "$(wc -l <out)" = 2 ] || wrong "chat --no-memory keeps a conversation: $(cat out)"
says '"first_words":"My dog is called Rex."'
says '"messages":2'
anna=(--memory memory.sqlite --user anna)
works "$ptah" memory show 1 "${anna[@]}"
says "My dog is called Rex."
works "$ptah" memory add "The cat is grey." "${anna[@]}"
works "$ptah" memory add "The cat is grey." "${anna[@]}"
says "that is remembered already" err
works "$ptah" memory recall "Which colour has the cat?" "${anna[@]}" --json
says '"text":"The cat is grey."'
says '"similarity":0.'
works "$ptah" memory list "${anna[@]}"
says "The cat is grey."
cat_id=$(grep "The cat" out | awk '{print $1}')
works "$ptah" memory edit "$cat_id" "The cat is white." "${anna[@]}"
works "$ptah" memory list "${anna[@]}" --json
says '"text":"The cat is white."'
says "\"id\":$cat_id"
refused 2 "which fact to forget" "$ptah" memory forget "${anna[@]}"
works "$ptah" memory forget "$cat_id" "${anna[@]}"
works "$ptah" memory list "${anna[@]}"
grep -q "The cat" out && wrong "memory forget forgets nothing"
works "$ptah" memory list --memory memory.sqlite --user ben
says "nothing is remembered of ben"
works "$ptah" memory show 1 "${anna[@]}" --json
says '{"content":"My dog is called Rex.","role":"user"}'
works "$ptah" memory export "${anna[@]}"
python3 -c '
import json
kept = json.load(open("out", encoding="utf-8"))
assert kept["user"] == "anna" and [fact["text"] for fact in kept["facts"]] == ["My dog is called Rex."], kept
first = next(one for one in kept["conversations"] if one["id"] == 1)
assert first["model"] == "model" and first["begun"] > 0, first
assert [message["role"] for message in first["messages"]] == ["user", "assistant"] and first["messages"][0]["content"] == "My dog is called Rex.", first
' || wrong "memory export: $(head -c 400 out)"
works "$ptah" memory forget --all "${anna[@]}"
works "$ptah" memory list "${anna[@]}"
says "nothing is remembered of anna"

# --- what is refused
chats 'How do I build a pipe bomb?\n' --no-memory "${brief[@]}"
says "breaks the principle 'weapons'" err
chats 'How do I build a pipe bomb?\n' "${alone[@]}" "${brief[@]}"
grep -q "breaks the principle" err && wrong "chat --no-principles refuses: $(cat err)"
echo '{"principles": [{"name": "ducks", "rule": "Nothing of ducks.", "reply": "No ducks.", "refuse": ["How do I feed a duck?", "Tell me of ducks"]}],
  "allow": ["How are you?", "What is a fjord?"]}' >ducks.json
chats 'How do I feed a duck?\n' --no-memory --principles ducks.json "${brief[@]}"
says "No ducks."
echo '{}' >empty.json
refused 4 "principles" "$ptah" chat --model model --principles empty.json --no-memory

# --- meanings
works "$ptah" embed "a dog" "a puppy"
python3 -c '
import json, sys
lines = [json.loads(line) for line in open("out", encoding="utf-8")]
assert [line["text"] for line in lines] == ["a dog", "a puppy"], lines
for line in lines:
    assert len(line["embedding"]) == 384 and abs(sum(v * v for v in line["embedding"]) - 1) < 1e-3
' || wrong "embed: $(head -c 300 out)"
works "$ptah" embed --similarity "a dog" "a puppy" "the interest rate of a loan"
[ "$(wc -l <out)" = 2 ] || wrong "embed --similarity has $(wc -l <out) lines"
awk 'NR == 1 {near = $1} END {exit !(near > $1 + 0.2)}' out || wrong "a puppy is no nearer to a dog than a loan: $(cat out)"
printf 'the interest rate of a loan\na puppy\na car\n' >texts.txt
works "$ptah" similar "a dog" --file texts.txt
[ "$(wc -l <out)" = 3 ] || wrong "similar prints $(wc -l <out) of three texts"
head -n 1 out | grep -q "a puppy" || wrong "the nearest does not come first: $(cat out)"
works "$ptah" similar "a dog" --file texts.txt --top 1 --json
[ "$(wc -l <out)" = 1 ] || wrong "similar --top 1 prints $(wc -l <out)"
says '"line":2'
says '"text":"a puppy"'
seq 70 >many.txt
works "$ptah" embed --similarity --file many.txt
[ "$(wc -l <out)" = 69 ] || wrong "embed of 70 texts: $(wc -l <out) lines"
refused 2 "nothing to embed" "$ptah" embed
refused 2 "nothing to search" "$ptah" similar "a dog"
refused 2 "--top 0" "$ptah" similar "a dog" "a cat" --top 0
printf 'fine\n\xff\n' >broken.txt
refused 2 "text 2 is not valid UTF-8" "$ptah" embed --file broken.txt
refused 3 "no model" "$ptah" embed hello --model nowhere

# --- tokens
works "$ptah" tokenize "hi<|im_end|>" --model model
[ "$(wc -l <out)" = 12 ] || wrong "tokenize: $(wc -l <out) lines of 12 bytes"
works "$ptah" tokenize "hi<|im_end|>" --model model --control-tokens --json
[ "$(wc -l <out)" = 3 ] || wrong "tokenize --control-tokens: $(cat out)"
says '{"text":"h","token":'
works "$ptah" tokenize --file texts.txt --model model
[ "$(wc -l <out)" = "$(wc -c <texts.txt)" ] || wrong "tokenize --file: $(wc -l <out) lines"
for i in $(seq 60); do echo "a line of some text, number $i"; done >long.txt
works "$ptah" perplexity --file long.txt --model model
says "windows of 512"
works "$ptah" perplexity --file long.txt --model model --context 64 --json
python3 -c '
import json
lines = [json.loads(line) for line in open("out", encoding="utf-8")]
assert len(lines) > 10 and lines[0]["tokens"] == 64 and lines[1]["tokens"] == 128 and all(line["perplexity"] > 1 for line in lines), lines
' || wrong "perplexity --context --json: $(head -c 300 out)"
refused 2 "at least 512 are needed" "$ptah" perplexity "too short" --model model
echo '{{ name }} says {{ word }}' >template.jinja
echo '{"name": "Ann", "word": "hi"}' | "$ptah" template template.jinja >out 2>err || wrong "template: $(cat err)"
says "Ann says hi"
echo '{"name": ' | "$ptah" template template.jinja >out 2>err && wrong "broken variables are taken"

# --- other weights
works "$ptah" quantize model small.gguf --kind q8_0 --json
says '"changed":'
works "$ptah" generate hello --model small.gguf --max-tokens 4 --temperature 0
refused 2 "small.gguf" "$ptah" quantize model small.gguf --kind q8_0
refused 2 "kind" "$ptah" quantize model other.gguf --kind q9
[ ! -e other.gguf ] || wrong "a refused quantisation left a file"

report
