"""The tables say all that they should, in both languages, and nothing in them is idle."""

from collections import Counter
from collections.abc import Iterable

import pytest

from warifu.base.rule import Text
from warifu.risk.threat.checking import RULES
from warifu.risk.threat.defences import DEFENCES, Cost, Defence, cost_of
from warifu.risk.threat.forms import (
    FORMS,
    Authenticator,
    Environment,
    Judge,
    ServerPath,
    Trait,
    UserPath,
)
from warifu.risk.threat.goals import GAINS, GOALS, Gain, Goal
from warifu.risk.threat.malware import MALWARE, Kind
from warifu.risk.threat.moves import MOVES
from warifu.risk.threat.moves.move import Actor
from warifu.risk.threat.powers import ALTERS, POWERS, READS, Interface, Power


class TestComplete:
    @pytest.mark.parametrize(
        ("table", "words"),
        [(POWERS, Power), (GOALS, Goal), (GAINS, Gain), (DEFENCES, Defence)],
        ids=["powers", "goals", "gains", "defences"],
    )
    def test_every_word_has_a_row_in_the_order_of_the_words(
        self, table: dict[object, object], words: Iterable[object]
    ) -> None:
        assert set(table) == set(words)

    def test_rows_stand_under_their_own_name(self) -> None:
        assert all(row.power is name for name, row in POWERS.items())
        assert all(row.goal is name for name, row in GOALS.items())
        assert all(row.defence is name for name, row in DEFENCES.items())
        assert all(row.name == name for name, row in FORMS.items())
        assert all(row.name == name for name, row in MALWARE.items())

    def test_every_interface_can_be_read_and_altered(self) -> None:
        assert set(READS) == set(ALTERS) == set(Interface)
        assert not set(READS.values()) & set(ALTERS.values())

    def test_every_cost_and_every_kind_of_attacker_occurs(self) -> None:
        assert {row.cost for row in DEFENCES.values()} == set(Cost)
        assert {row.kind for row in MALWARE.values()} == set(Kind)

    def test_codes_of_moves_are_unique(self) -> None:
        assert [code for code, n in Counter(each.code for each in MOVES).items() if n > 1] == []

    def test_nine_classes_of_tee_faults_are_rows(self) -> None:
        assert sum(row.kind is Kind.TEE_BUG for row in MALWARE.values()) == 9

    def test_vicious_malware_can_do_all_that_a_fake_app_can(self) -> None:
        assert MALWARE["fake-app"].powers < MALWARE["vicious"].powers
        assert MALWARE["vicious-ro"].powers < MALWARE["vicious"].powers

    def test_costs_of_a_set_add_up(self) -> None:
        assert cost_of(frozenset()) == 0
        both = frozenset({Defence.TRUSTED_UI, Defence.NONCE_BOUND})
        assert cost_of(both) == Cost.HARDWARE + Cost.SETTING


class TestNothingIsIdle:
    def test_every_power_opens_a_move(self) -> None:
        assert set(Power) <= set().union(*(each.given for each in MOVES))

    def test_every_power_is_some_attackers(self) -> None:
        given = {power for row in MALWARE.values() for power in row.powers}
        out_of_reach = {Power.RW_SE_MEM, Power.RO_SE_MEM}  # only what opens the SE gives them
        assert set(Power) - given - {each.gives for each in MOVES} <= out_of_reach

    def test_every_gain_is_given_and_leads_somewhere(self) -> None:
        assert set(Gain) <= {each.gives for each in MOVES}
        used = set().union(*(each.given for each in MOVES))
        assert set(Gain) <= used | {row.broken_by for row in GOALS.values()}

    def test_every_defence_stops_a_move(self) -> None:
        assert set(Defence) == set().union(*(each.unless for each in MOVES)) | {Defence.TRUSTED_UI}

    def test_every_trait_is_some_forms_and_every_way_some_rows(self) -> None:
        forms = [form.judged_by(judge) for form in FORMS.values() for judge in Judge]
        assert set().union(*(each.traits() for each in forms)) == set(Trait)
        assert set().union(*(each.to_server for each in forms)) == set(ServerPath)
        assert set().union(*(each.to_user for each in forms)) == set(UserPath)
        assert {each.authenticator for each in forms} == set(Authenticator)
        assert set().union(*(each.environments for each in forms)) == set(Environment)

    def test_every_move_is_open_in_some_form_with_some_defences(self) -> None:
        forms = [form.judged_by(judge) for form in FORMS.values() for judge in Judge]
        for each in MOVES:
            assert any(each.where <= form.traits() for form in forms), each.code
            assert not each.needs & each.unless, each.code

    def test_no_move_gives_what_it_asks_for(self) -> None:
        assert [each.code for each in MOVES if each.gives in each.given] == []

    def test_every_actor_appears_in_stories(self) -> None:
        assert {each.sender for each in MOVES} | {each.receiver for each in MOVES} == set(Actor)


def sentences() -> Iterable[tuple[str, Text]]:
    """Whole sentences, by where they stand."""
    yield from ((each.code, each.says) for each in MOVES)
    yield from ((row.goal, row.holds) for row in GOALS.values())
    yield from ((rule.code, rule.requires) for rule in RULES)


def phrases() -> Iterable[tuple[str, Text]]:
    """Words for lists and heads of columns, by where they stand."""
    yield from ((row.power, row.means) for row in POWERS.values())
    yield from ((row.defence, row.does) for row in DEFENCES.values())
    yield from ((row.goal, row.name) for row in GOALS.values())
    yield from ((row.name, row.title) for row in FORMS.values())
    yield from ((row.name, row.title) for row in MALWARE.values())


def clause_of(row: object) -> str:
    return str(getattr(row, "clause", ""))


class TestWords:
    @pytest.mark.parametrize(("where", "text"), list(sentences()))
    def test_sentences_are_whole_and_polite(self, where: str, text: Text) -> None:
        assert text.ja.endswith(("ます。", "ません。", "です。")), text.ja
        assert text.en.endswith("."), text.en
        assert text.en[0].isupper(), text.en

    @pytest.mark.parametrize(("where", "text"), list(phrases()))
    def test_phrases_are_no_sentences(self, where: str, text: Text) -> None:
        assert text.ja, where
        assert text.en, where
        assert not text.ja.endswith("。"), text.ja
        assert not text.en.endswith("."), text.en

    @pytest.mark.parametrize("gain", Gain)
    def test_gains_can_follow_then(self, gain: Gain) -> None:
        assert GAINS[gain].ja.endswith(("ます", "です"))
        assert GAINS[gain].en[0].islower()
        assert not GAINS[gain].en.endswith(".")

    @pytest.mark.parametrize(("where", "text"), [*sentences(), *phrases()])
    def test_japanese_has_no_space_between_latin_and_japanese(self, where: str, text: Text) -> None:
        pairs = zip(text.ja, text.ja[1:], text.ja[2:], strict=False)
        assert not [
            a + b + c for a, b, c in pairs if b == " " and not (a.isascii() and c.isascii())
        ]

    def test_every_row_names_its_source(self) -> None:
        tables = (POWERS, GOALS, DEFENCES, FORMS, MALWARE)
        for row in (*MOVES, *(row for table in tables for row in table.values())):
            assert clause_of(row), row


def test_a_fault_of_tees_says_nothing_of_a_form_without_one() -> None:
    fault, any_form = MALWARE["tee-isolation"], MALWARE["vicious"]
    assert [name for name, form in FORMS.items() if not fault.concerns(form)] == ["RS", "SIM"]
    assert all(any_form.concerns(form) for form in FORMS.values())
