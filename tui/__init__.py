"""The terminal dashboard, a client of the API."""
