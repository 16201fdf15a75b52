"""Model and verdicts as one JSON document, complete enough for others to check again.

Whoever reads it needs nothing of ours: a move is open in a form whose traits hold its ``where``,
with all of its ``needs`` built in and none of its ``unless``. A goal holds where the set ``closed``
has the powers, is left by no open move and lacks what breaks the goal; otherwise the listed moves,
in order, break it. tests/lab/threat/test_export.py does that in thirty lines.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import msgspec

from warifu.lab.threat.profiles import PROFILES, Profile
from warifu.risk.threat.defences import DEFENCES
from warifu.risk.threat.forms import FORMS, Form, Judge
from warifu.risk.threat.goals import GAINS, GOALS, Gain, Goal
from warifu.risk.threat.malware import MALWARE, Malware
from warifu.risk.threat.moves import MOVES, Move
from warifu.risk.threat.powers import POWERS, Power
from warifu.risk.threat.question import Attack, Basis, Safe
from warifu.risk.threat.verdict import verdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from enum import StrEnum

    from warifu.base.rule import Text
    from warifu.risk.threat.defences import Defence
    from warifu.risk.threat.moves import Atom

DOCUMENT = "warifu-threat-model/1"

Json = dict[str, object]


def model_document(
    *,
    malware: Iterable[Malware] = tuple(MALWARE.values()),
    profiles: Iterable[Profile] = tuple(PROFILES.values()),
) -> Json:
    """The tables, and the verdicts of each form, judge, attacker and profile on every goal.

    Args:
        malware: The attackers to ask about; all of them stand in the tables anyway.
        profiles: The sets of defences to ask about.

    Returns:
        Plain values, ready for JSON; lists of names are sorted, tables keep their order.
    """
    chosen = tuple(profiles)
    return {
        "document": DOCUMENT,
        "powers": [_power(each) for each in Power],
        "gains": [{"name": each.value, "means": _text(GAINS[each])} for each in Gain],
        "goals": [_goal(each) for each in Goal],
        "defences": [_defence(each) for each in DEFENCES],
        "forms": [_form(each) for each in FORMS.values()],
        "malware": [_malware(each) for each in MALWARE.values()],
        "moves": [_move(each) for each in MOVES],
        "bases": [each.value for each in Basis],
        "profiles": [_profile(each) for each in chosen],
        "verdicts": [
            _cell(form, judge, attacker, profile)
            for form, judge, attacker, profile in product(FORMS.values(), Judge, malware, chosen)
        ],
    }


def model_json(
    *,
    malware: Iterable[Malware] = tuple(MALWARE.values()),
    profiles: Iterable[Profile] = tuple(PROFILES.values()),
) -> bytes:
    """`model_document` in UTF-8; the same model gives the same bytes."""
    document = model_document(malware=malware, profiles=profiles)
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _power(power: Power) -> Json:
    row = POWERS[power]
    return {"name": power.value, "means": _text(row.means), "clause": row.clause}


def _goal(goal: Goal) -> Json:
    row = GOALS[goal]
    return {
        "name": goal.value,
        "broken_by": row.broken_by.value,
        "title": _text(row.name),
        "holds": _text(row.holds),
        "clause": row.clause,
    }


def _defence(defence: Defence) -> Json:
    row = DEFENCES[defence]
    return {
        "name": defence.value,
        "does": _text(row.does),
        "cost": int(row.cost),
        "clause": row.clause,
    }


def _form(form: Form) -> Json:
    return {
        "name": form.name,
        "title": _text(form.title),
        "environments": [each.value for each in form.environments],
        "se_attached_to": form.se_attached_to.value,
        "authenticator": form.authenticator.value,
        "to_server": [each.value for each in form.to_server],
        "to_user": [each.value for each in form.to_user],
        "traits": {judge.value: _names(form.judged_by(judge).traits()) for judge in Judge},
        "clause": form.clause,
    }


def _malware(row: Malware) -> Json:
    return {
        "name": row.name,
        "kind": row.kind.value,
        "title": _text(row.title),
        "powers": _names(row.powers),
        "clause": row.clause,
    }


def _move(move: Move) -> Json:
    return {
        "code": move.code,
        "gives": move.gives.value,
        "given": _names(move.given),
        "where": _names(move.where),
        "needs": _names(move.needs),
        "unless": _names(move.unless),
        "says": _text(move.says),
        "from": move.sender.value,
        "to": move.receiver.value,
        "clause": move.clause,
    }


def _profile(profile: Profile) -> Json:
    return {
        "name": profile.name,
        "title": _text(profile.title),
        "defences": _names(profile.defences),
    }


def _cell(form: Form, judge: Judge, attacker: Malware, profile: Profile) -> Json:
    """The verdicts on all goals; those that hold share one closed set."""
    closed: frozenset[Atom] | None = None
    goals: dict[str, Json] = {}
    for goal in Goal:
        found = verdict(
            form.judged_by(judge), defences=profile.defences, powers=attacker.powers, goal=goal
        )
        said: Json = {"holds": found.holds, "rests_on": [each.value for each in found.rests_on]}
        match found.certificate:
            case Attack(steps=steps):
                said["attack"] = [step.move for step in steps]
            case Safe():
                closed = found.certificate.closed
        goals[goal.value] = said
    return {
        "form": form.name,
        "judge": judge.value,
        "malware": attacker.name,
        "profile": profile.name,
        "closed": None if closed is None else _names(closed),
        "goals": goals,
    }


def _names(of: Iterable[StrEnum]) -> list[str]:
    return sorted(each.value for each in of)


def _text(text: Text) -> Json:
    return {"ja": text.ja, "en": text.en}
