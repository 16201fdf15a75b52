"""Files about threats that are kept, read once for each digest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.base.errors import VerifierFault, WarifuError
from warifu.risk.decision.assured import NOTHING_STATED
from warifu.risk.decision.life_cycle import ThreatFile
from warifu.risk.threat.advisories import AdvisorySet, load_advisories
from warifu.risk.threat.deployment import Measures, load_measures
from warifu.service.conduct.advisories.rules import READABLE
from warifu.service.conduct.memory import Memory
from warifu.service.store import advisories as store

if TYPE_CHECKING:
    from collections.abc import Callable

    from warifu.service.store.database import Lookup

MAX_REMEMBERED = 256

Stated = AdvisorySet | Measures

LOADERS: dict[ThreatFile, Callable[[bytes], Stated]] = {
    ThreatFile.ADVISORIES: load_advisories,
    ThreatFile.MEASURES: load_measures,
}
"""How each file is read."""


def kept_advisories(lookup: Lookup, tenant: str, digest: str | None) -> AdvisorySet | None:
    """The advisories of a digest; None of none.

    Raises:
        VerifierFault: ``advisories/readable``; nothing can be decided then.
    """
    found = None if digest is None else load_kept(lookup, tenant, ThreatFile.ADVISORIES, digest)
    return found if isinstance(found, AdvisorySet) else None


def kept_measures(lookup: Lookup, tenant: str, digest: str | None) -> Measures:
    """The measures of a digest; nothing stated of none.

    Raises:
        VerifierFault: ``advisories/readable``; nothing can be decided then.
    """
    found = None if digest is None else load_kept(lookup, tenant, ThreatFile.MEASURES, digest)
    return found if isinstance(found, Measures) else NOTHING_STATED


def load_kept(lookup: Lookup, tenant: str, file: ThreatFile, digest: str) -> Stated:
    """A file that is kept.

    Raises:
        VerifierFault: ``advisories/readable``.
    """
    key = (tenant, file.value, digest)
    known = _remembered.get(key)
    if known is not None:
        return known
    row = store.read_threat_file(lookup, tenant, file.value, digest)
    if row is None:
        raise VerifierFault(READABLE, f"{file} {digest} is gone")
    try:
        loaded = LOADERS[file](bytes(row[0]))
    except WarifuError as error:
        raise VerifierFault(READABLE, f"{file} {digest}: {error.code}") from error
    if loaded.digest != digest:
        raise VerifierFault(READABLE, f"{file} {digest} reads as {loaded.digest}")
    return _remembered.keep(key, loaded)


_remembered: Memory[tuple[str, str, str], Stated] = Memory(MAX_REMEMBERED)
