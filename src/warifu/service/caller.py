"""A caller that has proved who it is, and what it may ask for."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Scope(StrEnum):
    """What a caller may do. None includes another."""

    DECIDE = "decide"
    """Issue challenges, submit evidence, ask for decisions."""
    AUTHENTICATE = "authenticate"
    """Verify users by passkey, statement or PIN, set PINs, check calls of their devices."""
    CONFIRM = "confirm"
    """Ask for confirmations, pass answers on, close cases, hand off what was approved."""
    READ = "read"
    """Fetch and list evidence facts, appraisals, decisions, devices and serials."""
    LEDGER = "ledger"
    """Follow the ledger and cosign its checkpoints: nothing there is about a person."""
    ENROL = "enrol"
    """Activate devices of users, suspend, resume and revoke them."""
    APPRAISE = "appraise"
    """Judge stored evidence again."""
    CONFIGURE = "configure"
    """Change app registrations and appraisal policies."""
    GOVERN = "govern"
    """Propose and move rule sets, throw kill switches, grant exemptions."""
    APPROVE = "approve"
    """Say yes to what another person proposed."""
    ERASE = "erase"
    """Erase what is kept about a device."""
    AUDIT = "audit"
    """Read the audit log."""


class Caller(Struct, frozen=True, kw_only=True):
    """An authenticated caller. Only `service/callers` makes one."""

    tenant: str
    id: str
    """Who it is. Stays when its credentials are rotated: one person with two keys is one person."""
    name: str
    """The same for people."""
    scopes: frozenset[Scope]
    credential: str = ""
    """The id of the credential it used, which is what an operator revokes."""
