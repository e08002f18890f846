"""Requests that do not read the certificate authorities each time, which takes 20 ms."""

import os
import ssl
from functools import cache
from typing import Any

from httpx._config import create_ssl_context as create
from httpx._transports import default


@cache
def with_authorities_of(*_named: str | None) -> ssl.SSLContext:
    return create()


def kept(verify: ssl.SSLContext | str | bool = True, cert: Any = None, trust_env: bool = True) -> ssl.SSLContext:
    """What httpx makes for each client, made once where nothing special is asked for."""
    if verify is not True or cert is not None or not trust_env:
        return create(verify, cert, trust_env)
    return with_authorities_of(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


def read_authorities_once() -> None:
    """Let httpx keep its default context."""
    vars(default)[create.__name__] = kept
