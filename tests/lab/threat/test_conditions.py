"""The paper's three conditions, as table 2 words them, against each kind of malware."""

import pytest

from warifu.lab.threat.conditions import PARTS, Part, has_part, judge_part
from warifu.risk.threat.checking import check_certificate
from warifu.risk.threat.forms import FORMS, RS_T_SE, Authenticator, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE

BOTH = {Goal.PIN, Goal.TRANSACTION}
WITH_TEE = sorted(name for name, form in FORMS.items() if form.can_have_trusted_ui)


def lost(form: str, part: Part, malware: str, judge: Judge = Judge.SERVER) -> set[Goal]:
    judged = judge_part(FORMS[form].judged_by(judge), part, powers=MALWARE[malware].powers)
    return {each.question.goal for each in judged if not each.holds}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_vicious_malware_does_not_reach_what_authenticates_inside_se_or_tee(form: str) -> None:
    assert lost(form, Part.AUTHENTICATOR, "vicious") == set()


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_fault_of_the_tee_alters_a_ta_and_no_se_applet(form: str) -> None:
    by_ta = FORMS[form].authenticator is Authenticator.TA
    assert lost(form, Part.AUTHENTICATOR, "tee-isolation") == (BOTH if by_ta else set())


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_pin_sent_in_clear_is_stolen_and_an_encrypted_one_is_not(form: str) -> None:
    assert Goal.PIN in lost(form, Part.SERVER_CLEAR, "vicious")
    assert lost(form, Part.SERVER_ENCRYPTED, "vicious") == set()


@pytest.mark.parametrize("form", sorted(FORMS))
def test_a_pin_that_the_terminal_judges_is_not_sent(form: str) -> None:
    assert lost(form, Part.SERVER_CLEAR, "vicious", Judge.TERMINAL) == set()


@pytest.mark.parametrize("form", sorted(FORMS))
def test_the_way_through_the_ree_to_the_user_is_stolen_from_and_altered(form: str) -> None:
    assert lost(form, Part.USER_THROUGH_REE, "vicious") == BOTH
    assert lost(form, Part.USER_THROUGH_REE, "vicious-ro") == {Goal.PIN}


@pytest.mark.parametrize("form", WITH_TEE)
def test_trusted_ui_keeps_vicious_malware_from_the_user(form: str) -> None:
    assert lost(form, Part.USER_TRUSTED_UI, "vicious") == set()


def test_trusted_ui_over_a_clear_link_keeps_nothing() -> None:
    assert lost(RS_T_SE.name, Part.USER_TRUSTED_UI_CLEAR_LINK, "vicious") == BOTH


def test_what_an_sdk_gains_on_the_way_counts() -> None:
    powers = MALWARE["sdk"].powers
    assert not powers & PARTS[Part.SERVER_CLEAR].concerns
    assert lost("RS", Part.SERVER_CLEAR, "sdk") == {Goal.PIN}


@pytest.mark.parametrize("form", sorted(FORMS))
def test_without_malware_every_part_holds(form: str) -> None:
    for part in Part:
        assert lost(form, part, "none") == set()


def test_the_link_matters_only_where_it_carries_what_the_user_sees() -> None:
    parted = [name for name in FORMS if has_part(FORMS[name], Part.USER_TRUSTED_UI_CLEAR_LINK)]
    assert parted == ["RS-T(SE)"]
    assert [name for name in FORMS if not has_part(FORMS[name], Part.USER_TRUSTED_UI)] == [
        *("RS", "SIM")
    ]


def test_every_part_of_every_form_has_a_certificate_that_checks() -> None:
    for form in FORMS.values():
        for part in Part:
            for malware in MALWARE.values():
                for each in judge_part(form, part, powers=malware.powers):
                    check_certificate(each.question, each.certificate)
