"""What holds on a device, why something does not, and how decisions read it."""

from __future__ import annotations

import pytest

from tests.risk.decision.cases import NOW, changed, honest, standard_bytes
from warifu.risk.decision.assured import derivations, with_threat
from warifu.risk.decision.decide import Kind, Refuse, Serve, decide
from warifu.risk.decision.facts import Facts
from warifu.risk.decision.rules import load_rules
from warifu.risk.threat.advisories import load_advisories
from warifu.risk.threat.assurance import Derivation, altered_powers, assurance, derivation
from warifu.risk.threat.checking import check_certificate
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.deployment import Deployment, Measures
from warifu.risk.threat.forms import Judge
from warifu.risk.threat.goals import GOALS, Goal
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Question
from warifu.risk.threat.verdict import answer

TEE = Deployment(
    form="RS-T(TA)",
    judge=Judge.TERMINAL,
    defences=frozenset({Defence.POLICY_2, Defence.POLICY_3, Defence.TEXT_BOUND}),
)
ADVISORIES = load_advisories(b"""
[[advisories]]
id = "EX-1"
title = { ja = "T", en = "T" }
published = 2026-11-01
source = "https://advisories.example/1"
gives = ["rw:tee_mem"]
[[advisories.devices]]
models = ["Pixel 8a"]
""")
RULES = load_rules(
    standard_bytes()
    + """
[[rules]]
id = "confirmation-assured"
operations = ["transfer"]
holds = "assurance.transaction && assurance.pin"
otherwise = { step_up = ["passkey"] }
customer.ja = "パスキーで確認してください。"
customer.en = "Please confirm with your passkey."
analyst.ja = "取引の真正性またはPINの秘匿を保証できません。"
analyst.en = "That the transaction is as approved, or the PIN secret, is not assured."
""".encode()
)
IN_TEE = changed(honest(), key__security_level="trusted-environment")


def assured(facts: Facts) -> dict[str, bool | None]:
    return {goal.value: getattr(facts.assurance, goal.value) for goal in Goal}


def test_without_powers_everything_holds() -> None:
    assert assurance(TEE, frozenset()).held == set(Goal)
    assert derivation(assurance(TEE, frozenset()), Goal.PIN) is None


def test_a_readable_tee_gives_away_key_and_pin_with_a_derivation() -> None:
    found = assurance(TEE, frozenset({Power.RO_TEE_MEM}))
    assert Goal.PIN not in found.held
    why = derivation(found, Goal.PIN)
    assert why is not None
    assert why.powers == (Power.RO_TEE_MEM,)
    assert why.because.ja.startswith("攻撃者がTEEのメモリを読むことができるとみなされるため")
    assert [each.code for each in why.steps] == ["pin/ta-read"]


def test_a_goal_that_falls_without_any_power_says_so() -> None:
    bare = Deployment(form="RS", judge=Judge.TERMINAL, defences=frozenset())
    why = derivation(assurance(bare, frozenset()), Goal.TRANSACTION)
    assert why is not None
    assert why.powers == ()
    assert "特別な能力を持たない" in why.because.ja


@pytest.mark.parametrize("goal", Goal)
@pytest.mark.parametrize("judge", Judge)
def test_every_derivation_is_an_attack_that_the_checker_accepts(goal: Goal, judge: Judge) -> None:
    bare = Deployment(form="RS-T(TA)", judge=judge, defences=frozenset())
    powers = frozenset(Power)
    why = derivation(assurance(bare, powers), goal)
    assert why is not None
    question = Question(form=bare.row(), defences=frozenset(), powers=powers, goal=goal)
    certificate = answer(question).certificate
    check_certificate(question, certificate)
    assert [each.code for each in why.steps] == [each.move for each in certificate.steps]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("locked", "state", "trusted", "altered"),
    [
        (True, "verified", True, False),
        (None, None, False, False),
        (True, "self-signed", True, False),
        (True, "self-signed", False, True),
        (False, "verified", True, True),
        (True, "unverified", True, True),
        (None, "failed", True, True),
    ],
)
def test_an_altered_system_is_a_power(
    locked: bool | None,  # noqa: FBT001 - a row
    state: str | None,
    trusted: bool,  # noqa: FBT001
    altered: bool,  # noqa: FBT001
) -> None:
    found = altered_powers(locked=locked, state=state, is_trusted=trusted)
    assert found == ({Power.ALTER_BOOT} if altered else set())


def test_facts_of_an_honest_phone_assure_everything() -> None:
    facts = with_threat(IN_TEE)
    assert set(assured(facts).values()) == {True}
    assert (facts.threat.powers, facts.threat.advisories) == (None, None)
    assert facts.threat.form == "RS-T(TA)"


