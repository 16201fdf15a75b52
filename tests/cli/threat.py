"""Calls of ``warifu threat``."""

from typing import Any

import pytest

from tests.cli.runner import Run, run


class Threat:
    """Calls ``warifu threat``."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.capsys = capsys

    def __call__(self, *arguments: object) -> Run:
        return run(self.capsys, "threat", *arguments)

    def json(self, *arguments: object, status: int = 0) -> dict[str, Any]:
        done = self(*arguments, "--json")
        assert done.status == status, done.err
        return done.document
