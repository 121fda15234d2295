"""Readers: text in pictures."""
