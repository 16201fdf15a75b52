"""``warifu keys``: our own signing keys, from making them to taking them back."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from getpass import getpass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.text import Text as Styled

from warifu.attestation.document import rfc3339
from warifu.base.keys.jwks import cose_key_set, jwk_set
from warifu.base.keys.purpose import TERMS, KeyPurpose
from warifu.base.keys.ring import USUAL_LEAD, Custody, KeyRecord, KeyRing, KeyState
from warifu.base.keys.sealed import MAX_PASSPHRASE_OCTETS
from warifu.base.keys.signer import SoftwareSigner
from warifu.base.rule import Text
from warifu.base.secret import Secret
from warifu.cli import output, render
from warifu.cli.ending import UsageError
from warifu.cli.show import Show
from warifu.cli.words import Language, say
from warifu.service.adapters.key_directory import KeyDirectory
from warifu.service.adapters.pkcs11_keys import Token, read_token_configuration
from warifu.service.adapters.private_files import read_private

Purpose = Literal[
    "ear", "receipt", "checkpoint", "trust-bundle", "hpke-certification", "activation"
]
"""The values of `KeyPurpose`, which the command line would otherwise know by other names."""
Algorithm = Literal["ES256", "EdDSA"]
ON_TOKENS = "ES256"
PrivateFile = Annotated[Path, Parameter(allow_leading_hyphen=True)]
KeyFile = Annotated[Path, Parameter(name="--keys")]

_SIGNS = Text(ja="署名期間", en="signs")
_PUBLISHED = Text(ja="公開終了", en="published until")
_REVOKED = Text(ja="停止", en="revoked")
_STATES = {
    KeyState.PENDING: Text(ja="公開済み・署名開始前", en="pending"),
    KeyState.ACTIVE: Text(ja="署名中", en="active"),
    KeyState.RETIRING: Text(ja="署名終了・公開中", en="retiring"),
    KeyState.RETIRED: Text(ja="公開終了", en="retired"),
    KeyState.REVOKED: Text(ja="危殆化により停止", en="revoked"),
}
_CUSTODY = {
    Custody.FILE: Text(ja="{}（ファイル）", en="{} (file)"),
    Custody.TOKEN: Text(ja="{}（トークン）", en="{} (token)"),
}


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Access:
    """Which keys, and how to get at them."""

    keys: KeyFile
    """The sealed key file. Beside it: its predecessor, a count of changes, a lock."""
    passphrase_file: PrivateFile | None = None
    """A file that only you can read, with the passphrase; ``-`` is standard input. Asked for on a
    terminal unless given."""
    token: Path | None = None
    """A PKCS #11 token for keys that are not in the file: TOML with module, label and pin_file."""


def make_app() -> App:
    """The commands under ``warifu keys``."""
    app = App(name="keys", help="Our own signing keys: made, shown, rotated, revoked, published.")
    app.command(init)
    app.command(list_, name="list")
    app.command(rotate)
    app.command(revoke)
    app.command(reseal)
    app.command(publish)
    return app


def init(
    *,
    access: Access,
    purpose: tuple[Purpose, ...] = (),
    algorithm: Algorithm | None = None,
    show: Show = Show(),
) -> int:
    """Make a key file with a first key for each purpose; they sign at once.

    Args:
        access: Which keys, and how to get at them.
        purpose: What to make keys for, once per purpose. All purposes unless given.
        algorithm: ES256, or EdDSA with Ed25519; what is usual for the purpose unless given. A token
            holds ES256 only.
        show: How to show the keys.
    """
    now = datetime.now(UTC)
    directory, token = _open(access, new=True)

    def fill(ring: KeyRing) -> KeyRing:
        for each in dict.fromkeys(purpose or [every.value for every in KeyPurpose]):
            ring = _add(ring, KeyPurpose(each), algorithm, token, now=now)
        return ring

    return _show(directory.create(fill), now, show)


def list_(*, access: Access, show: Show = Show()) -> int:
    """Show all keys and where each stands.

    Args:
        access: Which keys, and how to get at them.
        show: How to show the keys.
    """
    now = datetime.now(UTC)
    directory, _ = _open(access)
    return _show(directory.ring(now=now), now, show)


def rotate(
    *,
    access: Access,
    purpose: Purpose,
    algorithm: Algorithm | None = None,
    lead_hours: int = 24,
    show: Show = Show(),
) -> int:
    """Publish a new key, which takes over after a while; nothing else needs to be done then.

    Args:
        access: Which keys, and how to get at them.
        purpose: What the key is for.
        algorithm: ES256, or EdDSA with Ed25519; what is usual for the purpose unless given. A token
            holds ES256 only.
        lead_hours: How long the new key is published before it signs.
        show: How to show the keys.
    """
    now = datetime.now(UTC)
    directory, token = _open(access)
    try:
        lead = timedelta(hours=lead_hours)
    except OverflowError as error:
        raise UsageError(f"--lead-hours: {lead_hours} is out of range") from error
    ring = directory.change(
        lambda held: _add(held, KeyPurpose(purpose), algorithm, token, now=now, lead=lead), now=now
    )
    return _show(ring, now, show)


def revoke(
    key: Annotated[str, Parameter(name="KEY", allow_leading_hyphen=True)],
    /,
    *,
    access: Access,
    algorithm: Algorithm | None = None,
    show: Show = Show(),
) -> int:
    """Take a compromised key back at once. If it signed and none is waiting, a new one is made.

    Args:
        key: The key's id, as `list` shows it.
        access: Which keys, and how to get at them.
        algorithm: Of the key that is made instead.
        show: How to show the keys.
    """
    now = datetime.now(UTC)
    directory, token = _open(access)

    def change(ring: KeyRing) -> KeyRing:
        ring = ring.revoke(key, now=now)
        purpose = next(each.purpose for each in ring.records if each.key_id == key)
        if ring.active(purpose, now) is None:
            ring = _add(ring, purpose, algorithm, token, now=now)
        return ring

    return _show(directory.change(change, now=now), now, show)


