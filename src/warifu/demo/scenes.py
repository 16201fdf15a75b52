"""The scenes of the demo as a table: who comes, and what must come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from warifu.attestation.claims import Format
from warifu.attestation.examination import Gaps
from warifu.attestation.verdict import Outcome
from warifu.base.rule import Text
from warifu.demo import acts
from warifu.demo.world import OTHER_CHALLENGE, Act, World


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One device that comes, and what must be decided."""

    title: Text
    honest: bool
    format: Format
    make: Callable[[World], Act]
    outcome: Outcome
    code: str | None = None
    """Code of the rule that refuses, where one must."""
    facts: tuple[str, ...] = ()
    """Facts worth showing, by path in the claims."""
    note: Text | None = None
    """What the verdict does not say by itself."""
    gaps: Gaps = Gaps.REFUSE


_BOOT = ("boot.locked", "boot.state", "operating_system.patch_level", "key.security_level")

SCENES: tuple[Scene, ...] = (
    Scene(
        title=Text(
            ja="工場出荷時のままのAndroid端末が、銀行アプリの鍵を構成証明します",
            en="An Android phone as it left the factory attests the bank app's key",
        ),
        honest=True,
        format=Format.ANDROID_KEY,
        make=acts.honest_phone,
        outcome=Outcome.ACCEPTED,
        facts=(*_BOOT, "app.identifier"),
    ),
    Scene(
        title=Text(
            ja="ブートローダーのロックを解除した端末は、解除した事実を自ら証明することになります",
            en="A phone with an unlocked bootloader cannot help proving that it is unlocked",
        ),
        honest=False,
        format=Format.ANDROID_KEY,
        make=acts.unlocked_phone,
        outcome=Outcome.ACCEPTED,
        facts=_BOOT,
        note=Text(
            ja="検証器が返すのは事実だけです。この端末に送金を認めるかどうかは、評価ポリシーで決めます。",
            en="The verifier returns facts. Whether this phone may move money is for policy.",
        ),
    ),
    Scene(
        title=Text(
            ja="別の利用者に発行されたチャレンジで作った証拠を、使い回します",
            en="Evidence made for somebody else's challenge is replayed",
        ),
        honest=False,
        format=Format.ANDROID_KEY,
        make=acts.replayed_evidence,
        outcome=Outcome.REFUSED,
        code="android-key/challenge",
    ),
    Scene(
        title=Text(
            ja="改造して署名し直した偽アプリが、正規のパッケージ名を名乗ります",
            en="A repackaged app, signed by somebody else, bears the genuine package name",
        ),
        honest=False,
        format=Format.ANDROID_KEY,
        make=acts.repackaged_app,
        outcome=Outcome.REFUSED,
        code="android-key/app-signers",
    ),
    Scene(
        title=Text(
            ja="アプリの鍵で証明書をもう1枚発行し、攻撃者に都合のよい内容を記載します",
            en="The app's own key signs one more certificate that says what the attacker likes",
        ),
        honest=False,
        format=Format.ANDROID_KEY,
        make=acts.extended_chain,
        outcome=Outcome.REFUSED,
        code="android-key/attest-key-purpose",
    ),
    Scene(
        title=Text(
            ja="本物と同じ名前の認証局を自作し、証明書を発行します",
            en="A home-made authority bears the very name of the genuine one",
        ),
        honest=False,
        format=Format.ANDROID_KEY,
        make=acts.own_authority,
        outcome=Outcome.REFUSED,
        code="pki/signature",
    ),
    Scene(
        title=Text(
            ja="流出し、すでに失効している工場出荷時の鍵で構成証明します",
            en="A leaked factory key, since revoked, attests",
        ),
        honest=False,
        format=Format.ANDROID_KEY,
        make=acts.leaked_key,
        outcome=Outcome.REFUSED,
        code="android-key/not-revoked",
    ),
    Scene(
        title=Text(
            ja="端末は正当ですが、検証する側の失効リストが3日前のものです",
            en="The phone is honest, but our revocation list is three days old",
        ),
        honest=True,
        format=Format.ANDROID_KEY,
        make=acts.stale_list,
        outcome=Outcome.NO_STATEMENT,
        code="revocation/fresh",
    ),
    Scene(
        title=Text(
            ja="iPhoneが、Secure Enclaveの鍵をApp Attestで登録します",
            en="An iPhone registers a Secure Enclave key through App Attest",
        ),
        honest=True,
        format=Format.APP_ATTEST,
        make=acts.honest_iphone,
        outcome=Outcome.ACCEPTED,
        facts=("app.identifier", "app.environment", "operating_system.version"),
    ),
    Scene(
        title=Text(
            ja="開発用ビルドが、本番のサービスに登録しようとします",
            en="A development build tries to register with the production service",
        ),
        honest=False,
        format=Format.APP_ATTEST,
        make=acts.development_build,
        outcome=Outcome.REFUSED,
        code="app-attest/environment",
    ),
    Scene(
        title=Text(
            ja="登録済みのiPhoneが、1万円の送金依頼に署名します",
            en="The registered iPhone signs a request to transfer 10,000 yen",
        ),
        honest=True,
        format=Format.APP_ATTEST_ASSERTION,
        make=lambda world: acts.signed_request(world, stored=0),
        outcome=Outcome.ACCEPTED,
        facts=("app.identifier", "freshness.counter"),
    ),
    Scene(
        title=Text(
            ja="通信の途中で、送金額が9万円に改ざんされます",
            en="On its way the amount becomes 90,000 yen",
        ),
        honest=False,
        format=Format.APP_ATTEST_ASSERTION,
        make=lambda world: acts.signed_request(world, stored=0, tamper=True),
        outcome=Outcome.REFUSED,
        code="app-attest-assertion/signature",
    ),
    Scene(
        title=Text(
            ja="同じ署名付き依頼が、もう一度送られてきます",
            en="The same signed request arrives a second time",
        ),
        honest=False,
        format=Format.APP_ATTEST_ASSERTION,
        make=lambda world: acts.signed_request(world, stored=1),
        outcome=Outcome.REFUSED,
        code="app-attest-assertion/counter",
    ),
    Scene(
        title=Text(
            ja="App Attestのレシートから、端末ごとの登録数の目安（リスク指標）を読み取ります",
            en="An App Attest receipt tells how many keys this device registers (risk metric)",
        ),
        honest=True,
        format=Format.APP_ATTEST_RECEIPT,
        make=acts.risk_receipt,
        outcome=Outcome.ACCEPTED,
        facts=("detail.kind", "detail.risk_metric"),
    ),
    Scene(
        title=Text(
            ja="認証器の製造者が、登録されるパスキーを保証します",
            en="The maker of an authenticator vouches for the passkey that is registered",
        ),
        honest=True,
        format=Format.WEBAUTHN,
        make=acts.registered_passkey,
        outcome=Outcome.ACCEPTED,
        facts=("key.endorsement", "key.user_authentication", "detail.origin"),
        gaps=Gaps.REPORT,
    ),
    Scene(
        title=Text(
            ja="偽サイトが、正規の利用者のパスキーに署名させて中継します",
            en="A phishing site relays: the genuine user's passkey signs, but for the wrong origin",
        ),
        honest=False,
        format=Format.WEBAUTHN,
        make=lambda world: acts.signed_in(world, origin="https://bank.example.evil.test"),
        outcome=Outcome.REFUSED,
        code="webauthn/origin",
    ),
    Scene(
        title=Text(
            ja="複製された認証器が、古いカウンターのまま署名します",
            en="A cloned authenticator signs with a counter that is behind",
        ),
        honest=False,
        format=Format.WEBAUTHN,
        make=lambda world: acts.signed_in(world, stored=7),
        outcome=Outcome.REFUSED,
        code="webauthn/counter",
    ),
    Scene(
        title=Text(
            ja="Google Playが、端末とアプリの状態を証明します",
            en="Google Play vouches for device and app",
        ),
        honest=True,
        format=Format.PLAY_INTEGRITY,
        make=acts.play,
        outcome=Outcome.ACCEPTED,
        facts=("detail.device_labels", "detail.app_recognition"),
    ),
    Scene(
        title=Text(
            ja="別の操作のために取得したPlay Integrityトークンを転用します",
            en="A Play Integrity token obtained for another operation is put to use",
        ),
        honest=False,
        format=Format.PLAY_INTEGRITY,
        make=lambda world: acts.play(world, challenge=OTHER_CHALLENGE),
        outcome=Outcome.REFUSED,
        code="play-integrity/request-hash",
    ),
    Scene(
        title=Text(
            ja="正しい鍵で暗号化されていますが、署名はGoogleのものではありません",
            en="The encryption is right, but it is not Google that signed",
        ),
        honest=False,
        format=Format.PLAY_INTEGRITY,
        make=acts.self_signed_token,
        outcome=Outcome.REFUSED,
        code="play-integrity/signature",
    ),
)