def test_an_unlocked_phone_assures_no_transaction() -> None:
    facts = with_threat(changed(IN_TEE, device__boot_locked=False))
    assert facts.threat.assumed == ("alter_boot",)
    assert facts.assurance.transaction is False
    assert "attestation-required" not in (facts.threat.defences or ())


def test_nothing_is_assured_where_nothing_was_proved() -> None:
    for facts in (
        changed(IN_TEE, evidence__outcome="absent"),
        changed(IN_TEE, evidence__outcome="no-statement"),
        changed(IN_TEE, key__security_level=None),
        changed(IN_TEE, key__security_level="pocket"),
    ):
        found = with_threat(facts, advisories=ADVISORIES)
        assert set(assured(found).values()) == {None}
        assert derivations(found, [f"assurance.{goal}" for goal in Goal]) == ()


def test_powers_are_those_of_advisories_and_of_the_bank() -> None:
    facts = with_threat(IN_TEE, advisories=ADVISORIES, stated=(Power.OVERLAY,))
    assert facts.threat.powers == ("overlay", "rw:tee_mem")
    assert facts.threat.advisories == ("EX-1",)
    other = changed(IN_TEE, device__model="Pixel 9")
    assert with_threat(other, advisories=ADVISORIES).threat.powers == ()
    assert with_threat(other, stated=()).threat.powers == ()


def test_what_a_phone_hides_is_told_with_the_derivation() -> None:
    facts = with_threat(changed(IN_TEE, device__model=None), advisories=ADVISORIES)
    assert facts.threat.not_known == ("model",)
    (why,) = derivations(facts, ["assurance.transaction"])
    assert why.not_known == ("model",)
    assert why.because.ja.endswith(
        "この端末の機種が確認できないため、勧告に該当するものとみなしています。"
    )
    assert why.because.en.endswith("The device does not tell: model; it counts as affected.")


def test_a_trusted_display_resists_an_attacker_that_owns_the_ordinary_system() -> None:
    vicious = Measures(assumed=frozenset({"vicious-ro"}))
    assert with_threat(IN_TEE, measures=vicious).assurance.pin is False
    shown = with_threat(IN_TEE, measures=vicious, trusted_display=True)
    assert shown.assurance.pin is True
    key = changed(IN_TEE, key__confirmation_required=True)
    assert with_threat(key, measures=vicious).assurance.pin is True


def test_a_rule_that_asks_for_assurance_gives_the_derivation_as_its_reason() -> None:
    assert decide(with_threat(IN_TEE), RULES, NOW).outcome == Serve()
    facts = with_threat(IN_TEE, advisories=ADVISORIES)
    decision = decide(facts, RULES, NOW)
    (reason,) = decision.reasons
    assert (reason.code, reason.kind) == ("confirmation-assured", Kind.FAILED)
    assert {each.goal for each in reason.derivations} == {Goal.TRANSACTION, Goal.PIN}
    for each in reason.derivations:
        assert each.advisories == ("EX-1",)
        assert GOALS[each.goal].name.ja in each.because.ja
        assert each.steps


def test_a_rule_on_an_assurance_that_is_not_known_does_not_hold() -> None:
    decision = decide(with_threat(changed(IN_TEE, key__security_level=None)), RULES, NOW)
    assert decision.outcome == Refuse()
    assert any("assurance.transaction" in each.facts for each in decision.reasons)
    assert not any(each.derivations for each in decision.reasons)


def test_a_rule_that_asks_for_something_else_has_no_derivation() -> None:
    facts = changed(with_threat(IN_TEE, advisories=ADVISORIES), app__status="warning")
    by_code = {each.code: each for each in decide(facts, RULES, NOW).reasons}
    assert by_code["app-trusted"].derivations == ()


def test_facts_of_another_model_give_no_derivation() -> None:
    facts = with_threat(IN_TEE, advisories=ADVISORIES)
    for name, value in (("form", "RS-X"), ("judge", "nobody"), ("defences", None)):
        other = changed(facts, **{f"threat__{name}": value})
        assert derivations(other, ["assurance.transaction"]) == ()
    unknown = changed(facts, threat__powers=("rw:tee_mem", "telepathy"))
    (found,) = derivations(unknown, ["assurance.transaction", "assurance.no-goal"])
    assert isinstance(found, Derivation)


def test_a_derivation_that_no_longer_stands_is_left_out() -> None:
    """Facts that say false where the model of today finds no attack."""
    facts = changed(with_threat(IN_TEE), assurance__transaction=False)
    assert derivations(facts, ["assurance.transaction"]) == ()
