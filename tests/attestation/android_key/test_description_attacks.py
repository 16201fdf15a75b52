"""Attacks on what is said about the key: levels, boot state, challenge, app, and the encoding."""

import pytest

from tests.attestation.android_key.world import (
    AT,
    CHALLENGE,
    EXPECTED,
    detail_of,
    evidence_of,
    judge,
    used,
)
from tests.support import refused
from warifu.attestation.evidence import android_key
from warifu.attestation.evidence.facts.android_key import AndroidKeyExpectations
from warifu.attestation.evidence.readers import key_description as reader
from warifu.attestation.evidence.readers.authorization_tags import TAGS, Encoding
from warifu.attestation.evidence.rules import android_key as rules
from warifu.attestation.examination import Gaps
from warifu.base.codec import der
from warifu.handset import der_writer as w
from warifu.handset.android_key import (
    PACKAGE,
    SIGNER,
    SOFTWARE,
    STRONGBOX,
    TRUSTED_ENVIRONMENT,
    AndroidEvidence,
    AndroidPhone,
    application,
    integers,
    root_of_trust,
)
from warifu.handset.authority import new_key, spki


@pytest.mark.parametrize("keymint_level", [SOFTWARE, STRONGBOX])
def test_a_key_at_another_level_than_its_attestation_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, keymint_level: int
) -> None:
    evidence.description.keymint_level = keymint_level
    with refused(rules.LEVELS_AGREE):
        judge(evidence, phone)


def test_a_tee_that_poses_as_strongbox_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.attestation_level = STRONGBOX
    evidence.description.keymint_level = STRONGBOX
    with refused(rules.LEVEL_OF_BATCH):
        judge(evidence, phone)


def test_a_remote_strongbox_that_poses_as_tee_is_refused() -> None:
    phone = AndroidPhone.remote(made_at=AT, level=STRONGBOX)
    evidence = evidence_of(phone)
    evidence.description.attestation_level = TRUSTED_ENVIRONMENT
    evidence.description.keymint_level = TRUSTED_ENVIRONMENT
    with refused(rules.LEVEL_OF_BATCH):
        judge(evidence, phone)


def test_hardware_that_is_silent_about_its_root_of_trust_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.remove(704)
    with refused(rules.ROOT_OF_TRUST):
        judge(evidence, phone)


def test_a_root_of_trust_moved_to_the_software_list_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.remove(704)
    evidence.description.software.set(704, root_of_trust())
    with refused(rules.ROOT_OF_TRUST):
        judge(evidence, phone)


def test_a_second_root_of_trust_told_by_software_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.set(704, root_of_trust(locked=False))
    evidence.description.software.set(704, root_of_trust(locked=True))
    with refused(rules.ROOT_OF_TRUST):
        judge(evidence, phone)


@pytest.mark.parametrize("kind", ["rsa2048", "p256"])
def test_a_key_of_another_algorithm_than_described_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, kind: str
) -> None:
    evidence.leaf.draft.public_key = spki(new_key(kind))
    evidence.description.hardware.set(2, w.integer(3 if kind == "rsa2048" else 1))
    with refused(rules.KEY_FITS):
        judge(evidence, phone)


@pytest.mark.parametrize("algorithm", [None, 32, 128], ids=["none", "aes", "hmac"])
def test_a_description_that_fits_no_certified_key_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, algorithm: int | None
) -> None:
    evidence.description.hardware.remove(2)
    if algorithm is not None:
        evidence.description.hardware.set(2, w.integer(algorithm))
    with refused(rules.KEY_FITS):
        judge(evidence, phone)


def test_a_description_of_an_algorithm_newer_than_this_code_is_accepted(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.set(2, w.integer(5))
    assert detail_of(judge(evidence, phone)).hardware_enforced.algorithm == 5


@pytest.mark.parametrize("challenge", [b"", CHALLENGE[:-1], CHALLENGE + b"\0", b"\0" + CHALLENGE])
def test_a_statement_for_another_challenge_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, challenge: bytes
) -> None:
    evidence.description.challenge = challenge
    with refused(rules.CHALLENGE):
        judge(evidence, phone)


def test_a_statement_for_another_app_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.software.set(709, application({"evil.example": 1}))
    with refused(rules.APP):
        judge(evidence, phone)


@pytest.mark.parametrize("packages", [{}, {android_key.UNKNOWN_PACKAGE: 1}])
def test_a_statement_for_an_app_the_phone_could_not_name_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, packages: dict[str, int]
) -> None:
    evidence.description.software.set(709, application(packages))
    with refused(rules.APP_KNOWN):
        judge(evidence, phone)


