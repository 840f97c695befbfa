#!/usr/bin/env python3
"""What the studio asks of `ptah serve`: its page, drafts, works found again, stars and tags, keys and signatures, any file checked, models, judgements."""
import base64
import gzip
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from server import Served, Server

PTAH = Served.program = sys.argv.pop(1)
KEYS = tempfile.TemporaryDirectory(prefix="ptah-studio-keys-")
CACHE = tempfile.TemporaryDirectory(prefix="ptah-studio-cache-")
os.environ.update(PTAH_KEYS=KEYS.name + "/keys", PTAH_CACHE=CACHE.name, XDG_DATA_HOME=CACHE.name + "/data")
os.environ.pop("PTAH_RPC", None)
ARTICLE = (pathlib.Path(__file__).parent.parent / "data" / "article.md").read_text()
FOX = {"prompt": "a red fox", "size": 128, "steps": 2, "best_of": 1, "object": False, "picture": "drawn"}


class Studio(Served):
    def made(self, **more):
        job = self.server.job("create", {**FOX, **more}).json()
        view = self.server.ended(job["id"])
        self.assertEqual(view["status"], "completed", view)
        return view

    def works(self, query=""):
        answer = self.server.get("/v1/works" + query)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    # ---- the page ----

    def test_the_page_and_its_files_come_compressed_and_are_asked_for_once(self):
        page = self.server.get("/")
        self.assertIn("default-src 'none'", page.headers["content-security-policy"])
        paths = set(re.findall(r'(?:src|href)="(/[^"]+)"', page.body.decode()))
        self.assertEqual(paths, {"/studio/studio.js", "/studio/style.css"})
        total = 0
        for path in sorted(paths | {"/"}):
            plain = self.server.get(path)
            packed = self.server.get(path, Accept_Encoding="gzip, br")
            self.assertEqual(packed.headers["content-encoding"], "gzip")
            self.assertEqual(gzip.decompress(packed.body), plain.body)
            self.assertNotIn("content-encoding", plain.headers)
            self.assertEqual(self.server.get(path, If_None_Match=packed.headers["etag"]).status, 304)
            total += len(packed.body)
        self.assertLess(total, 60 << 10)

    # ---- drafts ----

    def test_a_draft_is_drawn_at_once_and_not_kept(self):
        before = len(self.server.get("/v1/jobs?limit=200").json()["data"])
        draft = self.post("/v1/drafts", {"kind": "create", "request": FOX, "file": "png"})
        self.assertEqual(draft.status, 200, draft.body)
        self.assertEqual(draft.headers["content-type"], "image/png")
        self.assertTrue(draft.body.startswith(b"\x89PNG"))
        other = self.post("/v1/drafts", {"kind": "create", "request": {**FOX, "prompt": "a blue car"}, "file": "png"})
        self.assertNotEqual(draft.body, other.body)
        again = self.post("/v1/drafts", {"kind": "create", "request": FOX, "file": "png"})
        self.assertEqual(draft.body, again.body)
        shape = self.post("/v1/drafts", {"kind": "create", "request": {"prompt": "a chair", "formats": "glb"}, "file": "glb"})
        self.assertEqual(shape.body[:4], b"glTF")
        self.assertEqual(len(self.server.get("/v1/jobs?limit=200").json()["data"]), before)

    def test_drafts_that_cannot_be_are_refused_with_the_field(self):
        wrong = self.post("/v1/drafts", {"kind": "create", "request": {**FOX, "steps": 900}, "file": "png"})
        self.assertEqual((wrong.status, wrong.error()["param"]), (422, "steps"))
        self.assertEqual(self.post("/v1/drafts", {"kind": "create", "request": FOX, "file": "exe"}).status, 422)
        self.assertEqual(self.post("/v1/drafts", {"kind": "create", "request": FOX, "file": "glb"}).status, 422)
        nothing = self.post("/v1/drafts", {"kind": "create", "request": {"prompt": "sunset over the sea", "object": False, "picture": "object"}, "file": "png"})
        self.assertEqual(nothing.error()["param"], "picture")
        reach = self.post("/v1/drafts", {"kind": "create", "request": {**FOX, "from": "/etc/passwd"}, "file": "png"})
        self.assertEqual(reach.status, 422)

    def test_of_many_drafts_at_once_the_last_is_drawn(self):
        answers = {}

        def draw(number):
            answers[number] = self.post("/v1/drafts", {"kind": "create", "request": {**FOX, "prompt": "a fox " + "very " * number, "size": 256, "steps": 20}, "file": "png"})

        threads = [threading.Thread(target=draw, args=(i,)) for i in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statuses = [answer.status for answer in answers.values()]
        self.assertLessEqual(set(statuses), {200, 409, 503}, statuses)
        self.assertIn(200, statuses)
        self.assertGreaterEqual(statuses.count(409), 5, statuses)

    # ---- works ----

    def test_works_are_found_by_words_stars_tags_and_meaning(self):
        fox, car = self.made(seed=31)["id"], self.made(prompt="a blue car", seed=31)["id"]
        self.made(prompt="a sailing boat", seed=31)
        self.assertIn(car, [one["id"] for one in self.works("?q=BLUE")["data"]])
        self.assertNotIn(fox, [one["id"] for one in self.works("?q=BLUE")["data"]])
        self.assertEqual(self.works("?q=nothingofthekind")["data"], [])
        marked = self.server.ask("PUT", f"/v1/works/{car}/marks", {"star": True, "tags": [" fast ", "for Ann", "fast"]})
        self.assertEqual(marked.json()["marks"], {"star": True, "tags": ["fast", "for Ann"], "boards": [], "signed": []})
        self.assertEqual([one["id"] for one in self.works("?star=true")["data"]], [car])
        self.assertEqual([one["id"] for one in self.works("?tag=for%20Ann")["data"]], [car])
        self.assertIn("fast", self.works()["tags"])
        self.assertEqual([one["id"] for one in self.works("?q=ann")["data"]], [car], "tags are searched too")
        found = self.works("?by=meaning&q=an+animal+of+the+forest")["data"]
        self.assertEqual(found[0]["request"]["prompt"], "a red fox", [(one["score"], one["request"]["prompt"]) for one in found])
        vehicle = self.works("?by=meaning&q=automobile")["data"]
        self.assertEqual(vehicle[0]["id"], car)
        self.assertEqual(vehicle, sorted(vehicle, key=lambda one: -one["score"]))
        for wrong in ("?limit=0", "?limit=999", "?by=magic", "?star=maybe", "?q=" + "x" * 1001):
            self.assertEqual(self.server.get("/v1/works" + wrong).status, 400, wrong)
        self.server.ask("PUT", f"/v1/works/{car}/marks", {"star": False, "tags": []})
        self.assertEqual(self.works("?star=true")["data"], [])
        self.assertEqual(self.server.ask("PUT", f"/v1/works/{car}/marks", {"tags": ["x" * 65]}).status, 422)
        self.assertEqual(self.server.ask("PUT", "/v1/works/job_9999/marks", {}).status, 404)

    def test_boards_hold_works_and_go_without_them(self):
        one, two = self.made(seed=35)["id"], self.made(seed=36)["id"]
        put = lambda job, **marks: self.server.ask("PUT", f"/v1/works/{job}/marks", marks)
        self.assertEqual(put(one, boards=[" living room ", "for Ann", "for Ann"]).json()["marks"]["boards"], ["living room", "for Ann"])
        put(two, boards=["living room"])
        self.assertEqual(self.works()["boards"], {"for Ann": 1, "living room": 2})
        self.assertEqual([job["id"] for job in self.works("?board=for%20Ann")["data"]], [one])
        put(two, tags=["x"])
        self.assertEqual({job["id"] for job in self.works("?board=living%20room")["data"]}, {one, two}, "who does not speak of boards does not change them")
        self.assertEqual([job["id"] for job in self.works("?q=living")["data"]], [two, one], "boards are searched too")
        self.assertEqual(self.post("/v1/boards", {"board": "living room", "name": "for Ann"}).status, 200)
        self.assertEqual(self.works()["boards"], {"for Ann": 2}, "a name that exists: they become one board")
        self.assertEqual(self.post("/v1/boards", {"board": "living room", "name": "x"}).status, 404)
        self.assertEqual(self.post("/v1/boards", {"board": "for Ann", "name": "x" * 65}).status, 422)
        self.assertEqual(self.post("/v1/boards", {"board": "for Ann"}).status, 200)
        self.assertEqual(self.works()["boards"], {})
        self.assertIn(one, [job["id"] for job in self.works()["data"]])
        self.assertEqual(put(one, boards=["x" * 65]).error()["param"], "boards")
        self.assertEqual(put(one, boards="x").error()["param"], "boards")

    def test_what_is_in_the_bin_is_not_among_the_works(self):
        job = self.made(seed=32)["id"]
        self.server.ask("DELETE", "/v1/jobs/" + job)
        self.assertNotIn(job, [one["id"] for one in self.works()["data"]])
        self.server.ask("POST", f"/v1/jobs/{job}/restore")
        self.assertIn(job, [one["id"] for one in self.works()["data"]])

    # ---- keys, signatures, files of anybody ----

    def test_a_work_is_signed_and_checked(self):
        self.assertEqual(self.server.get("/v1/keyring").json()["data"], [])
        job = self.made(seed=33)
        unsigned = self.post(f"/v1/works/{job['id']}/sign", {"key": "", "passphrase": ""})
        self.assertEqual(unsigned.error()["param"], "key")
        key = self.post("/v1/keyring", {"name": "maker", "passphrase": "correct horse"})
        self.assertEqual(key.status, 201, key.body)
        self.assertTrue(key.json()["locked"])
        self.assertEqual(self.post("/v1/keyring", {"name": "maker", "passphrase": ""}).status, 422)
        self.assertEqual(self.post(f"/v1/works/{job['id']}/sign", {"key": "maker", "passphrase": "wrong"}).status, 403)
        signed = self.post(f"/v1/works/{job['id']}/sign", {"key": "maker", "passphrase": "correct horse"})
        self.assertEqual(signed.status, 200, signed.body)
        files = {one["name"]: one for one in signed.json()["marks"]["signed"]}
        self.assertEqual(set(files), {"picture.png", "receipt.json"})
        picture = self.server.get(files["picture.png"]["url"]).body
        self.assertEqual(len(picture), files["picture.png"]["bytes"])
        before = self.server.get(files["picture.png"]["url"]).headers["etag"]
        self.post(f"/v1/works/{job['id']}/sign", {"key": "maker", "passphrase": "correct horse"})
        self.assertEqual(self.server.get(files["picture.png"]["url"]).headers["etag"], before, "signed once")
        checked = self.server.ask("POST", "/v1/verify?name=my%20picture.png", picture).json()
        self.assertEqual(checked["verdict"], "trusted", checked)
        self.assertEqual(checked["signature"]["maker"], key.json()["address"])
        self.assertEqual(checked["recipe"], "create")
        self.assertEqual(checked["request"]["prompt"], "a red fox")
        with tempfile.TemporaryDirectory() as place:
            (pathlib.Path(place) / "my-picture.png").write_bytes(picture)
            told = subprocess.run([PTAH, "verify", place + "/my-picture.png", "--json"], capture_output=True, text=True)
            self.assertEqual(told.returncode, 0, "the command line trusts it too")
            self.assertEqual(json.loads(told.stdout)["files"], checked["files"])
        broken = bytearray(picture)
        broken[len(broken) // 2] ^= 1
        self.assertEqual(self.server.ask("POST", "/v1/verify?name=picture.png", bytes(broken)).json().get("verdict", "corrupt"), "changed")
        self.assertEqual(self.server.get(f"/v1/works/{job['id']}/signed/{key.json()['address']}/..%2freceipt.json").status, 400)
        self.assertEqual(self.server.get(f"/v1/works/{job['id']}/signed/../receipt.json").status, 400)
        self.assertEqual(self.server.get(f"/v1/works/{job['id']}/signed/served/receipt.json").status, 404)

    def test_anybodys_file_is_looked_at(self):
        dot = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
        self.assertEqual(self.server.ask("POST", "/v1/verify?name=x.png", dot).json()["verdict"], "unknown")
        for name, body in (("x.png", b"no picture"), ("x.glb", b"glTF" + bytes(40)), ("receipt.json", b"{"), ("../../x", b"x"), ("", b"x"), ("a/b c", b"x")):
            answer = self.server.ask("POST", "/v1/verify?name=" + "".join(f"%{b:02x}" for b in name.encode()), body)
            self.assertIn(answer.status, (200, 422), (name, answer.body))
        self.assertEqual(list((self.server.folder / "verify").iterdir()), [], "nothing stays")

    # ---- chains, communities, articles ----

    def key(self):
        if not any(one["name"] == "maker" for one in self.server.get("/v1/keyring").json()["data"]):
            self.post("/v1/keyring", {"name": "maker", "passphrase": "correct horse"})
        return {"key": "maker", "passphrase": "correct horse"}

    def test_without_a_chain_it_is_said_how_to_get_one(self):
        self.assertEqual(self.server.get("/v1/chain").json(), {"object": "chain", "running": False})
        job, key = self.made(seed=37)["id"], self.key()
        for path, body in ((f"/v1/works/{job}/mint", {}), ("/v1/tokens/check", {"contract": "0x" + "1" * 40, "token": "1"}), ("/v1/chain", {"pass": 60}),
                           ("/v1/communities", {"name": "A", "symbol": "A", "shares": [{"who": "maker", "amount": "1"}]}),
                           ("/v1/articles", {"text": ARTICLE, "budget": "1"})):
            answer = self.post(path, {**key, **body})
            self.assertEqual(answer.status, 404, (path, answer.body))
            self.assertIn("start the test chain", answer.error()["message"])
        self.assertEqual(self.server.get("/v1/tokens").json()["data"], [])
        self.assertEqual(self.server.get("/v1/articles").json()["data"], [], "what was not published leaves nothing")
        self.assertEqual(self.post("/v1/chain", {"running": "yes"}).status, 422)
        self.assertEqual(self.post("/v1/chain", {"pass": -1}).status, 422)

    def test_requests_for_a_chain_are_checked_first(self):
        key = self.key()
        self.assertEqual(self.post("/v1/tokens/check", {"contract": "elsewhere", "token": "1"}).status, 422)
        self.assertEqual(self.post("/v1/tokens/transfer", {**key, "contract": "0x" + "1" * 40, "token": "1", "to": "--yes"}).status, 422)
        self.assertEqual(self.post("/v1/works/job_9999/mint", key).status, 404)
        self.assertEqual(self.post("/v1/articles", {**key, "text": "short", "budget": "1"}).error()["param"], "text")
        self.assertEqual(self.post("/v1/articles/..%2f..%2fkeys/open", key).status, 400)
        self.assertEqual(self.post("/v1/articles/nothing/open", key).status, 404)
        self.assertEqual(self.server.get("/v1/tokens/files/" + "0" * 32 + "/token.json").status, 404)
        self.assertEqual(self.post("/v1/works/job_1/mint", {"wallet": "0x12"}).error()["param"], "wallet")

    def test_the_community_of_somebody_else_is_taken_over(self):
        file = {"format": "ptah community 1", "name": "Fox & Friends", "chain": 31337, "block": 1, **{name: "0x" + str(i) * 40 for i, name in enumerate(("token", "timelock", "governor", "board", "market"), 1)}}
        taken = self.post("/v1/communities", {"community": file})
        self.assertEqual((taken.status, taken.json()["id"]), (201, "fox-friends"), taken.body)
        self.assertNotEqual(self.post("/v1/communities", {"community": file}).status, 201, "nothing is written over")
        self.assertEqual([one["name"] for one in self.server.get("/v1/communities").json()["data"]], ["Fox & Friends"])
        self.assertEqual(self.server.get("/v1/communities/fox-friends").status, 404, "there is no chain to look at")
        self.assertEqual(self.server.get("/v1/communities/nobody").status, 404)
        self.assertEqual(self.post("/v1/communities", {"community": {"format": "x"}}).status, 422)
        key = self.key()
        self.assertEqual(self.post("/v1/communities/fox-friends/steal", key).status, 404)

    # ---- models ----

    def test_models_are_told_with_their_licences(self):
        catalog = self.server.get("/v1/catalog").json()
        models = {one["id"]: one for one in catalog["data"]}
        self.assertTrue(catalog["may_change"])
        self.assertEqual(models["minilm"]["kind"], "shipped")
        self.assertTrue(models["minilm"]["licence"])
        self.assertFalse(models["smollm2"]["here"])
        self.assertTrue(models["smollm2"]["chat"])
        self.assertTrue(models["gemma3-270m"]["terms"].startswith("https://"))
        self.assertEqual(self.post("/v1/catalog", {"source": ""}).status, 422)
        self.assertEqual(self.post("/v1/catalog/cancel", {"source": "smollm2"}).status, 404)
        self.assertEqual(self.server.ask("DELETE", "/v1/catalog/minilm").status, 404, "what comes along is not removed")
        self.assertEqual(self.post("/v1/catalog", {"source": "no-such-model"}).status, 202)
        for _ in range(600):
            time.sleep(0.05)
            row = [one for one in self.server.get("/v1/catalog").json()["data"] if one["id"] == "no-such-model"][0]
            if row["pull"]["status"] != "running":
                break
        self.assertEqual(row["pull"]["status"], "failed")
        self.assertIn("no model", row["pull"]["message"])

    def test_a_model_that_was_pulled_is_listed_and_removed(self):
        place = pathlib.Path(CACHE.name) / "models" / "tiny"
        place.mkdir(parents=True)
        (place / "tiny.gguf").write_bytes(b"GGUF")
        (place / "origin.json").write_text(json.dumps({"name": "tiny", "licence": "MIT"}))
        self.assertIn("tiny", [one["id"] for one in self.server.get("/v1/catalog").json()["data"] if one["here"]])
        self.assertEqual(self.server.ask("DELETE", "/v1/catalog/tiny").status, 200)
        self.assertFalse(place.exists())

    # ---- judgements ----

    def test_judgements_are_kept_as_rows_for_training(self):
        said = lambda text: [{"role": "assistant", "content": text}]
        asked = [{"role": "user", "content": "Hello\nthere – ü"}]
        self.assertEqual(self.post("/v1/feedback", {"model": "m", "prompt": asked, "completion": said("Hi"), "label": True}).json()["kept"], "thumbs")
        self.assertEqual(self.post("/v1/feedback", {"model": "m", "prompt": asked, "completion": said("No"), "label": False}).status, 201)
        self.assertEqual(self.post("/v1/feedback", {"model": "m", "prompt": asked, "chosen": said("Hi"), "rejected": said("No")}).json()["kept"], "pairs")
        thumbs = [json.loads(line) for line in self.server.get("/v1/feedback?of=thumbs").body.decode().splitlines()]
        self.assertEqual([row["label"] for row in thumbs], [True, False])
        self.assertEqual(thumbs[0]["prompt"], asked)
        pairs = [json.loads(line) for line in self.server.get("/v1/feedback?of=pairs").body.decode().splitlines()]
        self.assertEqual((pairs[0]["chosen"], pairs[0]["rejected"]), (said("Hi"), said("No")))
        for wrong in ({}, {"prompt": asked, "completion": said("Hi")}, {"prompt": [], "completion": said("Hi"), "label": True}, {"prompt": asked, "chosen": said("a")},
                      {"prompt": [{"role": "root", "content": ""}], "completion": said("Hi"), "label": True}):
            self.assertEqual(self.post("/v1/feedback", wrong).status, 422, wrong)
        self.assertEqual(self.server.get("/v1/feedback").status, 400)

    def test_files_are_put_here_under_the_digest_that_the_server_finds(self):
        put = self.server.ask("POST", "/v1/blobs", b"some bytes")
        self.assertEqual(put.status, 201)
        self.assertEqual(self.server.get("/v1/blobs/" + put.json()["id"]).body, b"some bytes")


class ManyUsers(unittest.TestCase):
    """A server with keys does nothing with the keys and models of whoever runs it."""

    def test_nobody_signs_or_fetches(self):
        server = Server(PTAH, arguments=["--keys"])
        add = lambda name: subprocess.run([PTAH, "serve", "key", "add", name, "--folder", str(server.folder)], capture_output=True, text=True, check=True).stdout.strip()
        keys = {name: {"Authorization": "Bearer " + add(name)} for name in ("ann", "bob")}
        server.start()
        try:
            self.assertEqual(server.get("/").status, 200, "the page itself needs no key: it asks for one")
            self.assertEqual(server.get("/v1/works").status, 401)
            for method, path in (("GET", "/v1/keyring"), ("POST", "/v1/keyring"), ("POST", "/v1/catalog"), ("DELETE", "/v1/catalog/smollm2"), ("POST", "/v1/works/job_1/sign"),
                                 ("GET", "/v1/chain"), ("POST", "/v1/chain"), ("POST", "/v1/works/job_1/mint"), ("GET", "/v1/tokens"), ("POST", "/v1/tokens/check"), ("GET", "/v1/tokens/files/" + "0" * 32 + "/x"),
                                 ("GET", "/v1/communities"), ("POST", "/v1/communities"), ("POST", "/v1/communities/a/pay"), ("GET", "/v1/articles"), ("POST", "/v1/articles"), ("POST", "/v1/articles/a/claim")):
                self.assertEqual(server.ask(method, path, {} if method == "POST" else None, headers=keys["ann"]).status, 403, path)
            self.assertFalse(server.ask("GET", "/v1/catalog", headers=keys["ann"]).json()["may_change"])
            job = server.job("create", {**FOX, "seed": 40}, headers=keys["ann"]).json()["id"]
            for _ in range(1200):
                time.sleep(0.05)
                if server.ask("GET", "/v1/jobs/" + job, headers=keys["ann"]).json()["status"] == "completed":
                    break
            self.assertEqual(len(server.ask("GET", "/v1/works", headers=keys["ann"]).json()["data"]), 1)
            self.assertEqual(server.ask("GET", "/v1/works", headers=keys["bob"]).json()["data"], [])
            self.assertEqual(server.ask("PUT", f"/v1/works/{job}/marks", {"star": True}, headers=keys["bob"]).status, 404)
            row = {"prompt": [{"role": "user", "content": "a"}], "completion": [{"role": "assistant", "content": "b"}], "label": True}
            server.ask("POST", "/v1/feedback", row, headers=keys["ann"])
            self.assertEqual(server.ask("GET", "/v1/feedback?of=thumbs", headers=keys["bob"]).body, b"")
            self.assertEqual(len(server.ask("GET", "/v1/feedback?of=thumbs", headers=keys["ann"]).body.splitlines()), 1)
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main()
