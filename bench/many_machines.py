#!/usr/bin/env python3
"""What it costs to have jobs done by other processes through a broker: bench/many_machines.py [--jobs 200] [--ptah PROGRAM].

Short jobs (a box, as STL) with a server's own worker, and with one, two and four workers behind the broker, all on this computer: so this is what a job costs
beside its work, and says nothing of how much faster many machines are. Then the time until a job of a killed worker runs elsewhere."""
import argparse
import os
import pathlib
import statistics
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "check"))
from cluster import Cluster, Server  # noqa: E402


def request(number):
    return {"program": f"shape block \"a block\"\npart block = box({20 + number % 1000} mm, 10 mm, {20 + number // 1000} mm)", "formats": "stl"}


def ask(server, number):
    return server.ask("/v1/jobs", {"kind": "shape", "request": request(number)})[1]["id"]


def wait(server, job, pause=0.002):
    while server.ask("/v1/jobs/" + job)[1]["status"] in ("queued", "in_progress"):
        time.sleep(pause)


def processor_seconds(*parts):
    """Of these processes and their children that run."""
    of, above = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "stat").read_text().rsplit(")", 1)[1].split() if entry.name.isdigit() else None
        except OSError:
            continue
        if words:
            of[int(entry.name)], above[int(entry.name)] = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"), int(words[1])
    roots = {part.process.pid for part in parts}
    return sum(seconds for pid, seconds in of.items() if pid in roots or above.get(pid) in roots)


def measure(server, jobs, first, parts):
    """Milliseconds a job: one after the other (median), when all are asked for at once, asking alone, and of all processors."""
    for i in range(5):
        wait(server, ask(server, first + i))
    alone = []
    for i in range(5, 45):
        began = time.time()
        wait(server, ask(server, first + i))
        alone.append(time.time() - began)
    before = processor_seconds(*parts)
    began = time.time()
    names = [ask(server, first + 100 + i) for i in range(jobs)]
    asked = time.time() - began
    for name in names:
        wait(server, name, 0.05)  # asking takes the server's time too
    whole = time.time() - began
    return statistics.median(alone) * 1e3, whole / jobs * 1e3, asked / jobs * 1e3, (processor_seconds(*parts) - before) / jobs * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--ptah", default=str(ROOT / "build" / "release" / "ptah"))
    o = parser.parse_args()
    print(f"{'':24} {'one by one':>12} {'all at once':>12} {'asking':>8} {'processor':>10}   (ms a job)")

    def show(name, figures):
        print(f"{name:24} {figures[0]:12.1f} {figures[1]:12.1f} {figures[2]:8.1f} {figures[3]:10.1f}", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        with Server(o.ptah, folder, None, "--threads", "1").start() as server:
            show("its own worker", measure(server, o.jobs, 0, [server]))
    for workers in (1, 2, 4):
        with Cluster(o.ptah, workers, worker_arguments=["--threads", "1"], server_arguments=["--threads", "1"]) as cluster:
            show(f"{workers} behind the broker", measure(cluster.server, o.jobs, 0, [cluster.server, cluster.broker, *cluster.workers]))
    times = []
    with Cluster(o.ptah, 2, worker_arguments=["--threads", "1", "--lease", "2"]) as cluster:
        for round_ in range(3):
            job = cluster.server.ask("/v1/jobs", {"kind": "create", "request": {"prompt": "a red fox", "steps": 200, "size": 512, "best_of": 1, "object": False,
                                                                               "picture": "drawn", "seed": round_}})[1]["id"]
            number = job.rsplit("_", 1)[-1]
            runs = lambda worker: [event for event in worker.events if event["event"] == "begun" and event["job"].endswith("." + number)]
            while not any(runs(worker) for worker in cluster.workers):
                time.sleep(0.01)
            first = next(worker for worker in cluster.workers if runs(worker))
            other = next(worker for worker in cluster.workers if worker is not first)
            time.sleep(1)
            first.kill()
            killed = time.time()
            while not runs(other):
                time.sleep(0.01)
            times.append(runs(other)[0]["time"] - killed)
            first.start()
            urllib.request.urlopen(urllib.request.Request(f"{cluster.server.url}/v1/jobs/{job}", method="DELETE"))
            time.sleep(1)
    print(f"a killed worker's job runs elsewhere after {', '.join(f'{one:.1f}' for one in times)} s (lease 2 s)")


main()
