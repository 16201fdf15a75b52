"""The saved test world in which fuzzed evidence is judged: roots, expectations and times.

Evidence is only understood deeply when it nearly fits, so the saved seeds and what they are judged
by belong together. Both are made by `tools.fuzz.seeds` from simulated devices.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from warifu.attestation.claims import Format, Realm
from warifu.attestation.examination import Gaps
from warifu.attestation.trust.anchors import AnchorUse, ValidityRule, make_anchor
from warifu.attestation.trust.metadata import Metadata
from warifu.attestation.trust.revocation import RevocationList
from warifu.attestation.trust.view import TrustView
from warifu.attestation.verifier import FORMATS
from warifu.base.codec.text import from_base64
from warifu.base.pki import path
from warifu.base.pki.certificate import read_certificate
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from warifu.attestation.claims import Claims
    from warifu.attestation.expectations import Expectations

CORPUS = Path(__file__).parent / "corpus"
WORLD = CORPUS / "world.json"


class Root(msgspec.Struct, frozen=True, kw_only=True):
    """One trusted root."""

    certificate: bytes
    uses: tuple[AnchorUse, ...]
    validity: ValidityRule = ValidityRule.ENFORCED


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """What one target judges by."""

    format: Format
    at: datetime
    roots: tuple[Root, ...] = ()
    expected: msgspec.Raw


def setting_of(name: Format, at: datetime, expected: Expectations, *roots: Root) -> Setting:
    """A setting that can be saved."""
    encoded = msgspec.Raw(msgspec.json.encode(expected, enc_hook=_show))
    return Setting(format=name, at=at, roots=roots, expected=encoded)


def judge(target: str, evidence: bytes) -> Claims:
    """Verify evidence as the saved setting of a target says, going on where checks are missing."""
    name, expected, trust, at = _opened(target)
    return FORMATS[name].verify(evidence, expected=expected, trust=trust, at=at, gaps=Gaps.REPORT)


@cache
def _opened(target: str) -> tuple[Format, Expectations, TrustView, datetime]:
    settings = msgspec.json.decode(WORLD.read_bytes(), type=dict[str, Setting])
    setting = settings[target]
    kind = FORMATS[setting.format].expectations
    expected = msgspec.json.decode(setting.expected, type=kind, dec_hook=_hide)
    anchors = tuple(
        make_anchor(
            read_certificate(root.certificate),
            name=f"root {number}",
            uses=root.uses,
            validity=root.validity,
        )
        for number, root in enumerate(setting.roots)
    )
    at = setting.at.astimezone(UTC)
    trust = TrustView(
        known_at=at,
        realm=Realm.TEST,
        anchors=anchors,
        revocation=RevocationList(entries={}, confirmed_at=at),
        metadata=_NO_MODELS,
    )
    return setting.format, expected, trust, at


def _show(secret: object) -> bytes:
    """The key of a simulated app is no secret."""
    assert isinstance(secret, Secret)  # noqa: S101 - the one type that JSON cannot hold
    return secret.reveal()


def _hide(_: type, value: str) -> Secret:
    return Secret(from_base64(value))


_NO_MODELS = Metadata(
    number=1,
    next_update=date(2100, 1, 1),
    legal_header=None,
    entries=(),
    path=path.Path(
        certificates=(), anchor=path.TrustPoint(name="none", subject=b"", public_key=b"")
    ),
    algorithm="ES256",
    unknown=(),
    left_out=0,
    by_aaguid={},
    by_aaid={},
    by_key_identifier={},
)
