"""Vectors of proofs, of every kind: one transaction, one bound key of each kind."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import cbor2

from tools.vectors.keys import ed, p256
from tools.vectors.transactions import ABROAD_BYTES, LINK_ABROAD
from tools.vectors.vector import Value, Vector, variant
from warifu.authentication.transaction.encoding import decode_shown, encode
from warifu.handset import confirmation as device
from warifu.handset.app_attest import APP, AppAttestDevice
from warifu.handset.authority import spki
from warifu.handset.webauthn import (
    ORIGIN,
    RP_ID,
    USER_PRESENT,
    Authentication,
    CredentialKey,
    base64url,
)

if TYPE_CHECKING:
    from warifu.handset.authority import PrivateKey

OK: Final = device.answer_to(ABROAD_BYTES)
NG: Final = device.answer_to(ABROAD_BYTES, device.NG, device.NOT_ME)
_ASKED, _CHEAPER, _LINK = (
    f"transaction/{name}" for name in ("transfer-en", "transfer-en-cheaper", "link-account-en")
)
"""Vectors whose bodies the proofs are held against."""
KEY: Final = p256("device key")
STRANGER: Final = p256("stranger")
_CREDENTIAL = CredentialKey(-7, KEY)
_BROWSER_KEY = CredentialKey(-7, p256("browser"))
_TEXT = decode_shown(ABROAD_BYTES)[1].text
_SIGNATURE, _CONTAINER, _TRANSACTION = "proof/signature", "proof/container", "proof/transaction"
_CHALLENGE = "webauthn/challenge"

_PAYMENT = {
    "top-origin": ORIGIN,
    "instrument": {"display-name": "Savings ****567", "icon": "https://bank.example/icon.png"},
    "logos": [{"url": "https://bank.example/logo.png", "label": "Example Bank"}],
}
_SHOWN = {
    "rpId": RP_ID,
    "topOrigin": ORIGIN,
    "payeeName": "TANAKA TARO",
    "paymentEntitiesLogos": [{"url": "https://bank.example/logo.png", "label": "Example Bank"}],
    "total": {"value": "1234.50", "currency": "USD"},
    "instrument": {"icon": "https://bank.example/icon.png", "displayName": "Savings ****567"},
}


def vectors() -> list[Vector]:
    """All kinds."""
    return [
        *_trusted_ui(),
        *_device_key(),
        *_protected_confirmation(),
        *_webauthn(),
        *_secure_payment(),
        *_app_attest(),
    ]


def proof(kind: str, name: str, body: bytes, **headers: Value) -> Vector:
    """An approval that is accepted; in the names of headers ``_`` stands for ``-``."""
    usual: dict[str, Value] = {
        "kind": kind,
        "transaction": _ASKED,
        "key": spki(KEY),
        "key-kind": kind,
        "app": "jp.example.bank",
        "displays": "trusted-environment, browser, application",
        "user-verification": "required",
        "verdict": "ok",
        "user-verified": True,
    }
    given = {key.replace("_", "-"): value for key, value in headers.items()}
    return Vector(name=f"{kind}-{name}", format="proof", headers={**usual, **given}, body=body)


def _refused(base: Vector, name: str, code: str, body: bytes, **headers: Value) -> Vector:
    """Without what would be read in an accepted one."""
    named = f"{base.headers['kind']!s}-{name}"
    gone: dict[str, Value] = {"verdict": None, "user-verified": None, "display": None}
    return variant(base, named, code, body=body, **{**gone, **headers})


def _envelope(answer: bytes, key: PrivateKey = KEY, **fields: Any) -> bytes:  # noqa: ANN401 - of any draft
    return device.EnvelopeDraft(answer=answer, key=key, **fields).encode()


def _trusted_ui() -> list[Vector]:
    kind, honest = "trusted-ui", _envelope(OK)
    base = proof(kind, "ok", honest, display="trusted-environment")
    edwards = ed("applet")
    parts = cbor2.loads(honest).value
    swapped = cbor2.dumps(cbor2.CBORTag(18, [parts[0], {}, NG, parts[3]]), canonical=True)
    untagged, unverified = honest[1:], {device.USER_VERIFIED: False}
    headers = "proof-envelope/headers"
    ordinary = {device.USER_VERIFIED: True}
    return [
        base,
        proof(
            kind,
            "ok-ed25519",
            _envelope(OK, edwards),
            key=spki(edwards),
            display="trusted-environment",
        ),
        proof(
            kind,
            "ng-not-me-without-pin",
            _envelope(NG, headers=unverified),
            display="trusted-environment",
            verdict="ng",
            user_verified=False,
        ),
        _refused(base, "ng-replayed-as-ok", _SIGNATURE, swapped_back(_envelope(NG), OK)),
        _refused(base, "ok-turned-into-ng", _SIGNATURE, swapped),
        _refused(base, "other-transaction", _TRANSACTION, honest, transaction=_CHEAPER),
        _refused(base, "stranger", _SIGNATURE, _envelope(OK, STRANGER)),
        _refused(base, "without-pin", "proof/user-verified", _envelope(OK, headers=unverified)),
        _refused(base, "untagged", _CONTAINER, untagged),
        _refused(
            base, "unprotected-header", _CONTAINER, _envelope(OK, unprotected={99: b"obey me"})
        ),
        _refused(base, "key-identifier", headers, _envelope(OK, headers={**ordinary, 4: b"other"})),
        _refused(
            base,
            "typ-of-device-key",
            headers,
            _envelope(OK, type=device.DEVICE_KEY_TYPE),
        ),
        _refused(base, "pin-header-missing", headers, _envelope(OK, headers={})),
        _refused(
            base,
            "pin-header-is-number",
            "cbor/expected-type",
            _envelope(OK, headers={device.USER_VERIFIED: 1}),
        ),
        _refused(
            base, "algorithm-es384", "cose/algorithm", _envelope(OK, headers={**ordinary, 1: -35})
        ),
        _refused(base, "signature-of-zeros", _SIGNATURE, _envelope(OK, signature=bytes(64))),
        _refused(base, "cut-short", "cbor/well-formed", honest[:-1]),
        _refused(base, "empty", "cbor/well-formed", b""),
        _refused(
            base,
            "answer-is-transaction-digest",
            "cbor/expected-type",
            _envelope(cbor2.dumps(sha256(ABROAD_BYTES).digest())),
        ),
    ]


def swapped_back(envelope: bytes, answer: bytes) -> bytes:
    """An envelope's signature behind another answer."""
    protected, unprotected, _, signature = cbor2.loads(envelope).value
    parts = [protected, unprotected, answer, signature]
    return cbor2.dumps(cbor2.CBORTag(18, parts), canonical=True)


