"""Sequence diagrams: every arrow of the story is drawn, in columns that stand, and can be read."""

import re
from itertools import product
from xml.etree import ElementTree as ET

import pytest

from warifu.authentication.transaction.width import columns
from warifu.base.rule import Text
from warifu.lab.threat import sequence_svg, sequence_text
from warifu.lab.threat.sequence import NAMES, ORDER, Diagram, Message, diagram_of
from warifu.lab.threat.trace import Act, Content, Event, Trace
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS, R_TS_TA, RS, RS_T_SE
from warifu.risk.threat.goals import Goal
from warifu.risk.threat.malware import MALWARE
from warifu.risk.threat.moves.move import Actor
from warifu.risk.threat.question import Verdict
from warifu.risk.threat.referee import AXES, TAKEN_FOR_GRANTED
from warifu.risk.threat.story import tell
from warifu.risk.threat.verdict import verdict

LANGUAGES = ("ja", "en")
SVG = "{http://www.w3.org/2000/svg}"
PAPER = TAKEN_FOR_GRANTED | frozenset(AXES.values())
LIFELINE = "│├┤<>"


def attack() -> Verdict:
    return verdict(RS, defences=PAPER, powers=MALWARE["sdk"].powers, goal=Goal.RECEIPT)


def safe() -> Verdict:
    powers = MALWARE["vicious"].powers
    return verdict(RS_T_SE, defences=PAPER, powers=powers, goal=Goal.TRANSACTION)


def hostile(says: str) -> Diagram:
    text = Text(ja=says, en=says)
    message = Message(number=1, sender=Actor.APP, receiver=Actor.SERVER, says=text)
    return Diagram(title=text, description=text, messages=(message,))


def tags(svg: str, name: str) -> list[ET.Element]:
    return list(ET.fromstring(svg).iter(f"{SVG}{name}"))  # noqa: S314 - made by the test


def test_the_server_stands_last_and_the_user_first() -> None:
    assert set(ORDER) == set(Actor) == set(NAMES)
    assert (ORDER[0], ORDER[-1]) == (Actor.USER, Actor.SERVER)


def test_only_those_who_act_stand_in_a_diagram() -> None:
    found = diagram_of(attack()).participants
    assert found == (Actor.USER, Actor.ATTACKER, Actor.MALWARE, Actor.APP, Actor.SERVER)


def test_each_move_of_the_story_is_one_arrow() -> None:
    story = tell(attack())
    drawn = diagram_of(story)
    assert [(each.sender, each.receiver, each.says) for each in drawn.messages] == [
        (each.sender, each.receiver, each.says) for each in story.steps
    ]
    assert diagram_of(drawn) is drawn


def test_a_goal_that_holds_is_drawn_with_what_stops_each_arrow() -> None:
    drawn = diagram_of(safe())
    assert drawn.messages
    for each in drawn.messages:
        assert each.stopped_by is not None
        assert each.stopped_by.ja in drawn.description.ja
        assert each.stopped_by.en in drawn.description.en


