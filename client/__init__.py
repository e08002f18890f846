"""What people and programs touch: the command line, the terminal, the Python client, the page."""

from take5.client.watch import watch

__all__ = ["watch"]
