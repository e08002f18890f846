"""Runs the command line, and writes last of all which of the packages that take long to load it has loaded."""

import sys

from take5.client.cli import main

SLOW = ("torch", "matplotlib")

if __name__ == "__main__":
    try:
        main()
    finally:
        sys.stderr.write(f"loaded: {[name for name in SLOW if name in sys.modules]}\n")
