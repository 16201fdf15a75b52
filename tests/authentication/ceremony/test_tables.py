"""A move that the table does not have does not happen; the picture shows the table."""

from enum import Enum

import pytest

from warifu.authentication.ceremony.tables import advance, diagram
from warifu.base.errors import Denied
from warifu.base.rule import Rule, Text

RULE = Rule(code="test/move", clause="", requires=Text(ja="", en=""))


class Door(Enum):
    OPEN = "wide-open"
    SHUT = "shut"
    WALLED_UP = "walled-up"


class Hand(Enum):
    PUSH = "push"
    PULL = "pull"
    BRICKS = "bricks"


TABLE = {
    Door.OPEN: {Hand.PULL: Door.SHUT},
    Door.SHUT: {Hand.PUSH: Door.OPEN, Hand.BRICKS: Door.WALLED_UP},
    Door.WALLED_UP: {},
}


def test_the_table_says_where_an_event_leads() -> None:
    assert advance(TABLE, Door.SHUT, Hand.PUSH, RULE) is Door.OPEN


def test_an_event_that_the_state_does_not_admit_is_denied() -> None:
    with pytest.raises(Denied) as caught:
        advance(TABLE, Door.WALLED_UP, Hand.PUSH, RULE)
    assert (caught.value.code, caught.value.detail) == ("test/move", "walled-up push")


def test_a_state_that_the_table_has_not_admits_nothing() -> None:
    with pytest.raises(Denied):
        advance({Door.OPEN: {Hand.PULL: Door.SHUT}}, Door.SHUT, Hand.PUSH, RULE)


def test_the_diagram_has_every_move_and_marks_the_ends() -> None:
    assert diagram(TABLE).splitlines() == [
        "stateDiagram-v2",
        "    [*] --> wide_open",
        "    wide_open --> shut: pull",
        "    shut --> wide_open: push",
        "    shut --> walled_up: bricks",
        "    walled_up --> [*]",
    ]
