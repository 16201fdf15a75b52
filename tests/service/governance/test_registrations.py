"""App registrations and their policies: what one person may change, and what needs two."""

import pytest

from tests.service.governance.people import at_work
from tests.service.house import APP, PLAY_SECRET, TENANT, Hands, makers, settle, wallet
from tests.support import misuse, no_statement
from warifu.attestation.appraisal.rules import POLICY_KNOWN_KEYS
from warifu.attestation.claims import Realm
from warifu.base.errors import Denied
from warifu.base.rule import Rule
from warifu.handset.authority import new_key, spki
from warifu.risk.decision.facts import Operation
from warifu.service.composition import Composition
from warifu.service.conduct import rules
from warifu.service.conduct.looking_up.audit import AuditRequest, read_audit
from warifu.service.conduct.registrations import app_changes
from warifu.service.conduct.registrations import rules as registration_rules
from warifu.service.conduct.registrations.app_wire import (
    AppAnswer,
    AppChange,
    AppRequest,
    PlayIntegrityKeys,
    ProposalAnswer,
    ProposalApproval,
)
from warifu.service.conduct.registrations.policy import drop_policy, put_policy, read_policy
from warifu.service.conduct.registrations.registration import (
    AndroidApp,
    AppleApp,
    AppleEnvironment,
    ComponentProvider,
    WebAuthnApp,
    load_app,
)
from warifu.service.store import apps as store

ROGUE = "f" * 64
PROVIDER = spki(makers().play_signing_key)
LOGIN = b'id = "wallet/login"\nprofile = "login"\n'
STRICTER = LOGIN + b"[device]\npatch-max-age-days = 200\n"
MILDER = LOGIN + b"[device]\npatch-max-age-days = 900\n"
OTHER_TENANT = "sakura-bank"


def denied(rule: Rule) -> pytest.RaisesExc[Denied]:
    """Denied by exactly this rule."""
    return pytest.raises(Denied, check=lambda error: error.rule == rule)


def seen(_: AppAnswer) -> None:
    """The caller has seen what stands."""


def put(
    house: Composition, source: bytes, operation: Operation = Operation.LOGIN, by: str = "aoi"
) -> AppAnswer | ProposalAnswer:
    return put_policy(at_work(house, by), APP, operation, source)


def proposed(answer: AppAnswer | ProposalAnswer) -> ProposalAnswer:
    assert isinstance(answer, ProposalAnswer)
    return answer


def approve(house: Composition, proposal: ProposalAnswer, by: str = "haru") -> AppAnswer:
    return app_changes.approve(
        at_work(house, by),
        APP,
        proposal.subject,
        ProposalApproval(fingerprint=proposal.fingerprint),
    )


def days(house: Composition, operation: Operation = Operation.LOGIN) -> int:
    """The oldest patch level that the policy in force takes."""
    with house.database.read() as transaction:
        app = load_app(house, transaction, TENANT, APP)
    return app.policy(operation).settings.device.patch_max_age_days


def change(house: Composition, by: str = "aoi", **values: object) -> AppAnswer | ProposalAnswer:
    app = wallet()
    whole = {
        "name": app.name,
        "android": app.android,
        "apple": app.apple,
        "webauthn": app.webauthn,
        **values,
    }
    asked = AppChange(**whole)  # type: ignore[arg-type]
    return app_changes.replace_app(at_work(house, by), APP, asked, check=seen)


def keys() -> PlayIntegrityKeys:
    return PlayIntegrityKeys(decryption_key=bytes(32), verification_key=spki(new_key()))


def test_a_stricter_policy_takes_effect_at_once(house: Composition) -> None:
    answer = put(house, STRICTER)
    assert isinstance(answer, AppAnswer)
    assert days(house) == 200
    assert read_policy(at_work(house), APP, Operation.LOGIN).text == STRICTER.decode()


def test_a_milder_policy_waits_for_a_second_person(house: Composition) -> None:
    proposal = proposed(put(house, MILDER))
    assert [(each.where, each.setting, each.before, each.after) for each in proposal.milder] == [
        ("login", "device.patch-max-age-days", "730", "900")
    ]
    assert days(house) == 730
    approve(house, proposal)
    assert days(house) == 900


def test_nobody_approves_what_they_proposed(house: Composition) -> None:
    proposal = proposed(put(house, MILDER, by="aoi"))
    with denied(registration_rules.FOUR_EYES):
        approve(house, proposal, by="aoi")
    assert days(house) == 730


def test_a_milder_severity_waits_too(house: Composition) -> None:
    proposed(put(house, LOGIN + b'[severity]\n"device.boot-locked" = "note"\n'))


