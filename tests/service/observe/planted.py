"""Secrets that are planted in a run of the service, and how they are looked for afterwards."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from urllib.parse import quote

USER = "user-4711-yamada-taro"
DEVICE = "device-of-yamada-taro-0815"
IMEI = "353014080012345"
PASSPHRASE = "correct horse battery staple 42"
LOCAL = "hunter2-in-a-local-variable"
SHORTEST = 12


@dataclass
class Planted:
    """What must not be seen, by what it is."""

    secrets: dict[str, bytes] = field(
        default_factory=lambda: {
            "user": USER.encode(),
            "device": DEVICE.encode(),
            "imei": IMEI.encode(),
            "passphrase": PASSPHRASE.encode(),
            "local": LOCAL.encode(),
            "data key": os.urandom(32),
            "index key": os.urandom(32),
            "play integrity key": os.urandom(32),
        }
    )

    def plant(self, name: str, secret: bytes) -> None:
        assert len(secret) >= SHORTEST, "a shorter one would be found by accident"
        self.secrets[name] = secret

    def found_in(self, seen: bytes) -> set[str]:
        """Names of the secrets that occur, with the spelling they occur in."""
        lowered = seen.lower()
        return {
            f"{name} ({spelling})"
            for name, secret in self.secrets.items()
            for spelling, needle in spellings(secret).items()
            if needle in seen or (spelling in {"hex", "hex:"} and needle in lowered)
        }


def spellings(secret: bytes) -> dict[str, bytes]:
    """The ways in which a secret may be written, also within something longer."""
    found = {
        "raw": secret,
        "hex": secret.hex().encode(),
        "hex:": secret.hex(":").encode(),
        "repr": repr(secret)[2:-1].encode(),
        "reversed": secret[::-1],
        "percent": quote(secret).encode(),
    }
    try:
        found["json"] = json.dumps(secret.decode())[1:-1].encode()
    except UnicodeDecodeError:
        found["integer"] = str(int.from_bytes(secret)).encode()
    for offset in range(3):
        # The same bytes give other letters at each of three places within something longer.
        whole = base64.b64encode(bytes(offset) + secret)
        inner = whole[-(-8 * offset // 6) : -4]
        found[f"base64 at {offset}"] = inner
        found[f"base64url at {offset}"] = inner.translate(bytes.maketrans(b"+/", b"-_"))
    return found
