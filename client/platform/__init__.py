"""The client of the sessions API, ``/api/v1``: requests are pure, and two thin transports send them."""

SERVER, KEY = "TAKE5_SERVER", "TAKE5_API_KEY"
"""Environment variables with the address of the server and the API key."""
