"""The exported document alone suffices to check every verdict again."""

import json
from functools import cache
from typing import Any

import pytest

from warifu.lab.threat.export import DOCUMENT, model_document, model_json
from warifu.lab.threat.profiles import PROFILES
from warifu.risk.threat.forms import FORMS, Judge
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE

MAX_BYTES = 4 << 20


@cache
def exported() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(model_json())
    return document


def faults(document: dict[str, Any]) -> list[str]:
    """What is wrong with the verdicts, from the document and nothing else."""
    traits = {form["name"]: form["traits"] for form in document["forms"]}
    powers = {row["name"]: set(row["powers"]) for row in document["malware"]}
    built = {row["name"]: set(row["defences"]) for row in document["profiles"]}
    breaks = {row["name"]: row["broken_by"] for row in document["goals"]}
    found = []
    for cell in document["verdicts"]:
        where, defences = set(traits[cell["form"]][cell["judge"]]), built[cell["profile"]]
        ways = {
            move["code"]: (set(move["given"]), move["gives"])
            for move in document["moves"]
            if set(move["where"]) <= where
            and set(move["needs"]) <= defences
            and not set(move["unless"]) & defences
        }
        closed = set(cell["closed"] or ())
        leaves = [
            code for code, (given, gives) in ways.items() if given <= closed and gives not in closed
        ]
        for goal, said in cell["goals"].items():
            has = set(powers[cell["malware"]])
            if said["holds"]:
                good = has <= closed and not leaves and breaks[goal] not in closed
            else:
                good = True
                for code in said["attack"]:
                    given, gives = ways.get(code, ({"no such way"}, ""))
                    good = good and given <= has
                    has.add(gives)
                good = good and breaks[goal] in has
            if not good:
                found.append("/".join((cell["form"], cell["malware"], cell["profile"], goal)))
    return found


def test_every_verdict_can_be_checked_from_the_document_alone() -> None:
    assert faults(exported()) == []


@pytest.mark.parametrize("code", ["server/accepts-approval", "terminal/pin-suffices"])
def test_a_move_that_is_taken_out_of_the_document_is_missed(code: str) -> None:
    document = dict(exported())
    document["moves"] = [each for each in document["moves"] if each["code"] != code]
    assert faults(document)


def test_a_defence_that_is_taken_out_of_a_profile_is_missed() -> None:
    document = json.loads(json.dumps(exported()))
    paper = next(each for each in document["profiles"] if each["name"] == "paper")
    paper["defences"].remove("trusted-ui")
    assert faults(document)


def test_a_verdict_that_was_turned_is_missed() -> None:
    document = json.loads(json.dumps(exported()))
    cell = document["verdicts"][0]
    cell["goals"]["pin"]["holds"] = not cell["goals"]["pin"]["holds"]
    cell["goals"]["pin"].setdefault("attack", [])
    assert faults(document)


def test_document_has_every_form_judge_attacker_profile_and_goal() -> None:
    document = exported()
    assert document["document"] == DOCUMENT
    assert len(document["verdicts"]) == len(FORMS) * len(Judge) * len(MALWARE) * len(PROFILES)
    assert all(set(cell["goals"]) == set(Goal) for cell in document["verdicts"])


def test_document_is_the_same_each_time_and_of_a_size_to_send() -> None:
    assert model_json() == model_json()
    assert len(model_json()) < MAX_BYTES


def test_only_what_was_asked_for_is_judged() -> None:
    document = model_document(malware=[MALWARE["vicious"]], profiles=[PROFILES["paper"]])
    judged: Any = document["verdicts"]
    assert {(cell["malware"], cell["profile"]) for cell in judged} == {("vicious", "paper")}
