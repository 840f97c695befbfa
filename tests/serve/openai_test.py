#!/usr/bin/env python3
"""OpenAI's interface of `ptah serve` beyond plain chats: what users reported of other servers is a test here, each by its symptom. `tools/check/openai_client.py`
asks with OpenAI's own client."""
import base64
import json
import pathlib
import struct
import subprocess
import sys
import time
import unittest
import zlib

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from server import Served, Server

PTAH = Served.program = sys.argv.pop(1)
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "The weather of a city", "strict": True, "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "maxLength": 20}, "unit": {"type": "string", "enum": ["c", "f"]}}, "required": ["city", "unit"],
    "additionalProperties": False}}}
TIME = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {"city": {"$ref": "#/$defs/City"}}, "required": ["city"],
                                                                         "$defs": {"City": {"type": "string", "maxLength": 12}}}}}


def png(width, height, rgba):
    rows = b"".join(b"\0" + bytes(rgba(x, y)[i] for x in range(width) for i in range(4)) for y in range(height))
    chunk = lambda name, data: struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


class Edits(Served):
    def form(self, path, fields, files, boundary="0123456789abcdef0123456789abcdef"):
        parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
        parts += [f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'.encode() + data + b"\r\n"
                  for name, data in files.items()]
        return self.server.ask("POST", path, b"".join(parts) + f"--{boundary}--\r\n".encode(), {"Content-Type": f"multipart/form-data; boundary={boundary}"})

    def test_a_picture_is_drawn_again_where_the_mask_is_transparent(self):
        picture = png(128, 128, lambda x, y: (200, 40, 40, 255))
        left = png(128, 128, lambda x, y: (0, 0, 0, 0 if x < 64 else 255))
        said = {"prompt": "a blue owl", "size": "128x128", "quality": "low", "seed": "3", "background": "opaque"}
        whole = self.form("/v1/images/edits", said, {"image": picture})
        self.assertEqual(whole.status, 200, whole.body)
        self.assertTrue(whole.headers["x-ptah-job"].startswith("job_"))
        masked = self.form("/v1/images/edits", said, {"mask": left, "image": picture})
        self.assertEqual(masked.status, 200, masked.body)
        self.assertNotEqual(masked.json()["data"][0]["b64_json"], whole.json()["data"][0]["b64_json"])
        stronger = self.form("/v1/images/edits", {**said, "strength": "0.2"}, {"image": picture})
        self.assertNotEqual(stronger.json()["data"][0]["b64_json"], whole.json()["data"][0]["b64_json"])

    def test_variations(self):
        picture = png(128, 128, lambda x, y: (x * 2, y * 2, 90, 255))
        made = self.form("/v1/images/variations", {"n": "2", "size": "128x128", "seed": "1", "response_format": "b64_json"}, {"image": picture})
        self.assertEqual(made.status, 200, made.body)
        pictures = [one["b64_json"] for one in made.json()["data"]]
        self.assertEqual(len(set(pictures)), 2)
        self.assertTrue(all(base64.b64decode(one).startswith(b"\x89PNG") for one in pictures))

    def test_wrong_forms(self):
        picture = png(8, 8, lambda x, y: (0, 0, 0, 255))
        for fields, files, param in (({"prompt": "x"}, {}, "image"), ({"prompt": "x"}, {"image": b"no picture"}, "image"), ({}, {"image": picture}, "prompt"),
                                     ({"prompt": "x", "n": "many"}, {"image": picture}, "n")):
            answer = self.form("/v1/images/edits", fields, files)
            self.assertEqual((answer.status, answer.error()["param"]), (400, param), answer.body)
        for body in (b"", b"--x", b"--x\r\n\r\n", b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--", b"--x\r\n" + b"A" * 9000, b"--x\r\nA: b\r\n\r\nno end"):
            answer = self.server.ask("POST", "/v1/images/edits", body, {"Content-Type": "multipart/form-data; boundary=x"})
            self.assertEqual(answer.status, 400, body)
        self.assertEqual(self.post("/v1/images/edits", {"prompt": "x"}).status, 400)

    def test_what_others_answer_with_500(self):
        """A response_format that is no text, and names of models that are not here."""
        for body, status in (({"prompt": "x", "response_format": {"type": "url"}}, 400), ({"prompt": "x", "model": "gpt-image-1"}, 404), ({"prompt": ["x"]}, 400)):
            answer = self.post("/v1/images/generations", body)
            self.assertEqual(answer.status, status, answer.body)
            self.assertIsInstance(answer.error()["code"], str)


class Idempotent(Served):
    def test_a_request_sent_again_is_the_same_work(self):
        body = {"prompt": "a red fox", "size": "128x128", "quality": "low"}
        first, again, other = (self.post("/v1/images/generations", body, Idempotency_Key=key) for key in ("a", "a", "b"))
        self.assertEqual(first.headers["x-ptah-job"], again.headers["x-ptah-job"])
        self.assertEqual(first.json()["data"], again.json()["data"])
        self.assertNotEqual(first.headers["x-ptah-job"], other.headers["x-ptah-job"])


@unittest.skipIf(subprocess.run([PTAH, "tokenize", "a"], capture_output=True).returncode, "smollm2 is not pulled")
class Language(Served):
    def chat(self, **body):
        return {"model": "smollm2", "messages": [{"role": "user", "content": "What is the weather in Paris?"}], "max_completion_tokens": 200, "seed": 7, **body}

    def choice(self, **body):
        answer = self.post("/v1/chat/completions", self.chat(**body))
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()["choices"][0]

    def chunks(self, **body):
        events = self.events("/v1/chat/completions", self.chat(stream=True, **body))
        self.assertEqual(events[-1][2], "[DONE]")
        return [json.loads(data) for _, _, data in events[:-1]]

    # ---- tools

    def test_calls_satisfy_the_schemas_of_their_functions(self):
        choice = self.choice(tools=[WEATHER, TIME], tool_choice="required")
        self.assertEqual(choice["finish_reason"], "tool_calls")
        self.assertIsNone(choice["message"]["content"])
        calls = choice["message"]["tool_calls"]
        self.assertEqual(len({call["id"] for call in calls}), len(calls))
        for call in calls:
            self.assertIsInstance(call["function"]["arguments"], str)
            arguments = json.loads(call["function"]["arguments"])
            self.assertEqual(set(arguments), {"city", "unit"} if call["function"]["name"] == "get_weather" else {"city"})
        one = self.choice(tools=[WEATHER, TIME], tool_choice={"type": "function", "function": {"name": "get_time"}})
        self.assertEqual([call["function"]["name"] for call in one["message"]["tool_calls"]], ["get_time"])
        self.assertEqual(len(self.choice(tools=[WEATHER, TIME], tool_choice="required", parallel_tool_calls=False)["message"]["tool_calls"]), 1)
        self.assertNotIn("tool_calls", self.choice(tools=[WEATHER], tool_choice="none", max_completion_tokens=8)["message"])

    def test_streamed_calls_have_an_index_an_id_and_the_same_arguments(self):
        whole = self.choice(tools=[WEATHER, TIME], tool_choice="required")["message"]["tool_calls"]
        chunks = self.chunks(tools=[WEATHER, TIME], tool_choice="required")
        found = {}
        for chunk in chunks:
            for delta in chunk["choices"][0]["delta"].get("tool_calls", []):
                call = found.setdefault(delta["index"], {"arguments": ""})
                call["arguments"] += delta["function"].get("arguments", "")
                call.update({key: delta[key] for key in ("id", "type") if key in delta})
                call["name"] = delta["function"].get("name", call.get("name"))
        self.assertEqual([found[i] for i in range(len(found))],
                         [{"id": call["id"], "type": "function", **call["function"]} for call in whole])
        self.assertEqual(chunks[-1]["choices"][0]["finish_reason"], "tool_calls")

    def test_the_model_calls_when_it_wants_to(self):
        """The model is pushed towards a call by a bias for "<", as small ones rarely call by themselves."""
        choice = self.choice(tools=[WEATHER], temperature=0, logit_bias={"44": 6})
        if choice["finish_reason"] == "tool_calls":
            for call in choice["message"]["tool_calls"]:
                self.assertEqual(set(json.loads(call["function"]["arguments"])), {"city", "unit"})
        self.assertNotIn("<tool_call>", choice["message"]["content"] or "")

    def test_content_null_beside_calls_and_lists_of_parts(self):
        history = [{"role": "user", "content": [{"type": "text", "text": "Weather in "}, {"type": "text", "text": "Paris?"}]},
                   {"role": "assistant", "content": None, "tool_calls": [{"id": "x", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Paris"}'}}]},
                   {"role": "tool", "tool_call_id": "x", "content": "21 degrees"}]
        self.assertTrue(self.choice(messages=history, tools=[WEATHER], max_completion_tokens=12)["message"]["content"] is not None)
        parts = self.choice(messages=history[:1], max_completion_tokens=8)
        plain = self.choice(messages=[{"role": "user", "content": "Weather in Paris?"}], max_completion_tokens=8)
        self.assertEqual(parts["message"]["content"], plain["message"]["content"])

    def test_structured_output_fails_closed(self):
        bad = {"type": "string", "pattern": "a+"}
        for more in ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": bad}}},
                     {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"x": bad}}}}], "tool_choice": "required"},
                     {"tools": [WEATHER], "tool_choice": "required", "max_completion_tokens": 3}):
            for stream in (False, True):
                answer = self.post("/v1/chat/completions", self.chat(stream=stream, **more))
                self.assertEqual(answer.status, 400, answer.body)
                self.assertIsInstance(answer.error()["code"], str)

    # ---- limits and ends

    def test_both_names_of_the_limit_hold_and_the_reason_says_so(self):
        for name in ("max_tokens", "max_completion_tokens"):
            answer = self.post("/v1/chat/completions", {**self.chat(messages=[{"role": "user", "content": "Tell me a long story."}], max_completion_tokens=None), name: 5}).json()
            self.assertEqual((answer["usage"]["completion_tokens"], answer["choices"][0]["finish_reason"]), (5, "length"))
        stopped = self.choice(messages=[{"role": "user", "content": "Tell me a long story."}], stop=[" "], max_completion_tokens=50)
        self.assertEqual(stopped["finish_reason"], "stop")
        self.assertNotIn(" ", stopped["message"]["content"])

    def test_a_context_that_is_too_long_is_refused_before_a_stream_begins(self):
        for stream in (False, True):
            answer = self.post("/v1/chat/completions", self.chat(messages=[{"role": "user", "content": "fox " * 12000}], stream=stream))
            self.assertEqual((answer.status, answer.error()["code"]), (400, "context_length_exceeded"))

    def test_usage_in_streams(self):
        chunks = self.chunks(stream_options={"include_usage": True}, max_completion_tokens=5)
        self.assertEqual(chunks[-1]["choices"], [])
        self.assertEqual(chunks[-1]["usage"]["total_tokens"], chunks[-1]["usage"]["prompt_tokens"] + 5)
        self.assertTrue(all(chunk["usage"] is None for chunk in chunks[:-1]))

    def test_characters_are_whole_in_chunks(self):
        for chunk in self.chunks(messages=[{"role": "user", "content": "Write these signs again: 狐狸 🦊 ünïcödé 🦉"}], temperature=1.4, max_completion_tokens=60):
            self.assertNotIn("\ufffd", chunk["choices"][0]["delta"].get("content") or "")

    def test_log_probabilities(self):
        choice = self.choice(logprobs=True, top_logprobs=3, max_completion_tokens=6, temperature=0)
        entries = choice["logprobs"]["content"]
        self.assertEqual("".join(entry["token"] for entry in entries), choice["message"]["content"])
        for entry in entries:
            self.assertEqual(bytes(entry["bytes"]).decode(), entry["token"])
            self.assertEqual(len(entry["top_logprobs"]), 3)
            likelihoods = [other["logprob"] for other in entry["top_logprobs"]]
            self.assertEqual(likelihoods, sorted(likelihoods, reverse=True))
            self.assertLessEqual(entry["logprob"], likelihoods[0] + 1e-4)
        streamed = [entry for chunk in self.chunks(logprobs=True, top_logprobs=3, max_completion_tokens=6, temperature=0)
                    for entry in ((chunk["choices"][0]["logprobs"] or {}).get("content") or [])]
        self.assertEqual(streamed, entries)

    def test_choices_biases_and_seeds(self):
        answer = self.post("/v1/chat/completions", self.chat(n=3, temperature=1.5, max_completion_tokens=12)).json()
        self.assertEqual([choice["index"] for choice in answer["choices"]], [0, 1, 2])
        self.assertGreater(len({choice["message"]["content"] for choice in answer["choices"]}), 1)
        plain = self.choice(max_completion_tokens=6, temperature=0, logprobs=True)
        first = plain["logprobs"]["content"][0]["token"]
        tokens = {bytes(entry["bytes"]).decode(): entry for entry in plain["logprobs"]["content"]}
        self.assertIn(first, tokens)
        self.assertNotEqual(self.choice(max_completion_tokens=6, temperature=0, logit_bias={"33": 100})["message"]["content"], plain["message"]["content"])

    # ---- completions

    def test_completions_are_what_the_command_line_writes(self):
        said = {"model": "smollm2", "prompt": "The fox", "max_tokens": 12, "seed": 5, "temperature": 0.7}
        answer = self.post("/v1/completions", said).json()
        self.assertEqual((answer["object"], answer["choices"][0]["finish_reason"]), ("text_completion", "length"))
        written = self.server.ended(self.server.job("generate", {"prompt": "The fox", "max_tokens": 12, "seed": 5, "temperature": 0.7, "top_p": 1}).json()["id"])
        text = self.server.get(next(one["url"] for one in written["outputs"] if one["name"] == "text.txt")).body.decode()
        self.assertEqual(answer["choices"][0]["text"], text)
        events = self.events("/v1/completions", {**said, "stream": True})
        self.assertEqual(events[-1][2], "[DONE]")
        self.assertEqual("".join(json.loads(data)["choices"][0]["text"] for _, _, data in events[:-1]), text)
        many = self.post("/v1/completions", {**said, "prompt": ["The fox", "An owl"], "n": 2, "echo": True, "max_tokens": 3}).json()["choices"]
        self.assertEqual([choice["index"] for choice in many], [0, 1, 2, 3])
        self.assertTrue(all(choice["text"].startswith(begin) for choice, begin in zip(many, ["The fox", "The fox", "An owl", "An owl"])))
        told = self.post("/v1/completions", {**said, "logprobs": 2}).json()["choices"][0]["logprobs"]
        self.assertEqual("".join(told["tokens"]), text)
        self.assertEqual(told["text_offset"][0], 0)
        for more, param in (({"prompt": [[1, 2]]}, "prompt"), ({"suffix": "x"}, "suffix"), ({"best_of": 3}, "best_of"), ({"n": 99}, "n"), ({"max_tokens": 0}, "max_tokens")):
            wrong = self.post("/v1/completions", {**said, **more})
            self.assertEqual((wrong.status, wrong.error()["param"]), (400, param), wrong.body)

    # ---- responses

    def respond(self, **body):
        return {"model": "smollm2", "input": "What is a fjord?", "max_output_tokens": 10, "seed": 3, **body}

    def test_events_of_a_response_are_numbered_and_come_again(self):
        events = self.events("/v1/responses", self.respond(stream=True))
        told = [json.loads(data) for _, _, data in events]
        self.assertEqual([event["sequence_number"] for event in told], list(range(len(told))))
        self.assertEqual([event["type"] for event in told[:4]], ["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"])
        self.assertTrue(all(name == event["type"] for (_, name, _), event in zip(events, told)))
        deltas = [event for event in told if event["type"] == "response.output_text.delta"]
        self.assertTrue(all(event["output_index"] == 0 and event["content_index"] == 0 and event["item_id"] == deltas[0]["item_id"] for event in deltas))
        last = told[-1]["response"]
        self.assertEqual((told[-1]["type"], last["status"], last["incomplete_details"]["reason"]), ("response.incomplete", "incomplete", "max_output_tokens"))
        self.assertEqual("".join(event["delta"] for event in deltas), last["output"][0]["content"][0]["text"])
        self.assertEqual(self.server.get("/v1/responses/" + last["id"]).json(), last)
        self.assertEqual(self.events(f"/v1/responses/{last['id']}?stream=true"), events)
        self.assertEqual(self.events(f"/v1/responses/{last['id']}?stream=true&starting_after=5"), events[6:])
        self.assertEqual(self.server.get(f"/v1/responses/{last['id']}?stream=true&starting_after=x").status, 400)

    def test_responses_in_the_background_go_on_without_a_client(self):
        begun = self.post("/v1/responses", self.respond(background=True, metadata={"a": "b"}, instructions="Be brief.")).json()
        self.assertIn(begun["status"], ("queued", "in_progress", "completed", "incomplete"))
        while (now := self.server.get("/v1/responses/" + begun["id"]).json())["status"] in ("queued", "in_progress"):
            time.sleep(0.05)
        self.assertEqual((now["metadata"], now["instructions"], now["background"]), ({"a": "b"}, "Be brief.", True))
        more = self.post("/v1/responses", self.respond(input=[{"role": "user", "content": [{"type": "input_text", "text": "And a lake?"}]}], previous_response_id=now["id"])).json()
        items = self.server.get(f"/v1/responses/{more['id']}/input_items").json()["data"]
        self.assertEqual([item["role"] for item in items], ["user", "assistant", "user"])
        self.assertEqual(items[1]["content"][0]["text"], now["output"][0]["content"][0]["text"])
        self.assertEqual(self.server.ask("DELETE", "/v1/responses/" + now["id"]).json()["deleted"], True)
        self.assertEqual(self.server.get("/v1/responses/" + now["id"]).status, 404)
        self.assertEqual(self.post("/v1/responses", self.respond(previous_response_id=now["id"])).error()["param"], "previous_response_id")
        slow = self.post("/v1/responses", self.respond(background=True, max_output_tokens=4000, temperature=1.5, input="Tell me a very long story.")).json()
        stopped = self.post(f"/v1/responses/{slow['id']}/cancel", {}).json()
        self.assertIn(stopped["status"], ("cancelled", "completed"))

    def test_calls_and_schemas_in_responses(self):
        tool = {"type": "function", **WEATHER["function"]}
        made = self.post("/v1/responses", self.respond(tools=[tool], tool_choice="required", parallel_tool_calls=False, max_output_tokens=200)).json()
        call = made["output"][0]
        self.assertEqual((made["status"], call["type"], call["name"]), ("completed", "function_call", "get_weather"))
        self.assertEqual(set(json.loads(call["arguments"])), {"city", "unit"})
        told = [json.loads(data) for _, _, data in self.events("/v1/responses", self.respond(tools=[tool], tool_choice="required", parallel_tool_calls=False, max_output_tokens=200, stream=True))]
        self.assertEqual([event["type"] for event in told[2:]], ["response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done",
                                                                  "response.output_item.done", "response.completed"])
        back = self.post("/v1/responses", self.respond(previous_response_id=made["id"], input=[{"type": "function_call_output", "call_id": call["call_id"], "output": "21 degrees"}]))
        self.assertEqual(back.status, 200, back.body)
        schema = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"], "additionalProperties": False}
        text = self.post("/v1/responses", self.respond(text={"format": {"type": "json_schema", "name": "x", "schema": schema}}, max_output_tokens=60)).json()["output"][0]["content"][0]["text"]
        self.assertEqual(set(json.loads(text)), {"age"})

    def test_wrong_responses(self):
        for more, param in (({"input": []}, "input"), ({"input": [{"type": "image"}]}, "input"), ({"input": [{"role": "king", "content": "x"}]}, "input"), ({"conversation": "x"}, "conversation"),
                            ({"max_output_tokens": 0}, "max_output_tokens"), ({"text": {"format": {"type": "xml"}}}, "text"), ({"tools": [{"type": "web_search"}]}, "tools")):
            answer = self.post("/v1/responses", self.respond(**more))
            self.assertEqual((answer.status, answer.error()["param"]), (400, param), answer.body)
        self.assertEqual(self.server.get("/v1/responses/resp_999999").status, 404)
        self.assertEqual(self.server.get("/v1/responses/job_1").status, 404)
        self.assertEqual(self.post("/v1/responses", self.respond(model="none")).error()["code"], "model_not_found")


class Browsers(unittest.TestCase):
    def test_headers_of_the_sdk_are_allowed_for_chosen_origins_only(self):
        server = Server(PTAH, arguments=["--allow-origin", "https://app.example"]).start()
        self.addCleanup(server.stop)
        wanted = "authorization,content-type,x-stainless-arch,x-stainless-lang,x-stainless-os,x-stainless-package-version,x-stainless-retry-count,x-stainless-runtime"
        asked = lambda origin: server.ask("OPTIONS", "/v1/chat/completions", headers={"Origin": origin, "Access-Control-Request-Method": "POST",
                                                                                      "Access-Control-Request-Headers": wanted})
        allowed = asked("https://app.example").headers
        self.assertEqual(allowed["access-control-allow-origin"], "https://app.example")
        for name in wanted.split(","):
            self.assertIn(name, allowed["access-control-allow-headers"].lower())
        self.assertNotIn("access-control-allow-origin", asked("https://evil.example").headers)


unittest.main()
