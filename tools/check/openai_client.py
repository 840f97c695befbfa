#!/usr/bin/env python3
"""OpenAI's own client against `ptah serve`: openai_client.py PTAH (in a Python that has `openai` and its pydantic; if it has
`langchain_openai`, that asks too). Chats need `ptah pull smollm2`."""
import base64
import json
import re
import subprocess
import sys
import tempfile
import time

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


def sounds(client):
    """Speech in each format, and back to text. Needs `ptah pull kokoro` and `ptah pull whisper-tiny.en`."""
    said = "The quick brown fox jumps over the lazy dog."
    with tempfile.TemporaryDirectory() as folder:
        for name, begin in (("mp3", b"ID3"), ("opus", b"OggS"), ("wav", b"RIFF")):
            with client.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input=said, response_format=name) as answer:
                answer.stream_to_file(f"{folder}/a.{name}")
            with open(f"{folder}/a.{name}", "rb") as file:
                assert file.read(len(begin)) == begin, name
        assert client.audio.speech.create(model="tts-1", voice="alloy", input=said).content.startswith(b"ID3"), "mp3 is the usual format"
        for name in ("wav", "opus"):
            with open(f"{folder}/a.{name}", "rb") as file:
                heard = client.audio.transcriptions.create(model="whisper-1", file=file)
            assert "quick brown fox" in heard.text, heard
        ask = lambda **more: client.audio.transcriptions.create(model="whisper-1", file=open(f"{folder}/a.wav", "rb"), **more)
        detail = ask(response_format="verbose_json", timestamp_granularities=["word", "segment"])
        words = [word.word.strip(".,").lower() for word in detail.words]
        assert words == said.strip(".").lower().split(), words
        assert all(a.start <= a.end <= b.end for a, b in zip(detail.words, detail.words[1:])), detail.words
        assert 1.5 < detail.words[-1].end <= detail.duration and detail.segments[0].tokens, detail
        assert ask(response_format="verbose_json").words is None
        assert ask(response_format="vtt").startswith("WEBVTT") and "-->" in ask(response_format="srt") and "lazy dog" in ask(response_format="text")
        raises(openai.NotFoundError, "model_not_found", lambda: client.audio.transcriptions.create(model="gpt-4o-transcribe", file=open(f"{folder}/a.wav", "rb")))
        raises(openai.BadRequestError, "unsupported", lambda: client.audio.translations.create(model="whisper-1", file=open(f"{folder}/a.wav", "rb")))


WEATHER = {"name": "get_weather", "description": "The weather of a city", "strict": True, "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "maxLength": 20}, "unit": {"type": "string", "enum": ["c", "f"]}}, "required": ["city", "unit"],
    "additionalProperties": False}}


