"""llama.cpp's half of the language benchmarks, through the C interface that llama-cpp-python wraps. One JSON line a case.

    peer_language.py speed MODEL.gguf TOKENS FILE…        reads each file's text, then TOKENS greedy tokens
    peer_language.py batch MODEL.gguf COUNT TOKENS FILE   COUNT prompts of 64 tokens, then TOKENS steps of all of them at once
    peer_language.py first MODEL.gguf FILE                from the beginning of loading to the first token, and what memory grew by
    peer_language.py perplexity MODEL.gguf FILE WINDOWS   over windows of 512 tokens, the second half of each counted
    peer_language.py greedy MODEL.gguf TOKENS FILE        for each line of FILE (JSON texts) the greedy tokens
"""
import ctypes
import json
import os
import resource
import sys
import time

import llama_cpp as llama
import numpy as np

THREADS = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count())


class Model:
    def __init__(self, path, context, sequences=1):
        llama.llama_backend_init()
        llama.llama_log_set(SILENT, ctypes.c_void_p(0))
        self.model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
        params = llama.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = context, max(2048, sequences * 64), 512, sequences
        params.n_threads = params.n_threads_batch = THREADS
        self.context = llama.llama_init_from_model(self.model, params)
        self.vocab = llama.llama_model_get_vocab(self.model)
        self.width = llama.llama_vocab_n_tokens(self.vocab)
        self.room = params.n_batch
        self.batch = llama.llama_batch_init(self.room, 0, 1)

    def tokens(self, text):
        raw = text.encode()
        out = (llama.llama_token * (len(raw) + 8))()
        n = llama.llama_tokenize(self.vocab, raw, len(raw), out, len(out), llama.llama_vocab_get_add_bos(self.vocab), False)
        return list(out[:n])

    def decode(self, entries):
        """entries: (token, position, sequence, whether its logits are wanted)"""
        for begin in range(0, len(entries), self.room):
            part = entries[begin:begin + self.room]
            self.batch.n_tokens = len(part)
            for i, (token, position, sequence, wanted) in enumerate(part):
                self.batch.token[i], self.batch.pos[i], self.batch.n_seq_id[i], self.batch.logits[i] = token, position, 1, wanted
                self.batch.seq_id[i][0] = sequence
            assert llama.llama_decode(self.context, self.batch) == 0

    def logits(self, i):
        return np.ctypeslib.as_array(llama.llama_get_logits_ith(self.context, i), shape=(self.width,))

    def clear(self):
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)

    def read(self, tokens):
        self.decode([(t, i, 0, i + 1 == len(tokens)) for i, t in enumerate(tokens)])

    def greedy(self, at, count, stop=()):
        out = []
        while len(out) < count:
            token = int(self.logits(-1).argmax())
            if token in stop:
                break
            out.append(token)
            self.decode([(token, at, 0, True)])
            at += 1
        return out


SILENT = llama.llama_log_callback(lambda level, text, data: None)


def ends(model):
    return {t for t in range(model.width) if llama.llama_vocab_is_eog(model.vocab, t)}


def speed(path, count, *files):
    model = Model(path, 4096)
    model.read(model.tokens("Hello"))
    for file in files:
        tokens = model.tokens(open(file).read())
        model.clear()
        start = time.perf_counter()
        model.read(tokens)
        read = time.perf_counter()
        made = model.greedy(len(tokens), int(count), ends(model))
        done = time.perf_counter()
        yield {"case": os.path.basename(file), "prompt_tokens": len(tokens), "prompt_rate": len(tokens) / (read - start), "tokens": len(made), "decode_rate": len(made) / (done - read), "made": made}


def batch(path, count, steps, file):
    count, steps = int(count), int(steps)
    model = Model(path, count * (64 + steps + 8), count)
    tokens = model.tokens(open(file).read())
    prompts = [tokens[32 * i:32 * i + 64] for i in range(count)]
    banned = list(ends(model))
    for counts in (False, True):  # once to warm up
        model.clear()
        start = time.perf_counter()
        last = []
        for s, prompt in enumerate(prompts):
            model.decode([(t, i, s, i == 63) for i, t in enumerate(prompt)])
            last.append(int(model.logits(-1).argmax()))
        made = count
        for step in range((steps if counts else 4) - 1):
            model.decode([(last[s], 64 + step, s, True) for s in range(count)])
            for s in range(count):
                row = model.logits(s)
                row[banned] = -np.inf
                last[s] = int(row.argmax())
            made += count
        if counts:
            yield {"case": f"batch {count}", "seconds": time.perf_counter() - start, "tokens": made}


def first(path, file):
    text = open(file).read()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    model = Model(path, 512)
    tokens = model.tokens(text)
    model.read(tokens)
    int(model.logits(-1).argmax())
    yield {"case": "first", "seconds": time.perf_counter() - start, "mebibytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


def perplexity(path, file, windows):
    model = Model(path, 512)
    tokens = model.tokens(open(file).read())
    bos = llama.llama_vocab_bos(model.vocab) if llama.llama_vocab_get_add_bos(model.vocab) else None
    if bos is not None:
        tokens = tokens[1:]
    total, counted = 0.0, 0
    for w in range(int(windows)):
        part = tokens[512 * w:512 * (w + 1)]
        if bos is not None:
            part[0] = bos
        model.clear()
        model.decode([(t, i, 0, i >= 256) for i, t in enumerate(part)])
        for i in range(256, 511):
            row = model.logits(i).astype(np.float64)
            total += np.log(np.exp(row - row.max()).sum()) + row.max() - row[part[i + 1]]
            counted += 1
    yield {"case": "perplexity", "perplexity": float(np.exp(total / counted)), "counted": counted}


def greedy(path, count, file):
    model = Model(path, 1024)
    for line in open(file):
        tokens = model.tokens(json.loads(line))
        model.clear()
        model.read(tokens)
        gaps, made, at = [], [], len(tokens)
        for _ in range(int(count)):
            row = model.logits(-1)
            two = np.partition(row, -2)[-2:]
            gaps.append(float(two[1] - two[0]))
            made.append(int(row.argmax()))
            model.decode([(made[-1], at, 0, True)])
            at += 1
        yield {"case": json.loads(line)[:40], "made": made, "gaps": gaps}


for item in {"speed": speed, "batch": batch, "first": first, "perplexity": perplexity, "greedy": greedy}[sys.argv[1]](*sys.argv[2:]):
    print(json.dumps(item), flush=True)
