#!/usr/bin/env python3
"""Commands on files made to hurt: each ends by itself, with a message and an exit status, within its time and 512 MiB (and under `ulimit -v`).

    tests/cli/hostile_test.py build/release/ptah [NAME …]
"""
import json
import os
import pathlib
import pickle
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib

PTAH = sys.argv[1]
ONLY = sys.argv[2:]
MIB = 1 << 20
MAX_RESIDENT = 512 * MIB
MAX_ADDRESSES = 1024 * MIB  # of it the libraries and the stacks of the threads take about a third
SECONDS = 60  # of processor time
PATIENCE = 6  # times as long by the clock, on a machine that does other things too
failures = []


def run(name, command, text=b"", stop_after=None, statuses=range(1, 100), says=("ptah: ",), seconds=SECONDS):
    """Runs it, and notes what is wrong with how it ends."""
    if ONLY and name not in ONLY:
        return
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(HOME), "OMP_NUM_THREADS": "2", "LC_ALL": "C.UTF-8"}
    if "PTAH_NO_ADDRESS_LIMIT" in os.environ:
        limit = None
    else:
        limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (MAX_ADDRESSES, MAX_ADDRESSES))
    started = time.monotonic()
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out:
        stdin.write(text)
        stdin.seek(0)
        child = subprocess.Popen([PTAH, *map(str, command)], stdin=stdin, stdout=out, stderr=subprocess.STDOUT, env=environment, preexec_fn=limit, cwd=HOME)
        stopped_at, usage, status = None, None, None
        while usage is None:
            pid, status, ended = os.wait4(child.pid, os.WNOHANG)
            if pid:
                usage = ended
                break
            now = time.monotonic()
            if stop_after is not None and stopped_at is None and now - started > stop_after:
                child.send_signal(signal.SIGTERM)
                stopped_at = now
            if now - started > seconds * PATIENCE:
                child.kill()
                os.wait4(child.pid, 0)
                child.returncode = -9
                failures.append(f"{name}: still running after {now - started:.0f} s")
                return
            time.sleep(0.01)
        child.returncode = status
        took = time.monotonic() - started
        out.seek(0)
        said = out.read(4000).decode(errors="replace")
    resident = usage.ru_maxrss * 1024
    print(f"{name}: {took:.2f} s, {resident / MIB:.0f} MiB: {said.strip()[:160]!r}", flush=True)
    if os.WIFSIGNALED(status):
        failures.append(f"{name}: ended by signal {os.WTERMSIG(status)}")
    elif os.WEXITSTATUS(status) not in statuses:
        failures.append(f"{name}: exit status {os.WEXITSTATUS(status)}: {said[:200]}")
    elif not all(word in said for word in says):
        failures.append(f"{name}: no message: {said[:200]!r}")
    if usage.ru_utime + usage.ru_stime > seconds:
        failures.append(f"{name}: {usage.ru_utime + usage.ru_stime:.0f} s of processor time")
    if resident > MAX_RESIDENT:
        failures.append(f"{name}: {resident / MIB:.0f} MiB")
    if stopped_at and time.monotonic() - stopped_at > 1.5:
        failures.append(f"{name}: {time.monotonic() - stopped_at:.1f} s from SIGTERM to its end")


def png(width, height, rows, depth=8, kind=6, extra_chunks=b""):
    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    packer = zlib.compressobj(9)
    packed = b"".join([packer.compress(row) for row in rows] + [packer.flush()])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)) + extra_chunks + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def zipped(path, content, name="archive/data.pkl"):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(name, content)
        archive.writestr("archive/data/0", b"\0" * 1024)
        archive.writestr("archive/version", b"3")


def gguf(values):
    def text(s):
        return struct.pack("<Q", len(s)) + s

    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(values)) + b"".join(text(k) + v for k, v in values)


