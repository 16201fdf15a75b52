"""What a use case had read before it asks for a decision, so that it is not read twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.desk import Desk

if TYPE_CHECKING:
    from warifu.attestation.appraisal.policy import AppraisalPolicy
    from warifu.service.store.database import Row


class Laid(Struct, frozen=True, kw_only=True):
    """A desk that was read in one picture, and what it was read for."""

    desk: Desk
    """`Desk.standing` is of the registration that the decision rests on."""
    operation: str
    """Whose history it has."""
    policy: str | None
    """Digest of the policy that `Desk.standing` was made by."""
    trust: str
    """Digest of what was believed then."""

    def standing(self, policy: AppraisalPolicy, trust: str) -> Row | None:
        """What was found of the registration, where it still is what the decision asks for."""
        is_wanted = self.policy == policy.digest and self.trust == trust
        return self.desk.standing if is_wanted else None
