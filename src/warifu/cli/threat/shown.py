"""How verdicts of the threat model are shown: by sign and word, never by colour alone."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text as Styled

from warifu.base.rule import Text
from warifu.cli.ending import UsageError
from warifu.cli.words import Language, say
from warifu.lab.threat.words import BASES
from warifu.risk.threat.defences import DEFENCES, Defence, cost_of
from warifu.risk.threat.powers import POWERS
from warifu.risk.threat.question import Basis
from warifu.risk.threat.story import strongest
from warifu.risk.threat.verdict import answer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from warifu.risk.threat.powers import Power
    from warifu.risk.threat.question import Question, Verdict

HOLDS = Text(ja="○ 守られる", en="○ holds")
FALLS = Text(ja="× 破られる", en="× falls")
RESTS_ON = Text(ja="判定の根拠", en="Rests on")
COST = Text(ja="目安の費用{}", en="cost {}")
NOTHING = Text(ja="（なし）", en="(none)")
_AND = Text(ja="、", en=", ")
_STYLES = {True: "bold green", False: "bold red"}
_INSTALL = 'this needs the extra "warifu[lab]": pip install "warifu[lab]"'


@contextmanager
def searching() -> Iterator[None]:
    """Around what imports the solver: it is an extra, and may be missing.

    Raises:
        UsageError: It is.
    """
    try:
        yield
    except ImportError as error:
        raise UsageError(f"{error.name}: {_INSTALL}") from error


def settle(question: Question) -> Verdict:
    """The verdict, resting on the search through two sessions as well where there is a solver.

    Raises:
        VerifierFault: The search contradicts the closure: the table of moves lacks a row.
    """
    try:
        from warifu.lab.threat.sessions import within_sessions
    except ImportError:
        return answer(question)
    return within_sessions(question)


def sign(*, holds: bool, language: Language) -> Styled:
    """Whether a goal holds, by sign and word."""
    return Styled(say(HOLDS if holds else FALLS, language), style=_STYLES[holds])


def joined(texts: Iterable[Text], language: Language) -> str:
    """Words one after another."""
    return say(_AND, language).join(say(each, language) for each in texts) or say(NOTHING, language)


def bases_line(bases: Iterable[Basis], language: Language) -> str:
    """What verdicts rest on, weakest first."""
    given = frozenset(bases)
    return joined((BASES[each] for each in Basis if each in given), language)


def powers_line(powers: Iterable[Power], language: Language) -> str:
    """Powers as phrases, without those that another includes."""
    # Phrases hold commas of their own.
    told = " + ".join(say(POWERS[each].means, language) for each in strongest(powers))
    return told or say(NOTHING, language)


def defences_lines(
    defences: Iterable[Defence], language: Language, *, indent: str
) -> list[RenderableType]:
    """Each defence with its name and what it does, in two columns; nothing for no defences."""
    given = in_order(defences)
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=len(indent) + max(map(len, Defence)))
    grid.add_column(overflow="fold")
    for each in given:
        name = Styled.assemble(indent, (each.value, "bold"))
        grid.add_row(name, say(DEFENCES[each].does, language))
    return [grid] if given else []


def cost_line(defences: frozenset[Defence], language: Language) -> str:
    """About what a set of defences costs."""
    return say(COST, language).format(cost_of(defences))


def in_order(values: Iterable[Any]) -> list[Any]:
    """Members of one enumeration in its own order, for documents that do not change by chance."""
    given = frozenset(values)
    return [each for each in type(next(iter(given))) if each in given] if given else []
