"""Every recipe of the policy cookbook does what it says, in both languages."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path

import msgspec
import pytest

from tests.attestation.appraisal import worlds
from tests.risk.decision.cases import NOW, changed, honest, standard, standard_bytes
from warifu.attestation.appraisal.appraise import appraise
from warifu.attestation.appraisal.policy import AppraisalPolicy, load_policy, milder
from warifu.attestation.appraisal.vector import Tier
from warifu.attestation.claims import BootState, Claims
from warifu.risk.decision.decide import Limit, Outcome, Refuse, Serve, StepUp, decide
from warifu.risk.decision.facts import DeviceFacts, Facts, Operation
from warifu.risk.decision.rules import Method, RuleSet, load_rules
from warifu.service.adapters.bundled_profiles import bundled_profiles
from warifu.service.conduct.governing.governing import ExemptionRequest

DOCS = Path(__file__).resolve().parents[2] / "docs"
ENGLISH, JAPANESE = DOCS / "policy-cookbook.md", DOCS / "ja" / "policy-cookbook.md"
REGISTRATION = {
    "app": {
        "identifiers": [worlds.PACKAGE, f"TEAM.{worlds.PACKAGE}"],
        "signers": [worlds.SIGNER.hex()],
    }
}
SELF_SIGNED = {"state": BootState.SELF_SIGNED}
ALONE = ("Takes effect at once.", "直ちに適用されます。")
TWO = ("Needs two people.", "2名の関与が必要です。")


@cache
def recipes(path: Path, kind: str) -> dict[str, tuple[str, str]]:
    """By name: the file, and the line below it."""
    text = path.read_text("utf-8")
    found = re.findall(rf"```toml\n# {kind}: ([a-z-]+)\n(.*?)```\n([^\n]*)", text, re.DOTALL)
    return {name: (source, below) for name, source, below in found}


def policy(source: str) -> AppraisalPolicy:
    return load_policy(source.encode(), profiles=bundled_profiles(), given=REGISTRATION)


def shipped(source: str) -> AppraisalPolicy:
    return policy(f"id = 'x'\nprofile = '{tomllib.loads(source)['profile']}'")


def status(claims: Claims, judged_by: AppraisalPolicy) -> Tier:
    """The least trusted of the submodules that the evidence says anything of."""
    result = appraise(claims, policy=judged_by, trust=worlds.trust(), now=worlds.NOW)
    return max(
        (each.status for each in result.submodules.values() if each.findings),
        key=lambda tier: (tier is not Tier.AFFIRMING, tier),
    )


POLICIES: dict[str, tuple[Claims, Tier, Tier]] = {
    "custom-system": (worlds.android(boot=SELF_SIGNED), Tier.CONTRAINDICATED, Tier.AFFIRMING),
    "emergency-patch-floor": (
        worlds.android(operating_system={"patch_level": "2026-08"}),
        Tier.AFFIRMING,
        Tier.CONTRAINDICATED,
    ),
    "old-phones-may-look": (
        worlds.android(operating_system={"patch_level": "2024-01"}),
        Tier.CONTRAINDICATED,
        Tier.WARNING,
    ),
    "secure-element": (worlds.android(), Tier.AFFIRMING, Tier.CONTRAINDICATED),
    "minimum-version": (worlds.android(), Tier.AFFIRMING, Tier.CONTRAINDICATED),
    "certified-authenticators": (worlds.registration(), Tier.AFFIRMING, Tier.CONTRAINDICATED),
    "biometrics-only": (
        worlds.android(key={"user_authentication": "password"}),
        Tier.AFFIRMING,
        Tier.CONTRAINDICATED,
    ),
    "from-the-store": (
        worlds.play_integrity(detail={"licensing": "UNLICENSED"}),
        Tier.WARNING,
        Tier.CONTRAINDICATED,
    ),
}
"""By recipe: evidence, its status under the shipped profile, and under the recipe."""


@pytest.mark.parametrize("path", [ENGLISH, JAPANESE], ids=["en", "ja"])
@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_does_what_it_says(name: str, path: Path) -> None:
    source, _ = recipes(path, "policy")[name]
    claims, before, after = POLICIES[name]
    assert status(claims, shipped(source)) is before
    assert status(claims, policy(source)) is after


@pytest.mark.parametrize("path", [ENGLISH, JAPANESE], ids=["en", "ja"])
@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_says_how_many_people_it_needs(name: str, path: Path) -> None:
    source, below = recipes(path, "policy")[name]
    needs_two = bool(milder(policy(source), than=shipped(source)))
    assert below.startswith(TWO if needs_two else ALONE)


def with_recipe(source: str) -> RuleSet:
    """The shipped rule set, where a recipe's tables take the place of those of the same name."""
    recipe = tomllib.loads(source)
    ids = {rule["id"] for rule in recipe.get("rules", ())}
    operations = set(recipe.get("operations", ()))
    kept = [
        block
        for block in standard_bytes().decode().split("\n\n")
        if not any(f'id = "{name}"\n' in block for name in ids if "[[rules]]" in block)
        and not any(block.startswith(f"[operations.{name}]") for name in operations)
    ]
    return load_rules("\n\n".join([*kept, source]).encode())


