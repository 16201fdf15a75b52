"""All that lies on the desk when evidence is judged or a decision is made, in one statement.

A decision needs the app, the governance, the challenge, the device, the key and what happened
before. Six statements would be six round trips to the database; this one looks all of it up by
primary keys and two small indexes.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.service.store.appraisals import STILL_STANDS
from warifu.service.store.database import micros

if TYPE_CHECKING:
    from warifu.service.store.database import Lookup, Row

MOST_FAILURES = 100
"""No rule needs to count further."""


class Wanted(Struct, frozen=True, kw_only=True):
    """What is looked for; None finds nothing."""

    app: str
    operation: str
    refused_since: datetime
    """From when refusals count."""
    judged_since: datetime
    """From when an appraisal of a registration counts."""
    now: datetime
    """Until when."""
    policy: str | None
    """Digest of the policy it must have been made by."""
    trust: str
    """Digest of what must have been believed."""
    challenge: str | None = None
    device: str | None = None
    """As the bank names it."""
    key: str | None = None
    key_format: str | None = None
    """The format of evidence by which the key must have been registered."""
    appraisal: str | None = None
    user_index: bytes | None = None


class Desk(Struct, frozen=True, kw_only=True):
    """What was found; None where there is nothing."""

    tenant_key: bytes | None
    app: Row | None
    """As `store.apps.read_app` gives it."""
    governance: bytes | None
    challenge: Row | None
    """App, value, context, issued, expires and used at."""
    device_key: bytes | None
    """The wrapped key of the device that the bank names."""
    device_seen: int | None
    """When it was last seen."""
    key: Row | None
    """Device, credential, counter, registration; the device's wrapped key and when last seen."""
    standing: Row | None
    """Id and document of the newest appraisal of the key's registration that was wanted."""
    appraisal: Row | None
    """Evidence, device, policy, trust, appraised at, context, used by, document."""
    history: Row
    """How often this user was refused this operation, on whatever device, at most `MOST_FAILURES`;
    and when it was last served on this device outside an outage and for how much."""


def read_desk(lookup: Lookup, tenant: str, wanted: Wanted) -> Desk | None:
    """All of it; None where there is no such tenant."""
    row = lookup.row(
        _DESK,
        tenant=tenant,
        app=wanted.app,
        operation=wanted.operation,
        refused_since=micros(wanted.refused_since),
        since=micros(wanted.judged_since),
        now=micros(wanted.now),
        policy=wanted.policy,
        trust=wanted.trust,
        challenge=wanted.challenge,
        device=wanted.device,
        key=wanted.key,
        format=wanted.key_format,
        appraisal=wanted.appraisal,
        user=wanted.user_index,
    )
    if row is None:
        return None
    return Desk(
        tenant_key=row[0],
        governance=row[1],
        app=_part(row[2:7]),
        challenge=_part(row[7:13]),
        device_key=row[13],
        device_seen=row[14],
        key=_part(row[15:21]),
        appraisal=_part(row[21:29]),
        history=row[29:32],
        standing=_part(row[32:34]),
    )


def history_of(user: str, device: str) -> str:
    """Columns of `Desk.history`: of ``:operation``, with refusals since ``:refused_since``.

    Args:
        user: The column, or the parameter, that has the user's index.
        device: The same of the device.
    """
    made = (
        f"FROM decisions WHERE tenant = :tenant AND user_index = {user} AND operation = :operation"
    )
    served = (
        f"{made} AND outcome = 'serve' AND outage = 0 AND device = {device}"
        " ORDER BY decided_at DESC LIMIT 1"
    )
    return (
        f"(SELECT COUNT(*) FROM (SELECT 1 {made} AND outcome = 'refuse'"  # noqa: S608 - names of ours
        f" AND decided_at > :refused_since LIMIT {MOST_FAILURES}) AS refused),"
        f" (SELECT decided_at {served}), (SELECT amount {served})"
    )


def _part(row: Row) -> Row | None:
    """Columns of a table that was joined; its first is never null where there is a row."""
    return None if row[0] is None else row


_DESK = f"""
SELECT t.data_key, g.document,
    a.revision, a.document, a.secrets, a.created_at, a.changed_at,
    c.app, c.value, c.context, c.issued_at, c.expires_at, c.used_at,
    d.data_key, d.last_seen,
    k.device, k.credential, k.counter, k.evidence, o.data_key, o.last_seen,
    p.evidence, p.device, p.policy, p.trust, p.appraised_at, p.context, p.used_by, p.document,
    {history_of(":user", "COALESCE(:device, k.device, p.device)")},
    (SELECT id FROM appraisals
        WHERE tenant = :tenant AND evidence = k.evidence AND {STILL_STANDS}),
    (SELECT document FROM appraisals
        WHERE tenant = :tenant AND evidence = k.evidence AND {STILL_STANDS})
FROM tenants t
LEFT JOIN governance g ON g.tenant = t.tenant
LEFT JOIN apps a ON a.tenant = t.tenant AND a.id = :app
LEFT JOIN challenges c ON c.tenant = t.tenant AND c.id = :challenge
LEFT JOIN devices d ON d.tenant = t.tenant AND d.id = :device
LEFT JOIN device_keys k ON k.tenant = t.tenant AND k.id = :key AND k.app = :app
    AND k.format = :format
LEFT JOIN devices o ON o.tenant = k.tenant AND o.id = k.device
LEFT JOIN appraisals p ON p.tenant = t.tenant AND p.id = :appraisal
WHERE t.tenant = :tenant
"""  # noqa: S608
