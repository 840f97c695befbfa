#!/usr/bin/env python3
"""The evening in the tavern of docs/characters.md, played line by line; and the other commands of `ptah character`: character_test.py PTAH ROOT."""
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PTAH, ROOT = sys.argv[1], Path(sys.argv[2])
GAME = ROOT / "examples" / "characters"
failures = []


def ptah(*arguments, text="", status=0):
    done = subprocess.run([PTAH, "character", *arguments], input=text, capture_output=True, text=True, cwd=GAME, timeout=300)
    if done.returncode != status:
        failures.append(f"{arguments}: status {done.returncode}, expected {status}: {done.stderr[-300:]}")
    return done


def check(what, good):
    if not good:
        failures.append(what)


session = re.search(r"```text\n(.*?)```", (ROOT / "docs" / "characters.md").read_text(), re.S).group(1)
said = [line[2:] for line in session.splitlines() if line.startswith("> ")]
check("the session of the page says nothing", len(said) > 5)
told = "\n".join(line for line in session.splitlines() if not line.startswith("> ")) + "\n"
played = ptah("talk", "mira.json", "oskar.json", "--game", "tavern.json", "--model", "none", "--who", "Ann", text="\n".join(said) + "\n")
check(f"the page tells another evening:\n--- page\n{told}\n--- played\n{played.stdout}", played.stdout == told)

with tempfile.TemporaryDirectory() as place:
    saves = Path(place) / "saves"
    usual = ("talk", "mira.json", "--game", "tavern.json", "--model", "none")
    ptah(*usual, "--memory", str(saves), text="My horse is called Thunder.\nHello!\nHello!\nHello!\n")
    again = ptah(*usual, "--memory", str(saves), "--json", text="What is my horse called?\n")
    turn = json.loads(again.stdout)
    check(f"nothing is remembered: {turn}", any("Thunder" in event for event in turn["remembered"]))
    check("--who changes nothing", "Bram" in ptah(*usual, "--who", "Bram", text="/see A cat comes in.\nHello!\n/memory\nA beer, please.\n/memory\n").stdout)
    both = "A beer, then show me the way to the mill.\n"
    check("--max-actions changes nothing", ptah(*usual, text=both).stdout != ptah(*usual, "--max-actions", "1", text=both).stdout)
    closed = ptah(*usual, text="/set open false\nA beer, please.\n/set rooms_free 0\n/state\n/set a-b 1\n/fly\n/to Nobody\n/help\n/quit\nA beer, please.\n")
    check(f"a closed tavern serves: {closed.stdout}", "serve_drink" not in closed.stdout and '"rooms_free":0' in closed.stdout)
    for text in ("'a-b' is no name", "there is no /fly", "unknown character 'Nobody'"):
        check(f"'{text}' is not said: {closed.stderr}", text in closed.stderr)
    out = Path(place) / "examples.jsonl"
    ptah("examples", "mira.json", "--game", "tavern.json", "--model", "none", "--out", str(out), "--count", "40")
    check("--count changes nothing", len(out.read_text().splitlines()) == 40)
    ptah("examples", "mira.json", "--game", "tavern.json", "--model", "none", "--out", str(out), status=2)
    wishes = ROOT / "tests" / "data" / "characters" / "held_out.jsonl"
    few = Path(place) / "few.jsonl"
    few.write_text("".join(wishes.read_text().splitlines(True)[:20]))
    scores = json.loads(ptah("evaluate", "mira.json", "--game", "tavern.json", "--model", "none", "--wishes", str(few), "--json", "--at-once", "3").stdout)
    check(f"scores: {scores}", scores["wishes"] == 20 and scores["right_action"] >= 0.9 and scores["valid"] == 1)
    check("--wrong lists nothing", "" != ptah("evaluate", "mira.json", "--game", "tavern.json", "--model", "none", "--wishes", str(wishes), "--wrong").stdout.split("at once\n")[1])
    broken = Path(place) / "broken.json"
    broken.write_text('{"format": "ptah character 1", "nam": "x"}')
    check("a broken file is not named", "unknown member 'nam'" in ptah("talk", str(broken), "--game", "tavern.json", status=4).stderr)
    check("a game is no character", "no character" in ptah("talk", "tavern.json", "--game", "tavern.json", status=4).stderr)
    ptah("talk", "mira.json", "--game", "nowhere.json", "--model", "none", status=3)
    ptah("talk", "mira.json", "--game", "tavern.json", "--model", "nowhere", status=3)
    check("twins", "two characters are called Mira" in ptah("talk", "mira.json", "mira.json", "--game", "tavern.json", status=2).stderr)
    check("--shortlist 0", "--shortlist 0" in ptah(*usual, "--shortlist", "0", status=2).stderr)

print("\n".join(failures) or "ok")
sys.exit(bool(failures))
