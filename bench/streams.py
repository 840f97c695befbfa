#!/usr/bin/env python3
"""python3 bench/streams.py PTAH [CLIENTS]: what streams of events cost a server. CLIENTS (1,000) follow all jobs at once while some are made; each has to hear
the same events in the same order. Prints the server's memory before and with them, and how long /health takes meanwhile. The goal is 16 MiB for 1,000."""
import http.client
import json
import pathlib
import re
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time

GOAL = 16  # MiB, for 1,000
JOBS = 4


def memory(process):
    """Resident MiB of the server itself; its workers are processes of their own."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) / 1024


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
    answer = connection.getresponse().read()
    connection.close()
    return answer


def main():
    ptah, clients = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    files = clients + 200
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(files, resource.getrlimit(resource.RLIMIT_NOFILE)[0]), resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([ptah, "serve", "--port", "0", "--folder", folder], stdout=subprocess.PIPE, text=True)
        try:
            port = int(process.stdout.readline().strip().rsplit(":", 1)[1])
            # One job first, so that what the server needs once is not counted.
            first = json.loads(ask(port, "POST", "/v1/jobs", {"kind": "create", "request": {"prompt": "a fox", "size": 128, "steps": 1, "best_of": 1, "object": False}}))
            while json.loads(ask(port, "GET", "/v1/jobs/" + first["id"]))["status"] != "completed":
                time.sleep(0.2)
            time.sleep(1)
            before = memory(process)
            poll = selectors.DefaultSelector()
            heard = {}
            # A server takes 512 connections of one address.
            for i in range(clients):
                one = socket.socket()
                one.bind((f"127.0.0.{2 + i % 8}", 0))
                one.connect(("127.0.0.1", port))
                one.sendall(f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
                head = one.recv(65536)  # one after the other: a server refuses more than it has room for at once
                if not head.startswith(b"HTTP/1.1 200"):
                    raise SystemExit(f"client {i} was refused: {head[:100]}")
                one.setblocking(False)
                poll.register(one, selectors.EVENT_READ)
                heard[one] = [head]
            time.sleep(1)
            for seed in range(JOBS):
                ask(port, "POST", "/v1/jobs", {"kind": "create", "request": {"prompt": "a fox", "size": 128, "steps": 1, "best_of": 1, "object": False, "seed": seed + 1}})
            health, most, end = [], 0.0, time.time() + 240
            whole = lambda parts: b"".join(parts).count(b"event: done") >= JOBS
            while time.time() < end and not all(whole(parts) for parts in heard.values()):
                for key, _ in poll.select(0.2):
                    data = key.fileobj.recv(65536)
                    if not data:
                        raise SystemExit("a stream was closed")
                    heard[key.fileobj].append(data)
                begun = time.perf_counter()
                ask(port, "GET", "/health")
                health.append((time.perf_counter() - begun) * 1000)
                most = max(most, memory(process))
            seen = {tuple(re.findall(rb"^id: (\d+)", b"".join(parts), re.M)) for parts in heard.values()}
            if len(seen) != 1:
                raise SystemExit(f"clients heard {len(seen)} different orders of events")
            health.sort()
            print(f"{clients} streams: {before:.1f} MiB before, {most:.1f} MiB at most with them: {most - before:.1f} MiB more; {len(next(iter(seen)))} events each, the same")
            print(f"/health meanwhile: {health[len(health) // 2]:.1f} ms (median), {health[-1]:.1f} ms at most of {len(health)}")
            raise SystemExit(most - before > GOAL * clients / 1000)
        finally:
            process.terminate()
            process.wait(30)


main()
