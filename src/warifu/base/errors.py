"""The one error tree, split by whose fault it is.

::

    WarifuError
    ├── Misuse                 our caller's: wrong arguments, wrong order, a test root in production
    ├── BadEvidence            the device's data: contraindicated (AR4SI 99)
    │   └── MalformedEvidence  the bytes are not what they claim to be
    ├── VerifierFault          ours: no statement about the device (AR4SI -1)
    │   ├── MissingTrust       nothing is known that could judge this evidence
    │   ├── StaleTrust         what we know is older than its stated limit
    │   ├── RejectedTrust      trust data that was offered to us is not acceptable
    │   └── Unchecked          a required check could not be made
    └── Denied                 a policy said no

For any bytes, a core function returns its type or raises one of these, nothing else. Each carries
the `Rule` that was not met: its code is stable, its sentence is public, `detail` is private.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warifu.base.rule import Rule, Text


class WarifuError(Exception):
    """Any refusal by this library. Raise a leaf, catch the branch whose fault you handle."""

    def __init__(self, rule: Rule, detail: str = "") -> None:
        """Say which rule was not met.

        Args:
            rule: The rule, which gives the stable code and the public sentence.
            detail: What was seen, for logs of the operator. Never holds secrets.
        """
        super().__init__(rule.code, detail)
        self.rule = rule
        self.detail = detail

    @property
    def code(self) -> str:
        """The stable machine-readable code."""
        return self.rule.code

    @property
    def public(self) -> Text:
        """The sentence that may be shown to anyone, in Japanese and English."""
        return self.rule.requires

    def __reduce__(self) -> tuple[type[WarifuError], tuple[Rule, str]]:
        """An error crosses to another process with its rule; causes stay behind."""
        return type(self), (self.rule, self.detail)

    def __str__(self) -> str:
        """Code, requirement and what was seen, on one line."""
        seen = f" ({self.detail})" if self.detail else ""
        return f"{self.rule.code}: {self.rule.requires.en}{seen}"


class Misuse(WarifuError):
    """The caller used the library wrongly; no statement about any evidence."""


class BadEvidence(WarifuError):
    """The evidence breaks a rule; the device, or whoever sent this, is contraindicated."""


class MalformedEvidence(BadEvidence):
    """The bytes do not decode as the format they claim to be."""


class VerifierFault(WarifuError):
    """We cannot judge; nothing is said about the device."""


class MissingTrust(VerifierFault):
    """No anchor, list or key is known that could judge this evidence."""


class StaleTrust(VerifierFault):
    """What we know is older than its stated limit."""


class RejectedTrust(VerifierFault):
    """Trust data offered to us does not verify, rolls back, or is of another realm."""


class Unchecked(VerifierFault):
    """A check that was required could not be made."""


class Denied(WarifuError):
    """A policy said no."""
