#!/usr/bin/env python3
"""`ptah serve` as its users meet it: jobs, events, ranges, shared and cancelled work, keys, what is refused, OpenAI's interface."""
import base64
import hashlib
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from server import floats, Served, Server

PTAH = Served.program = sys.argv.pop(1)
FOX = {"prompt": "a red fox", "size": 128, "steps": 2, "best_of": 1, "object": False, "seed": 4}
SLOW = {"prompt": "a castle", "size": 512, "steps": 200, "best_of": 16, "object": False}


class Jobs(Served):
    def test_the_bytes_are_those_of_the_command_line(self):
        asked = self.server.job("create", FOX)
        self.assertIn(asked.status, (200, 202))
        job = asked.json()["id"]
        self.assertEqual(asked.headers["location"], "/v1/jobs/" + job)
        view = self.server.ended(job)
        self.assertEqual(view["status"], "completed", view)
        self.assertEqual(view["progress"], 100)
        self.assertGreater(view["planned"]["bytes"], 1 << 20)
        with tempfile.TemporaryDirectory() as place:
            options = ["--size", "128", "--steps", "2", "--best-of", "1", "--no-object", "--seed", "4", "--out", place + "/fox", "--no-sign", "--quiet"]
            subprocess.run([PTAH, "create", FOX["prompt"], *options], check=True, timeout=300)
            for output in view["outputs"]:
                bytes_here = (pathlib.Path(place) / "fox" / output["name"]).read_bytes()
                self.assertEqual(self.server.get(output["url"]).body, bytes_here, output["name"])
                self.assertEqual(output["sha256"], hashlib.sha256(bytes_here).hexdigest())
                self.assertEqual(output["bytes"], len(bytes_here))
        self.assertEqual({output["name"] for output in view["outputs"]}, {"picture.png", "receipt.json"})

    def test_the_same_again_is_answered_from_its_result(self):
        request = {**FOX, "seed": 5}
        first = self.server.job("create", request)
        self.assertEqual(first.headers["x-ptah-cache"], "miss")
        view = self.server.ended(first.json()["id"])
        begun = time.time()
        again = self.server.job("create", request)
        took = time.time() - begun
        self.assertEqual(again.status, 200)
        self.assertEqual(again.headers["x-ptah-cache"], "hit")
        self.assertEqual(again.json()["id"], view["id"])
        self.assertEqual(again.json()["outputs"], view["outputs"])
        self.assertLess(took, 1)
        other = self.server.job("create", {**request, "seed": 6})
        self.assertNotEqual(other.json()["id"], view["id"])
        self.server.ended(other.json()["id"])

    def test_equal_requests_in_flight_are_one(self):
        request = {**FOX, "seed": 7, "steps": 8}
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(self.server.job("create", request))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len({answer.json()["id"] for answer in answers}), 1)
        self.assertEqual([answer.headers["x-ptah-cache"] for answer in answers].count("miss"), 1)
        self.assertEqual(self.server.ended(answers[0].json()["id"])["attempts"], 1)

    def test_events_are_numbered_and_come_again_from_where_one_was(self):
        job = self.server.job("create", {**FOX, "seed": 8, "steps": 12}).json()["id"]
        events = self.server.events(f"/v1/jobs/{job}/events")
        names = [name for _, name, _ in events]
        self.assertEqual(names[0], "queued")
        self.assertEqual(names[-1], "done")
        self.assertIn("running", names)
        kept = [event for event in events if event[0] is not None]
        self.assertEqual([number for number, _, _ in kept], sorted({number for number, _, _ in kept}))
        self.assertTrue(all(json.loads(data)["job"] == job for _, _, data in events))
        for i in range(len(kept)):
            self.assertEqual(self.server.events(f"/v1/jobs/{job}/events", last=kept[i][0]), kept[i + 1:])
        self.assertEqual(self.server.events(f"/v1/jobs/{job}/events?after={kept[0][0]}"), kept[1:])

    def test_a_job_that_is_cancelled_ends_within_a_step(self):
        before = len(self.server.workers())
        job = self.server.job("create", SLOW).json()["id"]
        while self.server.get("/v1/jobs/" + job).json()["status"] == "queued":
            time.sleep(0.05)
        time.sleep(1)
        begun = time.time()
        self.assertEqual(self.server.ask("DELETE", "/v1/jobs/" + job).status, 200)
        self.assertEqual(self.server.ended(job)["status"], "cancelled")
        self.assertEqual(self.server.events(f"/v1/jobs/{job}/events")[-1][1], "cancelled")
        # The worker is free again for the next one: that is when the step has ended.
        view = self.server.ended(self.server.job("create", {**FOX, "seed": 9}).json()["id"])
        self.assertEqual(view["status"], "completed")
        self.assertLess(time.time() - begun, 60)
        self.assertLessEqual(len(self.server.workers()), max(before, 2))
        self.assertEqual(self.server.ask("DELETE", "/v1/jobs/job_999999").status, 404)

    def test_what_is_deleted_lies_in_a_bin(self):
        listed = lambda path: [job["id"] for job in self.server.get(path + "?limit=200").json()["data"]]
        request = {**FOX, "seed": 60}
        job = self.server.job("create", request).json()["id"]
        view = self.server.ended(job)
        gone = self.server.ask("DELETE", "/v1/jobs/" + job)
        self.assertEqual((gone.status, gone.json()["deleted"]), (200, True), gone.body)
        self.assertEqual((job in listed("/v1/jobs"), job in listed("/v1/bin")), (False, True))
        self.assertEqual(self.server.ask("DELETE", "/v1/jobs/" + job).status, 409)
        self.assertEqual(self.server.ask("POST", f"/v1/jobs/{job}/restore").json()["outputs"], view["outputs"])
        self.assertEqual((job in listed("/v1/jobs"), job in listed("/v1/bin")), (True, False))
        self.assertEqual(self.server.ask("POST", f"/v1/jobs/{job}/restore").status, 409)
        self.server.ask("DELETE", "/v1/jobs/" + job)
        self.assertEqual(self.server.job("create", request).json()["id"], job, "asked for again")
        self.assertIn(job, listed("/v1/jobs"))
        self.server.ask("DELETE", "/v1/jobs/" + job)
        self.assertGreaterEqual(self.server.ask("DELETE", "/v1/bin").json()["deleted"], 1)
        self.assertEqual(self.server.get("/v1/jobs/" + job).status, 404)
        made = self.server.ended(self.server.job("create", request).json()["id"])
        self.assertNotEqual(made["id"], job)
        self.assertEqual(made["outputs"][0]["sha256"], view["outputs"][0]["sha256"])

    def test_a_place_in_the_queue(self):
        first = self.server.job("create", SLOW).json()["id"]
        self.addCleanup(lambda: self.server.ask("DELETE", "/v1/jobs/" + first))
        while self.server.get("/v1/jobs/" + first).json()["status"] == "queued":
            time.sleep(0.02)
        waiting = [self.server.job("create", {**FOX, "seed": 100 + i}).json() for i in range(3)]
        places = [self.server.get("/v1/jobs/" + job["id"]).json().get("place") for job in waiting]
        self.assertEqual(places, [1, 2, 3])
        self.assertEqual(self.server.ask("DELETE", "/v1/jobs/" + waiting[0]["id"]).status, 200)
        self.assertEqual(self.server.get("/v1/jobs/" + waiting[2]["id"]).json()["place"], 2)
        self.assertEqual(self.server.ask("DELETE", "/v1/jobs/" + first).status, 200)
        for job in waiting[1:]:
            self.assertEqual(self.server.ended(job["id"])["status"], "completed")

    def test_parts_of_a_result(self):
        view = self.server.ended(self.server.job("create", FOX).json()["id"])
        output = next(one for one in view["outputs"] if one["name"] == "picture.png")
        whole = self.server.get(output["url"])
        self.assertEqual(whole.headers["content-type"], "image/png")
        self.assertEqual(whole.headers["etag"], f'"{output["sha256"]}"')
        digest = base64.b64encode(hashlib.sha256(whole.body).digest()).decode()
        self.assertEqual(whole.headers["repr-digest"], f"sha-256=:{digest}:")
        part = self.server.get(output["url"], Range="bytes=10-19")
        self.assertEqual((part.status, part.body), (206, whole.body[10:20]))
        self.assertEqual(part.headers["content-range"], f"bytes 10-19/{len(whole.body)}")
        self.assertEqual(self.server.get(output["url"], Range=f"bytes={len(whole.body)}-").status, 416)
        self.assertEqual(self.server.get(output["url"], If_None_Match=whole.headers["etag"]).status, 304)
        head = self.server.ask("HEAD", output["url"])
        self.assertEqual((head.status, head.headers["content-length"], head.body), (200, str(len(whole.body)), b""))
        self.assertEqual(self.server.get(f"/v1/jobs/{view['id']}/content/other.png").status, 404)
        self.assertEqual(self.server.get(f"/v1/jobs/{view['id']}/content/..%2f..%2fjobs.db").status, 400)

    def test_a_picture_becomes_an_object(self):
        view = self.server.ended(self.server.job("create", FOX).json()["id"])
        made = self.server.ended(self.server.job("object", {"picture": view["id"] + "/picture.png"}).json()["id"])
        self.assertEqual(made["status"], "completed", made)
        glb = next(one for one in made["outputs"] if one["name"].endswith(".glb"))
        self.assertEqual(self.server.get(glb["url"]).body[:4], b"glTF")
        other = self.server.ended(self.server.job("create", {**FOX, "seed": 20}).json()["id"])
        picture = self.server.get(next(one["url"] for one in other["outputs"] if one["name"] == "picture.png")).body
        blob = "sha256:" + hashlib.sha256(picture).hexdigest()
        self.assertEqual(self.server.job("object", {"picture": blob + "/picture.png", "solid": "slab"}).status, 422, "it is not here yet")
        self.assertEqual(self.server.ask("PUT", "/v1/blobs/" + blob, picture + b"x").status, 422)
        self.assertEqual(self.server.ask("PUT", "/v1/blobs/" + blob, picture).status, 201)
        self.assertEqual(self.server.get("/v1/blobs/" + blob).body, picture)
        again = self.server.ended(self.server.job("object", {"picture": blob + "/picture.png", "solid": "slab"}).json()["id"])
        self.assertEqual(again["status"], "completed", again)

    def test_what_cannot_run_says_which_field_and_what_would(self):
        for kind, request, field, says in (("create", {**FOX, "steps": 900}, "steps", "1 to 200"), ("create", {**FOX, "size": 100}, "size", "128 to 512"),
                                           ("create", {"size": 128}, "prompt", "missing"), ("create", {**FOX, "stile": "flat"}, "stile", "style"),
                                           ("object", {"picture": "/etc/passwd"}, "picture", "sha256:"), ("generate", {"prompt": "x", "model": "/etc/passwd"}, "model", "sha256:")):
            answer = self.server.job(kind, request)
            self.assertEqual(answer.status, 422, answer.body)
            self.assertEqual(answer.error()["param"], field, answer.body)
            self.assertIn(says, answer.error()["message"])
            self.assertEqual(self.server.ask("POST", "/v1/plan", {"kind": kind, "request": request}).status, 422)
        self.assertIn("create", self.server.job("creat", {}).error()["message"])
        for body, status in ((b"{", 422), (b"[]", 400), (b'{"kind":1}', 422), (b'{"kind":"create","more":1}', 422), (b'{"kind":"create","kind":"create"}', 422)):
            self.assertIn(self.server.ask("POST", "/v1/jobs", body).status, (400, status), body)
        self.assertEqual(self.server.get("/v1/jobs/job_x").status, 404)

    def test_plans_and_recipes(self):
        plan = self.server.ask("POST", "/v1/plan", {"kind": "create", "request": FOX}).json()
        large = self.server.ask("POST", "/v1/plan", {"kind": "create", "request": {**FOX, "size": 512, "steps": 50}}).json()
        self.assertGreater(large["seconds"], plan["seconds"])
        recipes = {one["id"]: one for one in self.server.get("/v1/recipes").json()["data"]}
        self.assertEqual(recipes["create"]["schema"], json.loads(subprocess.run([PTAH, "schema", "create"], capture_output=True, check=True).stdout))
        self.assertIn("picture", recipes["object"]["files"])
        self.assertEqual(self.server.get("/v1/recipes/create").json(), recipes["create"]["schema"])

    def test_health_and_page(self):
        self.assertEqual(self.server.get("/health").json(), {"status": "ok"})
        self.assertEqual(self.server.get("/ready").json(), {"status": "ready"})
        page = self.server.get("/")
        self.assertEqual(page.status, 200)
        self.assertIn("default-src 'none'", page.headers["content-security-policy"])
        self.assertNotIn("unsafe", page.headers["content-security-policy"])

    def test_pages_of_others_are_refused(self):
        self.assertEqual(self.server.job("create", FOX, headers={"Origin": "https://evil.example"}).status, 403)
        self.assertEqual(self.server.ask("GET", "/v1/jobs", headers={"Host": "evil.example"}).status, 421)
        self.assertNotIn("access-control-allow-origin", self.server.get("/v1/jobs", Origin="https://evil.example").headers)
        large = self.server.raw(f"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {5 << 20}\r\n\r\n")
        self.assertIn(b" 413 ", large.split(b"\r\n")[0])

    def test_one_stream_of_all_events(self):
        found = []
        thread = threading.Thread(target=lambda: found.extend(self.server.events("/v1/events", count=3)))
        thread.start()
        time.sleep(0.5)
        job = self.server.job("create", {**FOX, "seed": 30}).json()["id"]
        thread.join(60)
        self.assertEqual([json.loads(data)["job"] for _, _, data in found], [job] * 3)
        self.assertEqual(found[0][1], "queued")
        self.server.ended(job)

    def test_the_list(self):
        ids = [self.server.job("create", {**FOX, "seed": 40 + i}).json()["id"] for i in range(3)]
        for job in ids:
            self.server.ended(job)
        page = self.server.get("/v1/jobs?limit=2").json()
        self.assertEqual(len(page["data"]), 2)
        self.assertTrue(page["has_more"])
        rest = self.server.get("/v1/jobs?limit=200&before=" + page["data"][-1]["id"]).json()
        numbers = [int(job["id"][4:]) for job in page["data"] + rest["data"]]
        self.assertEqual(numbers, sorted(numbers, reverse=True))
        self.assertLessEqual(set(ids), {job["id"] for job in page["data"] + rest["data"]})


