"""Where the recorded evidence of real devices lies; it is never copied into the repository."""

import os
from pathlib import Path

DEFAULT = Path(__file__).parents[2] / "shared" / "vectors"


def wanted_dir() -> Path:
    """The folder that WARIFU_VECTORS names, or `../shared/vectors`; it need not exist."""
    return Path(os.environ.get("WARIFU_VECTORS") or DEFAULT).resolve()


def vectors_dir() -> Path | None:
    """The folder if it is there: for parametrization while tests are collected."""
    folder = wanted_dir()
    return folder if folder.is_dir() else None
