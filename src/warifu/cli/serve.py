"""``warifu serve``: the service, until it is told to stop."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from warifu.attestation.claims import Realm
from warifu.cli.ending import UsageError
from warifu.cli.values import Db
from warifu.service.adapters.data_key_file import DEFAULT_NAME
from warifu.service.store.opening import DEFAULT_URL

MAX_PROCESSES = 256


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Where:
    """On which address, by how many."""

    host: str = "127.0.0.1"
    """Address to serve on."""
    port: Annotated[int, Parameter(validator=Number(gte=1, lte=65535))] = 8080
    """Port to serve on."""
    processes: Annotated[int, Parameter(validator=Number(gte=1, lte=MAX_PROCESSES))] = 1
    """How many processes serve; several share one PostgreSQL."""
    pin: bool = False
    """Keep each process to a processor core of its own (Linux), where there are enough."""
    tls_cert: Path | None = None
    """The server's certificate and its chain (PEM). Unless given, no TLS."""
    tls_key: Path | None = None
    """Its private key (PEM, without a passphrase)."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Signing:
    """What results are signed with."""

    keys: Path | None = None
    """Our signing keys (see `warifu keys`). Unless given, nothing is signed."""
    passphrase_file: Path | None = None
    """A file that only you can read, with the passphrase of the signing keys."""
    token: Path | None = None
    """A PKCS #11 token that holds signing keys: TOML with module, label and pin_file."""


def serve(
    *,
    where: Where = Where(),
    db: Db = DEFAULT_URL,
    config: Path | None = None,
    trust: Path | None = None,
    realm: Realm = Realm.PRODUCTION,
    signing: Signing = Signing(),
    data_key: Path = Path(DEFAULT_NAME),
) -> int:
    """Serve the interface over HTTP until SIGTERM; requests at work are then answered first.

    A SQLite file that is not there yet is made, and the keys of its data with it. A database with
    other tables than this release's is refused: see `warifu db upgrade`.

    Args:
        where: On which address, by how many.
        db: sqlite:///FILE, or postgresql://...
        config: Settings (TOML).
        trust: The trust directory. Unless given, the bundled data: no revocation list.
        realm: The realm of the trust directory.
        signing: What results are signed with.
        data_key: The keys under which data is sealed (see `warifu data init-key`).
    """
    from warifu.service import serving
    from warifu.service.assembly import Places, first_start

    if trust is None and realm is Realm.TEST:
        raise UsageError("--realm test needs --trust DIR: no test roots are bundled")
    places = Places(
        db=db,
        config=config,
        trust=trust,
        realm=realm,
        keys=signing.keys,
        passphrase_file=signing.passphrase_file,
        token=signing.token,
        data_key=data_key,
    )
    address = serving.Address(
        host=where.host, port=where.port, certificate=where.tls_cert, key=where.tls_key
    )
    serving.require_free(address)
    for made in first_start(places):
        _say(f"made {made}")
    serving.serve(
        places,
        address,
        processes=where.processes,
        pinned=where.pin,
        ready=lambda: _say(f"serving on {address.url}"),
    )
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"warifu: {line}\n")
    sys.stdout.flush()
