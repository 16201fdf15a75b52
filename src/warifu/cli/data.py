"""``warifu data``: what is kept, how long, under which keys, and how it is erased."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.text import Text as Styled

from warifu.attestation.document import rfc3339
from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli.ending import UsageError
from warifu.cli.person import person
from warifu.cli.show import Show
from warifu.cli.values import Db, read_file
from warifu.cli.words import Language, say
from warifu.service.adapters.data_key_file import DEFAULT_NAME, DataKeyFile
from warifu.service.store.opening import DEFAULT_URL, open_database

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warifu.service.adapters.data_key_file import DataKeys

KeyFile = Annotated[Path, Parameter(name="--file", allow_leading_hyphen=True)]
DataKey = Annotated[Path, Parameter(name="--data-key", allow_leading_hyphen=True)]
_DEFAULT = Path(DEFAULT_NAME)

_COPY = Text(
    ja="このファイルを失うと、暗号化して保管したデータは誰にも復元できません。データベースのバック"
    "アップとは別の場所に、写しを保管してください。",
    en="Without this file nobody can read again what is sealed. Keep a copy of it, apart from the "
    "backups of the database.",
)
_GENERATION = Text(ja="マスター鍵 第{}世代（作成 {}）", en="master key {}, made {}")
_NEWEST = Text(ja="使用中", en="seals")
_NEXT = Text(
    ja="サーバーを再起動し、すべてのプロセスが新しい鍵を読み込んだ後、warifu data rewrap を実行して"
    "ください。",
    en="Restart the servers, so that all have the new key, then run warifu data rewrap.",
)
_REWRAPPED = Text(
    ja="{seen}件のうち{rewrapped}件を、最新のマスター鍵で保護し直しました。",
    en="{rewrapped} of {seen} keys and secrets are now under the newest master key.",
)
_SWEPT = Text(
    ja="{tenants}の利用機関から、次のデータを削除しました。", en="Deleted, of {tenants} tenants:"
)
_WOULD = Text(
    ja="{tenants}の利用機関で、次のデータが削除の対象です（まだ削除していません）。",
    en="Would be deleted, of {tenants} tenants:",
)
_ERASED = Text(
    ja="端末「{device}」のデータを消去しました（{at}、管理番号 {id}）。",
    en="Erased device {device} at {at}; record {id}.",
)
_ALREADY = Text(
    ja="端末「{device}」のデータは、{at}に消去済みです（管理番号 {id}）。",
    en="Device {device} was already erased at {at}; record {id}.",
)
_REMAINS = Text(
    ja="鍵{keys}件、証拠{evidence}件を消去しました。評価と判定の記録{accounts}件は、端末を特定できない"
    "形で残ります。",
    en="{keys} keys and {evidence} pieces of evidence are gone; {accounts} appraisals and "
    "decisions remain, naming no device.",
)
_AGAIN = Text(ja="{}台の端末のデータを、再び消去しました。", en="Erased {} devices again.")
_SURE = Text(
    ja="端末「{}」のデータを消去します。元に戻すことはできません。よろしいですか？ [y/N] ",
    en="Erase device {}? This cannot be undone. [y/N] ",
)
_KINDS = {
    "evidence-bytes": Text(ja="証拠（受信データ）", en="evidence as received"),
    "serials": Text(ja="識別番号の索引", en="index of identifiers"),
    "receipts": Text(ja="取引の控え", en="receipts"),
    "receipt-evidence": Text(ja="控えに添える証拠", en="evidence in receipts"),
    "late-answers": Text(ja="期限後の回答", en="late answers"),
    "transactions": Text(ja="取引", en="transactions"),
    "cases": Text(ja="終了した調査案件", en="closed cases"),
    "decisions": Text(ja="判定", en="decisions"),
    "appraisals": Text(ja="評価", en="appraisals"),
    "evidence": Text(ja="検証済み属性", en="facts of evidence"),
    "audit": Text(ja="監査記録", en="audit log"),
    "challenges": Text(ja="チャレンジ", en="challenges"),
    "idempotency": Text(ja="再送に備えた応答の写し", en="answers kept for repeated requests"),
    "endorsed-keys": Text(ja="追加で認めた鍵", en="endorsed keys"),
    "signature-nonces": Text(ja="署名のナンス", en="nonces of signatures"),
    "activations": Text(ja="端末登録の手続", en="activations"),
    "verifications": Text(ja="利用者認証の記録", en="verifications of users"),
    "access-tokens": Text(ja="アクセストークン", en="access tokens"),
    "proof-ids": Text(ja="使用済みの証明の番号", en="ids of proofs"),
    "hpke-keys": Text(ja="暗号化用の鍵", en="encryption keys"),
    "reserved": Text(ja="限度額の集計", en="sums of limits"),
}


def make_app() -> App:
    """The commands under ``warifu data``."""
    app = App(name="data", help="What is kept: for how long, under which keys, and erased how.")
    app.command(init_key)
    app.command(rotate_key)
    app.command(rewrap)
    app.command(remove_key)
    app.command(sweep)
    app.command(erase)
    app.command(erasures)
    app.command(erase_again)
    return app


def init_key(*, file: KeyFile = _DEFAULT, show: Show = Show()) -> int:
    """Make the file of master keys. Whoever loses it has lost all that is sealed.

    Args:
        file: The file, which must not be there yet.
        show: How to show it.
    """
    return _show_keys(DataKeyFile(file).create(now=_now()), show, _COPY)


def rotate_key(*, file: KeyFile = _DEFAULT, show: Show = Show()) -> int:
    """Add a master key; the older ones still open what they sealed.

    Args:
        file: The file of master keys.
        show: How to show it.
    """
    return _show_keys(DataKeyFile(file).rotate(now=_now()), show, _NEXT)


def remove_key(
    generation: Annotated[int, Parameter(name="GENERATION")],
    /,
    *,
    data_key: DataKey = _DEFAULT,
    db: Db = DEFAULT_URL,
    show: Show = Show(),
) -> int:
    """Take an older master key out of the file, once nothing in the database needs it.

    Backups from before need it as long as they are kept: keep a copy of the file with them.

    Args:
        generation: Its number.
        data_key: The file of master keys.
        db: The database's URL: ``sqlite:///file.db`` or ``postgresql://...``.
        show: How to show it.
    """
    from warifu.base.errors import Misuse
    from warifu.service.vault.rules import IN_USE
    from warifu.service.workers.rewrap import in_use

    database = open_database(db, hasty=False)
    try:
        held = in_use(database)[generation]
    finally:
        database.close()
    if held:
        raise Misuse(IN_USE, f"{held} keys and secrets need {generation}: warifu data rewrap")
    keys = DataKeyFile(data_key).remove(generation)
    return _show_keys(keys, show, None)


def rewrap(*, data_key: DataKey = _DEFAULT, db: Db = DEFAULT_URL, show: Show = Show()) -> int:
    """Put every wrapped key and secret under the newest master key. Evidence is not touched.

    Args:
        data_key: The file of master keys.
        db: The database's URL: ``sqlite:///file.db`` or ``postgresql://...``.
        show: How to show it.
    """
    from warifu.service.vault.vault import SealingVault
    from warifu.service.workers import rewrap as worker

    vault = SealingVault(DataKeyFile(data_key).read().masters())
    database = open_database(db, hasty=False)
    try:
        with _progress("rewrap", quiet=show.json) as advance:
            done = worker.rewrap(database, vault, report=lambda seen: advance(seen, None))
    finally:
        database.close()
    document = {"seen": done.seen, "rewrapped": done.rewrapped}
    if show.json:
        output.write_json(document)
    else:
        render.to_terminal(Styled(say(_REWRAPPED, show.language).format(**document)))
    return 0


def sweep(
    *,
    config: Path | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    db: Db = DEFAULT_URL,
    show: Show = Show(),
) -> int:
    """Delete what was kept as long as the settings say. To be run once a day.

    Args:
        config: Settings (TOML), with the table ``[retention]``.
        dry_run: Only say what would be deleted.
        db: The database's URL: ``sqlite:///file.db`` or ``postgresql://...``.
        show: How to show it.
    """
    from warifu.service.assembly import settings_at
    from warifu.service.workers import retention

    settings = settings_at(config)
    database = open_database(db, hasty=False)
    try:
        with _progress("sweep", quiet=show.json or dry_run) as advance:
            swept = retention.sweep(
                database,
                settings.retention,
                now=_now(),
                dry_run=dry_run,
                report=lambda progress: advance(progress.done, progress.total),
            )
    finally:
        database.close()
    if show.json:
        output.write_json(
            {"tenants": swept.tenants, "dry_run": swept.dry_run, "deleted": swept.deleted}
        )
        return 0
    title = _WOULD if swept.dry_run else _SWEPT
    render.to_terminal(Styled(say(title, show.language).format(tenants=swept.tenants)))
    for kind, count in swept.deleted.items():
        render.to_terminal(Styled(f"  {count:>9,}  {say(_KINDS[kind], show.language)}"))
    return 0


def erase(
    *,
    device: str,
    tenant: str,
    yes: Annotated[bool, Parameter(negative=())] = False,
    data_key: DataKey = _DEFAULT,
    db: Db = DEFAULT_URL,
    show: Show = Show(),
) -> int:
    """Erase what is kept about a device, for good. Asked for confirmation on a terminal.

    Args:
        device: The device's id, which is the bank's own name for it.
        tenant: Whose device.
        yes: Do not ask.
        data_key: The file of master keys.
        db: The database's URL: ``sqlite:///file.db`` or ``postgresql://...``.
        show: How to show it.
    """
    from warifu.service.assembly import Places, assemble
    from warifu.service.caller import Caller, Scope
    from warifu.service.conduct.erasing.erasure import ErasureRequest
    from warifu.service.conduct.erasing.erasure import erase as conduct
    from warifu.service.conduct.work import Work

    if not yes and not show.json:
        _require_sure(device, show.language)
    house = assemble(Places(db=db, data_key=data_key), hasty=False)
    try:
        name = person()
        caller = Caller(tenant=tenant, id=name, name=name, scopes=frozenset({Scope.ERASE}))
        work = Work(house=house, caller=caller, now=house.clock())
        answer = conduct(work, ErasureRequest(device=device))
    finally:
        house.database.close()
    if show.json:
        output.write_json(answer)
        return 0
    done = say(_ALREADY if answer.already else _ERASED, show.language)
    at = rfc3339(answer.erased_at)
    render.to_terminal(Styled(done.format(device=device, at=at, id=answer.id)))
    if not answer.already:
        counted = {"keys": answer.keys, "evidence": answer.evidence, "accounts": answer.accounts}
        render.to_terminal(Styled(say(_REMAINS, show.language).format(**counted)))
    return 0


def erasures(*, db: Db = DEFAULT_URL) -> int:
    """Print the list of all erasures as JSON, to be kept apart from backups. It holds no names.

    Args:
        db: The database's URL: ``sqlite:///file.db`` or ``postgresql://...``.
    """
    from warifu.service.workers.erase_again import take_list

    database = open_database(db, hasty=False)
    try:
        output.write_json(take_list(database))
    finally:
        database.close()
    return 0


def erase_again(
    file: Annotated[Path, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    data_key: DataKey = _DEFAULT,
    db: Db = DEFAULT_URL,
    show: Show = Show(),
) -> int:
    """After restoring an older backup: erase again every device on a list of erasures.

    Args:
        file: What `erasures` printed.
        data_key: The file of master keys.
        db: The database's URL: ``sqlite:///file.db`` or ``postgresql://...``.
        show: How to show it.
    """
    from warifu.service.assembly import Places, assemble
    from warifu.service.workers import erase_again as worker

    listed = worker.read_list(read_file(file, max_bytes=worker.MAX_BYTES))
    house = assemble(Places(db=db, data_key=data_key), hasty=False)
    try:
        with _progress("erase-again", quiet=show.json) as advance:
            count = worker.erase_again(house, listed, by=person(), report=advance)
    finally:
        house.database.close()
    if show.json:
        output.write_json({"erased": count})
    else:
        render.to_terminal(Styled(say(_AGAIN, show.language).format(count)))
    return 0


def _require_sure(device: str, language: Language) -> None:
    """A person is asked; a program that calls us has decided already."""
    if not sys.stdin.isatty():
        return
    sys.stderr.write(say(_SURE, language).format(render.printable(device)))
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UsageError("nothing was erased")


def _show_keys(keys: DataKeys, show: Show, note: Text | None) -> int:
    """Numbers and dates only."""
    language = show.language
    newest = keys.generations[-1].number
    if show.json:
        generations = [
            {"number": each.number, "made_at": rfc3339(each.made_at)} for each in keys.generations
        ]
        output.write_json({"newest": newest, "generations": generations})
        return 0
    for each in keys.generations:
        line = say(_GENERATION, language).format(each.number, rfc3339(each.made_at))
        mark = f"  {say(_NEWEST, language)}" if each.number == newest else ""
        render.to_terminal(Styled.assemble(line, (mark, "bold")))
    if note is not None:
        render.to_terminal(Styled(say(note, language)))
    return 0


@contextmanager
def _progress(title: str, *, quiet: bool) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on standard error, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.progress import Progress

    with Progress(console=output.Terminal(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=None)

        def advance(done: int, total: int | None) -> None:
            options: dict[str, Any] = {} if total is None else {"total": total}
            bar.update(task, completed=done, **options)

        yield advance


def _now() -> datetime:
    return datetime.now(UTC)
