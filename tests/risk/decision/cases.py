"""Facts of an honest customer for each operation, all of which the standard rule set serves."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from warifu.risk.decision.assured import with_threat
from warifu.risk.decision.decide import Circumstances
from warifu.risk.decision.evaluate import Condition
from warifu.risk.decision.facts import (
    WITH_AMOUNT,
    AccountFacts,
    AppFacts,
    BindingFacts,
    DeviceFacts,
    EvidenceFacts,
    Facts,
    HistoryFacts,
    KeyFacts,
    Operation,
    OperationFacts,
    ServiceFacts,
    UserFacts,
)
from warifu.risk.decision.rules import RuleSet, load_rules

AT = datetime(2026, 11, 1, tzinfo=UTC)
NOW = Circumstances(at=AT)


def standard_bytes() -> bytes:
    return (files("warifu.risk.decision.rule_sets") / "standard.toml").read_bytes()


@cache
def standard() -> RuleSet:
    return load_rules(standard_bytes())


def honest(operation: Operation = Operation.TRANSFER) -> Facts:
    amount = 50_000 if operation in WITH_AMOUNT else None
    facts = Facts(
        operation=OperationFacts(
            kind=operation,
            amount=amount,
            currency=None if amount is None else "JPY",
            payee_known=True,
        ),
        evidence=EvidenceFacts(
            outcome="proved", format="android-key", realm="production", age_seconds=3
        ),
        device=DeviceFacts(
            status="affirming",
            platform="android",
            model="Pixel 8a",
            boot_locked=True,
            boot_state="verified",
            patch_level="2026-10-05",
        ),
        app=AppFacts(status="affirming", identifier="jp.example.bank", environment="production"),
        key=KeyFacts(
            status="affirming",
            security_level="secure-element",
            user_authentication="biometric",
            confirmation_required=False,
        ),
        user=UserFacts(
            verified=True,
            verified_seconds=20,
            methods=("passkey", "identity-card"),
            confirmed=True,
        ),
        binding=BindingFacts(bound=True, age_seconds=30 * 86_400),
        account=AccountFacts(limit_left=500_000, recovering=False),
        history=HistoryFacts(served_seconds=600, served_amount=50_000, failures=0),
        service=ServiceFacts(trust_stale=False, vendor_down=False),
    )
    return with_threat(facts, stated=())


def changed(facts: Facts, **values: object) -> Facts:
    """The same facts but for some: `device__model="x"` sets `device.model`."""
    for name, value in values.items():
        group, _, field = name.partition("__")
        part: Any = getattr(facts, group)
        facts = msgspec.structs.replace(
            facts, **{group: msgspec.structs.replace(part, **{field: value})}
        )
    return facts


def at_path(path: str) -> str:
    return path.replace(".", "__")


def values_of(condition: Condition, facts: Facts) -> dict[str, Any]:
    """What a condition reads of facts, by path."""
    return dict(zip(condition.reads, condition.fetch(facts), strict=True))
