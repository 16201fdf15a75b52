"""What the closure says of each claim of the paper, and of what the paper does not say."""

from itertools import combinations, product

import pytest

from tests.risk.threat.builds import ALL, NONE, ORDERED, PAPER, fallen
from warifu.risk.threat.checking import check_certificate
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import (
    FORMS,
    R_TS_SE,
    R_TS_TA,
    RS,
    RS_T_SE,
    RS_T_TA,
    SIM_ONLY,
    Form,
    Judge,
    Trait,
)
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.powers import Power
from warifu.risk.threat.question import Attack, Basis, Safe, Verdict
from warifu.risk.threat.verdict import verdict

PAPERS_FORMS = (RS, RS_T_TA, RS_T_SE, R_TS_TA, R_TS_SE)
WITH_TEE = (RS_T_TA, RS_T_SE, R_TS_TA, R_TS_SE)
WITHOUT_TEE = (RS, SIM_ONLY)
BY_SE = (RS, RS_T_SE, R_TS_SE, SIM_ONLY)
BY_TA = (RS_T_TA, R_TS_TA)
NOTHING: frozenset[Goal] = frozenset()
ACCEPTANCE = {Goal.TRANSACTION, Goal.ONCE}

every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
every_judge = pytest.mark.parametrize("judge", Judge)


def with_tee(form: Form) -> bool:
    return form.can_have_trusted_ui


def asked(form: Form, attacker: str, goal: Goal, defences: frozenset[Defence]) -> Verdict:
    """A verdict whose certificate has been checked."""
    given = verdict(form, defences=defences, powers=MALWARE[attacker].powers, goal=goal)
    check_certificate(given.question, given.certificate)
    return given


class TestClaimsOfThePaper:
    """U 2.2 to U 4, claim by claim."""

    @every_form
    def test_fake_app_gets_the_pin_and_impersonates_the_user(self, form: Form) -> None:
        assert {Goal.PIN, Goal.TRANSACTION, Goal.TERMINAL} <= fallen(form, "fake-app")

    @every_form
    @every_judge
    def test_policy_1_keeps_the_fake_app_from_the_pin(self, form: Form, judge: Judge) -> None:
        kept = ORDERED | {Defence.POLICY_1}
        assert Goal.PIN not in fallen(form, "fake-app", kept, judge)

    @every_form
    @every_judge
    def test_policy_2_makes_a_stolen_pin_useless_elsewhere(self, form: Form, judge: Judge) -> None:
        found = fallen(form, "fake-app", ORDERED | {Defence.POLICY_2}, judge)
        assert found == {Goal.PIN}

    @every_form
    @every_judge
    def test_without_policy_3_vicious_malware_copies_key_and_pin(
        self, form: Form, judge: Judge
    ) -> None:
        found = fallen(form, "vicious", ALL - {Defence.POLICY_3}, judge)
        assert {Goal.PIN, Goal.TRANSACTION, Goal.TERMINAL} <= found

    @every_form
    @every_judge
    def test_vicious_malware_wins_in_every_form_without_trusted_ui(
        self, form: Form, judge: Judge
    ) -> None:
        found = fallen(form, "vicious", ALL - {Defence.TRUSTED_UI}, judge)
        assert {Goal.PIN, Goal.TRANSACTION} <= found

    @pytest.mark.parametrize("form", WITHOUT_TEE, ids=lambda form: form.name)
    def test_se_without_tee_never_resists_vicious_malware(self, form: Form) -> None:
        assert {Goal.PIN, Goal.TRANSACTION} <= fallen(form, "vicious", ALL)

    @pytest.mark.parametrize("form", WITH_TEE, ids=lambda form: form.name)
    @every_judge
    def test_trusted_ui_with_all_policies_resists_vicious_malware(
        self, form: Form, judge: Judge
    ) -> None:
        assert fallen(form, "vicious", ALL, judge) == NOTHING
        assert not fallen(form, "vicious", PAPER, judge) & ACCEPTANCE

    @every_form
    def test_pin_sent_to_the_server_leaks_unless_encrypted_all_the_way(self, form: Form) -> None:
        clear = PAPER - {Defence.PROTECTED_CHANNEL}
        assert Goal.PIN in fallen(form, "vicious-ro", clear)
        found = fallen(form, "vicious-ro", PAPER)
        assert (Goal.PIN in found) is not with_tee(form)

    @pytest.mark.parametrize("form", BY_TA, ids=lambda form: form.name)
    def test_altered_ta_ends_authentication_by_a_ta(self, form: Form) -> None:
        assert {Goal.PIN, Goal.TRANSACTION} <= fallen(form, {Power.RW_TEE_MEM}, ALL)

    @pytest.mark.parametrize("form", BY_SE, ids=lambda form: form.name)
    def test_altered_applet_ends_authentication_by_an_se(self, form: Form) -> None:
        assert {Goal.PIN, Goal.TRANSACTION} <= fallen(form, {Power.RW_SE_MEM}, ALL)

    @every_form
    def test_applet_of_the_operator_alone_needs_a_token_of_the_provider(self, form: Form) -> None:
        found = fallen(form, "corrupt-operator", PAPER)
        assert (Goal.TRANSACTION in found) is (form in BY_SE)
        assert fallen(form, "corrupt-operator", PAPER | {Defence.INSTALL_TOKENS}) == NOTHING

    @every_form
    def test_linking_by_number_and_pin_needs_a_confirmation(self, form: Form) -> None:
        powers = {Power.KNOW_PERSON, Power.PHISH, Power.INSTALL}
        built = ALL - {Defence.POLICY_1, Defence.TYPED_ONLY_IN_TRUSTED_UI}
        assert fallen(form, powers, built) == {Goal.PIN}
        assert Goal.ENROLMENT in fallen(form, powers, built - {Defence.LINK_CONFIRMED})


