"""The text lets the person see what is signed, and nothing in it can pass for something else."""

import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from tests.authentication.transaction.cases import (
    ABROAD,
    DOCUMENT,
    ONE_OF_EACH,
    SIGNATURE,
    TRANSFER,
    changed,
    paid_to,
)
from tests.authentication.transaction.strategies import transactions
from tests.support import misuse
from warifu.authentication.transaction import rules
from warifu.authentication.transaction.currency import (
    _BY_EXPONENT,
    EXPONENTS,
    MAX_MINOR,
    decimal,
    grouped,
)
from warifu.authentication.transaction.rendering import (
    INDENT,
    RENDERERS,
    VERSION,
    WIDTH,
    render,
    short_id,
)
from warifu.authentication.transaction.value import (
    AccountType,
    Amount,
    Kind,
    Language,
    NameCheck,
    Transaction,
)
from warifu.authentication.transaction.width import columns, wrap
from warifu.authentication.transaction.words import WORDS

JAPANESE = """\
【お振込みの確認】
次の内容をご確認のうえ、承認また
は拒否を選択してください。お心当
たりのない場合は、承認しないでく
ださい。
お振込金額
  1,234,567円
お受取人
  ニシムラ タロウ
口座名義の確認結果
  口座名義と一致しました。
金融機関
  0001 さくら銀行
支店
  012 本店営業部
口座番号
  普通 0123456
ご依頼の内容
  11月分家賃
受付日時（日本時間）
  2026年11月22日 10:02:03
回答期限（日本時間）
  2026年11月22日 10:07:03
確認の依頼元
  confirm.bank.example
お客さま識別番号
  customer-7
端末識別番号
  device-3
受付番号
  0C0D-0E0F"""
ENGLISH = (
    "[CONFIRM TRANSFER]",
    "Please check the details, then ",
    "approve or refuse. If you did ",
    "not ask for this, do not ",
    "approve it.",
    "Amount",
    "  EUR 1,234.56",
    "Payee",
    "  Erika Mustermann",
    "Check of the payee's name",
    "  The name could not be ",
    "  checked. Please make sure of ",
    "  the payee.",
    "Bank",
    "  COBADEFFXXX",
    "Account",
    "  DE89370400440532013000",
    "Asked at (UTC)",
    "  2026-11-22 01:02:03",
    "Answer before (UTC)",
    "  2026-11-22 01:07:03",
    "Asked by",
    "  confirm.bank.example",
    "Customer",
    "  customer-7",
    "Device",
    "  device-3",
    "Reference",
    "  0C0D-0E0F",
)


def values(transaction: Transaction) -> list[str]:
    """What stands below each label, its lines joined together again."""
    found: list[str] = []
    below = False
    for line in render(transaction).lines:
        if line.startswith(INDENT):
            if not below:
                found.append("")
            found[-1] += line.removeprefix(INDENT)
        below = line.startswith(INDENT)
    return found


def test_japanese_text_is_pinned_to_its_version() -> None:
    assert VERSION == 1
    assert render(TRANSFER).text == JAPANESE


def test_english_text_is_pinned_to_its_version() -> None:
    asked = changed(
        payee=ABROAD,
        amount=Amount(minor=123_456, currency="EUR"),
        purpose=None,
        language=Language.EN,
    )
    assert render(asked).lines == ENGLISH


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", Language)
def test_every_kind_says_what_it_is(kind: Kind, language: Language) -> None:
    shown = render(changed(ONE_OF_EACH[kind], language=language))
    assert shown.lines[0] == WORDS[language].headings[kind]
    assert shown.text == "\n".join(shown.lines)


@pytest.mark.parametrize("language", Language)
def test_no_label_is_broken(language: Language) -> None:
    words = WORDS[language]
    labels = [
        *words.headings.values(),
        *words.amounts.values(),
        *words.payees.values(),
        *(words.name_check, words.bank, words.branch, words.account, words.purpose, words.title),
        *(words.pages, words.fingerprint, words.asked, words.expires, words.verifier),
        *(words.user, words.device, words.operation),
    ]
    assert max(map(columns, labels)) <= WIDTH


def test_a_document_is_shown_with_its_whole_digest_and_its_pages() -> None:
    shown = values(SIGNATURE)
    assert shown[0] == DOCUMENT.title
    assert shown[1] == "全3ページ"
    assert shown[2].replace(" ", "").lower() == DOCUMENT.sha256.hex()
    assert values(changed(SIGNATURE, language=Language.EN))[1] == "3"


@pytest.mark.parametrize("language", Language)
def test_every_end_of_the_name_check_reads_differently(language: Language) -> None:
    texts = {render(changed(paid_to(name_check=end), language=language)).text for end in NameCheck}
    assert len(texts) == len(NameCheck)


def test_a_payee_whose_name_differs_comes_with_a_warning() -> None:
    asked = paid_to(name_check=NameCheck.DIFFERS)
    assert "詐欺" in render(asked).text
    assert "WARNING" in render(changed(asked, language=Language.EN)).text


