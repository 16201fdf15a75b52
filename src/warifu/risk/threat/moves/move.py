"""A move: what an attacker gains from what it has, in which forms, and which defences stop it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from warifu.base.rule import Text
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Trait
from warifu.risk.threat.goals import Gain
from warifu.risk.threat.powers import Power

Atom = Power | Gain
"""What an attacker may have: a power from the start, or a gain on the way."""


class Actor(StrEnum):
    """Who acts in a story."""

    USER = "user"
    ATTACKER = "attacker"
    MALWARE = "malware"
    APP = "app"
    TA = "ta"
    SE = "se"
    SERVER = "server"


class Move(Struct, frozen=True, kw_only=True):
    """Whoever has all of `given` gains `gives`: a Horn rule.

    It is open in forms with `where`, with all of `needs` built in and none of `unless`.
    """

    code: str
    """Stable, ``<theme>/<name>``."""
    gives: Atom
    given: frozenset[Atom]
    where: frozenset[Trait]
    needs: frozenset[Defence]
    """Defences that open this way: what goes by Trusted UI passes the TEE."""
    unless: frozenset[Defence]
    """Any one of them stops the move."""
    says: Text
    """What happens, as one sentence of the story."""
    clause: str
    sender: Actor
    receiver: Actor
    """From whom to whom the move goes in a sequence diagram."""


def move(  # noqa: PLR0913 - a row of the table; each is one column
    code: str,
    gives: Atom,
    given: tuple[Atom, ...] = (),
    *,
    path: tuple[Actor, Actor],
    says: tuple[str, str],
    clause: str,
    where: tuple[Trait, ...] = (),
    needs: tuple[Defence, ...] = (),
    unless: tuple[Defence, ...] = (),
) -> Move:
    """A row of the table of moves; `says` is Japanese and English."""
    ja, en = says
    return Move(
        code=code,
        gives=gives,
        given=frozenset(given),
        where=frozenset(where),
        needs=frozenset(needs),
        unless=frozenset(unless),
        says=Text(ja=ja, en=en),
        clause=clause,
        sender=path[0],
        receiver=path[1],
    )
