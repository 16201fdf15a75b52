"""The scenes of the demo as a table: who comes, with what evidence, and what must come out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from warifu.attestation.claims import Format, Realm
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.evidence.facts.app_attest import AppAttestExpectations, Environment
from warifu.attestation.evidence.facts.app_attest_assertion import AppAttestAssertionExpectations
from warifu.attestation.evidence.facts.app_attest_receipt import AppAttestReceiptExpectations
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.examination import Gaps
from warifu.attestation.expectations import Expectations
from warifu.attestation.trust import revocation
from warifu.attestation.trust.anchors import Anchor, AnchorUse, ValidityRule, make_anchor
from warifu.attestation.trust.view import TrustView
from warifu.attestation.verdict import Outcome
from warifu.base.pki.certificate import read_certificate
from warifu.base.rule import Text
from warifu.handset import android_key as android
from warifu.handset import app_attest, play_integrity
from warifu.handset.android_key import AndroidEvidence
from warifu.handset.authority import new_key

CHALLENGE = b"warifu demo challenge, issued once"
OTHER_CHALLENGE = b"a challenge issued to somebody else"


@dataclass(frozen=True, kw_only=True)
class Act:
    """What a scene brings before the verifier."""

    evidence: bytes
    expected: Expectations
    trust: TrustView
    at: datetime


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


@dataclass(kw_only=True)
class World:
    """A test world made now: phones, their makers' roots, and what is believed of them."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @cached_property
    def phone(self) -> android.AndroidPhone:
        """An honest Android phone with a factory key."""
        return android.AndroidPhone.factory()

    @cached_property
    def phone_root(self) -> bytes:
        """The root of the phone's maker, DER; signed once, so that it stays the same bytes."""
        return self.phone.root

    @cached_property
    def iphone(self) -> app_attest.AppAttestDevice:
        """An honest iPhone."""
        return app_attest.AppAttestDevice(made_at=self.now)

    @cached_property
    def play(self) -> play_integrity.PlayIntegrityDevice:
        """A device that asks Google Play about itself."""
        device = play_integrity.PlayIntegrityDevice()
        assert isinstance(device.verdict, dict)  # noqa: S101 - as it is made
        stamp = str(int(self.now.timestamp() * 1000))
        device.verdict["requestDetails"]["timestampMillis"] = stamp
        return device

    def trust(self, *, revoked: tuple[int, ...] = (), age: timedelta = timedelta(0)) -> TrustView:
        """What is believed: this world's roots, and a revocation list confirmed `age` ago."""
        entries = {str(serial): {"status": "REVOKED"} for serial in revoked}
        data = json.dumps({"entries": entries}).encode()
        apple = self.iphone.apple
        outlives = ValidityRule.OUTLIVES_CERTIFICATE
        return TrustView(
            known_at=self.now,
            realm=Realm.TEST,
            anchors=(
                _anchor("test-google", self.phone_root, AnchorUse.ANDROID_KEY, outlives),
                _anchor("test-apple", apple.root.certificate, AnchorUse.APP_ATTEST),
                _anchor(
                    "test-apple-g3", apple.receipt_root.certificate, AnchorUse.APP_ATTEST_RECEIPT
                ),
            ),
            revocation=revocation.parse(data, confirmed_at=self.now - age),
        )

    def android(self, evidence: bytes, trust: TrustView | None = None, **expected: object) -> Act:
        """Evidence of an Android key held against what the bank expects."""
        known: dict[str, Any] = {
            "challenge": CHALLENGE,
            "app": android.PACKAGE,
            "signers": frozenset({android.SIGNER}),
        }
        return Act(
            evidence=evidence,
            expected=AndroidKeyExpectations(**(known | expected)),
            trust=trust or self.trust(),
            at=self.now,
        )

    def attest(self) -> AndroidEvidence:
        """Honest evidence of the Android phone, to be changed or not."""
        return self.phone.attest(challenge=CHALLENGE, made_at=self.now)


def _anchor(
    name: str, certificate: bytes, use: AnchorUse, rule: ValidityRule = ValidityRule.ENFORCED
) -> Anchor:
    return make_anchor(read_certificate(certificate), name=name, uses=[use], validity=rule)


