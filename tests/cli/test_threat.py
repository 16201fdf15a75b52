"""``warifu threat``: the paper's tables, stories, advice and impact, in both languages and JSON."""

import json
import sys
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.cli.threat import Threat
from warifu.cli.threat.names import SHORT_DEFENCES
from warifu.lab.threat.profiles import PROFILES
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.verdict import verdict

PAPER_FORMS = [name for name in FORMS if name != "SIM"]


def test_table_holds_the_five_forms_and_the_near_term_one(threat: Threat) -> None:
    document = threat.json("table")
    assert document["document"] == "warifu-threat-table/1"
    assert [each["form"] for each in document["forms"]] == [*PAPER_FORMS, "SIM"]


def test_table_gives_each_cell_the_verdict_of_the_model(threat: Threat) -> None:
    for row in threat.json("table", "--goal", "pin,transaction,receipt")["forms"]:
        assert list(row["verdicts"]) == ["pin", "transaction", "receipt"]
        for goal, said in row["verdicts"].items():
            judged = verdict(
                FORMS[row["form"]],
                defences=PROFILES["paper"].defences,
                powers=MALWARE["vicious"].powers,
                goal=Goal(goal),
            )
            assert said["holds"] is judged.holds
            assert set(judged.rests_on) <= set(said["rests_on"])


def test_table_rests_on_sessions_and_referee_where_they_judged(threat: Threat) -> None:
    rows = threat.json("table", "--malware", "fake-app")["forms"]
    bases = next(row for row in rows if row["form"] == "RS-T(TA)")["verdicts"]["transaction"]
    assert bases["rests_on"] == ["closure", "sessions", "referee"]


def test_form_without_a_tee_is_not_credited_with_trusted_ui(threat: Threat) -> None:
    explained = threat.json("explain", "--form", "RS", "--malware", "fake-app")
    assert "trusted-ui" not in explained["defences"]
    assert explained["rests_on"] == ["closure", "sessions", "referee"]
    assert "trusted-ui" in threat.json("explain", "--form", "RS-T(TA)")["defences"]


def test_table_says_which_pin_verdicts_hang_on_where_people_type(threat: Threat) -> None:
    rows = threat.json("table")["forms"]
    hang = [
        row["form"]
        for row in rows
        if not row["verdicts"]["pin"]["holds"]
        and row["verdicts"]["pin"]["holds_if_typed_only_in_trusted_ui"]
    ]
    assert hang == ["RS-T(TA)", "RS-T(SE)", "R-TS(TA)", "R-TS(SE)"]


def test_terminal_judged_without_policy_2_falls_with_no_malware(threat: Threat) -> None:
    options = ["--malware", "none", "--judge", "terminal"]
    without = threat.json("table", *options, "--defences", "none")["forms"]
    assert not any(row["verdicts"]["transaction"]["holds"] for row in without)
    with_it = threat.json("table", *options, "--defence", "p2")["forms"]
    assert all(row["verdicts"]["transaction"]["holds"] for row in with_it)


def test_table_two_is_judged_with_and_without_encryption_and_trusted_ui(threat: Threat) -> None:
    rows = {row["form"]: row["conditions"] for row in threat.json("table")["forms"]}
    assert rows["RS-T(SE)"]["user-trusted-ui-clear-link"] == {"pin": False, "transaction": False}
    assert rows["RS-T(SE)"]["user-trusted-ui"] == {"pin": True, "transaction": True}
    assert rows["RS"]["server-clear"]["pin"] is False
    assert rows["RS"]["server-encrypted"]["pin"] is True
    assert "user-trusted-ui" not in rows["RS"]


@pytest.mark.parametrize(
    ("language", "holds", "falls", "word"),
    [("ja", "○ 守られる", "× 破られる", "判定の根拠"), ("en", "○ holds", "× falls", "rests on")],
)
def test_table_tells_by_sign_and_word(
    threat: Threat, language: str, holds: str, falls: str, word: str
) -> None:
    shown = threat("table", "--lang", language)
    assert shown.status == 0
    for each in (holds, falls, word, "RS-T(SE)", "SIM"):
        assert each in shown.out


