"""A time-stamp authority for tests (RFC 3161): python3 clock.py FOLDER makes it there, writes ca.pem and port, and answers until it is ended. Needs openssl."""
import http.server
import os
import pathlib
import subprocess
import sys

CONFIG = """[tsa]
default_tsa = clock
[clock]
serial = ./serial
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""
EXTENSIONS = """extendedKeyUsage=critical,timeStamping
keyUsage=critical,digitalSignature
basicConstraints=critical,CA:FALSE
authorityKeyIdentifier=keyid
subjectKeyIdentifier=hash
"""


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stderr=subprocess.DEVNULL)


class Clock(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        pathlib.Path("query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
        openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query", "-out", "reply")
        body = pathlib.Path("reply").read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


os.makedirs(sys.argv[1], exist_ok=True)
os.chdir(sys.argv[1])
for name, text in {"tsa.cnf": CONFIG, "ext": EXTENSIONS, "serial": "01\n"}.items():
    pathlib.Path(name).write_text(text)
openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/O=Test/CN=Clock Root", "-days", "9",
        "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")
openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/O=Test/CN=Clock")
openssl("x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "tsa.pem", "-days", "8", "-extfile", "ext")
server = http.server.HTTPServer(("127.0.0.1", 0), Clock)
pathlib.Path("port").write_text(str(server.server_port))
server.serve_forever()
