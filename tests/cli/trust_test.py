#!/usr/bin/env python3
"""What strangers' bytes may do, and whom to believe, on the command line: python3 trust_test.py PTAH."""
import base64
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import zlib
from hashlib import sha256
from pathlib import Path

PTAH = str(Path(sys.argv.pop(1)).resolve())
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAFA3PEY8MlBGQUZaVVBfeMiCeG5uePWvuZHI////////////////////////////////////////////////////"
    "2wBDAVVaWnhpeOuCguv/////////////////////////////////////////////////////////////////////////wAARCAAQABADASIAAhEBAxEB/8QAFQ"
    "ABAQAAAAAAAAAAAAAAAAAAAAP/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAAAAAAAgT/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oA"
    "DAMBAAIRAxEAPwCQAKH/2Q==")
FAKE = "signed by 0x52908400098527886E0F7030069857D2E4169EE7, your key 'maker'"
HOSTILE = [f"fox\n{FAKE}", f"fox\r{FAKE}", f"fox\x1b[2K\x1b[1G{FAKE}", f"fox\u2028{FAKE}", f"fox\u0085{FAKE}", f"fox\u202e{FAKE[::-1]}", "fox\u2066\u200b\u200e\u061c\ufeff",
           "fox\U000e0041\U000e0042", "fox\x7f\x9b31m", 'fox" (on your trust list)', "x" * 100_000]
HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e0fff]")


