"""Any transaction that may be asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unicodedata import is_normalized

from hypothesis import strategies as st

from warifu.authentication.transaction.characters import REPERTOIRE, Script
from warifu.authentication.transaction.currency import EXPONENTS, MAX_MINOR
from warifu.authentication.transaction.fields import FIELDS
from warifu.authentication.transaction.texts import MAX_IDENTIFIER_CHARACTERS, NAME
from warifu.authentication.transaction.value import (
    AccountType,
    Amount,
    Document,
    Kind,
    Language,
    NameCheck,
    Payee,
    Transaction,
)

_FOREIGN = {Script.GREEK, Script.CYRILLIC, Script.HANGUL}
_SPACE = " "


def _is_text(text: str) -> bool:
    fits = 0 < len(text) <= NAME.characters and len(text.encode()) <= NAME.utf8_bytes
    return fits and is_normalized("NFKC", text) and text == _SPACE.join(text.split())


_characters = st.one_of(
    st.just(_SPACE),
    *(
        st.integers(each.first, each.last).map(chr)
        for each in REPERTOIRE
        if each.script not in _FOREIGN
    ),
)
texts = st.lists(_characters, min_size=1, max_size=40).map("".join).filter(_is_text)
identifiers = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E),
    min_size=1,
    max_size=MAX_IDENTIFIER_CHARACTERS,
)
amounts = st.builds(
    Amount, minor=st.integers(1, MAX_MINOR), currency=st.sampled_from(sorted(EXPONENTS))
)
_digits = "0123456789"
domestic = st.builds(
    Payee,
    name=texts,
    name_check=st.sampled_from(NameCheck),
    bank=st.text(_digits, min_size=4, max_size=4),
    bank_name=st.none() | texts,
    branch=st.text(_digits, min_size=3, max_size=3),
    branch_name=st.none() | texts,
    account_type=st.none() | st.sampled_from(AccountType),
    account=st.text(_digits, min_size=7, max_size=7),
)
foreign = st.builds(
    Payee,
    name=texts,
    name_check=st.sampled_from(NameCheck),
    bank=st.sampled_from(["COBADEFFXXX", "CHASUS33"]),
    bank_name=st.none() | texts,
    account=st.text(_digits, min_size=1, max_size=34) | st.just("GB82WEST12345698765432"),
)
_hashes = st.binary(min_size=32, max_size=32)
documents = st.builds(
    Document,
    sha256=_hashes,
    title=texts,
    pages=st.lists(_hashes, min_size=1, max_size=5).map(tuple),
)


@st.composite
def transactions(draw: st.DrawFn) -> Transaction:
    """Of any kind, with any of the fields that the kind may have."""
    kind = draw(st.sampled_from(Kind))
    required, optional = FIELDS[kind]
    makers: dict[str, st.SearchStrategy[object]] = {
        "amount": amounts,
        "payee": domestic | foreign,
        "purpose": texts,
        "document": documents,
    }
    wanted = required | {name for name in sorted(optional) if draw(st.booleans())}
    at = datetime.fromtimestamp(draw(st.integers(1_600_000_000, 4_000_000_000)), UTC)
    given = {name: draw(makers[name]) for name in sorted(wanted)}
    return Transaction(
        verifier=draw(identifiers),
        operation=draw(st.binary(min_size=16, max_size=16)),
        kind=kind,
        user=draw(identifiers),
        device=draw(identifiers),
        at=at,
        expires_at=at + timedelta(seconds=draw(st.integers(10, 86_400))),
        nonce=draw(st.binary(min_size=16, max_size=16)),
        language=draw(st.sampled_from(Language)),
        **given,  # type: ignore[arg-type]
    )
