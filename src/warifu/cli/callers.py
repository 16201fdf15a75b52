"""``warifu tenants`` and ``warifu callers``: who may use the service, and how they prove it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter
from rich.text import Text as Styled

from warifu.attestation.document import rfc3339
from warifu.base.errors import MalformedEvidence
from warifu.base.rule import Text
from warifu.cli import output, render
from warifu.cli import show as show_options
from warifu.cli.ending import UsageError
from warifu.cli.inputs import public_key_bytes
from warifu.cli.person import person
from warifu.cli.values import Db, parse_text, read_file
from warifu.cli.words import Language, say
from warifu.service.adapters.data_key_file import DEFAULT_NAME
from warifu.service.caller import Scope
from warifu.service.store.callers import CredentialKind, StoredCaller, list_callers
from warifu.service.store.opening import DEFAULT_URL, open_database
from warifu.service.store.tenants import StoredTenant, list_tenants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warifu.service.composition import Vault
    from warifu.service.conduct.registrations.registering import Credential, Operator, Registered

ScopeName = Literal[
    "decide",
    "authenticate",
    "confirm",
    "read",
    "ledger",
    "enrol",
    "appraise",
    "configure",
    "govern",
    "approve",
    "erase",
    "audit",
]
"""The values of `Scope`."""
MAX_NAME_CHARACTERS = 200
MAX_DAYS = 36_500
MAX_DIGITS = 8
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}

_KINDS = {
    CredentialKind.API_KEY: Text(ja="APIキー", en="API key"),
    CredentialKind.CERTIFICATE: Text(ja="クライアント証明書", en="client certificate"),
    CredentialKind.SIGNATURE: Text(ja="リクエストの署名", en="message signatures"),
}
_WORKS = Text(ja="有効", en="works")
_EXPIRED = Text(ja="期限切れ", en="expired")
_REVOKED = Text(ja="停止済み", en="revoked")
_UNTIL = Text(ja="{}まで", en="until {}")
_ONCE = Text(
    ja="このAPIキーは再表示できません。今すぐ安全な場所に保管してください。",
    en="This API key is not shown again. Put it away safely now.",
)
_NEW_KEYS = Text(
    ja="データ暗号鍵を新しく作成しました：{}。サーバーの起動にも同じファイルを使用し、"
    "データベースとは別の場所に写しを保管してください。",
    en="Made new data keys: {}. Start the server with this file, and keep a copy apart from the"
    " database.",
)
_NO_TENANTS = Text(ja="利用機関は登録されていません。", en="No tenants yet.")
_NO_CALLERS = Text(ja="呼び出し元は登録されていません。", en="No callers yet.")


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Show(show_options.Show):
    """Where the service keeps its data, and how to show it."""

    db: Db = DEFAULT_URL
    """The database's URL: ``sqlite:///file.db`` or ``postgresql://...``."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Proof:
    """What a caller proves itself with: an API key unless a file is given."""

    expires: str | None = None
    """When it stops working: ``90d``, ``12h``, ``30m`` from now. Never unless given."""
    certificate: Path | None = None
    """A client certificate, PEM or DER, which a trusted proxy will pass on."""
    public_key: Path | None = None
    """A public key for HTTP message signatures, PEM or DER: Ed25519, P-256 or RSA."""


def make_tenants_app() -> App:
    """The commands under ``warifu tenants``."""
    app = App(name="tenants", help="The institutions that use the service.")
    app.command(add_tenant, name="add")
    app.command(show_tenants, name="list")
    return app


def make_callers_app() -> App:
    """The commands under ``warifu callers``."""
    app = App(name="callers", help="Who may call: credentials given, shown, rotated, revoked.")
    app.command(add)
    app.command(show_callers, name="list")
    app.command(rotate)
    app.command(revoke)
    return app


def add_tenant(
    tenant: Annotated[str, Parameter(name="TENANT")],
    /,
    *,
    name: str | None = None,
    data_key: Path = Path(DEFAULT_NAME),
    show: Show = Show(),
) -> int:
    """Register a tenant, with its data key and the shipped rule set in force.

    Args:
        tenant: Its identifier in keys and addresses: 1 to 40 of a-z, 0-9 and hyphen.
        name: What people call it.
        data_key: The file of data keys that the server uses; made for the very first tenant.
        show: Where the service keeps its data, and how to show it.
    """
    from warifu.service.conduct.registrations import registering

    with _operator(show) as by:
        vault = _vault(by, data_key, show)
        called = _name(name if name is not None else tenant)
        added = registering.add_tenant(by, vault, tenant=tenant, name=called)
    if show.json:
        output.write_json(_tenant_document(added))
    else:
        render.to_terminal(_tenant_line(added))
    return 0


