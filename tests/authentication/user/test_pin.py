"""PINs to the server: who can have one looked at, and that nobody else reads or learns anything."""

import traceback
from datetime import timedelta
from types import TracebackType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.authentication.ceremony.support import denied
from tests.authentication.user.world import (
    ASKED,
    CHALLENGE,
    CONTEXT,
    HPKE_KEY,
    HPKE_KEYS,
    HPKE_PUBLIC,
    HPKE_SECRET,
    NOW,
    OTHER_KEY,
    PEPPER,
    PIN,
    RECORD,
    bound_to,
    pin_draft,
    sealed_pin,
)
from tests.support import misuse, refused
from warifu.authentication.ceremony.context import context_bytes
from warifu.authentication.transaction.confirmation import ProofKind
from warifu.authentication.user import pin as pins
from warifu.authentication.user import rules
from warifu.authentication.user.hpke_keys import hpke_key_id
from warifu.authentication.user.pin import (
    GRACE,
    MAX_BYTES,
    open_pin,
    pin_info,
    signed_octets,
    verified_by_pin,
    verify_envelope,
)
from warifu.authentication.user.pin_record import (
    COSTLY,
    CURRENT,
    Parameters,
    Pepper,
    PinMatched,
    PinRecord,
    check_pin,
    new_pin_record,
)
from warifu.authentication.user.verified import Assurance, Method
from warifu.base.codec import cbor
from warifu.base.errors import WarifuError
from warifu.base.keys.jwks import PUBLIC_KEY
from warifu.base.secret import Secret
from warifu.handset.app_attest import AppAttestDevice
from warifu.handset.authority import new_key
from warifu.handset.user_authentication import padded_pin

WRONG_PIN = "739517"


def test_the_right_pin_verifies_its_user() -> None:
    sealed = sealed_pin()
    pin = open_pin(sealed, HPKE_SECRET)
    matched = check_pin(pin, RECORD, user="customer-1", pepper=PEPPER)
    verified = verified_by_pin(sealed, matched)
    assert (verified.user, verified.device) == ("customer-1", "device-1")
    assert (verified.method, verified.assurance) == (Method.PIN, Assurance.SERVER)
    assert not matched.renew
    assert rules.WRONG.code in verified.proved


def test_an_iphone_signs_the_envelope_by_assertion() -> None:
    iphone = AppAttestDevice()
    sealed = sealed_pin(pin_draft(key=iphone), bound_to(iphone))
    assert sealed.counter == 1
    assert open_pin(sealed, HPKE_SECRET) == Secret(PIN.encode())


def test_an_ed25519_key_signs_the_envelope() -> None:
    key = new_key("ed25519")
    assert sealed_pin(pin_draft(key=key), bound_to(key)).counter is None


def test_an_assertion_replayed_with_its_counter_is_refused() -> None:
    iphone = AppAttestDevice()
    with refused(rules.ENVELOPE_SIGNATURE):
        sealed_pin(pin_draft(key=iphone), bound_to(iphone, counter=1))


def test_envelope_signed_by_another_devices_key_is_refused() -> None:
    with refused(rules.ENVELOPE_SIGNATURE):
        sealed_pin(pin_draft(key=OTHER_KEY))


def test_a_key_bound_for_something_else_signs_no_envelope() -> None:
    with refused(rules.KEY_KIND):
        sealed_pin(bound=bound_to(kind=ProofKind.PROTECTED_CONFIRMATION))


def test_a_bound_key_of_a_kind_that_we_do_not_bind_is_our_fault() -> None:
    with misuse(PUBLIC_KEY):
        sealed_pin(bound=bound_to(new_key("p384")))


@pytest.mark.parametrize(
    "change",
    [
        {"verifier": "phishing.example"},
        {"channel": "web"},
        {"purpose": "set-pin"},
        {"user": "customer-2"},
        {"device": "device-2"},
        {"operation": b"another"},
    ],
    ids=str,
)
def test_an_envelope_for_another_question_is_refused(change: dict[str, Any]) -> None:
    other = context_bytes(replace(CONTEXT, **change), CHALLENGE)
    with refused(rules.ENVELOPE_CONTEXT):
        sealed_pin(pin_draft(context=other))


def test_an_envelope_replayed_to_a_later_challenge_is_refused() -> None:
    with refused(rules.ENVELOPE_CONTEXT):
        sealed_pin(pin_draft(context=context_bytes(CONTEXT, bytes(32))))


