"""Revisions of the tables, in Alembic's form: ``env.py`` runs those in ``versions/``."""
