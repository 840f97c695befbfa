#!/usr/bin/env python3
"""Makes the golden files of the BERT-type encoders.

    tools/reference/bert.py [tests/golden] [MODEL_FOLDER]          (made with torch, transformers, tokenizers, safetensors)

tests/golden/bert/       a tiny random BertModel in Hugging Face's layout, with a vocabulary, and `states.safetensors`: its states for three texts
tests/golden/minilm.*    for all-MiniLM-L6-v2 in MODEL_FOLDER (`ptah pull minilm`): 200 texts, their token ids by `tokenizers`, and the
                         unit mean vectors by `transformers` (f32)
"""
import json
import pathlib
import random
import sys

import torch
from safetensors.torch import save_file
from tokenizers import BertWordPieceTokenizer
from transformers import BertConfig, BertModel

MOST = 256
EN = """The quick brown fox jumps over the lazy dog. A kitten sleeps on a warm windowsill. Rain fell on the castle for three days.
She paid $12.50 for a notebook, didn't she? The rocket's engines burned at 3,000 degrees. "Stop!" he cried; nobody listened...
An automobile and a monarch met a serpent (it was green). E = mc^2 is well-known. Visit the museum at 10:30 a.m.! C++20 & Rust.
To be, or not to be: that is the question. Unbelievably supercalifragilisticexpialidocious antidisestablishmentarianism.""".replace("\n", " ")
ODD = ["", " ", "   \t \n ", "a", "A", "!", "?!...", "é", "É", "ÀÉÎÕÜ ñ ç ß ø Œ Ł", "naïve café façade résumé coöperate", "Ångström Žižek Dvořák", "İstanbul ISPARTA ı",
       "Straße STRASSE", "ﬁ ﬂ ligatures", "ｆｕｌｌ ｗｉｄｔｈ １２３", "中文测试", "我爱北京天安门", "東京タワーは高い", "ひらがな カタカナ ｶﾀｶﾅ", "한국어 문장입니다", "안녕하세요 world",
       "Привет, мир! Ёлка й", "Γειά σου Κόσμε ὀξεῖα", "مرحبا بالعالم", "שָׁלוֹם עולם", "नमस्ते दुनिया", "สวัสดีชาวโลก", "வணக்கம்", "xin chào thế giới ề ộ",
       "🦊", "a 🦊 fox", "👨‍👩‍👧‍👦 family", "❤️ heart", "🇩🇪 flag", "👍🏽 ok", "☃ snow ☂", "zero\u200bwidth", "soft\u00adhyphen", "nb\u00a0space", "line\u2028sep",
       "bell\x07 char", "tab\tand\nnewline", "e\u0301 combining", "a\u0308\u0323 two marks", "“quotes” ‘single’ «guillemets» ‹x›", "em—dash en–dash hyphen-minus",
       "ellipsis…", "€100 £20 ¥3 ₹4 ¢5", "x² + y³ = √z ≤ ∞", "½ ¼ ⅓ ① Ⅳ", "http://example.com/a?b=c&d=e#f", "user@example.com", "#hashtag @mention", "snake_case camelCase",
       "a" * 99, "b" * 100, "c" * 101, "d" * 500, "word " * 400, "中" * 300, "é" * 300, "🦊" * 300, "(((((((((())))))))))", "1234567890", "3.14159", "1,000,000",
       "[UNK?]", "<html><b>bold</b></html>", "{\"json\": [1, 2]}", "C:\\path\\file", "~!@#$%^&*()_+`-={}|[]\\:\";'<>?,./", "don't can't won't", "rock'n'roll",
       "ALL CAPS SENTENCE", "mIxEd CaSe", "trailing space ", " leading space", "double  space", "a.b.c.d", "U.S.A.", "…", "·•‣", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "𠀀𠀁", "㐀㐁", "豈更", "a中b文c"]


def texts():
    rng = random.Random(3)
    words = EN.split()
    out = list(ODD)
    while len(out) < 200:
        out.append(" ".join(rng.choice(words) for _ in range(rng.randint(1, 60))))
    return out[:200]


def tokenizer(vocabulary):
    made = BertWordPieceTokenizer(str(vocabulary), lowercase=True)
    made.enable_truncation(MOST)
    return made


def states(model, ids):
    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).last_hidden_state[0]


def tiny(folder):
    torch.manual_seed(9)
    folder.mkdir(parents=True, exist_ok=True)
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "the", "fox", "red", "run", "##s", "##ning", ",", ".", "!", "e", "##e", "中", "owl", "##let"]
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n")
    config = BertConfig(vocab_size=len(pieces), hidden_size=48, num_hidden_layers=2, num_attention_heads=3, intermediate_size=80, max_position_embeddings=24,
                        layer_norm_eps=1e-12)
    model = BertModel(config, add_pooling_layer=False).eval()
    for p in model.parameters():  # no part may hide behind its initial ones and zeros
        torch.nn.init.normal_(p, 0.5 if p.dim() == 1 else 0.0, 0.2)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, folder / "model.safetensors")
    keep = ["vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "max_position_embeddings", "type_vocab_size",
            "layer_norm_eps", "hidden_act", "model_type"]
    (folder / "config.json").write_text(json.dumps({k: getattr(config, k) for k in keep}, indent=1) + "\n")
    asked = ["a red fox runs", "The owlet, running!", "é 中 unknownword"]
    cut = tokenizer(folder / "vocab.txt")
    save_file({f"states{i}": states(model, cut.encode(t).ids).contiguous() for i, t in enumerate(asked)}, folder / "states.safetensors",
              {"texts": json.dumps(asked)})


def minilm(golden, folder):
    cut = tokenizer(folder / "vocab.txt")
    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    asked = texts()
    ids = [cut.encode(t).ids for t in asked]
    vectors = torch.stack([torch.nn.functional.normalize(states(model, i).mean(0), dim=0) for i in ids])
    (golden / "minilm.json").write_text(json.dumps([{"text": t, "ids": i} for t, i in zip(asked, ids)], ensure_ascii=False, separators=(",", ":")))
    save_file({"vectors": vectors.contiguous()}, golden / "minilm.safetensors")


def main():
    golden = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden")
    tiny(golden / "bert")
    if len(sys.argv) > 2:
        minilm(golden, pathlib.Path(sys.argv[2]))


main()
