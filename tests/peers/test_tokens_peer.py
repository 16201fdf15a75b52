"""pyattest 1.0.5 beside us on Play Integrity tokens and SafetyNet responses.

Where it is right it is an oracle. Each disagreement is recorded here with who is right and why.
"""

import asyncio
import zlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from pyattest.attestation import Attestation
from pyattest.configs.google import GoogleConfig
from pyattest.configs.google_play_integrity_api import GooglePlayIntegrityApiConfig
from pyattest.exceptions import PyAttestException

from tests.support import make_test_anchor, refused, test_trust
from warifu.attestation.claims import Claims
from warifu.attestation.evidence import play_integrity, safetynet
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.evidence.facts.safetynet import SafetyNetExpectations
from warifu.attestation.evidence.rules import play_integrity as play_rules
from warifu.attestation.trust.anchors import AnchorUse
from warifu.attestation.trust.view import TrustView
from warifu.base.codec import jose
from warifu.base.codec.text import to_base64
from warifu.base.errors import BadEvidence
from warifu.base.secret import Secret
from warifu.handset import play_integrity as play_handset
from warifu.handset import safetynet as safetynet_handset
from warifu.handset.authority import Authority, new_key
from warifu.handset.jose_writer import make_jwe
from warifu.handset.play_integrity import PlayIntegrityDevice, honest_verdict
from warifu.handset.safetynet import SafetyNetServer

pytestmark = [
    pytest.mark.filterwarnings("ignore:Relying on the operating system:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:'extra_trust_roots' is deprecated:DeprecationWarning"),
]

AT = play_handset.MADE_AT + timedelta(seconds=5)
SIGNING_KEY = new_key()


def device(change: Callable[[dict[str, Any]], object] = lambda _: None) -> PlayIntegrityDevice:
    verdict = honest_verdict(classic=True)
    change(verdict)
    return PlayIntegrityDevice(verdict=verdict, signing_key=SIGNING_KEY)


def ours(token: bytes, **expected: Any) -> Claims:
    honest = device()
    return play_integrity.verify(
        token,
        expected=PlayIntegrityExpectations(
            app=play_handset.PACKAGE,
            challenge=play_handset.CHALLENGE,
            decryption_key=Secret(honest.decryption_key),
            verification_key=honest.verification_key,
            **expected,
        ),
        trust=TrustView(known_at=AT),
        at=AT,
    )


def theirs(token: bytes) -> None:
    honest = device()
    config = GooglePlayIntegrityApiConfig(
        decryption_key=to_base64(honest.decryption_key),
        verification_key=to_base64(honest.verification_key),
        apk_package_name=play_handset.PACKAGE,
        production=True,
    )
    attestation = Attestation(token.decode(), play_handset.CHALLENGE, config)
    asyncio.run(attestation.verify())


def peer_refuses(token: bytes) -> None:
    with pytest.raises(PyAttestException):
        theirs(token)


def test_both_accept_the_honest_classic_token() -> None:
    theirs(device().token())
    assert ours(device().token()).freshness.challenge_matches is True


@pytest.mark.parametrize(
    "change",
    [
        lambda verdict: verdict["requestDetails"].update(nonce="AAAA"),
        lambda verdict: verdict["requestDetails"].update(requestPackageName="jp.example.other"),
        lambda verdict: verdict["appIntegrity"].update(packageName="jp.example.other"),
        lambda verdict: verdict["appIntegrity"].update(appRecognitionVerdict="UNEVALUATED"),
        lambda verdict: verdict["deviceIntegrity"].update(
            deviceRecognitionVerdict=["MEETS_BASIC_INTEGRITY"]
        ),
    ],
    ids=["nonce", "request package", "app package", "recognition", "device"],
)
def test_both_refuse_one_wrong_field(change: Callable[[dict[str, Any]], object]) -> None:
    token = device(change).token()
    peer_refuses(token)
    with pytest.raises(BadEvidence):
        ours(
            token,
            app_recognition=frozenset({"PLAY_RECOGNIZED"}),
            device_labels=frozenset({"MEETS_DEVICE_INTEGRITY"}),
        )


def forged(made: PlayIntegrityDevice) -> None:
    made.signed_with = new_key()


