"""What becomes of a binding, as a leaf of the ledger: without anybody in it."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from warifu.service.conduct.books.leaves import KeptLeaf, make_kept_leaf

if TYPE_CHECKING:
    from warifu.authentication.binding.states import Binding
    from warifu.authentication.ledger.leaf import LeafKind
    from warifu.service.conduct.work import Work


def leaf_of(work: Work, kind: LeafKind, binding: Binding, **more: bytes) -> KeptLeaf:
    """The leaf about a change of a binding.

    Args:
        work: The request.
        kind: What happened to it.
        binding: It.
        more: What else is committed to.
    """
    values = {
        "user": binding.user.encode(),
        "device": binding.device.encode(),
        "key": sha256(binding.key.public_key).digest(),
        **more,
    }
    return make_kept_leaf(work, kind, values=values)