class TestFindings:
    """What follows from the table of moves and is not in the paper: docs/threat-model.md."""

    @every_form
    def test_terminal_judged_without_policy_2_needs_no_malware(self, form: Form) -> None:
        built = ALL - {Defence.POLICY_2}
        assert fallen(form, "none", built, Judge.TERMINAL) >= ACCEPTANCE
        assert fallen(form, "none", built, Judge.SERVER) == NOTHING
        assert fallen(form, "none", ALL, Judge.TERMINAL) == NOTHING

    def test_clear_link_undoes_trusted_ui_in_rs_t_se_alone(self) -> None:
        clear = ALL - {Defence.ENCRYPTED_LINK}
        broken = {form.name for form in WITH_TEE if fallen(form, "vicious", clear)}
        assert broken == {RS_T_SE.name}
        assert {Goal.PIN, Goal.TRANSACTION} <= fallen(RS_T_SE, "vicious", clear)

    @pytest.mark.parametrize("form", WITH_TEE, ids=lambda form: form.name)
    def test_text_swapped_after_approval_needs_no_screen(self, form: Form) -> None:
        found = verdict(
            form,
            defences=ALL - {Defence.TEXT_BOUND},
            powers={Power.RW_REE_MEM},
            goal=Goal.TRANSACTION,
        )
        assert isinstance(found.certificate, Attack)
        assert found.certificate.steps[0].move == "approval/text-swapped"

    @pytest.mark.parametrize("form", WITH_TEE, ids=lambda form: form.name)
    def test_server_judged_pin_with_trusted_ui_replaces_policy_2_on_the_referees_axes(
        self, form: Form
    ) -> None:
        refereed = MALWARE["vicious"].powers - MALWARE["fake-app"].powers
        built = PAPER - {Defence.POLICY_2}
        assert fallen(form, refereed, built) == NOTHING
        assert fallen(form, refereed, built - {Defence.PROTECTED_CHANNEL}) >= ACCEPTANCE
        assert fallen(form, refereed, built, Judge.TERMINAL) >= ACCEPTANCE

    @pytest.mark.parametrize("form", WITH_TEE, ids=lambda form: form.name)
    def test_policy_2_is_needed_again_once_the_malware_asks_for_the_pin(self, form: Form) -> None:
        built = PAPER - {Defence.POLICY_2}
        assert fallen(form, "vicious", built) >= ACCEPTANCE
        assert fallen(form, "vicious", built | {Defence.TYPED_ONLY_IN_TRUSTED_UI}) == NOTHING

    @every_form
    @every_judge
    def test_read_only_malware_never_breaks_acceptance_under_policy_2(
        self, form: Form, judge: Judge
    ) -> None:
        for more in product((False, True), repeat=4):
            axes = (
                *(Defence.POLICY_1, Defence.TRUSTED_UI),
                *(Defence.ENCRYPTED_LINK, Defence.PROTECTED_CHANNEL),
            )
            chosen = {defence for defence, on in zip(axes, more, strict=True) if on}
            built = ORDERED | {Defence.POLICY_2} | chosen
            assert not fallen(form, "vicious-ro", built, judge) & ACCEPTANCE

    def test_trusted_ui_shows_the_pin_to_who_reads_the_tee_in_rs_t_se_alone(self) -> None:
        powers = {Power.RO_TEE_MEM}
        opened = {
            form.name: fallen(form, powers, ALL) - fallen(form, powers, ALL - {Defence.TRUSTED_UI})
            for form in WITH_TEE
        }
        assert {name: goals for name, goals in opened.items() if goals} == {
            RS_T_SE.name: {Goal.PIN},
        }

    def test_trusted_ui_over_a_clear_link_is_worse_than_none_for_who_owns_the_link(self) -> None:
        powers = {Power.RW_SE_TEE_LINK}
        clear = ALL - {Defence.ENCRYPTED_LINK}
        assert fallen(RS_T_SE, powers, clear - {Defence.TRUSTED_UI}) == NOTHING
        assert {Goal.PIN, Goal.TRANSACTION} <= fallen(RS_T_SE, powers, clear)

    @every_form
    def test_whoever_enrols_a_terminal_needs_neither_pin_nor_malware(self, form: Form) -> None:
        found = fallen(form, {Power.KNOW_PERSON}, PAPER)
        assert {Goal.ENROLMENT, Goal.TERMINAL, *ACCEPTANCE} <= found
        assert fallen(form, {Power.KNOW_PERSON}, PAPER | {Defence.IDENTITY_PROOFED}) == NOTHING

    @every_form
    def test_altered_system_asks_for_the_pin_whether_or_not_the_server_refuses_it(
        self, form: Form
    ) -> None:
        assert fallen(form, "rooted", PAPER) == {Goal.PIN}
        assert fallen(form, "rooted", PAPER | {Defence.SECURE_BOOT}) == NOTHING

    @every_form
    def test_leaked_factory_key_passes_attestation_until_it_is_revoked(self, form: Form) -> None:
        built = PAPER - {Defence.POLICY_1}
        found = fallen(form, "factory-key", built)
        assert {Goal.ENROLMENT, *ACCEPTANCE} <= found
        kept = fallen(form, "factory-key", built | {Defence.FACTORY_KEYS_REVOKED})
        assert kept == {Goal.PIN}

    @pytest.mark.parametrize("form", BY_TA, ids=lambda form: form.name)
    def test_the_judge_decides_what_an_observed_key_is_worth(self, form: Form) -> None:
        assert not fallen(form, "observer", ALL, Judge.SERVER) & ACCEPTANCE
        assert fallen(form, "observer", ALL, Judge.TERMINAL) >= ACCEPTANCE

    @pytest.mark.parametrize("form", WITHOUT_TEE, ids=lambda form: form.name)
    def test_no_defence_keeps_the_pin_from_a_false_page_without_a_tee(self, form: Form) -> None:
        assert Goal.PIN in fallen(form, "smishing", ALL)

    @pytest.mark.parametrize("form", WITH_TEE, ids=lambda form: form.name)
    def test_pin_is_kept_from_a_false_page_by_screen_and_habit_together(self, form: Form) -> None:
        habit = Defence.TYPED_ONLY_IN_TRUSTED_UI
        assert Goal.PIN not in fallen(form, "smishing", ALL)
        assert Goal.PIN in fallen(form, "smishing", ALL - {habit})
        assert Goal.PIN in fallen(form, "smishing", ALL - {Defence.TRUSTED_UI})

    @every_form
    @every_judge
    def test_with_policy_2_only_the_pin_hangs_on_where_people_type(
        self, form: Form, judge: Judge
    ) -> None:
        habit = {Defence.TYPED_ONLY_IN_TRUSTED_UI}
        for attacker, built in product(MALWARE, (PAPER, ALL)):
            lost = fallen(form, attacker, built - habit, judge)
            assert lost - fallen(form, attacker, built | habit, judge) <= {Goal.PIN}

    def test_near_term_form_resists_all_but_whoever_owns_screen_memory_or_habit(self) -> None:
        lost = {
            name: fallen(SIM_ONLY, name, ALL)
            for name, row in MALWARE.items()
            if row.kind != "tee-bug"
        }
        assert {name for name, goals in lost.items() if goals & ACCEPTANCE} == {"vicious"}
        assert {name for name, goals in lost.items() if goals == {Goal.PIN}} == {
            *("vicious-ro", "smishing", "linking-fraud"),
        }

    def test_near_term_form_shows_a_corrupt_operator_what_rs_hides(self) -> None:
        built = ALL - {Defence.PROTECTED_CHANNEL}
        assert fallen(RS, "corrupt-operator", built) == NOTHING
        assert fallen(SIM_ONLY, "corrupt-operator", built) == {Goal.PIN}

    @pytest.mark.parametrize(
        ("at_ree", "at_tee"), [(RS_T_TA, R_TS_TA), (RS_T_SE, R_TS_SE)], ids=["TA", "SE"]
    )
    @every_judge
    def test_where_the_se_hangs_makes_no_difference_once_the_link_is_encrypted(
        self, at_ree: Form, at_tee: Form, judge: Judge
    ) -> None:
        for powers in combinations(Power, 2):
            assert fallen(at_ree, powers, ALL, judge) == fallen(at_tee, powers, ALL, judge)

    @pytest.mark.parametrize("form", WITH_TEE, ids=lambda form: form.name)
    def test_an_se_is_worth_the_readers_of_the_tee(self, form: Form) -> None:
        found = fallen(form, {Power.RO_TEE_MEM}, ALL)
        assert Goal.PIN in found
        assert (Goal.TRANSACTION in found) is (form in BY_TA)

    @pytest.mark.parametrize("form", WITH_TEE, ids=lambda form: form.name)
    def test_all_measures_of_the_paper_still_let_a_fake_app_enrol_a_key(self, form: Form) -> None:
        built = PAPER - {Defence.POLICY_1, Defence.ATTESTATION_REQUIRED}
        assert {Goal.ENROLMENT, *ACCEPTANCE} <= fallen(form, "fake-app", built)
        assert fallen(form, "fake-app", PAPER - {Defence.POLICY_1}) == {Goal.PIN}

    @every_form
    def test_pin_that_the_server_judges_is_the_insiders(self, form: Form) -> None:
        built = ALL - {Defence.FOUR_EYES}
        assert Goal.PIN in fallen(form, "corrupt-provider", built, Judge.SERVER)
        assert Goal.PIN not in fallen(form, "corrupt-provider", built, Judge.TERMINAL)


