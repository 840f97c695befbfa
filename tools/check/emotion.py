#!/usr/bin/env python3
"""How well `ptah emotion` guesses, beside baselines: emotion.py PTAH DATA [--baselines]

DATA is what `tools/data/goemotions.py --groups --out DATA` makes. Needs numpy, and scipy for --baselines: logistic regressions on TF-IDF of words and pairs of
words, and on the vectors of `ptah embed` (the encoder as it comes, frozen). Their thresholds are chosen on the development texts, as those of the classifier were.
Prints macro-F1 of the 28 labels, of Ekman's 7 and of the 4 groups on the test texts, the calibration error (15 bins of equal width: of the likeliest label, and of
all probabilities), and milliseconds a text.
"""
import argparse
import csv
import json
import pathlib
import resource
import subprocess
import tempfile
import time

import numpy as np

KINDS = {"28 labels": lambda name: "/" not in name, "Ekman": lambda name: name.startswith("ekman/"), "groups": lambda name: name.startswith("group/")}
AT_ONCE = 5000


def read(file):
    rows = list(csv.DictReader(open(file, encoding="utf-8", newline="")))
    return [" ".join(row["text"].split()) for row in rows], [row["labels"].split("|") for row in rows]


def table_of(labels, names):
    out = np.zeros((len(labels), len(names)), bool)
    for row, own in zip(out, labels):
        row[[names.index(name) for name in own]] = True
    return out


def f1(truth, found):
    right = (truth & found).sum(0)
    return np.where(right > 0, 2 * right / np.maximum(1, truth.sum(0) + found.sum(0)), 0)


def calibration_error(probability, is_so, bins=15):
    place = np.minimum((probability * bins).astype(int), bins - 1)
    return sum(abs(probability[place == b].mean() - is_so[place == b].mean()) * (place == b).mean() for b in range(bins) if (place == b).any())


def report(name, names, truth, probability, found, milliseconds):
    cells = [f"{f1(truth[:, pick], found[:, pick]).mean():.3f}" for pick in ([i for i, n in enumerate(names) if kind(n)] for kind in KINDS.values())]
    fine = [i for i, n in enumerate(names) if "/" not in n]
    p, t = probability[:, fine], truth[:, fine]
    best = p.argmax(1)
    rows = np.arange(len(p))
    print(f"| {name} | {' | '.join(cells)} | {calibration_error(p[rows, best], t[rows, best]):.3f}, {calibration_error(p.ravel(), t.ravel()):.4f} | {milliseconds} |", flush=True)
    return dict(zip([names[i] for i in fine], f1(t, found[:, fine])))


def ptah_emotions(program, texts, names):
    probability, found = np.zeros((len(texts), len(names))), np.zeros((len(texts), len(names)), bool)
    labels = json.loads((pathlib.Path(program).resolve().parent.parent.parent / "models/emotion/classifier.json").read_text())
    threshold = dict(zip(labels["labels"], labels.get("thresholds", [labels["threshold"]] * len(labels["labels"]))))
    for at in range(0, len(texts), AT_ONCE):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(texts[at:at + AT_ONCE]) + "\n")
            file.flush()
            ran = subprocess.run([program, "emotion", "--from", file.name, "--lines", "--json"], capture_output=True, check=True)
        for row, one in enumerate(json.loads(ran.stdout)["texts"], at):
            values = one["probabilities"] | {"ekman/" + e["emotion"]: e["probability"] for e in one["ekman"]} | {"group/" + g["group"]: g["probability"] for g in one["groups"]}
            probability[row] = [values[name] for name in names]
            found[row] = [values[name] >= threshold[name] for name in names]
            assert {e["emotion"] for e in one["emotions"]} == {n for n, f in zip(names, found[row]) if f and "/" not in n}
    return probability, found


def cpu_seconds(call):
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = call()
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return out, ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime


