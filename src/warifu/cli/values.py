"""Option values: challenges, times, files."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from warifu.base.codec import text
from warifu.base.errors import MalformedEvidence
from warifu.cli.ending import UsageError
from warifu.cli.inputs import MAX_FILE_BYTES

if TYPE_CHECKING:
    from pathlib import Path

Db = Annotated[str, Parameter(name="--db", env_var="WARIFU_DB")]
"""``sqlite:///file.db`` or ``postgresql://...``. A URL with a password belongs in the environment,
because every process can read the arguments. All commands look there, so that none works on
another database than the one before it."""


def parse_challenge(value: str | None) -> bytes | None:
    """``hex:...``, ``b64:...`` (base64 or base64url), or the text itself as UTF-8.

    Raises:
        UsageError: It is empty, or the hex or base64 does not decode.
    """
    if value is None:
        return None
    if value in {"", "hex:", "b64:"}:
        # An unset variable of a script, which evidence without a challenge would match.
        raise UsageError("--challenge is empty")
    try:
        if value.startswith("hex:"):
            return bytes.fromhex(value[4:])
        if value.startswith("b64:"):
            body = value[4:]
            url = "-" in body or "_" in body
            return text.from_base64url(body) if url else text.from_base64(body)
    except (ValueError, MalformedEvidence) as error:
        raise UsageError(f"--challenge: {value[:80]!r} does not decode") from error
    return parse_text(value, "--challenge").encode()


def parse_text(value: str, option: str) -> str:
    """Text that was given on the command line, which may be any bytes.

    Raises:
        UsageError: It is not text in the terminal's encoding.
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{option}: {value[:80]!r} is not text") from error
    return value


def parse_moment(value: str, option: str) -> datetime:
    """An RFC 3339 time. A bare date means its first moment in UTC.

    Raises:
        UsageError: Not a time, or a time without offset.
    """
    try:
        moment = datetime.fromisoformat(value)
        # The first and the last day there are do not exist in every zone.
        _ = moment.tzinfo and moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option}: {value[:80]!r} is not an RFC 3339 time") from error
    if moment.tzinfo is None:
        if len(value) > len("2026-03-03"):
            raise UsageError(f"{option}: {value[:80]!r} has no UTC offset; write Z or +09:00")
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def read_file(path: Path, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """The content of a file; ``-`` is standard input.

    Raises:
        UsageError: It cannot be read, or is larger than `max_bytes`.
    """
    try:
        if str(path) == "-":
            data = sys.stdin.buffer.read(max_bytes + 1)
        else:
            with path.open("rb") as file:
                data = file.read(max_bytes + 1)
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: {getattr(error, 'strerror', error)}") from error
    if len(data) > max_bytes:
        raise UsageError(f"{path}: larger than {max_bytes} bytes")
    return data