KOKORO = pathlib.Path(os.environ.get("PTAH_CACHE") or pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "ptah") / "models" / "kokoro"


class Speech(Served):
    def speech(self, **body):
        return self.server.ask("POST", "/v1/audio/speech", {"model": "kokoro", "input": "Hello there. It is a fine day.", "voice": "alloy", "response_format": "wav", **body})

    @unittest.skipUnless(KOKORO.exists(), "kokoro is not pulled")
    def test_speech_is_streamed_and_kept(self):
        first = self.speech()
        self.assertEqual((first.status, first.headers["content-type"]), (200, "audio/wav"), first.body[:300])
        self.assertEqual(first.headers.get("transfer-encoding"), "chunked")
        self.assertTrue(first.body.startswith(b"RIFF\xff\xff\xff\xffWAVE"), first.body[:16])
        again = self.speech()
        self.assertEqual(again.headers["x-ptah-job"], first.headers["x-ptah-job"])
        samples = self.speech(response_format="pcm")
        self.assertEqual(samples.headers["content-type"], "audio/pcm")
        self.assertGreater(len(samples.body), 24000 * 2)
        self.assertTrue(first.body.endswith(samples.body))
        self.assertTrue(again.body.rstrip(b"\0").endswith(samples.body.rstrip(b"\0")))
        self.assertIn(b"trainedAlgorithmicMedia", first.body[:4000])
        view = self.server.get("/v1/jobs/" + first.headers["x-ptah-job"]).json()
        self.assertEqual({output["type"] for output in view["outputs"]}, {"audio/wav", "application/json"})
        events = self.server.events("/v1/audio/speech", method="POST", body={"model": "tts-1", "input": "One more.", "voice": "nova", "response_format": "pcm", "stream_format": "sse"})
        deltas = [json.loads(data) for _, _, data in events]
        self.assertEqual(deltas[-1]["type"], "speech.audio.done")
        for name, kind, begin in (("mp3", "audio/mpeg", b"ID3"), ("opus", "audio/ogg", b"OggS")):
            file = self.speech(response_format=name)
            self.assertEqual((file.headers["content-type"], file.body[:len(begin)]), (kind, begin))
            self.assertIn(b"trainedAlgorithmicMedia", file.body[:4000])
            self.assertGreater(len(file.body), 5000)
        self.assertGreater(sum(len(base64.b64decode(one["audio"])) for one in deltas[:-1]), 10000)

    def test_wrong_ones(self):
        for more, status, param in (({"input": " "}, 400, "input"), ({"response_format": "flac"}, 400, "response_format"), ({"model": "gpt-9"}, 404, "model"),
                                    ({"voice": 3}, 400, "voice"), ({"instructions": "whisper"}, 400, "instructions"), ({"stream_format": "x"}, 400, "stream_format")):
            answer = self.speech(**more)
            self.assertEqual((answer.status, answer.error()["param"]), (status, param), answer.body)


