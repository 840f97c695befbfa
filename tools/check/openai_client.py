#!/usr/bin/env python3
"""OpenAI's own client against `ptah serve`: openai_client.py PTAH (in a Python that has `openai` and its pydantic). Chats need `ptah pull smollm2`."""
import base64
import re
import subprocess
import sys
import tempfile

import openai
import pydantic


class Person(pydantic.BaseModel):
    name: str
    age: int


def raises(kind, code, call):
    try:
        call()
    except kind as problem:
        assert problem.code == code, (problem.code, problem.message)
        return
    raise AssertionError(f"no {kind.__name__}")


def chats(client):
    said = {"model": "smollm2", "messages": [{"role": "user", "content": "What is a fjord?"}], "max_completion_tokens": 20, "seed": 1}
    whole = client.chat.completions.create(**said)
    assert whole.usage.completion_tokens <= 20 and whole.choices[0].finish_reason in ("stop", "length")
    text, usage = "", None
    for chunk in client.chat.completions.create(**said, stream=True, stream_options={"include_usage": True}):
        usage = chunk.usage or usage
        text += chunk.choices[0].delta.content or "" if chunk.choices else ""
    assert text == whole.choices[0].message.content, (text, whole)
    assert usage == whole.usage
    with client.chat.completions.stream(**said) as stream:
        assert "".join(event.delta for event in stream if event.type == "content.delta") == text
    ask = [{"role": "user", "content": [{"type": "text", "text": "Make up a person with a short name."}]}]
    person = client.chat.completions.parse(model="smollm2", messages=ask, response_format=Person, max_completion_tokens=200, seed=3).choices[0].message.parsed
    assert isinstance(person, Person)
    raises(openai.NotFoundError, "model_not_found", lambda: client.chat.completions.create(model="gpt-5", messages=said["messages"]))
    raises(openai.BadRequestError, "context_length_exceeded", lambda: client.chat.completions.create(model="smollm2", messages=[{"role": "user", "content": "fox " * 12000}]))


def main():
    with tempfile.TemporaryDirectory() as place:
        server = subprocess.Popen([sys.argv[1], "serve", "--port", "0", "--folder", place + "/store"], stdout=subprocess.PIPE, text=True)
        try:
            address = re.search(r"http\S+", server.stdout.readline()).group(0)
            client = openai.OpenAI(base_url=address + "/v1", api_key="none")
            names = [model.id for model in client.models.list()]
            assert "minilm" in names and "picture" in names, names
            vectors = client.embeddings.create(model="minilm", input=["a small cat", "a kitten"]).data
            assert len(vectors) == 2 and abs(sum(x * x for x in vectors[0].embedding) - 1) < 1e-3
            made = client.images.generate(model="picture", prompt="a red fox", size="128x128", n=2, quality="low")
            assert all(base64.b64decode(one.b64_json).startswith(b"\x89PNG") for one in made.data)
            events = list(client.images.generate(model="picture", prompt="a blue owl", size="256x256", stream=True, partial_images=2))
            assert events[-1].type == "image_generation.completed", events
            raises(openai.BadRequestError, "invalid_argument", lambda: client.images.generate(model="picture", prompt="x", size="1024x1792"))
            if "smollm2" in names:
                chats(client)
            print("OpenAI's client works" + ("" if "smollm2" in names else "; chats were left out"))
        finally:
            server.terminate()
            server.wait(60)


main()
