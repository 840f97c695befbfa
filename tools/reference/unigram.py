#!/usr/bin/env python3
"""Makes tests/golden/unigram.json: unigram tokenizers in Hugging Face's form, strings and their ids.

    tools/reference/unigram.py [tests/golden]      (made with tokenizers 0.23.3, sentencepiece 0.2.3, protobuf)

Training is not the same in every run: another file is as good.

"fallback": bytes as a last resort, a space before the text. "t5": a precompiled map of characters, white space splits words, an end token. "first": a space
before the first words only, runs of spaces made one.
"""
import json
import pathlib
import sys
import tempfile

import sentencepiece
from lcg import Lcg
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

SCRAPS = ["the quick brown fox", " jumps", "Don't", "I'LL", "we've", "it's", "''", "  ", "   ", "\n", "\r\n", "\t", "123", "1234567", "3.14", " 42", "x2y", "é", "naïve", "Ångström", "中文",
          "测试文本", "東京", "한국어", "Привет", "мир", "مرحبا", "שלום", "नमस्ते", "สวัสดี", "🦊", "👨‍👩‍👧", "🇩🇪", "❤️", "½", "²", "Ⅳ", "①", "...", "!?", "--", "==", "{", "}", "();", "[INST]", "\u00a0",
          "\u3000", "\u200b", "_", "__init__", "camelCase", "ALL CAPS", "a", "I", "ﬁ", "e\u0301", "\u2581", "“quoted”", "—", "…", "€100", "C++20", "ﬁnally", "Å", "ｆｕｌｌ"]


def strings(count, seed):
    rng = Lcg(seed)
    return ["".join(SCRAPS[rng.below(len(SCRAPS))] + (" " if rng.below(10) < 4 else "") for _ in range(rng.below(13))) for _ in range(count)]


def character_map():
    rules = {"ﬁ": "fi", "½": "1/2", "²": "2", "Ⅳ": "IV", "①": "1", "…": "...", "\u00a0": " ", "\u3000": " ", "\u200b": "", "e\u0301": "é", "A\u030a": "Å", "\u212b": "Å", "\n": " ", "\t": " ", "\r": " "}
    rules.update({chr(0xff41 + i): chr(97 + i) for i in range(26)})
    with tempfile.TemporaryDirectory() as folder:
        lines = [" ".join(f"{ord(c):X}" for c in a) + "\t" + " ".join(f"{ord(c):X}" for c in b) for a, b in rules.items()]
        (pathlib.Path(folder) / "rules.tsv").write_text("\n".join(lines) + "\n")
        (pathlib.Path(folder) / "text.txt").write_text("the quick brown fox jumps over the lazy dog\n" * 20)
        sentencepiece.SentencePieceTrainer.train(input=f"{folder}/text.txt", model_prefix=f"{folder}/m", vocab_size=40, normalization_rule_tsv=f"{folder}/rules.tsv", minloglevel=2, hard_vocab_limit=False)
        proto = sentencepiece_model_pb2.ModelProto()
        proto.ParseFromString((pathlib.Path(folder) / "m.model").read_bytes())
        return proto.normalizer_spec.precompiled_charsmap


def trained(normalizer, pre, extra):
    tokenizer = Tokenizer(models.Unigram())
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.train_from_iterator(strings(1500, 1), trainers.UnigramTrainer(vocab_size=500, show_progress=False, special_tokens=["<pad>", "</s>", "<unk>"] + extra, unk_token="<unk>"))
    return tokenizer


if __name__ == "__main__":
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden")
    cases = strings(400, 2)
    made = {"strings": cases, "tokenizers": {}}
    for name in ("fallback", "t5", "first"):
        space = pre_tokenizers.Metaspace(prepend_scheme="first" if name == "first" else "always")
        bytes_ = [f"<0x{b:02X}>" for b in range(256)] if name == "fallback" else []
        normalizer = {"fallback": None, "t5": normalizers.Precompiled(character_map()), "first": normalizers.Sequence([normalizers.Strip(left=False), normalizers.Replace(Regex(" {2,}"), " ")])}[name]
        tokenizer = trained(normalizer, pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), space]) if name == "t5" else space, bytes_)
        if name == "t5":
            tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
        file = json.loads(tokenizer.to_str())
        file["added_tokens"] = [t for t in file["added_tokens"] if t["id"] < 3]
        if bytes_:
            file["model"]["byte_fallback"] = True
        tokenizer = Tokenizer.from_str(json.dumps(file))
        made["tokenizers"][name] = {"file": file, "ids": [tokenizer.encode(s).ids for s in cases]}
    (out / "unigram.json").write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")))