def _device_key() -> list[Vector]:
    kind = "device-key"
    fields: dict[str, Any] = {"type": device.DEVICE_KEY_TYPE, "headers": {}}
    refusal = proof(
        kind,
        "ng-not-me",
        _envelope(NG, **fields),
        display="application",
        verdict="ng",
        user_verified=False,
    )
    approval = _envelope(OK, **fields)
    return [
        refusal,
        variant(refusal, f"{kind}-ng-by-key-of-trusted-ui", "accept", key_kind="trusted-ui"),
        _refused(refusal, "ok", "proof/can-approve", approval),
        _refused(refusal, "ng-replayed-as-ok", _SIGNATURE, swapped_back(refusal.body, OK)),
        _refused(
            refusal,
            "downgrade-of-trusted-ui",
            "proof/can-approve",
            approval,
            key_kind="trusted-ui",
        ),
        _refused(
            refusal, "more-headers", "proof-envelope/headers", _envelope(NG, type=fields["type"])
        ),
        _refused(refusal, "posted-as-trusted-ui", "proof/kind", refusal.body, kind="trusted-ui"),
    ]


def _protected_confirmation() -> list[Vector]:
    kind = "protected-confirmation"

    def made(answer: bytes = OK, key: PrivateKey = KEY, **fields: Any) -> bytes:  # noqa: ANN401 - of any draft
        draft = {"prompt": _TEXT, "extra": answer, "key": key, **fields}
        return device.ProtectedConfirmationDraft(**draft).encode()

    base = proof(
        kind,
        "ok",
        made(),
        display="trusted-environment",
        confirmation_required=True,
        user_verification_required=True,
    )
    prompt, message = f"{kind}/prompt", f"{kind}/message"
    swapped = cbor2.loads(made(prompt="Pay 1 yen?"))
    forged = cbor2.dumps({1: cbor2.loads(made())[1], 2: swapped[2]}, canonical=True)
    extra_first = {"extra": OK, "prompt": _TEXT}
    later = {"prompt": _TEXT, "extra": OK, "version": 2}
    return [
        base,
        variant(base, f"{kind}-later-member", "accept", body=made(members=later)),
        _refused(base, "ng", "proof/can-refuse", made(NG)),
        _refused(base, "text-swapped", prompt, made(prompt="Pay 1 yen?")),
        _refused(base, "text-swapped-behind-signature", _SIGNATURE, forged),
        _refused(base, "text-with-space-behind", prompt, made(prompt=_TEXT + " ")),
        _refused(base, "extra-before-prompt", message, made(members=extra_first)),
        _refused(base, "stranger", _SIGNATURE, made(key=STRANGER)),
        _refused(
            base,
            "key-without-tag-508",
            f"{kind}/key",
            base.body,
            confirmation_required=False,
        ),
        _refused(base, "other-transaction", prompt, base.body, transaction=_CHEAPER),
    ]


