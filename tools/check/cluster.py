"""A broker, a server and workers on this computer, as a test or a first look needs them: everything in one folder, on free ports of the loopback.

python3 tools/check/cluster.py builds the broker and prints where it is."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NATS_VERSION, GO_NEEDED = "v2.15.2", "1.26"


def version_of(program):
    try:
        return subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=60).stdout.strip().rpartition(" ")[2]
    except OSError:
        return None


def nats_server():
    """The broker's program: what $PTAH_NATS_SERVER names, else NATS_VERSION in build/bin. If it is not there, Go builds it (some 50 seconds of processor time),
    and Go's checksum database says whether its source is what everybody gets."""
    if named := os.environ.get("PTAH_NATS_SERVER"):
        if not version_of(named):
            raise SystemExit(f"PTAH_NATS_SERVER: {named} is no nats-server")
        return named
    own = ROOT / "build" / "bin" / "nats-server"
    if version_of(own) == NATS_VERSION:
        return str(own)
    go = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if not go:
        raise SystemExit(f"there is no nats-server {NATS_VERSION} in {own.parent}, and no Go to build it. It needs Go {GO_NEEDED} or later from https://go.dev "
                         "(Debian 12's is too old). Or name another nats-server in PTAH_NATS_SERVER.")
    own.parent.mkdir(parents=True, exist_ok=True)
    print("building nats-server", NATS_VERSION, file=sys.stderr, flush=True)
    built = subprocess.run([go, "install", f"github.com/nats-io/nats-server/v2@{NATS_VERSION}"], cwd=own.parent,
                           env={**os.environ, "GOBIN": str(own.parent), "GOFLAGS": "-p=2", "GO111MODULE": "on"})
    if built.returncode != 0 or version_of(own) != NATS_VERSION:
        raise SystemExit(f"nats-server {NATS_VERSION} was not built (it needs Go {GO_NEEDED} or later)")
    return str(own)


class Broker:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.program, self.port, self.process = nats_server(), -1, None

    @property
    def url(self):
        return f"nats://127.0.0.1:{self.port}"

    def start(self):
        config = self.folder / "nats.conf"
        config.write_text(f'listen: "127.0.0.1:{self.port}"\nports_file_dir: "{self.folder}"\n'
                          f'jetstream {{ store_dir: "{self.folder}/store", sync_interval: always }}\n')
        self.process = subprocess.Popen([self.program, "-c", str(config), "-l", str(self.folder / "log")], stdin=subprocess.DEVNULL)
        ports = self.folder / f"nats-server_{self.process.pid}.ports"
        for _ in range(500):
            try:
                self.port = int(json.loads(ports.read_text())["nats"][0].rsplit(":", 1)[1])
                return self
            except (OSError, ValueError, KeyError):
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        raise RuntimeError(f"the broker did not start: see {self.folder}/log")

    def kill(self):
        self.process.kill()
        self.process.wait()


class Server:
    def __init__(self, ptah, folder, broker, *arguments):
        self.ptah, self.folder, self.broker, self.arguments = ptah, pathlib.Path(folder), broker, arguments
        self.port, self.process = 0, None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        queue = ["--queue", self.broker.url] if self.broker else []
        self.process = subprocess.Popen([self.ptah, "serve", "--port", str(self.port), "--folder", str(self.folder), *queue, *self.arguments],
                                        stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline().strip()
        found = re.search(r":(\d+)$", line)
        if not found:
            raise RuntimeError(f"the server did not start (status {self.process.wait()})")
        self.port = int(found.group(1))
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def ask(self, path, body=None, timeout=60):
        """The status and the answer as JSON; raises OSError while nobody answers."""
        request = urllib.request.Request(self.url + path, None if body is None else json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as problem:
            return problem.code, json.loads(problem.read() or b"{}")


class Worker:
    """`events` gets what it tells, one JSON object a line, from every process that it has been. `apart`: a command that runs it elsewhere."""

    def __init__(self, ptah, folder, broker, *arguments):
        self.ptah, self.folder, self.broker, self.arguments, self.events = ptah, pathlib.Path(folder), broker, arguments, []
        self.process, self.apart = None, []

    def start(self):
        self.process = subprocess.Popen([*self.apart, self.ptah, "work", "--queue", self.broker.url, "--folder", str(self.folder), "--json", *self.arguments],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
        threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True).start()
        return self

    def _read(self, stream):
        for line in stream:
            try:
                self.events.append({**json.loads(line), "time": time.time()})
            except ValueError:  # cut off by a kill
                pass

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


class Cluster:
    """A context: everything in it is ended, and its folder removed unless it was named."""

    def __init__(self, ptah, workers=3, folder=None, worker_arguments=(), server_arguments=()):
        self.temporary = None if folder else tempfile.TemporaryDirectory(prefix="ptah-cluster-")
        self.folder = pathlib.Path(folder or self.temporary.name).resolve()
        self.broker = Broker(self.folder / "broker")
        self.server = Server(ptah, self.folder / "server", self.broker, *server_arguments)
        self.workers = [Worker(ptah, self.folder / "work", self.broker, *worker_arguments) for _ in range(workers)]

    def __enter__(self):
        try:
            self.broker.start()
            self.server.start()
            for worker in self.workers:
                worker.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for part in (*self.workers, self.server, self.broker):
            if part.process is not None and part.process.poll() is None:
                part.kill()
        if self.temporary:
            self.temporary.cleanup()


if __name__ == "__main__":
    print(nats_server())
