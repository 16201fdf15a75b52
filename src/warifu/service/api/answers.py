"""What successful answers share: entity tags, preconditions, pages and cursors."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar import Response
from litestar.params import HeaderParameter, QueryParameter
from msgspec import Struct

from warifu.base.errors import Misuse
from warifu.service.api.rules import CURSOR, PRECONDITION
from warifu.service.conduct.rules import UNCHANGED

USUAL_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR_LENGTH = 200
ETAG_OCTETS = 16

Answer = TypeVar("Answer")
Item = TypeVar("Item")

Limit = Annotated[
    int,
    QueryParameter(name="limit", ge=1, le=MAX_LIMIT, description="How many at most."),
]
"""A list's ``limit``; give it `USUAL_LIMIT` as default."""
After = Annotated[
    str | None,
    QueryParameter(
        name="after",
        max_length=MAX_CURSOR_LENGTH,
        required=False,
        description="“next” of the page before, unchanged.",
    ),
]
"""A list's ``after``; give it None as default, and `read_cursor` its value."""
IfMatch = Annotated[
    str | None,
    HeaderParameter(
        name="If-Match",
        max_length=200,
        required=False,
        description="The ETag of what is changed, as it was last fetched.",
    ),
]
"""A change's ``If-Match``; give it None as default, and `require_match` its value."""


class Page(Struct, Generic[Item], frozen=True, kw_only=True):
    """A part of a list, newest first."""

    items: Sequence[Item]
    next: str | None = None
    """For ``after`` of the request for the next page; null where this is the last."""


def page(items: Sequence[Item], *, limit: int, by: Callable[[Item], str]) -> Page[Item]:
    """The first `limit` of the items, and the cursor of the rest.

    Args:
        items: In order; one more than `limit` where there are more.
        limit: How many to show.
        by: The id that the list is sorted by.
    """
    shown = items[:limit]
    return Page(items=shown, next=cursor(by(shown[-1])) if len(items) > limit else None)


def cursor(last: str) -> str:
    """A cursor that goes on after an id."""
    return urlsafe_b64encode(last.encode()).rstrip(b"=").decode()


def read_cursor(after: str | None) -> str | None:
    """The id after which to go on, or None for the first page.

    Raises:
        Misuse: ``request/cursor``.
    """
    if after is None:
        return None
    try:
        data = urlsafe_b64decode(after.encode("ascii") + b"=" * (-len(after) % 4))
        last = data.decode("ascii")
    except (UnicodeError, binascii.Error) as error:
        raise Misuse(CURSOR) from error
    if not last or not last.isprintable() or cursor(last) != after:
        raise Misuse(CURSOR)
    return last


def read_place(after: str | None) -> tuple[int, str] | None:
    """When the last file of the page before was created, in microseconds, and its digest.

    Raises:
        Misuse: ``request/cursor``.
    """
    last = read_cursor(after)
    if last is None:
        return None
    created, _, digest = last.partition(".")
    if not (created.isascii() and created.isdigit() and len(created) < 19):
        raise Misuse(CURSOR)
    return int(created), digest


class Tagged(Response[Answer]):
    """An answer with an entity tag; 304 where the caller has it already."""


def tagged(answer: Answer, *, status: int | None = None) -> Response[Answer]:
    """Answer with an entity tag. Annotate the handler ``-> Response[TheAnswer]``."""
    body = msgspec.json.encode(answer)
    response: Response[Any] = Tagged(content=body, status_code=status)
    response.headers["ETag"] = _etag(body)
    return response


def etag_of(answer: object) -> str:
    """The entity tag (strong, quoted) under which `tagged` shows an answer."""
    return _etag(msgspec.json.encode(answer))


def require_match(if_match: str | None, present: str) -> None:
    """Refuse a change to something that the caller has not seen as it is now.

    Args:
        if_match: The request's ``If-Match``.
        present: The entity tag of what is stored, see `etag_of`.

    Raises:
        Misuse: ``request/precondition`` where it is missing; ``request/unchanged`` where it names
            another state.
    """
    if if_match is None:
        raise Misuse(PRECONDITION)
    if not names(if_match, present):
        raise Misuse(UNCHANGED)


def names(condition: str, etag: str) -> bool:
    """Whether ``If-Match`` or ``If-None-Match`` names an entity tag or ``*``."""
    stated = [each.strip().removeprefix("W/") for each in condition.split(",")]
    return etag in stated or stated == ["*"]


def _etag(body: bytes) -> str:
    digest = sha256(body).digest()[:ETAG_OCTETS]
    return f'"{urlsafe_b64encode(digest).rstrip(b"=").decode()}"'