def _browser(
    answer: bytes,
    ceremony: Authentication,
    *,
    browser_key: PrivateKey | None = None,
    **more: Any,  # noqa: ANN401 - of the draft
) -> bytes:
    draft = device.BrowserDraft(
        answer=answer, authentication=ceremony, browser_key=browser_key, **more
    )
    return draft.encode()


def _ceremony(**fields: Any) -> Authentication:  # noqa: ANN401 - any field
    return Authentication(**{"key": _CREDENTIAL, "credential_id": b"credential", **fields})


def _webauthn() -> list[Vector]:
    kind = "webauthn"
    passkey: dict[str, Any] = {"app": RP_ID, "display": "application", "counter": 0}
    base = proof(kind, "ok", _browser(OK, _ceremony()), **passkey)
    replayed = cbor2.loads(_browser(NG, _ceremony()))
    as_ok = cbor2.dumps({**replayed, 1: OK}, canonical=True)
    edwards, stranger = CredentialKey(-8, ed("passkey")), CredentialKey(-7, STRANGER)
    origin, counter = "webauthn/origin", "webauthn/counter"
    phishing = _ceremony(origin="https://login.bank.example.evil.example")
    honest = cbor2.loads(base.body)
    return [
        base,
        proof(
            kind,
            "ok-ed25519",
            _browser(OK, _ceremony(key=edwards)),
            **{**passkey, "key": edwards.spki()},
        ),
        proof(
            kind,
            "ng-without-pin",
            _browser(NG, _ceremony(flags=USER_PRESENT)),
            **{**passkey, "verdict": "ng", "user_verified": False},
        ),
        _refused(base, "ng-replayed-as-ok", _CHALLENGE, as_ok),
        _refused(base, "other-transaction", _TRANSACTION, base.body, transaction=_CHEAPER),
        _refused(
            base,
            "challenge-is-transaction-digest",
            _CHALLENGE,
            _browser(OK, _ceremony(), challenge=sha256(ABROAD_BYTES).digest()),
        ),
        _refused(base, "phishing-relay", origin, _browser(OK, phishing)),
        _refused(
            base,
            "other-rp-id",
            "webauthn/rp-id",
            _browser(OK, _ceremony(rp_id="evil.example")),
        ),
        _refused(
            base,
            "framed",
            "webauthn/cross-origin",
            _browser(OK, _ceremony(client={"crossOrigin": True})),
        ),
        _refused(
            base,
            "type-of-registration",
            "webauthn/type",
            _browser(OK, _ceremony(type="webauthn.create")),
        ),
        _refused(
            base,
            "type-of-payment",
            "webauthn/type",
            _browser(OK, _ceremony(type="payment.get")),
        ),
        _refused(
            base,
            "without-pin",
            "proof/user-verified",
            _browser(OK, _ceremony(flags=USER_PRESENT)),
        ),
        _refused(base, "stranger", _SIGNATURE, _browser(OK, _ceremony(key=stranger))),
        _refused(base, "counter-stands-still", counter, base.body, counter=1),
        _refused(
            base, "browser-signature-too", _CONTAINER, _browser(OK, _ceremony(), browser_key=KEY)
        ),
        _refused(
            base,
            "wrong-order-map",
            _CONTAINER,
            cbor2.dumps(dict(reversed(honest.items()))),
        ),
        _refused(
            base,
            "display-not-accepted",
            "proof/display",
            base.body,
            displays="trusted-environment, browser",
        ),
    ]


