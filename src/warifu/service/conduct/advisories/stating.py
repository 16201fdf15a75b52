"""Stating what is known of threats: files put in force, withdrawn, listed, fetched.

A file by which no device is better off than before takes effect at once. Any other is kept and
waits: two others approve exactly this file, and whoever sends it again puts it in force.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.base.errors import Denied, Misuse
from warifu.base.rule import Text
from warifu.risk.decision.assured import NOTHING_STATED
from warifu.risk.decision.life_cycle import (
    APPROVERS,
    FOUR_EYES,
    Governance,
    Loosen,
    ThreatFile,
    Tighten,
)
from warifu.risk.threat.advisories import AdvisorySet, only_adds
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.deployment import Measures, only_tightens
from warifu.risk.threat.powers import Power
from warifu.service.conduct.advisories.kept import LOADERS, Stated, load_kept
from warifu.service.conduct.advisories.rules import FILES
from warifu.service.conduct.committing import AuditEntry, commit
from warifu.service.conduct.governing.governing import LoosenCommand, carry_out, present
from warifu.service.conduct.rules import KNOWN
from warifu.service.store import advisories as store
from warifu.service.store.database import moment

if TYPE_CHECKING:
    from warifu.service.conduct.work import Work
    from warifu.service.store.database import Statement

MAX_FILES = 1000
_ALL = (1 << 63) - 1


class AdvisoryTold(Struct, frozen=True, kw_only=True):
    """An advisory in a few words; the file has all of it."""

    id: str
    title: Text
    published: date
    source: str
    gives: tuple[Power, ...]


class FileSummary(Struct, frozen=True, kw_only=True):
    """A file about threats and where it stands."""

    digest: str
    """SHA-256 of its bytes, in hex; decisions keep it."""
    in_force: bool
    created_by: str
    created_at: datetime


class FileAnswer(Struct, frozen=True, kw_only=True):
    """A file with what it says."""

    summary: FileSummary
    advisories: tuple[AdvisoryTold, ...] = ()
    defences: tuple[Defence, ...] = ()
    """The bank's own."""
    assumed: tuple[str, ...] = ()
    """Attackers assumed on every device."""
    text: str
    """The file, TOML."""


class PutAnswer(Struct, frozen=True, kw_only=True):
    """A file that is in force now."""

    digest: str
    revision: int
    """Of governance."""


class WaitingAnswer(Struct, frozen=True, kw_only=True):
    """A file that is kept and waits for approval, because it may assure more than before."""

    digest: str
    revision: int
    """Of governance, for `/v1/approvals`."""
    command: LoosenCommand
    """What two others approve; then send the file again."""
    needed: int


def put_file(work: Work, file: ThreatFile, source: bytes) -> PutAnswer | WaitingAnswer:
    """Put a file in force, at once or after approval.

    Args:
        work: The request.
        file: What it is.
        source: TOML in UTF-8, see `load_advisories` and `load_measures`.

    Raises:
        Misuse: What is wrong with the file.
        Denied: ``governance/moved``, ``advisories/room``.
        VerifierFault: ``governance/readable``, ``advisories/readable``.
    """
    loaded = LOADERS[file](source)
    digest = loaded.digest or ""
    with work.house.database.read() as transaction:
        governance = present(transaction, work.tenant)
        in_force = _in_force(governance, file)
        before = None if in_force is None else load_kept(transaction, work.tenant, file, in_force)
        kept = store.count_threat_files(transaction, work.tenant, file.value)
    stored = store.insert_threat_file(
        work.tenant, file.value, digest, source=source, now=work.now, by=work.caller.id
    )
    told = AuditEntry(action=f"{file}/stated", subject=digest, document=_audited(loaded))
    if digest == in_force:
        answer = PutAnswer(digest=digest, revision=governance.revision)
        commit(work, [], answer=answer, audit=[told], status=200)
        return answer
    if kept >= MAX_FILES:
        raise Denied(FILES, f"{kept} of {file}")
    answer = PutAnswer(digest=digest, revision=governance.revision + 1)
    command = (
        Tighten(file=file, digest=digest)
        if _is_tighter(before, loaded)
        else Loosen(file=file, digest=digest)
    )
    try:
        carry_out(
            work, command, seen=governance.revision, first=[stored], also=[told], instead=answer
        )
    except Denied as error:
        if error.rule is not FOUR_EYES:
            raise
        asked = LoosenCommand(file=file, digest=digest)
        return _wait(work, governance, asked, stored=stored, told=told)
    return answer


