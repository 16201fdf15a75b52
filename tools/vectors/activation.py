"""Vectors of activation: contexts, codes, challenge, commitment and digits."""

from __future__ import annotations

from base64 import b32decode, b32encode
from datetime import timedelta
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import cbor2

from tools.vectors.keys import ed, octets, p256, signer
from tools.vectors.transactions import AT, DEVICE, USER, VERIFIER
from tools.vectors.vector import Value, Vector, variant
from warifu.authentication.binding.code import DOMAIN, PREFIX, write_code
from warifu.authentication.binding.fingerprint import challenge_of, commitment_of, fingerprint_of
from warifu.base.codec.cbor import encode_deterministic
from warifu.handset.authority import spki
from warifu.handset.confirmation import raw_signature

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.handset.authority import PrivateKey

ACTIVATION: Final = octets("activation", 16)
CHALLENGE: Final = octets("challenge")
CODES: Final = signer("codes")
EXPIRES: Final = AT + timedelta(minutes=10)
LOG_IN: Final[dict[str, object]] = {
    "verifier": VERIFIER,
    "channel": "app",
    "purpose": "log-in",
    "user": USER,
    "device": DEVICE,
}
_KEY = spki(p256("device key"))
_SERVER_NONCE, _DEVICE_NONCE = octets("server nonce"), octets("device nonce")
_CONTEXT = "warifu-context-v1"


def vectors() -> list[Vector]:
    """All formats of activation."""
    return [*_contexts(), *_codes(), *_challenges(), *_commitments(), *_fingerprints()]


def context(members: dict[str, object], challenge: bytes) -> bytes:
    """A context as docs/formats/activation.md §1 has it, without any check."""
    operation = members.get("operation")
    names = [members.get(name) for name in ("verifier", "channel", "purpose", "user", "device")]
    raw = bytes.fromhex(operation) if isinstance(operation, str) else None
    return encode_deterministic([_CONTEXT, *names, raw, challenge])


def _contexts() -> list[Vector]:
    form, other = "ceremony/context-form", "ceremony/context"
    full: dict[str, object] = {**LOG_IN, "operation": octets("operation", 16).hex()}
    least: dict[str, object] = {"verifier": VERIFIER, "channel": "web", "purpose": "log-in"}

    def made(
        name: str,
        members: dict[str, object],
        body: bytes | None = None,
        **more: Any,  # noqa: ANN401 - of a vector
    ) -> Vector:
        challenge = more.pop("challenge", CHALLENGE)
        return Vector(
            name=name,
            format="context",
            headers={"context": members, "challenge": challenge},
            body=context(members, challenge) if body is None else body,
            **more,
        )

    honest = context(LOG_IN, CHALLENGE)
    return [
        made("log-in", LOG_IN),
        made("with-operation", full),
        made("nobody-named", least),
        made("japanese-name", {**LOG_IN, "user": "西村 太郎"}),
        made("challenge-of-64-octets", LOG_IN, challenge=octets("a") + octets("b")),
        made("challenge-too-short", LOG_IN, expect=form, challenge=bytes(15)),
        made("challenge-too-long", LOG_IN, expect=form, challenge=bytes(65)),
        made("name-empty", {**LOG_IN, "verifier": ""}, expect=form),
        made("name-with-line-feed", {**LOG_IN, "purpose": "log-in\nmove"}, expect=form),
        made("name-of-256-octets", {**LOG_IN, "user": "x" * 256}, expect=form),
        made("operation-empty", {**LOG_IN, "operation": ""}, expect=form),
        made("other-verifier", {**LOG_IN, "verifier": "evil.example"}, honest, expect=other),
        made("other-channel", {**LOG_IN, "channel": "web"}, honest, expect=other),
        made("other-device", {**LOG_IN, "device": "device-4"}, honest, expect=other),
        made("other-challenge", LOG_IN, honest, expect=other, challenge=octets("other")),
        made("user-and-device-joined", {**LOG_IN, "user": USER + DEVICE}, honest, expect=other),
    ]


def _code(payload: list[Any], key: PrivateKey, algorithm: int = -8, **header: Any) -> str:  # noqa: ANN401 - hostile members too
    named = {1: algorithm, 4: sha256(spki(key)).digest()[:8]}
    for name, value in header.items():
        named[int(name.removeprefix("h"))] = value
    return _signed(encode_deterministic(payload), key, encode_deterministic(named))


def _signed(payload: bytes, key: PrivateKey, protected: bytes) -> str:
    signed = encode_deterministic(["Signature1", protected, b"", payload])
    parts = cbor2.CBORTag(18, [protected, {}, payload, raw_signature(key, signed)])
    return PREFIX + b32encode(encode_deterministic(parts)).rstrip(b"=").decode()