class TestCertificates:
    def test_an_attack_has_only_steps_that_lead_to_it(self) -> None:
        given = asked(RS, "vicious", Goal.TRANSACTION, PAPER)
        assert isinstance(given.certificate, Attack)
        assert [step.move.partition("/")[0] for step in given.certificate.steps] == [
            *("screen", "approval", "server"),
        ]
        assert not given.holds

    def test_an_attack_without_powers_is_one_of_the_build(self) -> None:
        given = asked(RS.judged_by(Judge.TERMINAL), "none", Goal.TRANSACTION, NONE)
        assert isinstance(given.certificate, Attack)
        assert [step.move for step in given.certificate.steps] == [
            *("terminal/any-terminal-says-ok", "server/accepts-terminal"),
        ]

    def test_safety_tells_all_that_the_attacker_comes_to_have(self) -> None:
        given = asked(R_TS_SE, "vicious", Goal.TRANSACTION, ALL)
        assert isinstance(given.certificate, Safe)
        assert given.holds
        assert MALWARE["vicious"].powers <= given.certificate.closed

    def test_verdict_rests_on_the_closure_and_where_it_can_on_the_referee(self) -> None:
        powers = MALWARE["vicious"].powers - MALWARE["fake-app"].powers
        refereed = verdict(RS_T_TA, defences=PAPER, powers=powers, goal=Goal.PIN)
        assert refereed.rests_on == (Basis.CLOSURE, Basis.REFEREE)
        ours = verdict(RS_T_TA, defences=ALL, powers=powers, goal=Goal.PIN)
        assert ours.rests_on == (Basis.CLOSURE,)

    def test_remembered_answers_equal_the_certificates(self) -> None:
        for form, attacker, goal in product(FORMS.values(), MALWARE, Goal):
            given = asked(form, attacker, goal, PAPER)
            assert given.holds is (goal not in fallen(form, attacker, PAPER))

    def test_the_same_question_is_answered_from_memory(self) -> None:
        broken_goals.cache_clear()
        for _ in range(2):
            broken_goals(RS.traits(), NONE, frozenset())
        assert broken_goals.cache_info().hits == 1


class TestForms:
    def test_traits_of_the_papers_rows(self) -> None:
        assert RS.traits() == {
            *(Trait.NO_TEE, Trait.SE_ON_REE, Trait.SE_AUTHENTICATES, Trait.SERVER_JUDGES),
        }
        assert RS_T_SE.judged_by(Judge.TERMINAL).traits() == {
            *(Trait.TEE, Trait.SE_ON_REE, Trait.SE_AUTHENTICATES),
            *(Trait.TERMINAL_JUDGES, Trait.UI_OVER_LINK),
        }
        assert R_TS_TA.traits() == {
            *(Trait.TEE, Trait.SE_ON_TEE, Trait.TA_AUTHENTICATES, Trait.SERVER_JUDGES),
        }

    def test_near_term_form_is_rs_by_way_of_the_operator(self) -> None:
        assert SIM_ONLY.traits() == RS.traits() | {Trait.OPERATOR_PATH}

    def test_five_forms_of_the_paper_come_first(self) -> None:
        assert tuple(FORMS.values())[:5] == PAPERS_FORMS
        assert [form.can_have_trusted_ui for form in PAPERS_FORMS] == [False, *[True] * 4]
