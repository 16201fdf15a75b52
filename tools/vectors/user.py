"""Vectors of user authentication: statements, encrypted PINs, their keys, calls and DPoP proofs."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import cbor2

from tools.vectors.activation import CHALLENGE, LOG_IN, context
from tools.vectors.hpke import seal
from tools.vectors.keys import ed, octets, p256, signer, x25519
from tools.vectors.transactions import AT, VERIFIER
from tools.vectors.vector import Value, Vector, variant
from warifu.authentication.user.hpke_keys import write_hpke_certificate
from warifu.base.codec.cbor import encode_deterministic
from warifu.base.keys.jwks import thumbprint
from warifu.handset.app_attest import APP, AppAttestDevice
from warifu.handset.authority import spki
from warifu.handset.user_authentication import (
    BIOMETRIC,
    CALL_TYPE,
    HPKE_KEY_TYPE,
    STATEMENT_TYPE,
    TERMINAL_PIN,
    DpopDraft,
    PinDraft,
    SignedDraft,
    call,
    padded_pin,
    statement,
)

if TYPE_CHECKING:
    from warifu.handset.authority import PrivateKey

KEY: Final = p256("device key")
STRANGER: Final = p256("stranger")
CONTEXT: Final = context(LOG_IN, CHALLENGE)
HPKE_PRIVATE: Final = x25519("hpke")
HPKE_PUBLIC: Final = HPKE_PRIVATE.public_key().public_bytes_raw()
CERTIFIER: Final = signer("hpke certification")
_PIN, _LONG = "805193", "926015384707"
_SECONDS = int(AT.timestamp())
_APPLE: Any = None
"""An assertion needs no certificates."""
_WELL_FORMED = "cbor/well-formed"
_NONCE = "server-nonce"
_WRITTEN_OTHERWISE = "HTTPS://API.bank.example:443/v1/./balance?x=1"


def vectors() -> list[Vector]:
    """All formats of user authentication."""
    return [*_statements(), *_pins(), *_certificates(), *_calls(), *_dpop()]


def _question(name: str, form: str, body: bytes, **headers: Value) -> Vector:
    given = {key.replace("_", "-"): value for key, value in headers.items()}
    usual: dict[str, Value] = {
        "key": spki(KEY),
        "key-kind": "trusted-ui",
        "app": "jp.example.bank",
        "context": LOG_IN,
        "challenge": CHALLENGE,
        "at": AT,
    }
    return Vector(name=name, format=form, headers={**usual, **given}, body=body)


def _statements() -> list[Vector]:
    def made(payload: bytes, key: PrivateKey = KEY, **fields: Any) -> bytes:  # noqa: ANN401 - of the draft
        return SignedDraft(
            **{"type": STATEMENT_TYPE, "payload": payload, "key": key, **fields}
        ).encode()

    said = statement(CONTEXT, TERMINAL_PIN, _SECONDS)
    base = _question("terminal-pin", "user-statement", made(said), method="terminal-pin")
    other = statement(context({**LOG_IN, "device": "device-4"}, CHALLENGE), TERMINAL_PIN, _SECONDS)
    finger = made(statement(CONTEXT, BIOMETRIC, _SECONDS))
    form, signed, time = "user/statement-form", "user/signed-form", "user/statement-time"
    bad: tuple[tuple[str, str, bytes], ...] = (
        ("for-another-device", "user/statement-context", made(other)),
        ("stranger", "pki/signature", made(said, STRANGER)),
        ("signed-as-call", signed, made(said, type=CALL_TYPE)),
        ("method-unknown", form, made(statement(CONTEXT, 4, _SECONDS))),
        ("more-members", form, made(statement(CONTEXT, TERMINAL_PIN, _SECONDS, m5=1))),
        ("two-minutes-old", time, made(statement(CONTEXT, TERMINAL_PIN, _SECONDS - 121))),
        ("from-the-future", time, made(statement(CONTEXT, TERMINAL_PIN, _SECONDS + 31))),
        (
            "method-of-a-phone",
            "user/statement-method",
            made(statement(CONTEXT, BIOMETRIC, _SECONDS)),
        ),
    )
    hardware = _question(
        "biometric-by-hardware",
        base.format,
        finger,
        key_kind="device-key",
        user_verification_required=True,
        user_authentication="biometric",
        method="biometric",
    )
    return [
        base,
        hardware,
        variant(
            hardware,
            "biometric-but-key-wants-password",
            "user/statement-method",
            user_authentication="password",
            method=None,
        ),
        variant(
            hardware,
            "biometric-but-key-stays-unlocked",
            "user/statement-method",
            user_verification_required=False,
            method=None,
        ),
        *(variant(base, name, code, body=body, method=None) for name, code, body in bad),
        variant(base, "nobody-vouched", "user/key-attested", endorsement="none", method=None),
    ]


def _pins() -> list[Vector]:
    def made(
        plain: bytes = padded_pin(_PIN),
        to: bytes = HPKE_PUBLIC,
        asked: bytes = CONTEXT,
        **fields: Any,  # noqa: ANN401 - of the draft
    ) -> bytes:
        draft = PinDraft(**{"pin": _PIN, "context": asked, "server_key": to, "key": KEY, **fields})
        under = draft.hpke_info()
        draft.sealed = fields.get("sealed") or seal(
            plain, to=to, ephemeral=x25519("ephemeral"), info=under
        )
        return draft.encode()

    base = _question(
        "ok",
        "pin-envelope",
        made(),
        hpke_private=HPKE_PRIVATE.private_bytes_raw(),
        hpke_public=HPKE_PUBLIC,
        hpke_not_after=AT + timedelta(hours=4),
        pin=_PIN,
    )
    other = context({**LOG_IN, "user": "customer-8"}, CHALLENGE)
    sealed: bytes = cbor2.loads(base.body)[2]
    flipped = sealed[:-1] + bytes([sealed[-1] ^ 1])
    other_key = x25519("other").public_key().public_bytes_raw()
    unpadded = (bytes([6]) + _PIN.encode()).ljust(16, b"9")
    opens, form = "pin/opens", "pin/envelope-form"
    phone = AppAttestDevice(apple=_APPLE, key=KEY)
    by_phone = cbor2.loads(made())
    by_phone[4] = phone.assertion(b"warifu-pin-v1\0" + by_phone[2] + by_phone[3]).encode()
    bad: tuple[tuple[str, str, bytes], ...] = (
        ("stranger", "pin/signature", made(key=STRANGER)),
        ("ciphertext-swapped", "pin/signature", _with(base.body, {2: flipped})),
        ("info-swapped", "pin/signature", _with(base.body, {3: cbor2.loads(made(asked=other))[3]})),
        ("for-another-user", "pin/context", made(asked=other)),
        (
            "to-an-unknown-key",
            "pin/hpke-key",
            made(to=other_key),
        ),
        ("ciphertext-damaged-and-signed", opens, made(sealed=flipped)),
        ("four-digits-missing", opens, made(padded_pin("123"))),
        ("letters", opens, made(padded_pin("12ab56"))),
        ("padding-not-zero", opens, made(unpadded)),
        ("ciphertext-longer", form, made(sealed=sealed + b"\0")),
        ("later-version", form, made(members={1: 2})),
        ("more-members", form, made(members={5: b""})),
        ("wrong-order-map", form, cbor2.dumps(dict(reversed(cbor2.loads(base.body).items())))),
        ("bytes-behind", _WELL_FORMED, base.body + b"\0"),
    )
    return [
        base,
        variant(
            base,
            "ok-by-app-attest",
            "accept",
            body=encode_deterministic(by_phone),
            key_kind="app-attest",
            app=APP,
            counter=0,
        ),
        variant(
            base,
            "ok-twelve-digits",
            "accept",
            body=made(padded_pin("926015384707")),
            pin="926015384707",
        ),
        *(variant(base, name, code, body=body, pin=None) for name, code, body in bad),
        variant(base, "by-a-passkey", "user/key-kind", key_kind="webauthn", pin=None),
        variant(base, "hours-too-late", "pin/hpke-key", at=AT + timedelta(hours=5), pin=None),
    ]


def _with(envelope: bytes, members: dict[int, bytes]) -> bytes:
    return encode_deterministic({**cbor2.loads(envelope), **members})


def _certificates() -> list[Vector]:
    honest = write_hpke_certificate(
        HPKE_PUBLIC,
        verifier=VERIFIER,
        not_before=AT - timedelta(hours=1),
        not_after=AT + timedelta(hours=4),
        signer=CERTIFIER,
    )
    base = Vector(
        name="ok",
        format="hpke-certificate",
        headers={
            "key": CERTIFIER.public_key,
            "key-id": CERTIFIER.key_id,
            "verifier": VERIFIER,
            "at": AT,
            "public-key": HPKE_PUBLIC,
        },
        body=honest,
    )
    begins, ends = _SECONDS - 3600, _SECONDS + 4 * 3600
    said = {1: 1, 2: HPKE_PUBLIC, 3: VERIFIER, 4: begins, 5: ends}

    def made(members: dict[int, Any], key: PrivateKey | None = None, **fields: Any) -> bytes:  # noqa: ANN401 - of the draft
        draft = SignedDraft(
            type=HPKE_KEY_TYPE,
            payload=encode_deterministic({**said, **members}),
            key=key or ed("hpke certification"),
            headers={4: CERTIFIER.key_id.encode()},
        )
        for name, value in fields.items():
            setattr(draft, name, value)
        return draft.encode()

    form, signed = "hpke-key/form", "hpke-key/signer"
    bad: tuple[tuple[str, str, bytes], ...] = (
        ("another-verifier", "hpke-key/verifier", made({3: "evil.example"})),
        ("signed-by-stranger", signed, made({}, ed("stranger"))),
        ("key-not-pinned", signed, made({}, headers={4: b"another"})),
        ("lives-a-week", "hpke-key/time", made({5: begins + 604_800})),
        ("ends-before-it-begins", form, made({5: begins - 1})),
        ("key-too-short", form, made({2: HPKE_PUBLIC[:31]})),
        ("more-members", form, made({6: 1})),
        ("typ-of-a-call", form, made({}, type=CALL_TYPE)),
        ("empty", _WELL_FORMED, b""),
    )
    return [
        base,
        *(variant(base, name, code, body=body, public_key=None) for name, code, body in bad),
        variant(base, "not-yet", "hpke-key/time", at=AT - timedelta(hours=2), public_key=None),
        variant(base, "no-longer", "hpke-key/time", at=AT + timedelta(hours=5), public_key=None),
    ]


def _calls() -> list[Vector]:
    path, sent = "/v1/transfers?dry=0", b'{"amount":1}'
    asked: dict[str, Any] = {"method": "POST", "path": path, "body": sent, "sequence": 8}

    def made(key: PrivateKey = KEY, **changes: Any) -> bytes:  # noqa: ANN401 - of the draft
        names: tuple[str, ...] = ("type", "unprotected")
        fields = {name: changes.pop(name) for name in names if name in changes}
        members = {**asked, **changes}
        method, target = members.pop("method"), members.pop("path")
        payload = call(members.pop("context", CONTEXT), method, target, **members)
        draft: dict[str, Any] = {"type": CALL_TYPE, "payload": payload, "key": key, **fields}
        return SignedDraft(**draft).encode()

    base = _question(
        "ok",
        "signed-call",
        made(),
        method="POST",
        path=path,
        request_body=sent,
        last_sequence=7,
        sequence=8,
    )
    phone = AppAttestDevice(apple=_APPLE, key=KEY)
    by_phone = SignedDraft(
        type=CALL_TYPE, payload=call(CONTEXT, "POST", path, body=sent, sequence=8), key=phone
    )
    elsewhere = context({**LOG_IN, "verifier": "evil.example"}, CHALLENGE)
    target, number, form = "call/target", "call/sequence", "call/form"
    bad: tuple[tuple[str, str, bytes], ...] = (
        ("body-swapped", target, made(body=b'{"amount":9}')),
        ("path-swapped", target, made(path="/v1/transfers?dry=1")),
        ("method-swapped", target, made(method="GET")),
        ("replayed", number, made(sequence=7)),
        ("sequence-is-zero", form, made(sequence=0)),
        ("sequence-beyond-2-53", form, made(sequence=1 << 53)),
        ("of-another-session", "call/context", made(context=elsewhere)),
        ("stranger", "pki/signature", made(STRANGER)),
        ("signed-as-statement", "user/signed-form", made(type=STATEMENT_TYPE)),
        ("unprotected-header", "user/signed-form", made(unprotected={4: b"other"})),
        ("cut-short", _WELL_FORMED, made()[:-1]),
    )
    return [
        base,
        variant(
            base,
            "ok-by-app-attest",
            "accept",
            body=by_phone.encode(),
            key_kind="app-attest",
            app=APP,
            counter=0,
        ),
        *(variant(base, name, code, body=body, sequence=None) for name, code, body in bad),
        variant(base, "by-a-passkey", "user/key-kind", key_kind="webauthn", sequence=None),
    ]


def _dpop() -> list[Vector]:
    url, token = "https://api.bank.example/v1/balance", "opaque-access-token"
    usual: dict[str, Any] = {
        "token": token,
        "url": url,
        "issued_at": _SECONDS,
        "key": KEY,
        "claims": {"jti": text(octets("jti", 16))},
    }

    def made(**fields: Any) -> bytes:  # noqa: ANN401 - of the draft
        claims = {**usual["claims"], **fields.pop("claims", {})}
        proof: bytes = DpopDraft(**{**usual, **fields, "claims": claims}).encode()
        return proof

    base = Vector(
        name="ok",
        format="dpop",
        headers={
            "method": "GET",
            "url": url,
            "token": token,
            "bound-to": thumbprint(spki(KEY)),
            "at": AT,
        },
        body=made(),
    )
    edwards = ed("token key")
    jwk = {"kty": "EC", "crv": "P-256", **_coordinates()}
    form, target, time, key = "dpop/form", "dpop/target", "dpop/time", "dpop/key"
    bad: tuple[tuple[str, str, bytes], ...] = (
        ("another-method", target, made(method="POST")),
        ("another-address", target, made(url="https://evil.example/v1/balance")),
        ("user-information-in-address", target, made(url="https://api.bank.example@evil.example/")),
        ("too-old", time, made(issued_at=_SECONDS - 61)),
        ("from-the-future", time, made(issued_at=_SECONDS + 11)),
        ("of-another-token", "dpop/token", made(token=token + "s")),
        ("without-token-hash", form, made(claims={"ath": None})),
        ("by-another-key", "dpop/bound", made(key=STRANGER)),
        ("signed-by-another-key", "jose/signature", made(signing_key=STRANGER)),
        ("type-of-a-plain-jwt", form, made(header={"typ": "JWT"})),
        ("private-key-in-header", key, made(header={"jwk": {**jwk, "d": "AAAA"}})),
        ("key-missing", key, made(header={"jwk": None})),
        ("id-too-short", form, made(claims={"jti": "short"})),
        ("time-is-text", form, made(claims={"iat": str(_SECONDS)})),
        ("algorithm-none", "jose/algorithm", made(header={"alg": "none"})),
    )
    return [
        base,
        variant(
            base,
            "ok-ed25519",
            "accept",
            body=made(key=edwards),
            bound_to=thumbprint(spki(edwards)),
        ),
        variant(
            base,
            "ok-address-written-otherwise",
            "accept",
            url="HTTPS://API.bank.example:443/v1/./balance?x=1",
        ),
        variant(
            base, "ok-with-nonce", "accept", body=made(nonce="server-nonce"), nonce="server-nonce"
        ),
        variant(base, "nonce-missing", "dpop/nonce", nonce="server-nonce"),
        *(variant(base, name, code, body=body) for name, code, body in bad),
    ]


def _coordinates() -> dict[str, str]:
    point = spki(KEY)[-64:]
    return {"x": text(point[:32]), "y": text(point[32:])}


def text(data: bytes) -> str:
    """base64url without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
