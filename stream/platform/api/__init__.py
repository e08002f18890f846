"""The sessions API, ``/api/v1``: FastAPI, whose models are its OpenAPI schema."""
