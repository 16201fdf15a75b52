"""Option values: challenges, times, files."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from warifu.base.codec import text
from warifu.base.errors import MalformedEvidence
from warifu.cli.ending import UsageError
from warifu.cli.inputs import MAX_FILE_BYTES

if TYPE_CHECKING:
    from pathlib import Path


def parse_challenge(value: str | None) -> bytes | None:
    """``hex:...``, ``b64:...`` (base64 or base64url), or the text itself as UTF-8.

    Raises:
        UsageError: The hex or base64 does not decode.
    """
    if value is None:
        return None
    try:
        if value.startswith("hex:"):
            return bytes.fromhex(value[4:])
        if value.startswith("b64:"):
            body = value[4:]
            url = "-" in body or "_" in body
            return text.from_base64url(body) if url else text.from_base64(body)
    except (ValueError, MalformedEvidence) as error:
        raise UsageError(f"--challenge: {value[:80]!r} does not decode") from error
    return value.encode()


def parse_moment(value: str, option: str) -> datetime:
    """An RFC 3339 time. A bare date means its first moment in UTC.

    Raises:
        UsageError: Not a time, or a time without offset.
    """
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise UsageError(f"{option}: {value[:80]!r} is not an RFC 3339 time") from error
    if moment.tzinfo is None:
        if len(value) > len("2026-03-03"):
            raise UsageError(f"{option}: {value[:80]!r} has no UTC offset; write Z or +09:00")
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def read_file(path: Path) -> bytes:
    """The content of a file; ``-`` is standard input.

    Raises:
        UsageError: It cannot be read, or is larger than `inputs.MAX_FILE_BYTES`.
    """
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with path.open("rb") as file:
                data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if len(data) > MAX_FILE_BYTES:
        raise UsageError(f"{path}: larger than {MAX_FILE_BYTES} bytes")
    return data
