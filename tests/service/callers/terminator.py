"""A reverse proxy that ends mutual TLS as RFC 9440 asks: it strips the field and writes its own."""

from __future__ import annotations

import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from warifu.base.codec.text import to_base64
from warifu.handset.authority import Authority, name, new_key, spki

if TYPE_CHECKING:
    from collections.abc import Iterator

STRIPPED = {"client-cert", "client-cert-chain", "x-forwarded-for", "connection", "host"}


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as files for the `ssl` module."""

    der: bytes
    certificate: Path
    key: Path


def make_identity(authority: Authority, folder: Path, common_name: str) -> Identity:
    key = new_key("p256")
    draft = authority.draft(name(common_name), spki(key))
    draft.not_before = datetime.now(UTC) - timedelta(days=1)
    draft.not_after = datetime.now(UTC) + timedelta(days=30)
    der = authority.issue(draft)
    certificate, private = folder / f"{common_name}.pem", folder / f"{common_name}.key"
    certificate.write_text(ssl.DER_cert_to_PEM_cert(der))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Identity(der, certificate, private)


@contextmanager
def terminator(authority: Authority, own: Identity, folder: Path, port: int) -> Iterator[int]:
    """Run the proxy in front of a server on `port`; its own port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            connection: ssl.SSLSocket = self.connection
            shown = connection.getpeercert(binary_form=True)
            headers = {
                field: value
                for field, value in self.headers.items()
                if field.lower() not in STRIPPED
            }
            if shown is not None:
                headers["Client-Cert"] = f":{to_base64(shown)}:"
            headers["X-Forwarded-For"] = self.client_address[0]
            headers["Host"] = self.headers["Host"]
            upstream = HTTPConnection("127.0.0.1", port, timeout=10)
            upstream.request("GET", self.path, headers=headers)
            answer = upstream.getresponse()
            body = answer.read()
            upstream.close()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    roots = folder / "roots.pem"
    roots.write_text(ssl.DER_cert_to_PEM_cert(authority.certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own.certificate, own.key)
    context.load_verify_locations(roots)
    context.verify_mode = ssl.CERT_OPTIONAL
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