def test_an_envelope_with_swapped_context_does_not_verify() -> None:
    # The signature covers the context, so a relay cannot put in the one that is asked for.
    theirs = pin_draft(context=context_bytes(replace(CONTEXT, verifier="other.example"), CHALLENGE))
    envelope = cbor.decode_map(theirs.encode())
    envelope[3] = pin_info(HPKE_KEY.id, ASKED)
    with refused(rules.ENVELOPE_SIGNATURE):
        verify(cbor.encode_deterministic(envelope))


def test_a_context_swapped_by_the_device_itself_does_not_open() -> None:
    theirs = pin_draft(context=context_bytes(replace(CONTEXT, verifier="other.example"), CHALLENGE))
    theirs.info = pin_info(HPKE_KEY.id, ASKED)
    with refused(rules.OPENS):
        open_pin(sealed_pin(theirs), HPKE_SECRET)


def test_info_that_is_none_is_refused() -> None:
    with refused(rules.ENVELOPE_CONTEXT):
        sealed_pin(pin_draft(info=cbor.encode_deterministic(["warifu-pin-v1"])))


def test_a_context_without_user_or_device_is_our_fault() -> None:
    for missing in ("user", "device"):
        with misuse(rules.NAMED):
            verify(pin_draft().encode(), context=replace(CONTEXT, **{missing: None}))


def test_an_encryption_key_that_is_not_ours_is_refused() -> None:
    with refused(rules.ENVELOPE_KEY):
        verify(pin_draft().encode(), keys={})


def test_an_expired_encryption_key_is_refused_after_its_grace() -> None:
    late = HPKE_KEY.not_after + GRACE
    verify(pin_draft().encode(), now=late)
    with refused(rules.ENVELOPE_KEY):
        verify(pin_draft().encode(), now=late + timedelta(seconds=1))


@pytest.mark.parametrize("private", [bytes(range(32)), b"", bytes(31)], ids=len)
def test_another_private_key_is_our_fault(private: bytes) -> None:
    with misuse(rules.HPKE_PRIVATE):
        open_pin(sealed_pin(), Secret(private))


def test_every_pin_gives_ciphertext_of_one_length() -> None:
    envelopes = {len(pin_draft(pin="0" * digits).encode()) for digits in range(4, 13)}
    sealed = {len(sealed_pin(pin_draft(pin="0" * digits)).sealed) for digits in range(4, 13)}
    assert len(sealed) == 1
    assert len(envelopes) == 1


@pytest.mark.parametrize("pin", ["7305", "739518", "739518004182"])
def test_every_length_opens(pin: str) -> None:
    assert open_pin(sealed_pin(pin_draft(pin=pin)), HPKE_SECRET) == Secret(pin.encode())


@pytest.mark.parametrize(
    "padded",
    [
        padded_pin("730"),
        padded_pin("7395180041825"),
        padded_pin("73051x"),
        padded_pin("739518")[:-1] + b"1",
        bytes([255]) + b"7" * 15,
        bytes([0]) + b"7" * 15,
    ],
    ids=["short", "long", "letter", "dirty-padding", "length", "no-length"],
)
def test_what_is_no_padded_pin_does_not_open(padded: bytes) -> None:
    with refused(rules.OPENS):
        open_pin(sealed_pin(pin_draft(padded=padded)), HPKE_SECRET)


@pytest.mark.parametrize("padded", [b"", b"\x04" + b"7305".ljust(16, b"\0")], ids=len)
def test_an_envelope_of_another_length_is_refused(padded: bytes) -> None:
    with refused(rules.ENVELOPE_FORM):
        sealed_pin(pin_draft(padded=padded))


@pytest.mark.parametrize(
    "members", [{1: 2}, {5: b"more"}, {1: True}], ids=["version", "more", "true"]
)
def test_an_envelope_in_another_form_is_refused(members: dict[Any, Any]) -> None:
    with refused(rules.ENVELOPE_FORM):
        sealed_pin(pin_draft(members=members))


def test_a_label_that_only_python_takes_for_an_integer_is_refused() -> None:
    envelope = pin_draft().encode()
    assert envelope.startswith(b"\xa4\x01\x01")
    with refused(rules.ENVELOPE_FORM):
        verify(b"\xa4\xf9\x3c\x00\x01" + envelope[3:])


def test_an_envelope_of_any_size_is_not_read() -> None:
    with refused(rules.ENVELOPE_FORM):
        verify(bytes(MAX_BYTES + 1))


