"""The register and the tree of facts are one thing."""

from typing import Any, get_args, get_type_hints

import pytest

from warifu.risk.decision.facts import REGISTER, Facts, Operation


def leaves() -> dict[str, Any]:
    return {
        f"{group}.{name}": hint
        for group, part in get_type_hints(Facts).items()
        for name, hint in get_type_hints(part).items()
    }


def test_every_fact_is_registered_and_nothing_else() -> None:
    assert set(REGISTER) == set(leaves())


@pytest.mark.parametrize("path", sorted(REGISTER))
def test_registered_kind_is_the_kind_of_the_field(path: str) -> None:
    hint = leaves()[path]
    if hint is Operation:
        assert REGISTER[path].kind is str
        return
    kinds = {getattr(each, "__origin__", each) for each in get_args(hint)}
    assert kinds == {REGISTER[path].kind, type(None)}


@pytest.mark.parametrize("path", sorted(REGISTER))
def test_every_fact_has_words_in_both_languages(path: str) -> None:
    words = REGISTER[path].words
    assert words.en.isascii()
    assert words.ja
    assert words.ja != words.en
