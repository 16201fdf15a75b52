"""The document for implementers says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.authentication.proofs.world import OK
from warifu.authentication.transaction.answer import RULES as ANSWER_RULES
from warifu.authentication.transaction.proofs import (
    device_key,
    envelope,
    evidence,
    protected_confirmation,
    rules,
    trusted_ui,
)

DOCUMENT = (Path(__file__).parents[3] / "docs/formats/confirmation.md").read_text("utf-8")


@pytest.mark.parametrize("code", [rule.code for rule in (*rules.RULES, *ANSWER_RULES)])
def test_every_refusal_is_listed(code: str) -> None:
    assert f"`{code}`" in DOCUMENT


def test_numbers_and_names_are_those_of_the_code() -> None:
    for stated in (
        f"3: {envelope.ANSWER_TYPE!r}".replace("'", '"'),
        f"16: {trusted_ui.TYPE!r}".replace("'", '"'),
        f"16: {device_key.TYPE!r}".replace("'", '"'),
        f"{trusted_ui.USER_VERIFIED}: bool",
        f"at most {protected_confirmation.MAX_MESSAGE_BYTES} bytes",
        f"at most {evidence.MAX_PROOF_BYTES >> 10} KiB",
    ):
        assert stated in DOCUMENT


def test_the_answer_in_octets_is_as_shown() -> None:
    assert (OK[:6].hex(" "), OK[38:].hex(" ")) == ("a3 01 01 02 58 20", "03 01")
    assert f"{OK[:6].hex(' ')} <32 bytes> {OK[38:].hex(' ')}" in DOCUMENT
