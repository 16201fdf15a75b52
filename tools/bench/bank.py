"""A bank with many customers, for measuring the service: its data, and requests that lie ready."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from hashlib import sha256
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from tests.service.house import TENANT, settle
from tests.service.phones import IN_ORDER, Bank, asked, the_bytes
from tools.bench.ceiling import Signed
from tools.bench.load import request
from warifu.attestation.claims import Realm
from warifu.attestation.evidence.readers.app_attest import read_assertion
from warifu.base.codec.text import to_base64url
from warifu.base.pki.certificate import read_certificate
from warifu.cli import trust as trust_commands
from warifu.demo.trust_files import anchors_document, metadata_blob, revocation_list
from warifu.demo.world import World
from warifu.handset.android_key import AndroidPhone, to_pem
from warifu.handset.app_attest import AppAttestDevice
from warifu.service.adapters.data_key_file import DataKeyFile
from warifu.service.assembly import Places, assemble
from warifu.service.caller import Scope
from warifu.service.callers.api_key import make_api_key
from warifu.service.callers.rules import CALLER_NEW
from warifu.service.conduct.decisions.deciding import DecisionRequest
from warifu.service.conduct.evidence.expectations import SubmittedEvidence
from warifu.service.identifiers import new_id
from warifu.service.store.callers import CredentialKind, StoredCaller, insert_new_caller
from warifu.service.store.migrate import upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from warifu.service.composition import Composition
    from warifu.service.conduct.challenges.challenge import ChallengeAnswer

PHONES = 256
"""Many more than requests under way: one that waits is passed by dozens of others, and must not
be overtaken by the next one of its own phone."""
PATH = "/v1/decisions"
REVOKED = 2000
"""Serials on the revocation list."""
CONFIG = "warifu.toml"
SETTINGS = """
[challenges]
seconds = 3600
[limits]
requests_per_minute = 1000000
[telemetry]
log_level = "warning"
"""


class Branch:
    """A bank on one database, and phones that answer its challenges."""

    def __init__(self, folder: Path, db: str) -> None:
        """Set everything up in a folder of its own and an empty database."""
        self.places = Places(
            db=db,
            config=folder / CONFIG,
            trust=folder / "trust",
            realm=Realm.TEST,
            data_key=folder / "warifu-data.key",
        )
        now = datetime.now(UTC).replace(microsecond=0)
        self._world = World(now=now)
        self._world.phone = AndroidPhone.remote(made_at=now)
        write_settings(self.places, self._world)
        upgrade(db)
        self.house = assemble(self.places)
        self.bank = Bank(house=self.house, caller=settle(self.house))
        self.key = make_caller(self.house, Scope.DECIDE)
        self._iphones = self._register()
        self._above = self._attested(bytes(32))[1:]
        """As authorities signed them once: simulated, they would be signed anew for each key."""

    def close(self) -> None:
        """Let go of the database."""
        self.house.database.close()

    def assertions(self, number: int) -> list[bytes]:
        """Requests for decisions, each on a fresh assertion of a registered key."""
        return [self._request(self._assertion) for _ in range(number)]

    def chains(self, number: int) -> list[bytes]:
        """Requests for decisions, each on the chain of a new Android key."""
        return [self._request(self._chain) for _ in range(number)]

    def assertion_signatures(self) -> tuple[Signed, ...]:
        """What has to be verified of an assertion."""
        phone = next(self._iphones)
        data = b"client data"
        read = read_assertion(phone.assertion(data).encode())
        nonce = sha256(read.authenticator_data + sha256(data).digest()).digest()
        return (
            Signed(spki=phone.public_key, signature=read.signature, signed=nonce, remembered=False),
        )

    def chain_signatures(self) -> tuple[Signed, ...]:
        """What has to be verified of a chain: the described key's certificate and the one above."""
        leaf, attestation, above = map(read_certificate, self._attested(bytes(32))[:3])
        return (
            Signed(
                spki=attestation.public_key,
                signature=leaf.signature,
                signed=leaf.signed,
                remembered=False,
            ),
            Signed(
                spki=above.public_key,
                signature=attestation.signature,
                signed=attestation.signed,
                remembered=True,
            ),
        )

    def _request(self, answer: Callable[[bytes], SubmittedEvidence]) -> bytes:
        about = asked(user=f"customer {new_id(self.house.clock())}")
        challenge: ChallengeAnswer = self.bank.challenge(**about)
        body = DecisionRequest(
            challenge=challenge.id,
            evidence=answer(the_bytes(challenge)),
            bank=IN_ORDER,
            **about,
        )
        return request(PATH, msgspec.json.encode(body), self.key)

    def _chain(self, challenge: bytes) -> SubmittedEvidence:
        leaf = self._attested(challenge)[0]
        chain = b"".join(map(to_pem, (leaf, *self._above)))
        return SubmittedEvidence(media_type="application/pem-certificate-chain", data=chain)

    def _attested(self, challenge: bytes) -> list[bytes]:
        """The certificates of a new key, from the leaf on."""
        now = self.house.clock()
        return list(self._world.phone.attest(challenge=challenge, made_at=now).certificates())

    def _assertion(self, challenge: bytes) -> SubmittedEvidence:
        phone = next(self._iphones)
        said = json.dumps({"challenge": to_base64url(challenge)}).encode()
        return SubmittedEvidence(
            media_type="application/vnd.warifu.app-attest-assertion+cbor",
            data=phone.assertion(said).encode(),
            key=phone.key_identifier,
            client_data=said,
        )

    def _register(self) -> Iterator[AppAttestDevice]:
        phones = []
        for _ in range(PHONES):
            phone = AppAttestDevice(apple=self._world.iphone.apple, made_at=self._world.now)
            challenge = self.bank.challenge()
            evidence = SubmittedEvidence(
                media_type="application/vnd.warifu.app-attest+cbor",
                data=phone.attestation(the_bytes(challenge)).encode(),
                key=phone.key_identifier,
            )
            self.bank.submit(challenge, evidence)
            phones.append(phone)
        return cycle(phones)


def write_settings(places: Places, world: World, more: str = "") -> None:
    """The files that a service of a test world reads: settings, trust, and the keys of its data."""
    if places.config is None:
        raise AssertionError("without a settings file")
    folder = places.config.parent
    places.config.write_text(SETTINGS + more, "utf-8")
    DataKeyFile(places.data_key).create(now=world.now)
    where = ("--trust", str(places.trust), "--realm", "test")
    for verb, data in {
        ("init", "--anchors"): anchors_document(world),
        ("add", "android-revocation"): revocation_list(tuple(range(1 << 64, (1 << 64) + REVOKED))),
        ("add", "fido-metadata"): metadata_blob(world),
    }.items():
        published = folder / verb[1].strip("-")
        published.write_bytes(data)
        _command(*verb, str(published), *where)


def make_caller(house: Composition, scope: Scope) -> str:
    """A backend with one scope; its API key."""
    now = house.clock()
    name = new_id(now)
    key, digest = make_api_key(TENANT, name)
    stored = StoredCaller(
        tenant=TENANT,
        id=name,
        principal=name,
        name="backend",
        kind=CredentialKind.API_KEY,
        credential=digest,
        scopes=frozenset({scope}),
        created_at=now,
    )
    house.database.apply([insert_new_caller(stored, otherwise=CALLER_NEW)])
    return key.reveal().decode()


def _command(*tokens: str) -> None:
    quiet = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(quiet), redirect_stderr(io.StringIO()):
        trust_commands.make_app()(
            tokens, exit_on_error=False, print_error=False, result_action="return_value"
        )
