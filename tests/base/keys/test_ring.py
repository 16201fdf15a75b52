"""Keys take turns without a gap, and a key that is out stays out."""

import os
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support import misuse, no_statement
from warifu.base.keys import ring as rules
from warifu.base.keys.purpose import TERMS, KeyPurpose
from warifu.base.keys.ring import (
    LEAST_LEAD,
    MAX_KEYS,
    TRANSITIONS,
    USUAL_LEAD,
    Custody,
    KeyEvent,
    KeyRing,
    KeyState,
)
from warifu.base.keys.signer import SoftwareSigner

START = datetime(2026, 11, 21, 9, 0, 0, 5, tzinfo=UTC)
EAR = KeyPurpose.EAR
SECOND = timedelta(seconds=1)


def new_signer(algorithm: str = "EdDSA") -> SoftwareSigner:
    return SoftwareSigner.generate(algorithm, os.urandom)


def rotated(
    ring: KeyRing, now: datetime, purpose: KeyPurpose = EAR, lead: timedelta = USUAL_LEAD
) -> KeyRing:
    return ring.rotate(purpose, new_signer(), custody=Custody.FILE, now=now, lead=lead)


def states(ring: KeyRing, now: datetime) -> list[str]:
    return [ring.state(record, now).value for record in ring.records]


def key_id(ring: KeyRing, now: datetime) -> str:
    return ring.signer(EAR, now).key_id


@pytest.fixture
def one() -> KeyRing:
    return rotated(KeyRing(), START)


@pytest.fixture
def two(one: KeyRing) -> KeyRing:
    """A day later the next key is published."""
    return rotated(one, START + timedelta(days=1))


TAKES_OVER = START.replace(microsecond=0) + timedelta(days=2)
WITHDRAWN = TAKES_OVER + TERMS[EAR].longest_life + rules.SKEW


def test_the_first_key_signs_at_once(one: KeyRing) -> None:
    assert states(one, START) == ["active"]
    assert one.published(START) == one.records
    assert one.signer(EAR, START).key_id == one.records[0].key_id


def test_a_key_is_published_before_its_first_use(two: KeyRing) -> None:
    before = TAKES_OVER - SECOND
    assert states(two, before) == ["active", "pending"]
    assert two.published(before) == two.records
    assert key_id(two, before) == two.records[0].key_id
    assert two.records[1].published_at + USUAL_LEAD == two.records[1].signs_from


def test_rotation_leaves_no_moment_without_a_signer(two: KeyRing) -> None:
    for seconds in (-1, 0, 1):
        moment = TAKES_OVER + seconds * SECOND
        active = [each for each in two.records if two.state(each, moment) is KeyState.ACTIVE]
        assert len(active) == 1
    assert key_id(two, TAKES_OVER - SECOND) == two.records[0].key_id
    assert key_id(two, TAKES_OVER) == two.records[1].key_id


def test_an_old_key_is_published_for_the_life_of_what_it_signed(two: KeyRing) -> None:
    assert states(two, WITHDRAWN - SECOND) == ["retiring", "active"]
    assert two.published(WITHDRAWN - SECOND) == two.records
    assert states(two, WITHDRAWN) == ["retired", "active"]
    assert two.published(WITHDRAWN) == two.records[1:]


def test_a_retired_key_does_not_sign(two: KeyRing) -> None:
    for moment in (TAKES_OVER, WITHDRAWN, WITHDRAWN + timedelta(days=9000)):
        assert key_id(two, moment) == two.records[1].key_id


def test_a_clock_going_backwards_brings_no_key_back(two: KeyRing) -> None:
    three = rotated(two, WITHDRAWN)
    for moment in (START, datetime(1970, 1, 1, tzinfo=UTC)):
        assert states(three, moment) == ["retired", "active", "pending"]
        assert key_id(three, moment) == two.records[1].key_id


def test_a_clock_that_was_set_back_changes_no_keys(two: KeyRing) -> None:
    with misuse(rules.CLOCK):
        rotated(two, START, KeyPurpose.RECEIPT)
    with misuse(rules.CLOCK):
        two.revoke(two.records[0].key_id, now=START)


@pytest.mark.parametrize("lead", [timedelta(0), LEAST_LEAD - SECOND, timedelta(days=367)])
def test_a_key_nobody_could_know_yet_is_not_planned(one: KeyRing, lead: timedelta) -> None:
    with misuse(rules.LEAD):
        rotated(one, START, lead=lead)


def test_two_keys_are_not_waiting_at_once(two: KeyRing) -> None:
    with misuse(rules.ONE_PENDING):
        rotated(two, START + timedelta(days=1))


def test_a_key_serves_one_purpose(one: KeyRing) -> None:
    signer = one.signer(EAR, START)
    with misuse(rules.UNIQUE):
        one.rotate(KeyPurpose.RECEIPT, signer, custody=Custody.FILE, now=START)
    with no_statement(rules.NO_SIGNER):
        one.signer(KeyPurpose.RECEIPT, START)


