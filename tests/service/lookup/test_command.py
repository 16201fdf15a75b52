"""``warifu reappraise``: all stored evidence, on both databases, from a terminal or a script."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from tests.attestation.trust.worlds import anchors_document
from tests.service.house import Hands, make_house, makers, settle
from tests.service.lookup.test_reappraisal import android, leaf_serial
from tests.service.phones import Bank
from warifu.attestation.claims import Realm
from warifu.attestation.trust.snapshot import SnapshotKind
from warifu.cli.ending import USAGE
from warifu.command import main
from warifu.service.adapters.data_key_file import DataKeyFile
from warifu.service.adapters.trust_directory import TrustDirectory
from warifu.service.store.opening import open_database
from warifu.service.vault.vault import SealingVault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from warifu.service.conduct.evidence.evidence import EvidenceAnswer


class Branch:
    """A bank with three pieces of evidence, of which one device's key is revoked since."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        keys = DataKeyFile(folder / "data.key").create(now=datetime.now(UTC))
        database = open_database(url)
        hands = Hands(datetime.now(UTC) - timedelta(days=2))
        house = replace(make_house(database, clock=hands), vault=SealingVault(keys.masters()))
        self.bank = Bank(house=house, caller=settle(house))
        self.evidence: list[EvidenceAnswer] = []
        for _ in range(3):
            hands.forward(seconds=1)
            self.evidence.append(android(self.bank))

    def revoke(self, *serials: int) -> None:
        listed = {f"{serial:d}": {"status": "REVOKED"} for serial in serials}
        TrustDirectory.create(
            self.folder / "trust",
            realm=Realm.TEST,
            now=datetime.now(UTC),
            snapshots={
                SnapshotKind.ANCHORS: anchors_document(makers().android_root, "android-key"),
                SnapshotKind.REVOCATION: json.dumps({"entries": listed}).encode(),
            },
            source="test",
        )

    def run(self, *arguments: str) -> int:
        return main(
            [
                "reappraise",
                *("--tenant", self.bank.caller.tenant),
                *("--db", self.url),
                *("--trust", str(self.folder / "trust")),
                *("--realm", "test"),
                *("--data-key", str(self.folder / "data.key")),
                *arguments,
            ]
        )


@pytest.fixture
def branch(database_url: str, tmp_path: Path) -> Iterator[Branch]:
    folder = tmp_path / "service"
    folder.mkdir(mode=0o700)
    made = Branch(database_url, folder)
    yield made
    made.bank.house.database.close()


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_what_fell_is_told_and_kept(branch: Branch, capsys: pytest.CaptureFixture[str]) -> None:
    branch.revoke(leaf_serial(branch.bank, branch.evidence[0].id))
    before = branch.bank.count("appraisals")
    assert branch.run("--json") == 0
    told = document(capsys)
    assert (told["judged"], told["fell"], told["unreadable"]) == (3, len(told["items"]), 0)
    assert branch.evidence[0].id in {item["evidence"] for item in told["items"]}
    assert branch.bank.count("appraisals") == before + 3


def test_run_again_nothing_changes(branch: Branch, capsys: pytest.CaptureFixture[str]) -> None:
    branch.revoke()
    assert branch.run("--json") == 0
    assert document(capsys)["fell"] == 0
    assert branch.run("--json") == 0
    told = document(capsys)
    assert (told["judged"], told["fell"], told["rose"], told["items"]) == (3, 0, 0, [])


@pytest.mark.parametrize(
    ("language", "word"), [("ja", "評価が下がったもの"), ("en", "trusted less")]
)
def test_people_read_it_in_their_language(
    branch: Branch, capsys: pytest.CaptureFixture[str], language: str, word: str
) -> None:
    branch.revoke(leaf_serial(branch.bank, branch.evidence[0].id))
    assert branch.run("--lang", language) == 0
    written = capsys.readouterr().out
    assert word in written
    assert "contraindicated" in written


def test_only_the_evidence_that_was_asked_for_is_judged(
    branch: Branch, capsys: pytest.CaptureFixture[str]
) -> None:
    branch.revoke()
    assert branch.run("--json", "--device", str(branch.evidence[1].device)) == 0
    assert document(capsys)["judged"] == 1


def test_an_unknown_tenant_is_the_callers_mistake(branch: Branch) -> None:
    branch.revoke()
    assert branch.run("--tenant", "nobody") == USAGE


def test_a_device_whose_name_begins_with_a_hyphen_is_a_device(
    branch: Branch, capsys: pytest.CaptureFixture[str]
) -> None:
    branch.revoke()
    android(branch.bank, device="--json")
    assert branch.run("--json", "--device", "--json") == 0
    assert document(capsys)["judged"] == 1