def torch_files(folder):
    yield "shapes told again and again", b"\x80\x02}(" + b"]q\x00(" + b"K\x01" * 60000 + b"e0" + b"".join(
        b"X\x02\0\0\0" + bytes([97 + i % 26, 97 + i // 26 % 26]) + b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04tQK\0h\0h\0tR" for i in range(2000)) + b"u."
    yield "a list of lists of one another", b"\x80\x02]q\0" + b"(h\0" * 1 + b"N" * 100 + b"e" + b"".join(b"]r" + struct.pack("<I", i + 1) + b"(" + b"".join(b"j" + struct.pack("<I", max(0, i - j)) for j in range(100)) + b"e" for i in range(400)) + b"."
    yield "values without end", b"\x80\x02" + b"N" * 260000 + b"."
    yield "tuples without end", b"\x80\x02" + b")" * 260000 + b"."
    yield "marks without end", b"\x80\x02" + b"(" * 260000 + b"."
    yield "one state for many objects", b"\x80\x02}q\0(" + b"K\x01K\x01" * 20000 + b"u" + b"ca\nb\n)Rh\0b" * 20000 + b"."
    yield "a name that doubles", b"\x80\x04" + b"X" + struct.pack("<I", 100000) + b"a" * 100000 + b"q\0" + b"h\0h\0\x93" * 40000 + b"."
    yield "a dictionary that holds itself", b"\x80\x02}q\0(" + b"".join(b"X\x02\0\0\0" + bytes([97 + i % 26, 97 + i // 26]) + b"h\0" for i in range(600)) + b"u."


def main():
    works = HOME / "works"
    works.mkdir()
    # ---- pipes, devices and folders where a file is expected
    for kind in ("pipe", "device", "folder", "link to a device"):
        work = works / kind.replace(" ", "-")
        work.mkdir()
        (work / "receipt.json").write_text(json.dumps({"engine": "ptah", "request": {}, "outputs": {"text.txt": "x"}}))
        target = work / "text.txt"
        if kind == "pipe":
            os.mkfifo(target)
        elif kind == "folder":
            target.mkdir()
        else:
            target.symlink_to("/dev/zero" if kind == "link to a device" else "/dev/full")
        run(f"verify with a {kind} in the work", ["verify", work], says=(), seconds=10)
        only = HOME / f"only-{kind.replace(' ', '-')}.png"
        if kind == "pipe":
            os.mkfifo(only)
        elif kind == "folder":
            only.mkdir()
        else:
            only.symlink_to("/dev/zero")
        for command in (["verify", only], ["recall", only], ["object", only, "--out", HOME / "x"], ["edges", only, "--out", HOME / "x.png"], ["template", only],
                        ["paint", "x", "--model", only, "--out", HOME / "x"], ["tokenize", "x", "--model", only], ["cid", only], ["read", "odds", only]):
            # A pipe that is named is waited for, as by any program; SIGTERM ends that.
            run(f"{command[0]} of a {kind}", command, b"{}", seconds=10, stop_after=1 if kind == "pipe" else None, statuses=range(0, 131), says=())

    # ---- pictures
    flat = HOME / "flat.png"
    flat.write_bytes(png(16384, 8192, (b"\0" * (1 + 16384 // 8) for _ in range(8192)), 1, 0))
    middling = HOME / "middling.png"
    middling.write_bytes(png(8192, 8192, (b"\0" * (1 + 8192 // 8) for _ in range(8192)), 1, 0))
    most = HOME / "most.png"
    most.write_bytes(png(4128, 3096, (b"\0" + bytes([i & 255, 77, 99]) * 4128 for i in range(3096)), 8, 2))
    long = HOME / "long.png"
    long.write_bytes(png(16384, 1024, (b"\0" * (1 + 16384 // 8) for _ in range(1024)), 1, 0))
    for file in (flat,):
        run(f"object of {file.name}", ["object", file, "--out", HOME / f"object-{file.stem}", "--no-sign"], says=("pixels",))
    for file in (middling, long):
        run(f"object of {file.name}", ["object", file, "--out", HOME / f"object-{file.stem}", "--no-sign", "--solid", "slab", "--target-tris", 1000], statuses=range(0, 100), says=())
    run("object of a photograph", ["object", most, "--out", HOME / "object-most", "--no-sign", "--target-tris", 1000], statuses=range(0, 100), says=(), seconds=300)
    for file in (flat, middling):
        for command in (["verify"], ["recall"]):
            run(f"{command[0]} of {file.name}", [*command, file], statuses=range(0, 100), says=())
    run("edges of flat.png", ["edges", flat, "--out", HOME / "edges.png"])

    # ---- PyTorch's files, GGUF, safetensors, JSON
    small = HOME / "small.png"
    small.write_bytes(png(64, 64, (b"\0" + b"\x80\x40\x20\xff" * 64 for _ in range(64))))
    for name, content in torch_files(HOME):
        file = HOME / "model.ckpt"
        zipped(file, content)
        run(f"PyTorch: {name}", ["upscale", small, "--model", file, "--out", HOME / "x.png"])
    file = HOME / "model.gguf"
    file.write_bytes(gguf([(b"a", struct.pack("<IIQ", 9, 0, 1 << 26) + b"\0" * (1 << 26))]))
    run("GGUF: a list of 64 million small numbers", ["tokenize", "x", "--model", file])
    file.write_bytes(gguf([(b"a", struct.pack("<IIQ", 9, 8, 1 << 23) + b"\0" * (1 << 26))]))
    run("GGUF: 8 million empty texts", ["tokenize", "x", "--model", file])
    with open(file, "wb") as out:
        out.write(b"GGUF" + struct.pack("<IQQ", 3, 1 << 28, 0))
        out.truncate(1 << 34)
    run("GGUF: 268 million tensors in a file of holes", ["tokenize", "x", "--model", file], says=())
    file = HOME / "model.safetensors"
    header = b'{"a":[' + b"[]," * (10 * MIB) + b"[]]}"
    file.write_bytes(struct.pack("<Q", len(header)) + header)
    run("safetensors: a header of empty lists", ["upscale", small, "--model", file, "--out", HOME / "x.png"])
    header = b'{"a":' + b"[" * 100000
    file.write_bytes(struct.pack("<Q", len(header)) + header)
    run("safetensors: a header that nests", ["upscale", small, "--model", file, "--out", HOME / "x.png"])
    folder = HOME / "hf"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "tokenizer.json").write_bytes(b'{"a":[' + b"{}," * (20 * MIB) + b"{}]}")
    run("tokenizer.json of empty objects", ["tokenize", "x", "--model", folder])
    glb_text = b'{"asset":[' + b"{}," * (20 * MIB) + b"{}]}"
    glb_text += b" " * (-len(glb_text) % 4)
    glb = HOME / "object.glb"
    glb.write_bytes(b"glTF" + struct.pack("<III", 2, 20 + len(glb_text), len(glb_text)) + b"JSON" + glb_text)
    run("GLB of empty objects", ["verify", glb], says=("UNKNOWN",))

    # ---- templates
    templates = {
        "memory": "{% set ns = namespace(s='xxxxxxxx') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
        "times": "{% set s = 'x' * 9999999 %}{{ s * 9999999 }}",
        "depth": "{{ 1" + "+1" * 250000 + " }}",
        "values": "{% set ns = namespace(l=[]) %}{% for i in range(99999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
        "lists": "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
        "ranges": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "tokens": "{{" + "a," * 500000 + "}}",
        "tags": "{{a}}" * 200000,
    }
    for name, text in templates.items():
        file = HOME / f"{name}.jinja"
        file.write_text(text)
        run(f"template: {name}", ["template", file], b"{}", statuses=range(0, 100) if name in ("tokens", "tags") else range(1, 100), says=())
    slow = HOME / "slow.jinja"
    slow.write_text("{% set s = 'x' * 999999 %}{% for a in range(99999) %}{% for b in range(999) %}{% set x = s.replace('x', 'y') %}{% endfor %}{% endfor %}")
    run("template: SIGTERM", ["template", slow], b"{}", stop_after=0.5, statuses=(7, 130))  # a quick processor takes all its steps before
    deep = b"[" * 100000 + b"]" * 100000
    run("template: deep variables", ["template", HOME / "tags.jinja"], b'{"a":' + deep + b"}")

    # ---- grammars and schemas, articles
    article = HOME / "article.md"
    article.write_text("# " + "a" * 10 + "\n\n" + ("Word " * 200 + ". ") * 20000)
    run("read odds of a long article", ["read", "odds", article], statuses=range(0, 100), says=())
    article.write_text("> " * 300000 + "a\n")
    run("read odds of nested quotes", ["read", "odds", article], statuses=range(0, 100), says=())


with tempfile.TemporaryDirectory() as folder:
    HOME = pathlib.Path(folder)
    main()
for line in failures:
    print("FAILED", line)
sys.exit(bool(failures))
