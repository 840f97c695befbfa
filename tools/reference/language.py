#!/usr/bin/env python3
"""Makes the golden files of the language models.

    tools/reference/language.py [tests/golden] [SMOLLM2.gguf]      (made with torch, transformers, tokenizers, gguf, safetensors, numpy)

tests/golden/language/FAMILY/    tiny random models in Hugging Face's layout with `logits.safetensors`: tokens, and the logits after positions
                                 KEPT of 300, by `transformers` in f32
tests/golden/blocks.safetensors  random blocks of every kind with the values `gguf` reads in them, and its blocks of random values
tests/golden/templates.json      small Jinja templates with what jinja2 makes of them (null: it refuses)
tests/golden/tokenizers.json     byte-level BPE: a small vocabulary, strings and their ids by `tokenizers` with each family's pre-tokenizer
tests/golden/smollm2.json        SmolLM2 in SMOLLM2.gguf: digests of the ids of 20,000 strings, one a hundred, the likeliest tokens with logits and 40 greedy
                                 tokens for some prompts, by `transformers` with the weights widened to f32
"""
import hashlib
import json
import pathlib
import sys

import gguf
import jinja2
import jinja2.ext
import numpy as np
import torch
from jinja2.sandbox import ImmutableSandboxedEnvironment
from safetensors.torch import save_file
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from lcg import Lcg
from transformers import AutoModelForCausalLM, Gemma3TextConfig, GPT2Config, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

KEPT = [0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 200, 255, 256, 257, 299]
VOCABULARY = 96
COMMON = dict(vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=512)


