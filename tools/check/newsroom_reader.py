#!/usr/bin/env python3
"""newsroom_reader.py BANK COMMAND …: runs `ptah read take …` and answers for the reader from the publisher's list: right, unless the key is called otto."""
import json
import subprocess
import sys

bank, *command = sys.argv[1:]
items = json.load(open(bank))["items"]
knows = command[command.index("--key") + 1] != "otto"
session = subprocess.Popen(command + ["--json"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
for line in session.stdout:
    event = json.loads(line)
    if event["event"] == "question":
        item = next(i for i in items if i["question"] == event["question"] and sorted(i["options"]) == sorted(event["options"]))
        right = event["options"].index(item["options"][0])
        session.stdin.write(f"{(right if knows else (right + 1) % len(event['options'])) + 1}\n")
        session.stdin.flush()
    else:
        print(event["event"], {k: v for k, v in event.items() if k in ("number", "of", "right", "files")})
sys.exit(session.wait())
