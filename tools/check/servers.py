#!/usr/bin/env python3
"""servers.py NAME PID URL MIB SECONDS: attacks a server on this computer and prints what it costs. Connects to 127.0.0.1 only."""
import multiprocessing
import os
import signal
import socket
import sys
import time
from urllib.parse import urlsplit

name, pid, url, mib, seconds = sys.argv[1], int(sys.argv[2]), urlsplit(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])
assert url.hostname == "127.0.0.1", url
at = (url.hostname, url.port)
max_ms = float(os.environ.get("PTAH_HEALTH_MS", "50"))
MAX_MIB, SLOW = 16, 200
POST = {"reading": "/sessions", "serve": "/v1/chat/completions"}.get(name, "/")
HEAD = f"POST {POST} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
CHUNKED = "Transfer-Encoding: chunked\r\n\r\n"
MANY = 2000  # connections of one attack at most

FLOODS = {
    "endless request line": ("GET /", "a" * 16),
    "endless header": ("GET / HTTP/1.1\r\nA: ", "a" * 16),
    "endless header list": ("GET / HTTP/1.1\r\n", "a: b\r\n"),
    "chunked body": (HEAD + CHUNKED, "8\r\naaaaaaaa\r\n"),
    "chunked body of GET": ("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n" + CHUNKED, "8\r\naaaaaaaa\r\n"),
    "chunks with extensions": (HEAD + CHUNKED, "1;a=b\r\na\r\n"),
    "endless chunk extension": (HEAD + CHUNKED + "1;", "a" * 16),
    "endless trailers": (HEAD + CHUNKED + "0\r\n", "a: b\r\n"),
    "announced 500 MB": (HEAD + "Content-Length: 500000000\r\n\r\n", "a" * 16),
    "pipelined requests": ("", "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
    "overlapping ranges": ("", "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=" + ",".join(["0-"] * 64) + "\r\n\r\n"),
}
# what is sent first, and what then, a byte a second
SLOWLY = {
    "slow headers": ("GET / HTTP/1.1\r\nA: ", "a"),
    "slow bodies": (HEAD + "Content-Length: 1000\r\n\r\n", "a"),
    "slow chunks": (HEAD + CHUNKED, "1\r\na\r\n"),
    "bodies that stop before their end": (HEAD + "Content-Length: 8000\r\n\r\n" + "a" * 7999, ""),
    "slow readers": ("GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 4000, ""),
    "silence": ("", ""),
}


def memory(key):
    with open(f"/proc/{pid}/status") as status:
        return next(int(line.split()[1]) / 1024 for line in status if line.startswith(key))


def connect():
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.settimeout(5)
    client.connect(at)
    return client


def flood(first, again, sent, done):
    many = (again * (65536 // len(again) + 1)).encode()
    end = time.time() + seconds
    for _ in range(MANY):
        try:
            client = connect()
            client.sendall(first.encode())
            while sent.value < mib << 20 and time.time() < end:
                client.settimeout(0.2)
                sent.value += client.send(many)
        except OSError:
            pass
        client.close()
        if sent.value >= mib << 20 or time.time() >= end:
            break
    done.set()


def slow(first, again, sent, done):
    clients = []
    for _ in range(SLOW):
        try:
            client = connect()
            client.setblocking(False)
            sent.value += client.send(first.encode())
        except OSError:
            pass
        clients.append(client)
    for _ in range(int(min(seconds, 8))):
        for client in clients:
            try:
                sent.value += client.send(again.encode())
            except OSError:
                pass
        time.sleep(1)
    done.set()


def health():
    begin = time.time()
    with socket.socket() as client:
        client.settimeout(10)
        try:
            client.connect(at)
            client.sendall(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            answer = b""
            while more := client.recv(4096):
                answer += more
        except OSError:
            return 10.0
    return time.time() - begin if answer.startswith(b"HTTP/1.1 200") else 10.0


def p99(times):
    return 1000 * sorted(times)[len(times) * 99 // 100]


def attack(what, run, *how):
    with open(f"/proc/{pid}/clear_refs", "w") as refs:
        refs.write("5")  # the peak is counted again
    before = memory("VmRSS")
    sent, done = multiprocessing.Value("Q", 0, lock=False), multiprocessing.Event()
    attacker = multiprocessing.Process(target=run, args=(*how, sent, done), daemon=True)
    attacker.start()
    times = []
    while len(times) < 100 or not done.is_set():
        times.append(health())
        time.sleep(0.005)
    attacker.terminate()
    attacker.join()
    grown = memory("VmHWM") - before
    print(f"{name:8} {what:34} {sent.value / 2**20:7.1f} MiB sent  {grown:5.1f} MiB more memory  /health p99 {p99(times):6.1f} ms of {len(times)}", flush=True)
    return grown <= MAX_MIB and p99(times) <= max_ms


quiet = [health() for _ in range(300)]
print(f"{name:8} {'quiet':34} {memory('VmRSS'):.1f} MiB of memory  /health p99 {p99(quiet):.1f} ms", flush=True)
good = [attack(what, flood, *how) for what, how in FLOODS.items()] + [attack(f"{SLOW} {what}", slow, *how) for what, how in SLOWLY.items()]
with socket.socket() as thief:
    thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        thief.bind(at)
        good.append(False)
        print(f"{name:8} another program listens on the same port")
    except OSError:
        print(f"{name:8} nobody else listens on its port")
clients = [connect() for _ in range(SLOW)]
for client in clients:
    client.send(b"GET / HTTP/1.1\r\nA: ")
begin = time.time()
os.kill(pid, signal.SIGTERM)
for client in clients:
    try:
        client.recv(1)
    except OSError:
        pass
took = time.time() - begin
print(f"{name:8} SIGTERM closes {SLOW} connections in {1000 * took:.0f} ms")
sys.exit(0 if all(good) and took < 1 else 1)