def test_a_statement_without_application_id_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.software.remove(709)
    with refused(rules.APP_KNOWN):
        judge(evidence, phone)


@pytest.mark.parametrize("signers", [(), (b"\0" * 32,), (SIGNER, b"\0" * 32)])
def test_a_repackaged_app_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, signers: tuple[bytes, ...]
) -> None:
    evidence.description.software.set(709, application(signers=signers))
    with refused(rules.APP_SIGNERS):
        judge(evidence, phone)


def test_signers_are_checked_even_where_the_phone_names_no_app(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.software.remove(709)
    expected = AndroidKeyExpectations(challenge=CHALLENGE, signers=EXPECTED.signers)
    with refused(rules.APP_SIGNERS):
        judge(evidence, phone, expected=expected, gaps=Gaps.REPORT)


def test_packages_that_share_the_user_id_are_all_reported(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.software.set(709, application({PACKAGE: 42, "jp.example.other": 7}))
    claims = judge(evidence, phone)
    assert claims.app is not None
    assert claims.app.identifier == PACKAGE
    assert {package.name for package in claims.app.packages} == {PACKAGE, "jp.example.other"}


def test_a_ninth_field_is_refused(phone: AndroidPhone, evidence: AndroidEvidence) -> None:
    evidence.description.excess = w.null()
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


@pytest.mark.parametrize("which", ["hardware", "software"])
@pytest.mark.parametrize("number", [704, 2999])
def test_a_tag_that_appears_twice_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, which: str, number: int
) -> None:
    listed = getattr(evidence.description, which)
    listed.items += [(number, root_of_trust()), (number, root_of_trust(locked=False))]
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


def test_tags_out_of_order_are_tolerated_and_counted(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.items.reverse()
    assert used(judge(evidence, phone)) == {reader.TAGS_UNORDERED.name: 1}


def test_a_tag_repeated_after_disorder_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.items.reverse()
    evidence.description.hardware.items.append((704, root_of_trust(locked=False)))
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


@pytest.mark.parametrize("level", ["attestation_level", "keymint_level"])
@pytest.mark.parametrize("value", [3, -1, 256])
def test_a_level_that_does_not_exist_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, level: str, value: int
) -> None:
    setattr(evidence.description, level, value)
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


@pytest.mark.parametrize("version", [-1, reader.MAX_VERSION + 1])
def test_a_version_out_of_range_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, version: int
) -> None:
    evidence.description.attestation_version = version
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


def test_a_boot_state_that_does_not_exist_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.set(704, root_of_trust(state=4))
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


def test_a_fifth_field_in_the_root_of_trust_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    sound = root_of_trust()
    evidence.description.hardware.set(704, w.tlv(0x30, sound[2:] + w.null()))
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


def test_true_that_is_not_ff_is_tolerated_and_counted(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.set(704, root_of_trust(true=0x01))
    claims = judge(evidence, phone)
    assert used(claims) == {der.TRUE_NOT_FF.name: 1}
    assert claims.boot is not None
    assert claims.boot.locked is True


@pytest.mark.parametrize(
    "value",
    [
        w.octet_string(b"\x03"),
        w.integer(3) + w.integer(3),
        b"",
        w.tlv(0x05, b""),
    ],
)
def test_a_tag_that_holds_another_type_or_two_elements_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, value: bytes
) -> None:
    evidence.description.hardware.set(3, value)
    with refused(reader.WELL_FORMED if value else der.WELL_FORMED):
        judge(evidence, phone)


def test_a_flag_with_content_is_refused(phone: AndroidPhone, evidence: AndroidEvidence) -> None:
    evidence.description.hardware.set(503, w.tlv(0x05, b"\0"))
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


@pytest.mark.parametrize(
    "written",
    [
        b"\xbf\x03\x02\x05\x00",  # tag 3 in the high form
        b"\xbf\x80\x03\x02\x05\x00",  # a number with a leading zero
        b"\xbf\x85\x02\x05\x00",  # a tag number cut short
        b"\xa3\x81\x03\x02\x01\x03",  # a long length where a short one would do
        b"\xa3\x04\x02\x01\x03",  # content that passes the end of its list
        b"\xa3\x03\x02\x02\x03",  # an inner element that passes its end
        b"\xa3\x80\x02\x01\x03\x00\x00",  # indefinite length
        b"\xa3",
    ],
)
def test_a_tag_that_is_no_der_is_refused(written: bytes) -> None:
    with refused(der.WELL_FORMED):
        reader.read_authorizations(written, 0, len(written), [])


@pytest.mark.parametrize("written", [b"\x02\x01\x03", b"\x83\x01\x03", b"\xa0\x03\x02\x01\x03"])
def test_an_element_that_is_no_explicit_tag_is_refused(written: bytes) -> None:
    with refused(reader.WELL_FORMED):
        reader.read_authorizations(written, 0, len(written), [])


