"""Reading TOML 1.0 with limits: policies, rule sets and settings that somebody sends or stores.

The standard library's reader takes time with the square of a dotted key's length. A person writes
three parts; hundreds of thousands are an attack.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Rule, Text

MAX_KEY_PARTS = 16
"""In one dotted key. Words joined by as many dots within a text count too."""

WELL_FORMED = Rule(
    code="toml/well-formed",
    clause="TOML 1.0.0",
    requires=Text(
        ja="データは、正しいTOML（UTF-8）でなければなりません。",
        en="The data is well-formed TOML in UTF-8, with keys of few parts.",
    ),
    stops="resource exhaustion",
)

_PART = r"""(?:(?<![\w-])[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+"""
_LONG_KEY = re.compile(rf"(?:{_PART}\.[ \t]*+){{{MAX_KEY_PARTS}}}")
"""Possessive, and no part begins within a word: each character is looked at a few times only."""


def decode(data: bytes, *, max_bytes: int) -> dict[str, Any]:
    """Decode a document.

    Args:
        data: UTF-8 text.
        max_bytes: The size above which nothing is read.

    Raises:
        MalformedEvidence: ``toml/well-formed``.
    """
    if len(data) > max_bytes:
        raise MalformedEvidence(WELL_FORMED, f"more than {max_bytes} bytes")
    try:
        text = data.decode("utf-8")
        # Without telling keys from texts: what looks like a long key is refused wherever it is.
        if _LONG_KEY.search(text):
            raise ValueError(f"a key of more than {MAX_KEY_PARTS} parts")
        return tomllib.loads(text)
    except (ValueError, OverflowError, RecursionError) as error:
        raise MalformedEvidence(WELL_FORMED, f"{type(error).__name__}: {error}"[:300]) from error