def asked(operation: Operation = Operation.TRANSFER, **values: object) -> Facts:
    return changed(honest(operation), **values)


CONFIRM = StepUp((Method.CONFIRMATION,))
RULES: dict[str, tuple[Facts, Outcome, Outcome]] = {
    "confirm-from-amount": (
        asked(operation__amount=30_000, user__confirmed=False),
        Serve(),
        CONFIRM,
    ),
    "new-device-limit": (asked(binding__age_seconds=60), Serve(), Limit(10_000, "JPY")),
    "call-back-after-refusals": (
        asked(history__failures=3),
        Serve(),
        StepUp((Method.CALL_BACK,)),
    ),
    "identity-card-for-linking": (
        asked(Operation.LINK_ACCOUNT, user__methods=("passkey",)),
        Serve(),
        StepUp((Method.IDENTITY_CARD,)),
    ),
    "assured-transfers": (
        asked(assurance__transaction=False),
        Serve(),
        Limit(10_000, "JPY"),
    ),
    "higher-limit": (
        asked(operation__amount=200_000),
        Limit(100_000, "JPY"),
        Serve(),
    ),
    "outages": (
        asked(service__vendor_down=True, history__served_seconds=10**6, operation__amount=5_000),
        Refuse(),
        Serve(),
    ),
}
"""By recipe: a request, what the shipped rule set answers, and what the changed one does."""


@pytest.mark.parametrize("path", [ENGLISH, JAPANESE], ids=["en", "ja"])
@pytest.mark.parametrize("name", RULES)
def test_a_rule_does_what_it_says(name: str, path: Path) -> None:
    facts, before, after = RULES[name]
    assert decide(facts, standard(), NOW).outcome == before
    source, _ = recipes(path, "rules")[name]
    assert decide(facts, with_recipe(source), NOW).outcome == after
    for operation in Operation:
        assert decide(honest(operation), with_recipe(source), NOW).outcome == Serve()


@pytest.mark.parametrize("path", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_the_mistake_is_one(path: Path) -> None:
    source, _ = recipes(path, "mistake")["refuses-every-iphone"]
    iphone = msgspec.structs.replace(
        asked(), device=DeviceFacts(status="affirming", platform="apple")
    )
    assert decide(iphone, standard(), NOW).outcome == Serve()
    assert decide(asked(), with_recipe(source), NOW).outcome == Serve()
    assert decide(iphone, with_recipe(source), NOW).outcome == Refuse()


@pytest.mark.parametrize(
    ("kind", "tested"), [("policy", POLICIES), ("rules", RULES), ("mistake", {"x": 1})]
)
def test_no_recipe_is_untested_and_both_languages_have_the_same(
    kind: str, tested: dict[str, object]
) -> None:
    english, japanese = recipes(ENGLISH, kind), recipes(JAPANESE, kind)
    assert [(name, source) for name, (source, _) in english.items()] == [
        (name, source) for name, (source, _) in japanese.items()
    ]
    assert len(english) == len(tested)
    assert ENGLISH.read_text("utf-8").count("```toml") == sum(
        len(recipes(ENGLISH, each)) for each in ("policy", "rules", "mistake")
    )


@pytest.mark.parametrize("path", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_the_exemption_is_one_that_can_be_asked_for(path: Path) -> None:
    (source,) = re.findall(r"```json\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
    asked_for = msgspec.convert(json.loads(source), ExemptionRequest, strict=False)
    assert asked_for.rule in {rule.id for rule in standard().rules}


@pytest.mark.parametrize("path", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_every_link_of_the_cookbook_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text("utf-8")):
        assert (path.parent / target).exists(), target