def families():
    yield "llama", LlamaConfig(**COMMON, num_key_value_heads=2, rms_norm_eps=1e-5, rope_theta=10000.0, tie_word_embeddings=False)
    yield "llama3", LlamaConfig(**COMMON, num_key_value_heads=1, rope_parameters={
        "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64})
    yield "mistral", MistralConfig(**COMMON, num_key_value_heads=2, sliding_window=32)
    yield "qwen2", Qwen2Config(**COMMON, num_key_value_heads=2, tie_word_embeddings=True)
    yield "qwen3", Qwen3Config(**COMMON, num_key_value_heads=2, head_dim=16)
    yield "gemma3", Gemma3TextConfig(**{**COMMON, "num_hidden_layers": 7}, num_key_value_heads=1, head_dim=16, sliding_window=32, query_pre_attn_scalar=16)
    yield "gpt2", GPT2Config(vocab_size=VOCABULARY, n_embd=32, n_layer=2, n_head=4, n_positions=512)


def tiny_models(out):
    for name, config in families():
        torch.manual_seed(7)
        config.torch_dtype = torch.float32
        model = AutoModelForCausalLM.from_config(config).eval()
        with torch.no_grad():
            for parameter_name, p in model.named_parameters():
                noise = torch.randn_like(p)
                p.copy_((1 + 0.1 * noise if "norm" in parameter_name and name != "gemma3" or "ln_" in parameter_name and "weight" in parameter_name else
                         0.1 * noise if p.dim() == 1 else 0.25 * noise).to(torch.bfloat16).float())
        folder = out / "language" / name
        folder.mkdir(parents=True, exist_ok=True)
        tied = config.tie_word_embeddings
        weights = {k: v.to(torch.bfloat16).contiguous().clone() for k, v in model.state_dict().items() if not (tied and k == "lm_head.weight")}
        save_file(weights, folder / "model.safetensors")
        model.config.to_json_file(folder / "config.json", use_diff=False)
        tokens = torch.randint(0, VOCABULARY, (1, 300), generator=torch.Generator().manual_seed(11))
        with torch.no_grad():
            logits = model(tokens).logits[0]
        save_file({"tokens": tokens[0].to(torch.int32), "kept": torch.tensor(KEPT, dtype=torch.int32), "logits": logits[KEPT].float().contiguous()},
                  folder / "logits.safetensors")


def blocks(out):
    rng = np.random.default_rng(5)
    made = {}
    kinds = gguf.GGMLQuantizationType
    halves = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108], "Q4_K": [0, 2], "Q5_K": [0, 2],
              "Q6_K": [208], "IQ4_NL": [0], "IQ4_XS": [0]}
    for name, places in halves.items():
        kind = kinds[name]
        elements, size = gguf.GGML_QUANT_SIZES[kind]
        raw = rng.integers(0, 256, (512 // elements, size), dtype=np.uint8)
        for place in places:
            raw[:, place:place + 2] = rng.normal(0, 0.1, (len(raw), 1)).astype(np.float16).view(np.uint8)
        made[name.lower() + ".blocks"] = torch.from_numpy(raw.reshape(-1).copy())
        made[name.lower() + ".values"] = torch.from_numpy(gguf.quants.dequantize(raw, kind).astype(np.float32).reshape(-1).copy())
    values = np.concatenate([rng.normal(0, 1, 448), np.zeros(32), rng.normal(0, 1e-3, 32)]).astype(np.float32)
    made["input"] = torch.from_numpy(values)
    for name in ["Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "BF16", "F16"]:
        made[name.lower() + ".quantized"] = torch.from_numpy(np.ascontiguousarray(gguf.quants.quantize(values, kinds[name])).view(np.uint8).reshape(-1).copy())
    save_file(made, out / "blocks.safetensors")


SCRAPS = ["the quick brown fox", " jumps", "Don't", "I'LL", "we've", "it's", "he'd", "'s", "''", "  ", "   ", "\n", "\n\n", "\r\n", " \n ", "\t", "\t\t", "123", "1234567", "3.14", " 42", "x2y",
          "é", "naïve", "Ångström", "中文", "测试文本", "東京", "한국어", "Привет", "мир", "مرحبا", "שלום", "नमस्ते", "สวัสดี", "🦊", "👨‍👩‍👧", "🇩🇪", "❤️", "½", "²", "Ⅳ", "①", "٣", "...", "!?", "--", "==", "{", "}",
          "();", "/*", "#!", "@user", "http://a.b/c?d=e", "<|im_end|>", "<|endoftext|>", "[INST]", "</s>", "\u00a0", "\u2028", "\u3000", "\u200b", "_", "__init__", "camelCase", "ALL CAPS", "a", "I",
          "can't", "CAN'T", "ſ", "'ſ", "ﬁ", "e\u0301", "\u0085", "\x00", "\x7f", "“quoted”", "—", "…", "€100", "C++20"]


def strings(count, seed):
    rng = Lcg(seed)
    out = []
    for _ in range(count):
        text = ""
        for _ in range(rng.below(13)):
            text += SCRAPS[rng.below(len(SCRAPS))] + (" " if rng.below(10) < 4 else "")
        out.append(text)
    return out


GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
byte_level = lambda: pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
split = lambda pattern: pre_tokenizers.Split(Regex(pattern), "isolated")
PRE = {"gpt-2": lambda: [split(GPT2), byte_level()], "smollm": lambda: [pre_tokenizers.Digits(individual_digits=True), split(GPT2), byte_level()],
       "llama-bpe": lambda: [split(LLAMA3), byte_level()], "qwen2": lambda: [split(LLAMA3.replace("{1,3}", "")), byte_level()]}


def tokenizers(out):
    text = strings(3000, 1)
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Sequence(PRE["gpt-2"]())
    trained.train_from_iterator(text, trainers.BpeTrainer(vocab_size=700, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(trained.to_str())["model"]
    vocabulary = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(m) for m in model["merges"]]
    cases = strings(400, 2)
    ids, files = {}, {}
    whole = {"gpt-2": pre_tokenizers.ByteLevel(add_prefix_space=False), "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(True), pre_tokenizers.ByteLevel(add_prefix_space=False)])}
    for name, parts in PRE.items():  # as the models' own files write them
        trained.pre_tokenizer = whole.get(name) or pre_tokenizers.Sequence(parts())
        ids[name] = [trained.encode(s).ids for s in cases]
        files[name] = json.loads(trained.to_str())["pre_tokenizer"]
    pieces = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>"))
    pieces.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    pieces.train_from_iterator(text[:1500], trainers.BpeTrainer(vocab_size=600, limit_alphabet=60, show_progress=False,
                                                               special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)]))
    pieces.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    file = json.loads(pieces.to_str())
    file["added_tokens"] = [t for t in file["added_tokens"] if t["id"] < 3]  # bytes are ordinary tokens, as in Llama 2's file
    pieces = Tokenizer.from_str(json.dumps(file))
    (out / "tokenizers.json").write_text(json.dumps({"tokens": vocabulary, "merges": merges, "strings": cases, "ids": ids, "pre_tokenizers": files, "fallback": file,
                                                     "fallback_ids": [pieces.encode(s).ids for s in cases]}, ensure_ascii=False, separators=(",", ":")))


VARIABLES = {"messages": [{"role": "system", "content": " Be brief. "}, {"role": "user", "content": "Hi 'you' & \"me\"\n<b> é 中"}, {"role": "assistant", "content": "Hello"}],
             "add_generation_prompt": True, "bos_token": "<s>", "name": "Ptah", "n": 7, "x": 2.5, "nothing": None, "numbers": [3, 1, 2, 3], "empty": [], "words": "a  b c",
             "tree": {"b": 1, "a": {"deep": [True, None, "t", 1.5]}, "C": "x"}, "people": [{"name": "Ada", "age": 36}, {"name": "Bo", "age": 4}, {"name": "Cy"}]}
SNIPPETS = r"""{{ name }}, {{ n }} {{ x }} {{ nothing }} {{ missing }}|{{ numbers }}|{{ tree }}
{% for m in messages %}{{ m.role }}:{{ m['content'] | trim }};{% endfor %}
{%- for m in messages -%}\n  {{ loop.index }}/{{ loop.length }}{% if loop.first %} first{% elif loop.last %} last{% else %} mid{% endif %}\n{%- endfor %}
a\n  {% if n > 3 %}\n  yes\n  {% else %}\n  no\n  {% endif %}\nb\n
a {%- if true %} b {%- endif %} c {{- name -}} d
a\n   {#- note -#}   \n b\n  {# note #}\nc
{% set ns = namespace(found=false, count=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.found = true %}{% set ns.count = ns.count + 1 %}{% endif %}{% endfor %}{{ ns.found }} {{ ns.count }}
{% set y = 1 %}{% for i in [1,2] %}{% set y = y + i %}{{ y }}{% endfor %}{{ y }}
{{ 1 + 2 * 3 - 4 / 2 }} {{ 7 // 2 }} {{ 7 % 3 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7.5 // 2 }} {{ 1 ~ 2 ~ 'a' }} {{ 'ab' * 3 }}
{{ n == 7 and not x < 1 or false }} {{ 'a' in 'cat' }} {{ 3 in numbers }} {{ 'b' in tree }} {{ 9 not in numbers }} {{ 1 == 1.0 }} {{ 'a' < 'b' }} {{ true == 1 }}
{{ 'yes' if n > 5 else 'no' }} {{ 'x' if false }}| {{ (1 if n == 7 else 2) + 1 }}
{{ numbers[0] }} {{ numbers[-1] }} {{ numbers[1:] }} {{ numbers[:-1] }} {{ numbers[::-1] }} {{ numbers[::2] }} {{ numbers[5] }}| {{ 'héllo'[1:3] }} {{ 'héllo'[-1] }} {{ 'abc'[::-1] }}
{{ name | upper }} {{ name | lower }} {{ 'hello world' | title }} {{ 'hELLO' | capitalize }} {{ '  x ' | trim }}| {{ messages | length }} {{ 'é中' | length }} {{ tree | length }}
{{ missing | default('d') }} {{ '' | default('d') }}| {{ '' | default('d', true) }} {{ nothing | default('d') }} {{ numbers | join(', ') }} {{ numbers | first }} {{ numbers | last }}
{{ tree | tojson }} {{ messages[1].content | tojson }} {{ tree | tojson(indent=2) }} {{ empty | tojson }} {{ nothing | tojson }} {{ x | tojson }}
{% for k, v in tree.items() %}{{ k }}={{ v }};{% endfor %}{% for k in tree %}{{ k }}{% endfor %}{{ tree.keys() | list }} {{ tree.get('b') }} {{ tree.get('z', 5) }} {{ tree.get('z') }}
{{ people | map(attribute='name') | join('+') }} {{ people | selectattr('age', 'defined') | list | length }} {{ people | rejectattr('age', 'defined') | map(attribute='name') | list }} {{ people | selectattr('name', 'equalto', 'Bo') | first }}
{{ words.split() }} {{ words.split(' ') }} {{ 'a-b-c'.split('-', 1) }} {{ ' x '.strip() }}| {{ 'xxaxx'.strip('x') }} {{ 'xxa'.lstrip('x') }} {{ name.startswith('Pt') }} {{ name.endswith('x') }} {{ 'a.b'.replace('.', '-') }} {{ name.upper() }}
{{ x is defined }} {{ missing is defined }} {{ missing is not defined }} {{ nothing is none }} {{ name is string }} {{ n is number }} {{ tree is mapping }} {{ numbers is iterable }} {{ n is odd }} {{ n is even }} {{ not missing is defined }} {{ n is divisibleby 7 }}
{% macro greet(who, mark='!') %}Hi {{ who }}{{ mark }}{% endmacro %}{{ greet('Bo') }} {{ greet(who='Cy', mark='?') }} {{ greet() }}
{% for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 4 %}{% break %}{% endif %}{{ i }}{% endfor %} {{ range(2, 8, 3) | list }} {{ range(3) | list }}
{% for m in messages if m.role != 'system' %}{{ loop.index0 }}{{ m.role }}{% else %}none{% endfor %}{% for z in empty %}x{% else %}none{% endfor %}
{% set block %}in {{ name }}{% endset %}{{ block | upper }} {% set a, b = 1, 2 %}
{{ numbers | sort }} {{ numbers | unique | list }} {{ numbers | max }} {{ numbers | min }} {{ numbers | sum }} {{ numbers | reverse | list }} {{ tree | dictsort | first | first }} {{ '3' | int + 1 }} {{ '2.5' | float }} {{ 'x' | int }} {{ 2.4 | round }} {{ -3 | abs }}
{{ "it's" }} {{ 'say "x"' }} {{ ["it's"] }} {{ 'a\\nb' }} {{ 'é' }} {{ "\\u4e2d" }} {{ 'x' 'y' }}
{{ messages[0]['role'] == 'system' and messages[0].content | trim | length > 3 }} {{ (messages | last).role }} {{ loop is defined }}
{% if messages[0].role == 'system' %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}{{ rest | length }} {{ rest[0].content }}
{{ raise_exception('no') }}
{{ missing.field }}
{{ 1 + 'a' }}
{% if true %}no end
{{ name | nosuchfilter }}
{{ dict(a=1, b='x') }} {{ [1, [2, 'a']] }} {{ (1, 2) | list }} {{ true }} {{ True and None }}
{% raw %}{{ x }}{% endraw %}
{{ {'a': {'b': 1}} }} {{ {'a': 1}['a'] }} {{- {'k': [1, {'z': 2}]} | tojson -}} end
{{ 'line one\\nline two' | indent }} {{ 'x\\ny' | indent(2, true) }} {{ '<a & b>' | e }} {{ 'abcabc'.count('b') }} {{ 'abc'.find('c') }} {{ 'a' ~ nothing }}
{%+ if true %}  kept{% endif +%}\n end""".split("\n")  # \\n there is a line end, \\\\ a backslash


def templates(out):
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
    env.filters["tojson"] = lambda x, indent=None: json.dumps(x, ensure_ascii=False, indent=indent)
    env.globals["raise_exception"] = raise_exception
    cases = []
    for snippet in SNIPPETS:
        text = snippet.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")
        try:
            made = env.from_string(text).render(**VARIABLES)
        except Exception:
            made = None
        cases.append([text, made])
    (out / "templates.json").write_text(json.dumps({"variables": VARIABLES, "cases": cases}, ensure_ascii=False, indent=1) + "\n")


def digest(lists):
    return hashlib.sha256("\n".join(" ".join(map(str, ids)) for ids in lists).encode()).hexdigest()


PROMPTS = ["The capital of France is", "Once upon a time, there was a fox who", "def fibonacci(n):\n", "Water boils at",
           "<|im_start|>user\nWhat is the largest planet?<|im_end|>\n<|im_start|>assistant\n"]


def smollm2(out, path):
    reader = gguf.GGUFReader(path)
    field = lambda key: reader.fields[key].contents()
    tokens, kinds = field("tokenizer.ggml.tokens"), field("tokenizer.ggml.token_type")
    special = [t for t, k in zip(tokens, kinds) if k == 3]
    bpe = Tokenizer(models.BPE({t: i for i, t in enumerate(tokens)}, [tuple(m.split(" ")) for m in field("tokenizer.ggml.merges")]))
    bpe.pre_tokenizer = pre_tokenizers.Sequence(PRE["smollm"]())
    cases = strings(20000, 3)
    plain = [bpe.encode(s).ids for s in cases]
    bpe.add_special_tokens(special)
    encode = lambda s: bpe.encode(s).ids
    folder, name = str(pathlib.Path(path).parent), pathlib.Path(path).name
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
    answers = []
    for prompt in PROMPTS:
        ids = encode(prompt)
        with torch.no_grad():
            logits = model(torch.tensor([ids])).logits[0, -1]
            greedy = list(ids)
            for _ in range(40):
                greedy.append(int(model(torch.tensor([greedy])).logits[0, -1].argmax()))
        top = logits.topk(8)
        answers.append({"prompt": prompt, "ids": ids, "top": [[int(i), float(v)] for v, i in zip(*top)], "greedy": greedy[len(ids):]})
    (out / "smollm2.json").write_text(json.dumps({"strings": SCRAPS, "digests": [digest(plain[i:i + 100]) for i in range(0, len(plain), 100)],
                                                  "answers": answers}, ensure_ascii=False, separators=(",", ":")))


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden")
    tiny_models(out)
    blocks(out)
    tokenizers(out)
    templates(out)
    if len(sys.argv) > 2:
        smollm2(out, sys.argv[2])
