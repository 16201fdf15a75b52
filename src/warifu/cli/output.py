"""Standard output: JSON that is always UTF-8, and an end that never looks like a verdict."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import msgspec
from rich.console import Console


class Terminal(Console):
    """A console that says so where nobody reads on, instead of ending the process as refused."""

    def on_broken_pipe(self) -> NoReturn:
        """Leave the ending to `warifu.cli.main`."""
        raise BrokenPipeError


def write_json(document: object) -> None:
    """One document on one line, in UTF-8 whatever the terminal speaks (RFC 8259 §8.1)."""
    line = msgspec.json.encode(document) + b"\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(line)
    sys.stdout.flush()


def speak_any_terminal() -> None:
    """Characters that a terminal cannot show are escaped; no verdict is lost for want of one."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def abandon_output() -> None:
    """After a broken pipe: what is still buffered goes nowhere, without another complaint."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
