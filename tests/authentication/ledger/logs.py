"""A log with a key, witnesses and a clock, for tests."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from warifu.authentication.ledger.checkpoint import Checkpoint, log_key
from warifu.authentication.ledger.note import NoteKey
from warifu.base.errors import Denied
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.base.rule import Rule

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ORIGIN = "bank.example/confirmations"


def signer(seed: str, algorithm: str = "EdDSA") -> SoftwareSigner:
    return SoftwareSigner(algorithm, Secret(sha256(seed.encode()).digest()))


LOG = signer("log")
LOG_KEY: NoteKey = log_key(ORIGIN, LOG.public_key)
HEAD = Checkpoint(origin=ORIGIN, size=3, root=bytes(range(32)))


@contextmanager
def denied(rule: Rule) -> Iterator[None]:
    with pytest.raises(Denied) as caught:
        yield
    assert caught.value.code == rule.code, str(caught.value)
