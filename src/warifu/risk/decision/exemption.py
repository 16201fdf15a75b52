"""Exceptions: one rule that one device or one model need not meet, for a time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from warifu.risk.decision.facts import Operation


class Subject(StrEnum):
    """What an exemption is for."""

    DEVICE = "device"
    """One device, by the name the bank gave its binding."""
    MODEL = "model"
    """All devices of a model, by `device.model`."""


class Exemption(Struct, frozen=True, kw_only=True):
    """A rule that is known not to hold is passed over; an unknown fact never is."""

    id: str
    subject: Subject
    name: str
    operation: Operation
    rule: str
    until: datetime
    """It is over at this time."""
    why: str
    """For analysts."""


def exempt(
    exemption: Exemption,
    *,
    operation: Operation,
    model: str | None,
    device: str | None,
    at: datetime,
) -> bool:
    """Whether this exemption applies now to this device and operation; then to its one rule."""
    name = device if exemption.subject is Subject.DEVICE else model
    return name == exemption.name and operation is exemption.operation and at < exemption.until
