"""From what is proved, published and stated to the facts about threats, and back to a derivation.

All that assurance rests on is in the facts that are kept with a decision, so that it can be derived
again years later, and a dry run decides as the service did.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from warifu.attestation.claims import BootState, SecurityLevel
from warifu.base.rule import Text
from warifu.risk.decision.facts import AssuranceFacts, Facts, ThreatFacts
from warifu.risk.decision.rules import Method
from warifu.risk.threat.advisories import Phone, powers_for
from warifu.risk.threat.assurance import (
    Assurance,
    Derivation,
    altered_powers,
    assurance,
    derivation,
)
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.deployment import (
    Circumstances,
    Deployment,
    Measures,
    deployment_of,
)
from warifu.risk.threat.forms import FORMS, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.powers import Power

if TYPE_CHECKING:
    from collections.abc import Iterable

    from warifu.risk.threat.advisories import AdvisorySet, Affected

MAX_REMEMBERED = 4096
AREA = "assurance."
NOTHING_STATED = Measures()

_NOT_KNOWN = Text(
    ja="{}この端末の{}が確認できないため、勧告に該当するものとみなしています。",
    en="{} The device does not tell: {}; it counts as affected.",
)
_ASKED = {
    "platform": Text(ja="プラットフォーム", en="platform"),
    "model": Text(ja="機種", en="model"),
    "patch-level": Text(ja="パッチの日付", en="patch level"),
    "os-version": Text(ja="OSのバージョン", en="version of the system"),
    "security-level": Text(ja="鍵の保管場所", en="where the key is kept"),
}


def with_threat(
    facts: Facts,
    *,
    advisories: AdvisorySet | None = None,
    measures: Measures = NOTHING_STATED,
    stated: tuple[Power, ...] | None = None,
    trusted_display: bool = False,
) -> Facts:
    """The same facts with what is to be feared on this device, and what holds all the same.

    Nothing is assured where no evidence was proved, or it does not tell where the key is kept.

    Args:
        facts: All other facts.
        advisories: The set in force; None where there is none, which is no look-up.
        measures: What the bank states of itself.
        stated: Powers that the bank itself found to be had on this device; None where it did not
            look.
        trusted_display: A trusted environment showed the text that the user signed. A key that
            signs nothing else need not be told of here.
    """
    said = frozenset(stated or ())
    if facts.evidence.outcome != "proved":
        powers = None if stated is None else _names(said)
        return replace(facts, threat=ThreatFacts(powers=powers), assurance=AssuranceFacts())
    affected: tuple[Affected, ...] | None = None
    if advisories is not None:
        given, affected = powers_for(_phone(facts), advisories)
        said |= given
    altered = _altered(facts)
    assumed = altered | measures.powers
    threat = _published(affected, assumed=assumed)
    if stated is not None or advisories is not None:
        threat = replace(threat, powers=_names(said))
    if facts.key.security_level not in _LEVELS:
        return replace(facts, threat=threat, assurance=AssuranceFacts())
    known = _circumstances(facts, altered=bool(altered), trusted_display=trusted_display)
    deployment = deployment_of(known, measures)
    return replace(
        facts,
        threat=replace(
            threat,
            form=deployment.form,
            judge=deployment.judge.value,
            defences=_defence_names(deployment.defences),
        ),
        assurance=_held(assurance(deployment, said | assumed).held),
    )


def derivations(facts: Facts, paths: Iterable[str]) -> tuple[Derivation, ...]:
    """Why goals do not hold, as far as these facts ask for them.

    Args:
        facts: As they were decided on; also those of a decision that is kept.
        paths: Facts that a rule reads.

    Returns:
        One for each path of an assurance that is known not to hold, in their order.
    """
    fallen = [
        goal
        for path in paths
        if path.startswith(AREA)
        and (goal := _GOALS.get(path)) is not None
        and getattr(facts.assurance, goal.value) is False
    ]
    assured = _assured(facts.threat) if fallen else None
    if assured is None:
        return ()
    threat = facts.threat
    found = (derivation(assured, goal) for goal in fallen)
    return tuple(
        replace(
            each,
            because=_because(each.because, threat.not_known or ()),
            advisories=threat.advisories or (),
            not_known=threat.not_known or (),
        )
        for each in found
        if each is not None
    )


def _published(affected: tuple[Affected, ...] | None, *, assumed: frozenset[Power]) -> ThreatFacts:
    if affected is None:
        return ThreatFacts(assumed=_names(assumed))
    gaps = dict.fromkeys(gap for each in affected for gap in each.not_known)
    return ThreatFacts(
        advisories=tuple(each.advisory.id for each in affected),
        not_known=tuple(gaps),
        assumed=_names(assumed),
    )


def _assured(threat: ThreatFacts) -> Assurance | None:
    """As it was; None where the facts do not tell, or are of a model with other names."""
    if threat.form not in FORMS or threat.judge not in set(Judge) or threat.defences is None:
        return None
    defences = frozenset(_DEFENCES[each] for each in threat.defences if each in _DEFENCES)
    names = {*(threat.powers or ()), *(threat.assumed or ())}
    return assurance(
        Deployment(form=threat.form, judge=Judge(threat.judge), defences=defences),
        frozenset(_POWERS[each] for each in names if each in _POWERS),
    )


def _because(said: Text, gaps: tuple[str, ...]) -> Text:
    if not gaps:
        return said
    named = [_ASKED[each] for each in gaps if each in _ASKED]
    return Text(
        ja=_NOT_KNOWN.ja.format(said.ja, "・".join(each.ja for each in named)),
        en=_NOT_KNOWN.en.format(said.en, ", ".join(each.en for each in named)),
    )


def _phone(facts: Facts) -> Phone:
    device = facts.device
    return Phone(
        platform=device.platform,
        model=device.model,
        patch_level=device.patch_level,
        os_version=device.os_version,
        security_level=facts.key.security_level,
    )


def _altered(facts: Facts) -> frozenset[Power]:
    device = facts.device
    return altered_powers(
        locked=device.boot_locked,
        state=device.boot_state,
        is_trusted=device.status == "affirming",
    )


def _circumstances(facts: Facts, *, altered: bool, trusted_display: bool) -> Circumstances:
    device, user = facts.device, facts.user
    return Circumstances(
        security_level=facts.key.security_level or "",
        server_judges=Method.PIN in (user.methods or ()),
        attested=not altered,
        boot_verified=device.boot_locked is True and device.boot_state == BootState.VERIFIED,
        bound=facts.binding.bound is True,
        confirmed=user.confirmed is True,
        trusted_display=trusted_display or facts.key.confirmation_required is True,
    )


@lru_cache(maxsize=MAX_REMEMBERED)
def _names(powers: frozenset[Power]) -> tuple[str, ...]:
    return tuple(sorted(each.value for each in powers))


@lru_cache(maxsize=MAX_REMEMBERED)
def _defence_names(defences: frozenset[Defence]) -> tuple[str, ...]:
    return tuple(sorted(each.value for each in defences))


@lru_cache(maxsize=MAX_REMEMBERED)
def _held(goals: frozenset[Goal]) -> AssuranceFacts:
    return AssuranceFacts(**{goal.value: goal in goals for goal in Goal})


_LEVELS = frozenset(SecurityLevel)
_GOALS = {f"{AREA}{goal}": goal for goal in Goal}
_POWERS = {each.value: each for each in Power}
_DEFENCES = {each.value: each for each in Defence}
