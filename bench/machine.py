"""The machine that figures were measured on."""

import os
import platform
from pathlib import Path


def machine() -> str:
    """The processor, its cores, and what they do already."""
    models = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    name = models[0] if models else platform.processor() or platform.machine()
    return f"{name}, {os.cpu_count()} cores, load {load}, Python {platform.python_version()}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []
