"""Our public keys, for everyone who verifies what we signed."""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Schema
from litestar.openapi.spec.enums import OpenAPIType

from warifu.base.keys.jwks import COSE_KEY_SET_MEDIA_TYPE, JWKS_MEDIA_TYPE
from warifu.service.api.answers import names
from warifu.service.api.media import OCTETS, in_forms, preferred
from warifu.service.api.problems import problems
from warifu.service.composition import Composition
from warifu.service.conduct.looking_up.published import KEY_SETS, published_keys

_FORMS = tuple(KEY_SETS)
_TEXT = Schema(type=OpenAPIType.STRING)
_JWK = Schema(
    type=OpenAPIType.OBJECT,
    required=["kty", "crv", "x", "kid", "alg", "use", "purpose"],
    properties=dict.fromkeys(("kty", "crv", "x", "y", "kid", "alg", "use", "purpose"), _TEXT),
)
_JWK_SET = Schema(
    type=OpenAPIType.OBJECT,
    required=["keys"],
    properties={"keys": Schema(type=OpenAPIType.ARRAY, items=_JWK)},
)
_SHOWN: dict[str, Any] = {
    "sync_to_thread": True,
    "security": [{}],
    "operation_class": in_forms(200, {JWKS_MEDIA_TYPE: _JWK_SET, COSE_KEY_SET_MEDIA_TYPE: OCTETS}),
    "responses": {
        304: ResponseSpec(data_container=None, generate_examples=False, description="Not Modified"),
        **problems(406, 500, 503),
    },
}


class KeyController(Controller):
    """Key sets that need no credential and may be cached for as long as they say."""

    tags = ("keys",)

    @get("/v1/keys", summary="Keys that verify our signatures", **_SHOWN)
    def published(
        self, request: Request[Any, Any, Any], house: NamedDependency[Composition]
    ) -> Response[bytes]:
        """A JWK set (RFC 7517), or with ``Accept: application/cose-key-set`` a COSE key set.

        Each JWK states its ``purpose``. A key is published before it signs and for as long as
        anything it signed may have to be verified, so a set may be kept for as long as
        ``Cache-Control`` allows and a rotation is never noticed.
        """
        return _key_set(request, house)

    @get("/.well-known/jwks.json", summary="The same, where many look for it", **_SHOWN)
    def well_known(
        self, request: Request[Any, Any, Any], house: NamedDependency[Composition]
    ) -> Response[bytes]:
        """As ``/v1/keys``."""
        return _key_set(request, house)


def _key_set(request: Request[Any, Any, Any], house: Composition) -> Response[bytes]:
    wanted, _ = preferred(request.headers.get("accept"), _FORMS)
    keys = published_keys(house, house.clock(), wanted)
    headers = {"ETag": keys.etag, "Cache-Control": keys.cache_control, "Vary": "Accept"}
    held = request.headers.get("if-none-match")
    if held is not None and names(held, keys.etag):
        return Response(content=b"", status_code=304, headers=headers)
    return Response(content=keys.body, media_type=keys.media_type, headers=headers)
