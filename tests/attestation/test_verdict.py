"""Verdicts are documents: they come back as they were, and replay to themselves."""

import json

import pytest
from msgspec.structs import replace

from tests.support import misuse, moment, no_statement
from warifu.attestation import verdict as verdicts
from warifu.attestation.claims import Format, Realm
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.examination import Gaps
from warifu.attestation.rule_book import RULES_BY_CODE
from warifu.attestation.verdict import READABLE_VERDICT, SAME_TRUST
from warifu.attestation.verifier import FORMATS
from warifu.base.errors import MalformedEvidence
from warifu.base.secret import Secret
from warifu.demo import play
from warifu.demo.scenes import SCENES
from warifu.demo.world import World


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.title.en)
def test_every_kind_of_verdict_replays_to_itself(scene: object) -> None:
    world = World()
    saved = play(scene, world)  # type: ignore[arg-type]
    again = verdicts.decode(verdicts.encode(saved))
    assert verdicts.encode(again) == verdicts.encode(saved)
    act = scene.make(world)  # type: ignore[attr-defined]
    secrets = (
        {"decryption_key": act.expected.decryption_key}
        if saved.format is Format.PLAY_INTEGRITY
        else {}
    )
    assert (
        verdicts.differences(saved, verdicts.replay(again, trust=act.trust, secrets=secrets)) == ()
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"document": "warifu-verdict/9"}', "\udcff"])
def test_another_document_is_no_verdict(text: str) -> None:
    with pytest.raises(MalformedEvidence) as caught:
        verdicts.decode(text.encode("utf-8", "surrogateescape"))
    assert caught.value.code == READABLE_VERDICT.code


def test_a_question_is_kept_as_it_was_asked() -> None:
    at, known_at = moment("2026-01-02T03:04:05Z"), moment("2026-01-03")
    expected = PlayIntegrityExpectations(app="jp.example.bank", decryption_key=Secret(bytes(32)))
    asked = verdicts.ask(
        Format.PLAY_INTEGRITY,
        b"evidence",
        expected=expected,
        at=at,
        known_at=known_at,
        gaps=Gaps.REPORT,
        realm=Realm.TEST,
    )
    assert asked == verdicts.Request(
        format=Format.PLAY_INTEGRITY,
        media_type=FORMATS[Format.PLAY_INTEGRITY].media_type,
        evidence=b"evidence",
        expected=asked.expected,
        at=at,
        known_at=known_at,
        gaps=Gaps.REPORT,
        realm=Realm.TEST,
        snapshots={},
    )
    assert asked.expected["app"] == "jp.example.bank"
    assert asked.expected["decryption_key"] is None
    assert asked.expected.keys() == set(expected.__struct_fields__)


def test_a_refusal_says_why_in_all_words() -> None:
    world = World()
    refused = next(
        verdict
        for verdict in (play(scene, world) for scene in SCENES)
        if verdict.verdict is verdicts.Outcome.REFUSED
    )
    (reason,) = refused.reasons
    rule = RULES_BY_CODE[reason.code]
    assert (reason.clause, reason.ja, reason.en) == (
        rule.clause,
        rule.requires.ja,
        rule.requires.en,
    )
    assert reason.detail
    assert refused.request.snapshots == dict(world.trust().snapshots)


def test_a_document_beyond_the_limit_is_not_read() -> None:
    with pytest.raises(MalformedEvidence) as caught:
        verdicts.decode(bytes(verdicts.MAX_DOCUMENT_BYTES + 1))
    assert caught.value.code == READABLE_VERDICT.code


def test_a_document_of_another_version_is_not_read() -> None:
    document = json.loads(verdicts.encode(play(SCENES[0], World())))
    document["document"] = "warifu-verdict/9"
    with pytest.raises(MalformedEvidence) as caught:
        verdicts.decode(json.dumps(document).encode())
    assert caught.value.code == READABLE_VERDICT.code


def test_expectations_of_another_shape_are_the_callers_fault() -> None:
    world = World()
    saved = play(SCENES[0], world)
    document = json.loads(verdicts.encode(saved))
    document["request"]["expected"] = {"challenge": 7}
    damaged = verdicts.decode(json.dumps(document).encode())
    with misuse(READABLE_VERDICT):
        verdicts.replay(damaged, trust=world.trust(), secrets={})


def test_a_replay_under_other_trust_is_no_replay() -> None:
    world = World()
    scene = SCENES[0]
    saved = play(scene, world)
    trust = replace(scene.make(world).trust, snapshots={"anchors": "00" * 32})
    with no_statement(SAME_TRUST):
        verdicts.replay(saved, trust=trust, secrets={})
