"""Forms: the paper's five ways of building authentication into a phone, and the near-term one."""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec import Struct

from warifu.base.rule import Text


class Environment(StrEnum):
    """Where code runs on the terminal."""

    REE = "ree"
    TEE = "tee"
    SE = "se"


class Authenticator(StrEnum):
    """What does the authentication."""

    SE_APPLET = "se-applet"
    TA = "ta"


class Judge(StrEnum):
    """Who compares the authentication data."""

    SERVER = "server"
    """サーバ判定型: the data is sent."""
    TERMINAL = "terminal"
    """端末判定型: the verdict is sent."""


class ServerPath(StrEnum):
    """How the authenticator reaches the server."""

    ENCRYPTED_THROUGH_REE = "encrypted-through-ree"
    SE_CHANNEL = "se-channel"
    """The SE's own secure-channel protocol, by way of the operator."""
    THROUGH_TA = "through-ta"
    """The SE encrypts to a TA, which has a channel of its own."""
    THROUGH_SE = "through-se"
    """The TA encrypts to the SE, and then the SE's channel."""


class UserPath(StrEnum):
    """How the authenticator reaches the user."""

    THROUGH_REE = "through-ree"
    TRUSTED_UI = "trusted-ui"
    LINK_THEN_TRUSTED_UI = "link-then-trusted-ui"
    """From the SE through the REE to a TA, and then Trusted UI."""


class Trait(StrEnum):
    """What moves ask of a form; derived from its row."""

    TEE = "tee"
    NO_TEE = "no-tee"
    SE_ON_REE = "se-on-ree"
    SE_ON_TEE = "se-on-tee"
    SE_AUTHENTICATES = "se-authenticates"
    TA_AUTHENTICATES = "ta-authenticates"
    UI_OVER_LINK = "ui-over-link"
    OPERATOR_PATH = "operator-path"
    SERVER_JUDGES = "server-judges"
    TERMINAL_JUDGES = "terminal-judges"


class Form(Struct, frozen=True, kw_only=True):
    """One way of building the two authentications into a terminal: a row of the paper's tables."""

    name: str
    """As in the paper, ``RS-T(TA)``."""
    title: Text
    environments: tuple[Environment, ...]
    se_attached_to: Environment
    authenticator: Authenticator
    to_server: tuple[ServerPath, ...]
    """The ways there are, the one that the paper takes for granted first."""
    to_user: tuple[UserPath, ...]
    """Without Trusted UI first; with it, where the form can have it."""
    judge: Judge = Judge.SERVER
    clause: str = "U 4, tables 1 and 2"

    def judged_by(self, judge: Judge) -> Form:
        """The same form with another judge of the authentication data."""
        return msgspec.structs.replace(self, judge=judge)

    @property
    def can_have_trusted_ui(self) -> bool:
        """Trusted UI needs a TEE."""
        return Environment.TEE in self.environments

    def traits(self) -> frozenset[Trait]:
        """What the moves ask of this form."""
        by_se = self.authenticator is Authenticator.SE_APPLET
        found = {
            Trait.TEE if Environment.TEE in self.environments else Trait.NO_TEE,
            Trait.SE_ON_TEE if self.se_attached_to is Environment.TEE else Trait.SE_ON_REE,
            Trait.SE_AUTHENTICATES if by_se else Trait.TA_AUTHENTICATES,
            Trait.SERVER_JUDGES if self.judge is Judge.SERVER else Trait.TERMINAL_JUDGES,
        }
        if UserPath.LINK_THEN_TRUSTED_UI in self.to_user:
            found.add(Trait.UI_OVER_LINK)
        if self.to_server[0] is ServerPath.SE_CHANNEL:
            found.add(Trait.OPERATOR_PATH)
        return frozenset(found)


_R, _T, _S = Environment.REE, Environment.TEE, Environment.SE
_OVER_REE, _OWN = ServerPath.ENCRYPTED_THROUGH_REE, ServerPath.SE_CHANNEL
_BEWARE, _TRUSTED = UserPath.THROUGH_REE, UserPath.TRUSTED_UI

RS = Form(
    name="RS",
    title=Text(ja="TEEなし、SEアプリが認証", en="no TEE, an SE applet authenticates"),
    environments=(_R, _S),
    se_attached_to=_R,
    authenticator=Authenticator.SE_APPLET,
    to_server=(_OVER_REE, _OWN),
    to_user=(_BEWARE,),
)
RS_T_TA = Form(
    name="RS-T(TA)",
    title=Text(ja="TEEあり、SEは通常OS側、TAが認証", en="SE at the REE, a TA authenticates"),
    environments=(_R, _T, _S),
    se_attached_to=_R,
    authenticator=Authenticator.TA,
    to_server=(_OVER_REE, ServerPath.THROUGH_SE),
    to_user=(_BEWARE, _TRUSTED),
)
RS_T_SE = Form(
    name="RS-T(SE)",
    title=Text(
        ja="TEEあり、SEは通常OS側、SEアプリが認証", en="SE at the REE, an SE applet authenticates"
    ),
    environments=(_R, _T, _S),
    se_attached_to=_R,
    authenticator=Authenticator.SE_APPLET,
    to_server=(_OVER_REE, _OWN, ServerPath.THROUGH_TA),
    to_user=(_BEWARE, UserPath.LINK_THEN_TRUSTED_UI),
)
R_TS_TA = Form(
    name="R-TS(TA)",
    title=Text(ja="SEはTEE側、TAが認証", en="SE at the TEE, a TA authenticates"),
    environments=(_R, _T, _S),
    se_attached_to=_T,
    authenticator=Authenticator.TA,
    to_server=(_OVER_REE, ServerPath.THROUGH_SE),
    to_user=(_BEWARE, _TRUSTED),
)
R_TS_SE = Form(
    name="R-TS(SE)",
    title=Text(ja="SEはTEE側、SEアプリが認証", en="SE at the TEE, an SE applet authenticates"),
    environments=(_R, _T, _S),
    se_attached_to=_T,
    authenticator=Authenticator.SE_APPLET,
    to_server=(_OVER_REE, _OWN, ServerPath.THROUGH_TA),
    to_user=(_BEWARE, _TRUSTED),
)
SIM_ONLY = Form(
    name="SIM",
    title=Text(
        ja="SIMのみ（Trusted UIなし、当面の候補）", en="SIM only, without Trusted UI (near term)"
    ),
    environments=(_R, _S),
    se_attached_to=_R,
    authenticator=Authenticator.SE_APPLET,
    to_server=(_OWN,),
    to_user=(_BEWARE,),
    clause="U 4 (near-term candidate)",
)

FORMS: dict[str, Form] = {
    each.name: each for each in (RS, RS_T_TA, RS_T_SE, R_TS_TA, R_TS_SE, SIM_ONLY)
}
"""Every form by its name, the paper's five first."""