class Transcriptions(Served):
    def ask_form(self, route="transcriptions", sound=b"RIFF", **fields):
        parts = [f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
        if sound is not None:
            parts.append(b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + sound + b"\r\n")
        return self.server.ask("POST", "/v1/audio/" + route, b"".join(parts) + b"--b--\r\n", headers={"Content-Type": "multipart/form-data; boundary=b"})

    def test_wrong_ones(self):
        for fields, param in (({"response_format": "xml"}, "response_format"), ({"language": "../en"}, "language"), ({"prompt": "so"}, "prompt"), ({"stream": "true"}, "stream"),
                              ({"sound": None}, "file"), ({"timestamp_granularities[]": "word"}, "timestamp_granularities")):
            answer = self.ask_form(**({"model": "whisper-1"} | fields))
            if answer.status == 404:
                return self.skipTest("no model that listens is here")
            self.assertEqual((answer.status, answer.error()["param"]), (400, param), answer.body)
        self.assertEqual(self.ask_form(model="whisper-1", sound=b"no sound").status, 400)

    def test_models_and_translations_are_refused(self):
        answer = self.ask_form(model="../whisper")
        self.assertEqual((answer.status, answer.error()["code"]), (404, "model_not_found"))
        answer = self.ask_form("translations", model="whisper-1")
        self.assertEqual(answer.status, 400)
        self.assertIn("not translated", answer.error()["message"])


class OpenAi(Served):
    def images(self, **body):
        return self.server.ask("POST", "/v1/images/generations", {"prompt": "a red fox", "size": "128x128", "quality": "low", **body})

    def test_images(self):
        answer = self.images(seed=4, n=2)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertTrue(answer.headers["x-ptah-job"].startswith("job_"))
        pictures = [base64.b64decode(one["b64_json"]) for one in answer.json()["data"]]
        self.assertTrue(all(picture.startswith(b"\x89PNG") for picture in pictures))
        self.assertNotEqual(pictures[0], pictures[1])
        self.assertEqual(self.images(seed=4, n=1, response_format="b64_json").json()["data"][0]["b64_json"], answer.json()["data"][0]["b64_json"])
        url = self.images(seed=4, response_format="url").json()["data"][0]["url"]
        self.assertEqual(self.server.get(url.split(str(self.server.port), 1)[1]).body, pictures[0])

    def test_a_stream_of_images(self):
        events = self.server.events("/v1/images/generations", method="POST",
                                    body={"prompt": "a blue owl", "size": "256x256", "stream": True, "partial_images": 2, "seed": 1})
        self.assertEqual(events[-1][1], "image_generation.completed")
        last = json.loads(events[-1][2])
        self.assertEqual(last["type"], "image_generation.completed")
        self.assertTrue(base64.b64decode(last["b64_json"]).startswith(b"\x89PNG"))
        for number, (_, name, data) in enumerate(events[:-1]):
            self.assertEqual(name, "image_generation.partial_image")
            self.assertEqual(json.loads(data)["partial_image_index"], number)
            self.assertTrue(base64.b64decode(json.loads(data)["b64_json"]).startswith(b"\x89PNG"))
        self.assertLessEqual(len(events), 3)

    def test_wrong_ones(self):
        for more, status, param in (({"size": "128x256"}, 400, "size"), ({"size": "64x64"}, 400, "size"), ({"n": 0}, 400, "n"), ({"prompt": " "}, 400, "prompt"),
                                    ({"output_format": "webp"}, 400, "output_format"), ({"model": "gpt-image-1"}, 404, "model"), ({"quality": "best"}, 400, "quality")):
            answer = self.images(**more)
            self.assertEqual((answer.status, answer.error()["param"]), (status, param), answer.body)
            self.assertIsInstance(answer.error()["code"], str)
            self.assertEqual(answer.error()["type"], "invalid_request_error")

    def test_embeddings(self):
        texts = ["a small cat", "a kitten", "a lorry"]
        plain = self.server.ask("POST", "/v1/embeddings", {"model": "minilm", "input": texts, "encoding_format": "float"}).json()
        coded = self.server.ask("POST", "/v1/embeddings", {"model": "minilm", "input": texts, "encoding_format": "base64"}).json()
        vectors = [one["embedding"] for one in plain["data"]]
        for number, one in enumerate(coded["data"]):
            self.assertEqual(one["index"], number)
            self.assertTrue(all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9) for a, b in zip(floats(one["embedding"]), vectors[number])))
        near = lambda a, b: sum(x * y for x, y in zip(a, b))
        self.assertAlmostEqual(near(vectors[0], vectors[0]), 1, places=4)
        self.assertGreater(near(vectors[0], vectors[1]), near(vectors[0], vectors[2]))
        self.assertGreater(plain["usage"]["prompt_tokens"], 5)
        self.assertEqual(self.server.ask("POST", "/v1/embeddings", {"model": "minilm", "input": "x", "dimensions": 7}).error()["param"], "dimensions")
        self.assertEqual(self.server.ask("POST", "/v1/embeddings", {"model": "minilm", "input": [[1, 2]]}).status, 400)
        self.assertEqual(self.server.ask("POST", "/v1/embeddings", {"model": "../minilm", "input": "x"}).error()["code"], "model_not_found")

    def test_models(self):
        names = [one["id"] for one in self.server.get("/v1/models").json()["data"]]
        self.assertIn("picture", names)
        self.assertEqual(self.server.get("/v1/models/picture").json()["object"], "model")
        self.assertEqual(self.server.get("/v1/models/none").error()["code"], "model_not_found")


