"""Many verifications over processes: in order, each with its own outcome."""

import pickle
from collections.abc import Iterator
from datetime import timedelta
from itertools import count, islice

import pytest

from tests.support import misuse
from warifu.attestation.claims import Claims
from warifu.attestation.evidence.facts.play_integrity import PlayIntegrityExpectations
from warifu.attestation.evidence.rules import play_integrity as rules
from warifu.attestation.trust.view import TrustView
from warifu.attestation.verifier import Evidence
from warifu.base.codec.jose import WELL_FORMED
from warifu.base.errors import BadEvidence, MalformedEvidence, WarifuError
from warifu.base.secret import Secret
from warifu.handset.play_integrity import (
    CHALLENGE,
    MADE_AT,
    PACKAGE,
    PlayIntegrityDevice,
    honest_verdict,
)
from warifu.service.rules import WORKERS
from warifu.service.workers.batch import CHUNK, CHUNKS_AHEAD, Request, keep_claims, verify_many

AT = MADE_AT + timedelta(seconds=5)
TRUST = TrustView(known_at=AT)
DEVICE = PlayIntegrityDevice()
VERSIONS = range(2 * CHUNK + 3)


def token(version: int) -> bytes:
    verdict = honest_verdict()
    verdict["appIntegrity"]["versionCode"] = str(version)
    DEVICE.verdict = verdict
    return DEVICE.token()


def request(data: bytes, *, app: str = PACKAGE) -> Request:
    return Request(
        evidence=Evidence(media_type="application/vnd.warifu.play-integrity", data=data),
        expected=PlayIntegrityExpectations(
            app=app,
            challenge=CHALLENGE,
            decryption_key=Secret(DEVICE.decryption_key),
            verification_key=DEVICE.verification_key,
        ),
        at=AT,
    )


def version_of(claims: Claims) -> int | None:
    return claims.app.packages[0].version if claims.app else None


@pytest.fixture(scope="module")
def tokens() -> list[bytes]:
    return [token(version) for version in VERSIONS]


@pytest.mark.parametrize("workers", [1, 2])
def test_outcomes_come_in_the_order_of_the_requests(workers: int, tokens: list[bytes]) -> None:
    found = verify_many(map(request, tokens), trust=TRUST, workers=workers, finish=version_of)
    assert list(found) == list(VERSIONS)


@pytest.mark.parametrize("workers", [1, 2])
def test_one_bad_piece_of_evidence_yields_its_error_and_stops_nothing(
    workers: int, tokens: list[bytes]
) -> None:
    requests = [
        request(tokens[1]),
        request(b"not a token"),
        request(tokens[2], app="jp.example.thief"),
        request(tokens[3]),
    ]
    first, malformed, stolen, last = verify_many(
        requests, trust=TRUST, workers=workers, finish=version_of
    )
    assert (first, last) == (1, 3)
    assert type(malformed) is MalformedEvidence
    assert malformed.rule == WELL_FORMED
    assert type(stolen) is BadEvidence
    assert stolen.rule == rules.REQUEST_PACKAGE
    assert "jp.example.bank" in stolen.detail


def test_processes_prove_the_same_facts(tokens: list[bytes]) -> None:
    requests = [request(data) for data in tokens[:3]]
    alone, together = (
        list(verify_many(requests, trust=TRUST, workers=workers, finish=keep_claims))
        for workers in (1, 2)
    )
    assert alone == together
    assert all(isinstance(claims, Claims) for claims in alone)


def test_an_endless_stream_is_read_only_as_far_ahead_as_stated(tokens: list[bytes]) -> None:
    read = count()

    def endless() -> Iterator[Request]:
        while True:
            next(read)
            yield request(tokens[0])

    outcomes = verify_many(endless(), trust=TRUST, workers=2, finish=version_of)
    assert list(islice(outcomes, 3)) == [0, 0, 0]
    outcomes.close()
    assert next(read) <= 2 * CHUNK * CHUNKS_AHEAD


def test_no_worker_at_all_is_misuse() -> None:
    with misuse(WORKERS):
        verify_many([], trust=TRUST, workers=0, finish=keep_claims)


def test_a_secret_is_still_not_pickled_anywhere_else() -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(request(b""))


def test_an_error_crosses_processes_whole() -> None:
    error = BadEvidence(rules.REQUEST_PACKAGE, "seen")
    returned: WarifuError = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(returned) is BadEvidence
    assert (returned.rule, returned.detail) == (error.rule, error.detail)
    assert str(returned) == str(error)
