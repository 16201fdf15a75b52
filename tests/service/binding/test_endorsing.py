"""Endorsed keys in the service: who adds one, what it may do, and when that ends."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.service.binding.customers import WHY, Browser, Desk
from tests.service.binding.endorsers import (
    MAKER,
    ask,
    desk_on,
    display,
    draft,
    later,
    listed,
    request,
    session,
    wallet_with,
)
from tests.service.binding.test_erasure import everything
from tests.service.conduct.denials import denied
from tests.service.confirming.counter import display_phone
from tests.service.house import caller, settle
from tests.service.verifying.customers import DEVICE, Customer, iphone
from tests.support import misuse, refused
from warifu.attestation.claims import Endorsement
from warifu.authentication.binding import rules as ceremony
from warifu.authentication.binding.endorsement import Use
from warifu.authentication.ledger.leaf import LeafKind, decode_leaf, open_commitment
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.user import rules as user_rules
from warifu.base.errors import Denied, VerifierFault
from warifu.base.pki import signature
from warifu.handset.authority import new_key, spki
from warifu.handset.user_authentication import CALL_TYPE, SignedDraft, call
from warifu.service.conduct.binding import bindings, endorsing
from warifu.service.conduct.binding.ledger import leaf_of
from warifu.service.conduct.binding.rules import COUNTS, KEY_TAKEN
from warifu.service.conduct.challenges.rules import CONTEXT, IN_TIME, UNUSED
from warifu.service.conduct.erasing.erasure import ErasureRequest, erase
from warifu.service.conduct.rules import KNOWN
from warifu.service.conduct.verifying.calls import (
    CallKind,
    CallRequest,
    TokenRequest,
    issue_token,
)
from warifu.service.conduct.verifying.rules import CALL_FORM
from warifu.service.settings import BindingSettings, RetentionSettings, Settings
from warifu.service.store.database import Statement
from warifu.service.store.endorsed_keys import EndorsedState
from warifu.service.workers.retention import sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.service.house import Hands, HeldTrust
    from warifu.service.conduct.binding.endorsing import EndorsedKeySeen
    from warifu.service.store.database import Database

NEIGHBOUR = "matsu-bank"


@pytest.fixture
def desk(database: Database, clock: Hands, trust: HeldTrust) -> Desk:
    return desk_on(database, clock, trust=trust)


@pytest.fixture
def hanako(desk: Desk) -> Customer:
    """Her Android phone is bound."""
    return Customer(desk=desk).enrol()


def token_for(customer: Customer, key: str) -> str:
    asked = TokenRequest(user=customer.user, device=customer.device, key=key)
    return issue_token(customer.desk.work(), asked).token


def suspend(customer: Customer) -> None:
    work = customer.desk.work()
    bindings.suspend_binding(work, customer.binding, bindings.SuspendRequest(**WHY))


def revoke(customer: Customer, key: str) -> EndorsedKeySeen:
    asked = bindings.ChangeRequest(**WHY)
    return endorsing.revoke_endorsed(customer.desk.work(), customer.binding, key, asked)


def test_an_iphone_gets_a_token_for_a_session_key(desk: Desk, clock: Hands) -> None:
    taro = Customer(desk=desk, phone=iphone(clock.now), user="taro", device="taros-phone").enrol()
    key = new_key()
    endorsed = session(taro, key)
    assert (endorsed.use, endorsed.state) == (Use.SESSION, EndorsedState.ACTIVE)
    assert endorsed.level is Endorsement.ANCHORED
    taro.verify()
    token = token_for(taro, endorsed.id)
    assert taro.check(taro.read(token, proof=taro.dpop(token, key=key))).binding == taro.binding


def test_a_passkey_gets_a_token_for_a_session_key_and_signs_calls_with_it(desk: Desk) -> None:
    hanako = Customer(desk=desk, phone=Browser()).enrol()
    key = new_key()
    endorsed = session(hanako, key)
    hanako.verify()
    token = token_for(hanako, endorsed.id)
    hanako.check(hanako.read(token, proof=hanako.dpop(token, key=key)))
    assert hanako.check(by_session(hanako, key, endorsed.id, number=1)).sequence == 1
    with refused(user_rules.CALL_SEQUENCE):
        hanako.check(by_session(hanako, key, endorsed.id, number=1))


def by_session(customer: Customer, key: Any, name: str | None, *, number: int) -> Any:
    """An ordered call, signed by a session key."""
    asked = customer.ask("session")
    payload = call(asked.context, "POST", "/v1/notes", body=b"", sequence=number)
    return asked.request(
        CallRequest,
        kind=CallKind.ORDERED,
        method="POST",
        url="https://api.bank.example/v1/notes",
        proof=SignedDraft(type=CALL_TYPE, payload=payload, key=key).encode(),
        key=name,
    )


def test_a_stolen_token_of_a_session_key_alone_is_worth_nothing(
    hanako: Customer, desk: Desk
) -> None:
    endorsed = session(hanako, new_key())
    hanako.verify()
    token = token_for(hanako, endorsed.id)
    with refused(user_rules.DPOP_BOUND):
        hanako.check(hanako.read(token, proof=hanako.dpop(token, key=new_key())))
    # Not even by the bound key: a token names one key.
    with refused(user_rules.DPOP_BOUND):
        hanako.check(hanako.read(token, proof=hanako.dpop(token)))
    thief = Customer(desk=desk, user="mallory", device="mallorys-phone").enrol()
    thief.verify()
    with denied(ceremony.USABLE):
        token_for(Customer(desk=desk, user="mallory", device="mallorys-phone"), endorsed.id)


def test_a_session_key_alone_endorses_and_enrols_nothing(hanako: Customer, desk: Desk) -> None:
    stolen = new_key()
    session(hanako, stolen)
    question = ask(desk, hanako.binding)
    made = draft(question, hanako.phone, new_key(), bound=stolen)
    with refused(signature.SIGNATURE):
        endorsing.endorse_key(desk.work(), hanako.binding, request(question, made))


def test_a_session_key_signs_calls_only_where_it_is_named(hanako: Customer) -> None:
    key = new_key()
    endorsed = session(hanako, key)
    with refused(signature.SIGNATURE):
        hanako.check(by_session(hanako, key, None, number=1))
    with refused(signature.SIGNATURE):
        hanako.check(by_session(hanako, hanako.key, endorsed.id, number=1))
    hanako.verify()
    token = token_for(hanako, endorsed.id)
    with misuse(CALL_FORM):
        request_ = hanako.read(token, proof=hanako.dpop(token, key=key), key=endorsed.id)
        hanako.check(request_)


def test_a_key_behind_a_display_signs_no_calls(hanako: Customer) -> None:
    key = new_key()
    endorsed = display(hanako, key)
    with denied(ceremony.USE):
        hanako.check(by_session(hanako, key, endorsed.id, number=1))
    with denied(ceremony.USE):
        token_for(hanako, endorsed.id)


def test_an_endorsement_counts_for_one_binding_tenant_and_challenge(
    hanako: Customer, desk: Desk
) -> None:
    work = desk.work()
    other = Customer(desk=desk, user="taro", device="taros-phone").enrol()
    question = ask(desk, hanako.binding)
    honest = request(question, draft(question, hanako.phone, new_key()))
    with denied(CONTEXT):
        endorsing.endorse_key(work, other.binding, honest)
    endorsing.endorse_key(work, hanako.binding, honest)
    with denied(UNUSED):
        endorsing.endorse_key(work, hanako.binding, honest)
    settle(desk.house, NEIGHBOUR, app=wallet_with(MAKER))
    there = Desk(house=desk.house, caller=caller(NEIGHBOUR))
    with misuse(KNOWN):
        endorsing.endorse_key(there.work(), hanako.binding, honest)


@pytest.mark.parametrize(
    "changed",
    [{"verifier": "warifu/matsu-bank"}, {"binding": bytes(16)}, {"challenge": bytes(32)}],
    ids=["tenant", "binding", "challenge"],
)
def test_an_endorsement_relayed_from_elsewhere_is_refused(
    hanako: Customer, desk: Desk, changed: dict[str, Any]
) -> None:
    question = ask(desk, hanako.binding)
    relayed = draft(question, hanako.phone, new_key(), **changed)
    with refused(ceremony.ENDORSEMENT_ASKED):
        endorsing.endorse_key(desk.work(), hanako.binding, request(question, relayed))


def test_a_question_is_answered_as_it_was_asked_and_in_time(
    hanako: Customer, desk: Desk, clock: Hands
) -> None:
    question = ask(desk, hanako.binding)
    honest = request(question, draft(question, hanako.phone, new_key()))
    later = question.expires_at + timedelta(days=365)
    for altered in (replace(honest, use=Use.TRUSTED_UI), replace(honest, expires_at=later)):
        with denied(CONTEXT):
            endorsing.endorse_key(desk.work(), hanako.binding, altered)
    clock.now = question.answer_before
    with denied(IN_TIME):
        endorsing.endorse_key(desk.work(), hanako.binding, honest)


def test_substitution_of_the_new_key_or_no_possession_is_refused(
    hanako: Customer, desk: Desk
) -> None:
    question = ask(desk, hanako.binding)
    honest, thief = (draft(question, hanako.phone, new_key()) for _ in range(2))
    for possession in (thief.possession(), honest.possession(key=thief.key)):
        with refused(ceremony.POSSESSION):
            endorsing.endorse_key(
                desk.work(), hanako.binding, request(question, honest, possession=possession)
            )


def test_a_key_is_endorsed_by_one_binding_for_one_use(hanako: Customer, desk: Desk) -> None:
    key = new_key()
    session(hanako, key)
    with denied(KEY_TAKEN):
        session(Customer(desk=desk, user="taro", device="taros-phone").enrol(), key)
    with denied(KEY_TAKEN):
        display(hanako, key)
    assert [each.state for each in listed(hanako)] == [EndorsedState.ACTIVE]


def test_the_next_session_key_replaces_the_oldest_and_its_tokens(hanako: Customer) -> None:
    keys = [new_key() for _ in range(3)]
    first = session(hanako, keys[0])
    hanako.verify()
    token = token_for(hanako, first.id)
    session(hanako, keys[1])
    hanako.check(hanako.read(token, proof=hanako.dpop(token, key=keys[0])))
    session(hanako, keys[2])
    states = [each.state for each in listed(hanako)]
    assert states == [EndorsedState.ACTIVE, EndorsedState.ACTIVE, EndorsedState.REPLACED]
    with refused(user_rules.TOKEN):
        hanako.check(hanako.read(token, proof=hanako.dpop(token, key=keys[0])))
    with denied(COUNTS):
        token_for(hanako, first.id)


def test_the_same_key_endorsed_again_lives_longer(hanako: Customer, clock: Hands) -> None:
    key = new_key()
    first = session(hanako, key)
    clock.forward(seconds=3599)
    again = session(hanako, key)
    assert again.expires_at == first.expires_at + timedelta(hours=1)
    assert [each.state for each in listed(hanako)] == [
        EndorsedState.ACTIVE,
        EndorsedState.REPLACED,
    ]


def test_a_key_endorsed_again_keeps_its_tokens_when_another_comes(
    hanako: Customer, clock: Hands
) -> None:
    key = new_key()
    session(hanako, key)
    again = session(hanako, key)
    hanako.verify()
    token = token_for(hanako, again.id)
    session(hanako, new_key())
    hanako.check(hanako.read(token, proof=hanako.dpop(token, key=key)))


def test_a_session_key_ends_and_its_token_with_it(hanako: Customer, clock: Hands) -> None:
    key = new_key()
    endorsed = session(hanako, key)
    clock.now = endorsed.expires_at - timedelta(seconds=5)
    hanako.verify()
    token = token_for(hanako, endorsed.id)
    hanako.check(hanako.read(token, proof=hanako.dpop(token, key=key)))
    clock.forward(seconds=5)
    hanako.verify()
    with denied(ceremony.ENDORSEMENT_TIME):
        hanako.check(hanako.read(token, proof=hanako.dpop(token, key=key)))
    with denied(ceremony.ENDORSEMENT_TIME):
        token_for(hanako, endorsed.id)


def test_a_revoked_key_and_its_token_are_worth_nothing(hanako: Customer) -> None:
    key = new_key()
    endorsed = session(hanako, key)
    hanako.verify()
    token = token_for(hanako, endorsed.id)
    proof = hanako.dpop(token, key=key)
    assert revoke(hanako, endorsed.id).state is EndorsedState.REVOKED
    with refused(user_rules.TOKEN):
        hanako.check(hanako.read(token, proof=proof))
    with denied(COUNTS):
        hanako.check(by_session(hanako, key, endorsed.id, number=1))
    with denied(COUNTS):
        revoke(hanako, endorsed.id)


@pytest.mark.parametrize("put", [session, display])
def test_a_key_that_was_taken_back_does_not_come_again(
    hanako: Customer, desk: Desk, clock: Hands, put: Callable[..., EndorsedKeySeen]
) -> None:
    """Whoever holds it, and can have the bound key sign, would undo what the bank did."""
    stolen = new_key()
    endorsed = put(hanako, stolen)
    revoke(hanako, endorsed.id)
    with denied(KEY_TAKEN):
        put(hanako, stolen)
    assert put(hanako, new_key()).state is EndorsedState.ACTIVE
    clock.now = endorsed.expires_at + timedelta(days=1000)
    sweep(desk.house.database, RetentionSettings(activations_days=0), now=clock.now)
    assert [each.state for each in listed(hanako)] == [EndorsedState.REVOKED]


def test_a_key_of_another_binding_is_not_revoked_by_guessing(hanako: Customer, desk: Desk) -> None:
    endorsed = session(hanako, new_key())
    taro = Customer(desk=desk, user="taro", device="taros-phone").enrol()
    with misuse(KNOWN):
        revoke(taro, endorsed.id)


def test_an_endorsed_key_after_suspension_of_its_binding_is_refused(hanako: Customer) -> None:
    key = new_key()
    endorsed = session(hanako, key)
    hanako.verify()
    token = token_for(hanako, endorsed.id)
    suspend(hanako)
    with denied(ceremony.USABLE):
        hanako.check(hanako.read(token, proof=hanako.dpop(token, key=key)))
    with denied(ceremony.USABLE):
        hanako.check(by_session(hanako, key, endorsed.id, number=1))
    with denied(ceremony.USABLE):
        token_for(hanako, endorsed.id)
    with denied(ceremony.USABLE):
        ask(hanako.desk, hanako.binding)


def test_an_endorsed_key_after_revocation_of_its_binding_is_refused(hanako: Customer) -> None:
    key = new_key()
    endorsed = session(hanako, key)
    asked = bindings.ChangeRequest(**WHY)
    bindings.revoke_binding(hanako.desk.work(), hanako.binding, asked)
    assert [each.state for each in listed(hanako)] == [EndorsedState.REVOKED]
    with pytest.raises(Denied):
        token_for(hanako, endorsed.id)


def test_a_suspension_in_the_moment_of_an_endorsement_leaves_no_key(
    hanako: Customer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = ask(desk, hanako.binding)
    honest = request(question, draft(question, hanako.phone, new_key()))

    def suspended_meanwhile(*given: Any, **named: Any) -> Any:
        suspend(hanako)
        return leaf_of(*given, **named)

    monkeypatch.setattr("warifu.service.conduct.binding.endorsing.leaf_of", suspended_meanwhile)
    with denied(ceremony.USABLE):
        endorsing.endorse_key(desk.work(), hanako.binding, honest)
    assert listed(hanako) == []


def test_eight_endorsements_at_once_leave_as_many_keys_as_may_be(
    hanako: Customer, desk: Desk
) -> None:
    asked = [ask(desk, hanako.binding) for _ in range(8)]
    wanted = [request(each, draft(each, hanako.phone, new_key())) for each in asked]
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda each: endorsing.endorse_key(desk.work(), hanako.binding, each), wanted)
        )
    states = [each.state for each in listed(hanako)]
    assert states.count(EndorsedState.ACTIVE) == desk.house.settings.binding.session_keys
    assert len(states) == 8


def test_leaves_say_when_and_name_nobody(hanako: Customer, desk: Desk) -> None:
    key = new_key()
    endorsed = session(hanako, key)
    later(hanako)
    revoke(hanako, endorsed.id)
    rows = desk.rows("SELECT leaf FROM ledger_leaves WHERE tenant = :tenant ORDER BY at, id")
    leaves = [decode_leaf(bytes(each[0])) for each in rows]
    assert [each.kind for each in leaves] == [
        LeafKind.ENROLMENT,
        LeafKind.ENDORSEMENT,
        LeafKind.ENDORSEMENT_ENDED,
    ]
    assert all(DEVICE.encode() not in bytes(each[0]) for each in rows)
    digest = sha256(spki(key)).digest()
    with pytest.raises(Exception, match="ledger/commitment"):
        open_commitment(leaves[1], "endorsed-key", value=digest, salt=bytes(32))


def test_whoever_ends_keys_and_their_tokens_takes_the_keys_first(
    hanako: Customer, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two who take the same rows in opposite orders wait for each other for ever."""
    taken: list[list[str]] = []
    apply = desk.house.database.apply

    def seen(statements: Sequence[Statement]) -> None:
        changed = (re.match(r"(?:UPDATE|DELETE FROM) (\w+)", each.sql) for each in statements)
        taken.append([each[1] for each in changed if each])
        apply(statements)

    first, second = session(hanako, new_key()), session(hanako, new_key())
    assert first.id < second.id
    monkeypatch.setattr(desk.house.database, "apply", seen)
    revoke(hanako, first.id)
    bindings.revoke_binding(desk.work(), hanako.binding, bindings.ChangeRequest(**WHY))
    erase(desk.work(), ErasureRequest(device=DEVICE))
    ends = [each for each in taken if "access_tokens" in each]
    assert len(ends) == 3
    for each in ends:
        assert each.index("endorsed_keys") < each.index("access_tokens")


