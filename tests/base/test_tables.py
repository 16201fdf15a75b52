"""Tables that a module makes of itself: a second import makes the same ones.

Whatever runs at import alone is run again here, where it can be seen to fail.
"""

import pkgutil
import re
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

import pytest
from msgspec import Struct

import warifu.attestation
import warifu.base
import warifu.risk

CORE = sorted(
    found.name
    for room in (warifu.base, warifu.attestation, warifu.risk)
    for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
    if not found.ispkg
)


def made_again(name: str) -> ModuleType:
    """A second copy of a module, beside the one that everything else uses."""
    spec = find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tables(module: ModuleType) -> dict[str, str]:
    """Constants of a module, as text without addresses in memory."""
    return {
        name: re.sub(r" at 0x[0-9a-f]+", "", repr(ordered(value)))
        for name, value in vars(module).items()
        if isinstance(value, dict | tuple | list | frozenset | str | int | bytes)
        and not name.startswith("__")
    }


def ordered(value: Any) -> Any:
    if isinstance(value, Struct):
        return {name: ordered(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [ordered(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(map(repr, value))
    if isinstance(value, dict):
        return {key: ordered(inner) for key, inner in value.items()}
    return value


@pytest.mark.parametrize("name", CORE)
def test_a_module_makes_the_same_tables_again(name: str) -> None:
    first, second = tables(import_module(name)), tables(made_again(name))
    assert first.keys() == second.keys()
    # What is still empty is no table but a memory, which fills with use.
    for table, shown in second.items():
        assert shown in ("{}", first[table]), table
