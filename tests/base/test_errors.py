"""The error tree is what its docstring draws, and each error says what it must to whom."""

from __future__ import annotations

import pickle
import re

import pytest

from warifu.base import errors
from warifu.base.errors import WarifuError
from warifu.base.rule import Rule, Text

RULE = Rule(
    code="area/name",
    clause="X §1",
    requires=Text(ja="成り立つこと。", en="It holds."),
    stops="harm",
)


def subtree(branch: type[WarifuError]) -> dict[str, object]:
    """The tree as stated in `base.errors`; an adapter may refine a leaf for its own use."""
    return {
        leaf.__name__: subtree(leaf)
        for leaf in branch.__subclasses__()
        if leaf.__module__ == errors.__name__
    }


def drawn(lines: list[str], column: int = 0) -> dict[str, object]:
    """The tree in the module's docstring: each name begins at four times its depth."""
    tree: dict[str, object] = {}
    for number, line in enumerate(lines):
        name = re.match(r"^([│├└─ ]*)(\w+)", line)
        assert name is not None
        depth = len(name[1])
        if depth < column:
            break
        if depth == column:
            tree[name[2]] = drawn(lines[number + 1 :], column + 4)
    return tree


def test_the_tree_is_the_one_drawn() -> None:
    drawing = (errors.__doc__ or "").split("::\n\n")[1].split("\n\n")[0]
    lines = [line.removeprefix("    ") for line in drawing.splitlines()]
    assert drawn(lines) == {"WarifuError": subtree(WarifuError)}


def test_fault_of_the_device_and_our_own_are_never_one_branch() -> None:
    assert not issubclass(errors.BadEvidence, errors.VerifierFault)
    assert not issubclass(errors.VerifierFault, errors.BadEvidence)
    assert not issubclass(errors.Misuse, errors.BadEvidence | errors.VerifierFault)


def test_an_error_says_its_code_its_sentence_and_what_was_seen() -> None:
    error = errors.BadEvidence(RULE, "seen")
    assert error.code == "area/name"
    assert error.public == RULE.requires
    assert str(error) == "area/name: It holds. (seen)"


def test_what_was_seen_stays_out_of_the_public_sentence() -> None:
    error = errors.BadEvidence(RULE, "device 42")
    assert "42" not in error.public.en + error.public.ja
    assert str(errors.BadEvidence(RULE)) == "area/name: It holds."


@pytest.mark.parametrize("name", ["requires", "code"])
def test_rules_cannot_be_altered(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(RULE, name, "other")


def test_an_error_crosses_to_another_process_with_its_rule() -> None:
    error = pickle.loads(pickle.dumps(errors.StaleTrust(RULE, "seen")))  # noqa: S301 - our own
    assert type(error) is errors.StaleTrust
    assert (error.rule, error.detail) == (RULE, "seen")
