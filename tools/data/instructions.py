#!/usr/bin/env python3
"""Makes requests with instructions that a program can check, for `ptah train reinforce`.

    tools/data/instructions.py --out FOLDER [--rows 2000] [--seed 1] [--kinds 1]

Writes FOLDER/train.jsonl and FOLDER/held_out.jsonl (200 rows) in the layout of IFEval's file. The held-out requests have other subjects and other wordings than
those to train on, and the same kinds of instructions: they tell whether a kind was learnt, not whether a sentence was. IFEval's own 541 requests are another test:
they share no row with these.
"""
import argparse
import json
import pathlib
import random

SUBJECTS = {
    "train": ["a rainy day in a small town", "how bread is baked", "why cats purr", "a letter to a friend who moved away", "the first day at school", "how a bicycle works", "a walk in the forest",
              "three tips for a better sleep", "the history of tea", "a lost umbrella", "planting tomatoes on a balcony", "what makes a good neighbour", "a train that was late", "how to greet a new colleague",
              "the sounds of a harbour", "a birthday without cake", "saving water at home", "an old lighthouse", "learning to swim", "a recipe for pancakes", "the colours of autumn", "packing for a weekend trip",
              "how clouds form", "a market on Saturday morning", "why we dream", "a garden at night", "repairing a chair", "a message to the landlord about a leaking tap", "the life of a honey bee", "a football match"],
    "held_out": ["a snowstorm in the mountains", "how glass is made", "why dogs bark", "a note to a teacher", "moving to another city", "how a sailing boat moves", "an evening at the river",
                 "two ways to remember names", "the story of coffee", "a broken window", "keeping bees in a city", "what a good story needs", "a bus driver's morning", "thanking somebody for a gift"],
}
ASKS = {
    "train": ["Write a short text about {}.", "Tell me something about {}.", "Write a few lines on {}.", "I need a paragraph about {}."],
    "held_out": ["Please compose a brief piece concerning {}.", "Could you say a little about {}?", "Give me a short description: {}."],
}
WORDS = ["window", "river", "yellow", "quiet", "morning", "letter", "stone", "garden", "music", "bread", "winter", "friend"]
PHRASES = ["Is there anything else I can help with?", "That is all.", "Hope you enjoyed it.", "The end."]


def kinds(rng, side):
    """(kind, arguments, wording)"""
    one = lambda *ways: ways[0] if side == "train" else ways[-1]
    n, word, other, letter = rng.randint, rng.choice(WORDS), rng.choice(WORDS), rng.choice("aeiolnst")
    few, more, sentences = n(2, 4), 5 * n(4, 14), n(2, 5)
    phrase = rng.choice(PHRASES)
    yield "punctuation:no_comma", {}, one("Do not use any commas.", "Avoid commas entirely in your answer.")
    yield "length_constraints:number_words", {"relation": "at least", "num_words": more}, one(f"Use at least {more} words.", f"Your answer must contain {more} or more words.")
    yield "length_constraints:number_words", {"relation": "less than", "num_words": more}, one(f"Use less than {more} words.", f"Stay below {more} words.")
    yield "length_constraints:number_sentences", {"relation": "less than", "num_sentences": sentences + 1}, one(f"Answer with less than {sentences + 1} sentences.", f"Write fewer than {sentences + 1} sentences.")
    yield "length_constraints:number_paragraphs", {"num_paragraphs": few}, one(f"There should be {few} paragraphs. Separate them with ***", f"Write exactly {few} paragraphs with *** between them.")
    yield "keywords:existence", {"keywords": [word, other] if word != other else [word]}, one(f"Include the words {word} and {other}.", f"Both {word} and {other} have to appear.")
    yield "keywords:forbidden_words", {"forbidden_words": [word, "the"] if rng.random() < 0.3 else [word]}, one(f"Do not use the word {word}.", f"The word {word} must not appear.")
    yield "keywords:frequency", {"relation": "at least", "keyword": word, "frequency": few}, one(f"Use the word {word} at least {few} times.", f"The word {word} should occur {few} times or more.")
    yield "keywords:letter_frequency", {"let_relation": "at least", "letter": letter, "let_frequency": 4 * few}, one(f"The letter {letter} should appear at least {4 * few} times.", f"Let the letter {letter} occur {4 * few} times or more.")
    yield "change_case:english_lowercase", {}, one("Write in lowercase letters only.", "No capital letters are allowed.")
    yield "change_case:english_capital", {}, one("Write in capital letters only.", "Your entire response should be in English, in all capital letters.")
    yield "change_case:capital_word_frequency", {"capital_relation": "at least", "capital_frequency": few}, one(f"Write at least {few} words in all capital letters.", f"Put {few} or more words in full capitals.")
    yield "startend:quotation", {}, one("Wrap your entire response with double quotation marks.", "Put the whole answer in double quotes.")
    yield "startend:end_checker", {"end_phrase": phrase}, one(f"End with this exact sentence: {phrase}", f"The very last words must be: {phrase}")
    yield "detectable_format:number_bullet_lists", {"num_bullets": few}, one(f"Answer with exactly {few} bullet points, each beginning with * and a blank.", f"Use exactly {few} markdown bullets such as: * this is a point")
    yield "detectable_format:title", {}, one("Give it a title in double angular brackets, such as <<poem of joy>>.", "It needs a title wrapped in <<double angular brackets>>.")
    yield "detectable_format:number_highlighted_sections", {"num_highlights": few}, one(f"Highlight at least {few} parts with markdown, such as *highlighted part*.", f"Put stars around {few} or more phrases, like *this*.")
    yield "detectable_format:multiple_sections", {"section_spliter": "SECTION", "num_sections": few}, one(f"Write {few} sections. Mark the beginning of each with SECTION X, such as SECTION 1.", f"Divide it into {few} sections that begin with SECTION 1, SECTION 2 and so on.")
    yield "detectable_format:json_format", {}, one("The whole output should be JSON.", "Answer in valid JSON, with nothing around it.")
    yield "detectable_content:number_placeholders", {"num_placeholders": few}, one(f"Use at least {few} placeholders in square brackets, such as [name].", f"Leave {few} or more placeholders, e.g. [address].")
    yield "detectable_content:postscript", {"postscript_marker": "P.S."}, one("At the end add a postscript that begins with P.S.", "Close with a postscript starting with P.S.")
    yield "combination:two_responses", {}, one("Give two different answers, separated by six asterisks: ******", "I want two different versions with ****** between them.")


def rows(side, count, most, rng):
    for key in range(count):
        request = rng.choice(ASKS[side]).format(rng.choice(SUBJECTS[side]))
        chosen = rng.sample(list(kinds(rng, side)), rng.randint(1, most))
        if len({kind for kind, _, _ in chosen}) < len(chosen):
            chosen = chosen[:1]
        yield {"key": key, "prompt": " ".join([request] + [wording for _, _, wording in chosen]), "instruction_id_list": [kind for kind, _, _ in chosen], "kwargs": [given for _, given, _ in chosen]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", type=int, default=1, help="at most so many instructions a request")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for side, count in (("train", args.rows), ("held_out", 200)):
        made = rows(side, count, args.kinds, random.Random(f"{side} {args.seed}"))
        (args.out / f"{side}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made))
    print(args.out)


if __name__ == "__main__":
    main()
