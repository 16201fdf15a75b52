"""Who sits at the command line, for the audit log."""

from __future__ import annotations

import os
import pwd


def person() -> str:
    """``cli:<user>``, as the operating system knows it: the environment can be set by anyone."""
    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"cli:{os.getuid()}"
