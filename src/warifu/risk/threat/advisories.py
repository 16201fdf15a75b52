"""Advisories: published weaknesses, the devices they are about, and the powers they give.

A file states them as a set, which replaces the set before it: what counts is what stands in one
file. An advisory is taken at its word about devices it names, and a device that does not tell what
the advisory asks about counts as affected: who hides a patch level is not better off for it.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from warifu.attestation.claims import SecurityLevel
from warifu.base.codec import toml
from warifu.base.errors import MalformedEvidence, Misuse
from warifu.base.rule import Rule, Text
from warifu.risk.threat.powers import Power

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 1 << 18
MAX_ADVISORIES = 500
MAX_RANGES = 64
MAX_MODELS = 200
MAX_SENTENCE = 400
MAX_NOTE = 2000
MAX_PARTS_TEXT = 40
MAX_PHONES_REMEMBERED = 4096

Identifier = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
Sentence = Annotated[str, Meta(min_length=1, max_length=MAX_SENTENCE)]
Model = Annotated[str, Meta(pattern=r"\A[^*\x00-\x1f\x7f]{1,100}\*?\Z")]
PatchLevel = Annotated[
    str, Meta(pattern=r"\A20[0-9]{2}-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?\Z")
]
Version = Annotated[str, Meta(pattern=r"\A[0-9]{1,9}(\.[0-9]{1,9}){0,3}\Z")]
Platform = Annotated[str, Meta(pattern=r"\A(android|apple)\Z")]

_CLAUSE = "docs/decisions/0022-assurance.md"

FORM = Rule(
    code="threat/advisories-form",
    clause=_CLAUSE,
    requires=Text(
        ja="勧告のファイルは、定められた項目だけを持つ正しいTOMLでなければなりません。",
        en="A file of advisories is TOML with exactly the keys that are defined, within limits.",
    ),
    stops="a misspelt range that matches no device",
)
UNIQUE = Rule(
    code="threat/advisories-unique",
    clause=_CLAUSE,
    requires=Text(
        ja="勧告の識別子は、ファイルの中で重複してはなりません。",
        en="Each advisory of a file has an identifier of its own.",
    ),
    stops="a reason that could mean two advisories",
)
RULES = (FORM, UNIQUE)


class _Table(Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """One table of a file."""


class Sentences(_Table, frozen=True, kw_only=True):
    """A title in both languages."""

    ja: Sentence
    en: Sentence


class DeviceRange(_Table, frozen=True, kw_only=True):
    """Which devices: all that is stated must fit. What is left out fits every device."""

    platform: Platform | None = None
    models: Annotated[frozenset[Model], Meta(min_length=1, max_length=MAX_MODELS)] | None = None
    """Exactly as evidence names them; one that ends in ``*`` is a beginning."""
    patch_level_from: PatchLevel | None = None
    """The first patch level that is affected."""
    patch_level_before: PatchLevel | None = None
    """The first patch level that is not affected any more."""
    os_version_from: Version | None = None
    os_version_before: Version | None = None
    security_levels: Annotated[frozenset[SecurityLevel], Meta(min_length=1)] | None = None
    """Where the device key is kept."""


class Advisory(_Table, frozen=True, kw_only=True):
    """A published weakness."""

    id: Identifier
    title: Sentences
    published: date
    source: Sentence
    """Where it was published: an address, or who said it."""
    devices: Annotated[tuple[DeviceRange, ...], Meta(min_length=1, max_length=MAX_RANGES)]
    """Any one of them."""
    gives: Annotated[frozenset[Power], Meta(min_length=1)]
    note: Annotated[str, Meta(max_length=MAX_NOTE)] = ""


class AdvisorySet(Struct, frozen=True, kw_only=True):
    """The advisories of one file."""

    advisories: tuple[Advisory, ...]
    """In the order of the file."""
    digest: str
    """SHA-256 of the file's bytes, in hex."""


class Phone(Struct, frozen=True, kw_only=True):
    """What is proved of a device, as far as advisories ask; None is not known."""

    platform: str | None = None
    model: str | None = None
    patch_level: str | None = None
    os_version: str | None = None
    security_level: str | None = None


class Affected(Struct, frozen=True, kw_only=True):
    """That an advisory is about a device."""

    advisory: Advisory
    not_known: tuple[str, ...]
    """What the advisory asks about and the device does not tell; it was taken to fit."""


class _File(_Table, frozen=True, kw_only=True):
    advisories: Annotated[tuple[Advisory, ...], Meta(max_length=MAX_ADVISORIES)] = ()


def load_advisories(data: bytes) -> AdvisorySet:
    """Read and check a file of advisories.

    Args:
        data: TOML in UTF-8: an array of tables ``advisories``, each with the fields of `Advisory`
            in kebab-case. A file without any is a set of none.

    Raises:
        Misuse: ``threat/advisories-form``, ``threat/advisories-unique``.
    """
    try:
        read = msgspec.convert(toml.decode(data, max_bytes=MAX_BYTES), _File)
    except MalformedEvidence as error:
        raise Misuse(FORM, error.detail) from error
    except (msgspec.ValidationError, ValueError, OverflowError, RecursionError) as error:
        raise Misuse(FORM, f"{type(error).__name__}: {error}"[:500]) from error
    ids = [each.id for each in read.advisories]
    if len(set(ids)) != len(ids):
        raise Misuse(UNIQUE, ", ".join(sorted({each for each in ids if ids.count(each) > 1})))
    for each in read.advisories:
        _check_ranges(each)
    return AdvisorySet(advisories=read.advisories, digest=hashlib.sha256(data).hexdigest())


