"""State tables: moving by them, and drawing them.

A table maps a state to the events it admits, and each event to the state it leads to. Whatever the
table does not have is refused, so nothing that somebody forgot is ever possible.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

from warifu.base.errors import Denied

if TYPE_CHECKING:
    from warifu.base.rule import Rule

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


def advance(table: Mapping[S, Mapping[E, S]], state: S, event: E, rule: Rule) -> S:
    """The state that `event` leads to from `state`.

    Args:
        table: What may follow what.
        state: The present state.
        event: What happened.
        rule: The one that a move outside the table breaks.

    Raises:
        Denied: `rule`, with ``<state> <event>`` as detail.
    """
    reached = table.get(state, {}).get(event)
    if reached is None:
        raise Denied(rule, f"{state.value} {event.value}")
    return reached


def diagram(table: Mapping[S, Mapping[E, S]]) -> str:
    """The table as a mermaid ``stateDiagram-v2``, without the fence around it.

    Args:
        table: What may follow what. Every state is a key of it, and the first one is where it
            starts; states that admit nothing are drawn as ends.
    """
    lines = ["stateDiagram-v2", f"    [*] --> {_node(next(iter(table)))}"]
    for state, events in table.items():
        lines += [
            f"    {_node(state)} --> {_node(reached)}: {event.value}"
            for event, reached in events.items()
        ]
        if not events:
            lines.append(f"    {_node(state)} --> [*]")
    return "\n".join(lines)


def _node(state: Enum) -> str:
    return str(state.value).replace("-", "_")