def test_an_integer_that_is_not_minimal_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.set(706, w.tlv(0x02, b"\0\0\x01"))
    with refused(der.WELL_FORMED):
        judge(evidence, phone)


def test_a_set_of_too_many_values_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    evidence.description.hardware.set(1, integers(*range(reader.MAX_SET_VALUES + 1)))
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


def test_an_oversized_description_is_refused() -> None:
    with refused(reader.WELL_FORMED):
        reader.read_key_description(w.tlv(0x30, bytes(reader.MAX_DESCRIPTION_BYTES)))


def test_an_oversized_application_id_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    huge = application({"x" * reader.MAX_APPLICATION_BYTES: 1})
    evidence.description.software.set(709, huge)
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


@pytest.mark.parametrize(
    "inner",
    [
        w.sequence(w.set_of(), w.set_of(), w.null()),
        w.sequence(w.set_of(), w.set_of()) + w.null(),
        w.sequence(w.set_of(w.sequence(w.octet_string(b"a"), w.integer(1), w.null())), w.set_of()),
    ],
)
def test_an_application_id_with_excess_bytes_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence, inner: bytes
) -> None:
    evidence.description.software.set(709, w.octet_string(inner))
    with refused(reader.WELL_FORMED):
        judge(evidence, phone)


def test_a_package_name_that_is_no_text_is_refused(
    phone: AndroidPhone, evidence: AndroidEvidence
) -> None:
    listed = w.set_of(w.sequence(w.octet_string(b"\xff"), w.integer(1)))
    evidence.description.software.set(709, w.octet_string(w.sequence(listed, w.set_of())))
    with refused(der.WELL_FORMED):
        judge(evidence, phone)


_SAMPLES: dict[Encoding, tuple[bytes, object]] = {
    Encoding.INTEGER: (w.integer(123456), 123456),
    Encoding.INTEGERS: (integers(1, 2), (1, 2)),
    Encoding.FLAG: (w.null(), True),
    Encoding.OCTETS: (w.octet_string(b"\0\1" * 70), b"\0\1" * 70),
    Encoding.TEXT: (w.octet_string("東京".encode()), "東京"),
}


@pytest.mark.parametrize(
    ("number", "field", "encoding"),
    [(tag.number, tag.field, tag.encoding) for tag in TAGS if tag.encoding in _SAMPLES],
)
def test_every_known_tag_is_read(number: int, field: str, encoding: Encoding) -> None:
    value, meant = _SAMPLES[encoding]
    written = w.context(number, value)
    used_leniencies: list[object] = []
    found = reader.read_authorizations(written, 0, len(written), used_leniencies)  # type: ignore[arg-type]
    assert getattr(found, field) == meant
    assert used_leniencies == []


def test_a_repeatable_tag_written_as_one_integer_is_read() -> None:
    written = w.context(502, w.integer(7))
    assert reader.read_authorizations(written, 0, len(written), []).user_secure_id == (7,)


@pytest.mark.parametrize("number", [12, 30, 31, 127, 128, 725, 2000, 100_000])
def test_an_unknown_tag_is_kept_raw_and_counted(
    phone: AndroidPhone, evidence: AndroidEvidence, number: int
) -> None:
    evidence.description.hardware.set(number, w.octet_string(b"new"))
    claims = judge(evidence, phone)
    assert used(claims) == {reader.UNKNOWN_TAG.name: 1}
    assert detail_of(claims).hardware_enforced.unknown == {number: w.octet_string(b"new").hex()}


@pytest.mark.parametrize("version", [1, 2, 3, 4, 100, 200, 300, 400, 500])
def test_every_attestation_version_is_known(
    phone: AndroidPhone, evidence: AndroidEvidence, version: int
) -> None:
    evidence.description.attestation_version = version
    assert judge(evidence, phone).leniencies == ()


@pytest.mark.parametrize("field", ["attestation_version", "keymint_version"])
def test_an_unknown_version_is_tolerated_and_counted(
    phone: AndroidPhone, evidence: AndroidEvidence, field: str
) -> None:
    setattr(evidence.description, field, 600)
    assert used(judge(evidence, phone)) == {reader.UNKNOWN_VERSION.name: 1}


def test_a_hostile_list_of_unknown_tags_costs_no_more_than_linear_time() -> None:
    numbers = [*range(3000, 4000), *range(2000, 3000)]
    written = b"".join(w.context(number, w.null()) for number in numbers)
    assert len(reader.read_authorizations(written, 0, len(written), []).unknown) == len(numbers)