def test_an_erasure_leaves_nothing_that_names_an_endorsed_key(hanako: Customer, desk: Desk) -> None:
    endorsed = session(hanako, new_key())
    hanako.verify()
    token_for(hanako, endorsed.id)
    assert endorsed.thumbprint in repr(everything(desk))
    erase(desk.work(), ErasureRequest(device=DEVICE))
    named = {endorsed.thumbprint, endorsed.key}
    assert [name for name, rows in everything(desk).items() if any(n in rows for n in named)] == []


def test_a_key_that_signs_only_what_was_shown_endorses_none(desk: Desk) -> None:
    phone = display_phone()
    assert phone.kind is ProofKind.PROTECTED_CONFIRMATION
    hanako = Customer(desk=desk, phone=phone).enrol()
    with refused(ceremony.ENDORSER):
        session(hanako, new_key())


def test_keys_live_as_long_as_settings_say(
    database: Database, clock: Hands, trust: HeldTrust
) -> None:
    settings = Settings(binding=BindingSettings(session_keys=1, session_key_seconds=600))
    desk = desk_on(database, clock, trust=trust, settings=settings)
    hanako = Customer(desk=desk).enrol()
    endorsed = session(hanako, new_key())
    assert endorsed.expires_at == clock.now + timedelta(seconds=600)
    session(hanako, new_key())
    assert [each.state for each in listed(hanako)].count(EndorsedState.ACTIVE) == 1


def test_what_was_sealed_of_another_binding_opens_in_no_other_row(
    hanako: Customer, desk: Desk
) -> None:
    endorsed = session(hanako, new_key())
    thief = Customer(desk=desk, user="mallory", device="mallorys-phone").enrol()
    moved = Statement(
        sql="UPDATE endorsed_keys SET binding = :binding WHERE tenant = :tenant AND id = :id",
        values={"tenant": desk.caller.tenant, "binding": thief.binding, "id": endorsed.id},
    )
    desk.house.database.apply([moved])
    with pytest.raises(VerifierFault):
        token_for(thief, endorsed.id)
