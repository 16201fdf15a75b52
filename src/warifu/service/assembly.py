"""From the places that an operator names to a process's `Composition`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from warifu.attestation.claims import Realm
from warifu.base.errors import Misuse
from warifu.base.keys.sealed import MAX_PASSPHRASE_OCTETS
from warifu.base.secret import Secret
from warifu.service.adapters.data_key_file import DEFAULT_NAME, DataKeyFile
from warifu.service.adapters.key_directory import KeyDirectory
from warifu.service.adapters.key_source import DirectoryKeys, NoKeys
from warifu.service.adapters.pepper_file import read_peppers
from warifu.service.adapters.private_files import read_private
from warifu.service.adapters.trust_directory import TrustDirectory
from warifu.service.adapters.trust_source import BundledTrust, DirectoryTrust
from warifu.service.composition import Composition
from warifu.service.key_rules import PASSPHRASE_FILE
from warifu.service.known_types import prepare_types
from warifu.service.settings import MAX_BYTES, SETTINGS, Settings, read_settings
from warifu.service.store.database import Dialect
from warifu.service.store.opening import DEFAULT_URL, dialect_of, open_database, sqlite_path
from warifu.service.vault.vault import SealingVault

if TYPE_CHECKING:
    from warifu.authentication.user.pin_record import Pepper
    from warifu.service.adapters.pkcs11_keys import Token
    from warifu.service.composition import Clock, KeySource, TrustSource


class Places(Struct, frozen=True, kw_only=True):
    """Where everything is. Holds no secrets, so that it may be handed to another process."""

    db: str = DEFAULT_URL
    """URL of the database; the password of PostgreSQL is better kept in a file of its own."""
    config: Path | None = None
    """The settings file; None for the defaults."""
    trust: Path | None = None
    """The trust directory; None for the bundled data alone."""
    realm: Realm = Realm.PRODUCTION
    keys: Path | None = None
    """The signing keys; None for a service that signs nothing."""
    passphrase_file: Path | None = None
    token: Path | None = None
    """The configuration of the token that holds signing keys."""
    data_key: Path = Path(DEFAULT_NAME)
    """The keys under which data is sealed."""


def present_time() -> datetime:
    """The machine's clock."""
    return datetime.now(UTC)


def assemble(places: Places, *, clock: Clock = present_time, hasty: bool = True) -> Composition:
    """Open everything; `Composition.database` is to be closed.

    Args:
        places: Where it is.
        clock: The present time.
        hasty: As for `open_database`: give up a statement after seconds, unless this is a job.

    Raises:
        WarifuError: The first thing that cannot be opened, and why.
    """
    prepare_types()
    settings = settings_at(places.config)
    vault = SealingVault(DataKeyFile(places.data_key).read().masters())
    trust = _trust(places, clock)
    keys = _keys(places, clock)
    return Composition(
        settings=settings,
        database=open_database(places.db, hasty=hasty),
        trust=trust,
        keys=keys,
        vault=vault,
        clock=clock,
        peppers=_peppers(settings),
    )


def settings_at(path: Path | None) -> Settings:
    """The settings in a file, or the defaults.

    Raises:
        Misuse: ``usage/settings``.
    """
    if path is None:
        return Settings()
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Misuse(SETTINGS, f"{path}: {error.strerror}") from error
    return read_settings(data)


def _peppers(settings: Settings) -> tuple[Pepper, ...]:
    named = settings.pins.pepper_file
    return () if named is None else read_peppers(Path(named))


def _trust(places: Places, clock: Callable[[], datetime]) -> TrustSource:
    if places.trust is None:
        return BundledTrust()
    return DirectoryTrust(TrustDirectory(places.trust, realm=places.realm), clock)


def _keys(places: Places, clock: Callable[[], datetime]) -> KeySource:
    if places.keys is None:
        return NoKeys()
    if places.passphrase_file is None:
        raise Misuse(PASSPHRASE_FILE)
    data = read_private(places.passphrase_file, max_bytes=MAX_PASSPHRASE_OCTETS + 2)
    passphrase = Secret(data.removesuffix(b"\n").removesuffix(b"\r"))
    return DirectoryKeys(KeyDirectory(places.keys, passphrase, token=_token(places)), clock)


def _token(places: Places) -> Token | None:
    if places.token is None:
        return None
    from warifu.service.adapters.pkcs11_keys import (  # noqa: PLC0415 - an extra
        Token,
        read_token_configuration,
    )

    return Token(read_token_configuration(places.token))


def first_start(places: Places, *, clock: Clock = present_time) -> list[Path]:
    """Make the SQLite file and the keys of its data where there is no such file yet.

    Where the file is there but its keys are not, nothing is made: what it holds could not be read.

    Returns:
        What was made.

    Raises:
        WarifuError: What could not be made.
    """
    from warifu.service.store.migrate import upgrade  # noqa: PLC0415 - costs start-up time

    if dialect_of(places.db) is not Dialect.SQLITE:
        return []
    file = sqlite_path(places.db)
    if file.exists():
        return []
    made = []
    if not places.data_key.exists():
        DataKeyFile(places.data_key).create(now=clock())
        made.append(places.data_key)
    upgrade(places.db)
    return [*made, file]
