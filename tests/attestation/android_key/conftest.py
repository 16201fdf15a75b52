"""Phones of the test world; drafts are copied into each evidence, so phones can be shared."""

import pytest

from tests.attestation.android_key.world import AT, evidence_of
from warifu.handset.android_key import STRONGBOX, AndroidEvidence, AndroidPhone


@pytest.fixture(scope="session")
def phone() -> AndroidPhone:
    return AndroidPhone.factory()


@pytest.fixture(scope="session")
def remote_phone() -> AndroidPhone:
    return AndroidPhone.remote(made_at=AT)


@pytest.fixture(scope="session")
def strongbox_phone() -> AndroidPhone:
    return AndroidPhone.factory(level=STRONGBOX)


@pytest.fixture
def evidence(phone: AndroidPhone) -> AndroidEvidence:
    return evidence_of(phone)
