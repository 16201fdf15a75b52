"""Which row of the model a device is, and which defences it may be said to have."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warifu.attestation.claims import SecurityLevel
from warifu.base.errors import Misuse
from warifu.risk.threat import deployment
from warifu.risk.threat.closure import broken_goals
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.deployment import (
    MEASURES_FORM,
    PROVIDED,
    STATABLE,
    STATED,
    Circumstances,
    Measures,
    deployment_of,
    load_measures,
    only_tightens,
)
from warifu.risk.threat.forms import Judge
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.powers import Power

ALL = Circumstances(
    security_level="trusted-environment",
    server_judges=False,
    attested=True,
    boot_verified=True,
    bound=True,
    confirmed=True,
    trusted_display=True,
)


def known(**changed: Any) -> Circumstances:
    named = {name: getattr(ALL, name) for name in ALL.__struct_fields__}
    return Circumstances(**{**named, **changed})


@pytest.mark.parametrize(
    ("level", "form"),
    [
        ("software", "RS-T(TA)"),
        ("trusted-environment", "RS-T(TA)"),
        ("secure-element", "R-TS(SE)"),
    ],
)
def test_where_the_key_is_kept_says_which_form_it_is(level: str, form: str) -> None:
    assert deployment_of(known(security_level=level), Measures()).form == form


@pytest.mark.parametrize(
    ("missing", "lost"),
    [
        ("bound", {Defence.POLICY_2, Defence.ACTIVATION_COMPARED, Defence.DEVICE_LIMIT}),
        ("attested", {Defence.ATTESTATION_REQUIRED, Defence.SECURE_BOOT}),
        ("boot_verified", {Defence.SECURE_BOOT}),
        ("confirmed", {Defence.TEXT_BOUND, Defence.ANSWER_BOUND, Defence.USER_SIGNED_RECEIPT}),
        ("trusted_display", {Defence.TRUSTED_UI}),
    ],
)
def test_what_is_not_shown_is_no_defence(missing: str, lost: set[Defence]) -> None:
    everything = deployment_of(ALL, Measures()).defences
    left = deployment_of(known(**{missing: False}), Measures()).defences
    assert lost <= everything - left


def test_a_key_in_software_has_neither_policy_3_nor_a_trusted_display() -> None:
    found = deployment_of(known(security_level="software"), Measures()).defences
    assert not found & {Defence.POLICY_3, Defence.TRUSTED_UI}


def test_a_pin_sent_to_the_server_is_judged_there() -> None:
    assert deployment_of(known(server_judges=True), Measures()).judge is Judge.SERVER
    assert deployment_of(ALL, Measures()).judge is Judge.TERMINAL


def test_each_defence_is_provided_here_or_stated_by_the_bank() -> None:
    provided = [each.defence for each in PROVIDED]
    assert len(set(provided)) == len(provided)
    assert set(provided) | STATED == set(Defence)
    assert not set(provided) & STATED


@pytest.mark.parametrize("module", sorted({each.by for each in PROVIDED}))
def test_the_module_that_provides_a_defence_is_there(module: str) -> None:
    assert importlib.util.find_spec(module) is not None


def test_every_place_of_a_key_is_a_form() -> None:
    assert set(deployment.FORMS_BY_KEY) == set(SecurityLevel)


def test_measures_say_what_the_bank_does_and_whom_it_assumes() -> None:
    found = load_measures(b'[threat]\ndefences = ["four-eyes"]\nassumed = ["overlay"]\n')
    assert found.defences == {Defence.FOUR_EYES}
    assert found.powers == MALWARE["overlay"].powers
    assert Defence.FOUR_EYES in deployment_of(ALL, found).defences
    assert len(found.digest or "") == 64


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[threat]\ndefence = []",
        b'[threat]\ndefences = ["moat"]',
        b'[threat]\nassumed = ["nobody"]',
        b"[threat]\nassumed = [1]",
        b"[threats]",
    ],
)
def test_measures_that_are_not_of_the_form_are_refused(data: bytes) -> None:
    with pytest.raises(Misuse) as refused:
        load_measures(data)
    assert refused.value.rule is MEASURES_FORM


@pytest.mark.parametrize("defence", sorted(set(Defence) - STATED))
def test_a_bank_does_not_state_what_devices_prove(defence: Defence) -> None:
    with pytest.raises(Misuse) as refused:
        load_measures(f'[threat]\ndefences = ["{defence}"]'.encode())
    assert refused.value.rule is STATABLE


@given(st.binary(max_size=200))
def test_any_bytes_are_measures_or_one_error(data: bytes) -> None:
    with suppress(Misuse):
        assert isinstance(load_measures(data), Measures)


def test_fewer_defences_and_more_attackers_only_tighten() -> None:
    before = Measures(defences=frozenset({Defence.FOUR_EYES}), assumed=frozenset({"overlay"}))
    assert only_tightens(before, before)
    assert only_tightens(before, Measures(assumed=frozenset({"overlay", "sdk"})))
    assert only_tightens(before, Measures(assumed=frozenset({"remote-control"})))
    assert not only_tightens(before, Measures(defences=before.defences))
    assert not only_tightens(Measures(), before)


def test_no_way_of_attack_needs_a_defence_that_a_bank_states() -> None:
    """Else stating less could assure more, and one person could do so."""
    assert not [move.code for move in MOVES if move.needs & STATED]


@given(
    st.sampled_from(sorted(SecurityLevel)),
    st.frozensets(st.sampled_from(sorted(STATED))),
    st.frozensets(st.sampled_from(sorted(STATED))),
    st.frozensets(st.sampled_from(sorted(Power))),
)
def test_stating_less_never_assures_more(
    level: SecurityLevel,
    some: frozenset[Defence],
    others: frozenset[Defence],
    powers: frozenset[Power],
) -> None:
    much = deployment_of(known(security_level=level), Measures(defences=some | others))
    less = deployment_of(known(security_level=level), Measures(defences=some))
    traits = much.row().traits()
    assert broken_goals(traits, much.defences, powers) <= broken_goals(
        traits, less.defences, powers
    )