def png(width=48, height=48):
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    inside = lambda x, y: (x - width / 2) ** 2 + (y - height / 2) ** 2 < (width / 3) ** 2
    rows = b"".join(b"\0" + b"".join(b"\xc0\x40\x20\xff" if inside(x, y) else b"\0\0\0\0" for x in range(width)) for y in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Trust(unittest.TestCase):
    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.here = Path(self.place.name)
        self.env = dict(os.environ, HOME=str(self.here / "home"), PTAH_KEYS=str(self.here / "keys"))
        for name in ("XDG_DATA_HOME", "PTAH_CACHE", "XDG_CACHE_HOME", "PTAH_TIMESTAMP", "PTAH_PASSPHRASE_FILE"):
            self.env.pop(name, None)
        (self.here / "home").mkdir()
        (self.here / "fox.png").write_bytes(png())

    def tearDown(self):
        self.place.cleanup()

    def run_ptah(self, *arguments, timeout=60, env=None):
        done = subprocess.run([PTAH, *arguments], cwd=self.here, env=env or self.env, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def good(self, *arguments):
        status, out, err = self.run_ptah(*arguments)
        self.assertEqual(status, 0, err)
        return out

    def verify(self, path, status, last, *more):
        """Verifies; the exit status and the beginning of the last line have to be these. Returns all lines."""
        found, out, err = self.run_ptah("verify", path, *more)
        lines = out.splitlines()
        self.assertEqual(found, status, out + err)
        self.assertTrue(lines[-1].startswith(last), out)
        whole = json.loads(self.run_ptah("verify", path, "--json", *more)[1])
        self.assertEqual(whole["exit_status"], status)
        self.assertEqual(whole["says"], lines[-1])
        return lines

    def work(self, text=b"a fox"):
        folder = self.here / "work"
        folder.mkdir()
        (folder / "text.txt").write_bytes(text)
        receipt = {"engine": "ptah", "kind": "text", "request": {"prompt": "a fox"}, "outputs": {"text.txt": "sha256:" + sha256(text).hexdigest()}}
        (folder / "receipt.json").write_text(json.dumps(receipt))
        return folder

    def object(self, *more):
        self.good("object", "fox.png", "--out", "thing", "--target-tris", "400", *more)
        return self.here / "thing"

    # --- words of strangers

    def test_a_title_cannot_say_who_signed(self):
        self.good("key", "new", "--no-passphrase")
        for at, title in enumerate(HOSTILE):
            out = f"marked-{at}.png"
            self.good("mark", "fox.png", out, "--source", "digitalCreation", "--title", title)
            status, text, err = self.run_ptah("verify", out)
            self.assertEqual(status, 11, text + err)
            self.assertNotRegex(text + err, HIDDEN)
            self.assertFalse([line for line in text.splitlines() if line.startswith("signed by")], text)
            self.assertLess(len(text), 3000)
            status, text, err = self.run_ptah("verify", out, "--json")
            self.assertEqual(len(text.splitlines()), 1)
            self.assertNotRegex(text, HIDDEN)
            self.assertEqual(json.loads(text)["files"][0]["credentials"]["title"], title)
            self.good("mark", out, f"again-{at}.png")  # and as the title of a parent
            self.assertNotRegex(self.run_ptah("verify", f"again-{at}.png")[1], HIDDEN)

    def test_names_of_files_and_errors_stay_on_their_line(self):
        folder = self.work()
        (self.here / FAKE).write_bytes((self.here / "fox.png").read_bytes())
        self.assertFalse([line for line in self.run_ptah("verify", FAKE)[1].splitlines() if line.startswith("signed by")])
        receipt = json.loads((folder / "receipt.json").read_text())
        receipt["outputs"][FAKE] = receipt["outputs"]["text.txt"]
        (folder / "receipt.json").write_text(json.dumps(receipt))
        (folder / FAKE).write_bytes((folder / "text.txt").read_bytes())
        for name in ("notes\nsigned by 0x00, your key 'maker'", "esc\x1b[2J", "\u202efox"):
            (folder / name).write_text("x")
        status, text, err = self.run_ptah("verify", "work")
        self.assertNotRegex(text + err, HIDDEN)
        self.assertFalse([line for line in text.splitlines() if line.startswith("signed by")])
        for bad in (f"no\n{FAKE}", "no\x1b[2J", "no\u202e"):
            for command in (["verify", bad], ["object", bad], ["create", "x", "--style", bad], ["pull", bad], ["key", "export", bad, "x"], ["generate", "x", "--model", bad],
                            ["recall", bad], ["--" + bad], [bad]):
                status, text, err = self.run_ptah(*command)
                self.assertNotEqual(status, 0, command)
                self.assertNotRegex(text + err, HIDDEN, command)
                self.assertFalse([line for line in err.splitlines() if line.startswith("signed by")], err)

    # --- verdicts

    def test_a_work_that_nobody_signed_is_valid_and_no_more(self):
        folder = self.work()
        lines = self.verify("work", 11, "VALID, NOT SIGNED")
        self.assertIn("text.txt: whole", lines)
        (folder / "notes.txt").write_text("mine")
        os.mkfifo(folder / "pipe")
        (folder / "more").mkdir()
        lines = self.verify("work", 11, "VALID, NOT SIGNED")
        for name in ("notes.txt", "pipe", "more/"):
            self.assertIn(f"not covered by the receipt: {name}", lines)
        (folder / "text.txt").write_text("a dog")
        lines = self.verify("work", 6, "NOT AUTHENTIC: text.txt changed since it was made")
        (folder / "text.txt").unlink()
        self.verify("work", 6, "NOT AUTHENTIC: text.txt is missing")
        os.mkfifo(folder / "text.txt")
        self.verify("work", 6, "NOT AUTHENTIC: text.txt changed")

    def test_ones_own_work_is_trusted_a_strangers_valid_a_changed_one_neither(self):
        self.good("key", "new", "--no-passphrase")
        folder = self.object()
        maker = json.loads((folder / "receipt.json").read_text())["signature"]["maker"]
        lines = self.verify("thing", 0, f"AUTHENTIC: whole, signed by {maker}, your key 'maker'")
        self.assertIn("  digital source: algorithmicallyEnhanced", lines)
        (folder / "notes.txt").write_text("mine")
        self.assertIn("not covered by the signature: notes.txt", self.verify("thing", 0, "AUTHENTIC"))
        (self.here / "keys").rename(self.here / "other-keys")
        self.verify("thing", 11, f"VALID, NOT TRUSTED: whole, signed by {maker}")
        self.verify("thing", 0, "AUTHENTIC", "--trust", maker)
        receipt = (folder / "receipt.json").read_text()
        (folder / "receipt.json").write_text(receipt.replace('"round"', '"slab"'))
        self.verify("thing", 6, "NOT AUTHENTIC: the receipt changed since it was signed")
        (folder / "receipt.json").write_text(receipt)
        picture = bytearray((folder / "picture.png").read_bytes())
        picture[-20] ^= 1
        (folder / "picture.png").write_bytes(picture)
        self.verify("thing", 6, "NOT AUTHENTIC: picture.png changed since it was signed")

    def test_a_glb_is_whole_only_with_its_scale_and_material(self):
        folder = self.object("--no-sign")
        whole = (folder / "object.glb").read_bytes()
        self.verify("thing/object.glb", 11, "VALID, NOT SIGNED")
        size = struct.unpack("<I", whole[12:16])[0]
        document = json.loads(whole[20:20 + size])

        def write(changed, tail=whole[20 + size:]):
            text = json.dumps(changed, separators=(",", ":")).encode()
            text += b" " * (-len(text) % 4)
            (self.here / "changed.glb").write_bytes(b"glTF" + struct.pack("<III", 2, 20 + len(text) + len(tail), len(text)) + b"JSON" + text + tail)

        write(document)
        self.verify("changed.glb", 11, "VALID")  # written otherwise, but the same
        for path, value in ((("nodes", 0, "scale"), [3, 3, 3]), (("nodes", 0, "rotation"), [0, 1, 0, 0]), (("nodes", 0, "matrix"), [1] * 16),
                            (("materials", 0, "pbrMetallicRoughness", "metallicFactor"), 1), (("materials", 0, "pbrMetallicRoughness", "baseColorFactor"), [1, 0, 0, 1]),
                            (("materials", 0, "doubleSided"), True), (("samplers", 0, "wrapS"), 10497), (("asset", "copyright"), "me"), (("asset", "extras", "more"), 1),
                            (("extensions",), {}), (("animations",), []), (("scenes", 0, "nodes"), []), (("accessors", 0, "count"), 3), (("bufferViews", 4, "byteOffset"), 0),
                            (("cameras",), [{}]), (("images", 0, "mimeType"), "image/jpeg")):
            changed = json.loads(json.dumps(document))
            at = changed
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = value
            write(changed)
            self.verify("changed.glb", 6, "NOT AUTHENTIC: changed.glb changed")
        write(document, whole[20 + size:] + struct.pack("<I", 4) + b"MORE" + b"abcd")
        self.verify("changed.glb", 6, "NOT AUTHENTIC")
        write(document, whole[20 + size:24 + size] + b"XXXX" + whole[28 + size:])
        self.verify("changed.glb", 6, "NOT AUTHENTIC")

    def test_a_png_is_whole_only_as_it_was_shown(self):
        folder = self.object("--no-sign")
        whole = (folder / "picture.png").read_bytes()
        self.verify("thing/picture.png", 11, "VALID, NOT SIGNED")
        for kind, data in ((b"gAMA", struct.pack(">I", 220000)), (b"acTL", struct.pack(">II", 2, 0)), (b"eXIf", b"II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0")):
            chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
            (self.here / "changed.png").write_bytes(whole[:33] + chunk + whole[33:])
            self.verify("changed.png", 6, "NOT AUTHENTIC: changed.png changed")
        (self.here / "changed.png").write_bytes(whole + b"more")
        self.verify("changed.png", 6, "NOT AUTHENTIC")

    def test_anybodys_picture_is_read(self):
        (self.here / "plain.jpg").write_bytes(JPEG)
        self.verify("plain.jpg", 12, "UNKNOWN: no content credentials and no receipt")
        self.verify("fox.png", 12, "UNKNOWN: no content credentials and no receipt")
        (self.here / "letter.txt").write_text("hello")
        self.verify("letter.txt", 12, "UNKNOWN")
        self.good("key", "new", "--no-passphrase")
        self.good("mark", "plain.jpg", "first.jpg", "--source", "digitalCapture", "--title", "at the sea")
        lines = self.verify("first.jpg", 11, "VALID, NOT TRUSTED")
        self.assertIn("  digital source: digitalCapture", lines)
        self.good("mark", "first.jpg", "second.jpg", "--title", "at the sea, cropped")
        lines = self.verify("second.jpg", 11, "VALID, NOT TRUSTED")
        self.assertIn('  parent: "at the sea"', lines)
        self.assertIn("  digital source: digitalCapture (of its parent)", lines)
        (self.here / "authority.pem").write_text(self.good("key", "certificate"))
        self.verify("second.jpg", 0, "AUTHENTIC", "--trust", "authority.pem")
        changed = bytearray((self.here / "second.jpg").read_bytes())
        changed[-4] ^= 1
        (self.here / "second.jpg").write_bytes(changed)
        self.verify("second.jpg", 6, "NOT AUTHENTIC: second.jpg changed since it was signed")
        status, _, err = self.run_ptah("verify", "home")
        self.assertEqual(status, 3, err)
        self.assertIn("receipt.json", err)

    def test_only_terms_of_iptc_are_written(self):
        self.good("key", "new", "--no-passphrase")
        for term in ("photo", "digitalcapture", "digitalArt", "x"):
            status, _, err = self.run_ptah("mark", "fox.png", "out.png", "--source", term)
            self.assertEqual(status, 2)
            self.assertIn("digitalCapture, computationalCapture", err)
            self.assertFalse((self.here / "out.png").exists())

    def test_replay_of_a_changed_folder_says_so(self):
        folder = self.object()
        self.assertIn("object.glb: the same bytes", self.good("replay", "thing"))
        (folder / "object.glb").write_bytes((folder / "object.glb").read_bytes() + b"x")
        status, out, err = self.run_ptah("replay", "thing")
        self.assertEqual(status, 6)
        self.assertIn("object.glb: the receipt's bytes; the file here was CHANGED since", out)
        self.assertIn("picture.png: the same bytes", out)

    def test_an_object_by_a_trained_model_says_so_and_is_made_again(self):
        self.good("key", "new", "--no-passphrase")
        golden = Path(__file__).parents[1] / "golden" / "triposr"
        self.env["PTAH_CHECKPOINTS"] = str(golden.parent)
        self.object("--model", str(golden), "--resolution", "64")
        self.assertIn("  digital source: compositeWithTrainedAlgorithmicMedia", self.verify("thing", 0, "AUTHENTIC"))
        self.assertIn("object.glb: the same bytes", self.good("replay", "thing"))
        self.assertIn("GFLOP", self.good("object", "fox.png", "--model", str(golden), "--plan"))

    def test_what_is_signed_anew_is_said(self):
        self.good("key", "new", "--no-passphrase")
        self.object()
        self.assertIn("picture.png: the same bytes, but for its content credentials, which are made again each time", self.good("replay", "thing"))
        self.good("object", "fox.png", "--out", "twin", "--target-tris", "400")
        for name in ("receipt.json", "object.glb"):
            self.assertEqual((self.here / "thing" / name).read_bytes(), (self.here / "twin" / name).read_bytes(), name)

    # --- programs

    def test_pull_runs_nothing_of_the_working_folder(self):
        for name in ("pip.py", "zipfile.py", "sitecustomize.py", "usercustomize.py"):
            (self.here / name).write_text(f"open({str(self.here / 'TRAPPED')!r}, 'w').write('x')\n")
        for name in ("python3", "pip", "npm"):
            (self.here / name).write_text(f"#!/bin/sh\n: > {self.here / 'TRAPPED'}\n")
            (self.here / name).chmod(0o755)
        env = dict(self.env, PATH=".:" + str(self.here), PYTHONPATH=str(self.here), PYTHONSTARTUP=str(self.here / "pip.py"), PIP_NO_INDEX="1", PIP_FIND_LINKS=str(self.here))
        status, _, err = self.run_ptah("pull", "clip-words", env=env)
        self.assertNotEqual(status, 0)
        self.assertFalse((self.here / "TRAPPED").exists(), err)

    # --- secrets

    def typed(self, keys, *arguments):
        """Types into a terminal once the prompt is there; the exit status."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.here)
            os.execve(PTAH, [PTAH, *arguments], self.env)
        shown = b""
        for key in keys:
            while b": " not in shown:
                shown += os.read(terminal, 1000)
            shown = b""
            time.sleep(0.3)  # the prompt throws away what was typed before
            os.write(terminal, key)
        end = time.time() + 30
        while time.time() < end:
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                os.close(terminal)
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.05)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
        self.fail("the command waits")

    def test_no_key_is_made_when_the_passphrase_is_broken_off(self):
        for keys in ([b"\x03"], [b"abc\x03"], [b"\x04"], [b"abc\n", b"\x03"], [b"abc\n", b"\x04"], [b"\n"], [b"abc\n", b"abd\n"], [b"x" * 1500 + b"\n"]):
            self.assertNotEqual(self.typed(keys, "key", "new"), 0, keys)
            self.assertEqual(list(self.here.glob("keys/*")), [], keys)
        self.assertEqual(self.typed([b"\x03"], "key", "new"), 130)
        self.assertEqual(self.typed([b"abc\n", b"abc\n"], "key", "new"), 0)
        self.assertIn("  passphrase", self.good("key", "list"))

    def test_keys_of_other_wallets_come_in(self):
        keystore = {"crypto": {"cipher": "aes-128-ctr", "cipherparams": {"iv": "6087dab2f9fdbbfaddc31a909735c1e6"},
                               "ciphertext": "5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46", "kdf": "pbkdf2",
                               "kdfparams": {"c": 262144, "dklen": 32, "prf": "hmac-sha256", "salt": "ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
                               "mac": "517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"}, "version": 3}
        (self.here / "wallet.json").write_text(json.dumps(keystore))
        (self.here / "pass").write_text("testpassword\n")
        (self.here / "wrong").write_text("other\n")
        status, _, err = self.run_ptah("key", "import", "wallet.json", "--passphrase-file", "wrong")
        self.assertEqual(status, 10)
        self.assertIn("wrong passphrase", err)
        out = self.good("key", "import", "wallet.json", "wallet", "--passphrase-file", "pass")
        self.assertEqual(out.split(), ["wallet", "0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b", "passphrase"])
        self.assertEqual(os.stat(self.here / "keys" / "wallet.json").st_mode & 0o777, 0o600)
        self.good("object", "fox.png", "--out", "thing", "--target-tris", "400", "--key", "wallet", "--passphrase-file", "pass")
        self.verify("thing", 0, "AUTHENTIC")


if __name__ == "__main__":
    unittest.main()
