"""The origin: one TLS port for all hosts and all of 127/8, served by nginx where that is installed, else by asyncio.

`pN.bench.test` answers at once, `slowN.bench.test` the same page after 300 ms, `tailN.bench.test` after 50 to 500 ms
by its last digit, `hangN.bench.test` never; `gzip.` and `br.bench.test` are bombs.
"""

import asyncio
import hashlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from tests.proofs.bench.documents import write

REPOSITORY = Path(__file__).parents[3]
DELAY = 300  # ms
TAIL = tuple(range(50, 501, 50))  # ms, by the last digit of a page's number
SLOWEST = 9  # that digit
NEVER = 3_600_000  # ms, longer than any run
LOG = "tail.log"  # the time at which each answer of a `tailN` was out
NGINX = r"""
daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events { worker_connections 8192; }
http {
  access_log off;
  log_format moment $msec;
  client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
  server_names_hash_bucket_size 128;
  default_type application/json;
  gzip_static always;
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_certificate server.pem;
  ssl_certificate_key server.pem;
  add_header Cache-Control "max-age=0, private, must-revalidate";
  allow 127.0.0.0/8;
  deny all;
  server { listen %(port)d ssl default_server; root www/$host; }
  server {
    listen %(port)d ssl;
    server_name br.bench.test;
    root www/$host;
    location = /api/v2/incidents.json { gzip_static off; add_header Content-Encoding br; }
  }
%(late)s
  server { listen 127.0.0.1:%(status)d; location / { stub_status; } }
}
"""
LATE = r"""
  server {  # nginx delays nothing but a 401; error_page then answers with the page
    listen %(port)d ssl;
    server_name "~^%(hosts)s\.bench\.test$";
    root www/p$page.bench.test;
    auth_delay %(delay)dms;
    access_log %(log)s;
    location / { auth_basic late; auth_basic_user_file /dev/null; error_page 401 = @late; }
    location @late { auth_basic off; }
  }
"""


def prepare(root: Path, pages: int) -> None:
    """Bodies, and certificates as vendors have them: a P-256 leaf below an RSA issuer below the one root of ca.pem."""
    import trustme  # only here: the peak memory of a measured process begins with that of its parent

    (root / "sizes").write_text(write(root / "www", pages))
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    leaf = authority.create_child_ca(key_type=trustme.KeyType.RSA).issue_cert("*.bench.test")
    authority.cert_pem.write_to_path(str(root / "ca.pem"))
    leaf.private_key_and_cert_chain_pem.write_to_path(str(root / "server.pem"))


class Origin:
    """The server, running until the stack is closed."""

    def __init__(self, stack: ExitStack, root: Path, workers: int, *, use_nginx: bool) -> None:
        self.port, self.status_port, self.log = free_port(), free_port(), root / LOG
        nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") if use_nginx else None
        self.name = "nginx, 1 worker" if nginx else f"asyncio, {workers} process(es)"
        if nginx:
            late = [(r"slow(?<page>\d+)", DELAY, "off"), (r"hang(?<page>\d+)", NEVER, "off")]
            late += [(rf"tail(?<page>\d*{digit})", delay, f"{LOG} moment") for digit, delay in enumerate(TAIL)]
            servers = (
                LATE % {"port": self.port, "hosts": hosts, "delay": delay, "log": log} for hosts, delay, log in late
            )
            config = NGINX % {"port": self.port, "status": self.status_port, "late": "".join(servers)}
            (root / "nginx.conf").write_text(config)
            commands = [[nginx, "-p", str(root), "-c", "nginx.conf"]]
        else:
            self.status_port = 0
            commands = [
                [sys.executable, "-m", "tests.proofs.bench.origin", "serve", str(root), str(self.port)]
            ] * workers
        for command in commands:
            process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise SystemExit(f"the origin ({self.name}) did not start")

    def counts(self) -> tuple[int, int]:
        """Return connections and requests so far, this one included; zeros where the origin does not count."""
        if not self.status_port:
            return 0, 0
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status_port}/") as status:
            words = status.read().split()
        return int(words[7]), int(words[9])

    def last_answer(self) -> float:
        """Return the time at which the last answer of a `tailN` was out; 0 where there was none."""
        return float(self.log.read_text().split()[-1]) if self.log.exists() else 0


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


async def answer(root: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer GETs of HTTP/1.1, with keep-alive and If-None-Match."""
    try:
        while True:
            lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            host, path = headers["host"].partition(":")[0], lines[0].split()[1]
            late = re.match(r"(slow|hang|tail)\d*(\d)\.", host)
            if late:
                await asyncio.sleep({"slow": DELAY, "hang": NEVER, "tail": TAIL[int(late[2])]}[late[1]] / 1000)
            plain = root / "www" / re.sub("slow|tail", "p", host) / path.lstrip("/")
            file = plain if plain.exists() else plain.with_name(f"{plain.name}.gz")
            if not file.exists():
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                continue
            body = file.read_bytes()
            etag, encoding = f'"{hashlib.md5(body).hexdigest()}"', "br" if file == plain else "gzip"  # noqa: S324
            if headers.get("if-none-match") == etag:
                writer.write(f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode())
                continue
            head = f"Content-Type: application/json\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(body)}"
            writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\nETag: {etag}\r\n\r\n".encode() + body)
            await writer.drain()
            if host.startswith("tail"):
                with (root / LOG).open("a") as log:
                    log.write(f"{time.time()}\n")
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


async def serve(root: Path, port: int) -> None:
    """Serve as one of the processes that share the port; bound to the loopback, so that no other machine reaches it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(root / "server.pem")
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
        listener.bind(("0.0.0.0", port))
        server = await asyncio.start_server(lambda r, w: answer(root, r, w), sock=listener, ssl=context, backlog=4096)
        await server.serve_forever()


if __name__ == "__main__":
    task, folder, number = sys.argv[1:]
    if task == "prepare":
        prepare(Path(folder), int(number))
    else:
        asyncio.run(serve(Path(folder), int(number)))
