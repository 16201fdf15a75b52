"""While trust is stale, what was shown to be false is refused all the same."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.service.attacks.world import ABOUT, BANK, World, wire
from tests.service.phones import Android
from warifu.handset import android_key
from warifu.handset.android_key import UNVERIFIED, application, root_of_trust
from warifu.service.conduct.evidence.expectations import SubmittedEvidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.house import Hands, HeldTrust

LONG = timedelta(days=400)


def forged(challenge: bytes, now: Any) -> SubmittedEvidence:
    """A whole chain, from a root of the attacker's own."""
    maker = android_key.AndroidPhone.factory()
    made = maker.attest(challenge=challenge, made_at=now)
    return SubmittedEvidence(media_type="application/pem-certificate-chain", data=made.pem())


def of_another_app(challenge: bytes, now: Any) -> SubmittedEvidence:
    game = application({"jp.example.game": 1})
    phone = Android(change=lambda made: made.description.software.set(709, game))
    return phone.evidence(challenge, now)


def unlocked(challenge: bytes, now: Any) -> SubmittedEvidence:
    rooted = root_of_trust(locked=False, state=UNVERIFIED, boot_key=bytes(32))
    phone = Android(change=lambda made: made.description.hardware.set(704, rooted))
    return phone.evidence(challenge, now)


def replayed(challenge: bytes, now: Any) -> SubmittedEvidence:
    return Android().evidence(bytes(len(challenge)), now)


def garbage(challenge: bytes, now: Any) -> SubmittedEvidence:
    del now
    return SubmittedEvidence(media_type="application/pem-certificate-chain", data=challenge)


def decide(world: World, make: Callable[..., SubmittedEvidence], **about: Any) -> dict[str, Any]:
    challenge, value = world.challenge(**about)
    evidence = wire(make(value, world.house.clock()))
    body = {**ABOUT, **about, "challenge": challenge, "evidence": evidence, "bank": BANK}
    return world.tell("POST", "/v1/decisions", body)


@pytest.mark.parametrize("make", [forged, of_another_app, unlocked, replayed, garbage])
def test_an_outage_excuses_nothing_that_is_known_to_be_wrong(
    world: World, trust: HeldTrust, make: Callable[..., SubmittedEvidence]
) -> None:
    assert decide(world, Android().evidence)["outcome"] == "serve"
    trust.list_age = LONG
    for operation in (ABOUT["operation"], {"kind": "login"}):
        assert decide(world, make, operation=operation)["outcome"] == "refuse", operation


def test_recently_served_is_not_what_was_served_in_an_outage_or_in_the_future(
    world: World, trust: HeldTrust, clock: Hands
) -> None:
    login = {"operation": {"kind": "login"}}
    assert decide(world, Android().evidence, **login)["outcome"] == "serve"
    trust.list_age = LONG
    for hours in (12, 11):
        clock.forward(hours=hours)
        assert decide(world, Android().evidence, **login)["outcome"] == "serve"
    clock.forward(hours=2)
    assert decide(world, Android().evidence, **login)["outcome"] == "refuse"
    clock.forward(hours=-26)
    assert decide(world, Android().evidence, **login)["outcome"] == "refuse"


def test_another_user_or_device_was_not_recently_served(world: World, trust: HeldTrust) -> None:
    login = {"operation": {"kind": "login"}}
    assert decide(world, Android().evidence, **login)["outcome"] == "serve"
    trust.list_age = LONG
    for changed in ({"user": "taro"}, {"device": "taros-phone"}, {"user": None}):
        assert decide(world, Android().evidence, **login, **changed)["outcome"] == "refuse"


def test_in_an_outage_of_trust_the_limit_is_the_limit(world: World, trust: HeldTrust) -> None:
    trust.list_age = LONG
    small = {**ABOUT["operation"], "amount": 10_000}
    large = {**ABOUT["operation"], "amount": 10_001}
    assert decide(world, Android().evidence, operation=small)["outcome"] == "serve"
    made = decide(world, Android().evidence, operation=large)
    assert (made["outcome"], made["limit"]["amount"]) == ("limit", 10_000)
