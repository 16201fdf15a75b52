"""A secret reaches no log, no trace, no error, no document."""

import copy
import logging
import pickle

import pytest

from warifu.attestation.document import to_plain
from warifu.base.secret import Secret

HIDDEN = b"correct horse battery staple"


@pytest.mark.parametrize("show", [repr, str, "{}".format, lambda s: f"{s!r:>40}", ascii])
def test_a_secret_does_not_print(show: object) -> None:
    assert show(Secret(HIDDEN)).strip() == "Secret(***)"  # type: ignore[operator]


def test_a_secret_does_not_print_inside_other_things(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").error("%s", {"key": [Secret(HIDDEN)]})
    assert "horse" not in caplog.text


def test_a_secret_is_not_pickled_or_copied_by_pickling() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret(HIDDEN))
    with pytest.raises(TypeError, match="not pickled"):
        copy.copy(Secret(HIDDEN))


def test_a_secret_is_null_in_a_document() -> None:
    assert to_plain(Secret(HIDDEN)) is None


def test_secrets_compare_by_content() -> None:
    assert Secret(HIDDEN) == Secret(HIDDEN)
    assert Secret(HIDDEN) != Secret(b"other")
    assert Secret(HIDDEN) != HIDDEN
    assert Secret(HIDDEN).matches(HIDDEN)
    assert not Secret(HIDDEN).matches(b"other")
    assert hash(Secret(HIDDEN)) == hash(Secret(b"other"))


def test_only_reveal_gives_a_secret_back() -> None:
    secret = Secret(HIDDEN)
    assert secret.reveal() == HIDDEN
    assert len(secret) == len(HIDDEN)
    assert not hasattr(secret, "__dict__")