def unsigned(made: PlayIntegrityDevice) -> None:
    made.inner_header, made.signed_with = {"alg": "none"}, b""


def mac(made: PlayIntegrityDevice) -> None:
    made.inner_header, made.signed_with = {"alg": "HS256"}, made.verification_key


@pytest.mark.parametrize("attack", [forged, unsigned, mac])
def test_both_refuse_a_forged_verdict(attack: Callable[[PlayIntegrityDevice], None]) -> None:
    made = device()
    attack(made)
    peer_refuses(made.token())
    with pytest.raises(BadEvidence):
        ours(made.token())


def test_peer_cannot_read_standard_requests() -> None:
    """We are right: a standard verdict has a request hash, and the peer looks for a nonce only."""
    made = PlayIntegrityDevice(verdict=honest_verdict(), signing_key=SIGNING_KEY)
    with pytest.raises(TypeError):
        theirs(made.token())
    assert ours(made.token()).freshness.challenge_matches is True


def test_peer_takes_old_verdicts() -> None:
    """We are right: the token has no expiry, so that its receiver must look at the timestamp."""
    token = device(lambda verdict: verdict["requestDetails"].update(timestampMillis="1")).token()
    theirs(token)
    with refused(play_rules.TIMESTAMP):
        ours(token)


def test_peer_takes_testing_responses() -> None:
    """We are right: a developer chose this verdict in the console, no device earned it."""
    token = device(
        lambda verdict: verdict.update(testingDetails={"isTestingResponse": True})
    ).token()
    theirs(token)
    with refused(play_rules.GENUINE_RESPONSE):
        ours(token)


def test_peer_crashes_on_the_documented_verdict_of_a_rooted_device() -> None:
    """We are right: an absent label is Google's way to say that nothing is met."""
    token = device(
        lambda verdict: verdict["deviceIntegrity"].pop("deviceRecognitionVerdict")
    ).token()
    with pytest.raises(TypeError):
        theirs(token)
    with refused(play_rules.DEVICE_RECOGNITION):
        ours(token, device_labels=frozenset({"MEETS_DEVICE_INTEGRITY"}))


@pytest.mark.parametrize("name", ["kid", "jku", "x5u"])
def test_peer_reads_past_headers_that_name_a_key(name: str) -> None:
    """Both are safe, since neither looks the key up. We refuse so that nobody ever will."""
    made = device()
    made.inner_header = {"alg": "ES256", name: "attacker"}
    theirs(made.token())
    with refused(jose.NO_KEY_REFERENCE):
        ours(made.token())


def test_peer_decompresses_what_a_token_asks_it_to() -> None:
    """We are right: Google never compresses, and decompressing is work an attacker can ask for."""
    made = device()
    header = {"alg": "A256KW", "enc": "A256GCM", "zip": "DEF"}
    token = make_jwe(header, zlib.compress(made.signed()), made.decryption_key)
    theirs(token)
    with refused(jose.NO_EXTENSION):
        ours(token)


def test_peer_can_judge_no_safetynet_response() -> None:
    """We are right: the peer calls a method that its own dependency has taken out.

    It would judge as of today besides, when every chain of the retired API has expired.
    """
    root = Authority.root("Peer Root", new_key("rsa2048"))
    made = SafetyNetServer(root=root, header={"alg": "RS256"}, signing_key=new_key("rsa2048"))
    config = GoogleConfig(
        key_ids=[to_base64(safetynet_handset.SIGNER).encode()],
        apk_package_name=safetynet_handset.PACKAGE,
        production=True,
        root_ca=root.certificate,
    )
    peer = Attestation(made.response().decode(), safetynet_handset.CHALLENGE, config)
    with pytest.raises(AttributeError, match="async_validate_tls"):
        asyncio.run(peer.verify())
    at = safetynet_handset.MADE_AT
    claims = safetynet.verify(
        made.response(),
        expected=SafetyNetExpectations(
            app=safetynet_handset.PACKAGE, challenge=safetynet_handset.CHALLENGE
        ),
        trust=test_trust(make_test_anchor(root.certificate, AnchorUse.SAFETYNET), known_at=at),
        at=at,
    )
    assert claims.anchor == "test-root"
