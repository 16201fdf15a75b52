"""Names and free texts: what is refused, what is flagged, and which honest names pass."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.authentication.transaction.cases import DOCUMENT, SIGNATURE, changed, paid_to, rewritten
from tests.support import misuse, refused
from warifu.authentication.transaction import rules
from warifu.authentication.transaction.characters import REPERTOIRE, Script, range_of, script_of
from warifu.authentication.transaction.encoding import decode, encode
from warifu.authentication.transaction.payee import LookAlike, check_payee
from warifu.authentication.transaction.value import Document
from warifu.base.errors import Misuse

INVISIBLE = {
    "null": "\0",
    "line feed": "\n",
    "carriage return": "\r",
    "tab": "\t",
    "escape": "\x1b",
    "delete": "\x7f",
    "next line": "\x85",
    "soft hyphen": "\xad",
    "combining acute": "\u0301",
    "grapheme joiner": "\u034f",
    "arabic letter mark": "\u061c",
    "hangul filler": "\u3164",
    "zero-width space": "\u200b",
    "zero-width joiner": "\u200d",
    "left-to-right mark": "\u200e",
    "right-to-left override": "\u202e",
    "line separator": "\u2028",
    "word joiner": "\u2060",
    "right-to-left isolate": "\u2067",
    "byte order mark": "\ufeff",
    "variation selector": "\ufe0f",
    "ideographic variation": "\U000e0100",
    "tag": "\U000e0041",
    "private use": "\ue000",
    "private plane": "\U0010fffd",
    "unassigned": "\u0378",
    "not a character": "\uffff",
    "lone surrogate": "\ud800",
    "combining voiced mark": "\u3099",
    "right-to-left letter": "\u05d0",
    "emoji": "\U0001f4b4",
    "heading bracket": "【",
}
JOINED = {"combining acute", "combining voiced mark"}
"""Normalisation makes one letter of them and what stands before."""
NOT_NORMAL = {
    "half-width kana": "ﾆｼﾑﾗ",
    "full-width letter": "Ａ",
    "full-width digit": "１",
    "full-width space": "西村\u3000太郎",
    "no-break space": "a\u00a0b",
    "ligature": "ﬁ",
    "circled digit": "①",
    "abbreviated company": "㈱",
    "mathematical letter": "\U0001d400",
    "decomposed": "カ\u3099",
    "compatibility ideograph": "\uf919",
    "radical": "\u2f00",
    "angstrom": "\u212b",
}


@pytest.mark.parametrize("name", INVISIBLE)
def test_character_that_is_not_drawn_as_it_stands_is_refused(name: str) -> None:
    for hidden in (f"ニシ{INVISIBLE[name]}ムラ", f"{INVISIBLE[name]}a", f"a{INVISIBLE[name]}"):
        with misuse(rules.NORMALISED if name == "hangul filler" else rules.CHARACTERS):
            encode(paid_to(name=hidden))
        with misuse(rules.NORMALISED if name == "hangul filler" else rules.CHARACTERS):
            encode(changed(purpose=hidden))
        document = Document(sha256=DOCUMENT.sha256, title=hidden, pages=DOCUMENT.pages)
        with misuse(rules.NORMALISED if name == "hangul filler" else rules.CHARACTERS):
            encode(changed(SIGNATURE, document=document))
        if name not in JOINED:
            with pytest.raises(Misuse):
                check_payee(hidden)


@pytest.mark.parametrize("name", NOT_NORMAL)
def test_text_that_is_not_normalised_is_refused(name: str) -> None:
    with misuse(rules.CHARACTERS if name == "decomposed" else rules.NORMALISED):
        encode(paid_to(name=NOT_NORMAL[name]))
    with misuse(rules.CHARACTERS if name == "decomposed" else rules.NORMALISED):
        encode(changed(purpose=NOT_NORMAL[name]))


@pytest.mark.parametrize("text", [" a", "a ", "a  b", " ", "a" + " " * 40 + "1"])
def test_spaces_that_move_words_are_refused(text: str) -> None:
    with misuse(rules.SPACES):
        encode(paid_to(name=text))
    with misuse(rules.SPACES):
        encode(changed(purpose=text))


@pytest.mark.parametrize("text", ["", "あ" * 141, "𠮷" * 106], ids=["empty", "long", "bytes"])
def test_text_of_no_or_too_great_length_is_refused(text: str) -> None:
    with misuse(rules.LENGTH):
        encode(paid_to(name=text))
    with misuse(rules.LENGTH):
        encode(changed(purpose=text))


def test_name_too_long_to_be_normalised_is_refused() -> None:
    with misuse(rules.LENGTH):
        check_payee("\ufdfa" * 281)


def test_received_bytes_are_held_to_the_same_rules() -> None:
    with refused(rules.CHARACTERS):
        decode(rewritten({13: "1\u202e"}))
    with refused(rules.NORMALISED):
        decode(rewritten({13: "１"}))
    with refused(rules.SPACES):
        decode(rewritten({13: " 1"}))
    with refused(rules.LENGTH):
        decode(rewritten({13: ""}))
    with refused(rules.SCRIPTS):
        decode(rewritten({13: "p\u0430ypal"}))
    with refused(rules.IDENTIFIER):
        decode(rewritten({5: ""}))


@pytest.mark.parametrize(
    "name",
    ["\u0430mazon", "АВС", "ΑΒΓ", "ニシムラ\u0410", "김철수"],
    ids=["one letter", "all Cyrillic", "all Greek", "beside kana", "hangul"],
)
def test_payee_in_look_alike_letters_is_refused(name: str) -> None:
    with misuse(rules.PAYEE_SCRIPT):
        check_payee(name)
    with misuse(rules.PAYEE_SCRIPT):
        encode(paid_to(name=name))
    with misuse(rules.PAYEE_SCRIPT):
        encode(paid_to(bank_name=name))
    with misuse(rules.PAYEE_SCRIPT):
        encode(paid_to(branch_name=name))


def test_account_in_received_bytes_is_held_to_its_numbering() -> None:
    payee = {1: "A", 2: 1, 3: "0001", 5: "001", 8: "12345678"}
    with refused(rules.ACCOUNT):
        decode(rewritten({12: payee}))
    with refused(rules.PAYEE_SCRIPT):
        decode(rewritten({12: payee | {1: "\u0410"}}))


@pytest.mark.parametrize("text", ["p\u0430ypal", "αlpha", "請求書 Gοοgle", "Бank"])
def test_word_in_two_european_scripts_is_refused(text: str) -> None:
    with misuse(rules.SCRIPTS):
        encode(changed(purpose=text))
    with misuse(rules.SCRIPTS):
        encode(
            changed(
                SIGNATURE,
                document=Document(sha256=DOCUMENT.sha256, title=text, pages=DOCUMENT.pages),
            )
        )


@pytest.mark.parametrize(
    "text", ["Москва 2026", "α版 the test", "서울 travel", "家賃(11月)", "βテスト"]
)
def test_purpose_may_be_written_in_any_script_of_the_repertoire(text: str) -> None:
    asked = changed(purpose=text)
    assert decode(encode(asked)) == asked


@pytest.mark.parametrize(
    "name",
    [
        *(
            "ニシムラ タロウ",
            "工藤 力",
            "株式会社ニシムラ",
            "八木 一郎",
            "サーバー カブシキガイシヤ",
        ),
        *("カトウ工業", "山﨑 𠮷子", "髙橋ハルカ", "Erika Müstermann", "Nguyễn Văn An", "ロ", "々"),
        *("山 口", "佐藤 二"),
        *("三菱UFJ銀行", "トト ハハ", "Ōno & Co., Ltd.", "JOHN O SMITH"),
    ],
)
def test_honest_name_passes_without_a_flag(name: str) -> None:
    checked = check_payee(name)
    assert (checked.name, checked.flags) == (name, ())
    encode(paid_to(name=name))


@pytest.mark.parametrize(
    ("name", "place", "twin"),
    [
        ("二シムラ", 0, "ニ"),
        ("エ藤 力", 0, "工"),
        ("サ一ビス", 1, "ー"),
        ("口ボット", 0, "ロ"),
        ("佐藤ニ郎", 2, "二"),
        ("ヘのへの", 0, "へ"),
        ("G0OGLE", 1, "O"),
        ("PAYPA1", 5, "I"),
        ("1l23", 1, "1"),
        ("サ―ビス", 1, "ー"),
        ("サービ−ス", 3, "ー"),
        ("□ボット", 0, "ロ"),
        ("山□商店", 1, "口"),
    ],
)
def test_look_alike_out_of_place_is_flagged_and_not_refused(
    name: str, place: int, twin: str
) -> None:
    checked = check_payee(name)
    assert LookAlike(place=place, character=name[place], twin=twin) in checked.flags
    encode(paid_to(name=name))


@pytest.mark.parametrize(
    ("typed", "name", "zengin"),
    [
        ("ﾆｼﾑﾗ ﾀﾛｳ", "ニシムラ タロウ", True),
        ("ｶ)ﾜﾘﾌ", "カ)ワリフ", True),
        ("ﾀﾞｲｲﾁ(ｶ", "ダイイチ(カ", True),
        ("ABC-1.2/3", "ABC-1.2/3", True),
        ("㈱ワリフ", "(株)ワリフ", False),
        ("キュウヨ", "キュウヨ", False),
        ("ｷｭｳﾖ", "キュウヨ", False),
        ("Ａｂｃ", "Abc", False),
        ("西村\u3000太郎", "西村 太郎", False),
        ("か\u3099", "が", False),
    ],
)
def test_name_is_normalised_and_its_character_set_told(
    typed: str,
    name: str,
    zengin: bool,  # noqa: FBT001 - a column of the table
) -> None:
    checked = check_payee(typed)
    assert (checked.name, checked.zengin) == (name, zengin)


@given(st.text(max_size=300))
def test_any_name_is_normal_or_refused(typed: str) -> None:
    try:
        checked = check_payee(typed)
    except Misuse:
        return
    assert check_payee(checked.name) == checked
    asked = paid_to(name=checked.name)
    assert decode(encode(asked)) == asked


def test_repertoire_is_in_order_without_overlap() -> None:
    for one, next_one in pairwise(REPERTOIRE):
        assert one.first <= one.last < next_one.first


@pytest.mark.parametrize(
    ("character", "script"),
    [
        *(
            ("あ", Script.HIRAGANA),
            ("ー", Script.KATAKANA),
            ("々", Script.HAN),
            ("é", Script.LATIN),
        ),
        *(("я", Script.CYRILLIC), ("ω", Script.GREEK), ("한", Script.HANGUL), ("1", Script.COMMON)),
        *(("\0", Script.COMMON), ("\U0010ffff", Script.COMMON)),
    ],
    ids=lambda value: f"{ord(value):x}" if len(value) == 1 else value,
)
def test_script_of_a_character(character: str, script: Script) -> None:
    assert script_of(character) is script


def test_no_character_of_the_repertoire_is_invisible_or_unassigned() -> None:
    import unicodedata  # noqa: PLC0415 - the interpreter's tables are asked here only

    bad = {"Cc", "Cf", "Cs", "Co", "Cn", "Mn", "Me", "Mc", "Zl", "Zp"}
    for each in REPERTOIRE:
        for point in range(each.first, each.last + 1):
            character = chr(point)
            assert unicodedata.category(character) not in bad, hex(point)
            assert unicodedata.bidirectional(character) not in {"R", "AL", "RLE", "RLO"}
            assert range_of(character) == each
