"""Calling the command line in this process and looking at what it printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from warifu.command import main

if TYPE_CHECKING:
    import pytest


class Run(Struct):
    """One call: its exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """Standard output as JSON."""
        document: dict[str, Any] = json.loads(self.out)
        return document


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> Run:
    """Call ``warifu`` with arguments."""
    status = main([str(each) for each in arguments])
    written = capsys.readouterr()
    return Run(status, written.out, written.err)
