"""Identifiers: UUIDv7, in the order of time, and never twice."""

from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from warifu.service.identifiers import new_id

NOW = datetime(2026, 11, 21, 9, 30, 0, 123_999, tzinfo=UTC)


def test_an_identifier_is_a_uuid_of_version_7_that_tells_its_millisecond() -> None:
    made = new_id(NOW)
    read = UUID(made)
    assert (str(read), read.version, read.variant) == (made, 7, RFC_4122)
    assert read.int >> 80 == int(NOW.timestamp() * 1000)


def test_identifiers_sort_by_time_and_none_comes_twice() -> None:
    made = [new_id(NOW + timedelta(milliseconds=number)) for number in range(100)]
    assert made == sorted(made)
    assert len({new_id(NOW) for _ in range(10_000)}) == 10_000


def test_every_random_bit_is_used() -> None:
    seen = 0
    for _ in range(200):
        seen |= UUID(new_id(NOW)).int ^ UUID(new_id(NOW)).int
    assert seen == (1 << 76) - 1 & ~(0b11 << 62)
