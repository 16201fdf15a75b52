"""The code that shows that phone and screen are together, when an operation is claimed.

A QR code or deep link has the operation and a code of six digits, made anew every step from a
secret that only the server has. A photograph of it is of no use a minute later.
"""

from __future__ import annotations

import hmac
from datetime import datetime

from warifu.authentication.transaction import rules
from warifu.base.errors import Denied
from warifu.base.secret import Secret

STEP_SECONDS = 30
STEPS_BACK = 1
"""Steps that have just ended and still count: the person has to raise the phone."""
DIGITS = 6
SECRET_OCTETS = 32

_PURPOSE = b"warifu proximity 1\x00"
_STEP_OCTETS = 8


def proximity_code(secret: Secret, operation: bytes, at: datetime) -> str:
    """The code to be shown at a time.

    Args:
        secret: Of this operation alone, `SECRET_OCTETS` random bytes.
        operation: Its id.
        at: By the server's clock.
    """
    return _code(secret, operation, _step(at))


def check_proximity(secret: Secret, operation: bytes, code: str, at: datetime) -> int:
    """Hold a code that was read from the screen against the present one and the one before.

    The caller counts tries: with six digits, a handful.

    Returns:
        The step that it is of.

    Raises:
        Denied: ``transaction/proximity``.
    """
    received = code.encode("utf-8", "replace")
    matching = [
        step
        for step in range(_step(at) - STEPS_BACK, _step(at) + 1)
        if hmac.compare_digest(_code(secret, operation, step).encode("ascii"), received)
    ]
    if not matching:
        raise Denied(rules.PROXIMITY)
    return matching[0]


def _step(at: datetime) -> int:
    return int(at.timestamp()) // STEP_SECONDS


def _code(secret: Secret, operation: bytes, step: int) -> str:
    message = _PURPOSE + operation + step.to_bytes(_STEP_OCTETS, "big")
    mac = hmac.digest(secret.reveal(), message, "sha256")
    # 64 bits taken modulo a million: the bias is far below what could be noticed.
    return f"{int.from_bytes(mac[:8], 'big') % 10**DIGITS:0{DIGITS}d}"
