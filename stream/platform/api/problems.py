"""Errors as ``application/problem+json`` (RFC 9457), with ``error`` and ``code`` as everywhere on the server."""

from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from take5.stream.server.errors import Refused

MEDIA_TYPE = "application/problem+json"
CODES = {404: "not_found", 405: "method_not_allowed"}


class Problem(BaseModel):
    """Why a request was refused; ``detail`` and ``error`` are the same text for people."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    error: str
    code: str
    errors: list[dict[str, Any]] | None = None


def problem(
    status: int, code: str, text: str, headers: dict[str, str] | None = None, errors: list[dict[str, Any]] | None = None
) -> Response:
    """Return the answer for a refused request; ``errors`` are its fields that break a rule."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=text, error=text, code=code, errors=errors)
    return JSONResponse(body.model_dump(exclude_none=True), status, headers, MEDIA_TYPE)


async def refused(_: Request, error: Exception) -> Response:
    """Answer a refused request."""
    assert isinstance(error, Refused)  # noqa: S101 - registered for it alone
    return problem(error.status, error.code, str(error), error.headers)


async def invalid(_: Request, error: Exception) -> Response:
    """Answer a request whose body or parameters break a rule."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it alone
    errors = [{"field": ".".join(map(str, each["loc"])), "text": each["msg"]} for each in error.errors()]
    text = "; ".join(f"{each['field']}: {each['text']}" for each in errors)
    return problem(422, "invalid", text, errors=errors)


async def http_error(request: Request, error: Exception) -> Response:
    """Answer what no route is for."""
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
    text = f"{request.method} {request.url.path}: {error.detail}"
    return problem(error.status_code, CODES.get(error.status_code, "refused"), text, dict(error.headers or {}))
