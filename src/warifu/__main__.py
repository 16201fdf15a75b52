"""``python -m warifu``."""

from __future__ import annotations

from warifu.command import entry

if __name__ == "__main__":
    entry()