def test_table_speaks_of_typing_only_where_a_verdict_hangs_on_it(threat: Threat) -> None:
    assert "typed only there" in threat("table", "--lang", "en").out
    assert "typed only there" not in threat("table", "--malware", "none", "--lang", "en").out


def test_table_without_the_solver_rests_on_the_closure_alone(
    threat: Threat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "warifu.lab.threat.sessions", None)
    rows = threat.json("table")["forms"]
    assert rows[0]["verdicts"]["transaction"]["rests_on"] == ["closure"]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_explain_tells_the_attack_of_the_issue(threat: Threat, language: str) -> None:
    asked = ["--form", "RS", "--malware", "vicious", "--goal", "transaction"]
    shown = threat("explain", *asked, "--lang", language)
    assert shown.status == 0
    story = threat.json("explain", *asked)["story"]
    for step in story["steps"]:
        assert step["says"][language] in shown.out
        assert step["clause"] in shown.out
    assert story["opening"][language][:20] in shown.out
    assert "├" in shown.out
    assert {"ja": "どの防御策を講じても", "en": "no defences keep"}[language] in shown.out


def test_explain_gives_the_certificate_and_minimal_attacks_that_break_it(threat: Threat) -> None:
    document = threat.json("explain", "--form", "RS", "--goal", "pin")
    assert document["document"] == "warifu-threat-explanation/1"
    assert document["holds"] is False
    assert document["certificate"]["type"] == "attack"
    assert document["minimal_attacks"]
    for powers in document["minimal_attacks"]:
        assert not verdict(
            FORMS["RS"], defences=PROFILES["paper"].defences, powers=powers, goal=Goal.PIN
        ).holds


def test_explain_adds_the_cheapest_defences_first_and_they_mend_it(threat: Threat) -> None:
    built = ["--defence", "p2", "--defence", "tui"]
    document = threat.json("explain", "--form", "RS-T(TA)", *built)
    sets = document["minimal_defences"]
    assert document["defences_are_added"] is True
    assert [each["cost"] for each in sets] == sorted(each["cost"] for each in sets)
    for each in sets:
        assert not {"policy-2", "trusted-ui"} & set(each["defences"])
        assert verdict(
            FORMS["RS-T(TA)"],
            defences={Defence(name) for name in [*document["defences"], *each["defences"]]},
            powers=MALWARE["vicious"].powers,
            goal=Goal.TRANSACTION,
        ).holds


@pytest.mark.parametrize("language", ["ja", "en"])
def test_explain_says_why_a_goal_holds_and_what_it_would_take(
    threat: Threat, language: str
) -> None:
    shown = threat("explain", "--form", "rs-t-se", "--lang", language)
    assert shown.status == 0
    for each in ("encrypted-link", "trusted-ui", "rw:tee_mem"):
        assert each in shown.out
    assert {"ja": "［決め手］", "en": "[decides]"}[language] in shown.out


def test_explain_says_where_no_way_leads_to_the_goal(threat: Threat) -> None:
    options = ["--goal", "enrolment", "--malware", "none", "--defences", "all"]
    document = threat.json("explain", "--form", "RS", *options)
    assert document["holds"] is True
    assert document["story"]["barriers"] == []
    assert document["minimal_defences"] == []
    assert "手順は、この実行形態にはありません" in "".join(
        threat("explain", "--form", "RS", *options, "--lang", "ja").out.split()
    )


