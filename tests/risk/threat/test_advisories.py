"""Advisories: what a file may say, and whom it is about. What a phone hides counts against it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warifu.base.errors import Misuse
from warifu.risk.threat import advisories
from warifu.risk.threat.advisories import (
    FORM,
    MAX_ADVISORIES,
    MAX_BYTES,
    UNIQUE,
    AdvisorySet,
    Phone,
    load_advisories,
    only_adds,
    powers_for,
)
from warifu.risk.threat.powers import Power

WHOLE = """
[[advisories]]
id = "EX-2026-1"
title = { ja = "TEEの不具合", en = "A fault of the TEE" }
published = 2026-11-01
source = "https://advisories.example/1"
gives = ["rw:tee_mem"]
note = "seen in a laboratory"

[[advisories.devices]]
platform = "android"
models = ["Tally 1", "Wari*"]
patch-level-from = "2026-01"
patch-level-before = "2026-11-05"
os-version-from = "14"
os-version-before = "16.0.1"
security-levels = ["trusted-environment"]
"""
PHONE = Phone(
    platform="android",
    model="Tally 1",
    patch_level="2026-10-05",
    os_version="16.0.0",
    security_level="trusted-environment",
)


def loaded(text: str = WHOLE) -> AdvisorySet:
    return load_advisories(text.encode())


def with_phone(**changed: Any) -> tuple[bool, tuple[str, ...]]:
    """Whether a phone that differs is affected, and by what it does not tell."""
    named = {name: getattr(PHONE, name) for name in PHONE.__struct_fields__}
    _, affected = powers_for(Phone(**{**named, **changed}), loaded())
    return bool(affected), affected[0].not_known if affected else ()


def refused(text: str | bytes) -> Misuse:
    with pytest.raises(Misuse) as error:
        load_advisories(text.encode() if isinstance(text, str) else text)
    return error.value


def test_a_file_gives_its_powers_to_the_phones_it_names() -> None:
    powers, affected = powers_for(PHONE, loaded())
    assert powers == {Power.RW_TEE_MEM}
    assert [each.advisory.id for each in affected] == ["EX-2026-1"]
    assert affected[0].not_known == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("platform", "apple"),
        ("model", "Tally 10"),
        ("model", "wari 3"),
        ("patch_level", "2026-11-05"),
        ("patch_level", "2026-12"),
        ("patch_level", "2025-12-31"),
        ("os_version", "13.9"),
        ("os_version", "16.0.1"),
        ("security_level", "secure-element"),
    ],
)
def test_a_phone_outside_the_range_is_not_affected(name: str, value: str) -> None:
    assert with_phone(**{name: value}) == (False, ())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "Wari 3"),
        ("patch_level", "2026-01-01"),
        ("patch_level", "2026-11-04"),
        ("os_version", "14.0.0"),
        ("os_version", "16"),
        ("os_version", "15.9.9.9"),
    ],
)
def test_a_phone_at_the_edge_of_the_range_is_affected(name: str, value: str) -> None:
    assert with_phone(**{name: value}) == (True, ())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("platform", "platform"),
        ("model", "model"),
        ("patch_level", "patch-level"),
        ("os_version", "os-version"),
        ("security_level", "security-level"),
    ],
)
def test_what_a_phone_does_not_tell_counts_as_affected(name: str, told: str) -> None:
    assert with_phone(**{name: None}) == (True, (told,))


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("patch_level", "soon", "patch-level"),
        ("patch_level", "2026-10-05" + "0" * 99, "patch-level"),
        ("os_version", "1.2.3.4.5", "os-version"),
        ("os_version", "१६", "os-version"),
    ],
)
def test_a_date_or_version_that_is_none_counts_as_not_told(
    name: str, value: str, told: str
) -> None:
    assert with_phone(**{name: value}) == (True, (told,))


def test_a_month_without_a_day_may_be_its_first_and_its_last() -> None:
    assert with_phone(patch_level="2026-11") == (True, ())
    late = WHOLE.replace('"2026-01"', '"2026-10-20"')
    phone = Phone(platform="android", model="Tally 1", patch_level="2026-10", os_version="16")
    _, affected = powers_for(phone, loaded(late))
    assert affected[0].not_known == ("patch-level", "security-level")


def test_of_several_ranges_the_one_that_is_known_to_fit_is_told() -> None:
    more = WHOLE + '\n[[advisories.devices]]\nplatform = "android"\n'
    _, affected = powers_for(Phone(platform="android"), loaded(more))
    assert affected[0].not_known == ()


def test_a_range_that_names_nothing_is_about_every_phone() -> None:
    every = WHOLE[: WHOLE.index('platform = "android"')]
    assert powers_for(Phone(), loaded(every))[0] == {Power.RW_TEE_MEM}


def test_a_file_without_advisories_is_a_set_of_none() -> None:
    assert load_advisories(b"").advisories == ()
    assert powers_for(PHONE, load_advisories(b"")) == (frozenset(), ())


def test_what_was_said_of_many_phones_is_forgotten_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(advisories, "MAX_PHONES_REMEMBERED", 2)
    for number in range(5):
        powers_for(Phone(model=f"Tally {number}"), loaded())
    assert len(advisories._remembered) <= 2
    assert powers_for(PHONE, loaded()) is powers_for(PHONE, loaded())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("gives =", "give ="),
        ("platform =", "plattform ="),
        ('"android"', '"symbian"'),
        ('"rw:tee_mem"', '"rw:tee"'),
        ('["rw:tee_mem"]', "[]"),
        ('"Wari*"', '"W*ri"'),
        ('"Wari*"', '"*"'),
        ('"2026-11-05"', '"2026-13-05"'),
        ('"2026-11-05"', '"2025-11-05"'),
        ('"16.0.1"', '"14.0"'),
        ('"14"', '"fourteen"'),
        ('"trusted-environment"', '"vault"'),
        ("2026-11-01", '"yesterday"'),
        ('ja = "TEEの不具合", ', ""),
        ('id = "EX-2026-1"', 'id = "../1"'),
        ('source = "https://advisories.example/1"', 'source = ""'),
        ("[[advisories.devices]]", "[advisories.device]"),
    ],
)
def test_a_file_that_is_not_of_the_form_is_refused(old: str, new: str) -> None:
    assert refused(WHOLE.replace(old, new)).rule is FORM


def test_an_advisory_without_devices_is_refused() -> None:
    assert refused(WHOLE[: WHOLE.index("[[advisories.devices]]")]).rule is FORM


def test_two_advisories_of_one_name_are_refused() -> None:
    error = refused(WHOLE + WHOLE)
    assert error.rule is UNIQUE
    assert error.detail == "EX-2026-1"


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"#" * (MAX_BYTES + 1),
        b"advisories = 1",
        b"advisories = [" + b"[" * 5000,
        "".join(
            WHOLE.replace("EX-2026-1", f"EX-{each}") for each in range(MAX_ADVISORIES + 1)
        ).encode()[: MAX_BYTES - 1],
    ],
)
def test_a_file_beyond_the_limits_is_refused(data: bytes) -> None:
    assert refused(data).rule is FORM


@given(st.binary(max_size=300))
def test_any_bytes_are_a_set_or_one_error(data: bytes) -> None:
    with suppress(Misuse):
        assert isinstance(load_advisories(data), AdvisorySet)


def test_a_set_that_keeps_all_and_adds_only_adds() -> None:
    more = WHOLE + WHOLE.replace("EX-2026-1", "EX-2026-2")
    wider = WHOLE + '\n[[advisories.devices]]\nplatform = "apple"\n'
    stronger = WHOLE.replace('["rw:tee_mem"]', '["rw:tee_mem", "rw:se_mem"]')
    for after in (WHOLE, more, wider, stronger):
        assert only_adds(loaded(), loaded(after))
    assert only_adds(None, loaded())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"EX-2026-1"', '"EX-2026-9"'),
        ('["rw:tee_mem"]', '["ro:tee_mem"]'),
        ('"2026-11-05"', '"2026-10-05"'),
        ('"Tally 1", ', ""),
    ],
)
def test_a_set_that_takes_something_back_does_not_only_add(old: str, new: str) -> None:
    assert not only_adds(loaded(), loaded(WHOLE.replace(old, new)))
    assert not only_adds(loaded(), load_advisories(b""))
