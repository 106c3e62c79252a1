"""A loopback server that misbehaves as told: cut answers, no Range, wrong status."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """What the server does next: ``cuts`` answers are cut after ``cut_at`` bytes."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.etag = '"v1"'
        self.cuts = 0
        self.cut_at = 200_000
        self.ranges = True
        self.length = True
        self.status = 200
        self.asked: list[str | None] = []


@contextmanager
def serving(content: bytes, name: str) -> Iterator[tuple[Server, str]]:
    """The server and the address of its only file."""
    state = Server(content)

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            state.asked.append(wanted)
            if state.status != 200:
                self.send_error(state.status)
                return
            fresh = self.headers.get("If-Range") == state.etag
            start = int(wanted[6:-1]) if wanted and state.ranges and fresh else 0
            body = state.content[start:]
            self.send_response(206 if start else 200)
            if start:
                size = len(state.content)
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            if state.length:
                self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", state.etag)
            self.end_headers()
            if state.cuts:
                state.cuts -= 1
                body = body[: state.cut_at]
            self.wfile.write(body)
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield state, f"http://127.0.0.1:{http.server_port}/{name}"
    http.shutdown()
    http.server_close()
    thread.join()