def test_no_octet_of_an_envelope_can_be_changed() -> None:
    envelope = pin_draft().encode()
    for place in range(len(envelope)):
        changed = bytearray(envelope)
        changed[place] ^= 1
        with pytest.raises(WarifuError):
            open_pin(verify(bytes(changed)), HPKE_SECRET)


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_the_tree(data: bytes) -> None:
    with pytest.raises(WarifuError):
        verify(data)


def test_ciphertext_altered_and_signed_again_by_the_device_does_not_open() -> None:
    with refused(rules.OPENS):
        open_pin(sealed_pin(pin_draft(sealed=bytes(64))), HPKE_SECRET)


def test_what_is_signed_has_a_domain_of_its_own() -> None:
    assert signed_octets(b"sealed", b"info") == b"warifu-pin-v1\0sealedinfo"


def test_the_wrong_pin_is_denied() -> None:
    with denied(rules.WRONG):
        check_pin(Secret(WRONG_PIN.encode()), RECORD, user="customer-1", pepper=PEPPER)


@pytest.mark.parametrize("entered", [b"", b"73051x", b"7" * 13], ids=len)
def test_what_is_no_pin_is_a_wrong_one(entered: bytes) -> None:
    with denied(rules.WRONG):
        check_pin(Secret(entered), RECORD, user="customer-1", pepper=PEPPER)


def test_another_pepper_makes_every_pin_wrong() -> None:
    pepper = Pepper(name="pepper-1", value=Secret(b"another pepper entirely"))
    with denied(rules.WRONG):
        check_pin(Secret(PIN.encode()), RECORD, user="customer-1", pepper=pepper)


def test_a_record_copied_to_another_user_matches_nothing() -> None:
    stolen = replace(RECORD, user="customer-2")
    with denied(rules.WRONG):
        check_pin(Secret(PIN.encode()), stolen, user="customer-2", pepper=PEPPER)


def test_a_record_of_another_user_is_our_fault() -> None:
    with misuse(rules.RECORD):
        check_pin(Secret(PIN.encode()), RECORD, user="customer-2", pepper=PEPPER)


def test_a_record_under_another_pepper_is_our_fault() -> None:
    with misuse(rules.RECORD):
        check_pin(
            Secret(PIN.encode()), RECORD, user="customer-1", pepper=replace(PEPPER, name="pepper-2")
        )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"argon2id", b"argon2i"),
        (b"m=19456", b"m=9999999"),
        (b"m=19456", b"m=99999999999"),
        (b"AAAAAAAAAAAAAAAAAAAAAA", b"AAAAAAAAAAAAAAAAAAAAA"),
        (b"AAAAAAAAAAAAAAAAAAAAAA", b"AAAA"),
        (b"AAAAAAAAAAAAAAAAAAAAAA", b"A" * 300),
    ],
    ids=["algorithm", "memory", "more-memory", "salt-text", "salt-length", "length"],
)
def test_a_record_that_we_did_not_write_is_not_computed(old: bytes, new: bytes) -> None:
    changed = RECORD.phc.reveal().replace(old, new)
    with misuse(rules.RECORD):
        check_pin(
            Secret(PIN.encode()),
            replace(RECORD, phc=Secret(changed)),
            user="customer-1",
            pepper=PEPPER,
        )


def test_a_costlier_record_matches_and_is_to_be_renewed() -> None:
    record = new_pin_record(
        Secret(PIN.encode()), user="u", salt=bytes(16), pepper=PEPPER, parameters=COSTLY
    )
    assert check_pin(Secret(PIN.encode()), record, user="u", pepper=PEPPER).renew


@pytest.mark.parametrize(
    "fault",
    [
        {"salt": bytes(8)},
        {"parameters": Parameters(64, 1, 1)},
        {"pepper": Pepper(name="p", value=Secret(b"short"))},
    ],
    ids=["salt", "parameters", "pepper"],
)
def test_a_record_is_not_written_weakly(fault: dict[str, Any]) -> None:
    honest: dict[str, Any] = {"user": "u", "salt": bytes(16), "pepper": PEPPER}
    with misuse(rules.RECORD):
        new_pin_record(Secret(PIN.encode()), **{**honest, **fault})


def test_the_present_parameters_are_those_of_the_record() -> None:
    assert f"m={CURRENT.memory_kib},t={CURRENT.iterations},p={CURRENT.lanes}".encode() in (
        RECORD.phc.reveal()
    )


@pytest.mark.parametrize("pin", ["730", "7395180041825", "73o5", "", "７３０５"])
def test_what_is_no_pin_cannot_be_set(pin: str) -> None:
    with denied(rules.DIGITS):
        set_pin(pin)


