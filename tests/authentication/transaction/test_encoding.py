"""One transaction has one encoding, and it contains the text that its fields make."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.authentication.transaction.cases import (
    ABROAD,
    ASKED,
    DOCUMENT,
    ONE_OF_EACH,
    SIGNATURE,
    TRANSFER,
    changed,
    paid_to,
    rewritten,
)
from tests.authentication.transaction.strategies import transactions
from tests.support import misuse, readable, refused
from warifu.authentication.transaction import rules
from warifu.authentication.transaction.encoding import (
    MAX_BYTES,
    decode,
    decode_shown,
    digest,
    encode,
)
from warifu.authentication.transaction.fields import MAX_PAGES
from warifu.authentication.transaction.rendering import render
from warifu.authentication.transaction.value import Amount, Document, Kind, Language, Transaction
from warifu.base.codec import cbor
from warifu.base.errors import BadEvidence, WarifuError

AMOUNT, PAYEE, PURPOSE, DOCUMENT_KEY, FORMAT, RENDERING, TEXT = 11, 12, 13, 14, 1, 22, 23
HONEST = encode(TRANSFER)


@given(transactions())
def test_what_is_written_is_read_again(asked: Transaction) -> None:
    data = encode(asked)
    assert decode(data) == asked
    assert decode_shown(data) == (asked, render(asked))
    assert list(cbor.decode_map(data))[-1] == TEXT


@given(transactions(), st.data())
def test_any_changed_byte_is_refused_or_another_transaction(
    asked: Transaction, data: st.DataObject
) -> None:
    honest = encode(asked)
    place = data.draw(st.integers(0, len(honest) - 1))
    other = bytearray(honest)
    other[place] ^= data.draw(st.integers(1, 255))
    try:
        read = decode(bytes(other))
    except BadEvidence:
        return
    # What the person does not read may differ, and is then another transaction altogether.
    assert read != asked
    assert encode(read) == bytes(other)
    assert changed(read, nonce=asked.nonce, operation=asked.operation, document=None) == changed(
        asked, document=None
    )


def test_every_changed_byte_but_of_id_and_nonce_and_page_is_refused() -> None:
    free = {HONEST.index(TRANSFER.nonce) + place for place in range(16)} | {
        HONEST.index(TRANSFER.operation) + place for place in range(12)
    }
    for place in set(range(len(HONEST))) - free:
        for flip in (0x01, 0x20, 0x80):
            other = bytearray(HONEST)
            other[place] ^= flip
            with pytest.raises(BadEvidence):
                decode(bytes(other))


@given(st.binary(max_size=400))
def test_any_bytes_give_a_transaction_or_an_error_of_the_tree(data: bytes) -> None:
    with pytest.raises(WarifuError):
        decode(data)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 64), (1 << 64) - 1)
    | st.floats()
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.integers(0, 9), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(st.integers(0, 24), VALUES)
def test_any_member_gives_a_transaction_or_an_error_of_the_tree(key: int, value: object) -> None:
    item = cbor.decode_map(HONEST) | {key: value}
    with suppress(WarifuError):
        assert encode(decode(cbor.encode_deterministic(item))) == HONEST


@given(st.integers(0, 9), VALUES)
def test_any_member_of_the_payee_gives_an_error_of_the_tree(key: int, value: object) -> None:
    payee = cbor.decode_map(HONEST)[PAYEE]
    if payee.get(key) != value:
        with pytest.raises(WarifuError):
            decode(rewritten({PAYEE: payee | {key: value}}))


def test_text_swapped_for_a_harmless_one_is_refused() -> None:
    harmless = render(changed(amount=Amount(minor=1, currency="JPY"))).text
    with refused(rules.TEXT):
        decode(rewritten({TEXT: harmless}))


def test_fields_swapped_under_an_approved_text_are_refused() -> None:
    with refused(rules.TEXT):
        decode(rewritten({AMOUNT: [9_234_567, "JPY"]}))


def test_text_in_the_other_language_is_refused() -> None:
    with refused(rules.TEXT):
        decode(rewritten({TEXT: render(changed(language=Language.EN)).text}))


@pytest.mark.parametrize("change", [{RENDERING: 2}, {RENDERING: 0}, {FORMAT: 2}])
def test_other_version_is_refused(change: dict[int, int]) -> None:
    with refused(rules.VERSION):
        decode(rewritten(change))


@pytest.mark.parametrize("missing", sorted({*range(1, 11), RENDERING, TEXT}))
def test_missing_member_is_refused(missing: int) -> None:
    with refused(cbor.EXPECTED_TYPE):
        decode(rewritten({missing: None}))


def test_unknown_member_is_refused() -> None:
    with refused(rules.FORM):
        decode(rewritten({15: "not shown"}))


def test_unknown_member_of_the_payee_is_refused() -> None:
    payee = cbor.decode_map(HONEST)[PAYEE]
    with refused(rules.FORM):
        decode(rewritten({PAYEE: payee | {9: "not shown"}}))


def test_duplicate_key_is_refused() -> None:
    twice = bytes([HONEST[0] + 1]) + HONEST[1:3] + HONEST[1:3] + HONEST[3:]
    with refused(cbor.WELL_FORMED):
        decode(twice)


def test_number_in_a_longer_form_is_refused() -> None:
    assert HONEST[1:3] == b"\x01\x01"
    with refused(rules.FORM):
        decode(HONEST[:2] + b"\x18\x01" + HONEST[3:])


def test_keys_in_another_order_are_refused() -> None:
    item = cbor.decode_map(HONEST)
    head, rest = bytes([0xA0 | len(item)]), dict(reversed(item.items()))
    other = head + b"".join(
        cbor.encode_deterministic(key) + cbor.encode_deterministic(value)
        for key, value in rest.items()
    )
    with refused(rules.FORM):
        decode(other)


@pytest.mark.parametrize("tail", [b"\x00", b"\xf6", HONEST])
def test_bytes_behind_the_text_are_refused(tail: bytes) -> None:
    with refused(cbor.WELL_FORMED):
        decode(HONEST + tail)


def test_more_bytes_than_any_transaction_takes_are_not_read() -> None:
    with refused(rules.FORM):
        decode(bytes(MAX_BYTES + 1))


def test_the_longest_transactions_fit() -> None:
    name = "漢" * 140
    payee = paid_to(name=name, bank_name=name, branch_name=name).payee
    longest = changed(
        payee=payee, purpose=name, verifier="v" * 200, user="u" * 200, device="d" * 200
    )
    document = Document(sha256=bytes(32), title=name, pages=(bytes(32),) * MAX_PAGES)
    for asked in (longest, changed(SIGNATURE, document=document, purpose=name)):
        data = encode(asked)
        assert decode(data) == asked
        assert len(data) <= MAX_BYTES
    # What Android's protected confirmation takes: 0x1800 bytes of prompt and answer together.
    assert len(render(longest).text.encode()) <= 0x1800 - 256


@pytest.mark.parametrize(
    "amount",
    [1.0, True, "1234567", "1e3", "1,234", 0, -1, 1 << 53, None, b"1"],
    ids=repr,
)
def test_amount_that_is_no_whole_positive_number_is_refused(amount: object) -> None:
    with refused(rules.AMOUNT):
        decode(rewritten({AMOUNT: [amount, "JPY"]}))


@pytest.mark.parametrize("amount", [[], [1], [1, "JPY", 2], [1, 392]], ids=repr)
def test_amount_of_another_form_is_refused(amount: list[object]) -> None:
    with refused(rules.FORM):
        decode(rewritten({AMOUNT: amount}))


@pytest.mark.parametrize("code", ["", "jpy", "JP", "XXX", "JPYX", "ＪＰＹ"])
def test_unknown_currency_is_refused(code: str) -> None:
    with refused(rules.CURRENCY):
        decode(rewritten({AMOUNT: [1, code]}))


@pytest.mark.parametrize("number", [0, 6, -1, 1 << 40])
def test_unknown_kind_is_refused(number: int) -> None:
    with refused(rules.FORM):
        decode(rewritten({4: number}))


@pytest.mark.parametrize(
    "document",
    [[], [bytes(32), "title"], [bytes(32), "title", [b"", 1]], ["x", "title", [bytes(32)]]],
    ids=repr,
)
def test_document_of_another_form_is_refused(document: list[object]) -> None:
    with refused(rules.FORM):
        decode(rewritten({DOCUMENT_KEY: document}, SIGNATURE))


@pytest.mark.parametrize(
    "document",
    [
        [bytes(32), "title", []],
        [bytes(31), "title", [bytes(32)]],
        [bytes(32), "title", [bytes(32), bytes(33)]],
        [bytes(32), "title", [bytes(32)] * (MAX_PAGES + 1)],
    ],
    ids=["no pages", "short digest", "long page", "many pages"],
)
def test_document_without_its_digests_is_refused(document: list[object]) -> None:
    with refused(rules.DOCUMENT):
        decode(rewritten({DOCUMENT_KEY: document}, SIGNATURE))


@pytest.mark.parametrize("seconds", [0, -1, (1 << 64) - 1, 1_577_836_799, 7_258_118_400])
def test_time_out_of_range_is_refused(seconds: int) -> None:
    with refused(rules.TIMES):
        decode(rewritten({7: seconds, 8: seconds + 60 if seconds < 1 << 40 else seconds}))


@pytest.mark.parametrize("window", [-60, 0, 9, 86_401])
def test_time_to_answer_out_of_range_is_refused(window: int) -> None:
    asked = int(ASKED.timestamp())
    with refused(rules.TIMES):
        decode(rewritten({8: asked + window}))


@pytest.mark.parametrize(
    "at", [ASKED.replace(tzinfo=None), ASKED + timedelta(microseconds=1)], ids=["naive", "fraction"]
)
def test_time_that_would_be_cut_is_not_written(at: Any) -> None:
    with misuse(rules.TIMES):
        encode(changed(at=at))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (Kind.TRANSFER, {"amount": None}),
        (Kind.TRANSFER, {"payee": None}),
        (Kind.TRANSFER, {"document": DOCUMENT}),
        (Kind.LINK_ACCOUNT, {"payee": None}),
        (Kind.RAISE_LIMIT, {"payee": TRANSFER.payee}),
        (Kind.REGISTER_PAYEE, {"amount": TRANSFER.amount}),
        (Kind.SIGN_DOCUMENT, {"amount": TRANSFER.amount}),
        (Kind.SIGN_DOCUMENT, {"document": None}),
    ],
)
def test_kind_with_fields_of_another_is_refused(kind: Kind, change: dict[str, object]) -> None:
    with misuse(rules.FIELDS):
        encode(changed(ONE_OF_EACH[kind], **change))


def test_payment_smuggled_into_a_document_is_refused() -> None:
    with refused(rules.FIELDS):
        decode(rewritten({AMOUNT: [1, "JPY"]}, SIGNATURE))


@pytest.mark.parametrize(
    "change",
    [
        {"user": ""},
        {"user": "a b"},
        {"device": "d" * 201},
        {"verifier": "b\u0430nk.example"},
        {"verifier": "bank.example\n"},
        {"operation": bytes(15)},
        {"nonce": bytes(17)},
    ],
    ids=[
        *("empty", "space", "long", "homoglyph", "line feed", "operation", "nonce"),
    ],
)
def test_identifier_that_is_not_plain_is_not_written(change: dict[str, Any]) -> None:
    with misuse(rules.IDENTIFIER):
        encode(changed(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"bank": "001"},
        {"bank": "０００１"},
        {"branch": None},
        {"branch": "1234"},
        {"account": "123456"},
        {"account": "12345678"},
        {"account": "123456\n"},
    ],
    ids=readable,
)
def test_account_that_is_not_of_its_numbering_is_not_written(change: dict[str, object]) -> None:
    with misuse(rules.ACCOUNT):
        encode(paid_to(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"account": "DE89370400440532013001"},
        {"branch": "001"},
        {"bank": "COBADEFFXX"},
        {"account": "DE89 3704"},
    ],
    ids=repr,
)
def test_account_abroad_that_is_not_of_its_numbering_is_not_written(
    change: dict[str, object],
) -> None:
    fields = {name: getattr(ABROAD, name) for name in ABROAD.__struct_fields__} | change
    with misuse(rules.ACCOUNT):
        encode(paid_to(**fields))


def test_digest_is_over_the_bytes() -> None:
    assert digest(b"abc").hex().startswith("ba7816bf8f01cfea")
    assert digest(HONEST) != digest(encode(changed(nonce=bytes(16))))


def test_the_format_is_pinned_to_its_version() -> None:
    assert digest(HONEST).hex() == (
        "b9adc55c68e59beb2e6a728a74ff7e225919b2fb3f303bf7538b8d4fe1b0e1f3"
    )
    assert digest(encode(SIGNATURE)).hex() == (
        "f67c4015c828b898249e42d333043644f15b459a9795bb9bd702a2ea1cfedaec"
    )
