"""``warifu threat impact``: what advisories break, each by itself and together."""

from pathlib import Path

import pytest

from tests.cli.threat import Threat
from warifu.risk.threat.forms import FORMS

ADVISORY = """
[[advisories]]
id = "TEE-2026-1"
title.ja = "TEEのメモリが書き換えられる"
title.en = "TEE memory can be altered"
published = 2026-11-01
source = "https://example.com/1"
gives = ["rw:tee_mem"]
[[advisories.devices]]
platform = "android"
models = ["X*"]
"""


@pytest.fixture
def advisory(tmp_path: Path) -> Path:
    path = tmp_path / "advisory.toml"
    path.write_text(ADVISORY, encoding="utf-8")
    return path


def test_impact_shows_what_falls_and_in_which_forms(threat: Threat, advisory: Path) -> None:
    document = threat.json("impact", "--advisory", advisory, status=1)
    assert document["document"] == "warifu-threat-impact/1"
    (said,) = document["advisories"]
    assert said["gives"] == ["rw:tee_mem"]
    falls = {row["form"] for row in said["forms"] if row["falls"]}
    assert falls == {"RS-T(TA)", "RS-T(SE)", "R-TS(TA)", "R-TS(SE)"}
    for row in said["forms"]:
        assert set(row["falls"]) <= set(row["held"])
        assert set(row["stories"]) == set(row["falls"])


def test_impact_mends_what_can_be_mended(threat: Threat, advisory: Path) -> None:
    advisory.write_text(ADVISORY.replace("rw:tee_mem", "ro:channel"), encoding="utf-8")
    options = ["--defences", "none", "--malware", "none", "--judge", "server"]
    (said,) = threat.json("impact", "--advisory", advisory, *options, status=1)["advisories"]
    for row in said["forms"]:
        assert row["mends"][0] == {"defences": ["protected-channel"], "cost": 2}
    shown = threat("impact", "--advisory", advisory, *options, "--lang", "en")
    assert "protected-channel" in shown.out


def test_impact_of_two_weaknesses_that_break_only_together_is_shown(
    threat: Threat, advisory: Path
) -> None:
    # What is known of a person breaks nothing, and what approves by itself links no account.
    known = ADVISORY.replace("TEE-2026-1", "DATA-2026-2").replace("rw:tee_mem", "know_person")
    advisory.write_text(ADVISORY + known, encoding="utf-8")
    options = ["--defences", "all", "--malware", "none"]
    document = threat.json("impact", "--advisory", advisory, *options, status=1)
    alone = [row["falls"] for each in document["advisories"] for row in each["forms"]]
    assert not any("enrolment" in falls for falls in alone)
    (group,) = document["together"]
    assert group["advisories"] == ["TEE-2026-1", "DATA-2026-2"]
    assert group["platforms"] == ["android"]
    assert group["gives"] == ["rw:tee_mem", "know_person"]
    beyond = {row["form"]: row["falls_only_together"] for row in group["forms"]}
    assert beyond == {
        name: ["enrolment"] if form.can_have_trusted_ui else [] for name, form in FORMS.items()
    }
    assert all(set(row["falls_only_together"]) <= set(row["falls"]) for row in group["forms"])


def test_impact_that_only_two_weaknesses_have_is_told_by_the_exit_status(
    threat: Threat, advisory: Path
) -> None:
    phishing = ADVISORY.replace("rw:tee_mem", "phish")
    relaying = ADVISORY.replace("TEE-2026-1", "NET-2026-2").replace("rw:tee_mem", "relay")
    advisory.write_text(phishing + relaying, encoding="utf-8")
    shown = threat("impact", "--advisory", advisory, "--malware", "none", "--lang", "en")
    assert shown.status == 1
    assert "TEE-2026-1 + NET-2026-2 together" in shown.out
    for lonely in (phishing, relaying):
        advisory.write_text(lonely, encoding="utf-8")
        assert threat("impact", "--advisory", advisory, "--malware", "none").status == 0


def test_advisories_that_meet_on_no_platform_are_not_put_together(
    threat: Threat, advisory: Path
) -> None:
    other = ADVISORY.replace("TEE-2026-1", "SEP-2026-2").replace("android", "apple")
    advisory.write_text(ADVISORY + other, encoding="utf-8")
    assert threat.json("impact", "--advisory", advisory, status=1)["together"] == []
    everywhere = other.replace('platform = "apple"', "")
    advisory.write_text(ADVISORY + everywhere, encoding="utf-8")
    (group,) = threat.json("impact", "--advisory", advisory, status=1)["together"]
    assert group["platforms"] == ["android"]
    shown = threat("impact", "--advisory", advisory, "--lang", "en")
    assert "none of them breaks by itself" in shown.out


@pytest.mark.parametrize("language", ["ja", "en"])
def test_impact_tells_why_for_people(threat: Threat, advisory: Path, language: str) -> None:
    shown = threat("impact", "--advisory", advisory, "--lang", language)
    assert shown.status == 1
    assert {"ja": "TEEのメモリが書き換えられる", "en": "TEE memory can be altered"}[
        language
    ] in shown.out
    assert "TEE-2026-1" in shown.out


@pytest.mark.parametrize(("content", "word"), [("", "no advisories"), (ADVISORY, "no goal falls")])
def test_impact_of_nothing_is_nothing(
    threat: Threat, advisory: Path, content: str, word: str
) -> None:
    # TEE memory is nothing to a form without a TEE; here every form has lost all before.
    advisory.write_text(content.replace("rw:tee_mem", "ro:touch"), encoding="utf-8")
    shown = threat("impact", "--advisory", advisory, "--lang", "en")
    assert shown.status == 0
    assert word in shown.out.lower()


def test_impact_of_a_title_that_moves_the_cursor_is_harmless(
    threat: Threat, advisory: Path
) -> None:
    advisory.write_text(ADVISORY.replace("TEE memory can", "\\u001b[2JTEE can"), encoding="utf-8")
    shown = threat("impact", "--advisory", advisory, "--lang", "en")
    assert "\x1b" not in shown.out


def test_impact_of_a_malformed_file_is_usage(threat: Threat, advisory: Path) -> None:
    advisory.write_text("[[advisories]]\nid = 1\n", encoding="utf-8")
    shown = threat("impact", "--advisory", advisory)
    assert shown.status == 2
    assert "threat/advisories-form" in shown.err