def test_a_policy_of_one_operation_is_not_approved_for_another(house: Composition) -> None:
    proposal = proposed(put(house, MILDER))
    with denied(registration_rules.PROPOSED):
        app_changes.approve(
            at_work(house, "haru"),
            APP,
            Operation.BALANCE,
            ProposalApproval(fingerprint=proposal.fingerprint),
        )


def test_approval_is_for_the_proposal_that_was_seen(house: Composition) -> None:
    first = proposed(put(house, MILDER))
    second = proposed(put(house, MILDER + b"patch-days-ahead = 90\n"))
    with denied(registration_rules.PROPOSED):
        approve(house, first)
    approve(house, second)


def test_a_change_in_between_ends_a_proposal(house: Composition) -> None:
    proposal = proposed(put(house, MILDER))
    stricter = STRICTER.replace(b'profile = "login"', b'profile = "balance"')
    assert isinstance(put(house, stricter, Operation.BALANCE), AppAnswer)
    with denied(registration_rules.PROPOSED):
        approve(house, proposal)


def test_two_proposals_wait_beside_each_other(house: Composition) -> None:
    proposed(put(house, MILDER))
    second = proposed(put(house, MILDER, Operation.BALANCE))
    assert len(app_changes.read_app(at_work(house), APP).proposals) == 2
    approve(house, second)
    assert app_changes.read_app(at_work(house), APP).proposals == ()


def test_a_proposal_is_approved_once(house: Composition) -> None:
    proposal = proposed(put(house, MILDER))
    approve(house, proposal)
    with denied(registration_rules.PROPOSED):
        approve(house, proposal)


def test_an_old_proposal_is_not_approved(house: Composition, clock: Hands) -> None:
    proposal = proposed(put(house, MILDER))
    clock.forward(days=8)
    with denied(registration_rules.PROPOSED):
        approve(house, proposal)


def test_dropping_a_stricter_policy_is_milder(house: Composition) -> None:
    put(house, STRICTER)
    proposal = proposed(drop_policy(at_work(house), APP, Operation.LOGIN))
    approve(house, proposal)
    answer = read_policy(at_work(house), APP, Operation.LOGIN)
    assert (answer.policy.source, answer.stored_by) == (None, None)
    assert days(house) == 730


def test_dropping_a_milder_policy_takes_effect_at_once(house: Composition) -> None:
    approve(house, proposed(put(house, MILDER)))
    assert isinstance(drop_policy(at_work(house), APP, Operation.LOGIN), AppAnswer)
    assert days(house) == 730


def test_a_policy_with_a_fault_changes_nothing(house: Composition) -> None:
    with misuse(POLICY_KNOWN_KEYS):
        put(house, LOGIN + b"[device]\nboot-lokced = true\n")
    assert app_changes.read_app(at_work(house), APP).revision == 0


def test_a_policy_of_its_own_holds_the_registrations_identifiers(house: Composition) -> None:
    put(house, STRICTER)
    with house.database.read() as transaction:
        app = load_app(house, transaction, TENANT, APP)
    android = wallet().android
    assert android is not None
    assert android.package in app.policy(Operation.LOGIN).settings.app.identifiers
    assert app.policy(Operation.LOGIN).settings.app.signers == set(android.signers)
    assert app.policy(Operation.LOGIN).settings.evidence.realms == {Realm.TEST}


def test_one_more_signer_waits_for_a_second_person(house: Composition) -> None:
    android = wallet().android
    assert android is not None
    rogue = AndroidApp(package=android.package, signers=(*android.signers, ROGUE))
    proposal = proposed(change(house, android=rogue))
    assert ("registration", "android.signers", ROGUE) in [
        (each.where, each.setting, each.after) for each in proposal.milder
    ]
    with house.database.read() as transaction:
        app = load_app(house, transaction, TENANT, APP)
    assert ROGUE not in app.policy(Operation.TRANSFER).settings.app.signers


@pytest.mark.parametrize(
    "values",
    [
        {"webauthn": WebAuthnApp(rp_id="bank.example", origins=("https://evil.example",))},
        {"webauthn": WebAuthnApp(rp_id="evil.example", origins=("https://login.bank.example",))},
        {"android": AndroidApp(package="jp.example.evil")},
        {"apple": AppleApp(app_id="ABCDE12345.evil")},
        {
            "apple": AppleApp(
                app_id="TEAM123456.jp.example.bank", environment=AppleEnvironment.DEVELOPMENT
            )
        },
        {"components": (ComponentProvider(name="Evil Mobile", public_key=PROVIDER),)},
    ],
    ids=["origin", "rp-id", "package", "team", "environment", "provider"],
)
def test_accepting_anything_else_waits_for_a_second_person(
    house: Composition, values: dict[str, object]
) -> None:
    proposed(change(house, **values))  # type: ignore[arg-type]


