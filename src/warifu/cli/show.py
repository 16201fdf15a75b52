"""How a command shows what came out: options that commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from warifu.cli.words import Language, language_of_environment


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Show:
    """How to show it."""

    json: Annotated[bool, Parameter(negative=())] = False
    """Print as JSON."""
    lang: Language | None = None
    """Language of the output; from the locale unless given."""

    @property
    def language(self) -> Language:
        """The language that was asked for."""
        return self.lang or language_of_environment()