def _secure_payment() -> list[Vector]:
    kind, room = "secure-payment", "secure-payment"

    def shown(answer: bytes = OK, browser: CredentialKey | None = None, **changes: Any) -> bytes:  # noqa: ANN401 - any member
        members = {k: v for k, v in {**_SHOWN, **changes}.items() if v is not None}
        ceremony = device.payment_authentication(
            members, key=_CREDENTIAL, credential_id=b"credential"
        )
        return _browser(answer, ceremony, browser_key=browser.private if browser else None)

    base = proof(kind, "ok", shown(), app=RP_ID, display="browser", counter=0, payment=_PAYMENT)
    bound = {**_PAYMENT, "browser-bound-key": _BROWSER_KEY.public_key().hex()}
    from_browser = shown(
        browser=_BROWSER_KEY, browserBoundPublicKey=base64url(_BROWSER_KEY.public_key())
    )
    total, payee = f"{room}/total", f"{room}/payee"
    logo = {"url": "https://evil.example/logo.png", "label": "Example Bank"}
    instrument = {"icon": "https://bank.example/icon.png", "displayName": "Other ****999"}
    dollars = {"currency": "USD"}
    return [
        base,
        variant(
            base,
            f"{kind}-total-with-one-decimal",
            "accept",
            body=shown(total={**dollars, "value": "1234.5"}),
        ),
        variant(base, f"{kind}-browser-bound", "accept", body=from_browser, payment=bound),
        _refused(base, "ng", "proof/can-refuse", shown(NG)),
        _refused(base, "amount-rounded", total, shown(total={**dollars, "value": "1234"})),
        _refused(base, "amount-in-exponent", total, shown(total={**dollars, "value": "12345e-1"})),
        _refused(
            base, "other-currency", total, shown(total={"value": "1234.50", "currency": "JPY"})
        ),
        _refused(base, "other-payee", payee, shown(payeeName="TANAKA JIRO")),
        _refused(base, "payee-missing", payee, shown(payeeName=None)),
        _refused(base, "payee-origin-added", payee, shown(payeeOrigin="https://shop.example")),
        _refused(base, "other-rp-id", f"{room}/rp-id", shown(rpId="evil.example")),
        _refused(base, "other-page", f"{room}/top-origin", shown(topOrigin="https://evil.example")),
        _refused(base, "other-instrument", f"{room}/instrument", shown(instrument=instrument)),
        _refused(base, "other-logo", f"{room}/logos", shown(paymentEntitiesLogos=[logo])),
        _refused(base, "unknown-member", f"{room}/form", shown(discount="100%")),
        _refused(base, "total-missing", f"{room}/form", shown(total=None)),
        _refused(
            base,
            "other-browser",
            f"{room}/browser-bound-key",
            base.body,
            payment=bound,
        ),
        _refused(
            base,
            "for-no-transfer",
            f"{room}/transaction",
            shown(device.answer_to(encode(LINK_ABROAD))),
            transaction=_LINK,
        ),
    ]


def _app_attest() -> list[Vector]:
    kind = "app-attest"

    def made(answer: bytes = OK, key: PrivateKey = KEY, **fields: Any) -> bytes:  # noqa: ANN401 - of the phone
        phone = AppAttestDevice(**{"apple": None, "key": key, **fields})
        return device.app_attest_proof(answer, phone)

    phone: dict[str, Any] = {
        "app": APP,
        "display": "application",
        "counter": 0,
        "user_verification": "not-required",
        "user_verified": False,
    }
    base = proof(kind, "ok", made(), **phone)
    ng = cbor2.loads(made(NG))
    as_ok = cbor2.dumps({**ng, 1: OK}, canonical=True)
    room = "app-attest-assertion"
    return [
        base,
        variant(base, f"{kind}-ng-not-me", "accept", body=made(NG), verdict="ng"),
        _refused(base, "ng-replayed-as-ok", f"{room}/signature", as_ok),
        _refused(base, "other-transaction", _TRANSACTION, base.body, transaction=_CHEAPER),
        _refused(base, "stranger", f"{room}/signature", made(key=STRANGER)),
        _refused(base, "other-app", f"{room}/app", made(app="TEAM123456.evil.example")),
        _refused(base, "counter-stands-still", f"{room}/counter", base.body, counter=1),
        _refused(
            base,
            "user-verification-demanded",
            "proof/user-verified",
            base.body,
            user_verification="required",
        ),
    ]
