#!/usr/bin/env python3
"""Makes tests/golden/instructions.jsonl: what IFEval's own checkers say of answers.

    tools/reference/instructions.py [tests/golden]      (made with lm-eval 0.4.13, langdetect 1.0.9, nltk 3.9)

Answers are put together from parts that the checkers look at (marks, sections, notes, titles, words); each is checked against one instruction. Sentences and
capital words need a model of NLTK's that is no package; they are left out here if it is missing. Languages are not compared: langdetect guesses by chance.
"""
import json
import pathlib
import random
import sys
import types

# only the checkers: the package itself imports much that is not needed
found = next(p for p in map(pathlib.Path, sys.path) if (p / "lm_eval" / "tasks" / "ifeval").is_dir()) / "lm_eval"
for name, folder in (("lm_eval", found), ("lm_eval.tasks", found / "tasks"), ("lm_eval.tasks.ifeval", found / "tasks" / "ifeval")):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [str(folder)]
from lm_eval.tasks.ifeval import instructions_registry  # noqa: E402

WORDS = "the quick brown fox jumps over a lazy dog while Ada writes letters about eggs and bread in the evening sun".split()
PARTS = ["*first*", "**second one**", "* point one\n", "- point two\n", "\n\n", "***", " *** ", "******", "<<A title>>", "<<>>", "[name]", "[ ]", "P.S. bye", "P. S. bye", "P.P.S",
         "p.p.s later", "SECTION 1", "Section 2 ", "SECTION X", "My answer is yes.", "My answer is no", ", and", '"quoted"', "{\"a\": [1, 2]}", "```json\n{\"b\": null}\n```", "HELLO THERE",
         "egg", "eggs", "Egg.", "It is done.", "don't", "été über", "naïve_x", "\n", "  ", "end of it", "\"", "'begin'", "* *", "**", "*", "**  **", "*a*b*"]


def answers(rng):
    for i in range(220):
        out = []
        for _ in range(rng.randint(1, 9)):
            out.append(rng.choice(PARTS) if rng.random() < 0.55 else " ".join(rng.choices(WORDS, k=rng.randint(1, 7))))
        text = (" " if rng.random() < 0.8 else "").join(out)
        if rng.random() < 0.08:
            text = text.upper() if rng.random() < 0.5 else text.lower()
        if rng.random() < 0.08:
            text = '"' + text + '"'
        yield text
    yield from ('{"a": 1}', "```json\n{}\n```", "```\n[1, 2\n```", "only letters", "fox ****** dog", "fox ****** fox", "a ****** b ****** c", "Egg hunt\n\nbread\n\nsun", "the quick brown fox. And more")


def instructions(rng):
    relation = ["less than", "at least"]
    return [("detectable_format:number_bullet_lists", {"num_bullets": rng.randint(1, 2)}), ("detectable_format:number_highlighted_sections", {"num_highlights": rng.randint(1, 3)}),
            ("detectable_format:title", {}), ("detectable_format:json_format", {}), ("detectable_format:constrained_response", {}),
            ("detectable_format:multiple_sections", {"section_spliter": rng.choice(["SECTION", "Section"]), "num_sections": 1}),
            ("detectable_content:number_placeholders", {"num_placeholders": rng.randint(1, 2)}), ("detectable_content:postscript", {"postscript_marker": rng.choice(["P.S.", "P.P.S"])}),
            ("length_constraints:number_paragraphs", {"num_paragraphs": rng.randint(1, 3)}), ("length_constraints:number_words", {"relation": rng.choice(relation), "num_words": rng.randint(3, 25)}),
            ("length_constraints:nth_paragraph_first_word", {"num_paragraphs": rng.randint(1, 3), "nth_paragraph": 1, "first_word": rng.choice(["egg", "the", "fox"])}),
            ("keywords:existence", {"keywords": rng.sample(["egg", "fox", "dog", "bread"], 2)}), ("keywords:forbidden_words", {"forbidden_words": ["egg", "fox"]}),
            ("keywords:frequency", {"relation": rng.choice(relation), "keyword": "egg", "frequency": rng.randint(1, 2)}),
            ("keywords:letter_frequency", {"let_relation": rng.choice(relation), "letter": "e", "let_frequency": rng.randint(2, 12)}), ("punctuation:no_comma", {}), ("startend:quotation", {}),
            ("startend:end_checker", {"end_phrase": rng.choice(["end of it", "It is done.", "sun"])}), ("combination:two_responses", {}), ("combination:repeat_prompt", {"prompt_to_repeat": "the quick brown fox"})]


def main(golden):
    rng, rows = random.Random(4), []
    for text in answers(rng):
        if not text.strip():
            continue
        for kind, arguments in instructions(rng):
            checker = instructions_registry.INSTRUCTION_DICT[kind](kind)
            checker.build_description(**arguments)
            rows.append([kind, arguments, text, bool(checker.check_following(text))])
    # each kind evenly: as many that are kept as not, where there are
    kept = []
    for kind in sorted({row[0] for row in rows}):
        for verdict in (True, False):
            some = [row for row in rows if row[0] == kind and row[3] == verdict]
            kept += rng.sample(some, min(14, len(some)))
    (golden / "instructions.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept))
    print(len(kept), "rows", sum(row[3] for row in kept), "kept")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "tests/golden"))
