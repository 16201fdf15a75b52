"""Why a bank may give tries of a PIN back: a code, because nothing that is typed enters the log.

The audit log is kept for years, and an erasure cannot find a name in the middle of a sentence.
"""

from __future__ import annotations

from enum import StrEnum

from warifu.base.rule import Text


class ReleaseReason(StrEnum):
    """How the bank knew the person, or what it lost itself."""

    IN_PERSON = "in-person"
    """Identified at a branch."""
    VIDEO_CALL = "video-call"
    """Identified by a member of staff over video."""
    CALLED_BACK = "called-back"
    """Called back at the number that was on record."""
    IDENTITY_DOCUMENT = "identity-document"
    """Identified online by an identity document with a chip."""
    BY_POST = "by-post"
    """By a letter that only the person could receive."""
    PEPPER_LOST = "pepper-lost"
    """Nobody's PIN can be verified any more, and all are set again."""


WORDS: dict[ReleaseReason, Text] = {
    ReleaseReason.IN_PERSON: Text(en="identified at a branch", ja="窓口で本人確認を行いました。"),
    ReleaseReason.VIDEO_CALL: Text(
        en="identified by staff over video", ja="係員がビデオ通話で本人確認を行いました。"
    ),
    ReleaseReason.CALLED_BACK: Text(
        en="called back at the number on record",
        ja="お届けの電話番号への折り返しで本人確認を行いました。",
    ),
    ReleaseReason.IDENTITY_DOCUMENT: Text(
        en="identified online, by the chip of an identity document",
        ja="本人確認書類のICチップを読み取り、オンラインで本人確認を行いました。",
    ),
    ReleaseReason.BY_POST: Text(
        en="identified by a letter that only the person could receive",
        ja="本人限定受取郵便で本人確認を行いました。",
    ),
    ReleaseReason.PEPPER_LOST: Text(
        en="the pepper was lost, and every PIN is set again",
        ja="ペッパーを失ったため、全員の暗証番号を登録し直します。",
    ),
}
"""For the bank's screens and for whoever reads the log."""
