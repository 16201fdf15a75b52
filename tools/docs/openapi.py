"""The service's interface as OpenAPI 3.1, from its endpoints and their types."""

from __future__ import annotations

import json

from warifu.service.api.app import CONTROLLERS
from warifu.service.api.openapi import describe


def openapi_document() -> str:
    """The document that the service serves, indented."""
    return json.dumps(describe(CONTROLLERS), ensure_ascii=False, indent=1) + "\n"
