"""The appraisal profiles that come with the package, as bytes for `load_policy`."""

from __future__ import annotations

from importlib.resources import files

PROFILES = ("login", "balance", "transfer", "high-value-transfer")
"""By operation, mildest first."""


def bundled_profiles() -> dict[str, bytes]:
    """The file of each profile, by name."""
    folder = files("warifu.attestation.appraisal") / "profiles"
    return {name: (folder / f"{name}.toml").read_bytes() for name in PROFILES}
