"""A publisher on the loopback interface that answers as a test wants."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Respond = Callable[[BaseHTTPRequestHandler], None]


class Publisher:
    """One server: what it serves, what it was asked."""

    def __init__(self) -> None:
        self.url = ""
        self.body = b""
        self.headers: dict[str, str] = {"ETag": '"1"'}
        self.asked: list[dict[str, str]] = []
        self.answers: list[Respond] = []
        """Taken first to last before the ordinary answer."""

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append({k.title(): v for k, v in handler.headers.items()})
        if self.answers:
            self.answers.pop(0)(handler)
        elif handler.headers.get("If-None-Match") == self.headers.get("ETag") is not None:
            reply(handler, 304, b"", **self.headers)
        else:
            reply(handler, 200, self.body, **self.headers)


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    handler.send_response(status)
    if status != 304:
        headers.setdefault("Content-Length", str(len(body)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def status(code: int, body: bytes = b"", **headers: str) -> Respond:
    return lambda handler: reply(handler, code, body, **headers)


@contextmanager
def serving() -> Iterator[Publisher]:
    publisher = Publisher()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.handle(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    publisher.url = f"http://127.0.0.1:{server.server_port}/list"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield publisher
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
