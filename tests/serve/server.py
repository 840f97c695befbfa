"""A `ptah serve` of a test's own, and a client that sees everything: statuses, headers, events."""
import base64
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import time
import unittest


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, {k.lower(): v for k, v in headers}, body

    def json(self):
        return json.loads(self.body)

    def error(self):
        return self.json()["error"]


class Server:
    def __init__(self, ptah, folder=None, arguments=(), environment=None):
        self.ptah, self.arguments = ptah, list(arguments)
        self.temporary = None if folder else tempfile.TemporaryDirectory(prefix="ptah-serve-")
        self.folder = pathlib.Path(folder or self.temporary.name) / "store"
        self.environment = {**os.environ, **(environment or {})}
        self.process = None

    def start(self):
        self.process = subprocess.Popen([self.ptah, "serve", "--port", "0", "--folder", str(self.folder), *self.arguments], stdout=subprocess.PIPE, text=True,
                                        env=self.environment, stdin=subprocess.DEVNULL)
        line = self.process.stdout.readline()
        self.port = int(re.search(r":(\d+)$", line.strip()).group(1))
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(60)
        self.process.stdout.close()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait(60)
        self.process.stdout.close()

    def workers(self):
        """Process ids of the server's children."""
        out = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == self.process.pid:
                    out.append(int(entry.name))
            except (OSError, IndexError):
                pass
        return out

    def ask(self, method, path, body=None, headers=None, timeout=300):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        data = json.dumps(body) if isinstance(body, (dict, list)) else body
        connection.request(method, path, data, {"Content-Type": "application/json", **(headers or {})})
        response = connection.getresponse()
        out = Answer(response.status, response.getheaders(), response.read())
        connection.close()
        return out

    def raw(self, text):
        """What is answered to bytes that no client would send."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(text.encode())
            return connection.recv(65536)

    def get(self, path, **headers):
        return self.ask("GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def job(self, kind, request, headers=None, **more):
        return self.ask("POST", "/v1/jobs", {"kind": kind, "request": request, **more}, headers)

    def ended(self, job, seconds=300):
        """The job once it has ended."""
        end = time.time() + seconds
        while time.time() < end:
            view = self.get("/v1/jobs/" + job).json()
            if view["status"] not in ("queued", "in_progress"):
                return view
            time.sleep(0.05)
        raise TimeoutError(f"{job} is still {view['status']}")

    def events(self, path, last=None, count=None, method="GET", body=None, headers=None, timeout=120):
        """(id, name, data) of server-sent events until the stream ends, or so many."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        more = {"Last-Event-ID": str(last)} if last is not None else {}
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json", **more, **(headers or {})})
        response = connection.getresponse()
        out, event = [], {}
        try:
            for raw in response:
                line = raw.decode().rstrip("\n")
                if line.startswith(":"):
                    continue
                if line:
                    name, _, value = line.partition(": ")
                    event[name] = event[name] + "\n" + value if name in event else value
                    continue
                if "data" in event:
                    out.append((int(event["id"]) if "id" in event else None, event.get("event"), event["data"]))
                    if count and len(out) >= count:
                        break
                event = {}
        finally:
            connection.close()
        return out


def floats(text):
    import array
    out = array.array("f")
    out.frombytes(base64.b64decode(text))
    return list(out)


class Served(unittest.TestCase):
    """Tests of one server without options. `program` is set by who runs them."""

    program = None

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.program).start()

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop() == 0

    def post(self, path, body, **headers):
        return self.server.ask("POST", path, body, headers={k.replace("_", "-"): v for k, v in headers.items()})

    def events(self, path, body=None):
        return self.server.events(path, method="POST" if body is not None else "GET", body=body)
