"""The client of the sessions API, ``/api/v1``: requests are pure, and two thin transports send them."""
