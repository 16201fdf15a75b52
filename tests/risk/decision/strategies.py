"""Any facts: each known, unknown, out of place or of the wrong type."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.risk.decision.cases import at_path, changed, honest
from warifu.risk.decision.facts import REGISTER, Fact, Facts, Operation

NUMBERS = st.one_of(
    st.sampled_from([-1, 0, 1, 9, 10, 11, 299, 300, 301, 10_000, 86_399, 86_400, 100_001]),
    st.integers(-(2**63), 2**63 - 1),
)
TEXTS = st.sampled_from(["", "affirming", "Pixel 8a", "2026-10", "割符", "rw:display", "x" * 2000])
POWERS = st.lists(st.sampled_from(["rw:display", "rw:ree_mem", "passkey", "identity-card"]))
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [1, 0, True, False, 2**70, 1.5, "true", "\ud800", b"x", [], ["x"], (1,), {}, object()]
)


def right_values(fact: Fact) -> st.SearchStrategy[Any]:
    if fact.kind is bool:
        return st.booleans()
    if fact.kind is int:
        return NUMBERS
    if fact.kind is tuple:
        return POWERS.map(tuple)
    return st.sampled_from(fact.values) if fact.values else TEXTS


@st.composite
def any_facts(draw: st.DrawFn, *, odd: bool = True) -> Facts:
    facts = honest(draw(st.sampled_from(Operation)))
    paths = [path for path in REGISTER if path != "operation.kind"]
    for path in draw(st.lists(st.sampled_from(paths), max_size=6, unique=True)):
        choices = [st.none(), right_values(REGISTER[path]), *([ODD] if odd else [])]
        facts = changed(facts, **{at_path(path): draw(st.one_of(choices))})
    return facts