def _honest_phone(world: World) -> Act:
    return world.android(world.attest().pem())


def _unlocked_phone(world: World) -> Act:
    evidence = world.attest()
    rooted = android.root_of_trust(
        locked=False, state=android.UNVERIFIED, boot_key=bytes(len(android.BOOT_KEY))
    )
    evidence.description.hardware.set(704, rooted)
    return world.android(evidence.pem())


def _replayed_evidence(world: World) -> Act:
    evidence = world.phone.attest(challenge=OTHER_CHALLENGE, made_at=world.now)
    return world.android(evidence.pem())


def _repackaged_app(world: World) -> Act:
    evidence = world.attest()
    forged = android.application(signers=(bytes(reversed(android.SIGNER)),))
    evidence.description.software.set(709, forged)
    return world.android(evidence.pem())


def _extended_chain(world: World) -> Act:
    evidence = world.attest()
    evidence.extend(android.described_key(android.describe(CHALLENGE, world.now)))
    return world.android(evidence.pem())


def _own_authority(world: World) -> Act:
    impostor = android.AndroidPhone.factory()
    return world.android(impostor.attest(challenge=CHALLENGE, made_at=world.now).pem())


def _leaked_key(world: World) -> Act:
    serial = world.phone.authorities[0].draft.serial
    return world.android(world.attest().pem(), world.trust(revoked=(serial,)))


def _stale_list(world: World) -> Act:
    return world.android(world.attest().pem(), world.trust(age=timedelta(days=3)))


def _honest_iphone(world: World) -> Act:
    return _apple(world, world.iphone.attestation(CHALLENGE).encode())


def _development_build(world: World) -> Act:
    device = app_attest.AppAttestDevice(
        apple=world.iphone.apple, made_at=world.now, aaguid=app_attest.DEVELOPMENT
    )
    return _apple(world, device.attestation(CHALLENGE).encode(), device)


def _apple(world: World, evidence: bytes, device: app_attest.AppAttestDevice | None = None) -> Act:
    return Act(
        evidence=evidence,
        expected=AppAttestExpectations(
            challenge=CHALLENGE,
            app=app_attest.APP,
            key_identifier=(device or world.iphone).key_identifier,
            environment=Environment.PRODUCTION,
        ),
        trust=world.trust(),
        at=world.now,
    )


def _signed_request(world: World, *, stored: int, tamper: bool = False) -> Act:
    request = json.dumps({"challenge": CHALLENGE.decode(), "transfer": "10000 JPY"}).encode()
    device = app_attest.AppAttestDevice(
        apple=world.iphone.apple, key=world.iphone.key, made_at=world.now
    )
    evidence = device.assertion(request).encode()
    seen = request.replace(b"10000", b"90000") if tamper else request
    return Act(
        evidence=evidence,
        expected=AppAttestAssertionExpectations(
            challenge=CHALLENGE,
            app=app_attest.APP,
            public_key=device.public_key,
            client_data=seen,
            counter=stored,
        ),
        trust=world.trust(),
        at=world.now,
    )


def _risk_receipt(world: World) -> Act:
    return Act(
        evidence=world.iphone.receipt(risk_metric=2).encode(),
        expected=AppAttestReceiptExpectations(
            app=app_attest.APP, public_key=world.iphone.public_key
        ),
        trust=world.trust(),
        at=world.now,
    )


def _play(world: World, *, challenge: bytes = play_integrity.CHALLENGE) -> Act:
    device = world.play
    return Act(
        evidence=device.token(),
        expected=PlayIntegrityExpectations(
            challenge=challenge,
            app=play_integrity.PACKAGE,
            decryption_key=device.decryption_key,
            verification_key=device.verification_key,
        ),
        trust=world.trust(),
        at=world.now,
    )


def _self_signed_token(world: World) -> Act:
    act = _play(world)
    forged = play_integrity.PlayIntegrityDevice(
        verdict=world.play.verdict,
        decryption_key=world.play.decryption_key,
        signed_with=new_key(),
    )
    return Act(evidence=forged.token(), expected=act.expected, trust=act.trust, at=act.at)


_BOOT = ("boot.locked", "boot.state", "operating_system.patch_level", "key.security_level")

