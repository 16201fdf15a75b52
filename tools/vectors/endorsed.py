"""Vectors of endorsed keys: endorsements by each kind of bound key, and warrants of components."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import cbor2
from msgspec import structs

from tools.vectors.keys import ed, octets, p256
from tools.vectors.transactions import AT, VERIFIER
from tools.vectors.vector import Value, Vector, variant
from warifu.handset.app_attest import APP, AppAttestDevice
from warifu.handset.authority import spki
from warifu.handset.endorsement import (
    APPLET,
    SESSION,
    TRUSTED_UI,
    EndorsementDraft,
    WarrantDraft,
)
from warifu.handset.user_authentication import CALL_TYPE
from warifu.handset.webauthn import RP_ID, USER_PRESENT, Authentication, CredentialKey

KEY: Final = p256("device key")
NEW: Final = p256("endorsed key")
COMPONENT: Final = p256("component")
PROVIDER: Final = p256("provider")
STRANGER: Final = p256("stranger")
ENDS: Final = AT + timedelta(hours=12)
_CREDENTIAL = CredentialKey(-7, KEY)
_BINDING, _CHALLENGE = octets("binding", 16), octets("endorsement challenge")
_APPLE: Any = None
"""An assertion needs no certificates."""
_READ = {
    "endorsement": frozenset({"endorsed-key"}),
    "warrant": frozenset({"kind", "component"}),
}
_FORM, _ASKED, _SIGNATURE = "endorsement/form", "endorsement/asked", "pki/signature"


def vectors() -> list[Vector]:
    """Both formats."""
    return [*_endorsements(), *_warrants()]


def draft(**changed: Any) -> EndorsementDraft:  # noqa: ANN401 - of the draft
    """An honest endorsement of a session key, but for these members."""
    members: dict[str, Any] = {
        "verifier": VERIFIER,
        "channel": "app",
        "binding": _BINDING,
        "use": SESSION,
        "challenge": _CHALLENGE,
        "expires_at": int(ENDS.timestamp()),
        "bound": KEY,
        "key": NEW,
        **changed,
    }
    return EndorsementDraft(**members)


def warrant(**changed: Any) -> WarrantDraft:  # noqa: ANN401 - of the draft
    """An honest warrant for the component on the phone of `KEY`, but for these members."""
    members: dict[str, Any] = {
        "key": spki(COMPONENT),
        "device_key": spki(KEY),
        "provider": PROVIDER,
        "valid_from": int((AT - timedelta(days=1)).timestamp()),
        "valid_until": int((AT + timedelta(days=90)).timestamp()),
        **changed,
    }
    return WarrantDraft(**members)


def _endorsement(name: str, made: EndorsementDraft, **headers: Value) -> Vector:
    given = {key.replace("_", "-"): value for key, value in headers.items()}
    usual: dict[str, Value] = {
        "key": spki(KEY),
        "key-kind": "device-key",
        "app": "jp.example.bank",
        "verifier": VERIFIER,
        "channel": "app",
        "binding": _BINDING,
        "use": "session",
        "challenge": _CHALLENGE,
        "expires-at": ENDS,
        "at": AT,
        "possession": made.possession(),
        "endorsed-key": spki(made.key),
    }
    return Vector(name=name, format="endorsement", headers={**usual, **given}, body=made.encode())


def _endorsements() -> list[Vector]:
    honest = draft()
    base = _endorsement("ok-device-key", honest)
    edwards = draft(key=ed("endorsed key"))
    phone: dict[str, Value] = {"key_kind": "app-attest", "app": APP, "counter": 0}
    browser: dict[str, Value] = {"key_kind": "webauthn", "app": RP_ID, "counter": 0}
    by_phone = draft(bound=AppAttestDevice(apple=_APPLE, key=KEY))
    by_browser = draft(bound=Authentication(key=_CREDENTIAL))
    unverified = draft(bound=Authentication(key=_CREDENTIAL, flags=USER_PRESENT))
    as_call = draft(bound=Authentication(key=_CREDENTIAL), type=CALL_TYPE)
    display = draft(use=TRUSTED_UI, key=COMPONENT)
    p384 = {1: 2, 3: -35, -1: 2, -2: bytes(48), -3: bytes(48)}
    asked = ("verifier", "evil.example"), ("channel", "web"), ("binding", bytes(16))
    more = ("use", TRUSTED_UI), ("challenge", bytes(32)), ("expires_at", 1)
    changed = [
        (f"another-{name.replace('_', '-')}", _ASKED, draft(**{name: value}))
        for name, value in (*asked, *more)
    ]
    bad = (
        *changed,
        ("signed-by-stranger", _SIGNATURE, draft(bound=STRANGER)),
        ("signed-by-the-new-key", _SIGNATURE, draft(bound=NEW)),
        ("signed-as-call", "user/signed-form", draft(type=CALL_TYPE)),
        ("use-unknown", _FORM, draft(members={5: 3})),
        ("more-members", _FORM, draft(members={9: 1})),
        ("later-version", _FORM, draft(members={1: 2})),
        ("key-on-another-curve", "endorsement/new-key", draft(members={6: p384})),
        ("bound-key-itself", "endorsement/new-key", draft(key=KEY)),
    )
    possessions = (
        ("possession-by-stranger", honest.possession(key=STRANGER)),
        ("possession-of-another-endorsement", draft(channel="web").possession()),
    )
    return [
        base,
        _endorsement("ok-ed25519", edwards),
        _endorsement("ok-trusted-ui", display, use="trusted-ui"),
        _endorsement("ok-app-attest", by_phone, **phone),
        _endorsement("ok-passkey", by_browser, **browser),
        *(_refused(_endorsement(name, made), name, code) for name, code, made in bad),
        *(
            _refused(base, name, "endorsement/possession", possession=possession)
            for name, possession in possessions
        ),
        _refused(base, "possession-missing", "cbor/well-formed", possession=b""),
        _refused(base, "too-late", "endorsement/time", at=ENDS),
        _refused(
            base,
            "by-protected-confirmation",
            "endorsement/bound-key",
            key_kind="protected-confirmation",
        ),
        _refused(
            _endorsement("", unverified, **browser), "passkey-unverified", "proof/user-verified"
        ),
        _refused(_endorsement("", as_call, **browser), "passkey-signed-as-call", _FORM),
    ]


def _refused(
    base: Vector, name: str, code: str, *, body: bytes | None = None, **headers: Value
) -> Vector:
    """Without what would be read in an accepted one."""
    changed = {key.replace("_", "-"): value for key, value in headers.items()}
    kept = {key: value for key, value in base.headers.items() if key not in _READ[base.format]}
    return structs.replace(
        base,
        name=name,
        expect=code,
        headers={**kept, **changed},
        body=base.body if body is None else body,
    )


def _warrants() -> list[Vector]:
    read: dict[str, Value] = {"kind": "trusted-application", "component": "jp.example.display"}
    base = Vector(
        name="ok",
        format="warrant",
        headers={
            "provider-key": spki(PROVIDER),
            "key": spki(KEY),
            "endorsed-key": spki(COMPONENT),
            "at": AT,
            **read,
        },
        body=warrant().encode(),
    )
    applet = warrant(kind=APPLET).encode()
    named = {4: sha256(spki(PROVIDER)).digest()}
    honest = cbor2.loads(warrant().encode()).value
    swapped = [honest[0], {}, honest[2].replace(b"3.1", b"3.2"), honest[3]]
    form, code = "warrant/form", "warrant/device"
    bad: tuple[tuple[str, str, bytes], ...] = (
        ("of-another-device", code, warrant(device_key=spki(STRANGER)).encode()),
        ("of-another-key", "warrant/key", warrant(key=spki(STRANGER)).encode()),
        ("by-unknown-provider", "warrant/provider", warrant(provider=STRANGER).encode()),
        (
            "names-provider-signed-by-stranger",
            _SIGNATURE,
            warrant(provider=STRANGER, headers=named).encode(),
        ),
        (
            "version-swapped",
            _SIGNATURE,
            cbor2.dumps(cbor2.CBORTag(18, swapped), canonical=True),
        ),
        ("display-not-trusted", form, warrant(members={5: 0}).encode()),
        ("kind-unknown", form, warrant(members={2: 3}).encode()),
        ("more-members", form, warrant(members={10: 1}).encode()),
        ("more-headers", form, warrant(headers={5: b"more"}).encode()),
        ("typ-of-a-call", form, warrant(type=CALL_TYPE).encode()),
        ("untagged", form, warrant().encode()[1:]),
    )
    return [
        base,
        variant(base, "ok-applet", "accept", body=applet, kind="applet"),
        *(_refused(base, name, code, body=body) for name, code, body in bad),
        _refused(base, "not-yet", "warrant/time", at=AT - timedelta(days=2)),
        _refused(base, "no-longer", "warrant/time", at=AT + timedelta(days=90)),
    ]
