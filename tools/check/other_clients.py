#!/usr/bin/env python3
"""The clients of Ollama, AUTOMATIC1111's web UI, Prometheus and Standard Webhooks against `ptah serve`: other_clients.py PTAH (in a Python that has `ollama`,
`webuiapi`, `pillow`, `prometheus_client` and `standardwebhooks`). Chats need `ptah pull smollm2`."""
import base64
import http.server
import json
import queue
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request

import ollama
import webuiapi
from PIL import Image
from prometheus_client.parser import text_string_to_metric_families
from standardwebhooks import Webhook, WebhookVerificationError

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def weather(city: str) -> str:
    """The weather of a city

    Args:
      city: its name
    """
    return "21 degrees in " + city


def with_ollama(address):
    client = ollama.Client(host=address)
    names = [model.model for model in client.list().models]
    assert "minilm" in names, names
    vectors = client.embed(model="minilm", input=["a small cat", "a kitten"]).embeddings
    assert len(vectors) == 2 and abs(sum(x * x for x in vectors[0]) - 1) < 1e-3
    assert list(client.embeddings(model="minilm", prompt="a small cat").embedding) == list(vectors[0])
    assert client.show("minilm").capabilities == ["embedding"]
    try:
        client.chat(model="none", messages=[{"role": "user", "content": "x"}])
    except ollama.ResponseError as problem:
        assert problem.status_code == 404, problem
    else:
        raise AssertionError("no error for a model that is not here")
    if "smollm2" not in names:
        return
    said = {"model": "smollm2:latest", "messages": [{"role": "user", "content": "What is a fjord?"}], "options": {"num_predict": 12, "seed": 1}}
    whole = client.chat(**said)
    assert whole.done and whole.done_reason == "length" and whole.eval_count == 12, whole
    parts = list(client.chat(**said, stream=True))
    assert "".join(part.message.content for part in parts) == whole.message.content and parts[-1].done, parts
    made = client.generate(model="smollm2", prompt="Make up a person.", format=SCHEMA, options={"seed": 1, "num_predict": 60})
    assert '"age"' in made.response, made
    raw = client.generate(model="smollm2", prompt="The fox", raw=True, options={"seed": 1, "num_predict": 5})
    assert raw.response and raw.eval_count == 5, raw
    answer = client.chat(model="smollm2", messages=[{"role": "user", "content": "Weather in Paris?"}], tools=[weather], options={"num_predict": 20, "seed": 1})
    for call in answer.message.tool_calls or []:
        assert set(call.function.arguments) == {"city"}
    assert list(client.ps().models) == []


def with_webui(port):
    api = webuiapi.WebUIApi(host="127.0.0.1", port=port, use_https=False)
    assert api.util_get_model_names() == ["picture"] and api.util_get_current_model() == "picture"
    assert "Heun" in [sampler["name"] for sampler in api.get_samplers()]
    made = api.txt2img(prompt="a red fox", seed=4, steps=4, width=128, height=128, sampler_name="Euler", batch_size=2)
    assert len(made.images) == 2 and made.image.size == (128, 128) and made.info["all_seeds"] == [4, 5], made.info
    assert api.txt2img(prompt="a red fox", seed=4, steps=4, width=128, height=128, sampler_name="Heun").image.tobytes() != made.image.tobytes()
    other = api.img2img(images=[made.image], prompt="a blue fox", seed=1, steps=4, width=128, height=128, sampler_name="Euler", denoising_strength=0.5)
    mask = Image.new("RGB", (128, 128), "black")
    mask.paste("white", (0, 0, 64, 128))
    masked = api.img2img(images=[made.image], mask_image=mask, prompt="a blue fox", seed=1, steps=4, width=128, height=128, sampler_name="Euler", denoising_strength=0.5)
    assert masked.image.tobytes() != other.image.tobytes()
    assert api.get_progress()["progress"] == 0
    api.interrupt()
    for wrong in ({"negative_prompt": "blurry"}, {"enable_hr": True}, {"width": 256}, {"sampler_name": "DDIM"}):
        try:
            api.txt2img(**{"prompt": "a red fox", "width": 128, "height": 128, "sampler_name": "Euler", **wrong})
        except RuntimeError as problem:
            assert problem.args[0] == 422, problem
        else:
            raise AssertionError(f"{wrong} was taken")


def with_prometheus(address):
    text = urllib.request.urlopen(address + "/metrics").read().decode()
    found = {family.name: family for family in text_string_to_metric_families(text)}
    states = {(sample.labels["kind"], sample.labels["state"]): sample.value for sample in found["ptah_jobs"].samples}
    assert states[("create", "completed")] >= 5, states
    assert found["ptah_ready"].samples[0].value == 1 and found["process_resident_memory_bytes"].samples[0].value > 1 << 20


def with_webhooks(address):
    got = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            got.put((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    receiver = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    secret = "whsec_" + base64.b64encode(bytes(range(32))).decode()
    job = {"kind": "create", "request": {"prompt": "a red fox", "size": 128, "steps": 2, "object": False},
           "webhook": {"url": f"http://127.0.0.1:{receiver.server_port}/", "secret": secret}}
    asked = json.load(urllib.request.urlopen(urllib.request.Request(address + "/v1/jobs", json.dumps(job).encode(), {"Content-Type": "application/json"})))
    headers, body = got.get(timeout=60)
    headers = {name.lower(): value for name, value in headers.items()}
    assert Webhook(secret).verify(body, headers)["data"]["id"] == asked["id"]
    try:
        Webhook(secret).verify(body.replace(b"completed", b"cancelled"), headers)
    except WebhookVerificationError:
        return
    raise AssertionError("a changed message was taken")


def main():
    with tempfile.TemporaryDirectory() as place:
        server = subprocess.Popen([sys.argv[1], "serve", "--port", "0", "--folder", place + "/store", "--webhooks-anywhere"], stdout=subprocess.PIPE, text=True)
        try:
            address = re.search(r"http\S+", server.stdout.readline()).group(0)
            with_ollama(address)
            with_webui(int(address.rsplit(":", 1)[1]))
            with_prometheus(address)
            with_webhooks(address)
            print("the clients of Ollama, the web UI, Prometheus and Standard Webhooks work")
        finally:
            server.terminate()
            server.wait(60)


main()