def reseal(
    *,
    access: Access,
    new_passphrase_file: PrivateFile | None = None,
    show: Show = Show(),
) -> int:
    """Seal the key file under another passphrase.

    Args:
        access: Which keys, and how to get at them.
        new_passphrase_file: A file that only you can read, with the new passphrase.
        show: How to show the keys.
    """
    now = datetime.now(UTC)
    directory, _ = _open(access)
    passphrase = _passphrase(new_passphrase_file, "--new-passphrase-file", new=True)
    return _show(directory.reseal(passphrase, now=now), now, show)


def publish(
    *,
    access: Access,
    purpose: Purpose | None = None,
    format: Literal["jwks", "cose"] = "jwks",  # noqa: A002 - the option's name
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Print the public keys that others are to know, as a JWK set or a COSE key set (CBOR).

    Args:
        access: Which keys, and how to get at them.
        purpose: Only keys for this. All unless given.
        format: ``jwks`` (RFC 7517) or ``cose`` (RFC 9052).
        json: Print JSON, which a JWK set is already; not with ``--format cose``.
    """
    if json and format == "cose":
        raise UsageError("--json: a COSE key set is CBOR")
    now = datetime.now(UTC)
    directory, _ = _open(access)
    records = [
        record
        for record in directory.ring(now=now).published(now)
        if purpose in {None, record.purpose.value}
    ]
    data = cose_key_set(records) if format == "cose" else jwk_set(records) + b"\n"
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.flush()
    return 0


def _open(access: Access, *, new: bool = False) -> tuple[KeyDirectory, Token | None]:
    token = Token(read_token_configuration(access.token)) if access.token else None
    passphrase = _passphrase(access.passphrase_file, "--passphrase-file", new=new)
    return KeyDirectory(access.keys, passphrase, token=token), token


def _passphrase(path: Path | None, option: str, *, new: bool) -> Secret:
    """From a file or a person, never from the arguments, which every process can read."""
    if path is None:
        return _ask(option, new=new)
    if str(path) == "-":
        data = sys.stdin.buffer.read(MAX_PASSPHRASE_OCTETS + 3)
    else:
        data = read_private(path, max_bytes=MAX_PASSPHRASE_OCTETS + 2)
    return Secret(data.removesuffix(b"\n").removesuffix(b"\r"))


def _ask(option: str, *, new: bool) -> Secret:
    if not sys.stdin.isatty():
        raise UsageError(f"{option} FILE is needed where no terminal can ask for the passphrase")
    try:
        first = getpass("Passphrase / パスフレーズ: ").encode()
        if new and getpass("Again / もう一度: ").encode() != first:
            raise UsageError("the two passphrases differ")
    except (EOFError, UnicodeEncodeError) as error:
        raise UsageError("no passphrase was given") from error
    return Secret(first)


def _add(
    ring: KeyRing,
    purpose: KeyPurpose,
    algorithm: str | None,
    token: Token | None,
    *,
    now: datetime,
    lead: timedelta = USUAL_LEAD,
) -> KeyRing:
    if token is None:
        signer = SoftwareSigner.generate(algorithm or TERMS[purpose].algorithm, os.urandom)
        return ring.rotate(purpose, signer, custody=Custody.FILE, now=now, lead=lead)
    held = token.generate(algorithm or ON_TOKENS)
    return ring.rotate(purpose, held, custody=Custody.TOKEN, now=now, lead=lead)


def _show(ring: KeyRing, now: datetime, show: Show) -> int:
    if show.json:
        output.write_json(_document(ring, now))
        return 0
    language = show.language
    for record in ring.records:
        render.to_terminal(_lines(record, ring.state(record, now), language))
    return 0


def _lines(record: KeyRecord, state: KeyState, language: Language) -> Styled:
    """One key in two lines: what names it, so that it can be copied whole, and its life."""
    until = rfc3339(record.signs_until) if record.signs_until else ""
    life = [f"{say(_SIGNS, language)} {rfc3339(record.signs_from)} – {until}".rstrip()]
    for title, date in ((_PUBLISHED, record.published_until), (_REVOKED, record.revoked_at)):
        if date:
            life.append(f"{say(title, language)} {rfc3339(date)}")
    kind = say(_CUSTODY[record.custody], language).format(record.algorithm)
    return Styled.assemble(
        (record.key_id, "bold"),
        f"  {say(_STATES[state], language)}\n",
        f"  {record.purpose.value}, {kind}, {', '.join(life)}",
    )


def _document(ring: KeyRing, now: datetime) -> dict[str, object]:
    return {
        "counter": ring.counter,
        "changed_at": rfc3339(ring.changed_at),
        "keys": [
            {
                "key_id": record.key_id,
                "purpose": record.purpose.value,
                "state": ring.state(record, now).value,
                "algorithm": record.algorithm,
                "custody": record.custody.value,
                "published_at": rfc3339(record.published_at),
                "signs_from": rfc3339(record.signs_from),
                "signs_until": _or_null(record.signs_until),
                "published_until": _or_null(record.published_until),
                "revoked_at": _or_null(record.revoked_at),
            }
            for record in ring.records
        ],
    }


def _or_null(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
