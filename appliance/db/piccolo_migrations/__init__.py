"""Migrations, applied in order at start; only ever added to."""
