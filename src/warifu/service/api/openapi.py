"""The interface's own description (OpenAPI 3.1), and what its error codes mean."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Controller, Request, Response, get
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

OPENAPI = OpenAPIConfig(
    title="warifu",
    version=version("warifu"),
    description="Device trust and transaction confirmation for mobile finance.",
    components=Components(
        security_schemes={
            "key": SecurityScheme(type="http", scheme="bearer", description="An API key."),
        }
    ),
    security=[{"key": []}],
    use_handler_docstrings=True,
    path="/internal-schema",
    render_plugins=[JsonRenderPlugin(path="/openapi.json")],
)


class DocumentController(Controller):
    """The description itself, for anyone."""

    path = "/"

    @get("/openapi.json", include_in_schema=False, sync_to_thread=False)
    def document(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """OpenAPI 3.1 as JSON."""
        return Response(
            content=msgspec.json.encode(request.app.openapi_schema.to_schema()),
            media_type="application/vnd.oai.openapi+json",
        )
