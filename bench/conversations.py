#!/usr/bin/env python3
"""Everyday conversations of three turns, judged by checks that a program can make: is the name recalled, is the
answer in the user's language, does it repeat itself without end, is the form kept that was asked for.

    pip install py3langid
    bench/conversations.py build/release/ptah --model chat --model smollm2 [--set bench/chat/tuning.json] [--show] [-- options of ptah chat]

The conversations were written before any model had answered them; bench/chat/tuning.json holds 36 others for
whoever chooses settings. The language is told by py3langid, which Ptah does not use. A conversation passes if every check of its
three answers does.
"""
import argparse, collections, json, os, re, subprocess, sys, tempfile

import py3langid

LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "sv", "pl", "zh", "ja", "ru", "la", "ro"]


def words(text):
    return re.findall(r"\w+(?:['’]\w+)?", text)


def without_fences(text):
    found = re.search(r"```[a-z]*\n(.*?)```", text, re.S)
    return (found.group(1) if found else text).strip()


def items(text, mark=r"(?:[-*•–]|\d+[.)])"):
    return [line for line in text.splitlines() if re.match(rf"\s*{mark}\s+\S", line)]


def repeats_itself(text):
    """A line or sentence of some length three times, or eight words in a row four times, or one word eight times in a row."""
    parts = [re.sub(r"[\W\d]+", " ", p).strip().lower() for p in re.split(r"[\n.!?]+", text)]
    counts = collections.Counter(p for p in parts if len(p) >= 15)
    if counts and max(counts.values()) >= 3:
        return True
    w = [x.lower() for x in words(text)]
    grams = collections.Counter(tuple(w[i:i + 8]) for i in range(len(w) - 7))
    return bool(grams and max(grams.values()) >= 4) or bool(re.search(r"\b(\w+)(?:\W+\1\b){7}", text, re.I))


def language_of(text):
    code, odds = py3langid.classify(text)
    return code


def is_json(text, keys):
    try:
        found = json.loads(without_fences(text))
    except ValueError:
        return False
    return isinstance(found, dict) and all(any(k.lower() == key for k in found) for key in keys)


def is_array(text, count):
    try:
        found = json.loads(without_fences(text))
    except ValueError:
        return False
    return isinstance(found, list) and len(found) == count


def failures(answer, turn, language):
    """The names of the checks that an answer fails."""
    low, count, out = answer.lower(), len(words(answer)), []
    check = lambda name, ok: ok or out.append(name)
    check("empty", bool(answer.strip()))
    check("loop", not repeats_itself(answer))
    form = any(k in turn for k in ("json", "json_array")) or "```" in answer
    if count >= 8 and not form and "how do you say" not in turn["say"].lower() and not turn["say"].startswith("And '"):
        check("language", language_of(answer) == language)
    if "has" in turn:
        check("has", any(x in low for x in turn["has"]))
    if "has_all" in turn:
        check("has_all", all(x in low for x in turn["has_all"]))
    if "has_cased" in turn:
        check("has_cased", any(x in answer for x in turn["has_cased"]))
    if "lacks" in turn:
        check("lacks", not any(re.search(rf"\b{x}", low) for x in turn["lacks"]))
    if "min_words" in turn:
        check("min_words", count >= turn["min_words"])
    if "max_words" in turn:
        check("max_words", count <= turn["max_words"])
    if "max_sentences" in turn:
        check("max_sentences", len([s for s in re.split(r"[.!?]+(?:\s|$)", answer) if s.strip()]) <= turn["max_sentences"])
    if "max_lines" in turn:
        check("max_lines", len([line for line in answer.splitlines() if line.strip()]) <= turn["max_lines"])
    if "commas" in turn:
        check("commas", answer.count(",") == turn["commas"])
    if "bullets" in turn:
        check("bullets", len(items(answer, r"[-*•–]")) == turn["bullets"])
    if "numbered" in turn:
        check("numbered", len(items(answer, r"\d+[.)]")) == turn["numbered"])
    if "list_items" in turn:
        check("list_items", len(items(answer)) == turn["list_items"])
    if "json" in turn:
        check("json", is_json(answer, turn["json"]))
    if "json_array" in turn:
        check("json_array", is_array(answer, turn["json_array"]))
    return out


def answers_of(ptah, model, conversation, seed, options):
    with tempfile.TemporaryDirectory() as folder:
        saved = os.path.join(folder, "talk.json")
        lines = [t["say"] for t in conversation["turns"]] + [f"/save {saved}", "/quit"]
        done = subprocess.run([ptah, "chat", *(["--model", model] if model else []), "--seed", str(seed), "--memory", os.path.join(folder, "memory.sqlite"), *options],
                              input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=900)
        if not os.path.exists(saved):
            sys.exit(f"{ptah} chat: {done.stderr}")
        return [m["content"] for m in json.load(open(saved)) if m["role"] == "assistant"], done.stderr


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ptah")
    parser.add_argument("--model", action="append", help="may be given several times; default: what ptah chat prefers")
    parser.add_argument("--set", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "chat", "conversations.json"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print what failed")
    parser.add_argument("--json", help="write every answer and its failures to this file")
    given = sys.argv[1:]
    at = given.index("--") if "--" in given else len(given)
    o = parser.parse_args(given[:at])
    o.options = given[at + 1:]  # more options of ptah chat
    py3langid.set_languages(LANGUAGES)
    conversations = json.load(open(o.set))
    report = {}
    for model in o.model or [""]:
        passed, by_check, by_language, all_answers = 0, collections.Counter(), collections.defaultdict(lambda: [0, 0]), []
        for conversation in conversations:
            answers, notes = answers_of(o.ptah, model, conversation, o.seed, o.options)
            found = [failures(a, t, conversation["language"]) for a, t in zip(answers, conversation["turns"])]
            ok = len(answers) == len(conversation["turns"]) and not any(found)
            passed += ok
            tally = by_language[conversation["language"]]
            tally[0] += ok
            tally[1] += 1
            by_check.update(name for one in found for name in one)
            all_answers.append({"name": conversation["name"], "passed": ok, "answers": answers, "failures": found, "notes": notes})
            if o.show and not ok:
                for turn, answer, names in zip(conversation["turns"], answers, found):
                    print(f"  {'FAIL ' + ','.join(names) if names else 'ok':28}  {turn['say']!r}\n{'':30}  {answer[:300]!r}")
        report[model] = all_answers
        languages = ", ".join(f"{k} {a}/{b}" for k, (a, b) in sorted(by_language.items()))
        print(f"{model or 'default'}: {passed} of {len(conversations)} conversations pass ({100 * passed / len(conversations):.0f} %); {languages}; "
              f"failed checks: {dict(by_check.most_common())}", flush=True)
    if o.json:
        json.dump(report, open(o.json, "w"), ensure_ascii=False, indent=1)


if __name__ == "__main__":
    main()