def test_a_sentence_that_stands_for_two_moves_is_drawn_once() -> None:
    told = [(each.says, each.stopped_by) for each in diagram_of(safe()).messages]
    assert len(told) == len(set(told)) < len(tell(safe()).barriers)
    assert [each.number for each in diagram_of(safe()).messages] == list(range(1, len(told) + 1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_trace_through_sessions_is_drawn_in_its_order(language: str) -> None:
    trace = Trace(
        question=attack().question,
        goal=Goal.TRANSACTION,
        events=tuple(Event(act=act, session=1, content=Content.EVIL, into=1) for act in Act),
    )
    drawn = diagram_of(trace)
    assert [each.says for each in drawn.messages] == [each.says for each in trace.events]
    assert "すり替えます" in drawn.description.ja
    assert sequence_text.draw(trace, language)
    assert len(tags(sequence_svg.draw(trace, language), "desc")) == 1


def test_nothing_sent_is_no_text_and_still_an_image_with_a_description() -> None:
    nothing = verdict(R_TS_TA, defences=(), powers=(), goal=Goal.PIN)
    assert sequence_text.draw(nothing, "ja") == ()
    description = tags(sequence_svg.draw(nothing, "ja"), "desc")[0].text
    assert "目標「PINの秘匿」は保たれます" in str(description)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("make", [attack, safe])
def test_lifelines_stand_in_the_same_columns_on_every_line(language: str, make: object) -> None:
    assert callable(make)
    lines = sequence_text.draw(make(), language, width=160)
    stands = [place for place, character in enumerate(lines[3]) if character == "│"]
    assert len(stands) == len(diagram_of(make()).participants)
    for line in lines[3:]:
        for place in stands:
            assert line[place] in f"{LIFELINE}─X", line


@pytest.mark.parametrize("language", LANGUAGES)
def test_boxes_of_names_are_equally_wide_with_wide_characters(language: str) -> None:
    def width(line: str) -> int:
        # The boxes themselves are counted as one column, as terminals draw them.
        return columns(re.sub("[─│┌┐└┘┬]", "-", line))

    for form, malware, goal in product(FORMS.values(), MALWARE.values(), Goal):
        given = verdict(form, defences=(), powers=malware.powers, goal=goal)
        if lines := sequence_text.draw(given, language):
            assert width(lines[0]) == width(lines[1]) == width(lines[2])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [40, 80, 120])
def test_sentences_lose_no_character_in_text(language: str, width: int) -> None:
    for make in (attack, safe):
        lines = sequence_text.draw(make(), language, width=width)
        joined = re.sub(r"[\s│├┤┐┘─<>X]|\d+ ", "", "".join(lines[4:]))
        for message in diagram_of(make()).messages:
            says = message.says.ja if language == "ja" else message.says.en
            assert re.sub(r"\s", "", says) in joined


def test_a_diagram_keeps_within_its_width_where_lifelines_leave_room() -> None:
    given = verdict(RS, defences=(), powers=MALWARE["vicious"].powers, goal=Goal.TRANSACTION)
    for line in sequence_text.draw(given, "ja", width=100):
        assert columns(re.sub("[─│┌┐└┘┬├┤]", "-", line)) <= 100


def test_where_there_is_no_room_beside_lifelines_sentences_stand_above_their_arrows() -> None:
    lines = sequence_text.draw(attack(), "ja", width=80)
    number = next(place for place, line in enumerate(lines) if line.startswith(" 1 "))
    assert "├" in lines[number + 1]
    assert all(columns(re.sub("[─│┌┐└┘┬├┤]", "-", line)) <= 80 for line in lines)


def test_what_is_stopped_has_a_cross_in_text() -> None:
    assert any("X" in line for line in sequence_text.draw(safe(), "ja"))
    assert not any("X" in line for line in sequence_text.draw(attack(), "ja"))


def test_what_happens_inside_goes_out_and_comes_back() -> None:
    lines = "\n".join(sequence_text.draw(attack(), "en"))
    assert "├─┐" in lines
    assert "│<┘" in lines


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_diagram_is_well_formed_with_title_and_description(language: str) -> None:
    for form, malware, goal, defences in product(
        FORMS.values(), MALWARE.values(), Goal, ((), PAPER, frozenset(Defence))
    ):
        given = verdict(form, defences=defences, powers=malware.powers, goal=goal)
        root = ET.fromstring(sequence_svg.draw(given, language))  # noqa: S314 - our own
        assert root.tag == f"{SVG}svg"
        assert root.get("role") == "img"
        assert root.get("lang") == language
        children = {each.tag: each for each in root}
        ids = [children[f"{SVG}title"].get("id"), children[f"{SVG}desc"].get("id")]
        assert root.get("aria-labelledby") == " ".join(str(each) for each in ids)
        assert children[f"{SVG}title"].text
        assert children[f"{SVG}desc"].text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_text_in_the_image(language: str) -> None:
    for make in (attack, safe):
        told = "".join(str(each.text) for each in tags(sequence_svg.draw(make(), language), "text"))
        for message in diagram_of(make()).messages:
            says = message.says.ja if language == "ja" else message.says.en
            assert says.replace(" ", "") in told.replace(" ", "")


def test_an_image_asks_for_nothing_and_runs_nothing() -> None:
    for make in (attack, safe):
        svg = sequence_svg.draw(make(), "ja").replace('xmlns="http://www.w3.org/2000/svg"', "")
        for word in ("http", "<script", "<style", "url(", "href", "onload", "<image"):
            assert word not in svg


def test_a_sentence_cannot_leave_its_element() -> None:
    svg = sequence_svg.draw(hostile("</text><script>alert(1)</script>&\"'"), "en")
    assert "<script" not in svg
    assert [each.text for each in tags(svg, "title")] == ["</text><script>alert(1)</script>&\"'"]


def test_what_is_stopped_has_a_cross_in_the_image() -> None:
    assert sequence_svg.draw(safe(), "ja").count('class="cross"') == len(
        diagram_of(safe()).messages
    )
    assert 'class="cross"' not in sequence_svg.draw(attack(), "ja")


def test_identifiers_differ_where_a_page_holds_the_same_diagram_twice() -> None:
    first, again = (sequence_svg.draw(attack(), "ja", name=name) for name in ("first", "again"))
    for svg, name in ((first, "first"), (again, "again")):
        for each in ET.fromstring(svg).iter():  # noqa: S314 - made by the test
            assert (each.get("id") or name).startswith(name)
    assert "again" not in first
