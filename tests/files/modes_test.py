#!/usr/bin/env python3
"""What is private can be read by its owner only from its first byte on, whatever the umask is: every store is made with modes.c preloaded, and no file that
held any of it under any name was ever wider than 0600.

    tests/files/modes_test.py build/release/ptah build/release/tests/libmodes.so build/release/tests
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PTAH, PRELOAD, TESTS = (str(pathlib.Path(p).absolute()) for p in sys.argv[1:4])
# What may be read by all: it is published, or says where something is that can be seen by all.
PUBLIC = {"article.json", "contracts.json", "running.json", "kept", "said", "copy"}
failures = []


def wrong(text):
    failures.append(text)
    print("FAILED:", text)


class Log:
    """Everything that was made below one folder, by every name it had."""

    def __init__(self, file):
        self.names, self.widest, self.last = {}, {}, {}
        for line in file.read_text(errors="surrogateescape").splitlines():
            kind, rest = line.split(" ", 1)
            if kind == "name":
                old, new = rest.split("\t", 1)
                self.widest[new] = self.widest.get(new, 0) | self.widest.get(old, 0)
            else:
                mode, path = rest.split(" ", 1)
                self.widest[path] = self.widest.get(path, 0) | int(mode, 8)


def final_name(path):
    """What it is to be called: unfinished files are ".NAME.PROCESS-RANDOM.part"."""
    name = os.path.basename(path)
    unfinished = re.fullmatch(r"\.(.+)\.\d+-[0-9a-f]{16}\.part", name)
    return unfinished[1] if unfinished else name


def check(store, log, private, wanted):
    """`wanted`: patterns of file names; each must have been made, and no file of `private` (a pattern of paths) be wider than 0600 unless it is public."""
    for pattern in wanted:
        if not any(re.fullmatch(pattern, os.path.basename(path)) for path in log.widest):
            wrong(f"{store}: nothing like {pattern} was made: this test would see nothing")
    for path, mode in sorted(log.widest.items()):
        if re.search(private, path) and final_name(path) not in PUBLIC and mode & 0o077:
            wrong(f"{store}: {path} could be read by others ({mode:o})")


with tempfile.TemporaryDirectory() as place:
    place = pathlib.Path(place)
    temporary = place / "tmp"
    temporary.mkdir()
    number = 0

    def run(*command, text="", good=True, preload=True):
        environment = {**os.environ, "HOME": str(place), "TMPDIR": str(temporary), "PTAH_KEYS": str(place / "keys"), "MODES_LOG": str(place / f"log{number}")}
        for name in ("XDG_DATA_HOME", "PTAH_DATA", "PTAH_PASSPHRASE_FILE", "KILL_AT"):
            environment.pop(name, None)
        if preload:
            environment["LD_PRELOAD"] = PRELOAD
        done = subprocess.run([str(c) for c in command], input=text, text=True, capture_output=True, env=environment, cwd=place, umask=0)
        if good and done.returncode != 0:
            wrong(f"{' '.join(map(str, command))}: {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
        return done

    def log():
        global number
        out = Log(place / f"log{number}")
        number += 1
        return out

    # --- keys
    run(PTAH, "key", "new", "first", "--no-passphrase")
    run(PTAH, "key", "export", "first", place / "out.key")
    run(PTAH, "key", "import", place / "out.key", "second")
    run(PTAH, "key", "rotate", "first", "--no-passphrase")
    check("keys", log(), "/keys/.|out.key", [r"first\.json", r"second\.json", r"out\.key"])
    # --- facts that are remembered
    run(PTAH, "memory", "add", "I live in Lyon")
    run(PTAH, "memory", "list")
    check("memory", log(), "memory", [r"memory\.sqlite", r"memory\.sqlite-wal"])
    # --- what a picture from standard input waits in
    (place / "in.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with open(place / "in.png", "rb") as png:
        environment = {**os.environ, "HOME": str(place), "TMPDIR": str(temporary), "MODES_LOG": str(place / f"log{number}"), "LD_PRELOAD": PRELOAD}
        subprocess.run([PTAH, "verify", "-"], stdin=png, capture_output=True, env=environment, umask=0)
    check("standard input", log(), str(temporary) + "/.", [r".*"])

    # --- the stores that need more than a command: as their own tests make them
    def test(store, binary, tests, private, wanted):
        run(pathlib.Path(TESTS) / binary, f"--gtest_filter={tests}", "--gtest_brief=1")
        check(store, log(), private, wanted)

    test("articles", "files_test", "Killed.AReadingRoomGoesOnAfterAFullDisk:Killed.ALogHoldsWhatWasSaidToBeInIt", "ptah-files-[0-9]+/",
         ["bank.json", "token.key", "log", "article.json"])
    test("contracts that are paid for", "files_test", "Paid.ManyAtOncePayOnce", "ptah-files-[0-9]+/", ["deployments.json"])
    test("conversations", "companion_test", "Memory.KeepsConversationsAndFactsApartByUser", "memory|sqlite", [r".*sqlite", r".*sqlite-wal"])
    test("events of a chain", "apps_test", "EventIndex.FollowsAChainThatChangesItsMind", "sqlite|index", [r".*sqlite", r".*sqlite-wal"])

if failures:
    sys.exit(f"{len(failures)} failures")
print("no private file was ever wider than 0600")
