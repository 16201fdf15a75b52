"""What the bank's backend remembers beside its books: devices, sessions, enrolments. In memory."""

from __future__ import annotations

from secrets import token_bytes, token_urlsafe
from threading import Lock
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from warifu.demo.bank.books import Books
from warifu.demo.bank.service import TENANT, Warifu


class Device(Struct, frozen=True, kw_only=True):
    """A browser that was enrolled, by the cookie that it holds."""

    user: str
    device: str
    credentials: dict[str, str] = {}
    """Credential ids in base64url, by the kind of proof that they are bound for."""


class Session(Struct, frozen=True, kw_only=True):
    """Somebody who logged in."""

    name: str
    user: str
    device: Device


class Enrolment(Struct, frozen=True, kw_only=True):
    """An activation on its way, between the counter and a phone."""

    activation: str
    user: str
    device: str
    code: str
    kind: str
    handle: bytes
    """WebAuthn's user handle: the same for all passkeys of one user."""
    expires_at: str
    fingerprint: str | None = None
    """For the counter only. The phone computes its own."""
    credential: str | None = None
    cookie: str | None = None
    """Of the browser that proved the key; it becomes the device's when both have confirmed."""
    state: str = "begun"


class State:
    """All of it; each method may be called by several threads at once."""

    def __init__(self, warifu: Warifu, origin: str, clerk_key: str) -> None:
        """Begin empty.

        Args:
            warifu: The service that the bank asks.
            origin: Where the bank's pages are.
            clerk_key: With which a clerk signs in.
        """
        self.warifu = warifu
        self.origin = origin
        self.clerk_key = clerk_key
        self.books = Books()
        self.verifier = f"demo.warifu.example/{TENANT}"
        self.pinned = [
            key for key in warifu.get("/v1/keys")["keys"] if key["purpose"] == "activation"
        ]
        self._lock = Lock()
        self._handles: dict[tuple[str, str], bytes] = {}
        self._devices: dict[str, Device] = {}
        self._sessions: dict[str, Session] = {}
        self._enrolments: dict[str, Enrolment] = {}
        self._asked: dict[str, dict[str, Any]] = {}
        self._told: dict[str, dict[str, Any]] = {}

    def handle_of(self, user: str, kind: str) -> bytes:
        """The user handle of a customer's passkeys of one kind; it says nothing about them.

        An authenticator keeps one passkey for each handle, and would put a new one in its place.
        """
        with self._lock:
            return self._handles.setdefault((user, kind), token_bytes(32))

    def enrolment(self, activation: str) -> Enrolment | None:
        """An activation that was begun here."""
        with self._lock:
            return self._enrolments.get(activation)

    def enrolments(self) -> list[Enrolment]:
        """Newest first."""
        with self._lock:
            return list(reversed(self._enrolments.values()))

    def keep(self, enrolment: Enrolment) -> None:
        """Begin or change an enrolment."""
        with self._lock:
            self._enrolments[enrolment.activation] = enrolment

    def bind(self, enrolment: Enrolment) -> None:
        """Both sides have confirmed: the browser that proved the key is the device."""
        with self._lock:
            self._enrolments[enrolment.activation] = replace(enrolment, state="bound")
            if enrolment.cookie is None or enrolment.credential is None:
                return
            held = self._devices.get(enrolment.cookie)
            earlier = held.credentials if held and held.device == enrolment.device else {}
            self._devices[enrolment.cookie] = Device(
                user=enrolment.user,
                device=enrolment.device,
                credentials={**earlier, enrolment.kind: enrolment.credential},
            )

    def device(self, cookie: str | None) -> Device | None:
        """The device of a browser."""
        with self._lock:
            return self._devices.get(cookie or "")

    def device_of(self, user: str) -> Device | None:
        """The device that a customer enrolled last."""
        with self._lock:
            return next((d for d in reversed(self._devices.values()) if d.user == user), None)

    def log_in(self, device: Device) -> str:
        """A new session; its cookie."""
        cookie = token_urlsafe(24)
        with self._lock:
            self._sessions[cookie] = Session(
                name=f"session-{token_urlsafe(6)}", user=device.user, device=device
            )
        return cookie

    def log_out(self, cookie: str | None) -> None:
        """End a session."""
        with self._lock:
            self._sessions.pop(cookie or "", None)

    def session(self, cookie: str | None) -> Session | None:
        """Who is there."""
        with self._lock:
            found = self._sessions.get(cookie or "")
            if found is None:
                return None
            # What was enrolled since is known to the session too.
            present = [d for d in self._devices.values() if d.device == found.device.device]
            return replace(found, device=present[0]) if present else found

    def end_session(self, name: str) -> None:
        """End a session by its name, whoever has its cookie."""
        with self._lock:
            for cookie in [c for c, held in self._sessions.items() if held.name == name]:
                del self._sessions[cookie]

    def tell(self, transaction: str, told: dict[str, Any]) -> None:
        """Remember what an answer came to, for the page that tells it."""
        with self._lock:
            self._told[transaction] = told

    def outcome(self, transaction: str) -> dict[str, Any]:
        """What an answer came to."""
        with self._lock:
            return self._told.get(transaction, {})

    def remember(self, challenge: str, asked: dict[str, Any]) -> None:
        """What a challenge was for; it is never taken from the browser again."""
        with self._lock:
            self._asked[challenge] = asked

    def recall(self, challenge: str) -> dict[str, Any] | None:
        """What a challenge was for, once."""
        with self._lock:
            return self._asked.pop(challenge, None)
