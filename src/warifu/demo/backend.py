"""What a bank's own systems send to the service, over HTTP with the standard library alone."""

from __future__ import annotations

import json
from base64 import b64encode
from http import HTTPStatus
from http.client import HTTPConnection
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from warifu.service.serving import Address

TIMEOUT_SECONDS = 60
APP = "wallet"
IN_ORDER: dict[str, Any] = {
    "user": {"verified": True, "verified_seconds": 5, "methods": [], "confirmed": False},
    "binding": {"bound": True, "age_seconds": 10 * 86_400},
    "account": {"limit_left": 500_000, "recovering": False},
    "powers": [],
}
"""What the bank knows of a customer in order."""


class Answer(Struct, frozen=True, kw_only=True):
    """What the service answered."""

    status: int
    document: dict[str, Any]

    @property
    def code(self) -> str | None:
        """Of the problem, where the request itself was refused."""
        return self.document.get("code") if self.status >= 400 else None


class Caller:
    """One who calls, over one connection."""

    def __init__(self, address: Address, key: str) -> None:
        """Call with an API key."""
        self._connection = HTTPConnection(address.host, address.port, timeout=TIMEOUT_SECONDS)
        self.key = key
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def call(self, method: str, path: str, body: object = None, *, toml: bytes = b"") -> Answer:
        """Ask once.

        Args:
            method: GET, POST, PUT or DELETE.
            path: From ``/v1`` on.
            body: Sent as JSON; nothing where it is None.
            toml: A file, sent in its place.
        """
        headers = dict(self._headers)
        data = json.dumps(body).encode() if body is not None else toml
        if toml:
            headers["Content-Type"] = "application/toml"
        if method == "POST":
            headers["Idempotency-Key"] = token_urlsafe(16)
        self._connection.request(method, path, data or None, headers)
        response = self._connection.getresponse()
        return Answer(status=response.status, document=json.loads(response.read() or b"{}"))

    def fetch(self, path: str, media_type: str) -> bytes | None:
        """Get a file once, in one form; None where there is none."""
        self._connection.request("GET", path, headers={**self._headers, "Accept": media_type})
        response = self._connection.getresponse()
        data = response.read()
        return data if response.status == HTTPStatus.OK else None


class Transaction(Struct, frozen=True, kw_only=True):
    """What a customer wants to do, as every request about it says."""

    user: str
    device: str
    kind: str = "transfer"
    amount: int | None = 10_000
    payee: str = "0009-123-7654321"

    def asked(self) -> dict[str, Any]:
        """The members that a challenge is bound to."""
        operation: dict[str, Any] = {"kind": self.kind}
        if self.amount is not None:
            operation |= {"amount": self.amount, "currency": "JPY", "payee_known": True}
        return {
            "app": APP,
            "operation": operation,
            "user": self.user,
            "device": self.device,
            "context": {"payee": self.payee} if self.amount is not None else {},
        }


def octets(evidence: dict[str, Any]) -> dict[str, Any]:
    """Evidence as JSON carries it: bytes in base64."""
    return {
        name: b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in evidence.items()
    }
