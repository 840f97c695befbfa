#!/usr/bin/env bash
# Lessons on the command line: every option does what it says.
set -uo pipefail
ptah=$1
tests=$(cd "$(dirname "$0")/.." && pwd)
. "$(dirname "$0")/checks.sh"
article=$tests/data/articles/history.md

works "$ptah" teach questions "$article" --count 6
says "## Answers"
cp out usual
works "$ptah" teach questions "$article" --count 6 --seed 5
cmp -s out usual && wrong "--seed changes nothing"
works "$ptah" teach questions "$article" --out lesson --format json --format qti --format moodle --format anki --format markdown --count 12
[ "$(ls lesson | wc -l)" = 5 ] || wrong "not five files: $(ls lesson)"
python3 - <<'PY' || wrong "the files do not hold the same questions"
import csv, json, xml.etree.ElementTree as xml, zipfile
lesson = json.load(open("lesson/questions.json"))
assert len(lesson["items"]) == 12
package = zipfile.ZipFile("lesson/questions.qti.zip")
items = [xml.fromstring(package.read(name)) for name in package.namelist() if name.startswith("items/")]
assert len(items) == 12
q = "{http://www.imsglobal.org/xsd/imsqtiasi_v3p0}"
for told, item in zip(lesson["items"], items):
    key = item.find(f".//{q}qti-correct-response/{q}qti-value").text
    choices = {c.get("identifier"): "".join(c.itertext()) for c in item.iter(q + "qti-simple-choice")}
    assert choices[key] == next(o["text"] for o in told["options"] if o["right"])
moodle = xml.parse("lesson/questions.moodle.xml").getroot()
assert len(moodle.findall("question[@type='multichoice']")) == 12
rows = [r for r in csv.reader((l for l in open("lesson/questions.anki.txt") if not l.startswith("#")), delimiter="\t")]
assert len(rows) == 12 and all(len(r) == 3 for r in rows)
PY
refused 2 "exists already" "$ptah" teach questions "$article" --out lesson
works "$ptah" teach questions "$article" --bloom apply --count 4
grep -q "(understand" out && wrong "--bloom apply gives others"
works "$ptah" teach questions "$article" --level easy --count 4
grep -q ", hard)" out && wrong "--level easy gives hard ones"
refused 2 "unknown format 'word'" "$ptah" teach questions "$article" --format word
refused 2 "dream" "$ptah" teach questions "$article" --bloom dream
refused 2 "the text is empty" "$ptah" teach questions - </dev/null

python3 - <<'PY'
import math, random
random.seed(4)
with open("answers.csv", "w") as file:
    file.write("learner,item,right\n")
    for l in range(120):
        skill = random.gauss(0, 1)
        for i in range(12):
            right = random.random() < 1 / (1 + math.exp((-1 if i != 3 else 2) * (skill - (i - 6) / 4)))
            file.write(f"l{l},q{i},{int(right)}\n")
PY
works "$ptah" teach statistics answers.csv
says "is the key right?"
works "$ptah" teach statistics answers.csv --json
says '"difficulty"'
refused 4 "line 1" "$ptah" teach statistics "$article"

cat >roman.py <<'PY'
def roman(number):
    """
    >>> roman(4)
    'IV'
    """
    if number < 1:
        raise ValueError("below 1")
    out = ""
    for value, sign in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        while number >= value:
            out += sign
            number -= value
    return out


def triple(x: int) -> int:
    return 3 * x
