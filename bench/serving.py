#!/usr/bin/env python3
"""python3 bench/serving.py PTAH jobs [N]: N (10,000) mixed jobs from eight clients while a worker is killed every 2 s and the server every 15 s (SIGKILL); counts
what is lost, what ran again, and whether a worker's memory stays below its plan.
python3 bench/serving.py PTAH flood [N]: one user asks for N (200) pictures at once, another for one now and then; how long the other waits.
python3 bench/serving.py PTAH token [N]: the first token of a conversation over HTTP and of the command line, N (7) times each in turn, cold both times; and warm
(needs `ptah pull smollm2`).
python3 bench/serving.py PTAH draft [N]: from a request for a draft to its picture, N (40) times, the process warm."""
import hashlib
import json
import os
import pathlib
import random
import re
import signal
import statistics
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "serve"))
from server import Server

PTAH = sys.argv[1]


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def mixed(i):
    """Job number i: something small of six kinds, each of them another one."""
    word = f"number {i}"
    kinds = [
        ("create", {"prompt": "a red fox", "size": 128, "steps": 1, "best_of": 1, "object": False, "picture": "drawn", "seed": i}),
        ("emotion", {"text": f"I am happy that you came, {word}!"}),
        ("contract", {"text": f"a token named Fox{i} with 1000 in all"}),
        ("shape", {"program": f'shape box "a box"\npart a = box({1 + i % 97 / 100:.2f}, {1 + i // 97 / 1000:.3f}, 1)\n', "formats": "glb"}),
        ("emotion", {"text": f"It is a pity about {word}."}),
        ("create", {"prompt": f"a chair {word}", "size": 128, "steps": 1, "best_of": 1, "object": False}),
    ]
    return kinds[i % len(kinds)]


def high_water(process):
    try:
        return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{process}/status").read_text()).group(1)) << 10
    except (OSError, AttributeError):
        return 0


def jobs(count):
    server = Server(PTAH, arguments=["--workers", "2", "--budget", "2G"]).start()
    rng = random.Random(1)
    accepted, lock, killed, over = {}, threading.Lock(), {"worker": 0, "server": 0}, []
    plans, most, begun = {}, 0, time.time()
    posted = threading.Event()

    def client(numbers):
        for i in numbers:
            kind, fields = mixed(i)
            while True:
                try:
                    answer = server.job(kind, fields)
                    if answer.status in (200, 202):
                        view = answer.json()
                        with lock:
                            accepted[i] = view["id"]
                            plans[kind] = max(plans.get(kind, 0), (view.get("planned") or {}).get("bytes", 0))
                        break
                    if answer.status not in (429, 503):
                        over.append(f"job {i} was refused: {answer.status} {answer.body[:200]}")
                        break
                except Exception:  # the server was killed: asked again
                    pass
                time.sleep(0.05)

    threads = [threading.Thread(target=client, args=(range(at, count, 8),)) for at in range(8)]
    for thread in threads:
        thread.start()
    next_worker, next_server = begun + 2, begun + 15
    open_jobs = 1
    while open_jobs or any(thread.is_alive() for thread in threads):
        time.sleep(0.25)
        now = time.time()
        workers = server.workers() if server.process.poll() is None else []
        for worker in workers:
            most = max(most, high_water(worker))
        if now > next_worker and workers:
            os.kill(rng.choice(workers), signal.SIGKILL)
            killed["worker"] += 1
            next_worker = now + 2
        if now > next_server:
            server.kill()
            server.start()
            killed["server"] += 1
            next_server = time.time() + 15
        if not any(thread.is_alive() for thread in threads):
            try:
                metrics = server.get("/metrics").body.decode()
                open_jobs = sum(float(n) for n in re.findall(r'^ptah_jobs\{[^}]*state="(?:queued|running)"[^}]*\} (\S+)', metrics, re.M))
            except Exception:
                open_jobs = 1
        if now - begun > 7200:
            raise SystemExit("two hours are over")
    seconds = time.time() - begun
    lost, again, states = [], 0, {}
    seen = {}
    for i, name in accepted.items():
        view = server.get("/v1/jobs/" + name).json()
        states[view.get("status")] = states.get(view.get("status"), 0) + 1
        if view.get("status") != "completed" or not view.get("outputs"):
            lost.append((i, name, view.get("status"), view.get("error")))
            continue
        again += max(0, view.get("attempts", 1) - 1)
        seen.setdefault(name, i)
    sample = rng.sample(sorted(accepted), min(200, len(accepted)))
    wrong = 0
    for i in sample:
        view = server.get("/v1/jobs/" + accepted[i]).json()
        for output in view.get("outputs", []):
            wrong += hashlib.sha256(server.get(output["url"]).body).hexdigest() != output["sha256"]
    server.stop()
    print(f"{len(accepted)} of {count} jobs accepted, {states}, {len(lost)} lost, in {seconds:.0f} s; killed: {killed}; {again} ran again; {wrong} outputs of {len(sample)} jobs are others")
    print(f"memory of a worker: at most {most >> 20} MiB; the largest plan: {max(plans.values()) >> 20} MiB")
    for problem in [*over[:5], *lost[:5]]:
        print(problem)
    raise SystemExit(bool(lost or over or wrong or len(accepted) < count or most > max(plans.values())))


