"""The machine a measurement was made on."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from cryptography.hazmat.backends.openssl import backend


def describe() -> dict[str, str]:
    """What figures depend on, by name."""
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "cryptography": f"{version('cryptography')} ({backend.openssl_version_text()})",
        "load": "{:.1f} {:.1f} {:.1f} (1, 5, 15 minutes before)".format(*os.getloadavg()),
        "msgspec, cbor2": f"{version('msgspec')}, {version('cbor2')}",
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
