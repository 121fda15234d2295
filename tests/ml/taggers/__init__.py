"""Tagging models."""