def test_explain_says_where_nothing_breaks_it(
    threat: Threat, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In the table as it stands whoever is inside the SE breaks every goal.
    monkeypatch.setattr("warifu.lab.threat.attacks.minimal_attacks", lambda *_, **__: ())
    shown = threat("explain", "--form", "RS", "--malware", "none", "--lang", "en")
    assert "no set of powers breaks it" in shown.out


def test_explain_names_no_power_where_none_is_needed(threat: Threat) -> None:
    options = ["--form", "RS", "--judge", "terminal", "--malware", "none", "--defences", "none"]
    document = threat.json("explain", *options)
    assert document["holds"] is False
    assert document["minimal_attacks"] == [[]]
    assert "no power is needed" in threat("explain", *options, "--lang", "en").out


def test_explain_starts_from_nothing_where_a_defence_does_the_harm(threat: Threat) -> None:
    asked = ["--form", "RS-T(SE)", "--malware", "tee-side-channel", "--goal", "pin"]
    document = threat.json("explain", *asked)
    assert document["holds"] is False
    assert document["defences_are_added"] is False
    assert document["holds_without_any_of"] == ["trusted-ui"]
    assert document["minimal_defences"] == [{"defences": [], "cost": 0}]
    shown = threat("explain", *asked, "--lang", "ja")
    assert "外せば守られます：trusted-ui" in shown.out
    assert "（なし）" in shown.out


def test_explain_writes_the_diagram_as_svg(threat: Threat, tmp_path: Path) -> None:
    path = tmp_path / "diagram.svg"
    assert threat("explain", "--form", "RS", "--svg", path, "--lang", "ja").status == 0
    root = ET.fromstring(path.read_text("utf-8"))  # noqa: S314 - just written
    assert root.tag.endswith("svg")
    assert "マルウェア" in "".join(root.itertext())


def test_explain_without_the_solver_says_what_to_install(
    threat: Threat, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "warifu.lab.threat.attacks", None)
    shown = threat("explain", "--form", "RS")
    assert shown.status == 2
    assert "warifu[lab]" in shown.err
    assert "Traceback" not in shown.err


def test_advise_reaches_what_is_wanted_cheapest_first(threat: Threat) -> None:
    document = threat.json("advise", "--want", "transaction,pin")
    ways = document["ways"]
    assert ways
    assert [way["cost"] for way in ways] == sorted(way["cost"] for way in ways)
    assert {way["form"] for way in ways} == {"RS-T(TA)", "RS-T(SE)", "R-TS(TA)", "R-TS(SE)"}
    for way in ways:
        for goal in (Goal.TRANSACTION, Goal.PIN):
            assert verdict(
                FORMS[way["form"]].judged_by(Judge(way["judge"])),
                defences=map(Defence, way["defences"]),
                powers=MALWARE["vicious"].powers,
                goal=goal,
            ).holds


def test_advise_without_trusted_ui_says_which_goal_cannot_be_had_and_why(threat: Threat) -> None:
    document = threat.json("advise", "--have", "tui=no", "--want", "transaction,pin", status=1)
    assert document["ways"] == []
    lost = {each["goal"]: each for each in document["cannot_be_held"]}
    assert set(lost) == {"transaction", "pin"}
    assert all(each["attack"] and each["story"]["steps"] for each in lost.values())
    assert "trusted-ui" in document["excluded"]


@pytest.mark.parametrize(("language", "word"), [("ja", "守れない目標"), ("en", "Cannot be held")])
def test_advise_tells_what_cannot_be_had(threat: Threat, language: str, word: str) -> None:
    shown = threat("advise", "--have", "tui=no", "--want", "pin", "--lang", language)
    assert shown.status == 1
    assert word in shown.out


@pytest.mark.parametrize("language", ["ja", "en"])
def test_advise_shows_only_so_many_and_says_so(threat: Threat, language: str) -> None:
    shown = threat("advise", "--limit", "1", "--lang", language)
    assert shown.status == 0
    assert "--limit" in shown.out
    assert "policy-3" in shown.out


def test_advise_counts_what_is_built_in_already_as_free(threat: Threat) -> None:
    have = [f"--have={each.value}=yes" for each in Defence]
    ways = threat.json("advise", "--form", "R-TS(SE)", "--want", "transaction,pin", *have)["ways"]
    assert [way["cost"] for way in ways] == [0, 0]
    assert all(way["adds"] == [] for way in ways)
    shown = threat("advise", "--form", "R-TS(SE)", *have, "--lang", "ja")
    assert "追加の防御策は必要ありません" in shown.out


def test_advise_never_uses_what_is_excluded(threat: Threat) -> None:
    excluded = ["--excluded", "attestation,token", "--have", "cooling=no"]
    options = ["--malware", "fake-app", "--judge", "server"]
    ways = threat.json("advise", *options, *excluded)["ways"]
    assert ways
    for way in ways:
        assert not {"attestation-required", "token-restricted"} & set(way["defences"])
        assert "cooling-off" not in way["defences"]
        assert way["judge"] == "server"


def test_advise_says_where_each_goal_alone_can_be_had(
    threat: Threat, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = import_module("warifu.cli.threat.advise")
    real = command._ways
    monkeypatch.setattr(
        command, "_ways", lambda asked, goals: () if len(goals) > 1 else real(asked, goals)
    )
    shown = threat("advise", "--want", "transaction,pin", "--lang", "en")
    assert shown.status == 1
    assert "Each goal by itself" in shown.out


def test_export_is_one_document_on_standard_output_or_in_a_file(
    threat: Threat, tmp_path: Path
) -> None:
    options = ["--malware", "vicious", "--profile", "paper"]
    printed = threat("export", *options)
    path = tmp_path / "model.json"
    assert threat("export", *options, "--output", path).status == 0
    assert path.read_text("utf-8") == printed.out
    assert json.loads(printed.out)["document"] == "warifu-threat-model/1"


def test_export_for_proverif_is_a_file_for_each_cell(threat: Threat, tmp_path: Path) -> None:
    folder = tmp_path / "cells"
    document = threat.json("export", "--format", "proverif", "--output", folder)
    assert document["files"] == len(list(folder.iterdir())) == 640
    assert threat("export", "--format", "proverif", "--output", folder, "--lang", "ja").status == 0


def test_export_for_proverif_asks_for_a_folder(threat: Threat) -> None:
    shown = threat("export", "--format", "proverif")
    assert shown.status == 2
    assert "--output" in shown.err


@pytest.mark.parametrize("language", ["ja", "en"])
def test_report_is_one_page_and_says_what_was_written(
    threat: Threat, tmp_path: Path, language: str
) -> None:
    path = tmp_path / "report.html"
    options = ["report", "--output", path, "--at", "2026-11-22", "--lang", language]
    shown = threat(*options)
    assert shown.status == 0, shown.err
    assert str(path) in shown.out.replace("\n", "")
    assert f'lang="{language}"'.encode() in path.read_bytes()
    document = threat.json(*options)
    written = path.read_bytes()
    assert document["bytes"] == len(written)
    assert document["sha256"] == sha256(written).hexdigest()


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        (("explain", "--form", "RS-T(TX)"), "RS-T(TA)"),
        (("explain", "--form", "RS", "--malware", "viscious"), "vicious"),
        (("explain", "--form", "RS", "--goal", "transactoin"), "transaction"),
        (("explain", "--form", "RS", "--defence", "trusted-iu"), "trusted-ui"),
        (("table", "--defences", "papers"), "paper"),
        (("advise", "--have", "tuii=no"), "tui"),
        (("advise", "--want", "pni"), "pin"),
        (("explain", "--form", "?"), "SIM"),
    ],
)
def test_a_wrong_name_gets_a_near_one(
    threat: Threat, arguments: tuple[str, ...], near: str
) -> None:
    shown = threat(*arguments)
    assert shown.status == 2
    assert near in shown.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "--form", "RS", "--goal", "pin,once"),
        ("explain", "--form", "RS", "--goal", ""),
        ("advise", "--have", "tui"),
        ("advise", "--have", "tui=perhaps"),
        ("advise", "--have", "tui=yes", "--have", "tui=no"),
        ("advise", "--have", "tui=yes", "--excluded", "trusted-ui"),
        ("advise", "--limit", "0"),
    ],
)
def test_what_makes_no_sense_is_usage(threat: Threat, arguments: tuple[str, ...]) -> None:
    shown = threat(*arguments)
    assert shown.status == 2
    assert shown.err


@pytest.mark.parametrize("name", ["RS-T(TA)", "rs-t(ta)", "rs-t-ta", "rstta", "rst_ta"])
def test_a_form_is_known_however_its_brackets_are_typed(threat: Threat, name: str) -> None:
    assert threat.json("explain", "--form", name)["form"] == "RS-T(TA)"


def test_short_names_are_of_defences_and_no_defence_has_the_name_of_another() -> None:
    assert not set(SHORT_DEFENCES) & {each.value for each in Defence}
    assert len(set(SHORT_DEFENCES.values())) == len(SHORT_DEFENCES)


def test_every_document_stands_on_the_page_of_formats() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats" / "threat.md").read_text("utf-8")
    for name in ("table", "explain", "advise", "impact", "export", "report"):
        assert f"`{import_module(f'warifu.cli.threat.{name}').DOCUMENT}`" in page
