"""What warifu refused, in words for the person who is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warifu.demo.bank.pages import Asked, data, language, page

if TYPE_CHECKING:
    from litestar import Response

    from warifu.base.rule import Text
    from warifu.demo.backend import Answer

SERVER_ERRORS = 500


class RefusedError(Exception):
    """The service refused a request that a page made."""

    def __init__(self, answer: Answer) -> None:
        """Keep what it said."""
        super().__init__(answer.code)
        self.answer = answer


def done(answer: Answer) -> dict[str, Any]:
    """What was answered.

    Raises:
        RefusedError: The request was refused.
    """
    if answer.code:
        raise RefusedError(answer)
    return answer.document


def sentence(answer: Answer, chosen: str) -> str:
    """Why, in one language."""
    found: str = answer.document["sentences"][chosen]
    return found


def say(text: Text, request: Asked) -> str:
    """A sentence in the language of whoever asks."""
    return text.ja if language(request) == "ja" else text.en


def refused(request: Asked, text: Text, *, status: int = 409) -> Response[Any]:
    """Tell a script why not."""
    return data({"error": say(text, request)}, status=status)


def tell(request: Asked, error: RefusedError) -> Response[Any]:
    """The problem as a page, or to a script."""
    answer = error.answer
    why = sentence(answer, language(request))
    status = 502 if answer.status >= SERVER_ERRORS else answer.status
    if request.headers.get("content-type", "").startswith("application/json"):
        return data({"error": why, "code": answer.code}, status=status)
    return page(request, "trouble", status=status, reasons=(why,), code=answer.code)
