"""Sends a JSON document, as the armed faults make it."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mockpsc.faults.base import document
from mockpsc.faults.subjects import Document
from mockpsc.provider import Provider


def document_response(
    provider: Provider,
    request: Request,
    name: str,
    members: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    variants: Mapping[str, Mapping[str, Any]] | None = None,
) -> Response:
    """The document of that name, or a variant of it. One that goes signed is a JWT with `iss` and `aud` (OpenID Connect
    Core §5.3.2)."""
    occasion = request.state.occasion
    intended = Document(members=members, variants=variants or {})
    meant = provider.faults.change(document(name), intended, occasion)
    if meant.signed:
        claims = {"iss": provider.issuer, "aud": occasion.client, **meant.members}
        return Response(provider.issue("userinfo", claims, occasion), media_type="application/jwt", headers=headers)
    return JSONResponse(meant.members, headers=headers)
