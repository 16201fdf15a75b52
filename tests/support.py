"""What many tests share: asserting the exact refusal, and building trust."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from warifu.attestation.claims import Realm
from warifu.attestation.trust.anchors import Anchor, AnchorUse, ValidityRule, make_anchor
from warifu.attestation.trust.view import TrustView
from warifu.base.codec.text import from_base64
from warifu.base.errors import BadEvidence, Misuse, VerifierFault, WarifuError
from warifu.base.pki.certificate import read_certificate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warifu.base.rule import Rule


@contextmanager
def refused(rule: Rule) -> Iterator[None]:
    """The evidence is refused by exactly this rule."""
    with _raises(BadEvidence, rule):
        yield


@contextmanager
def no_statement(rule: Rule) -> Iterator[None]:
    """The verifier makes no statement about the device, for exactly this reason."""
    with _raises(VerifierFault, rule):
        yield


@contextmanager
def misuse(rule: Rule) -> Iterator[None]:
    """The caller is told off, for exactly this reason."""
    with _raises(Misuse, rule):
        yield


def readable(value: object) -> str:
    """A test's id without backslashes, which a second collection in one process escapes again."""
    return str(value).replace("\\", "/")


def moment(text: str) -> datetime:
    """An RFC 3339 time or date, UTC where no offset is given."""
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def make_test_anchor(
    certificate: bytes,
    *uses: AnchorUse,
    validity: ValidityRule = ValidityRule.ENFORCED,
    name: str = "test-root",
) -> Anchor:
    """An anchor of a test world from DER."""
    return make_anchor(read_certificate(certificate), name=name, uses=uses, validity=validity)


def test_trust(*anchors: Anchor, known_at: datetime, **parts: object) -> TrustView:
    """A view of the test realm."""
    return TrustView(known_at=known_at, realm=Realm.TEST, anchors=anchors, **parts)  # type: ignore[arg-type]


test_trust.__test__ = False  # type: ignore[attr-defined]


def bundled_anchors() -> tuple[Anchor, ...]:
    """The production anchors that come with the package."""
    source = files("warifu.attestation.trust") / "bundled" / "anchors.json"
    return tuple(
        make_anchor(
            read_certificate(from_base64(entry["certificate"])),
            name=entry["name"],
            uses=[AnchorUse(use) for use in entry["uses"]],
            validity=ValidityRule(entry["validity"]),
            provenance=entry["provenance"],
        )
        for entry in json.loads(source.read_text("utf-8"))
    )


def production_trust(
    known_at: datetime, *, more: Sequence[Anchor] = (), **parts: object
) -> TrustView:
    """The bundled anchors as a view, with nothing else known unless given."""
    return TrustView(known_at=known_at, anchors=(*bundled_anchors(), *more), **parts)  # type: ignore[arg-type]


@contextmanager
def _raises(branch: type[WarifuError], rule: Rule) -> Iterator[None]:
    with pytest.raises(branch) as caught:
        yield
    assert caught.value.code == rule.code, str(caught.value)
    assert isinstance(caught.value.detail, str)
