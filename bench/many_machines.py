#!/usr/bin/env python3
"""What it costs to have jobs done by other processes through a broker: bench/many_machines.py [--jobs 200] [--ptah PROGRAM].

Short jobs (a box, as STL) with a server's own worker, and with one, two and four workers behind the broker, all on this computer: so this is what a job costs
beside its work, and says nothing of how much faster many machines are. Then the time until a job of a killed worker runs elsewhere, and what the broker alone
takes (ptah_bench_broker, which is built with -DPTAH_BENCH=ON)."""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools" / "check"))
from cluster import Broker, Cluster, Server  # noqa: E402


def request(number):
    return {"program": f"shape block \"a block\"\npart block = box({20 + number % 1000} mm, 10 mm, {20 + number // 1000} mm)", "formats": "stl"}


def ask(server, number):
    return server.ask("/v1/jobs", {"kind": "shape", "request": request(number)})[1]["id"]


def wait(server, job, pause=0.002):
    while server.ask("/v1/jobs/" + job)[1]["status"] in ("queued", "in_progress"):
        time.sleep(pause)


def processor_seconds(parts):
    """Of each of these processes with its children that run."""
    of, above = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "stat").read_text().rsplit(")", 1)[1].split() if entry.name.isdigit() else None
        except OSError:
            continue
        if words:
            of[int(entry.name)], above[int(entry.name)] = (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK"), int(words[1])
    return [sum(seconds for pid, seconds in of.items() if part.process.pid in (pid, above.get(pid))) for part in parts]


def measure(server, jobs, first, parts):
    """Milliseconds a job: one after the other (median), when all are asked for at once, asking alone; and of processors, of each of the parts."""
    for i in range(5):
        wait(server, ask(server, first + i))
    alone = []
    for i in range(5, 45):
        began = time.time()
        wait(server, ask(server, first + i))
        alone.append(time.time() - began)
    before = processor_seconds(parts)
    began = time.time()
    names = [ask(server, first + 100 + i) for i in range(jobs)]
    asked = time.time() - began
    wait(server, names[-1], 0.2)  # asking takes the server's time too
    for name in names[:-1]:
        wait(server, name)
    whole = time.time() - began
    used = [(now - then) / jobs * 1e3 for now, then in zip(processor_seconds(parts), before)]
    return statistics.median(alone) * 1e3, whole / jobs * 1e3, asked / jobs * 1e3, used


def saturate(program):
    for takers, jobs in ((1, 200), (8, 1000), (32, 1000)):
        with tempfile.TemporaryDirectory() as folder:
            broker = Broker(folder).start()
            try:
                said = subprocess.run([program, broker.url, str(jobs), str(takers)], capture_output=True, text=True, check=True).stdout.strip()
                status = pathlib.Path(f"/proc/{broker.process.pid}/status").read_text()
                used = sum(processor_seconds([type("Alone", (), {"process": broker.process})])) / jobs * 1e3
                print(f"broker alone: {said}; {used:.2f} ms of processors a job, {int(status.split('VmHWM:')[1].split()[0]) / 1000:.0f} MB")
            finally:
                broker.kill()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--ptah", default=str(ROOT / "build" / "release" / "ptah"))
    o = parser.parse_args()
    print(f"{'':20} {'one by one':>11} {'all at once':>12} {'asking':>7} | {'processors':>10} {'server':>7} {'broker':>7} {'workers':>8} {'overhead':>9}  (ms a job)")

    def show(name, figures, alone=None):
        one, together, asked, used = figures
        parts = [used[0], used[1] if len(used) > 1 else 0, sum(used[2:])]
        overhead = f"{sum(used) - alone:9.1f}" if alone is not None else ""
        print(f"{name:20} {one:11.1f} {together:12.1f} {asked:7.1f} | {sum(used):10.1f} {parts[0]:7.1f} {parts[1]:7.1f} {parts[2]:8.1f} {overhead}", flush=True)
        return sum(used)

    with tempfile.TemporaryDirectory() as folder:
        with Server(o.ptah, folder, None, "--threads", "1").start() as server:
            alone = show("its own worker", measure(server, o.jobs, 0, [server]))
    for workers in (1, 2, 4):
        with Cluster(o.ptah, workers, worker_arguments=["--threads", "1"], server_arguments=["--threads", "1"]) as cluster:
            show(f"{workers} behind the broker", measure(cluster.server, o.jobs, 0, [cluster.server, cluster.broker, *cluster.workers]), alone)
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
    print(f"a killed worker's job runs elsewhere after {', '.join(f'{one:.1f}' for one in times)} s (lease 2 s)", flush=True)
    saturate(str(pathlib.Path(o.ptah).parent / "bench" / "ptah_bench_broker"))


main()