def functions(client):
    said = {"model": "smollm2", "messages": [{"role": "user", "content": "What is the weather in Paris?"}], "max_completion_tokens": 120, "seed": 1,
            "tools": [{"type": "function", "function": WEATHER}]}
    whole = client.chat.completions.create(**said, tool_choice="required").choices[0]
    call = whole.message.tool_calls[0]
    assert whole.finish_reason == "tool_calls" and set(json.loads(call.function.arguments)) == {"city", "unit"}, whole
    with client.chat.completions.stream(**said, tool_choice="required") as stream:
        arguments = [event.arguments for event in stream if event.type == "tool_calls.function.arguments.done"]
        last = stream.get_final_completion().choices[0]
    assert arguments == [one.function.arguments for one in whole.message.tool_calls], arguments
    assert last.message.tool_calls[0].id == call.id and last.message.tool_calls[0].function.parsed_arguments["city"]
    answered = said["messages"] + [whole.message, {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"}]
    assert client.chat.completions.create(**{**said, "messages": answered, "max_completion_tokens": 10}).choices[0].message.content is not None
    told = client.chat.completions.create(model="smollm2", messages=said["messages"], max_completion_tokens=4, seed=1, logprobs=True, top_logprobs=2, n=2)
    assert len(told.choices) == 2 and all(len(one.top_logprobs) == 2 for one in told.choices[0].logprobs.content), told
    text = client.completions.create(model="smollm2", prompt="The fox", max_tokens=8, seed=1, logprobs=1).choices[0]
    assert "".join(text.logprobs.tokens) == text.text
    assert "".join(part.choices[0].text for part in client.completions.create(model="smollm2", prompt="The fox", max_tokens=8, seed=1, stream=True)) == text.text


def responses(client):
    said = {"model": "smollm2", "input": "What is a fjord?", "max_output_tokens": 10, "extra_body": {"seed": 1}}
    begun = client.responses.create(**said, background=True)
    while (now := client.responses.retrieve(begun.id)).status in ("queued", "in_progress"):
        time.sleep(0.05)
    events = list(client.responses.create(**said, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].response.output_text == now.output_text == "".join(event.delta for event in events if event.type == "response.output_text.delta")
    again = list(client.responses.retrieve(events[-1].response.id, stream=True, starting_after=4))
    assert again == events[5:], again
    more = client.responses.create(model="smollm2", input="And a lake?", previous_response_id=now.id, max_output_tokens=5)
    assert [item.role for item in client.responses.input_items.list(more.id, order="asc").data] == ["user", "assistant", "user"]
    call = client.responses.create(model="smollm2", input="Weather in Paris?", max_output_tokens=100, tools=[{"type": "function", **WEATHER}], tool_choice="required").output[0]
    assert call.type == "function_call" and set(json.loads(call.arguments)) == {"city", "unit"}, call
    assert isinstance(client.responses.parse(model="smollm2", input="Make up a person.", text_format=Person, max_output_tokens=100).output_parsed, Person)
    client.responses.delete(now.id)
    raises(openai.NotFoundError, "not_found", lambda: client.responses.retrieve(now.id))
    slow = client.responses.create(model="smollm2", input="Tell me a very long story.", max_output_tokens=4000, background=True)
    assert client.responses.cancel(slow.id).status in ("cancelled", "completed")


def langchain(address):
    try:
        from langchain_openai import ChatOpenAI, OpenAIEmbeddings
    except ImportError:
        return False
    model = ChatOpenAI(base_url=address, api_key="none", model="smollm2", max_tokens=60, seed=1)
    whole = model.invoke("What is a fjord?").content
    assert "".join(part.content for part in model.stream("What is a fjord?")) == whole
    call = model.bind_tools([{"type": "function", "function": WEATHER}], tool_choice="get_weather").invoke("What is the weather in Paris?").tool_calls[0]
    assert call["name"] == "get_weather" and set(call["args"]) == {"city", "unit"}, call
    for method in ("json_schema", "function_calling"):
        assert isinstance(model.with_structured_output(Person, method=method).invoke("Make up a person."), Person)
    vector = OpenAIEmbeddings(base_url=address, api_key="none", model="minilm", check_embedding_ctx_length=False).embed_query("a cat")
    assert len(vector) == 384
    return True


def edits(client, picture):
    said = {"image": ("a.png", picture), "prompt": "a blue fox", "size": "128x128", "quality": "low", "model": "picture"}
    assert base64.b64decode(client.images.edit(**said).data[0].b64_json).startswith(b"\x89PNG")
    assert [event.type for event in client.images.edit(**said, stream=True)][-1] == "image_edit.completed"
    assert len(client.images.create_variation(image=("a.png", picture), n=2, size="128x128", response_format="b64_json", model="picture").data) == 2
    raises(openai.BadRequestError, "invalid_argument", lambda: client.images.edit(image=("a.png", b"no picture"), prompt="x"))


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
            edits(client, base64.b64decode(made.data[0].b64_json))
            if {"kokoro", "whisper-tiny.en"} <= set(names):
                sounds(client)
                print("speech and transcriptions work")
            if "smollm2" in names:
                chats(client)
                functions(client)
                responses(client)
                if langchain(address + "/v1"):
                    print("LangChain's works")
            print("OpenAI's client works" + ("" if "smollm2" in names else "; chats were left out"))
        finally:
            server.terminate()
            server.wait(60)


main()