def test_rotating_one_purpose_leaves_the_others(one: KeyRing) -> None:
    both = rotated(rotated(one, START, KeyPurpose.RECEIPT), START)
    assert states(both, WITHDRAWN) == ["retired", "active", "active"]


def test_a_compromised_key_is_out_at_once(two: KeyRing) -> None:
    now = START + timedelta(days=1, hours=1)
    after = two.revoke(two.records[0].key_id, now=now)
    for moment in (START, now, WITHDRAWN):
        assert states(after, moment)[0] == "revoked"
        assert after.published(moment) == after.records[1:]
    assert two.records[0].key_id not in after.signers


def test_the_next_key_takes_over_at_once_from_a_compromised_one(two: KeyRing) -> None:
    now = START + timedelta(days=1, hours=1)
    after = two.revoke(two.records[0].key_id, now=now)
    assert key_id(after, now) == two.records[1].key_id


def test_a_compromised_next_key_leaves_the_present_one_signing(two: KeyRing) -> None:
    now = START + timedelta(days=1, hours=1)
    after = two.revoke(two.records[1].key_id, now=now)
    assert states(after, WITHDRAWN + timedelta(days=900)) == ["active", "revoked"]
    assert key_id(after, WITHDRAWN) == two.records[0].key_id


def test_after_the_only_key_is_revoked_a_new_one_signs_at_once(one: KeyRing) -> None:
    now = START + timedelta(hours=1)
    bare = one.revoke(one.records[0].key_id, now=now)
    with no_statement(rules.NO_SIGNER):
        bare.signer(EAR, now)
    after = rotated(bare, now)
    assert states(after, now) == ["revoked", "active"]


def test_a_revoked_next_key_without_a_present_one_is_only_revoked(two: KeyRing) -> None:
    orphan = replace(two, records=two.records[1:])
    after = orphan.revoke(orphan.records[0].key_id, now=START + timedelta(days=1))
    assert states(after, WITHDRAWN) == ["revoked"]


def test_a_retiring_key_is_revoked_without_touching_the_present_one(two: KeyRing) -> None:
    after = two.revoke(two.records[0].key_id, now=TAKES_OVER)
    assert states(after, TAKES_OVER) == ["revoked", "active"]
    assert after.records[1] == two.records[1]


def test_a_revoked_key_is_not_revoked_again(one: KeyRing) -> None:
    after = one.revoke(one.records[0].key_id, now=START)
    with misuse(rules.TRANSITION):
        after.revoke(one.records[0].key_id, now=START)


def test_an_unknown_key_is_not_revoked(one: KeyRing) -> None:
    with misuse(rules.KNOWN):
        one.revoke("nobody", now=START)


def test_a_key_that_is_not_at_hand_does_not_sign(one: KeyRing) -> None:
    with no_statement(rules.NO_SIGNER):
        replace(one, signers={}).signer(EAR, START)


def test_a_full_ring_forgets_only_retired_keys(two: KeyRing) -> None:
    spare = two.records[1]
    crowd = tuple(
        replace(spare, key_id=f"{n}", purpose=KeyPurpose.RECEIPT) for n in range(MAX_KEYS - 2)
    )
    full = replace(two, records=(*two.records, *crowd))
    with misuse(rules.CAPACITY):
        rotated(full, WITHDRAWN - SECOND)
    after = rotated(full, WITHDRAWN)
    assert two.records[0] not in after.records
    assert len(after.records) == MAX_KEYS


def test_each_change_counts(two: KeyRing) -> None:
    assert two.counter == 2
    assert two.renew(now=TAKES_OVER).counter == 3
    assert two.renew(now=TAKES_OVER).records == two.records


def test_the_table_leads_out_of_no_final_state_and_never_back() -> None:
    order = [KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING, KeyState.RETIRED]
    assert TRANSITIONS[KeyState.REVOKED] == {}
    for state in order:
        assert TRANSITIONS[state][KeyEvent.REVOKE] is KeyState.REVOKED
    for earlier, later in pairwise(order):
        onward = {to for event, to in TRANSITIONS[earlier].items() if event is not KeyEvent.REVOKE}
        assert onward == {later}


@given(
    st.lists(st.tuples(st.sampled_from(["rotate", "revoke"]), st.integers(1, 200)), max_size=12),
    st.integers(-50, 400),
)
def test_whatever_is_done_at_most_one_key_signs_and_only_published_keys_sign(
    steps: list[tuple[str, int]], later: int
) -> None:
    ring, now = rotated(KeyRing(), START), START
    for what, hours in steps:
        now += timedelta(hours=hours)
        active = ring.active(EAR, now)
        if what == "revoke" and active:
            ring = ring.revoke(active.key_id, now=now)
        elif what == "rotate" and "pending" not in states(ring, now):
            ring = rotated(ring, now)
    moment = now + timedelta(hours=later)
    signing = [each for each in ring.records if ring.state(each, moment) is KeyState.ACTIVE]
    assert len(signing) <= 1
    for each in signing:
        assert each in ring.published(moment)
        assert each.published_at <= max(moment, ring.changed_at)
