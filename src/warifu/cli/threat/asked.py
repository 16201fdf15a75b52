"""Options that the threat commands share: whom against, and with what built in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from warifu.cli.threat.names import parse_defences, parse_malware, parse_profile
from warifu.risk.threat.defences import Defence
from warifu.risk.threat.forms import Judge

if TYPE_CHECKING:
    from warifu.risk.threat.forms import Form
    from warifu.risk.threat.malware import Malware

Names = Annotated[list[str] | None, Parameter(negative=())]
DEFAULT_PROFILE = "paper"
_OF_A_TEE = frozenset({Defence.TRUSTED_UI, Defence.TYPED_ONLY_IN_TRUSTED_UI})


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Built:
    """What is built in."""

    defences: str | None = None
    """A named set: none, paper-without-trusted-ui, paper or all; paper unless defences are
    given one by one."""
    defence: Names = None
    """A defence by its name (trusted-ui, or short: tui, p1, p2, p3, link, channel); may be given
    several times."""

    @property
    def profile(self) -> str | None:
        """The named set that was asked for or is taken, if any."""
        return self.defences or (None if self.defence else DEFAULT_PROFILE)

    def built(self) -> frozenset[Defence]:
        """All defences that were asked for.

        Raises:
            UsageError: A name is not known.
        """
        named = parse_profile(self.profile).defences if self.profile else frozenset()
        return named | parse_defences(self.defence, "--defence")

    def built_into(self, form: Form) -> frozenset[Defence]:
        """Of all defences that were asked for, those that a form can have.

        Raises:
            UsageError: A name is not known.
        """
        return possible(form, self.built())


def possible(form: Form, defences: frozenset[Defence]) -> frozenset[Defence]:
    """Without Trusted UI, and the habit of typing there, where there is no TEE to have it in."""
    return defences if form.can_have_trusted_ui else defences - _OF_A_TEE


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Against:
    """Whom it has to stand against."""

    malware: str = "vicious"
    """The attacker: none, fake-app, vicious-ro, vicious, sdk, overlay, remote-control, smishing,
    stolen-phone and others."""
    judge: Judge = Judge.SERVER
    """Who compares the authentication data."""

    def attacker(self) -> Malware:
        """The row of the attacker.

        Raises:
            UsageError: The name is not known.
        """
        return parse_malware(self.malware)

    def judged(self, form: Form) -> Form:
        """A form with the judge that was asked for."""
        return form.judged_by(self.judge)
