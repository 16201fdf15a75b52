"""Google's revocation list: both spellings, real lists, staleness, hostile lists."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import moment, no_statement
from warifu.attestation.trust import rules
from warifu.attestation.trust.revocation import (
    MAX_AGE,
    MAX_ENTRIES,
    MAX_UNREADABLE,
    RevocationList,
    RevocationStatus,
    bearers,
    parse,
)
from warifu.base.errors import WarifuError

NOW = moment("2025-01-08T12:00:00Z")
REVOKED = {"status": "REVOKED", "reason": "KEY_COMPROMISE"}


def make_list(**entries: object) -> RevocationList:
    return parse(json.dumps({"entries": entries}).encode(), confirmed_at=NOW)


def real_list(vectors: Path, day: str) -> RevocationList:
    data = (vectors / "google-revocation-status" / f"status-{day}.json").read_bytes()
    return parse(data, confirmed_at=moment(day))


@pytest.mark.parametrize(
    ("day", "entries", "decimal"),
    [("2021-10-10", 15, 11), ("2023-05-28", 46, 25), ("2025-01-08", 467, 161)],
)
def test_real_lists_are_read_in_both_spellings(
    vectors: Path, day: str, entries: int, decimal: int
) -> None:
    listed = real_list(vectors, day)
    assert len(listed.entries) == entries
    assert listed.unknown == ()
    in_decimal = [e for serial, e in listed.entries.items() if e.key == str(serial)]
    assert len(in_decimal) == decimal
    assert all(int(e.key) < 2**64 and 17 <= len(e.key) <= 20 for e in in_decimal)
    in_hex = [e for serial, e in listed.entries.items() if e.key == f"{serial:x}"]
    assert len(in_hex) == entries - decimal
    assert all(not e.key.isdigit() and len(e.key) >= 30 for e in in_hex)


@pytest.mark.parametrize("day", ["2021-10-10", "2023-05-28", "2025-01-08"])
@pytest.mark.parametrize(
    ("serial", "reason"),
    [
        (0x5CB838F1FE157A85, "KEY_COMPROMISE"),
        (0x82908BBF5437C9B1, "KEY_COMPROMISE"),
        (0xF277E2565B15FD0B, "SOFTWARE_FLAW"),
        (0xC35747A084470C3135AEEFE2B8D40CD6, "KEY_COMPROMISE"),
    ],
)
def test_a_really_revoked_serial_is_found(
    vectors: Path, day: str, serial: int, reason: str
) -> None:
    entry = real_list(vectors, day).find(serial)
    assert entry is not None
    assert (entry.status, entry.reason) == (RevocationStatus.REVOKED, reason)


@pytest.mark.parametrize("serial", [0x5CB838F1FE157A86, 0x01, 0x6681152659205225093])
def test_a_serial_that_is_not_listed_is_not_found(vectors: Path, serial: int) -> None:
    """The last one has as hex digits what the list has as decimal digits."""
    assert real_list(vectors, "2025-01-08").find(serial) is None


def test_what_was_revoked_depends_on_the_list_of_that_time(vectors: Path) -> None:
    lists = [real_list(vectors, day) for day in ("2021-10-10", "2023-05-28", "2025-01-08")]
    earlier, middle, later = (set(listed.entries) for listed in lists)
    assert (len(middle - earlier), len(later - middle)) == (31, 421)
    lists[1].require_keeps(lists[0])
    lists[2].require_keeps(lists[1])


def test_a_serial_with_a_leading_zero_nibble_is_found_by_its_stripped_hex() -> None:
    assert make_list(abcdef0123456789abcdef01234567=REVOKED).find(
        0x00ABCDEF0123456789ABCDEF01234567
    )


@pytest.mark.parametrize("key", ["00ABcdef01", "abcdef01", "ABCDEF01"])
def test_padding_and_case_of_a_listed_key_do_not_matter(key: str) -> None:
    assert make_list(**{key: REVOKED}).find(0xABCDEF01)


def test_digits_alone_below_64_bits_are_never_read_as_hex() -> None:
    listed = make_list(**{"10": REVOKED, "18446744073709551615": REVOKED})
    assert listed.find(10)
    assert listed.find(0x10) is None
    assert listed.find(2**64 - 1)


def test_digits_alone_beyond_64_bits_are_listed_under_both_readings() -> None:
    listed = make_list(**{"18446744073709551616": REVOKED, "1" * 32: REVOKED})
    assert listed.find(0x18446744073709551616)
    assert listed.find(2**64)
    assert listed.find(int("1" * 32, 16))
    assert listed.find(int("1" * 32))


@given(
    serial=st.one_of(
        st.integers(0, 1 << 160), st.integers(0, 1 << 70).map(lambda n: int(f"{n}", 16))
    )
)
def test_the_bearers_of_a_listed_number_are_exactly_the_certificates_it_refuses(
    serial: int,
) -> None:
    digits = f"{serial:x}"
    for number in {serial, int(digits) if digits.isdecimal() else serial}:
        refusing = make_list(**{f"{number:d}" if number < 1 << 64 else f"0{number:x}": REVOKED})
        for listed in refusing.entries:
            assert all(refusing.find_certificate(each) for each in bearers(listed))
        found = refusing.find_certificate(serial) is not None
        assert found == any(serial in bearers(listed) for listed in refusing.entries)


def test_a_suspended_certificate_is_listed() -> None:
    entry = make_list(abc={"status": "SUSPENDED", "comment": "wait", "expires": "2030-01-02"}).find(
        0xABC
    )
    assert entry is not None
    assert entry.status is RevocationStatus.SUSPENDED
    assert entry.comment == "wait"
    assert str(entry.expires) == "2030-01-02"


@pytest.mark.parametrize("entry", [{"status": "FROZEN"}, {}, {"status": 7}, None, "REVOKED", []])
def test_a_status_nobody_knows_refuses_and_is_reported(entry: object) -> None:
    listed = make_list(abc=entry)
    found = listed.find(0xABC)
    assert found is not None
    assert found.status is RevocationStatus.UNKNOWN
    assert len(listed.unknown) == 1


def test_the_word_unknown_is_no_status_of_the_publisher() -> None:
    assert make_list(abc={"status": "UNKNOWN"}).unknown == ("abc: status 'UNKNOWN'",)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_spellings_of_one_serial_the_graver_word_counts(order: int) -> None:
    pairs = [("255", {"status": "SUSPENDED"}), ("ff", {"status": "REVOKED"})][::order]
    entry = make_list(**dict(pairs)).find(255)
    assert entry is not None
    assert entry.status is RevocationStatus.REVOKED


def test_unknown_fields_are_tolerated_and_reported() -> None:
    data = json.dumps({"entries": {"ab": {**REVOKED, "since": 1, "expires": "soon"}}, "no": 1})
    listed = parse(data.encode(), confirmed_at=NOW)
    assert listed.unknown == ("no", "ab.since")
    assert listed.entries[0xAB].expires is None


def test_a_few_unreadable_keys_are_reported_and_not_fatal() -> None:
    listed = make_list(**{"xyz": REVOKED, "": REVOKED, "f" * 129: REVOKED, "ab": REVOKED})
    assert listed.find(0xAB)
    assert len(listed.unknown) == 3


def test_a_list_of_another_alphabet_is_refused_rather_than_empty() -> None:
    with no_statement(rules.REVOCATION_WELL_FORMED):
        make_list(**{f"x{number}": REVOKED for number in range(MAX_UNREADABLE + 1)})


def test_a_name_repeated_alike_is_taken_as_the_list_of_2023_does() -> None:
    assert parse(b'{"entries":{"ab":{"a":1},"ab":{"a":1}}}', confirmed_at=NOW).find(0xAB)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"entries":[]}',
        b'{"entries":{"ab":{"status":"REVOKED"},"ab":{"status":"SUSPENDED"}}}',
        b'{"entries":{}} ' + b"x",
        b"<html>captive portal</html>",
        b'{"entries":' * 5000,
        b'{"entries":{"ab":NaN}}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with no_statement(rules.REVOCATION_WELL_FORMED):
        parse(data, confirmed_at=NOW)


def test_a_list_of_endless_entries_is_refused() -> None:
    entries = [f'"{number:x}f":0' for number in range(MAX_ENTRIES + 1)]
    most = parse(f'{{"entries":{{{",".join(entries[:-1])}}}}}'.encode(), confirmed_at=NOW)
    assert len(most.entries) == MAX_ENTRIES
    with no_statement(rules.REVOCATION_WELL_FORMED):
        parse(f'{{"entries":{{{",".join(entries)}}}}}'.encode(), confirmed_at=NOW)


@pytest.mark.parametrize("unreadable", [MAX_UNREADABLE, MAX_UNREADABLE + 1])
def test_unreadable_keys_are_borne_up_to_their_limit(unreadable: int) -> None:
    keys = {f"x{number}": REVOKED for number in range(unreadable)}
    if unreadable == MAX_UNREADABLE:
        assert make_list(ab=REVOKED, **keys).find(0xAB)
    else:
        with no_statement(rules.REVOCATION_WELL_FORMED):
            make_list(ab=REVOKED, **keys)


@pytest.mark.parametrize("age", [timedelta(0), MAX_AGE])
def test_a_list_within_its_limit_is_fresh(age: timedelta) -> None:
    make_list().require_fresh(NOW + age)


@pytest.mark.parametrize("age", [MAX_AGE + timedelta(seconds=1), timedelta(seconds=-1)])
def test_a_list_that_is_stale_or_from_the_future_acquits_nobody(age: timedelta) -> None:
    with no_statement(rules.REVOCATION_FRESH):
        make_list().require_fresh(NOW + age)


def test_an_emptied_list_does_not_follow_a_full_one() -> None:
    with no_statement(rules.REVOCATION_KEEPS):
        make_list().require_keeps(make_list(ab=REVOKED, cd=REVOKED))


def test_a_list_may_drop_up_to_half_of_its_entries() -> None:
    make_list(ab=REVOKED).require_keeps(make_list(ab=REVOKED, cd=REVOKED))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.text("0123456789abcdefxyz", max_size=40), JSON, max_size=8))
def test_any_entries_give_a_list_or_one_error(entries: dict[str, object]) -> None:
    try:
        listed = make_list(**entries)
    except WarifuError:
        return
    assert all(isinstance(serial, int) for serial in listed.entries)


@given(st.binary(max_size=200))
def test_any_bytes_give_a_list_or_one_error(data: bytes) -> None:
    with no_statement(rules.REVOCATION_WELL_FORMED):
        parse(data, confirmed_at=NOW)
