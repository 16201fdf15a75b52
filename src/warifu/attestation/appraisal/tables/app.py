"""What can be required of the app."""

from __future__ import annotations

from warifu.attestation.appraisal.checks import app
from warifu.attestation.appraisal.requirement import (
    ANDROID_KEY,
    APP_ATTEST,
    KINDS,
    PLAY_INTEGRITY,
    RECEIPT,
    SIGNED_APP,
    Requirement,
)
from warifu.attestation.appraisal.result import Severity, Submodule
from warifu.attestation.appraisal.vector import Entry
from warifu.base.rule import Text

REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement(
        id="app.identifier",
        submodules=(Submodule.APP,),
        entry=Entry.INSTANCE_IDENTITY,
        kinds=KINDS,
        check=app.identifier,
        facts=("app.identifier", "app.packages"),
        refuses_as=97,
        reason=Text(
            ja="アプリは、登録されたアプリでなければなりません。",
            en="The app is one of this registration.",
        ),
        stops="evidence made for another app",
    ),
    Requirement(
        id="app.signer",
        submodules=(Submodule.APP,),
        entry=Entry.EXECUTABLES,
        kinds=SIGNED_APP,
        check=app.signers,
        facts=("app.signers",),
        warns_as=33,
        reason=Text(
            ja="アプリは、登録された証明書だけで署名されていなければなりません。",
            en="The app is signed by registered certificates only.",
        ),
        stops="repackaged apps",
    ),
    Requirement(
        id="app.version",
        submodules=(Submodule.APP,),
        entry=Entry.EXECUTABLES,
        kinds=frozenset({ANDROID_KEY, PLAY_INTEGRITY}),
        check=app.version,
        facts=("app.packages",),
        reason=Text(
            ja="アプリは、指定された最低バージョン以上でなければなりません。",
            en="The app is not older than the lowest version accepted.",
        ),
        stops="old versions with known weaknesses",
    ),
    Requirement(
        id="app.environment",
        submodules=(Submodule.APP,),
        entry=Entry.CONFIGURATION,
        kinds=frozenset({APP_ATTEST, RECEIPT}),
        check=app.environment,
        facts=("app.environment",),
        reason=Text(
            ja="アプリは、本番環境用のものでなければなりません。",
            en="The app is built for production.",
        ),
        stops="development builds, which a debugger can steer",
    ),
    Requirement(
        id="app.recognition",
        submodules=(Submodule.APP,),
        entry=Entry.EXECUTABLES,
        kinds=frozenset({PLAY_INTEGRITY}),
        check=app.recognition,
        facts=("detail.app_recognition",),
        warns_as=33,
        reason=Text(
            ja="アプリは、Googleの判定で正規のものと認められていなければなりません。",
            en="Google recognises the app as the one it distributes.",
        ),
        stops="repackaged and sideloaded apps",
    ),
    Requirement(
        id="app.licensing",
        submodules=(Submodule.APP,),
        entry=Entry.SOURCED_DATA,
        kinds=frozenset({PLAY_INTEGRITY}),
        check=app.licensing,
        facts=("detail.licensing",),
        severity=Severity.WARN,
        reason=Text(
            ja="アプリは、利用者のアカウントでGoogle Playから入手されたものでなければなりません。",
            en="The user's account got the app from Google Play.",
        ),
        stops="copies that were never installed from Google Play",
    ),
)
