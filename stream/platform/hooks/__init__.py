"""Hooks that know sessions."""
