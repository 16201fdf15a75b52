"""The PIN that was set, as it is stored: argon2id (RFC 9106) with a pepper that is kept apart.

A PIN has so few digits that whoever holds record and pepper finds it. The pepper is what protects
it: it belongs where the database is not. Salt, user and pepper all go into the hash, so a record
that is copied to another person is of no use.

Functions that hold the digits never raise: what a traceback shows of their callers is `Secret`.
"""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from msgspec import Struct

from warifu.authentication.user import rules
from warifu.authentication.user.weak_pins import find_weakness
from warifu.base.codec import text
from warifu.base.errors import Denied, MalformedEvidence, Misuse
from warifu.base.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterable

MIN_DIGITS, MAX_DIGITS = 4, 12
SALT_OCTETS = range(16, 33)
MIN_PEPPER_OCTETS = 16
MAX_RECORD_CHARACTERS = 256
HASH_OCTETS = 32
_USER_DOMAIN = b"warifu-pin-user-v1\0"


class Parameters(NamedTuple):
    """What argon2id costs (RFC 9106 §3.1)."""

    memory_kib: int
    iterations: int
    lanes: int


CURRENT = Parameters(19 << 10, 2, 1)
"""19 MiB, two passes: about 30 ms of one core, so that a bounded number can run side by side."""
COSTLY = Parameters(64 << 10, 3, 4)
"""The second recommendation of RFC 9106 §4."""
ACCEPTED = frozenset({CURRENT, COSTLY})
"""A record with other parameters is not computed: it could ask for all memory."""


class Pepper(Struct, frozen=True, kw_only=True):
    """A secret of the server, kept apart from the records."""

    name: str
    value: Secret
    """At least 16 octets."""


class PinRecord(Struct, frozen=True, kw_only=True):
    """What is stored of a PIN. It is stored sealed: see the module's text."""

    user: str
    pepper: str
    """Name of the pepper."""
    phc: Secret
    """``$argon2id$v=19$m=..,t=..,p=..$salt$hash`` in ASCII."""


class PinMatched(Struct, frozen=True, kw_only=True):
    """The right PIN was entered. Only `check_pin` makes this."""

    user: str
    renew: bool
    """The record's parameters are not `CURRENT`: to be written again from the PIN at hand."""


def new_pin_record(
    pin: Secret,
    *,
    user: str,
    salt: bytes,
    pepper: Pepper,
    known: Iterable[str] = (),
    parameters: Parameters = CURRENT,
) -> PinRecord:
    """What to store of a PIN that is being set.

    Args:
        pin: Its digits in ASCII.
        user: Whose it is.
        salt: 16 to 32 random octets.
        pepper: The present one.
        known: Digits that others may know of this person: date of birth, telephone, accounts.
        parameters: What it costs to compute.

    Raises:
        Denied: ``pin/digits``; ``pin/weak``, with the name of the pattern as detail.
        Misuse: ``pin/record`` for a salt, pepper or parameters that will not do.
    """
    if not _has_form(pin):
        raise Denied(rules.DIGITS)
    weakness = _weakness(pin, known)
    if weakness is not None:
        raise Denied(rules.WEAK, weakness)
    if len(salt) not in SALT_OCTETS or parameters not in ACCEPTED:
        raise Misuse(rules.RECORD, f"salt of {len(salt)} octets, {tuple(parameters)}")
    digest = _hash(pin, user, pepper, salt=salt, parameters=parameters)
    memory, iterations, lanes = parameters
    parts = (text.to_base64(part).rstrip("=") for part in (salt, digest))
    phc = f"$argon2id$v=19$m={memory},t={iterations},p={lanes}${'$'.join(parts)}"
    return PinRecord(user=user, pepper=pepper.name, phc=Secret(phc.encode()))


def check_pin(pin: Secret, record: PinRecord, *, user: str, pepper: Pepper) -> PinMatched:
    """Compare a PIN that was entered with the one that was set.

    A try must have been spent before, durably. Takes tens of milliseconds and megabytes: callers
    bound how many run side by side.

    Args:
        pin: What `open_pin` gave.
        record: What is stored.
        user: Who was asked.
        pepper: The one that the record names.

    Raises:
        Denied: ``pin/wrong``.
        Misuse: ``pin/record``: the record is another user's, or nothing that we wrote.
    """
    if record.user != user or record.pepper != pepper.name:
        raise Misuse(rules.RECORD, "of another user, or under another pepper")
    salt, stored, parameters = _read_phc(record.phc)
    entered = _hash(pin, user, pepper, salt=salt, parameters=parameters)
    if not _has_form(pin) or not hmac.compare_digest(entered, stored):
        raise Denied(rules.WRONG)
    return PinMatched(user=user, renew=parameters != CURRENT)


def _has_form(pin: Secret) -> bool:
    digits = pin.reveal()
    return MIN_DIGITS <= len(digits) <= MAX_DIGITS and digits.isdigit()


def _weakness(pin: Secret, known: Iterable[str]) -> str | None:
    return find_weakness(pin.reveal().decode("ascii"), known)


def _hash(pin: Secret, user: str, pepper: Pepper, *, salt: bytes, parameters: Parameters) -> bytes:
    if len(pepper.value) < MIN_PEPPER_OCTETS:
        raise Misuse(rules.RECORD, f"pepper of {len(pepper.value)} octets")
    function = Argon2id(
        salt=salt,
        length=HASH_OCTETS,
        iterations=parameters.iterations,
        lanes=parameters.lanes,
        memory_cost=parameters.memory_kib,
        ad=_USER_DOMAIN + user.encode("utf-8", "surrogatepass"),
        secret=pepper.value.reveal(),
    )
    return function.derive(pin.reveal())


def _read_phc(phc: Secret) -> tuple[bytes, bytes, Parameters]:
    found = _PHC.fullmatch(phc.reveal()[: MAX_RECORD_CHARACTERS + 1])
    if found is None:
        raise Misuse(rules.RECORD, "not in PHC form")
    parameters = Parameters(*(int(number) for number in found.group(1, 2, 3)))
    try:
        salt, stored = (text.from_base64(part) for part in found.group(4, 5))
    except MalformedEvidence as error:
        raise Misuse(rules.RECORD, "salt or hash") from error
    if parameters not in ACCEPTED or len(salt) not in SALT_OCTETS or len(stored) != HASH_OCTETS:
        raise Misuse(rules.RECORD, "parameters that we do not use")
    return salt, stored, parameters


_PHC = re.compile(
    rb"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
)
