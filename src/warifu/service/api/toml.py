"""Bodies in TOML: policies and rule sets are sent as they were written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import HeaderParameter

from warifu.base.errors import Misuse
from warifu.service.api.problems import Fault, FaultyRequest
from warifu.service.conduct.governing.rules import WRITTEN_IN_TOML

TOML = "application/toml"
MAX_TOLD = 500

ContentType = Annotated[str | None, HeaderParameter(name="Content-Type", required=False)]


@dataclass
class TakesToml(Operation):
    """For a handler's ``operation_class``: documents the body."""

    def __post_init__(self) -> None:
        """Say that the body is a file, which is what its header says too."""
        self.parameters = [
            each for each in self.parameters or () if getattr(each, "name", "") != "Content-Type"
        ]
        self.request_body = RequestBody(
            required=True,
            content={TOML: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))},
        )


def require_toml(stated: str | None) -> None:
    """Refuse a body that is not said to be TOML.

    Raises:
        Misuse: ``request/toml``.
    """
    if stated is None or stated.partition(";")[0].strip().lower() != TOML:
        raise Misuse(WRITTEN_IN_TOML)


@contextmanager
def told_to_its_author() -> Iterator[None]:
    """Tell the caller what is wrong with the file, beside the rule that it breaks.

    What is seen in other requests stays with the operator; here the caller wrote all of it.
    """
    try:
        yield
    except Misuse as error:
        if isinstance(error, FaultyRequest) or not error.detail:
            raise
        told = FaultyRequest([Fault(at="body", wanted=error.detail[:MAX_TOLD])])
        told.rule = error.rule
        raise told from error