PY
works "$ptah" teach tests roman.py
says "passed 5 times"
python3 -m unittest -q test_roman 2>err || wrong "the tests do not pass outside: $(cat err)"
refused 2 "exists already" "$ptah" teach tests roman.py
works "$ptah" teach tests roman.py --function triple --mutants 2 --seconds 3 --seed 2 --out triple.py --json
says '"mutants":2'
works "$ptah" teach exercises roman.py --out exercises --count 1 --mutants 12
[ -e exercises/exercise-2/task.md ] || wrong "two functions give no two exercises"
grep -q "Hint 4" exercises/exercise-1/task.md || wrong "no ladder of hints"
says "extend roman"
works "$ptah" teach exercises roman.py --function roman --kind extend --mutants 8 --out extend
[ "$(ls extend)" = "$(printf 'exercise-1\nexercises.json\nreference')" ] || wrong "--kind extend gives others: $(ls extend)"
grep -q 'roman(0).* has to raise ValueError' extend/exercise-1/task.md || wrong "what is to be handled is not said: $(cat extend/exercise-1/task.md)"
works "$ptah" teach grade roman.py extend/exercises.json
refused 6 "not passed" "$ptah" teach grade extend/exercise-1/roman.py extend/exercises.json
says "has to raise ValueError"
refused 2 "1 to 1 are there" "$ptah" teach grade roman.py extend/exercises.json --exercise 2
works "$ptah" teach grade exercises/reference/roman.py exercises/exercise-1/test_roman.py
refused 6 "not passed" "$ptah" teach grade exercises/exercise-1/roman.py exercises/exercise-1/test_roman.py
works "$ptah" teach grade exercises/exercise-1/roman.py exercises/exercise-1/test_roman.py --json
says '"passed":false'
echo 'print(sum(int(x) for x in input().split()))' >sum.py
echo "1 2 39" >numbers.txt
works "$ptah" teach run sum.py --input numbers.txt
says "42"
echo 'while True: pass' >loop.py
refused 7 "longer than 0.5 seconds" "$ptah" teach run loop.py --seconds 0.5
echo 'x = bytearray(300 << 20)' >big.py
refused 6 "status 1" "$ptah" teach run big.py --memory 64
works "$ptah" teach run big.py --memory 800
echo 'import socket; socket.socket()' >net.py
refused 6 "status 1" "$ptah" teach run net.py
refused 5 "modules in Python" "$ptah" teach tests numbers.txt

cat >shout.mjs <<'JS'
/** shout("a", 2) is "A!!". */
export function shout(text, times = 1) {
  if (times < 1) throw new RangeError("at least one");
  return text.toUpperCase() + "!".repeat(times);
}
JS
works "$ptah" teach tests shout.mjs --mutants 6
node --test test_shout.mjs >err 2>&1 || wrong "the tests do not pass outside: $(cat err)"
works "$ptah" teach exercises shout.mjs --count 1 --mutants 4 --out shouts
says "repair shout"
works "$ptah" teach grade shout.mjs shouts/exercises.json
refused 6 "not passed" "$ptah" teach grade shouts/exercise-1/shout.mjs test_shout.mjs
echo 'console.log(1 + 41)' >sum.js
works "$ptah" teach run sum.js
says "42"
echo 'const all = []; for (;;) all.push(new Array(1e6).fill(1))' >big.js
refused 6 "status" "$ptah" teach run big.js --memory 200
echo 'require("net").connect(80, "127.0.0.1")' >net.js
refused 6 "status 1" "$ptah" teach run net.js

mkdir class
cp -r lesson class/history
"$ptah" teach serve class --port 0 --host 127.0.0.1 --name class.local >served 2>&1 &
server=$!
python3 - <<'PY' || wrong "the class does not work: $(cat served)"
import json, time, urllib.request
for _ in range(300):
    lines = open("served").read().split()
    if len(lines) == 4:
        break
    time.sleep(0.1)
address, (teacher, token) = lines[1], lines[3].split("#")
def ask(path, body=None, token=token):
    request = urllib.request.Request(f"{address}/{path}", None if body is None else json.dumps(body).encode(), {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request))
assert urllib.request.urlopen(teacher).status == 200
code = ask("teacher/learners", {"names": ["Ann"]})[0]["code"]
ask("teacher/assignments/history", {"open": True})
ann = ask("join", {"code": code})["token"]
item = ask("tasks", token=ann)["assignments"][0]["items"][0]
ask(f"tasks/history/{item['id']}/answer", {"option": 0}, ann)
assert ask("teacher/class")["learners"][0]["work"]["history"]["done"] == 1
PY
kill -INT $server
wait $server
works "$ptah" teach grades class
says '"Ann","history/q1-'
refused 3 "no such folder" "$ptah" teach serve nowhere
report
