#!/usr/bin/env python3
"""What other programs ask of `ptah serve`: Ollama's and the web UI's routes, metrics, the OpenAPI document, webhooks, requests sent again.
`tools/check/other_clients.py` asks with the clients themselves."""
import base64
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from server import Served, Server

PTAH = Served.program = sys.argv.pop(1)
FOX = {"prompt": "a red fox", "size": 128, "steps": 2, "best_of": 1, "object": False, "seed": 4}
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


class Receiver:
    """A web server that keeps what is posted to it."""

    def __init__(self, statuses=()):
        self.got, statuses = queue.Queue(), list(statuses)
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.got.put((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(statuses.pop(0) if statuses else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class WebUi(Served):
    def draw(self, path="/sdapi/v1/txt2img", **more):
        return self.post(path, {"prompt": "a red fox", "negative_prompt": "", "seed": 4, "steps": 2, "width": 128, "height": 128, "sampler_name": "Euler", "cfg_scale": 3, **more})

    def test_pictures(self):
        made = self.draw(batch_size=2)
        self.assertEqual(made.status, 200, made.body)
        self.assertTrue(made.headers["x-ptah-job"].startswith("job_"))
        info = json.loads(made.json()["info"])
        self.assertEqual(info["all_seeds"], [4, 5])
        pictures = made.json()["images"]
        self.assertEqual(len(set(pictures)), 2)
        job = self.server.ended(self.server.job("create", {"prompt": "a red fox", "seed": 4, "steps": 2, "size": 128, "object": False, "formats": "png"}).json()["id"])
        self.assertEqual(base64.b64decode(pictures[0]), self.server.get(job["outputs"][0]["url"]).body, "the same as by the command line")
        for change in ({"sampler_name": "Heun"}, {"steps": 3}, {"cfg_scale": 6}, {"seed": 9}):
            self.assertNotEqual(self.draw(**change).json()["images"][0], pictures[0], change)
        again = self.draw("/sdapi/v1/img2img", init_images=["data:image/png;base64," + pictures[0]], denoising_strength=0.4)
        self.assertEqual(again.status, 200, again.body)
        self.assertNotEqual(self.draw("/sdapi/v1/img2img", init_images=[pictures[0]], denoising_strength=0.9).json()["images"], again.json()["images"])

    def test_what_is_not_possible_is_refused(self):
        for wrong in ({"negative_prompt": "blurry"}, {"enable_hr": True}, {"width": 256}, {"sampler_name": "DDIM"}, {"styles": ["x"]}, {"n_iter": 11}, {"steps": 0}, {"prompt": ""},
                      {"override_settings": {"sd_model_checkpoint": "other"}}, {"alwayson_scripts": {"ControlNet": {"args": [1]}}}):
            answer = self.draw(**wrong)
            self.assertEqual(answer.status, 422, answer.body)
            self.assertIsInstance(answer.json()["detail"], str)
        for pictures in ([], ["no base64!"], [base64.b64encode(b"no picture").decode()], [5], "x"):
            self.assertEqual(self.draw("/sdapi/v1/img2img", init_images=pictures).status, 422)

    def test_progress_and_settings(self):
        self.assertEqual(self.server.get("/sdapi/v1/progress").json()["progress"], 0)
        self.assertEqual(self.server.get("/sdapi/v1/options").json()["sd_model_checkpoint"], "picture")
        self.assertEqual(self.post("/sdapi/v1/options", {"sd_model_checkpoint": "picture"}).status, 200)
        self.assertEqual(self.post("/sdapi/v1/options", {"CLIP_stop_at_last_layers": 2}).status, 422)
        self.assertEqual(self.post("/sdapi/v1/interrupt", {}).json(), {})


class Ollama(Served):
    def test_models_and_vectors(self):
        self.assertRegex(self.server.get("/api/version").json()["version"], r"^\d")
        self.assertIn("minilm", [model["name"] for model in self.server.get("/api/tags").json()["models"]])
        self.assertEqual(self.post("/api/show", {"model": "minilm:latest"}).json()["capabilities"], ["embedding"])
        self.assertIsInstance(self.post("/api/show", {"model": "none"}).json()["error"], str)
        made = self.post("/api/embed", {"model": "minilm", "input": ["a cat", "a lorry"]}).json()
        self.assertEqual(len(made["embeddings"]), 2)
        self.assertEqual(self.post("/api/embeddings", {"model": "minilm", "prompt": "a cat"}).json()["embedding"], made["embeddings"][0])
        for wrong in ({"input": []}, {"input": [5]}, {"model": "none", "input": "x"}):
            answer = self.post("/api/embed", {"model": "minilm", **wrong})
            self.assertIn(answer.status, (400, 404))
            self.assertIsInstance(answer.json()["error"], str)

    @unittest.skipIf(subprocess.run([PTAH, "tokenize", "a"], capture_output=True).returncode, "smollm2 is not pulled")
    def test_chats_come_as_lines(self):
        said = {"model": "smollm2", "messages": [{"role": "user", "content": "What is a fjord?"}], "tools": [], "options": {"num_predict": 8, "seed": 1}}
        whole = self.post("/api/chat", {**said, "stream": False}).json()
        self.assertEqual((whole["done"], whole["done_reason"], whole["eval_count"]), (True, "length", 8))
        parts = self.post("/api/chat", said)
        self.assertEqual(parts.headers["content-type"], "application/x-ndjson")
        lines = [json.loads(line) for line in parts.body.splitlines()]
        self.assertEqual("".join(line["message"]["content"] for line in lines), whole["message"]["content"])
        self.assertEqual([line["done"] for line in lines], [False] * (len(lines) - 1) + [True])
        tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "string", "pattern": "a"}}}}}
        for wrong in ({"images": ["x"]}, {"format": "xml"}, {"format": {"type": "string", "pattern": "a"}}, {"tools": [tool]}, {"messages": []}):
            for stream in (False, True):
                answer = self.post("/api/chat", {**said, **wrong, "stream": stream})
                self.assertEqual(answer.status, 400, answer.body)
                self.assertIsInstance(answer.json()["error"], str)


