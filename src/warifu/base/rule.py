"""Rules and leniencies: the tables from which errors, explanations and documents are made."""

from __future__ import annotations

from msgspec import Struct


class Text(Struct, frozen=True):
    """One sentence in the two languages people read. Both are written, neither is translated."""

    ja: str
    en: str


class Rule(Struct, frozen=True, kw_only=True):
    """One requirement on received bytes, and the clause it comes from.

    A rule that is not met refuses the evidence; its `code` is then the stable error code.
    """

    code: str
    """Stable and machine-readable, ``<area>/<name>``, for example ``android-key/challenge``."""
    clause: str
    """The source: specification and clause, or the observation that made the rule necessary."""
    requires: Text
    """What must hold, as a sentence that may be shown to anyone."""
    stops: str = ""
    """The attack or accident this rule stops, in English, for the documents."""


class Leniency(Struct, frozen=True, kw_only=True):
    """A departure from a specification that real, honest devices make and that we accept.

    Every use is counted in the claims. None may let a signature go unverified, a chain end anywhere
    but at an anchor, or a key go unbound.
    """

    name: str
    """Stable, ``<area>/<name>``, for example ``der/true-not-ff``."""
    departs_from: str
    """The clause that the device does not follow."""
    seen_on: str
    """Where it was observed."""
