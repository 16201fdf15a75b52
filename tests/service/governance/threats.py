"""Advisories and measures for tests, and calls about them of which only the caller can be wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.service.attacks.world import TOML, Call
from tests.service.house import rules_for_tests

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.attacks.world import World

ADVISORIES, MEASURES = "/v1/advisories", "/v1/measures"
SOURCE = "https://advisories.example/2026-11"


ASSURED = (
    rules_for_tests()
    + """
[[rules]]
id = "confirmation-assured"
operations = ["transfer"]
holds = "assurance.transaction"
otherwise = { refuse = true }
customer.ja = "お使いの端末では、現在この操作をお取り扱いしていません。"
customer.en = "This service is not offered on this device at present."
analyst.ja = "この端末では、利用者が承認した取引であることを保証できません。"
analyst.en = "That the user approved the transaction is not assured on this device."
""".encode()
)
"""The rule set of the tests, which serves transfers only where they are assured."""


def advisory(name: str = "EX-2026-1", *, model: str = "Tally 1", gives: str = "rw:tee_mem") -> str:
    """One advisory about one model."""
    return f"""
[[advisories]]
id = "{name}"
title = {{ ja = "TEEのメモリが書き換えられる不具合", en = "TEE memory can be altered" }}
published = 2026-11-01
source = "{SOURCE}"
gives = ["{gives}"]

[[advisories.devices]]
platform = "android"
models = ["{model}"]
"""


def measures(*, assumed: str = "", defences: str = "") -> bytes:
    """What a bank states of itself, with at most one of each."""
    lines = ["[threat]"]
    lines += [f'assumed = ["{assumed}"]'] if assumed else []
    lines += [f'defences = ["{defences}"]'] if defences else []
    return "\n".join(lines).encode()


def put(world: World, path: str, source: bytes | str, *, name: str = "aoi") -> dict[str, Any]:
    """What is answered to a file."""
    written = source.encode() if isinstance(source, str) else source
    return world.tell("PUT", path, written, name=name)


def approve_withdrawal(world: World, file: str = "advisories", digest: str | None = None) -> None:
    """Two people say yes to a file, or to none."""
    world.approved({"type": "loosen", "file": file, "digest": digest})


def _put_advisories(world: World) -> Call:
    growing = "".join(advisory(f"EX-{each}") for each in range(next(world.numbers)))
    return Call(method="PUT", path=ADVISORIES, body=growing.encode(), headers=TOML)


def _one_set(world: World) -> Call:
    call = _put_advisories(world)
    digest = world.tell("PUT", call.path, call.body)["digest"]
    return Call(method="GET", path=f"{ADVISORIES}/{digest}")


def _withdraw(world: World) -> Call:
    _one_set(world)
    approve_withdrawal(world)
    return Call(method="DELETE", path=ADVISORIES)


def _put_measures(world: World) -> Call:
    body = measures(assumed="vicious") + b"\n" * next(world.numbers)
    return Call(method="PUT", path=MEASURES, body=body, headers=TOML)


def _one_measure(world: World) -> Call:
    call = _put_measures(world)
    digest = world.tell("PUT", call.path, call.body)["digest"]
    return Call(method="GET", path=f"{MEASURES}/{digest}")


def _listing(path: str) -> Callable[[World], Call]:
    return lambda _: Call(method="GET", path=path)


CALLS: dict[tuple[str, str], Callable[[World], Call]] = {
    ("PUT", ADVISORIES): _put_advisories,
    ("GET", ADVISORIES): _listing(ADVISORIES),
    ("GET", f"{ADVISORIES}/{{digest}}"): _one_set,
    ("DELETE", ADVISORIES): _withdraw,
    ("PUT", MEASURES): _put_measures,
    ("GET", MEASURES): _listing(MEASURES),
    ("GET", f"{MEASURES}/{{digest}}"): _one_measure,
}
