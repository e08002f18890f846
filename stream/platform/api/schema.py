"""The OpenAPI document of the sessions API, in a form that generators of clients make good names of."""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from take5.stream.platform.api.problems import MEDIA_TYPE

JSON = "application/json"


def operation_id(route: APIRoute) -> str:
    """Return the name of a route's operation: its function's, with what it is about where that is one word."""
    about = _singular(str(route.tags[0])) if route.tags else ""
    return route.name if "_" in route.name or not about else f"{route.name}_{about}"


def _singular(word: str) -> str:
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")


class DescribedApi(FastAPI):
    """An application whose document states errors in the form in which they are sent."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        document = super().openapi()
        for operations in document["paths"].values():
            for operation in operations.values():
                content = operation["responses"].get("default", {}).get("content", {})
                if JSON in content:
                    content[MEDIA_TYPE] = content.pop(JSON)
        return document