@unittest.skipIf(subprocess.run([PTAH, "tokenize", "a"], capture_output=True).returncode, "smollm2 is not pulled")
class Chat(Served):
    def chat(self, **body):
        return {"model": "smollm2", "messages": [{"role": "user", "content": "What is a fjord?"}], "max_completion_tokens": 24, "seed": 7, **body}

    def test_whole_and_in_parts(self):
        whole = self.server.ask("POST", "/v1/chat/completions", self.chat()).json()
        choice = whole["choices"][0]
        self.assertEqual(whole["object"], "chat.completion")
        self.assertEqual(choice["message"]["role"], "assistant")
        self.assertLessEqual(whole["usage"]["completion_tokens"], 24)
        self.assertEqual(choice["finish_reason"], "length" if whole["usage"]["completion_tokens"] == 24 else "stop")
        events = self.server.events("/v1/chat/completions", method="POST", body=self.chat(stream=True, stream_options={"include_usage": True}))
        self.assertEqual(events[-1][2], "[DONE]")
        chunks = [json.loads(data) for _, _, data in events[:-1]]
        self.assertEqual(chunks[-1]["choices"], [])
        self.assertEqual(chunks[-1]["usage"], whole["usage"])
        self.assertEqual(chunks[0]["choices"][0]["delta"]["role"], "assistant")
        self.assertEqual(chunks[-2]["choices"][0]["finish_reason"], choice["finish_reason"])
        text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks[:-1])
        self.assertEqual(text, choice["message"]["content"])
        self.assertEqual(len({chunk["id"] for chunk in chunks}), 1)

    def test_schemas_hold(self):
        schema = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer"}}, "required": ["name", "age"], "additionalProperties": False}
        answer = self.server.ask("POST", "/v1/chat/completions", self.chat(messages=[{"role": "system", "content": "Make up a person."}, {"role": "user", "content": [{"type": "text", "text": "Go on."}]}],
                                 max_completion_tokens=120, response_format={"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": schema}})).json()
        made = json.loads(answer["choices"][0]["message"]["content"])
        self.assertEqual(set(made), {"name", "age"})

    def test_who_leaves_ends_the_work(self):
        body = self.chat(max_completion_tokens=2000, stream=True, temperature=1.5, seed=11, messages=[{"role": "user", "content": "Tell me a very long story."}])
        self.server.events("/v1/chat/completions", method="POST", body=body, count=4)
        time.sleep(5)
        view = self.server.get("/v1/jobs?limit=1").json()["data"][0]
        self.assertEqual(view["kind"], "chat")
        self.assertIn(view["status"], ("cancelled", "completed"))

    def test_wrong_ones(self):
        post = lambda **body: self.server.ask("POST", "/v1/chat/completions", self.chat(**body))
        long = post(messages=[{"role": "user", "content": "fox " * 12000}])
        self.assertEqual((long.status, long.error()["code"]), (400, "context_length_exceeded"), long.body)
        for more, param in (({"tools": [{"type": "function"}]}, "tools"), ({"n": 9}, "n"), ({"n": 2, "stream": True}, "n"), ({"top_logprobs": 2}, "top_logprobs"), ({"tool_choice": "required"}, "tool_choice"), ({"logit_bias": {"fox": 1}}, "logit_bias"), ({"stream": "yes"}, "stream"), ({"messages": []}, "messages"), ({"temperature": -1}, "temperature"),
                            ({"messages": [{"role": "king", "content": ""}]}, "messages"), ({"response_format": {"type": "xml"}}, "response_format"), ({"max_tokens": 0}, "max_tokens"), ({"max_completion_tokens": 0}, "max_completion_tokens")):
            answer = post(**more)
            self.assertEqual((answer.status, answer.error()["param"]), (400, param), answer.body)
        self.assertEqual(post(tools=[], logprobs=None, metadata={"a": "b"}).status, 200)
        self.assertEqual(post(model="none").error()["code"], "model_not_found")


