"""What a challenge was issued for, as the bytes that everybody signs or encrypts under.

A challenge alone can be relayed: an attacker passes it on, and passes the answer back. So whatever
answers a challenge also covers who asked, over which channel, what for and whom. In CDDL::

    context = [ "warifu-context-v1", verifier: name, channel: name, purpose: name,
                user: name / null, device: name / null, operation: id / null,
                challenge: bstr .size (16..64) ]
    name = tstr .size (1..255)           ; UTF-8, without control characters
    id = bstr .size (1..64)

in deterministic CBOR (RFC 8949 §4.2.1). It is of fixed length and order, so that an applet can
compare it without a parser.
"""

from __future__ import annotations

from msgspec import Struct

from warifu.authentication.ceremony.rules import CONTEXT_FORM
from warifu.base.codec import cbor
from warifu.base.errors import Misuse

DOMAIN = "warifu-context-v1"
LEAST_CHALLENGE_OCTETS = 16
MOST_OCTETS = 64
"""Of a challenge or an operation's id."""
MOST_NAME_OCTETS = 255
_FIRST_PRINTABLE, _DELETE = " ", "\x7f"


class Context(Struct, frozen=True, kw_only=True):
    """All that a challenge was issued for."""

    verifier: str
    """Name of the service that asks, which apps pin: an answer is of no use elsewhere."""
    channel: str
    """Over which the answer comes: ``app``, ``web``, ``branch``, ..."""
    purpose: str
    """What the answer is for, such as ``log-in`` or ``pin``."""
    user: str | None = None
    """The bank's opaque id of the person."""
    device: str | None = None
    """Id of the bound device."""
    operation: bytes | None = None
    """Id of the operation that this is a part of."""


def context_bytes(context: Context, challenge: bytes) -> bytes:
    """The context and its challenge in deterministic CBOR.

    Args:
        context: What the challenge was issued for.
        challenge: 16 to 64 octets.

    Raises:
        Misuse: ``ceremony/context-form``.
    """
    names = (context.verifier, context.channel, context.purpose)
    for name in (*names, context.user, context.device):
        if name is not None:
            _require_name(name)
    if not LEAST_CHALLENGE_OCTETS <= len(challenge) <= MOST_OCTETS:
        raise Misuse(CONTEXT_FORM, f"challenge of {len(challenge)} octets")
    if context.operation is not None and not 1 <= len(context.operation) <= MOST_OCTETS:
        raise Misuse(CONTEXT_FORM, f"operation of {len(context.operation)} octets")
    return cbor.encode_deterministic(
        [DOMAIN, *names, context.user, context.device, context.operation, challenge]
    )


def _require_name(name: str) -> None:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        # A lone surrogate has no UTF-8, so there would be nothing to sign.
        raise Misuse(CONTEXT_FORM, "a name that is no text") from None
    is_plain = all(each >= _FIRST_PRINTABLE and each != _DELETE for each in name)
    if not 1 <= size <= MOST_NAME_OCTETS or not is_plain:
        raise Misuse(CONTEXT_FORM, f"a name of {size} octets")