class Operation(Served):
    def test_metrics(self):
        self.server.ended(self.server.job("create", FOX).json()["id"])
        answer = self.server.get("/metrics")
        self.assertTrue(answer.headers["content-type"].startswith("text/plain; version=0.0.4"))
        lines = answer.body.decode().splitlines()
        told = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if not line.startswith("#")}
        self.assertGreaterEqual(told['ptah_jobs{kind="create",state="completed"}'], 1)
        self.assertEqual(told["ptah_ready"], 1)
        self.assertGreater(told["process_resident_memory_bytes"], 1 << 20)
        names = [name.split("{")[0] for name in told]
        for name in names:
            self.assertTrue(any(line.startswith(f"# TYPE {name} ") for line in lines), name)

    def test_the_document_names_what_is_there(self):
        document = self.server.get("/openapi.json").json()
        self.assertEqual(document["openapi"], "3.1.0")
        create = document["components"]["schemas"]["request_create"]
        self.assertIn("prompt", create["properties"])
        for path, methods in document["paths"].items():
            for method in methods:
                answer = self.server.ask(method.upper(), path.replace("{", "x").replace("}", ""), {} if method in ("post", "put") else None) if method != "get" else None
                if answer is not None:
                    self.assertNotIn(answer.status, (405, 500), (path, answer.body))
        self.assertEqual(self.server.ask("PATCH", "/v1/jobs").status, 405)

    def test_a_key_of_a_request_stands_for_one_request(self):
        first = self.server.job("create", FOX, headers={"Idempotency-Key": "k"})
        self.server.ended(first.json()["id"])
        self.assertEqual(self.server.job("create", FOX, headers={"Idempotency-Key": "k"}).json()["id"], first.json()["id"])
        other = self.server.job("create", {**FOX, "seed": 5}, headers={"Idempotency-Key": "k"})
        self.assertEqual((other.status, other.error()["code"]), (422, "idempotency_key_reused"))
        self.assertEqual(self.server.job("create", FOX, headers={"Idempotency-Key": "k" * 256}).status, 400)

    def test_wrong_webhooks(self):
        for hook in (5, {}, {"url": "http://example.org"}, {"url": "file:///etc/passwd", "secret": SECRET}, {"url": "http://example.org", "secret": "whsec_eA=="},
                     {"url": "http://example.org", "secret": SECRET, "x": 1}, {"url": "http://" + "a" * 3000, "secret": SECRET}):
            answer = self.server.job("create", FOX, webhook=hook)
            self.assertEqual((answer.status, answer.error()["param"]), (422, "webhook"), answer.body)

    def test_webhooks_do_not_reach_into_this_computer(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        job = self.server.job("create", {**FOX, "seed": 70}, webhook={"url": receiver.address, "secret": SECRET}).json()["id"]
        self.server.ended(job)
        with self.assertRaises(queue.Empty):
            receiver.got.get(timeout=4)


class Webhooks(unittest.TestCase):
    def test_ends_are_told_signed_and_again_if_they_were_not_taken(self):
        receiver = Receiver(statuses=[500])
        self.addCleanup(receiver.close)
        server = Server(PTAH, arguments=["--webhooks-anywhere"]).start()
        job = server.job("create", FOX, webhook={"url": receiver.address + "/done", "secret": SECRET}).json()["id"]
        first, second = receiver.got.get(timeout=60), receiver.got.get(timeout=60)
        for path, headers, body in (first, second):
            self.assertEqual(path, "/done")
            signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
            code = base64.b64encode(hmac.new(bytes(range(32)), signed, hashlib.sha256).digest()).decode()
            self.assertEqual(headers["webhook-signature"], "v1," + code)
            message = json.loads(body)
            self.assertEqual((message["type"], message["data"]["id"], message["data"]["status"]), ("job.completed", job, "completed"))
        self.assertEqual(first[1]["webhook-id"], second[1]["webhook-id"])
        server.job("create", FOX, webhook={"url": receiver.address + "/done", "secret": SECRET})
        with self.assertRaises(queue.Empty):
            receiver.got.get(timeout=2)
        server.job("create", FOX, webhook={"url": receiver.address + "/other", "secret": SECRET})
        self.assertEqual(receiver.got.get(timeout=30)[0], "/other", "a work that is there already is told too")
        self.assertEqual(server.stop(), 0)


class Folders(unittest.TestCase):
    def test_models_may_be_named_from_where_the_server_was_started(self):
        models = os.environ.get("PTAH_MODELS")
        if not models:
            self.skipTest("PTAH_MODELS is not set")
        server = Server(PTAH, environment={"PTAH_MODELS": os.path.relpath(models)}).start()
        self.assertEqual(server.ended(server.job("create", FOX).json()["id"])["status"], "completed")
        self.assertEqual(server.stop(), 0)


unittest.main()