def show_tenants(*, show: Show = Show()) -> int:
    """Show all tenants.

    Args:
        show: Where the service keeps its data, and how to show it.
    """
    with _operator(show) as by, by.database.read() as transaction:
        tenants = list_tenants(transaction)
    if show.json:
        output.write_json({"tenants": [_tenant_document(tenant) for tenant in tenants]})
        return 0
    for tenant in tenants:
        render.to_terminal(_tenant_line(tenant))
    if not tenants:
        render.to_terminal(Styled(say(_NO_TENANTS, show.language)))
    return 0


def add(
    *,
    tenant: str,
    name: str,
    scope: tuple[ScopeName, ...],
    proof: Proof = Proof(),
    show: Show = Show(),
) -> int:
    """Register a caller. An API key is printed once and kept nowhere.

    Args:
        tenant: Whose caller.
        name: Who it is: a system, or a person where people approve each other's changes.
        scope: What it may do, once per scope; no scope includes another.
        proof: What it proves itself with.
        show: Where the service keeps its data, and how to show it.
    """
    if not scope:
        raise UsageError("--scope is needed at least once")
    from warifu.service.conduct.registrations import registering

    with _operator(show) as by:
        made = registering.add_caller(
            by,
            tenant=tenant,
            name=_name(name),
            scopes=frozenset(map(Scope, scope)),
            credential=_credential(proof),
            expires_at=_expiry(proof, by.now),
        )
    return _show_made(made, by.now, show)


def show_callers(*, tenant: str, show: Show = Show()) -> int:
    """Show all callers of a tenant, newest first.

    Args:
        tenant: Whose callers.
        show: Where the service keeps its data, and how to show it.
    """
    with _operator(show) as by, by.database.read() as transaction:
        callers = list_callers(transaction, tenant=tenant)
    if show.json:
        output.write_json({"callers": [_document(caller, by.now) for caller in callers]})
        return 0
    for caller in callers:
        render.to_terminal(_lines(caller, by.now, show.language))
    if not callers:
        render.to_terminal(Styled(say(_NO_CALLERS, show.language)))
    return 0


def rotate(
    caller: Annotated[str, Parameter(name="CALLER")],
    /,
    *,
    tenant: str,
    overlap: str = "7d",
    proof: Proof = Proof(),
    show: Show = Show(),
) -> int:
    """Give a caller a further credential with the same name and scopes; the old one ends later.

    Args:
        caller: The id of the credential to be replaced, as `list` shows it.
        tenant: Whose caller.
        overlap: How long both work: ``7d``, ``12h``, ``0m``.
        proof: What the new credential is; an API key follows only an API key.
        show: Where the service keeps its data, and how to show it.
    """
    from warifu.service.conduct.registrations import registering

    with _operator(show) as by:
        made = registering.rotate_caller(
            by,
            tenant=tenant,
            caller=caller,
            overlap=_duration(overlap, "--overlap"),
            credential=_credential(proof),
            expires_at=_expiry(proof, by.now),
        )
    return _show_made(made, by.now, show)


def revoke(
    caller: Annotated[str, Parameter(name="CALLER")],
    /,
    *,
    tenant: str,
    show: Show = Show(),
) -> int:
    """Take a credential back; every server refuses it from its next request on.

    Args:
        caller: The credential's id, as `list` shows it.
        tenant: Whose caller.
        show: Where the service keeps its data, and how to show it.
    """
    from warifu.service.conduct.registrations import registering

    with _operator(show) as by:
        revoked = registering.revoke_caller(by, tenant=tenant, caller=caller)
    if show.json:
        output.write_json(_document(revoked, by.now))
    else:
        render.to_terminal(_lines(revoked, by.now, show.language))
    return 0


@contextmanager
def _operator(show: Show) -> Iterator[Operator]:
    from warifu.service.conduct.registrations.registering import Operator

    database = open_database(show.db)
    try:
        yield Operator(database=database, name=person(), now=datetime.now(UTC))
    finally:
        database.close()


