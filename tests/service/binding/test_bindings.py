"""What becomes of bindings: holds, limits, the primary device; audit log and ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.service.binding.customers import USER, WHY, AndroidPhone, Browser, Desk
from tests.service.conduct.denials import denied
from warifu.authentication.binding import rules as ceremony
from warifu.authentication.binding.activation import Side
from warifu.authentication.binding.states import Actor, BindingState, Hold
from warifu.authentication.ledger.leaf import LeafKind, decode_leaf
from warifu.service.conduct.binding import bindings
from warifu.service.store.transactions import reserved_total

if TYPE_CHECKING:
    from tests.service.house import Hands

BY_USER: dict[str, Any] = {"by": bindings.WhoAsks.USER, "reason": "left it in a train"}


def counted(desk: Desk) -> int:
    """How many devices are counted."""
    bucket = desk.house.vault.index(desk.caller.tenant, bindings.DEVICES_OF, USER.encode())
    with desk.house.database.read() as transaction:
        return reserved_total(transaction, desk.caller.tenant, bucket)


def test_what_was_suspended_as_lost_is_resumed_by_a_clerk_and_not_by_who_has_it(
    desk: Desk,
) -> None:
    bound = desk.enrolment().finish()
    lost = bindings.suspend_binding(desk.work(), bound.id, bindings.SuspendRequest(**BY_USER))
    assert (lost.state, lost.holds, lost.primary) == (BindingState.SUSPENDED, (Hold.LOST,), False)
    with denied(ceremony.ACTOR):
        bindings.resume_binding(desk.work(), bound.id, bindings.ResumeRequest(**BY_USER))
    back = bindings.resume_binding(desk.work(), bound.id, bindings.ResumeRequest(**WHY))
    assert (back.state, back.holds) == (BindingState.ACTIVE, ())
    assert [each.what for each in back.changes] == ["suspended", "resumed"]
    assert back == bindings.see_binding(desk.work(), bound.id)


def test_holds_add_up(desk: Desk) -> None:
    bound = desk.enrolment().finish()
    bindings.suspend_binding(desk.work(), bound.id, bindings.SuspendRequest(**BY_USER))
    read = bindings.load_binding(desk.work(), desk.house.database, bound.id)
    planned = bindings.plan_suspension(
        desk.work(), read, Hold.NOT_ME, by=Actor.SERVICE, reason="this was not me"
    )
    desk.house.database.apply(planned.statements)
    half = bindings.resume_binding(desk.work(), bound.id, bindings.ResumeRequest(**WHY))
    assert (half.state, half.holds) == (BindingState.SUSPENDED, (Hold.NOT_ME,))
    asked = bindings.ResumeRequest(**WHY, hold=Hold.NOT_ME)
    assert bindings.resume_binding(desk.work(), bound.id, asked).state is BindingState.ACTIVE


def test_a_hold_that_a_user_may_not_place_is_refused(desk: Desk) -> None:
    bound = desk.enrolment().finish()
    asked = bindings.SuspendRequest(**BY_USER, hold=bindings.HoldAsked.BANK)
    with denied(ceremony.ACTOR):
        bindings.suspend_binding(desk.work(), bound.id, asked)


def test_every_change_is_a_leaf_and_a_row_of_the_audit_log_without_its_reason(desk: Desk) -> None:
    bound = desk.enrolment().finish()
    bindings.suspend_binding(desk.work(), bound.id, bindings.SuspendRequest(**BY_USER))
    bindings.resume_binding(desk.work(), bound.id, bindings.ResumeRequest(**WHY))
    bindings.revoke_binding(desk.work(), bound.id, bindings.ChangeRequest(**WHY))
    rows = desk.rows(
        "SELECT leaf FROM ledger_leaves WHERE tenant = :tenant AND subject = :id ORDER BY id",
        id=bound.id,
    )
    assert sorted(decode_leaf(bytes(leaf)).kind for (leaf,) in rows) == sorted(
        [LeafKind.ENROLMENT, LeafKind.SUSPENSION, LeafKind.RESUMPTION, LeafKind.REVOCATION]
    )
    audit = desk.rows(
        "SELECT action, document FROM audit WHERE tenant = :tenant AND subject = :id", id=bound.id
    )
    assert {action for action, _ in audit} == {
        "binding/activated",
        "binding/suspended",
        "binding/resumed",
        "binding/revoked",
    }
    assert "train" not in repr(audit)


def test_a_user_has_no_more_devices_than_the_bank_allows_and_a_revoked_one_makes_room(
    desk: Desk,
) -> None:
    most = desk.house.settings.binding.devices_per_user
    bound = [desk.enrolment().finish() for _ in range(most)]
    late = desk.enrolment().ready()
    with denied(ceremony.DEVICES):
        late.confirm(Side.BANK)
    # A suspended one still counts: else whoever suspends makes room for his own.
    bindings.suspend_binding(desk.work(), bound[1].id, bindings.SuspendRequest(**WHY))
    with denied(ceremony.DEVICES):
        late.confirm(Side.BANK)
    bindings.revoke_binding(desk.work(), bound[1].id, bindings.ChangeRequest(**WHY))
    assert counted(desk) == most - 1
    assert late.confirm(Side.BANK).binding is not None
    assert counted(desk) == most


def test_further_keys_of_one_device_count_once(desk: Desk) -> None:
    phone = desk.enrolment(AndroidPhone(), device="hanakos-phone").finish()
    passkey = desk.enrolment(Browser(), device="hanakos-phone").finish()
    assert counted(desk) == 1
    bindings.revoke_binding(desk.work(), passkey.id, bindings.ChangeRequest(**WHY))
    assert counted(desk) == 1
    bindings.revoke_binding(desk.work(), phone.id, bindings.ChangeRequest(**WHY))
    assert counted(desk) == 0


def test_another_device_becomes_the_primary_one_only_when_it_is_old_enough(
    desk: Desk, clock: Hands
) -> None:
    first = desk.enrolment().finish()
    second = desk.enrolment().finish()
    assert (first.primary, second.primary) == (True, False)
    asked = bindings.ChangeRequest(**WHY)
    with denied(ceremony.COOLING_OFF):
        bindings.make_primary(desk.work(), second.id, asked)
    clock.forward(seconds=desk.house.settings.binding.primary_after_seconds)
    assert bindings.make_primary(desk.work(), second.id, asked).primary
    primaries = {each.id for each in desk.bindings() if each.primary}
    assert primaries == {second.id}


def test_the_primary_device_is_inherited_by_nobody(desk: Desk) -> None:
    first = desk.enrolment().finish()
    second = desk.enrolment().finish()
    bindings.suspend_binding(desk.work(), first.id, bindings.SuspendRequest(**WHY))
    third = desk.enrolment().finish()
    assert not any(each.primary for each in desk.bindings()), (second, third)


def test_tokens_and_verifications_of_a_revoked_device_are_gone(desk: Desk) -> None:
    bound = desk.enrolment(device="hanakos-phone").finish()
    [stored] = desk.stored()
    with desk.house.database.write() as transaction:
        transaction.rows(
            "INSERT INTO access_tokens (tenant, digest, binding, thumbprint, expires_at)"
            " VALUES (:tenant, :digest, :id, 't', 1) RETURNING 1",
            tenant=desk.caller.tenant,
            digest=bytes(32),
            id=bound.id,
        )
        transaction.rows(
            "INSERT INTO verifications (tenant, user_index, device, class, method, at)"
            " VALUES (:tenant, :user, :device, 'c', 'm', 1) RETURNING 1",
            tenant=desk.caller.tenant,
            user=stored.user_index,
            device=stored.device,
        )
    bindings.revoke_binding(desk.work(), bound.id, bindings.ChangeRequest(**WHY))
    for table in ("access_tokens", "verifications"):
        assert desk.rows(f"SELECT 1 FROM {table} WHERE tenant = :tenant") == []  # noqa: S608