class Keys(unittest.TestCase):
    def test_only_who_has_one_is_served(self):
        server = Server(PTAH, arguments=["--keys"])
        made = lambda name, *more: subprocess.run([PTAH, "serve", "key", "add", name, "--folder", str(server.folder), *more], capture_output=True, text=True)
        refused = subprocess.run([PTAH, "serve", "--keys", "--port", "0", "--folder", str(server.folder)], capture_output=True, text=True, timeout=60)
        self.assertEqual(refused.returncode, 3, refused.stderr)
        open_to_all = subprocess.run([PTAH, "serve", "--host", "0.0.0.0", "--port", "0", "--folder", str(server.folder)], capture_output=True, text=True, timeout=60)
        self.assertEqual(open_to_all.returncode, 2, open_to_all.stderr)
        ann, ben, eve = (made(name, *more).stdout.strip() for name, *more in (("ann", "--jobs-an-hour", "2"), ("ben",), ("eve", "--role", "viewer")))
        self.assertTrue(ann.startswith("ptah_"))
        server.start()
        key = lambda token: {"Authorization": "Bearer " + token}
        for wrong in ({}, key("ptah_" + "0" * 64), {"Authorization": "Basic " + ann}, key(ann[:-1])):
            answer = server.ask("GET", "/v1/jobs", headers=wrong)
            self.assertEqual((answer.status, answer.error()["code"]), (401, "invalid_api_key"))
        self.assertEqual(server.ask("GET", "/health").status, 200)
        self.assertEqual(server.ask("GET", "/").status, 200, "the page asks for the key itself")
        job = server.job("create", FOX, headers=key(ann)).json()["id"]
        while server.ask("GET", "/v1/jobs/" + job, headers=key(ann)).json()["status"] in ("queued", "in_progress"):
            time.sleep(0.05)
        for path in ("", "/events", "/content/picture.png", "/preview"):
            self.assertEqual(server.ask("GET", f"/v1/jobs/{job}{path}", headers=key(ben)).status, 404, "of somebody else")
        self.assertEqual(server.ask("DELETE", "/v1/jobs/" + job, headers=key(ben)).status, 404)
        self.assertEqual(server.ask("GET", "/v1/jobs", headers=key(ben)).json()["data"], [])
        self.assertEqual(server.job("object", {"picture": job + "/picture.png"}, headers=key(ben)).error()["param"], "picture")
        self.assertEqual(server.job("create", FOX, headers=key(eve)).status, 403, "a viewer")
        shared = server.job("create", FOX, headers=key(ben))
        self.assertEqual((shared.headers["x-ptah-cache"], shared.json()["id"]), ("hit", job), "the same bytes, made once")
        self.assertEqual(server.ask("GET", f"/v1/jobs/{job}/content/picture.png", headers=key(ben)).status, 200, "who asked for it too has it")
        self.assertEqual(server.job("create", {**FOX, "seed": 90}, headers=key(ann)).status, 202)
        over = server.job("create", {**FOX, "seed": 91}, headers=key(ann))
        self.assertEqual((over.status, over.error()["code"], "retry-after" in over.headers), (429, "rate_limit_exceeded", True), over.body)
        self.assertEqual(subprocess.run([PTAH, "serve", "key", "remove", "ben", "--folder", str(server.folder)]).returncode, 0)
        self.assertEqual(server.ask("GET", "/v1/jobs", headers=key(ben)).status, 401, "taken back while the server runs")
        listed = subprocess.run([PTAH, "serve", "key", "list", "--folder", str(server.folder)], capture_output=True, text=True).stdout
        self.assertIn("ann", listed)
        self.assertNotIn(ann[5:], listed)
        self.assertEqual(server.stop(), 0)


class Budgets(unittest.TestCase):
    def test_what_never_fits_is_refused_with_the_numbers(self):
        server = Server(PTAH, arguments=["--budget", "60M"]).start()
        answer = server.job("create", {**FOX, "size": 512})
        self.assertEqual((answer.status, answer.error()["code"]), (422, "over_budget"), answer.body)
        self.assertRegex(answer.error()["message"], r"\d")
        self.assertEqual(server.stop(), 0)


unittest.main()
