"""Names on the command line, for rows of the threat model; a name that is wrong gets a near one."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, TypeVar

from warifu.cli.ending import UsageError
from warifu.lab.threat.profiles import PROFILES, Profile
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS, Form
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE, Malware

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Row = TypeVar("Row")

MAX_SHOWN = 60

SHORT_DEFENCES = {
    "p1": Defence.POLICY_1,
    "p2": Defence.POLICY_2,
    "p3": Defence.POLICY_3,
    "tui": Defence.TRUSTED_UI,
    "typed": Defence.TYPED_ONLY_IN_TRUSTED_UI,
    "link": Defence.ENCRYPTED_LINK,
    "channel": Defence.PROTECTED_CHANNEL,
    "text": Defence.TEXT_BOUND,
    "answer": Defence.ANSWER_BOUND,
    "nonce": Defence.NONCE_BOUND,
    "attestation": Defence.ATTESTATION_REQUIRED,
    "boot": Defence.SECURE_BOOT,
    "rollback": Defence.ROLLBACK_REFUSED,
    "overlay": Defence.OVERLAY_REFUSED,
    "remote": Defence.REMOTE_CONTROL_REFUSED,
    "sdk": Defence.SDK_VETTED,
    "token": Defence.TOKEN_RESTRICTED,
    "identity": Defence.IDENTITY_PROOFED,
    "limit": Defence.DEVICE_LIMIT,
    "cooling": Defence.COOLING_OFF,
    "notice": Defence.SECOND_CHANNEL_NOTICE,
    "erase": Defence.REMOTE_ERASE,
    "log": Defence.TRANSPARENT_LOG,
}
"""Short names, besides each defence's own."""

_ALTERNATIVES = {"yes": True, "no": False}
_DEFENCES: dict[str, Defence] = {**{each.value: each for each in Defence}, **SHORT_DEFENCES}
_GOALS = {each.value: each for each in Goal}


def parse_form(name: str) -> Form:
    """A form by the paper's name; case, brackets and dashes do not matter.

    Raises:
        UsageError: There is none of that name.
    """
    return _find({_bare(known): form for known, form in FORMS.items()}, name, "--form", FORMS)


def parse_malware(name: str) -> Malware:
    """An attacker by its name.

    Raises:
        UsageError: There is none of that name.
    """
    return _find(MALWARE, name, "--malware", MALWARE)


def parse_profile(name: str) -> Profile:
    """A named set of defences.

    Raises:
        UsageError: There is none of that name.
    """
    return _find(PROFILES, name, "--defences", PROFILES)


def parse_goals(names: Iterable[str] | None, option: str) -> tuple[Goal, ...]:
    """Goals by their names, several to a value with commas; each once, in the order of the table.

    Raises:
        UsageError: There is none of that name.
    """
    chosen = {_find(_GOALS, name, option, _GOALS) for name in _each(names)}
    return tuple(goal for goal in Goal if goal in chosen)


def parse_defences(names: Iterable[str] | None, option: str) -> frozenset[Defence]:
    """Defences by their names or short names, several to a value with commas.

    Raises:
        UsageError: There is none of that name.
    """
    return frozenset(_find(_DEFENCES, name, option, _DEFENCES) for name in _each(names))


def parse_have(values: Iterable[str] | None) -> dict[Defence, bool]:
    """``NAME=yes`` or ``NAME=no``: what is built in already, and what cannot be had.

    Raises:
        UsageError: Not of that form, no such defence, or both said of one.
    """
    found: dict[Defence, bool] = {}
    for value in _each(values):
        name, _, said = value.partition("=")
        answer = _ALTERNATIVES.get(said.lower())
        if answer is None:
            raise UsageError(f"--have: {value[:MAX_SHOWN]!r} is not NAME=yes or NAME=no")
        defence = _find(_DEFENCES, name, "--have", _DEFENCES)
        if found.setdefault(defence, answer) is not answer:
            raise UsageError(f"--have: {defence} cannot be both yes and no")
    return found


def _each(values: Iterable[str] | None) -> list[str]:
    return [name for value in values or () for name in value.split(",") if name]


def _find(rows: Mapping[str, Row], name: str, option: str, known: Iterable[str]) -> Row:
    found = rows.get(name.lower()) or rows.get(_bare(name))
    if found is not None:
        return found
    names = list(known)
    near = get_close_matches(name.lower(), [each.lower() for each in names], cutoff=0.5)
    listed = [each for each in names if each.lower() in near] or names
    raise UsageError(f"{option}: there is no {name[:MAX_SHOWN]!r}; try {', '.join(listed)}")


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
