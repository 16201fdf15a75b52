"""``warifu trust``: what is believed, since when; refreshing, carrying and asking it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, time
from pathlib import Path
from time import sleep
from typing import Annotated, Literal

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cyclopts import App, Parameter
from rich.table import Table
from rich.text import Text as Styled

from warifu.attestation.claims import Realm
from warifu.attestation.document import rfc3339
from warifu.attestation.trust.bundle import MAX_BYTES as MAX_BUNDLE_BYTES
from warifu.attestation.trust.bundle import continue_history, export_bundle, read_bundle
from warifu.attestation.trust.history import TrustHistory
from warifu.attestation.trust.revocation import MAX_AGE as REVOCATION_MAX_AGE
from warifu.attestation.trust.snapshot import SnapshotKind, SnapshotRecord, digest
from warifu.attestation.trust.view import TrustView
from warifu.base.errors import BadEvidence, MissingTrust
from warifu.base.pki.signature import load_public_key
from warifu.base.rule import Text
from warifu.cli import inputs, output, render
from warifu.cli.ending import NO_STATEMENT, UsageError
from warifu.cli.values import parse_moment, read_file
from warifu.cli.words import Language, language_of_environment, say
from warifu.service.adapters.bundled_trust import (
    SINCE_EVER,
    Source,
    bundled_history,
    bundled_sources,
)
from warifu.service.adapters.trust_directory import TrustDirectory
from warifu.service.workers.trust_refresh import World, refresh

Kind = Literal["anchors", "android-revocation", "fido-metadata", "boot-keys"]
"""The values of `SnapshotKind`, which the command line would otherwise know by other names."""
Json = Annotated[bool, Parameter(negative=())]
Directory = Annotated[Path, Parameter(name="--trust")]

_KIND = Text(ja="種類", en="Kind")
_SHA256 = Text(ja="スナップショット（SHA-256）", en="Snapshot (SHA-256)")
_LEARNED = Text(ja="取得日時", en="Learned")
_CONFIRMED = Text(ja="公開元への確認日時", en="Confirmed with publisher")
_SOURCE = Text(ja="取得元", en="Source")
_UNTIL = Text(ja="有効期限", en="Believed until")
_STALE = Text(ja="（期限切れ）", en="(stale)")
_OUTCOME = Text(ja="結果", en="Outcome")
_SINCE_EVER = Text(ja="製品に同梱", en="bundled")


def make_app() -> App:
    """The commands under ``warifu trust``."""
    app = App(name="trust", help="What is believed, since when: anchors, revocation, metadata.")
    app.command(init)
    app.command(refresh_, name="refresh")
    app.command(show)
    app.command(add)
    app.command(export)
    app.command(import_, name="import")
    return app


def load_history(directory: Path | None, realm: Realm) -> TrustHistory:
    """The history in a directory, or the bundled anchors alone.

    Raises:
        VerifierFault: The directory is damaged or of another realm.
        UsageError: There is no such directory, or test trust is asked for without one.
    """
    if directory is not None:
        return TrustDirectory(directory, realm=realm).history()
    if realm is Realm.TEST:
        raise UsageError("--realm test needs --trust DIR: no test roots are bundled")
    return bundled_history()


def is_made(directory: Path) -> bool:
    """Whether there is a trust directory; an empty folder is none yet."""
    return (directory / "realm").exists()


def init(
    *,
    trust: Directory,
    realm: Realm = Realm.PRODUCTION,
    anchors: Path | None = None,
    learned_at: str | None = None,
    json: Json = False,
) -> int:
    """Make a trust directory that knows the bundled anchors and boot keys.

    Args:
        trust: Where; it must not exist yet, or be empty.
        realm: The realm it is for, once and for all.
        anchors: Other anchors than the bundled ones: a file of the same form as theirs. A test
            realm has none of its own.
        learned_at: Since when they count as known (RFC 3339). Now unless given.
        json: Print the records as JSON.
    """
    snapshots = {SnapshotKind.ANCHORS: read_file(anchors)} if anchors else None
    if realm is Realm.TEST and snapshots is None:
        snapshots = {}
    directory = TrustDirectory.create(
        trust,
        realm=realm,
        now=_moment_or_now(learned_at, "--learned-at"),
        snapshots=snapshots,
        source=f"operator: {anchors.name}" if anchors else None,
    )
    return _told(directory.history().records, json=json)


def refresh_(
    *,
    trust: Directory,
    realm: Realm = Realm.PRODUCTION,
    sources: Path | None = None,
    json: Json = False,
    lang: Language | None = None,
) -> int:
    """Ask the publishers for newer revocation and metadata, and swap in what verifies.

    Exit status 0 when every source was confirmed or not due, 3 when one was rejected or could not
    be reached: what was known stays, and grows stale by its own rule.

    Args:
        trust: The trust directory; it is made if there is none.
        realm: The realm it belongs to.
        sources: Other publishers' addresses: JSON with ``sources[]`` of ``kind`` and ``url``.
        json: Print the report as JSON.
        lang: Language of the output; from the locale unless given.
    """
    if not is_made(trust) and realm is Realm.PRODUCTION:
        init(trust=trust)
    report = refresh(
        TrustDirectory(trust, realm=realm),
        _read_sources(sources) if sources else bundled_sources(),
        world=World(now=lambda: datetime.now(UTC), sleep=sleep, random=random.random),
    )
    if json:
        output.write_json(report)
    else:
        language = lang or language_of_environment()
        table = _table(language, _KIND, _OUTCOME, _SOURCE)
        for outcome in report.outcomes:
            reason = f" {outcome.code}: {outcome.detail}" if outcome.code else ""
            _add_row(table, outcome.kind, f"{outcome.outcome}{reason}", outcome.source)
        render.to_terminal(table)
    return NO_STATEMENT if report.failed else 0


def show(
    *,
    trust: Path | None = None,
    realm: Realm = Realm.PRODUCTION,
    known_at: str | None = None,
    json: Json = False,
    lang: Language | None = None,
) -> int:
    """Show what is believed, or what was believed at some time.

    Args:
        trust: The trust directory; the bundled anchors unless given.
        realm: The realm it belongs to.
        known_at: "What did we believe then?" (RFC 3339). Now unless given.
        json: Print as JSON.
        lang: Language of the output; from the locale unless given.
    """
    history = load_history(trust, realm)
    moment = _moment_or_now(known_at, "--known-at")
    records = [record for kind in SnapshotKind if (record := history.latest(kind, moment))]
    # Damaged or unacceptable snapshots are told, not listed as if they were believed.
    view = history.as_of(moment)
    until = _believed_until(view)
    if json:
        output.write_json(
            {
                "known_at": rfc3339(moment),
                "realm": realm,
                "records": records,
                "believed_until": {kind: rfc3339(end) for kind, end in until.items()},
                "stale": sorted(kind for kind, end in until.items() if moment > end),
                "anchors": [anchor.name for anchor in view.anchors],
                "revoked_serials": len(view.revocation.entries) if view.revocation else None,
                "metadata_number": view.metadata.number if view.metadata else None,
            }
        )
        return 0
    language = lang or language_of_environment()
    table = _table(language, _KIND, _SHA256, _LEARNED, _CONFIRMED, _UNTIL, _SOURCE)
    for record in records:
        learned, confirmed = (
            rfc3339(each) if each > SINCE_EVER else say(_SINCE_EVER, language)
            for each in (record.learned_at, record.confirmed_at)
        )
        end = until.get(record.kind)
        stale = end is not None and moment > end
        shown = f"{rfc3339(end)[:16]}Z" if end else "–"
        shown += f" {say(_STALE, language)}" if stale else ""
        name = record.sha256[:16] + "…"
        _add_row(table, record.kind, name, learned, confirmed, shown, record.source)
    render.to_terminal(table)
    return 0


def _believed_until(view: TrustView) -> dict[SnapshotKind, datetime]:
    """When what is believed grows stale, by the rules of a verification that states no limit."""
    until = {}
    if view.revocation is not None:
        until[SnapshotKind.REVOCATION] = view.revocation.confirmed_at + REVOCATION_MAX_AGE
    if view.metadata is not None:
        until[SnapshotKind.METADATA] = datetime.combine(view.metadata.next_update, time.max, UTC)
    return until


def add(
    kind: Annotated[Kind, Parameter(name="KIND")],
    file: Annotated[Path, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    trust: Directory,
    realm: Realm = Realm.PRODUCTION,
    learned_at: str | None = None,
    json: Json = False,
) -> int:
    """Add a snapshot from a file, judged like one that was fetched.

    Args:
        kind: What it is.
        file: As published.
        trust: The trust directory.
        realm: The realm it belongs to.
        learned_at: Since when it counts as known (RFC 3339). Now unless given; never before what
            the directory knows already.
        json: Print the record as JSON.
    """
    directory = TrustDirectory(trust, realm=realm)
    data = read_file(file)
    record = directory.history().admit(
        SnapshotKind(kind),
        data,
        learned_at=_moment_or_now(learned_at, "--learned-at"),
        source=f"operator: {file.name}",
    )
    directory.append([record], {digest(data): data})
    return _told([record], json=json)


def export(
    file: Annotated[Path, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    trust: Directory,
    key: Path,
    realm: Realm = Realm.PRODUCTION,
    json: Json = False,
) -> int:
    """Write the whole history into one signed file, for machines without a network.

    Args:
        file: Where to write.
        trust: The trust directory.
        key: The signing key, PEM (PKCS #8), Ed25519 or P-256, without a passphrase.
        realm: The realm it belongs to.
        json: Print the records that were written as JSON.
    """
    try:
        signer = load_pem_private_key(read_file(key), password=None)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{key}: not a private key that can be read") from error
    if not isinstance(signer, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
        raise UsageError(f"{key}: neither Ed25519 nor P-256")
    history = TrustDirectory(trust, realm=realm).history()
    data = export_bundle(history, key=signer)
    try:
        file.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error
    return _told(history.records, json=json)


def import_(
    file: Annotated[Path, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    trust: Directory,
    key: Path,
    realm: Realm = Realm.PRODUCTION,
    as_recorded: Annotated[bool, Parameter(negative=())] = False,
    json: Json = False,
) -> int:
    """Take over a signed file: only forwards, and only what its signer really signed.

    Args:
        file: The file from `export`.
        trust: The trust directory; it is made if there is none.
        key: The public key the signature must verify under, PEM or DER.
        realm: The realm both must belong to.
        as_recorded: Into a new directory: believe each snapshot since its maker learned it, not
            since now. So a verdict of another machine can be replayed here.
        json: Print the records that were added as JSON.
    """
    now = datetime.now(UTC)
    try:
        public_key = load_public_key(inputs.public_key_bytes(read_file(key)))
    except BadEvidence as error:
        raise UsageError(f"{key}: {error}") from error
    data = read_file(file, max_bytes=MAX_BUNDLE_BYTES)
    offered = read_bundle(data, key=public_key, realm=realm)
    directory = TrustDirectory(trust, realm=realm) if is_made(trust) and not as_recorded else None
    held = directory.history().records if directory else ()
    added = offered.records
    if not as_recorded:
        added = continue_history(_history_of(held, offered), offered, imported_at=now)
    whole = _history_of((*held, *added), offered)
    # What nobody could believe must not be taken over: a history never shrinks again.
    with suppress(MissingTrust):
        whole.as_of(now)
    if directory is None:
        TrustDirectory.restore(trust, whole)
    else:
        directory.append(added, {each.sha256: offered.snapshot(each.sha256) for each in added})
    return _told(added, json=json)


def _history_of(records: Sequence[SnapshotRecord], carried: TrustHistory) -> TrustHistory:
    """Records over the snapshots that a bundle carries, which are all that it continues."""
    return TrustHistory(realm=carried.realm, records=records, find=carried.snapshot)


def _told(records: Sequence[SnapshotRecord], *, json: bool) -> int:
    """End well; with the records that were written, for programs that ask."""
    if json:
        output.write_json({"records": records})
    return 0


def _read_sources(path: Path) -> tuple[Source, ...]:
    try:
        document = msgspec.json.decode(read_file(path), type=dict[str, list[Source]])
        return tuple(document["sources"])
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}") from error


def _moment_or_now(value: str | None, option: str) -> datetime:
    return parse_moment(value, option) if value else datetime.now(UTC)


def _table(language: Language, *titles: Text) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(say(title, language), overflow="fold")
    return table


def _add_row(table: Table, *cells: str) -> None:
    """File names, addresses and answers of servers are text, never markup."""
    table.add_row(*(Styled(render.printable(cell)) for cell in cells))
