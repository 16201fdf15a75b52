"""What the operator sees of the service: logs, counts, traces, health. Never a body or a secret.

The rest of the service calls the few functions here. They do nothing until `start` was called, know
nothing of the other rooms, and never raise.
"""

from warifu.service.observe.current import Seen, called_by, request_id
from warifu.service.observe.events import (
    appraised,
    challenged,
    decided,
    deleted,
    failed,
    judged,
    unexpected,
    verified,
)
from warifu.service.observe.starting import start, stop
from warifu.service.observe.traces import span

__all__ = [
    "Seen",
    "appraised",
    "called_by",
    "challenged",
    "decided",
    "deleted",
    "failed",
    "judged",
    "request_id",
    "span",
    "start",
    "stop",
    "unexpected",
    "verified",
]