SCENES: tuple[Scene, ...] = (
    Scene(
        title=Text(
            ja="工場出荷時のままのAndroid端末が、銀行アプリの鍵を証明します",
            en="An Android phone as it left the factory attests the bank app's key",
        ),
        honest=True,
        format=Format.ANDROID_KEY,
        make=_honest_phone,
        outcome=Outcome.ACCEPTED,
        facts=(*_BOOT, "app.identifier"),
    ),
    Scene(
        title=Text(
            ja="ブートローダーを解除した端末は、解除した事実を自ら証明することになります",
            en="A phone with an unlocked bootloader cannot help proving that it is unlocked",
        ),
        honest=False,
        format=Format.ANDROID_KEY,
        make=_unlocked_phone,
        outcome=Outcome.ACCEPTED,
        facts=_BOOT,
        note=Text(
            ja="検証器が返すのは事実です。この端末に送金を許すかどうかは、評価の方針が決めます。",
            en="The verifier returns facts. Whether this phone may move money is for policy.",
        ),
    ),
    Scene(
        title=Text(
            ja="別の利用者あてのチャレンジで作られた証拠を使い回します",
            en="Evidence made for somebody else's challenge is replayed",
        ),
        honest=False,
        format=Format.ANDROID_KEY,
        make=_replayed_evidence,
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
        make=_repackaged_app,
        outcome=Outcome.REFUSED,
        code="android-key/app-signers",
    ),
    Scene(
        title=Text(
            ja="アプリの鍵で証明書をもう一枚発行し、都合のよい内容を書き加えます",
            en="The app's own key signs one more certificate that says what the attacker likes",
        ),
        honest=False,
        format=Format.ANDROID_KEY,
        make=_extended_chain,
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
        make=_own_authority,
        outcome=Outcome.REFUSED,
        code="pki/signature",
    ),
    Scene(
        title=Text(
            ja="流出して失効した工場の鍵で証明します",
            en="A leaked factory key, since revoked, attests",
        ),
        honest=False,
        format=Format.ANDROID_KEY,
        make=_leaked_key,
        outcome=Outcome.REFUSED,
        code="android-key/not-revoked",
    ),
    Scene(
        title=Text(
            ja="端末は正直ですが、こちらの失効リストが三日前のものです",
            en="The phone is honest, but our revocation list is three days old",
        ),
        honest=True,
        format=Format.ANDROID_KEY,
        make=_stale_list,
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
        make=_honest_iphone,
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
        make=_development_build,
        outcome=Outcome.REFUSED,
        code="app-attest/environment",
    ),
    Scene(
        title=Text(
            ja="登録済みのiPhoneが、一万円の送金依頼に署名します",
            en="The registered iPhone signs a request to transfer 10,000 yen",
        ),
        honest=True,
        format=Format.APP_ATTEST_ASSERTION,
        make=lambda world: _signed_request(world, stored=0),
        outcome=Outcome.ACCEPTED,
        facts=("app.identifier", "freshness.counter"),
    ),
    Scene(
        title=Text(
            ja="通信の途中で、送金額が九万円に書き換えられます",
            en="On its way the amount becomes 90,000 yen",
        ),
        honest=False,
        format=Format.APP_ATTEST_ASSERTION,
        make=lambda world: _signed_request(world, stored=0, tamper=True),
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
        make=lambda world: _signed_request(world, stored=1),
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
        make=_risk_receipt,
        outcome=Outcome.ACCEPTED,
        facts=("detail.kind", "detail.risk_metric"),
    ),
    Scene(
        title=Text(
            ja="Google Playが、端末とアプリの状態を証明します",
            en="Google Play vouches for device and app",
        ),
        honest=True,
        format=Format.PLAY_INTEGRITY,
        make=_play,
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
        make=lambda world: _play(world, challenge=OTHER_CHALLENGE),
        outcome=Outcome.REFUSED,
        code="play-integrity/request-hash",
    ),
    Scene(
        title=Text(
            ja="復号鍵は正しいものの、署名はGoogleのものではありません",
            en="The encryption is right, but it is not Google that signed",
        ),
        honest=False,
        format=Format.PLAY_INTEGRITY,
        make=_self_signed_token,
        outcome=Outcome.REFUSED,
        code="play-integrity/signature",
    ),
)
