"""/v1/advisories and /v1/measures: what a bank states about threats, as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litestar import Controller, Response, delete, get, put
from litestar.openapi.datastructures import ResponseSpec

from warifu.risk.decision.life_cycle import ThreatFile
from warifu.service.api.access import needs
from warifu.service.api.answers import (
    USUAL_LIMIT,
    After,
    Limit,
    Page,
    page,
    read_place,
    tagged,
)
from warifu.service.api.problems import problems
from warifu.service.api.toml import ContentType, TakesToml, require_toml, told_to_its_author
from warifu.service.caller import Scope
from warifu.service.conduct.advisories.stating import (
    FileAnswer,
    FileSummary,
    PutAnswer,
    WaitingAnswer,
    list_files,
    put_file,
    read_file,
    withdraw_file,
)
from warifu.service.conduct.work import Work
from warifu.service.store.database import micros

if TYPE_CHECKING:
    from typing import Any

WAITS = {
    202: ResponseSpec(
        data_container=WaitingAnswer,
        generate_examples=False,
        description="It may assure more than what stands, and waits for two others.",
    )
}


class AdvisoryController(Controller):
    """Published weaknesses: one file of them is in force."""

    path = "/v1/advisories"
    tags = ("threats",)

    @put(
        opt=needs(Scope.GOVERN),
        responses=problems(409, 413, 415, 422) | WAITS,
        operation_class=TakesToml,
        sync_to_thread=True,
    )
    def state(
        self, work: Work, body: bytes, content_type: ContentType = None
    ) -> Response[PutAnswer]:
        """Put a file of advisories in force; it replaces the one before. The body is TOML.

        A file that keeps all advisories in force and adds to them counts at once. Any other is
        kept and waits (202): two others approve its command (`/v1/approvals`), then it is sent
        again. What is wrong with the file is told in `faults`.
        """
        return _put(work, ThreatFile.ADVISORIES, body, content_type)

    @get(opt=needs(Scope.GOVERN), responses=problems(), sync_to_thread=True)
    def list_all(
        self, work: Work, limit: Limit = USUAL_LIMIT, after: After = None
    ) -> Page[FileSummary]:
        """List files of advisories, newest first, also those that wait or were replaced."""
        return _list(work, ThreatFile.ADVISORIES, limit, after)

    @get("/{digest:str}", opt=needs(Scope.GOVERN), responses=problems(404), sync_to_thread=True)
    def fetch(self, work: Work, digest: str) -> Response[FileAnswer]:
        """A file of advisories with what it says."""
        return tagged(read_file(work, ThreatFile.ADVISORIES, digest))

    @delete(
        opt=needs(Scope.GOVERN),
        responses=problems(404, 409, 422),
        status_code=200,
        sync_to_thread=True,
    )
    def withdraw(self, work: Work) -> PutAnswer:
        """Withdraw the advisories in force; two people have approved it (`/v1/approvals`)."""
        return withdraw_file(work, ThreatFile.ADVISORIES)


class MeasureController(Controller):
    """What a bank states of itself: its own defences, and attackers it assumes everywhere."""

    path = "/v1/measures"
    tags = ("threats",)

    @put(
        opt=needs(Scope.GOVERN),
        responses=problems(409, 413, 415, 422) | WAITS,
        operation_class=TakesToml,
        sync_to_thread=True,
    )
    def state(
        self, work: Work, body: bytes, content_type: ContentType = None
    ) -> Response[PutAnswer]:
        """Put a file of measures in force; it replaces the one before. The body is TOML.

        Fewer defences and more assumed attackers count at once. Anything else is kept and waits
        (202), as advisories do.
        """
        return _put(work, ThreatFile.MEASURES, body, content_type)

    @get(opt=needs(Scope.GOVERN), responses=problems(), sync_to_thread=True)
    def list_all(
        self, work: Work, limit: Limit = USUAL_LIMIT, after: After = None
    ) -> Page[FileSummary]:
        """List files of measures, newest first."""
        return _list(work, ThreatFile.MEASURES, limit, after)

    @get("/{digest:str}", opt=needs(Scope.GOVERN), responses=problems(404), sync_to_thread=True)
    def fetch(self, work: Work, digest: str) -> Response[FileAnswer]:
        """A file of measures with what it says."""
        return tagged(read_file(work, ThreatFile.MEASURES, digest))


def _put(work: Work, file: ThreatFile, body: bytes, content_type: str | None) -> Response[Any]:
    require_toml(content_type)
    with told_to_its_author():
        came = put_file(work, file, body)
    return tagged(came, status=202 if isinstance(came, WaitingAnswer) else 200)


def _list(work: Work, file: ThreatFile, limit: int, after: str | None) -> Page[FileSummary]:
    place = read_place(after)
    found = list_files(work, file, after=place, limit=limit)
    return page(found, limit=limit, by=lambda each: f"{micros(each.created_at)}.{each.digest}")
