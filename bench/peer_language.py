"""llama.cpp's half of the language benchmark (through xllamacpp's build of it): one JSON line a prompt. `python peer_language.py MODEL.gguf TOKENS PROMPT_FILE…`."""
import json
import os
import sys

import xllamacpp as llama


def main():
    model, count, prompts = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    params = llama.CommonParams()
    params.model.path = model
    params.n_ctx, params.n_parallel, params.n_predict = 4096, 1, count
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = os.cpu_count()
    params.verbosity = -1
    server = llama.Server(params)
    for path in prompts:
        request = {"prompt": open(path).read(), "n_predict": count, "temperature": 0, "cache_prompt": False}
        answers = []
        server.handle_completions(json.dumps(request), lambda chunk: answers.append(chunk) or False)
        answer = answers[-1] if isinstance(answers[-1], dict) else json.loads(answers[-1])
        timings, text = answer["timings"], answer.get("content") or answer["choices"][0]["text"]
        print(json.dumps({"case": os.path.basename(path), "prompt_tokens": timings["prompt_n"], "prompt_rate": timings["prompt_per_second"],
                          "tokens": timings["predicted_n"], "decode_rate": timings["predicted_per_second"], "text": text}), flush=True)


main()