@pytest.mark.parametrize(
    "pin",
    [
        *("0000", "121212", "123123", "1234", "9876", "890123", "1122", "112233", "7337", "2580"),
        *("159357", "4649", "1231", "3112", "0229", "1984", "2026", "850101", "198501"),
        "19850101",
    ],
)
def test_a_pin_that_a_thief_tries_first_cannot_be_set(pin: str) -> None:
    with denied(rules.WEAK):
        set_pin(pin)


@pytest.mark.parametrize("pin", ["9073", "90735", "739518", "90735164", "209913", "19859901"])
def test_a_pin_that_is_hard_to_guess_can_be_set(pin: str) -> None:
    assert set_pin(pin).user == "u"


@pytest.mark.parametrize("known", ["03-9073-5511", "9073", "abc 9073"])
def test_a_pin_out_of_a_known_number_cannot_be_set(known: str) -> None:
    with denied(rules.WEAK):
        set_pin("9073", known)


def test_a_known_number_that_is_short_weakens_nothing() -> None:
    assert set_pin("907351", "73").user == "u"


def test_a_known_number_within_a_pin_weakens_it() -> None:
    with denied(rules.WEAK):
        set_pin("907351", "0735")


def test_a_match_of_another_user_verifies_nobody() -> None:
    with misuse(rules.NAMED):
        verified_by_pin(sealed_pin(), PinMatched(user="customer-2", renew=False))


def test_the_pin_is_in_no_representation() -> None:
    sealed = sealed_pin()
    pin = open_pin(sealed, HPKE_SECRET)
    matched = check_pin(pin, RECORD, user="customer-1", pepper=PEPPER)
    shown = f"{sealed} {pin} {matched} {RECORD} {PEPPER} {verified_by_pin(sealed, matched)}"
    assert PIN not in shown
    assert RECORD.phc.reveal().decode() not in shown
    assert PEPPER.value.reveal().decode() not in shown


def test_the_pin_is_in_no_error_and_in_no_frame_of_its_traceback() -> None:
    for fail in (wrong_pin, weak_pin, no_pin, broken_record, broken_padding):
        with pytest.raises(WarifuError) as caught:
            fail()
        error: BaseException | None = caught.value
        while error is not None:
            assert not shows_digits("".join(traceback.format_exception(error)))
            assert not any(map(shows_digits, own_locals(error.__traceback__)))
            error = error.__cause__ or error.__context__


def wrong_pin() -> None:
    check_pin(Secret(PIN.encode()), replace(RECORD, user="x"), user="x", pepper=PEPPER)


def weak_pin() -> None:
    new_pin_record(Secret(PIN.encode()), user="u", salt=bytes(16), pepper=PEPPER, known=["3951"])


def no_pin() -> None:
    new_pin_record(Secret(f"{PIN}x".encode()), user="u", salt=bytes(16), pepper=PEPPER)


def broken_record() -> None:
    check_pin(
        Secret(PIN.encode()),
        PinRecord(user="u", pepper=PEPPER.name, phc=Secret(b"$argon2id$")),
        user="u",
        pepper=PEPPER,
    )


def broken_padding() -> None:
    open_pin(sealed_pin(pin_draft(padded=padded_pin(PIN)[:-1] + b"1")), HPKE_SECRET)


def own_locals(frames: TracebackType | None) -> list[str]:
    """Every local of every frame of ours, shown as an error reporter shows it."""
    found = []
    while frames is not None:
        if "/warifu/" in frames.tb_frame.f_code.co_filename:
            found.append(repr(frames.tb_frame.f_locals))
        frames = frames.tb_next
    return found


def shows_digits(shown: str) -> bool:
    return PIN in shown


def set_pin(pin: str, *known: str) -> PinRecord:
    return new_pin_record(
        Secret(pin.encode()), user="u", salt=bytes(16), pepper=PEPPER, known=known
    )


def verify(data: bytes, **changes: Any) -> pins.SealedPin:
    honest = {
        "bound": bound_to(),
        "context": CONTEXT,
        "challenge": CHALLENGE,
        "keys": HPKE_KEYS,
        "now": NOW,
    }
    return verify_envelope(data, **{**honest, **changes})


def test_ids_of_encryption_keys_are_of_their_own_domain() -> None:
    assert hpke_key_id(HPKE_PUBLIC) == HPKE_KEY.id != hpke_key_id(bytes(32))
