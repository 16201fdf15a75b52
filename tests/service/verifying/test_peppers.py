"""Peppers: a private file of names and random octets, the newest last."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from tests.support import misuse
from warifu.service.adapters.pepper_file import read_peppers
from warifu.service.assembly import Places, assemble, first_start
from warifu.service.key_rules import KEY_FILE, PEPPERS, PRIVATE

if TYPE_CHECKING:
    from pathlib import Path

FIRST, SECOND = b64encode(bytes(32)).decode(), b64encode(bytes(range(32))).decode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    path = tmp_path / "peppers"
    write(path, f"2026-11 {FIRST}\n2027-11 {SECOND}\n")
    return path


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def test_the_last_line_is_the_newest(file: Path) -> None:
    assert [each.name for each in read_peppers(file)] == ["2026-11", "2027-11"]
    assert read_peppers(file)[-1].value.reveal() == bytes(range(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11\n",
        f"{FIRST}\n",
        f"2026 11 {FIRST}\n",
        f"2026-11 {FIRST[:16]}\n",
        "2026-11 =====\n",
        f"2026-11 {FIRST}\n2026-11 {SECOND}\n",
        f"2026-11 {FIRST}\n\n",
        "".join(f"p{number} {FIRST}\n" for number in range(65)),
    ],
)
def test_a_file_of_another_form_is_refused(file: Path, text: str) -> None:
    write(file, text)
    with misuse(PEPPERS):
        read_peppers(file)


def test_a_file_that_others_can_read_is_refused(file: Path) -> None:
    file.chmod(0o640)
    with misuse(PRIVATE):
        read_peppers(file)


def test_a_service_is_given_the_peppers_that_its_settings_name(file: Path) -> None:
    folder = file.parent
    settings = folder / "warifu.toml"
    settings.write_text(f'[pins]\npepper_file = "{file}"\n')
    places = Places(
        db=f"sqlite:///{folder / 'warifu.db'}",
        config=settings,
        data_key=folder / "warifu-data.key",
    )
    first_start(places)
    house = assemble(places)
    house.database.close()
    assert [each.name for each in house.peppers] == ["2026-11", "2027-11"]
    file.unlink()
    with misuse(KEY_FILE):
        assemble(places)
