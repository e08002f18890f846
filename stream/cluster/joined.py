"""Starting or joining a Ray cluster, without Ray's usage statistics and dashboard."""

import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from take5.scoring.errors import ClusterError, LibraryMissing, ParameterError

LOCAL = "local"
"""Address that stands for a cluster of this machine alone, which ends with the process that started it."""

AUTO = "auto"
"""Address that stands for the cluster that this machine is part of."""

CONNECT_S = 5.0
"""Timeout of the first connection, in seconds."""

SILENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_USAGE_STATS_REPORT_URL": "http://127.0.0.1:9/",
}
"""Ray's environment: no usage statistics; the address is there since Ray otherwise reports that they are off."""

OBJECT_STORE_BYTES = 100_000_000
"""Shared memory of a local cluster; only small messages go through it."""

REPORTING_KEY = "os"
"""Part of a cluster's metadata that its head writes only while it reports usage statistics."""


@contextmanager
def joined(address: str | None, cpus: int) -> Iterator[Any]:
    """Start or join a cluster until the block ends, and yield the module ``ray``.

    Parameters
    ----------
    address : str or None
        ``HOST:PORT`` of a cluster that this machine is part of, ``auto`` to find it; None or ``local`` to start one on
        this machine.
    cpus : int
        Number of CPUs of a cluster that is started.

    Raises
    ------
    LibraryMissing
        If Ray is not installed.
    ParameterError
        If the address is Ray Client's.
    ClusterError
        If it cannot be started or joined, or reports usage statistics.
    """
    if address is not None and "://" in address:
        raise ParameterError(
            f"{address}: Ray Client is not supported; run take5 on a machine of the cluster, with --ray auto"
        )
    if address not in (None, LOCAL, AUTO):
        _refuse_silent(address)
    with environment(SILENT | (_own_token() if _is_local(address) else {})):
        ray = _imported()
        try:
            _begin(ray, address, cpus)
            if not _is_local(address):
                _refuse_reporting(address)
            yield ray
        finally:
            ray.shutdown()


def _refuse_silent(address: str) -> None:
    """Refuse an address where nothing listens, which Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal():
        raise ParameterError(f"{address}: is not an address of a Ray cluster; give HOST:PORT, such as 10.0.0.5:6379")
    try:
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_S).close()
    except (OSError, OverflowError) as error:
        raise ClusterError(
            f"{address}: no Ray cluster can be joined ({getattr(error, 'strerror', None) or error})"
        ) from error


def _is_local(address: str | None) -> bool:
    return address in (None, LOCAL)


def _imported() -> Any:
    if find_spec("ray") is None:
        raise LibraryMissing("work across machines needs Ray; run: pip install 'take5[cluster]'")
    return import_module("ray")


def _own_token() -> dict[str, str]:
    """A secret without which nobody else may use the cluster, whose ports other machines may reach."""
    return {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def _begin(ray: Any, address: str | None, cpus: int) -> None:
    import_module("ray._private.worker")._worker_logs_enabled = False  # type: ignore[attr-defined] # noqa: SLF001 - else it prints to standard output
    own: dict[str, Any] = {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    try:
        with _own_sigterm():
            ray.init(
                address=address or LOCAL,
                log_to_driver=False,
                logging_level=logging.ERROR,
                **(own if _is_local(address) else {}),
            )
    except Exception as error:  # Ray raises it bare, as when a node does not start in time
        what = "a Ray cluster cannot be started" if _is_local(address) else f"{address}: no Ray cluster can be joined"
        raise ClusterError(f"{what} ({' '.join(str(error).split())})") from error


def _refuse_reporting(address: str | None) -> None:
    """Refuse a cluster whose head sends usage statistics to the makers of Ray."""
    kept = import_module("ray.experimental.internal_kv")
    metadata = kept._internal_kv_get("CLUSTER_METADATA", namespace="cluster") or b""  # noqa: SLF001 - nothing public tells
    if f'"{REPORTING_KEY}"'.encode() in metadata:
        raise ClusterError(
            f"{address}: this cluster sends usage statistics to the makers of Ray; start its head with "
            "RAY_USAGE_STATS_ENABLED=0 (docs/cluster.md)"
        )


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables while the block lasts; processes that Ray starts inherit them."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Keep this process's handler of SIGTERM, which Ray replaces with one that exits."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    except SystemExit:
        signal.signal(signal.SIGTERM, before)
        signal.raise_signal(signal.SIGTERM)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)
