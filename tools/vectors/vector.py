"""One vector and the file it is written as; the grammar is in docs/vectors/README.md."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from msgspec import Struct, field

LINE_OCTETS = 48
ACCEPT = "accept"

Value: TypeAlias = "bytes | bool | int | str | datetime | Mapping[str, object] | None"


class Vector(Struct, frozen=True, kw_only=True):
    """Bytes, what they are held against, and the verdict that is demanded."""

    name: str
    format: str
    expect: str = ACCEPT
    """`ACCEPT`, or the code of the rule that refuses."""
    headers: Mapping[str, Value] = field(default_factory=dict)
    """What the bytes are judged by; where they are accepted, what is read in them too."""
    body: bytes

    @property
    def path(self) -> str:
        """In the repository."""
        return f"docs/vectors/{self.format}/{self.name}.txt"

    def write(self) -> str:
        """The file."""
        verdict = self.expect if self.expect == ACCEPT else f"refuse {self.expect}"
        named = {"name": self.name, "format": self.format, "expect": verdict, **self.headers}
        head = [f"{key}: {_text(value)}" for key, value in named.items() if value is not None]
        digits, width = self.body.hex(), 2 * LINE_OCTETS
        lines = [digits[at : at + width] for at in range(0, len(digits), width)]
        return "\n".join([*head, "", *lines]) + "\n"


def family(base: Vector, *variants: tuple[str, str, bytes]) -> list[Vector]:
    """An accepted vector, and variants of its bytes: name, verdict, bytes."""
    return [base, *(variant(base, name, verdict, body=body) for name, verdict, body in variants)]


def variant(
    base: Vector, name: str, expect: str, *, body: bytes | None = None, **headers: Value
) -> Vector:
    """A vector like another one; in the names of headers ``_`` stands for ``-``."""
    changed = {key.replace("_", "-"): value for key, value in headers.items()}
    return Vector(
        name=name,
        format=base.format,
        expect=expect,
        headers={**base.headers, **changed},
        body=base.body if body is None else body,
    )


def _text(value: Value) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, Mapping):
        # ASCII, so that control characters of hostile names stay visible and on the line.
        return json.dumps(value, separators=(",", ":"))
    return str(value)
