"""Many at once: devices at the limit, digits, one activation, one key."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TYPE_CHECKING, Any

from tests.service.binding.customers import WHY, Desk
from tests.service.binding.test_bindings import counted
from warifu.authentication.binding import rules as ceremony
from warifu.authentication.binding.activation import Side
from warifu.base.errors import WarifuError
from warifu.service.conduct.binding import bindings, rules

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

AT_ONCE = 64


def all_at_once(attempts: Sequence[Callable[[], Any]]) -> Counter[str]:
    """How each ended: well, or by the code of the rule that denied it."""
    start = Barrier(len(attempts))

    def one(attempt: Callable[[], Any]) -> str:
        start.wait()
        try:
            attempt()
        except WarifuError as error:
            return error.code
        return "well"

    with ThreadPoolExecutor(len(attempts)) as pool:
        return Counter(pool.map(one, attempts))


def test_64_enrolments_at_the_device_limit_at_once_never_exceed_it(desk: Desk) -> None:
    most = desk.house.settings.binding.devices_per_user
    ready = [desk.enrolment().ready() for _ in range(AT_ONCE)]
    ended = all_at_once([partial(each.confirm, Side.BANK) for each in ready])
    assert ended == {"well": most, ceremony.DEVICES.code: AT_ONCE - most}
    assert len(desk.bindings()) == most == counted(desk)
    assert sum(each.primary for each in desk.bindings()) == 1


def test_64_wrong_digits_at_once_are_judged_no_more_often_than_there_are_tries(
    desk: Desk,
) -> None:
    enrolment = desk.enrolment().commit()
    enrolment.prove()
    left = desk.state(enrolment.id).tries_left
    ended = all_at_once([lambda: enrolment.confirm(Side.BANK, "00000000")] * AT_ONCE)
    judged = ended[ceremony.FINGERPRINT.code]
    assert 1 <= judged <= left
    assert judged == left - desk.state(enrolment.id).tries_left
    assert set(ended) <= {ceremony.FINGERPRINT.code, rules.MOVED.code, ceremony.TRIES.code}


def test_one_activation_confirmed_64_times_at_once_binds_one_device(desk: Desk) -> None:
    enrolment = desk.enrolment().ready()
    ended = all_at_once([lambda: enrolment.confirm(Side.BANK)] * AT_ONCE)
    assert ended.pop("well") == 1
    assert set(ended) <= {rules.MOVED.code, ceremony.MOVE.code, ceremony.TRIES.code}
    assert len(desk.bindings()) == 1 == counted(desk)


def test_two_commitments_at_once_are_answered_to_one_of_them(desk: Desk) -> None:
    enrolment = desk.enrolment()
    ended = all_at_once(
        [partial(desk.take, enrolment.id, bytes([each]) * 32) for each in range(16)]
    )
    assert ended.pop("well") == 1
    assert set(ended) <= {rules.MOVED.code, ceremony.MOVE.code}


def test_revoking_beside_enrolling_keeps_the_count_right(desk: Desk) -> None:
    bound = [desk.enrolment().finish() for _ in range(4)]
    ready = [desk.enrolment().ready() for _ in range(8)]
    asked = bindings.ChangeRequest(**WHY)
    confirming = [partial(each.confirm, Side.BANK) for each in ready]
    revoking = [partial(bindings.revoke_binding, desk.work(), each.id, asked) for each in bound]
    all_at_once([*confirming, *revoking])
    alive = [each for each in desk.bindings() if each.state == "active"]
    assert len(alive) == counted(desk) <= desk.house.settings.binding.devices_per_user