def regression(x, y, steps=300, rate=0.05, decay=1e-6):
    """Of all labels together, by Adam on all rows: x sparse or dense."""
    w, b = np.zeros((x.shape[1], y.shape[1]), np.float32), np.full(y.shape[1], -3, np.float32)
    moments = [np.zeros_like(a) for a in (w, b, w, b)]
    for step in range(1, steps + 1):
        error = (1 / (1 + np.exp(-(x @ w + b))) - y) / len(y)
        for i, (value, gradient) in enumerate(((w, np.asarray(x.T @ error) + decay * w), (b, error.sum(0)))):
            moments[i] += 0.1 * (gradient - moments[i])
            moments[i + 2] += 0.01 * (gradient**2 - moments[i + 2])
            value -= rate * (moments[i] / (1 - 0.9**step)) / (np.sqrt(moments[i + 2] / (1 - 0.99**step)) + 1e-8)
    return lambda other: 1 / (1 + np.exp(-(np.asarray(other @ w) + b)))


def thresholds(probability, truth):
    grid = np.arange(1, 99) / 100
    return grid[np.array([f1(truth, probability >= t) for t in grid]).argmax(0)]


def tfidf(texts, vocabulary=None, least=3):
    import re

    from scipy.sparse import csr_matrix

    words = [re.findall(r"[a-z']+|[!?]", text.lower()) for text in texts]
    terms = [w + [a + " " + b for a, b in zip(w, w[1:])] for w in words]
    if vocabulary is None:
        seen = {}
        for row in terms:
            for term in set(row):
                seen[term] = seen.get(term, 0) + 1
        vocabulary = {term: (i, np.log((1 + len(texts)) / (1 + count)) + 1) for i, (term, count) in enumerate((t, c) for t, c in sorted(seen.items()) if c >= least)}
    data, columns, starts = [], [], [0]
    for row in terms:
        counts = {}
        for term in row:
            if term in vocabulary:
                counts[term] = counts.get(term, 0) + 1
        values = np.array([(1 + np.log(c)) * vocabulary[t][1] for t, c in counts.items()], np.float32)
        data.extend(values / max(1e-9, np.sqrt((values**2).sum())))
        columns.extend(vocabulary[t][0] for t in counts)
        starts.append(len(columns))
    return csr_matrix((np.array(data, np.float32), columns, starts), (len(texts), len(vocabulary))), vocabulary


def embedded(program, texts):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(texts) + "\n")
        file.flush()
        ran = subprocess.run([program, "embed", "--file", file.name, "--model", "minilm"], capture_output=True, check=True, text=True)
    return np.array([json.loads(line)["embedding"] for line in ran.stdout.splitlines()], np.float32)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ptah")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--baselines", action="store_true")
    args = parser.parse_args()
    texts, labels = read(args.data / "test.csv")
    names = sorted({name for own in labels for name in own} | {name for own in read(args.data / "train.csv")[1] for name in own})
    truth = table_of(labels, names)
    print("| | macro-F1, 28 labels | Ekman | groups | calibration error | ms a text |\n|---|---|---|---|---|---|")
    _, start = cpu_seconds(lambda: ptah_emotions(args.ptah, texts[:1], names))
    begun = time.perf_counter()
    (probability, found), cpu = cpu_seconds(lambda: ptah_emotions(args.ptah, texts, names))
    wall = time.perf_counter() - begun
    each = report("ptah emotion", names, truth, probability, found, f"{(cpu - 2 * start) / len(texts) * 1e3:.2f} of processor time, {wall / len(texts) * 1e3:.2f} in all")
    if args.baselines:
        train_texts, train_labels = read(args.data / "train.csv")
        dev_texts, dev_labels = read(args.data / "dev.csv")
        y, dev = table_of(train_labels, names), table_of(dev_labels, names)
        x, vocabulary = tfidf(train_texts)
        model = regression(x, y.astype(np.float32))
        chosen = thresholds(model(tfidf(dev_texts, vocabulary)[0]), dev)
        p = model(tfidf(texts, vocabulary)[0])
        report(f"logistic regression, TF-IDF of {len(vocabulary)} words and pairs", names, truth, p, p >= chosen, "")
        model = regression(embedded(args.ptah, train_texts), y.astype(np.float32), rate=0.1)
        chosen = thresholds(model(embedded(args.ptah, dev_texts)), dev)
        p = model(embedded(args.ptah, texts))
        report("logistic regression, minilm frozen", names, truth, p, p >= chosen, "")
    print("\n" + ", ".join(f"{name} {value:.2f}" for name, value in sorted(each.items(), key=lambda item: -item[1])))


if __name__ == "__main__":
    main()
