"""The page of all state tables of the authentications, drawn from the tables themselves."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import TYPE_CHECKING

from tools.docs.rules import GENERATED
from warifu import authentication
from warifu.authentication.binding.states import LIFTED_BY, PLACED_BY, REVOKED_BY, Actor
from warifu.authentication.ceremony.tables import diagram

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

PREFIX = "warifu.authentication."


def states_page() -> str:
    """Every table that a room of `warifu.authentication` has as ``TRANSITIONS``."""
    lines = [
        "# States",
        GENERATED,
        "Whatever a table does not have is refused. States in which nothing is possible are ends.",
    ]
    for module in _modules():
        name = module.__name__.removeprefix(PREFIX)
        lines += ["", f"## `{name}`", "", _first_paragraph(module), ""]
        lines += ["```mermaid", diagram(module.TRANSITIONS), "```"]
    lines += ["", "## Who may hold, lift and revoke a binding", "", *_holds()]
    return "\n".join(lines) + "\n"


def _modules() -> Iterator[ModuleType]:
    for entry in pkgutil.walk_packages(authentication.__path__, PREFIX):
        module = importlib.import_module(entry.name)
        if "\nTRANSITIONS: " in inspect.getsource(module):
            yield module


def _first_paragraph(module: ModuleType) -> str:
    return inspect.cleandoc(module.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def _holds() -> list[str]:
    rows = [
        f"| `{hold.value}` | {_names(PLACED_BY[hold])} | {_names(LIFTED_BY[hold])} |"
        for hold in PLACED_BY
    ]
    return [
        "| hold | placed by | lifted by |",
        "| --- | --- | --- |",
        *rows,
        "",
        f"Revoked by: {_names(REVOKED_BY)}.",
    ]


def _names(actors: frozenset[Actor]) -> str:
    return ", ".join(each.value for each in Actor if each in actors)