def test_another_key_of_a_provider_waits_and_taking_one_away_does_not(house: Composition) -> None:
    first = ComponentProvider(name="Kaede Mobile", public_key=PROVIDER)
    approve(house, proposed(change(house, components=(first,))))
    second = ComponentProvider(name="Kaede Mobile", public_key=spki(new_key()))
    proposed(change(house, components=(second,)))
    answer = change(house)
    assert isinstance(answer, AppAnswer)
    assert answer.registration.providers == ()


@pytest.mark.parametrize(
    "components",
    [
        (ComponentProvider(name="Kaede Mobile", public_key=b"no key"),),
        (ComponentProvider(name="Kaede Mobile", public_key=PROVIDER[:-1]),),
        2 * (ComponentProvider(name="Kaede Mobile", public_key=PROVIDER),),
    ],
    ids=["no key", "cut short", "twice"],
)
def test_a_provider_without_a_key_of_its_own_is_refused(
    house: Composition, components: tuple[ComponentProvider, ...]
) -> None:
    with misuse(registration_rules.FORM):
        change(house, components=components)


def test_other_keys_for_verdicts_wait_for_a_second_person(house: Composition) -> None:
    new = keys()
    proposal = proposed(change(house, play_integrity=new))
    assert proposal.replaces_keys
    with house.database.read() as transaction:
        app = load_app(house, transaction, TENANT, APP)
    assert app.play_integrity_keys()["decryption_key"].reveal() == PLAY_SECRET
    app_changes.approve(
        at_work(house, "haru"),
        APP,
        app_changes.WHOLE,
        ProposalApproval(fingerprint=proposal.fingerprint),
    )
    with house.database.read() as transaction:
        held = load_app(house, transaction, TENANT, APP).play_integrity_keys()
    assert held["decryption_key"].reveal() == new.decryption_key
    assert held["verification_key"].reveal() == new.verification_key


def test_accepting_less_takes_effect_at_once(house: Composition) -> None:
    answer = change(house, webauthn=None, name="Kaede")
    assert isinstance(answer, AppAnswer)
    assert answer.registration.webauthn is None
    assert answer.registration.play_integrity


def test_forgotten_keys_are_gone(house: Composition) -> None:
    answer = change(house, forget_play_integrity=True)
    assert isinstance(answer, AppAnswer)
    assert not answer.registration.play_integrity
    with house.database.read() as transaction:
        app = load_app(house, transaction, TENANT, APP)
        row = store.read_app(transaction, TENANT, APP)
    assert app.play_integrity_keys() == {}
    assert row is not None
    assert row[2] is None


def test_keys_are_never_shown(house: Composition) -> None:
    new = keys()
    proposed(change(house, play_integrity=new))
    shown = repr(
        [
            app_changes.read_app(at_work(house), APP),
            read_audit(at_work(house), AuditRequest(), after=None, limit=50),
            AppChange(name="x", play_integrity=new),
        ]
    )
    for secret in (new.decryption_key, PLAY_SECRET):
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown


@pytest.mark.parametrize(
    ("android", "play_integrity"),
    [
        (None, None),
        (AndroidApp(package="jp.example.bank"), b"no key"),
        (None, spki(makers().play_signing_key)),
    ],
    ids=["no platform", "no public key", "keys without an app"],
)
def test_a_registration_that_nothing_can_be_held_against_is_refused(
    house: Composition, android: AndroidApp | None, play_integrity: bytes | None
) -> None:
    given = play_integrity and PlayIntegrityKeys(
        decryption_key=bytes(32), verification_key=play_integrity
    )
    web = WebAuthnApp(rp_id="bank.example", origins=("https://bank.example",)) if given else None
    with misuse(registration_rules.FORM):
        app_changes.create_app(
            at_work(house),
            AppRequest(
                id="new",
                name="New",
                realm=Realm.TEST,
                android=android,
                webauthn=web,
                play_integrity=given or None,
            ),
        )


def on_this_machine(realm: Realm) -> AppRequest:
    web = WebAuthnApp(rp_id="localhost", origins=("http://localhost:8460",))
    return AppRequest(id="new", name="New", realm=realm, webauthn=web)


