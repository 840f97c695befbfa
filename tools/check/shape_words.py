#!/usr/bin/env python3
"""Finds words of shapes that mean two things.   tools/check/shape_words.py [--notes]

A noun of two kinds, a thing to refuse that is a kind's noun or description, a material without words or with a word that
means something else of a kind, and sentences of evaluation that training reads word for word. Prints each and exits with
1 if there are any. --notes also prints the sentences of evaluation that are nothing but a noun."""
import collections
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVALUATION = ["paraphrases.txt", "paraphrases-2.txt", "material-paraphrases.txt"]
ARTICLES = r"(?:a|an|the|one|two|three|four|some|my|our|this|those)"
FRAMES = [r"(?:please )?(?:can|could) (?:you|i) (?:please )?(?:make|have|build|draw|create|get|do)(?: me)?", r"i(?:'d| would)? (?:need|want|like|love)",
          r"(?:please )?(?:make|create|draw|design|build|give|generate|show|model|get)(?: me)?", "a 3d model of", "please"]
ENDS = ["please", "for me", "for my game", "low poly", "for a game"]
BETWEEN = re.compile(r" (?:and|on|of|in|under|with|beside) ")
BEFORE = re.compile(rf"^(?:{ARTICLES}|cute|golden|happy|black|white|red|blue|green|little|big|old|tiny|small|large) ")


def bare(text):
    """A sentence without its request, article and punctuation."""
    text = re.sub(r"[^\w' -]", " ", text.lower().replace("’", "'"))
    text = re.sub(r"\s+", " ", text).strip()
    before = None
    while before != text:
        before = text
        for frame in FRAMES:
            text = re.sub(f"^{frame} ", "", text)
        for end in ENDS:
            text = re.sub(f" {end}$", "", text)
        text = re.sub(f"^{ARTICLES} ", "", text)
    return text


def lines_of(path):
    return [line.strip() for line in path.read_text().splitlines() if line.strip()]


def ways(parameter):
    """All that is said of a parameter: (place, text, choice)."""
    entries = [(None, parameter)] + list(parameter.get("values", {}).items()) + [(end, parameter[end]) for end in ("low", "high") if end in parameter]
    return [(place, text, choice) for choice, entry in entries for place in ("before", "after", "noun") for text in entry.get(place, [])]


def nouns_by_kind(kinds):
    return {name: [kind["noun"], *kind["synonyms"]] + [text for p in kind["parameters"].values() for place, text, _ in ways(p) if place == "noun"]
            for name, kind in kinds.items()}


def check_nouns(kinds, nouns):
    owners = collections.defaultdict(set)
    for name, words in nouns.items():
        for word in words:
            owners[word.lower()].add(name)
    for word, names in owners.items():
        if len(names) > 1:
            yield f"'{word}' is a noun of {', '.join(sorted(names))}"
    for name, kind in kinds.items():
        for word, times in collections.Counter([kind["noun"], *kind["synonyms"]]).items():
            if times > 1 and kind["synonyms"].count(word) > 1:
                yield f"{name}: '{word}' is given twice"
        for text in kind["descriptions"]:
            if others := owners.get(text.lower(), {name}) - {name}:
                yield f"'{text}' describes {name} and is a noun of {', '.join(others)}"


def words_before(captions):
    """Of each kind: all that may stand before its noun."""
    materials, out = captions["materials"], {}
    for name, kind in captions["kinds"].items():
        words = out[name] = set()
        for p in kind["parameters"].values():
            texts = [text for place, text, _ in ways(p) if place == "before"]
            if p["type"] == "material":
                words.update(word for m, said in materials.items() if m not in p.get("unsaid", []) for word in said["before"])
            elif p["type"] == "color":
                words.update(text.replace("{}", word) for said in captions["colors"].values() for word in said for text in texts)
            else:
                words.update(texts)
    return out


