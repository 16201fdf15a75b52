"""Requirements on the app: which one, signed by whom, how new, from where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warifu.attestation.appraisal.checks.case import Answer, among, listed, unknown

if TYPE_CHECKING:
    from warifu.attestation.appraisal.checks.case import Case

_NO_APP = unknown("no app is proved")


def identifier(case: Case) -> Answer:
    """It is an app of this registration, and so is every package that shares its user id."""
    accepted, app = case.settings.app.identifiers, case.claims.app
    if not accepted:
        return unknown("the policy names no app")
    if app is None:
        return _NO_APP
    found = {package.name for package in app.packages}
    if app.identifier is not None:
        found.add(app.identifier)
    return Answer(found <= accepted, listed(found)) if found else _NO_APP


def signers(case: Case) -> Answer:
    """Every certificate that signs the app is the owner's."""
    accepted, app = case.settings.app.signers, case.claims.app
    if not accepted:
        return unknown("the policy names no signer")
    if app is None or not app.signers:
        return unknown("no signer is proved")
    found = {signer.hex() for signer in app.signers}
    # A digest of Google's that does not decode is dropped from the claims, and must not hide there.
    readable = len(app.signers) == len(getattr(case.detail, "certificate_digests", app.signers))
    return Answer(readable and found <= accepted, listed(found))


def version(case: Case) -> Answer | None:
    """The app is not older than the oldest version accepted."""
    lowest, app = case.settings.app.minimum_version, case.claims.app
    if lowest is None:
        return None
    found = [package.version for package in app.packages] if app else []
    known = [number for number in found if number is not None]
    if not found or len(known) < len(found):
        return unknown("no version is proved")
    return Answer(min(known) >= lowest, f"version {min(known)}")


def environment(case: Case) -> Answer:
    """The app runs where customers' apps run."""
    app = case.claims.app
    return among(app.environment if app else None, case.settings.app.environments)


def recognition(case: Case) -> Answer:
    """Google knows the app as one it distributes."""
    return among(case.detail.app_recognition, case.settings.app.recognition)


def licensing(case: Case) -> Answer:
    """The user's account has the app from Google Play."""
    return among(case.detail.licensing, case.settings.app.licensing)