def flood(count):
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        keys = {}
        for name in ("flood", "other"):
            keys[name] = {"Authorization": "Bearer " + subprocess.run([PTAH, "serve", "key", "add", name, "--folder", folder + "/store"], capture_output=True, text=True, check=True).stdout.strip()}
        server = Server(PTAH, pathlib.Path(folder), arguments=["--keys"]).start()
        picture = lambda seed: {"prompt": "a red fox", "size": 128, "steps": 20, "best_of": 1, "object": False, "picture": "drawn", "seed": seed}

        def ended(name, who):
            while True:
                view = server.ask("GET", "/v1/jobs/" + name, headers=keys[who]).json()
                if view["status"] not in ("queued", "in_progress"):
                    return view
                time.sleep(0.01)

        alone = []
        for seed in range(5):
            begun = time.perf_counter()
            ended(server.job("create", picture(900000 + seed), headers=keys["other"]).json()["id"], "other")
            alone.append(time.perf_counter() - begun)
        own = statistics.median(alone)
        first = [server.job("create", picture(seed), headers=keys["flood"]).json()["id"] for seed in range(count)]
        waits = []
        for seed in range(20):
            begun = time.perf_counter()
            view = ended(server.job("create", picture(800000 + seed), headers=keys["other"]).json()["id"], "other")
            assert view["status"] == "completed", view
            waits.append(time.perf_counter() - begun)
            time.sleep(own)
        left = sum(server.ask("GET", "/v1/jobs/" + name, headers=keys["flood"]).json()["status"] in ("queued", "in_progress") for name in first)
        server.stop()
        print(f"alone: {own:.2f} s; beside {count} jobs of another user ({left} of them still open at the end): median {statistics.median(waits):.2f} s, p95 {percentile(waits, 0.95):.2f} s, "
              f"{percentile(waits, 0.95) / own:.2f} times its own (a running job and its own: 2)")
        if left == 0:
            raise SystemExit("the flood was over too early: ask for more jobs")
        raise SystemExit(percentile(waits, 0.95) > 2.25 * max(own, max(alone)))


def first_chunk(server, prompt):
    """Seconds to the first words of an answer over HTTP."""
    import http.client

    body = json.dumps({"model": "smollm2", "messages": [{"role": "user", "content": prompt}], "max_completion_tokens": 8, "stream": True, "seed": 0})
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    begun = time.perf_counter()
    connection.request("POST", "/v1/chat/completions", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    while True:
        line = answer.readline().decode()
        if not line:
            raise SystemExit("the stream ended without words")
        if line.startswith("data: {") and json.loads(line[6:])["choices"][0]["delta"].get("content"):
            seconds = time.perf_counter() - begun
            answer.read()
            return seconds


def first_words(prompt):
    """The same of `ptah ask`."""
    begun = time.perf_counter()
    process = subprocess.Popen([PTAH, "ask", prompt, "--model", "smollm2", "--max-tokens", "8"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.read(1)
    seconds = time.perf_counter() - begun
    process.stdout.read()
    process.wait()
    return seconds


def token(count):
    server = Server(PTAH).start()
    cold, command, warm = [], [], []
    for i in range(count):
        for worker in server.workers():
            os.kill(worker, signal.SIGKILL)
        time.sleep(0.5)
        prompt = f"What is the capital of country {i}?"
        command.append(first_words(prompt))
        cold.append(first_chunk(server, prompt))
        warm.append(first_chunk(server, f"What is the capital of land {i}?"))
    server.stop()
    # A worker that was killed is started anew: what a start of the program takes is in both.
    more = statistics.median(h - c for h, c in zip(cold, command))
    print(f"first words: command line {1000 * statistics.median(command):.0f} ms, HTTP with a cold worker {1000 * statistics.median(cold):.0f} ms "
          f"({1000 * more:+.0f} ms in pairs, goal +10), HTTP with a warm worker {1000 * statistics.median(warm):.0f} ms")
    raise SystemExit(more > 0.010)


def draft(count):
    server = Server(PTAH).start()
    times = {"object": [], "drawn": []}
    words = ["fox", "chair", "castle", "car", "house", "tree", "lamp", "boat"]
    for i in range(count):
        for how in times:
            fields = {"prompt": f"a {words[i % len(words)]} {'very ' * (i // len(words))}old", "steps": 4, "size": 128, "best_of": 1, "object": False, "picture": how}
            begun = time.perf_counter()
            answer = server.ask("POST", "/v1/drafts", {"kind": "create", "request": fields, "file": "png"})
            if answer.status == 200 and i >= 2:
                times[how].append(1000 * (time.perf_counter() - begun))
    server.stop()
    for how, all_of in times.items():
        print(f"draft, {how}: median {statistics.median(all_of):.0f} ms, p95 {percentile(all_of, 0.95):.0f} ms of {len(all_of)} (goal 80 from key to picture)")
    raise SystemExit(statistics.median(times["drawn"]) > 80)


if __name__ == "__main__":
    what, usual = sys.argv[2], {"jobs": 10000, "flood": 200, "token": 7, "draft": 40}
    globals()[what](int(sys.argv[3]) if len(sys.argv) > 3 else usual[what])
