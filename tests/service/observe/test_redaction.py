"""Nothing is written down that was not meant to be shown."""

import base64
import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.service.house import PLAY_SECRET
from warifu.base.errors import Misuse
from warifu.base.secret import Secret
from warifu.service.observe import redact
from warifu.service.observe.redact import HIDDEN, MAX_CHARACTERS
from warifu.service.settings import SETTINGS, LogLevel

UUID = "01a1fd55-7a80-7bc5-ab70-113b87e77195"
IMEI = "353014080012345"
KEY = bytes(range(7, 39))
SPELLINGS = {
    "hex": KEY.hex(),
    "upper hex": KEY.hex().upper(),
    "hex with colons": KEY.hex(":"),
    "hex with spaces": KEY.hex(" "),
    "base64": base64.b64encode(KEY).decode(),
    "base64url": base64.urlsafe_b64encode(KEY).decode().rstrip("="),
    "imei": IMEI,
    "imei with spaces": "35 301408 001234 5",
    "card": "4111 1111 1111 1111",
    "api key": f"warifu_kaede_{UUID}_{base64.urlsafe_b64encode(KEY).decode().rstrip('=')}",
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_key_or_a_long_number_within_a_text_is_hidden(spelling: str) -> None:
    secret = SPELLINGS[spelling]
    for written in (secret, f"seen {secret}, wanted another", f"key={secret};", f"[{secret}]"):
        shown = redact.text(written)
        assert HIDDEN in shown
        assert all(part not in shown for part in (secret, secret[:14], secret[-14:]))


def test_random_keys_are_hidden_however_they_fall() -> None:
    for _ in range(500):
        key = secrets.token_bytes(32)
        for written in (key.hex(), secrets.token_urlsafe(32), base64.b64encode(key).decode()):
            shown = redact.text(f"got {written}")
            assert not any(written[i : i + 12] in shown for i in range(len(written) - 12)), shown


@pytest.mark.parametrize(
    "text",
    [
        UUID,
        f"urn:uuid:{UUID}",
        "challenge/unused",
        "app-attest-assertion/counter",
        "warifu.service.conduct.decisions.decision:decide:41",
        "confirmed 1 day, 0:00:03 before, limit 1 day, 0:00:00",
        "2026-11-21T09:00:00Z",
        "2026-11-21 09:00:00+00:00",
        "jp.example.bank",
        "more than 1048576 bytes",
        "署名を検証できませんでした",
    ],
)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redact.text(text) == text


def test_types_are_shown_by_what_they_are_and_unknown_ones_by_name_only() -> None:
    class Customer:
        def __repr__(self) -> str:
            return "Customer(yamada-taro)"

        __str__ = __repr__

    assert redact.value(Customer()) == "<Customer>"
    assert redact.value(Customer) == "<type>"
    assert redact.value({"a": [Customer(), Secret(PLAY_SECRET)]}) == {"a": ["<Customer>", HIDDEN]}
    assert redact.value(b"secret") == "<6 bytes>"
    assert redact.value(bytearray(b"secret")) == "<6 bytes>"
    assert redact.value(int(IMEI)) == HIDDEN
    assert redact.value(-int(IMEI)) == HIDDEN
    assert redact.value(200) == 200
    assert redact.value(value_of_enum := LogLevel.INFO) == value_of_enum.value
    assert redact.value(datetime(2026, 11, 21, tzinfo=UTC)) == "2026-11-21T00:00:00+00:00"
    assert redact.value(Path("trust/index")) == "trust/index"
    assert redact.value((None, True, 1.5)) == [None, True, 1.5]


def test_depth_and_length_are_bounded() -> None:
    deep: object = "x"
    for _ in range(100):
        deep = [deep]
    assert "list" in str(redact.value(deep))
    assert len(redact.text("word " * 10_000)) <= MAX_CHARACTERS + 1
    shown = redact.value(list(range(1000)))
    assert isinstance(shown, list)
    assert len(shown) == redact.MAX_ITEMS


def test_a_foreign_exception_is_shown_by_type_and_place_without_its_words() -> None:
    with pytest.raises(ValueError, match="hunter2") as caught:
        int("hunter2-of-yamada")
    shown = redact.exception(caught.value)
    assert shown["type"] == "ValueError"
    assert "hunter2" not in str(shown)
    assert any("without_its_words" in frame for frame in shown["at"])  # type: ignore[attr-defined]


def test_our_own_exception_keeps_its_code_and_its_cause_only_its_type() -> None:
    error = Misuse(SETTINGS, f"unknown field {KEY.hex()}")
    error.__cause__ = KeyError("yamada")
    shown = redact.exception(error)
    assert shown["code"] == SETTINGS.code
    assert shown["detail"] == f"unknown field {HIDDEN}"
    assert "yamada" not in str(shown)
    assert "KeyError" in str(shown["because"])