def affecting(phone: Phone, advisories: AdvisorySet) -> tuple[Affected, ...]:
    """The advisories that are about a device, in the order of the set.

    Args:
        phone: What is proved of it.
        advisories: What was published.
    """
    found = []
    for advisory in advisories.advisories:
        fits = [gaps for each in advisory.devices if (gaps := _fits(each, phone)) is not None]
        if fits:
            # Of several ranges that fit, the one that rests on the least that is not known.
            found.append(Affected(advisory=advisory, not_known=min(fits, key=len)))
    return tuple(found)


def powers_for(
    phone: Phone, advisories: AdvisorySet
) -> tuple[frozenset[Power], tuple[Affected, ...]]:
    """What advisories give an attacker on a device, and by which of them; remembered.

    Args:
        phone: What is proved of it.
        advisories: What was published; told apart from others by its digest.
    """
    key = (
        *(advisories.digest, phone.platform, phone.model),
        *(phone.patch_level, phone.os_version, phone.security_level),
    )
    found = _remembered.get(key)
    if found is None:
        about = affecting(phone, advisories)
        found = frozenset(power for each in about for power in each.advisory.gives), about
        if len(_remembered) >= MAX_PHONES_REMEMBERED:
            _remembered.clear()
        _remembered[key] = found
    return found


def only_adds(before: AdvisorySet | None, after: AdvisorySet) -> bool:
    """Whether every device is affected at least as much as before.

    It compares what is written: advisories that are the same in what they say of devices and
    powers, or say more by added ranges or powers. A range that is written otherwise counts as less.
    """
    if before is None:
        return True
    now = {each.id: each for each in after.advisories}
    return all(
        (left := now.get(each.id)) is not None
        and each.gives <= left.gives
        and set(each.devices) <= set(left.devices)
        for each in before.advisories
    )


def _check_ranges(advisory: Advisory) -> None:
    for each in advisory.devices:
        for name, low, high in (
            ("patch-level", each.patch_level_from, each.patch_level_before),
            ("os-version", each.os_version_from, each.os_version_before),
        ):
            if low is not None and high is not None and _is_before(high, low) is not True:
                raise Misuse(FORM, f"{advisory.id}: {name} from {low} before {high} is no range")


def _fits(wanted: DeviceRange, phone: Phone) -> tuple[str, ...] | None:
    """Names of what is not known and was taken to fit; None where something does not fit."""
    gaps: dict[str, None] = {}
    rows: tuple[tuple[str, Any, str | None, Callable[[Any, str], bool | None]], ...] = (
        ("platform", wanted.platform, phone.platform, _is_platform),
        ("model", wanted.models, phone.model, _is_model),
        ("patch-level", wanted.patch_level_from, phone.patch_level, _is_from),
        ("patch-level", wanted.patch_level_before, phone.patch_level, _is_before),
        ("os-version", wanted.os_version_from, phone.os_version, _is_from),
        ("os-version", wanted.os_version_before, phone.os_version, _is_before),
        ("security-level", wanted.security_levels, phone.security_level, _is_level),
    )
    for name, asked, value, fits in rows:
        if asked is None:
            continue
        fit = None if value is None else fits(asked, value)
        if fit is False:
            return None
        if fit is None:
            gaps[name] = None
    return tuple(gaps)


def _is_platform(asked: str, value: str) -> bool:
    return asked == value


def _is_model(asked: frozenset[str], value: str) -> bool:
    return value in asked or any(
        each.endswith("*") and value.startswith(each[:-1]) for each in asked
    )


def _is_level(asked: frozenset[SecurityLevel], value: str) -> bool:
    return value in asked


def _is_before(first_without: str, value: str) -> bool | None:
    """Whether a date or version comes before another; None where it is no such thing."""
    found, bound = _numbers(value), _numbers(first_without)
    if found is None or bound is None:
        return None
    # A month without a day may be the month's beginning.
    return found < bound


def _is_from(first_with: str, value: str) -> bool | None:
    found, bound = _numbers(value), _numbers(first_with)
    if found is None or bound is None:
        return None
    # A month without a day may be the month's end.
    return None if found < bound == (*found, *bound[len(found) :]) else found >= bound


def _numbers(text: str) -> tuple[int, ...] | None:
    """``2026-11-05`` or ``17.1`` as numbers; a version has four, a date two or three."""
    if len(text) > MAX_PARTS_TEXT or not _NUMBERS.fullmatch(text):
        return None
    if "-" in text:
        return tuple(map(int, text.split("-")))
    parts = tuple(map(int, text.split(".")))
    return parts + (0,) * (_VERSION_PARTS - len(parts))


_NUMBERS = re.compile(r"20[0-9]{2}(?:-[0-9]{2}){1,2}|[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}")
_VERSION_PARTS = 4
_remembered: dict[tuple[str | None, ...], tuple[frozenset[Power], tuple[Affected, ...]]] = {}