def withdraw_file(work: Work, file: ThreatFile) -> PutAnswer:
    """Let nothing be in force; two others have approved it.

    Raises:
        Misuse: ``request/known`` where nothing is in force.
        Denied: ``decision/four-eyes``, ``governance/moved``.
    """
    with work.house.database.read() as transaction:
        governance = present(transaction, work.tenant)
    in_force = _in_force(governance, file)
    if in_force is None:
        raise Misuse(KNOWN, file)
    answer = PutAnswer(digest=in_force, revision=governance.revision + 1)
    told = AuditEntry(action=f"{file}/withdrawn", subject=in_force)
    carry_out(work, Loosen(file=file), seen=governance.revision, also=[told], instead=answer)
    return answer


def read_file(work: Work, file: ThreatFile, digest: str) -> FileAnswer:
    """A file that is kept.

    Raises:
        Misuse: ``request/known``.
        VerifierFault: ``advisories/readable``.
    """
    with work.house.database.read() as transaction:
        in_force = _in_force(present(transaction, work.tenant), file)
        row = store.read_threat_file(transaction, work.tenant, file.value, digest)
        if row is None:
            raise Misuse(KNOWN, digest)
        loaded = load_kept(transaction, work.tenant, file, digest)
    source, created_at, created_by = row
    summary = FileSummary(
        digest=digest,
        in_force=digest == in_force,
        created_by=created_by,
        created_at=moment(created_at),
    )
    text = bytes(source).decode()
    if isinstance(loaded, AdvisorySet):
        return FileAnswer(summary=summary, advisories=_told(loaded), text=text)
    return FileAnswer(
        summary=summary,
        defences=tuple(sorted(loaded.defences)),
        assumed=tuple(sorted(loaded.assumed)),
        text=text,
    )


def list_files(
    work: Work, file: ThreatFile, *, after: tuple[int, str] | None, limit: int
) -> list[FileSummary]:
    """Files that are kept, newest first, one more than `limit` where there are more.

    Args:
        work: The request.
        file: Which.
        after: Go on after the one created then (microseconds) with this digest.
        limit: How many.
    """
    before, digest = after or (_ALL, "")
    with work.house.database.read() as transaction:
        in_force = _in_force(present(transaction, work.tenant), file)
        rows = store.list_threat_files(
            transaction, work.tenant, file.value, before=before, digest=digest, limit=limit + 1
        )
    return [
        FileSummary(
            digest=row[0],
            in_force=row[0] == in_force,
            created_by=row[2],
            created_at=moment(row[1]),
        )
        for row in rows
    ]


def _wait(
    work: Work,
    governance: Governance,
    command: LoosenCommand,
    *,
    stored: Statement,
    told: AuditEntry,
) -> WaitingAnswer:
    answer = WaitingAnswer(
        digest=command.digest or "",
        revision=governance.revision,
        command=command,
        needed=APPROVERS,
    )
    entry = AuditEntry(
        action=f"{command.file}/proposed", subject=answer.digest, document=told.document
    )
    commit(work, [stored], answer=answer, audit=[entry], status=202)
    return answer


def _in_force(governance: Governance, file: ThreatFile) -> str | None:
    return governance.advisories if file is ThreatFile.ADVISORIES else governance.measures


def _is_tighter(before: Stated | None, after: Stated) -> bool:
    if isinstance(after, Measures):
        return only_tightens(before if isinstance(before, Measures) else NOTHING_STATED, after)
    return only_adds(before if isinstance(before, AdvisorySet) else None, after)


def _audited(loaded: Stated) -> object:
    if isinstance(loaded, Measures):
        return {"defences": sorted(loaded.defences), "assumed": sorted(loaded.assumed)}
    return {
        "advisories": [
            {"id": each.id, "published": each.published, "source": each.source}
            for each in loaded.advisories
        ]
    }


def _told(loaded: AdvisorySet) -> tuple[AdvisoryTold, ...]:
    return tuple(
        AdvisoryTold(
            id=each.id,
            title=Text(ja=each.title.ja, en=each.title.en),
            published=each.published,
            source=each.source,
            gives=tuple(sorted(each.gives)),
        )
        for each in loaded.advisories
    )
