"""Asks a Ptah server (ptah serve) for works. Nothing here needs Blender."""
import json
import urllib.error
import urllib.parse
import urllib.request

MAX_FILE_BYTES = 512 << 20


class ServerError(Exception):
    """What the server refuses, or why it cannot be reached, in a sentence."""


class Client:
    def __init__(self, address="http://127.0.0.1:7878", key="", timeout=30):
        if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
            raise ServerError(f"'{address}' is no address of a server: http://127.0.0.1:7878 is one")
        self.address, self.key, self.timeout = address.rstrip("/"), key, timeout

    def _ask(self, method, path, body=None, limit=MAX_FILE_BYTES):
        headers = {"Content-Type": "application/json"}
        if self.key:
            headers["Authorization"] = "Bearer " + self.key
        request = urllib.request.Request(self.address + path, None if body is None else json.dumps(body).encode(), headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                data = answer.read(limit + 1)
        except urllib.error.HTTPError as problem:
            try:
                message = json.loads(problem.read(65536))["error"]["message"]
            except (ValueError, KeyError, TypeError):
                message = f"the server answered {problem.code}"
            raise ServerError(message) from None
        except OSError as problem:
            raise ServerError(f"no server at {self.address} (start one with: ptah serve): {getattr(problem, 'reason', problem)}") from None
        if len(data) > limit:
            raise ServerError("the server's answer is too long")
        return data

    def start(self, kind, request):
        """Asks for a work; the name of its job."""
        return json.loads(self._ask("POST", "/v1/jobs", {"kind": kind, "request": request}))["id"]

    def view(self, job):
        """status, progress (0 to 100), stage, error, outputs."""
        return json.loads(self._ask("GET", "/v1/jobs/" + job, limit=4 << 20))

    def content(self, job, name):
        return self._ask("GET", f"/v1/jobs/{job}/content/{urllib.parse.quote(name)}")

    def cancel(self, job):
        self._ask("DELETE", "/v1/jobs/" + job)
