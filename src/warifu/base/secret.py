"""Secrets have their own type: never printed, compared in constant time."""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """Bytes that must not reach a log, a trace, an error or a saved verdict.

    Python cannot wipe memory: the bytes live until the interpreter reuses them.
    """

    __slots__ = ("__value",)

    def __init__(self, value: bytes) -> None:
        """Keep `value`; only `reveal` gives it back."""
        self.__value = bytes(value)

    def reveal(self) -> bytes:
        """The bytes, for the one call that needs them."""
        return self.__value

    def matches(self, candidate: bytes) -> bool:
        """Whether `candidate` is the same bytes, in time that does not depend on where it differs.

        This is a comparison of values, not a verification of evidence.
        """
        return hmac.compare_digest(self.__value, candidate)

    def __eq__(self, other: object) -> bool:
        """Equal secrets hold equal bytes, compared in constant time."""
        return isinstance(other, Secret) and hmac.compare_digest(self.__value, other.__value)

    def __hash__(self) -> int:
        """Not by content, which a hash table would leak through timing."""
        return id(type(self))

    def __len__(self) -> int:
        """Number of bytes."""
        return len(self.__value)

    def __repr__(self) -> str:
        """Never the bytes."""
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, _: str) -> str:
        """Never the bytes."""
        return repr(self)

    def __reduce__(self) -> NoReturn:
        """Secrets are not pickled."""
        raise TypeError("secrets are not pickled")
