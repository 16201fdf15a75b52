"""What tests of state tables share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from warifu.base.errors import Denied

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.base.rule import Rule


@contextmanager
def denied(rule: Rule) -> Iterator[None]:
    """The move is denied by exactly this rule."""
    with pytest.raises(Denied) as caught:
        yield
    assert caught.value.code == rule.code, str(caught.value)