def _vault(by: Operator, path: Path, show: Show) -> Vault:
    """The file's keys. A missing file is made only while there is nothing sealed under another."""
    from warifu.service.adapters.data_key_file import DataKeyFile
    from warifu.service.vault.vault import SealingVault

    file = DataKeyFile(path)
    if not path.exists():
        with by.database.read() as transaction:
            first = not list_tenants(transaction)
        if first:
            made = SealingVault(file.create(now=by.now).masters())
            sys.stderr.write(say(_NEW_KEYS, show.language).format(path) + "\n")
            return made
    return SealingVault(file.read().masters())


def _credential(proof: Proof) -> Credential | None:
    from warifu.service.conduct.registrations import registering

    if proof.certificate is not None and proof.public_key is not None:
        raise UsageError("either --certificate or --public-key, not both")
    if proof.certificate is not None:
        return registering.certificate_credential(read_file(proof.certificate))
    if proof.public_key is not None:
        return registering.public_key_credential(_public_key(proof.public_key))
    return None


def _public_key(path: Path) -> bytes:
    try:
        return public_key_bytes(read_file(path))
    except MalformedEvidence as error:
        raise UsageError(f"{path}: no public key") from error


def _expiry(proof: Proof, now: datetime) -> datetime | None:
    return None if proof.expires is None else now + _duration(proof.expires, "--expires")


def _duration(value: str, option: str) -> timedelta:
    number, unit = value[:-1], _UNITS.get(value[-1:])
    if unit is None or not (number.isascii() and number.isdigit() and len(number) <= MAX_DIGITS):
        raise UsageError(f"{option}: {value[:80]!r} is not like 90d, 12h or 30m")
    duration = timedelta(**{unit: int(number)})
    if duration > timedelta(days=MAX_DAYS):
        raise UsageError(f"{option}: more than {MAX_DAYS} days")
    return duration


def _name(value: str) -> str:
    if not value.strip() or len(value) > MAX_NAME_CHARACTERS or not value.isprintable():
        raise UsageError(f"--name: 1 to {MAX_NAME_CHARACTERS} printable characters")
    return parse_text(value, "--name")


def _show_made(made: Registered, now: datetime, show: Show) -> int:
    key = None if made.key is None else made.key.reveal().decode("ascii")
    if show.json:
        output.write_json({**_document(made.caller, now), "key": key})
        return 0
    render.to_terminal(_lines(made.caller, now, show.language))
    if key is not None:
        # Not through the renderer, which would break the line where the terminal ends.
        sys.stdout.write(f"\n{key}\n\n")
        sys.stdout.flush()
        sys.stderr.write(say(_ONCE, show.language) + "\n")
    return 0


def _state(caller: StoredCaller, now: datetime) -> Text:
    if caller.revoked_at is not None:
        return _REVOKED
    return _WORKS if caller.works(now) else _EXPIRED


def _lines(caller: StoredCaller, now: datetime, language: Language) -> Styled:
    """One caller in two lines: what names it, and what it may do until when."""
    life = [say(_KINDS[caller.kind], language), " ".join(sorted(caller.scopes))]
    if caller.expires_at is not None:
        life.append(say(_UNTIL, language).format(rfc3339(caller.expires_at)))
    return Styled.assemble(
        (caller.id, "bold"),
        f"  {caller.name}  {say(_state(caller, now), language)}\n",
        f"  {', '.join(life)}",
    )


def _document(caller: StoredCaller, now: datetime) -> dict[str, object]:
    return {
        "tenant": caller.tenant,
        "id": caller.id,
        "principal": caller.principal,
        "name": caller.name,
        "kind": caller.kind.value,
        "scopes": sorted(caller.scopes),
        "state": _state(caller, now).en,
        "created_at": rfc3339(caller.created_at),
        "expires_at": _or_null(caller.expires_at),
        "revoked_at": _or_null(caller.revoked_at),
    }


def _tenant_line(tenant: StoredTenant) -> Styled:
    return Styled.assemble((tenant.tenant, "bold"), f"  {tenant.name}")


def _tenant_document(tenant: StoredTenant) -> dict[str, object]:
    return {
        "tenant": tenant.tenant,
        "name": tenant.name,
        "created_at": rfc3339(tenant.created_at),
    }


def _or_null(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
