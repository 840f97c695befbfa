#!/usr/bin/env python3
"""`ptah serve` is killed with SIGKILL, and so are its workers: nothing that was accepted is lost, and every result is there once."""
import os
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from server import Server

PTAH = sys.argv.pop(1)


def request(seed):
    return {"prompt": "a red fox", "size": 128, "steps": 3, "best_of": 1, "object": False, "seed": seed}


class Kills(unittest.TestCase):
    def test_a_worker(self):
        server = Server(PTAH).start()
        job = server.job("create", {**request(1), "steps": 200, "size": 128}).json()["id"]
        while server.get("/v1/jobs/" + job).json()["status"] != "in_progress":
            time.sleep(0.02)
        time.sleep(0.3)
        before = set(server.workers())
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        view = server.ended(job)
        self.assertEqual(view["status"], "completed", view)
        self.assertGreaterEqual(view["attempts"], 2, "it ran again")
        names = [name for _, name, _ in server.events(f"/v1/jobs/{job}/events")]
        self.assertEqual((names.count("done"), names[-1]), (1, "done"))
        self.assertEqual(server.get("/health").status, 200)
        self.assertEqual(server.stop(), 0)

    def test_the_server(self):
        server = Server(PTAH).start()
        slow = server.job("create", {**request(1), "steps": 200}).json()["id"]
        queued = [server.job("create", request(seed)).json()["id"] for seed in range(2, 5)]
        while server.get("/v1/jobs/" + slow).json()["status"] != "in_progress":
            time.sleep(0.02)
        workers = server.workers()
        server.kill()
        for _ in range(100):
            if not any(pathlib.Path(f"/proc/{worker}").exists() and "Z" not in pathlib.Path(f"/proc/{worker}/stat").read_text().rsplit(")", 1)[1][:3] for worker in workers):
                break
            time.sleep(0.1)
        else:
            self.fail("workers outlive the server")
        server.start()
        self.assertEqual([job["id"] for job in server.get("/v1/jobs").json()["data"]], [*reversed(queued), slow], "in order, none lost")
        views = [server.ended(job) for job in [slow, *queued]]
        self.assertEqual([view["status"] for view in views], ["completed"] * 4)
        events = server.events(f"/v1/jobs/{slow}/events")
        self.assertEqual([name for _, name, _ in events].count("running"), 2, "begun again")
        self.assertEqual(server.events(f"/v1/jobs/{slow}/events", last=events[0][0]), events[1:], "the numbers hold across the end of a server")
        again = server.job("create", request(2))
        self.assertEqual((again.status, again.json()["id"]), (200, queued[0]))
        self.assertEqual(server.stop(), 0)

    def test_again_and_again(self):
        """Jobs come from several clients while server and workers are killed at random; every one that was accepted ends, with the bytes of an undisturbed server."""
        rng = random.Random(5)
        with tempfile.TemporaryDirectory() as calm_place:
            calm = Server(PTAH, calm_place).start()
            wanted = {seed: calm.ended(calm.job("create", request(seed)).json()["id"])["outputs"] for seed in range(10, 22)}
            self.assertEqual(calm.stop(), 0)
        server = Server(PTAH, arguments=["--workers", "2"]).start()
        accepted, lock, done = {}, threading.Lock(), threading.Event()

        def client(seeds):
            for seed in seeds:
                while True:
                    try:
                        answer = server.job("create", request(seed))
                        with lock:
                            accepted[seed] = answer.json()["id"]
                        break
                    except (OSError, ValueError, Exception):  # the server was killed: what was not accepted is asked again
                        time.sleep(0.1)

        clients = [threading.Thread(target=client, args=(list(wanted)[i::3],)) for i in range(3)]
        for one in clients:
            one.start()
        kills = 0
        for _ in range(6):
            time.sleep(rng.uniform(0.5, 2.5))
            if rng.random() < 0.5:
                for worker in server.workers()[:1]:
                    try:
                        os.kill(worker, signal.SIGKILL)
                        kills += 1
                    except ProcessLookupError:
                        pass
            else:
                server.kill()
                kills += 1
                server.start()
        for one in clients:
            one.join()
        self.assertGreater(kills, 2)
        self.assertEqual(set(accepted), set(wanted))
        for seed, job in accepted.items():
            view = server.ended(job)
            self.assertEqual(view["status"], "completed", view)
            self.assertEqual(view["outputs"] and [(o["name"], o["sha256"]) for o in view["outputs"]], [(o["name"], o["sha256"]) for o in wanted[seed]])
            names = [name for _, name, _ in server.events(f"/v1/jobs/{job}/events")]
            self.assertEqual(names.count("done"), 1)
        done.set()
        kept = [entry for entry in (server.folder / "results").rglob("*") if entry.is_file()]
        self.assertEqual(len(kept), len({o["sha256"] for outputs in wanted.values() for o in outputs}), "each result once, and nothing half written")
        self.assertEqual(server.stop(), 0)


unittest.main()