def _codes() -> list[Vector]:
    honest = write_code(activation=ACTIVATION, verifier=VERIFIER, expires_at=EXPIRES, signer=CODES)
    key, curve, stranger = ed("codes"), p256("codes"), ed("stranger")
    payload: list[Any] = [DOMAIN, ACTIVATION, VERIFIER, int(EXPIRES.timestamp())]
    base = Vector(
        name="ok",
        format="activation-code",
        headers={
            "key": CODES.public_key,
            "verifier": VERIFIER,
            "at": AT,
            "activation": ACTIVATION,
            "expires-at": EXPIRES,
        },
        body=honest.encode(),
    )
    form = "activation/code-form"
    raw = bytearray(b32decode(honest.removeprefix(PREFIX) + "=" * (-len(honest[8:]) % 8)))
    raw[-1] ^= 1
    forged = PREFIX + b32encode(raw).rstrip(b"=").decode()
    bad: tuple[tuple[str, str, str], ...] = (
        ("signature-changed", "pki/signature", forged),
        ("key-not-pinned", "activation/code-key", _code(payload, stranger)),
        (
            "key-id-of-the-pinned-key",
            "pki/signature",
            _code(payload, stranger, h4=sha256(CODES.public_key).digest()[:8]),
        ),
        ("without-key-id", "activation/code-key", _code(payload, key, h4=b"")),
        ("algorithm-of-another-key", "activation/code-key", _code(payload, key, -7)),
        (
            "another-verifier",
            "activation/code-verifier",
            _code([DOMAIN, ACTIVATION, "evil.example", payload[3]], key),
        ),
        ("another-domain", form, _code(["warifu-pin-v1", *payload[1:]], key)),
        ("activation-too-short", form, _code([DOMAIN, ACTIVATION[:15], *payload[2:]], key)),
        ("more-members", form, _code([*payload, 1], key)),
        ("expires-beyond-all-dates", form, _code([*payload[:3], 1 << 40], key)),
        ("critical-header", "cose/sign1", _code(payload, key, h2=[99])),
        ("prefix-missing", form, honest.removeprefix(PREFIX)),
        ("prefix-of-another-version", form, honest.replace("WARIFU1:", "WARIFU2:")),
        ("lower-case", form, PREFIX + honest.removeprefix(PREFIX).lower()),
        ("padded", form, honest + "=" * 8),
        ("too-long", form, PREFIX + "A" * 1024),
        ("nothing-behind-prefix", "cbor/well-formed", PREFIX),
    )
    return [
        base,
        Vector(
            name="ok-es256",
            format=base.format,
            headers={**base.headers, "key": spki(curve)},
            body=_code(payload, curve, -7).encode(),
        ),
        variant(base, "too-late", "activation/in-time", at=EXPIRES),
        *(_bare(variant(base, name, code, body=text.encode())) for name, code, text in bad),
    ]


def _bare(vector: Vector) -> Vector:
    return variant(vector, vector.name, vector.expect, activation=None, expires_at=None)


def _challenges() -> list[Vector]:
    base = Vector(
        name="ok",
        format="activation-challenge",
        headers={"activation": ACTIVATION, "verifier": VERIFIER},
        body=challenge_of(activation=ACTIVATION, verifier=VERIFIER),
    )
    code = "activation/evidence-challenge"
    return [
        base,
        variant(base, "of-another-verifier", code, verifier="evil.example"),
        variant(base, "of-another-activation", code, activation=octets("another", 16)),
    ]


def _commitments() -> list[Vector]:
    members: dict[str, Value] = {
        "activation": ACTIVATION,
        "public-key": _KEY,
        "device-nonce": _DEVICE_NONCE,
    }
    body = commitment_of(activation=ACTIVATION, public_key=_KEY, device_nonce=_DEVICE_NONCE)
    base = Vector(name="ok", format="activation-commitment", headers=members, body=body)
    code = "activation/opening"
    return [
        base,
        variant(base, "key-substituted", code, public_key=spki(p256("man in the middle"))),
        variant(base, "another-nonce", code, device_nonce=octets("another nonce")),
        variant(base, "another-activation", code, activation=octets("another", 16)),
        variant(base, "parts-joined-plainly", code, body=sha256(_KEY + _DEVICE_NONCE).digest()),
        variant(base, "nonce-too-short", code, device_nonce=_DEVICE_NONCE[:31]),
        variant(base, "too-short", "activation/commitment", body=body[:31]),
    ]


def _fingerprints() -> list[Vector]:
    members: dict[str, Any] = {
        "activation": ACTIVATION,
        "verifier_key": sha256(CODES.public_key).digest(),
        "public_key": _KEY,
        "server_nonce": _SERVER_NONCE,
        "device_nonce": _DEVICE_NONCE,
    }

    def made(**changes: bytes) -> Vector:
        whole = {**members, **changes}
        headers = {name.replace("_", "-"): value for name, value in whole.items()}
        digits = fingerprint_of(**whole).encode()
        return Vector(name="ok", format="activation-fingerprint", headers=headers, body=digits)

    base, code = made(), "activation/fingerprint"
    zero = next(each for each in _nonces(made) if each.body.startswith(b"0"))
    return [
        base,
        variant(zero, "leading-zero", "accept"),
        variant(zero, "leading-zero-dropped", code, body=zero.body.lstrip(b"0")),
        variant(base, "key-substituted", code, public_key=spki(p256("man in the middle"))),
        variant(
            base, "nonces-swapped", code, server_nonce=_DEVICE_NONCE, device_nonce=_SERVER_NONCE
        ),
        variant(base, "another-key-for-codes", code, verifier_key=bytes(32)),
        variant(base, "with-a-space", code, body=base.body[:4] + b" " + base.body[4:]),
        variant(base, "full-width-digits", code, body=_wide(base.body)),
        variant(base, "another-number", code, body=b"00000000"),
    ]


def _nonces(made: Any) -> Iterator[Vector]:  # noqa: ANN401 - a local function
    return (made(device_nonce=octets(f"device nonce {number}")) for number in count())


def _wide(digits: bytes) -> bytes:
    return "".join(chr(each + 0xFEE0) for each in digits).encode()
