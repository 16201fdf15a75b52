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

_TOKEN = re.compile(r"""[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+'|\.|[ \t]++|[\s\S]""")
_PART = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-\"'")


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
        _require_short_keys(text)
        return tomllib.loads(text)
    except (ValueError, OverflowError, RecursionError) as error:
        raise MalformedEvidence(WELL_FORMED, f"{type(error).__name__}: {error}"[:300]) from error


def _require_short_keys(text: str) -> None:
    """In one pass, without telling keys from texts: what looks like a long key is refused."""
    dots, after_dot = 0, False
    for found in _TOKEN.finditer(text):
        piece = found[0]
        if piece == ".":
            dots, after_dot = dots + 1, True
            if dots >= MAX_KEY_PARTS:
                raise MalformedEvidence(WELL_FORMED, f"a key of more than {MAX_KEY_PARTS} parts")
        elif piece[0] in _PART:
            dots, after_dot = dots if after_dot else 0, False
        elif piece[0] not in " \t":
            dots, after_dot = 0, False