@pytest.mark.parametrize("kind", AccountType)
def test_every_type_of_account_reads_differently(kind: AccountType) -> None:
    assert (
        values(paid_to(account_type=kind))[5] == WORDS[Language.JA].account_types[kind] + "0123456"
    )
    assert values(paid_to(account_type=None))[5] == "0123456"


def test_the_largest_amount_stands_whole_on_the_first_line_of_values() -> None:
    longest = "あ" * 140
    for currency in EXPONENTS:
        asked = changed(paid_to(name=longest), amount=Amount(minor=MAX_MINOR, currency=currency))
        lines = render(asked).lines
        first = next(line for line in lines if line.startswith(INDENT))
        assert re.sub(r"[^0-9]", "", first) == str(MAX_MINOR)
        assert longest in values(asked)


def test_a_long_payee_cannot_put_an_amount_where_a_label_is_expected() -> None:
    forged = "あ" * 15 + "お振込金額" + "あ" * 10 + "1円"
    asked = paid_to(name=forged)
    assert render(asked).lines.count("お振込金額") == 1
    assert values(asked)[1] == forged


def test_a_bank_cannot_name_another_banks_code() -> None:
    assert values(paid_to(bank_name="9999 さくら銀行"))[3] == "0001 9999 さくら銀行"


def test_a_text_is_not_made_of_fields_that_break_a_rule() -> None:
    with misuse(rules.CHARACTERS):
        render(paid_to(name="\u202eオウロタ"))


@given(transactions())
def test_lines_fit_the_display_and_lose_no_character(asked: Transaction) -> None:
    shown = render(asked)
    assert max(map(columns, shown.lines)) <= WIDTH
    found = values(asked)
    assert {asked.verifier, asked.user, asked.device, short_id(asked.operation)} <= set(found)
    assert asked.purpose is None or asked.purpose in found
    assert asked.payee is None or asked.payee.name in found
    assert asked.document is None or asked.document.title in found
    assert asked.amount is None or grouped(asked.amount) in found[0]


@pytest.mark.parametrize(
    "change",
    [
        {"amount": Amount(minor=1_234_568, currency="JPY")},
        {"amount": Amount(minor=1_234_567, currency="KRW")},
        {"purpose": "12月分家賃"},
        {"purpose": None},
        {"verifier": "confirm.bank.test"},
        {"user": "customer-8"},
        {"device": "device-4"},
        {"at": TRANSFER.at + timedelta(seconds=1)},
        {"expires_at": TRANSFER.expires_at + timedelta(seconds=1)},
        {"operation": bytes(16)},
        {"language": Language.EN},
        {"kind": Kind.LINK_ACCOUNT},
    ],
    ids=repr,
)
def test_every_field_that_means_something_can_be_read(change: dict[str, Any]) -> None:
    assert render(changed(**change)).text != JAPANESE


@pytest.mark.parametrize("field", ["name", "bank", "bank_name", "branch", "branch_name", "account"])
def test_every_field_of_the_payee_can_be_read(field: str) -> None:
    other = {"bank": "0005", "branch": "013", "account": "0123457"}.get(field, "カエタ")
    assert render(paid_to(**{field: other})).text != JAPANESE


def test_the_version_that_is_made_is_one_that_can_be_made_again() -> None:
    assert VERSION in RENDERERS


@pytest.mark.parametrize(
    ("minor", "currency", "exact", "for_people"),
    [
        (1_234_567, "JPY", "1234567", "1,234,567"),
        (1234, "USD", "12.34", "12.34"),
        (5, "USD", "0.05", "0.05"),
        (1_000_000_01, "USD", "1000000.01", "1,000,000.01"),
        (1, "BHD", "0.001", "0.001"),
        (MAX_MINOR, "KWD", "9007199254740.991", "9,007,199,254,740.991"),
        (MAX_MINOR, "JPY", "9007199254740991", "9,007,199,254,740,991"),
    ],
)
def test_amounts_are_exact(minor: int, currency: str, exact: str, for_people: str) -> None:
    amount = Amount(minor=minor, currency=currency)
    assert decimal(amount) == exact
    assert grouped(amount) == for_people


def test_no_currency_is_in_the_table_twice() -> None:
    assert all(re.fullmatch("[A-Z]{3}", code) for code in EXPONENTS)
    assert len(EXPONENTS) == sum(len(codes.split()) for codes in _BY_EXPONENT.values())


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("abcd", ["abcd"]),
        ("abcdefghij", ["abcdefgh", "ij"]),
        ("abcde fghij", ["abcde ", "fghij"]),
        ("abcdefgh ij", ["abcdefgh", " ij"]),
        ("あいうえお", ["あいうえ", "お"]),
        ("あいうえ。", ["あいう", "え。"]),
        ("あいう「え", ["あいう", "「え"]),
        ("あい abcde", ["あい ", "abcde"]),
        ("。。。。。", ["。。。。", "。"]),
    ],
)
def test_lines_break_where_a_reader_expects_it(text: str, lines: list[str]) -> None:
    assert list(wrap(text, 8)) == lines
