"""privacyIDEA's ``/validate/check`` under the same client: one-time passwords, without PIN.

Tokens are asked for by their serials, with HMAC-SHA-1 and six digits, and nothing is configured
beside what makes it fast: no PIN is stored, no user store is asked.
"""

from __future__ import annotations

import json
import secrets
from http.client import HTTPConnection
from itertools import cycle
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from tools.bench.load import OK, Load, drive, request

PASSWORD_VARIABLE = "PRIVACYIDEA_ADMIN_PASSWORD"  # noqa: S105 - a name
TOKENS = 64
"""More than requests under way, so that no counter overtakes another."""
DIGITS = 6
KEY_OCTETS = 20
POLICY = "bench-without-pin"


class ValidateCheck:
    """One privacyIDEA with tokens of ours."""

    def __init__(self, port: int, password: str) -> None:
        """Make the tokens, as ``admin``."""
        self._port = port
        login = self._call("/auth", {"username": "admin", "password": password})
        token = login["result"]["value"]["token"]
        self.version = str(login.get("version", "")).removeprefix("privacyIDEA ")
        policy = {"scope": "authentication", "action": "otppin=none", "active": True}
        self._call(f"/policy/{POLICY}", policy, token)
        self._tokens = cycle([self._make(token) for _ in range(TOKENS)])

    def measure(self, number: int, connections: int) -> Load:
        """Check so many one-time passwords, each the next one of its token.

        Raises:
            RuntimeError: One was not accepted.
        """
        requests = [self._check() for _ in range(number)]
        load = drive(self._port, requests, connections=connections, status=OK)
        for answer in load.answers:
            if json.loads(answer)["result"]["value"] is not True:
                raise RuntimeError(answer.decode()[:600])
        return load

    def _make(self, token: str) -> _Token:
        key = secrets.token_bytes(KEY_OCTETS)
        asked = {"type": "hotp", "otpkey": key.hex(), "otplen": DIGITS, "hashlib": "sha1"}
        made = self._call("/token/init", asked, token)
        return _Token(serial=made["detail"]["serial"], key=key)

    def _check(self) -> bytes:
        token = next(self._tokens)
        body = {"serial": token.serial, "pass": token.password()}
        return request("/validate/check", json.dumps(body).encode(), None)

    def _call(self, path: str, body: dict[str, Any], token: str | None = None) -> dict[str, Any]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        headers = {"content-type": "application/json"}
        if token is not None:
            headers["authorization"] = token
        connection.request("POST", path, json.dumps(body), headers)
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        if not answer["result"]["status"]:
            raise RuntimeError(f"{path}: {answer['result']}")
        return answer


class _Token:
    def __init__(self, *, serial: str, key: bytes) -> None:
        self.serial = serial
        self._made = HOTP(key, DIGITS, SHA1())  # noqa: S303 - what such tokens are made of
        self._counter = -1

    def password(self) -> str:
        """The next one."""
        self._counter += 1
        return self._made.generate(self._counter).decode()
