#!/usr/bin/env python3
"""`ptah plan chat` against what `ptah generate` takes, as the system counts it: whole processes with SmolLM2. Skipped (77) if it is not pulled."""
import json
import resource
import subprocess
import sys
import tempfile

PTAH = sys.argv[1]
MIB = 1 << 20


def run(*arguments):
    return subprocess.run([PTAH, *arguments], capture_output=True, text=True, timeout=300)


def peak_of(*arguments):
    """Peak resident bytes of one process, and what it printed."""
    code = ("import resource, subprocess, sys; r = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE);"
            "sys.stdout.buffer.write(r.stdout); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    out = subprocess.run([sys.executable, "-c", code, PTAH, *arguments], capture_output=True, text=True, timeout=300)
    *lines, peak = out.stdout.strip().split("\n")
    return int(peak) * 1024, "\n".join(lines)


def main():
    if run("tokenize", "a").returncode:
        print("smollm2 is not pulled")
        sys.exit(77)
    problems = []
    for sentences in (1, 60):
        prompt = "The quick brown fox jumps over the lazy dog near the river. " * sentences
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write(prompt)
            file.flush()
            peak, line = peak_of("generate", "--file", file.name, "--max-tokens", "40", "--json")
        made = json.loads(line)
        plan = json.loads(run("plan", "chat", "--prompt-tokens", str(made["prompt_tokens"]), "--max-tokens", "40", "--json").stdout)
        planned = plan["peak_bytes"]
        print(f"{made['prompt_tokens']} tokens: planned {planned / MIB:.0f} MiB, took {peak / MIB:.0f} MiB")
        if not peak <= planned <= 1.3 * peak:
            problems.append(f"planned {planned} bytes, took {peak}")
        if plan["weight_bytes"] + plan["tensor_bytes"] + plan["program_bytes"] != planned:
            problems.append(f"the parts do not sum up: {plan}")
    for bad in (["--prompt-tokens", "0"], ["--prompt-tokens", "8000", "--max-tokens", "1000"], ["--cache-type", "f8"], ["--model", "none"]):
        if run("plan", "chat", *bad).returncode == 0:
            problems.append(f"plan chat {' '.join(bad)} was taken")
    if run("plan").returncode == 0:
        problems.append("plan without words was taken")
    print("\n".join(problems) or "holds")
    sys.exit(1 if problems else 0)


main()
