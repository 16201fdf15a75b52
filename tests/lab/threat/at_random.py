"""Questions drawn by a seed, so that a failure comes again."""

from random import Random

from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import FORMS, Form, Judge
from warifu.risk.threat.powers import Power

ALL_FORMS = tuple(form.judged_by(judge) for form in FORMS.values() for judge in Judge)


def some_form(random: Random) -> Form:
    return random.choice(ALL_FORMS)


def some_defences(random: Random) -> frozenset[Defence]:
    share = random.choice((0.2, 0.5, 0.8, 0.95))
    return frozenset(each for each in Defence if random.random() < share)


def some_powers(random: Random) -> frozenset[Power]:
    share = random.choice((0.05, 0.1, 0.3, 0.6))
    return frozenset(each for each in Power if random.random() < share)
