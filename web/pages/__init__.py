"""The HTML shells."""
