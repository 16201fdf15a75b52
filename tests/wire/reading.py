"""Reading vector files as an implementer would: by their grammar alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "vectors"


@dataclass(frozen=True)
class WireVector:
    name: str
    format: str
    expect: str
    """``accept``, or the code of the rule."""
    headers: dict[str, str]
    body: bytes

    def octets(self, name: str) -> bytes:
        return bytes.fromhex(self.headers[name])

    def number(self, name: str) -> int:
        return int(self.headers[name])

    def flag(self, name: str) -> bool:
        return self.headers.get(name) == "true"

    def moment(self, name: str) -> datetime:
        return datetime.fromisoformat(self.headers[name])

    def listed(self, name: str) -> list[str]:
        found = self.headers.get(name)
        return found.split(", ") if found else []

    def json(self, name: str) -> Any:
        return json.loads(self.headers[name]) if name in self.headers else None

    def referred(self, name: str) -> bytes:
        return read_vector(FOLDER / f"{self.headers[name]}.txt").body


def read_vector(path: Path) -> WireVector:
    head, gap, body = path.read_text("utf-8").partition("\n\n")
    assert gap, path
    headers: dict[str, str] = {}
    for line in head.splitlines():
        key, colon, value = line.partition(": ")
        assert colon or line.endswith(":"), line
        assert key not in headers, line
        headers[key.removesuffix(":")] = value
    name, form, expect = (headers.pop(key) for key in ("name", "format", "expect"))
    assert expect == "accept" or expect.startswith("refuse "), expect
    return WireVector(name, form, expect.removeprefix("refuse "), headers, bytes.fromhex(body))


def all_files() -> list[Path]:
    return sorted(FOLDER.glob("*/*.txt"))
