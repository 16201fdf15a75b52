"""Why the server's nonce waits for the commitment: shown with four digits instead of eight.

The attacker stands between a device and the bank and wants one number on both screens. With four
digits he has one chance in 10,000 for each try that he gets; the question is how many he gets.
Everything is derived from counters, so that each run is the same.
"""

from hashlib import sha256

from warifu.authentication.binding.fingerprint import commitment_of, fingerprint_of

DIGITS = 4
SPACE = 10**DIGITS
ACTIVATION = bytes(16)
BANK = sha256(b"key for codes").digest()
VICTIM, ATTACKER = b"key of the victim's device", b"key of the attacker's device"
WORK = 20 * SPACE
"""Hashes that he is given: a fraction of a second, and enough for four digits many times over."""


def nonce(name: str, number: int) -> bytes:
    return sha256(f"{name} {number}".encode()).digest()


def digits(key: bytes, server: bytes, device: bytes, number: int = DIGITS) -> str:
    return fingerprint_of(
        activation=ACTIVATION,
        verifier_key=BANK,
        public_key=key,
        server_nonce=server,
        device_nonce=device,
        digits=number,
    )


def test_without_commit_first_the_digits_are_ground_out() -> None:
    """The bank tells its nonce to whoever asks; then the attacker searches a nonce of his own."""
    bank_nonce = nonce("bank", 0)
    on_the_phone = digits(VICTIM, bank_nonce, nonce("victim", 0))
    found = next(
        number
        for number in range(WORK)
        if digits(ATTACKER, bank_nonce, nonce("attacker", number)) == on_the_phone
    )
    at_the_bank = digits(ATTACKER, bank_nonce, nonce("attacker", found))
    assert at_the_bank == on_the_phone


def test_with_commit_and_reveal_he_has_one_try_for_each_enrolment() -> None:
    """Two digits, so that chance alone lets him through now and then: one time in a hundred.

    He lets the phone finish first and knows its digits; he searches a nonce that would give the
    same ones, but for a nonce of the bank that he can only guess, because he must commit now.
    """
    enrolments, matched, would_have = 400, 0, 0
    for number in range(enrolments):
        on_the_phone = digits(VICTIM, nonce("guess", number), nonce("victim", number), 2)
        guessed = nonce("guess", number)
        his_nonce = next(
            candidate
            for candidate in (nonce(f"attacker {number}", each) for each in range(WORK))
            if digits(ATTACKER, guessed, candidate, 2) == on_the_phone
        )
        would_have += digits(ATTACKER, guessed, his_nonce, 2) == on_the_phone
        matched += digits(ATTACKER, nonce("bank", number), his_nonce, 2) == on_the_phone
    assert would_have == enrolments
    assert matched <= 3 * enrolments / 100


def test_the_commitment_hides_the_key_and_binds_it() -> None:
    ours = commitment_of(activation=ACTIVATION, public_key=VICTIM, device_nonce=bytes(32))
    assert ours != commitment_of(activation=ACTIVATION, public_key=ATTACKER, device_nonce=bytes(32))
    assert ours != commitment_of(
        activation=ACTIVATION, public_key=VICTIM, device_nonce=nonce("", 0)
    )
    assert ours != commitment_of(
        activation=nonce("", 1)[:16], public_key=VICTIM, device_nonce=bytes(32)
    )


def test_the_digits_keep_their_leading_zeros() -> None:
    shown = {digits(VICTIM, nonce("bank", number), bytes(32)) for number in range(200)}
    assert {len(each) for each in shown} == {DIGITS}
    assert any(each.startswith("0") for each in shown)