def check_negatives(captions, nouns, negatives):
    kinds, before, owners = captions["kinds"], words_before(captions), collections.defaultdict(set)
    for name, words in nouns.items():
        for word in words:
            owners[word.lower()].add(name)
    known = {word.lower(): name for name, words in nouns.items() for word in words}
    described = {bare(text): name for name, kind in kinds.items() for text in kind["descriptions"]}
    for line, times in collections.Counter(negatives).items():
        if times > 1:
            yield f"to refuse: '{line}' stands there {times} times"
    for line in negatives:
        for part in {line.lower(), bare(line), *BETWEEN.split(line.lower()), *BETWEEN.split(bare(line))}:
            while BEFORE.match(part):
                part = BEFORE.sub("", part)
            if owner := known.get(part):
                yield f"to refuse: '{line}' has a noun of {owner}"
                break
            if owner := next((name for at in re.finditer(" ", part) for name in owners[part[at.end():]] if part[:at.start()] in before[name]), None):
                yield f"to refuse: '{line}' is what {owner} may be called"
                break
        else:
            if owner := described.get(bare(line)):
                yield f"to refuse: '{line}' describes {owner}"


def check_materials(captions, nouns):
    table = (ROOT / "src/shape/material.cpp").read_text()
    engine = re.findall(r'\{"(\w+)", 0x\w+, ', table[table.index("kMaterials"):])
    materials = captions["materials"]
    for word in sorted(set(engine) ^ set(materials)):
        yield f"material '{word}' is in captions.json or in src/shape/material.cpp only"
    owner = {}
    for material, said in materials.items():
        for word in said["before"]:
            if owner.setdefault(word, material) != material:
                yield f"material: '{word}' means {material} and {owner[word]}"
    of_noun = {word.lower(): name for name, words in nouns.items() for word in words}
    for name, kind in captions["kinds"].items():
        for parameter, entry in kind["parameters"].items():
            if entry["type"] != "material":
                continue
            unsaid = entry.get("unsaid", [])
            others = {text: other for other, one in kind["parameters"].items() if one["type"] not in ("material", "color")
                      for place, text, _ in ways(one) if place == "before"}
            for material, said in materials.items():
                if material in unsaid or material == "plain":
                    continue
                for word in said["before"]:
                    if word in others:
                        yield f"{name}: '{word}' means {parameter}={material} and something of {others[word]}"
                    for noun in nouns[name]:
                        if whose := of_noun.get(f"{word} {noun}".lower()):
                            yield f"{name}: '{word} {noun}' means {parameter}={material} and is a noun of {whose}"


def check_evaluation(kinds, nouns, negatives, notes):
    known = {bare(word): name for name, words in nouns.items() for word in words}
    described = {bare(text): name for name, kind in kinds.items() for text in kind["descriptions"]}
    refused = {bare(line) for line in negatives}
    for file in EVALUATION:
        for line in lines_of(ROOT / "models/shape" / file):
            kind, _, text = line.split("|", 2)
            if kind and kind not in kinds and file != EVALUATION[0]:
                yield f"{file}: there is no kind '{kind}'"
            words = bare(text)
            if owner := described.get(words):
                yield f"{file}: '{text}' is a description of {owner}"
            if words in refused and " " in words:
                yield f"{file}: '{text}' is among what is taught to be refused"
            if words in known or words in refused:
                notes.append(f"{file}: '{text}' is a noun alone")


def main():
    captions = json.loads((ROOT / "shapes/captions.json").read_text())
    kinds, negatives, notes = captions["kinds"], lines_of(ROOT / "shapes/negatives.txt"), []
    nouns = nouns_by_kind(kinds)
    problems = [*check_nouns(kinds, nouns), *check_negatives(captions, nouns, negatives), *check_materials(captions, nouns),
                *check_evaluation(kinds, nouns, negatives, notes)]
    for line in problems + (notes if "--notes" in sys.argv[1:] else []):
        print(line)
    print(f"{len(kinds)} kinds, {sum(map(len, nouns.values()))} nouns, {sum(len(k['descriptions']) for k in kinds.values())} descriptions, "
          f"{len(captions['materials'])} materials, {len(negatives)} things to refuse: {len(problems)} collisions")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