def test_an_origin_on_the_customers_own_machine_is_refused_in_production(
    house: Composition,
) -> None:
    with misuse(registration_rules.FORM):
        app_changes.create_app(at_work(house), on_this_machine(Realm.PRODUCTION))


def test_an_origin_on_this_machine_is_taken_for_tests(house: Composition) -> None:
    answer = app_changes.create_app(at_work(house), on_this_machine(Realm.TEST))
    assert answer.registration.webauthn
    assert answer.registration.webauthn.origins == ("http://localhost:8460",)


def new_app(name: str = "new", realm: Realm = Realm.TEST) -> AppRequest:
    return AppRequest(
        id=name, name="New", realm=realm, android=AndroidApp(package="jp.example.new")
    )


def test_a_new_app_has_the_shipped_policies(house: Composition) -> None:
    answer = app_changes.create_app(at_work(house), new_app())
    assert {each.operation: each.id for each in answer.policies} == {
        operation: f"new/{operation}"
        if operation in {Operation.LOGIN, Operation.BALANCE, Operation.TRANSFER}
        else "new/high-value-transfer"
        for operation in Operation
    }
    assert app_changes.read_app(at_work(house), "new") == answer


def test_an_app_of_another_realm_is_refused(house: Composition) -> None:
    with denied(registration_rules.REALM):
        app_changes.create_app(at_work(house), new_app(realm=Realm.PRODUCTION))


def test_an_app_does_not_take_anothers_place(house: Composition) -> None:
    with denied(registration_rules.NEW):
        app_changes.create_app(at_work(house), new_app(APP))
    assert app_changes.read_app(at_work(house), APP).registration.name == "Wallet"


def test_two_changes_do_not_undo_each_other(house: Composition) -> None:
    def meanwhile(_: AppAnswer) -> None:
        if not turns:
            turns.append(1)
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

            with ThreadPoolExecutor(1) as pool:
                pool.submit(put, house, STRICTER).result()

    turns: list[int] = []
    with denied(rules.UNCHANGED):
        app_changes.replace_app(
            at_work(house),
            APP,
            AppChange(name="x", android=wallet().android, apple=wallet().apple),
            check=meanwhile,
        )
    assert days(house) == 200


def test_apps_are_listed_by_page(house: Composition) -> None:
    for name in ("b", "a", "z"):
        app_changes.create_app(at_work(house), new_app(name))
    first = app_changes.list_apps(at_work(house), after=None, limit=2)
    assert [each.registration.id for each in first] == ["a", "b", "wallet"]
    rest = app_changes.list_apps(at_work(house), after="b", limit=2)
    assert [each.registration.id for each in rest] == ["wallet", "z"]


def test_tenants_do_not_see_each_others_apps(house: Composition) -> None:
    settle(house, OTHER_TENANT)
    app_changes.create_app(at_work(house), new_app())
    stranger = at_work(house, "haru", tenant=OTHER_TENANT)
    with misuse(rules.KNOWN):
        app_changes.read_app(stranger, "new")
    with misuse(rules.KNOWN):
        put_policy(stranger, "new", Operation.LOGIN, STRICTER)
    proposal = proposed(put(house, MILDER))
    with denied(registration_rules.PROPOSED):
        app_changes.approve(
            stranger, APP, "login", ProposalApproval(fingerprint=proposal.fingerprint)
        )
    assert [each.registration.id for each in app_changes.list_apps(stranger, after=None, limit=9)]
    assert days(house) == 730


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM policies WHERE tenant = :tenant RETURNING digest",
        "UPDATE policies SET source = :source WHERE tenant = :tenant RETURNING digest",
        "UPDATE apps SET document = :source WHERE tenant = :tenant RETURNING id",
    ],
    ids=["gone", "altered", "unreadable"],
)
def test_a_policy_that_is_not_what_was_stored_judges_nothing(
    house: Composition, damage: str
) -> None:
    unseen = STRICTER + f"# {damage}".encode()
    put(house, unseen)
    values = {"source": MILDER} if ":source" in damage else {}
    with house.database.write() as transaction:
        transaction.rows(damage, tenant=TENANT, **values)
    with no_statement(registration_rules.READABLE), house.database.read() as transaction:
        load_app(house, transaction, TENANT, APP)


def test_an_app_is_read_from_memory_until_it_changes(house: Composition) -> None:
    with house.database.read() as transaction:
        first = load_app(house, transaction, TENANT, APP)
        assert load_app(house, transaction, TENANT, APP).policies is first.policies
    put(house, STRICTER)
    with house.database.read() as transaction:
        assert load_app(house, transaction, TENANT, APP).revision == 1
    assert days(house) == 200
